//! Where a model file comes from, and which version of it.

use serde::{Deserialize, Serialize};

/// A file somewhere.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// Absolute.
    pub(super) url: String,
    /// How long it is, where that is known for certain: another length is an error.
    pub(super) bytes: Option<u64>,
    /// Its SHA-256 in lower-case hexadecimal, where that is known: another one is an error.
    pub(super) sha256: Option<String>,
}

/// Which version of a file an answer is of, as far as the page may see it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Version {
    etag: Option<String>,
    last_modified: Option<String>,
}

impl Version {
    /// By what the headers of these names say.
    pub(super) fn new(etag: Option<String>, last_modified: Option<String>) -> Self {
        Self {
            // A compressed answer has a weak tag, which is as good here: what is compared is what
            // was decompressed.
            etag: etag.map(|tag| tag.trim_start_matches("W/").to_owned()),
            last_modified,
        }
    }

    /// Whether nothing says that these are two.
    pub(super) fn may_be(&self, other: &Self) -> bool {
        match (&self.etag, &other.etag) {
            (Some(one), Some(two)) => one == two,
            _ => match (&self.last_modified, &other.last_modified) {
                (Some(one), Some(two)) => one == two,
                _ => true,
            },
        }
    }
}

#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    fn versions_differ_by_tag_or_else_by_date() {
        let version = |etag: Option<&str>, date: Option<&str>| Version {
            etag: etag.map(str::to_owned),
            last_modified: date.map(str::to_owned),
        };
        let one = version(Some("\"1\""), Some("then"));
        assert!(one.may_be(&version(Some("\"1\""), Some("now"))));
        assert!(!one.may_be(&version(Some("\"2\""), Some("then"))));
        assert!(!one.may_be(&version(None, Some("now"))));
        assert!(one.may_be(&version(None, None)));
    }
}
