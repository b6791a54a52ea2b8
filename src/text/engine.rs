//! The engine when it does not run.

use super::format::sentence;

/// The browsers that can run the engine.
const BROWSERS: &str = "Chrome or Edge 97, Firefox 114, Safari 16.4, or newer";

/// The engine could not be started.
pub fn engine_not_started(details: &str) -> String {
    let details = if details.is_empty() {
        String::new()
    } else {
        format!(" Details: {}", sentence(details))
    };
    format!(
        "Cliplet’s engine could not start, so nothing can be scored. Reload the page to try again; it needs \
         {BROWSERS}.{details}"
    )
}

/// The engine broke while it ran.
pub fn engine_died(details: &str) -> String {
    // All that a browser says of an allocation that failed; a defect says more.
    if details.contains("unreachable") {
        return "Cliplet’s engine has stopped, most likely because memory ran out. Your picture and labels are still here: \
                close other tabs or choose a smaller model, then start it again."
            .to_owned();
    }
    let details = if details.is_empty() {
        String::new()
    } else {
        format!(" Details: {}", sentence(details))
    };
    format!(
        "Cliplet’s engine has stopped. Your picture and labels are still here: start it again.{details}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::test_support::assert_is_prose;

    #[test]
    fn the_engine_s_end_says_what_to_do() {
        assert_is_prose(&engine_not_started(""));
        assert!(engine_died("unreachable executed").contains("memory ran out"));
        for details in ["", "unreachable executed", "index out of bounds"] {
            assert_is_prose(&engine_died(details));
        }
    }
}
