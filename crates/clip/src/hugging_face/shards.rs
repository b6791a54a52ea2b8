//! `model.safetensors.index.json`: which files a model is spread over.

use std::collections::BTreeSet;

use serde_json::Value;

use super::json::{Object, parse};
use crate::Error;
use crate::error::quoted;

/// The file of a model that is in one piece.
pub const SAFETENSORS: &str = "model.safetensors";
/// The file that lists the pieces of one that is not.
pub const SAFETENSORS_INDEX: &str = "model.safetensors.index.json";

/// The names of the files that a [`SAFETENSORS_INDEX`] lists, in alphabetical order, which is the
/// order of their numbers. Each is the plain name of a file beside it: neither a path nor an
/// address.
///
/// # Errors
/// [`Error::Model`] if it lists none, or one by any other name.
pub fn shards(index: &[u8]) -> Result<Vec<String>, Error> {
    const MAX_SHARDS: usize = 1000;
    let map = parse(SAFETENSORS_INDEX, index)?;
    let object = Object::new(SAFETENSORS_INDEX, &map);
    let Some(Value::Object(weight_map)) = object.get("weight_map") else {
        return Err(object.wrong("weight_map", "must be an object"));
    };
    let mut names = BTreeSet::new();
    for name in weight_map.values() {
        let Some(name) = name.as_str().filter(|name| is_plain(name)) else {
            return Err(Error::model(format!(
                "The repository's {SAFETENSORS_INDEX} names {}, which is no safetensors file beside it",
                quoted(&name.to_string())
            )));
        };
        names.insert(name.to_owned());
    }
    match names.len() {
        1..=MAX_SHARDS => Ok(names.into_iter().collect()),
        number => Err(Error::model(format!(
            "The repository's {SAFETENSORS_INDEX} lists {number} files, and from 1 to {MAX_SHARDS} make sense"
        ))),
    }
}

fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    name.len() < 200
        && name.ends_with(".safetensors")
        && !name.starts_with('.')
        && name.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn index(names: &[&str]) -> Vec<u8> {
        let entries = names.iter().enumerate();
        let map: serde_json::Map<_, _> = entries
            .map(|(i, name)| (format!("tensor{i}"), Value::from(*name)))
            .collect();
        serde_json::json!({ "metadata": {}, "weight_map": map })
            .to_string()
            .into_bytes()
    }

    #[test]
    fn each_file_is_listed_once_and_in_order() {
        let (first, second) = (
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
        );
        let names = shards(&index(&[second, first, second])).unwrap();
        assert_eq!(names, [first, second]);
    }

    #[test]
    fn what_is_no_plain_name_is_refused() {
        for name in [
            "",
            "../model.safetensors",
            "/etc/passwd.safetensors",
            "a/b.safetensors",
            "a\\b.safetensors",
            "https://example.org/a.safetensors",
            "a.safetensors?x=.safetensors",
            "model.bin",
            ".safetensors",
            "a\0.safetensors",
        ] {
            let sentence = shards(&index(&[name])).unwrap_err().to_string();
            assert!(
                sentence.contains("no safetensors file"),
                "{name}: {sentence}"
            );
        }
        for text in [
            "",
            "[]",
            "{}",
            "{\"weight_map\":[]}",
            "{\"weight_map\":{}}",
            "{\"weight_map\":{\"a\":1}}",
            "<html>",
        ] {
            assert!(
                matches!(shards(text.as_bytes()), Err(Error::Model(_))),
                "{text}"
            );
        }
    }
}
