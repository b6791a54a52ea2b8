//! How often something happens, and how fast bytes arrive.

use std::collections::VecDeque;

/// So many of the last times are looked at.
const LAST: usize = 12;

/// Counts, and says how many there are a second.
#[derive(Clone, Debug, Default)]
pub struct Rate {
    /// In milliseconds.
    times: VecDeque<f64>,
}

impl Rate {
    /// It has happened, at this time in milliseconds.
    pub fn count(&mut self, now: f64) {
        if self.times.len() == LAST {
            self.times.pop_front();
        }
        self.times.push_back(now);
    }

    /// How many a second, as an average of the last ones; `None` before the second.
    pub fn a_second(&self) -> Option<f64> {
        let (first, last) = (self.times.front()?, self.times.back()?);
        let took = last - first;
        (took > 0.0).then(|| 1_000.0 * (self.times.len() - 1) as f64 / took)
    }
}

/// How fast bytes arrive.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Speed {
    /// Times in milliseconds, and how many bytes there were in all by then.
    reached: VecDeque<(f64, u64)>,
}

impl Speed {
    /// Over so many milliseconds it is an average: a pause of a second is no end of a download.
    const OVER: f64 = 6_000.0;
    /// Before so many milliseconds nobody knows.
    const FROM: f64 = 1_000.0;

    /// So many bytes are here at this time in milliseconds. Fewer than before is a new beginning.
    pub fn reached(&mut self, now: f64, bytes: u64) {
        if self.reached.back().is_some_and(|last| bytes < last.1) {
            self.reached.clear();
        }
        while self
            .reached
            .get(1)
            .is_some_and(|second| now - second.0 > Self::OVER)
        {
            self.reached.pop_front();
        }
        self.reached.push_back((now, bytes));
    }

    /// Bytes a second; `None` as long as it is not known, and when none arrive.
    pub fn a_second(&self) -> Option<u64> {
        let (first, last) = (self.reached.front()?, self.reached.back()?);
        let took = last.0 - first.0;
        let speed = (took >= Self::FROM).then(|| 1_000.0 * (last.1 - first.1) as f64 / took)?;
        (speed >= 1.0).then_some(speed as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_an_average_over_some_seconds_and_begins_anew_with_the_bytes() {
        let mut speed = Speed::default();
        speed.reached(0.0, 50_000);
        assert_eq!(speed.a_second(), None);
        speed.reached(500.0, 150_000);
        assert_eq!(speed.a_second(), None, "half a second says little");
        speed.reached(1_000.0, 250_000);
        assert_eq!(speed.a_second(), Some(200_000));
        for second in 2..=20 {
            speed.reached(f64::from(second) * 1_000.0, 250_000);
        }
        assert_eq!(speed.a_second(), None, "nothing has come for long");
        speed.reached(21_000.0, 1_000);
        assert_eq!(speed.a_second(), None);
        speed.reached(23_000.0, 5_000);
        assert_eq!(speed.a_second(), Some(2_000));
    }

    #[test]
    fn it_is_an_average_of_the_last() {
        let mut rate = Rate::default();
        assert_eq!(rate.a_second(), None);
        rate.count(0.0);
        assert_eq!(rate.a_second(), None);
        for at in 1..=5 {
            rate.count(f64::from(at) * 1_000.0);
        }
        assert_eq!(rate.a_second(), Some(1.0));
        for at in 1..=LAST {
            rate.count(5_000.0 + at as f64 * 100.0);
        }
        assert!((rate.a_second().unwrap() - 10.0).abs() < 1e-9);
    }
}
