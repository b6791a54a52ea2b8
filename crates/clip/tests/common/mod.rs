//! What the tests with fixtures share. The fixtures are written by the scripts in `tools/`.

#![allow(dead_code, reason = "each test uses a part of this")]

pub mod gguf;
pub mod repository;

use std::path::PathBuf;

use serde::de::DeserializeOwned;

/// A file below `tests/fixtures`.
pub fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// A JSON file below `tests/fixtures`.
pub fn json<T: DeserializeOwned>(name: &str) -> T {
    let path = fixture(name);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Fails unless this is one sentence, short enough to be read.
pub fn assert_sentence(what: &str, sentence: &str) {
    assert!(
        sentence.starts_with(|first: char| first.is_uppercase()),
        "{what}: {sentence}"
    );
    assert!(
        sentence.ends_with('.') && !sentence.ends_with(".."),
        "{what}: {sentence}"
    );
    assert!(
        !sentence.contains('\n') && sentence.len() < 400,
        "{what}: {sentence}"
    );
}
