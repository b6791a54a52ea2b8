//! How long is waited, and how often is tried again.

/// A silent server is given up after this many milliseconds.
const SILENCE: f64 = 30_000.0;

/// The wait before the second attempt in milliseconds; each further one is twice as long.
const FIRST_WAIT: f64 = 1_000.0;

/// Attempts after the first, without a good piece of the file in between.
const MORE_ATTEMPTS: u32 = 4;

/// Longest wait in milliseconds that a server may ask for.
const LONGEST_WAIT: f64 = 60_000.0;

/// Bytes that make an attempt count as a success, after which a broken connection is the first one
/// again.
pub(super) const PROGRESS: u64 = 256 << 10;

/// How patient a download is, as a multiple of what is usual.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Patience(f64);

impl Patience {
    /// What makes no sense is taken for 1.
    pub(in super::super) fn new(factor: f64) -> Self {
        Self(if factor > 0.0 && factor <= 10.0 {
            factor
        } else {
            1.0
        })
    }

    /// Milliseconds without a byte after which a server is given up.
    pub(super) fn silence(self) -> f64 {
        self.0 * SILENCE
    }

    /// Milliseconds to wait after so many failures one after the other, from 1 on, or none to give
    /// up. `asked` is what the server asks for, in milliseconds.
    pub(super) fn wait(self, failures: u32, asked: Option<f64>) -> Option<f64> {
        if failures > MORE_ATTEMPTS || asked.is_some_and(|asked| asked > LONGEST_WAIT) {
            return None;
        }
        let wait = FIRST_WAIT * f64::from(1_u32 << (failures.max(1) - 1));
        Some(self.0 * wait.max(asked.unwrap_or(0.0)))
    }
}

/// Whether a server that answers with this status may well answer with the file in a moment.
pub(super) fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    fn waits_double_and_end() {
        let waits: Vec<Option<f64>> = (1..=5).map(|n| Patience::new(1.0).wait(n, None)).collect();
        let seconds = [1.0, 2.0, 4.0, 8.0].map(|seconds| Some(1_000.0 * seconds));
        assert_eq!(waits[..4], seconds);
        assert_eq!(waits[4], None);
    }

    #[wasm_bindgen_test]
    fn a_server_is_given_the_time_it_asks_for_within_reason() {
        assert_eq!(Patience::new(1.0).wait(1, Some(7_000.0)), Some(7_000.0));
        assert_eq!(Patience::new(1.0).wait(3, Some(10.0)), Some(4_000.0));
        assert_eq!(Patience::new(1.0).wait(1, Some(3_600_000.0)), None);
    }

    #[wasm_bindgen_test]
    fn patience_that_makes_no_sense_is_the_usual_one() {
        for factor in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Patience::new(factor).silence(), SILENCE);
        }
        assert_eq!(Patience::new(0.5).silence(), SILENCE / 2.0);
    }
}
