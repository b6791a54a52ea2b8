//! The part of a `tokenizer.json` that puts start and end of text around a text, where it is
//! written as a template.
//!
//! tokenizers panics over a template that names a token which is not there, or a second text where
//! there is one.

use serde_json::Value;

use crate::Error;

/// Passes if every template in a `tokenizer.json`'s post-processor is one of a single text between
/// two tokens, and names no token that is not there.
///
/// # Errors
/// [`Error::Model`].
pub(super) fn check(post_processor: &Value) -> Result<(), Error> {
    // The kind is told by its keys where no type is named.
    if let Some(parts) = post_processor["processors"].as_array() {
        parts.iter().try_for_each(check)?;
    }
    let Some(single) = post_processor.get("single") else {
        return Ok(());
    };
    let is_text = |piece: &Value| piece["Sequence"]["id"] == "A";
    let tokens = &post_processor["special_tokens"];
    let is_there = |name: &str| {
        let one = |key: &str| {
            let list = tokens[name][key].as_array();
            list.is_some_and(|list| list.len() == 1)
        };
        one("ids") && one("tokens")
    };
    let is_token = |piece: &Value| name(piece).is_some_and(is_there);
    let is_right = match single.as_array().map(Vec::as_slice) {
        Some([first, text, last]) => is_token(first) && is_text(text) && is_token(last),
        _ => false,
    };
    let mut of_two = post_processor["pair"].as_array().into_iter().flatten();
    if !is_right || !of_two.all(|piece| name(piece).is_none_or(is_there)) {
        return Err(Error::model(
            "The model's tokenizer does not put one token before a text and one behind it",
        ));
    }
    Ok(())
}

/// Which token a piece is.
fn name(piece: &Value) -> Option<&str> {
    piece["SpecialToken"]["id"].as_str()
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use serde_json::json;

    use super::*;

    fn template(first: &str, text: &str, of_two: &str) -> Result<(), Error> {
        check(&json!({"processors": [{
            "type": "TemplateProcessing",
            "single": [
                {"SpecialToken": {"id": first, "type_id": 0}},
                {"Sequence": {"id": text, "type_id": 0}},
                {"SpecialToken": {"id": "end", "type_id": 0}},
            ],
            "pair": [{"SpecialToken": {"id": of_two, "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {
                "start": {"id": "start", "ids": [8], "tokens": ["start"]},
                "end": {"id": "end", "ids": [9], "tokens": ["end"]},
                "two": {"id": "two", "ids": [1, 2], "tokens": ["one", "two"]},
            },
        }]}))
    }

    #[test]
    fn a_template_names_tokens_that_are_there() {
        assert!(template("start", "A", "end").is_ok());
        for (first, text, of_two) in [
            ("nowhere", "A", "end"),
            ("two", "A", "end"),
            ("start", "B", "end"),
            ("start", "A", "nowhere"),
        ] {
            let checked = template(first, text, of_two);
            assert!(checked.is_err(), "{first} {text} {of_two}");
        }
        assert!(check(&Value::Null).is_ok());
    }
}
