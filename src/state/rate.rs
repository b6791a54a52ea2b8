//! How often something happens.

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

#[cfg(test)]
mod tests {
    use super::*;

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
