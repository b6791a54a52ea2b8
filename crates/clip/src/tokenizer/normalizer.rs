//! The part of a `tokenizer.json` that makes texts alike before they are split: CLIP's has NFC,
//! white space that becomes one space, and lower case.
//!
//! tokenizers panics over a broken SentencePiece map, and over a text in which a pattern has
//! matched nothing.

use serde_json::Value;

use crate::Error;

/// Passes if a `tokenizer.json`'s normalizer replaces white space or given strings alone, and has
/// no SentencePiece map.
///
/// # Errors
/// [`Error::Model`].
pub(super) fn check(normalizer: &Value) -> Result<(), Error> {
    if let Some(parts) = normalizer["normalizers"].as_array() {
        parts.iter().try_for_each(check)?;
    }
    // The kind is told by its keys where no type is named.
    if normalizer["type"] == "Precompiled" || normalizer.get("precompiled_charsmap").is_some() {
        return Err(Error::model(
            "The model's tokenizer normalises texts as SentencePiece does, and no CLIP's does",
        ));
    }
    let is_right = match normalizer.get("pattern") {
        None => true,
        Some(pattern) => {
            pattern["Regex"] == r"\s+" || pattern["String"].as_str().is_some_and(|s| !s.is_empty())
        }
    };
    if is_right {
        Ok(())
    } else {
        Err(Error::model(
            "The model's tokenizer replaces more of a text than white space, and no CLIP's does",
        ))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn what_clip_does_is_right() {
        for normalizer in [
            Value::Null,
            json!({"type": "Lowercase"}),
            json!({"type": "Sequence", "normalizers": [
                {"type": "NFC"},
                {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "},
                {"type": "Replace", "pattern": {"String": "``"}, "content": "\""},
                {"type": "Lowercase"},
            ]}),
        ] {
            assert!(check(&normalizer).is_ok(), "{normalizer}");
        }
    }

    #[test]
    fn what_would_panic_is_refused() {
        for normalizer in [
            json!({"type": "Precompiled", "precompiled_charsmap": "AAAA"}),
            json!({"precompiled_charsmap": "AAAA"}),
            json!({"type": "Replace", "pattern": {"Regex": r"\s*"}, "content": " "}),
            json!({"type": "Replace", "pattern": {"String": ""}, "content": " "}),
        ] {
            assert!(check(&normalizer).is_err(), "{normalizer}");
            let inside = json!({"type": "Sequence", "normalizers": [{"type": "NFC"}, normalizer]});
            assert!(check(&inside).is_err(), "{inside}");
        }
    }
}
