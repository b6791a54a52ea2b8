//! The part of a `tokenizer.json` that holds tokens and merges.
//!
//! tokenizers puts both pieces of a merge into a room as long as the longest token, the second one
//! without a prefix that all of them should have, and panics where they do not fit or there is no
//! prefix.

use std::fmt;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::Error;

/// What of it is looked at before tokenizers is. Of tokens and merges, which are megabytes, nothing
/// is kept but a length.
#[derive(Deserialize)]
pub(super) struct Risky {
    #[serde(rename = "type")]
    kind: Option<Value>,
    continuing_subword_prefix: Option<Value>,
    #[serde(default)]
    vocab: Longest,
    #[serde(default)]
    merges: Longest,
}

impl Risky {
    /// Passes if every merge fits into the longest token, and none has a prefix. CLIP's merges have
    /// none; of WordPiece, which has no merges, it is an ordinary part.
    ///
    /// # Errors
    /// [`Error::Model`].
    pub(super) fn check(&self) -> Result<(), Error> {
        let is_word_piece = self.kind.as_ref().is_some_and(|kind| kind == "WordPiece");
        let prefix = self.continuing_subword_prefix.as_ref();
        if prefix.is_some_and(|prefix| !is_word_piece && prefix != "") {
            return Err(Error::model(
                "The model's tokenizer has a prefix for what continues a word, which merges of pairs cannot have here",
            ));
        }
        if self.merges.0 > self.vocab.0 {
            return Err(Error::model(
                "The model's tokenizer merges two pieces into one that is no token",
            ));
        }
        Ok(())
    }
}

/// Bytes of the longest key of an object, or of the longest member of a list.
#[derive(Default)]
struct Longest(usize);

impl<'de> Deserialize<'de> for Longest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Members).map(Self)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = usize;

    fn expecting(&self, to: &mut fmt::Formatter) -> fmt::Result {
        to.write_str("tokens or merges")
    }

    fn visit_unit<E>(self) -> Result<usize, E> {
        Ok(0)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<usize, A::Error> {
        let mut longest = 0;
        while let Some(length) = map.next_key_seed(Text)? {
            map.next_value::<IgnoredAny>()?;
            longest = longest.max(length);
        }
        Ok(longest)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<usize, A::Error> {
        let mut longest = 0;
        while let Some(length) = list.next_element_seed(Text)? {
            longest = longest.max(length);
        }
        Ok(longest)
    }
}

/// Bytes of a text, or of all texts in a list. A merge as older files have it is one text, with a
/// space between its pieces.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = usize;

    fn expecting(&self, to: &mut fmt::Formatter) -> fmt::Result {
        to.write_str("a text or texts")
    }

    fn visit_str<E>(self, text: &str) -> Result<usize, E> {
        let between = usize::from(text.contains(' '));
        Ok(text.len() - between)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<usize, A::Error> {
        let mut sum = 0;
        while let Some(length) = list.next_element_seed(Text)? {
            sum += length;
        }
        Ok(sum)
    }

    // A score beside a token.
    fn visit_f64<E>(self, _: f64) -> Result<usize, E> {
        Ok(0)
    }

    fn visit_i64<E>(self, _: i64) -> Result<usize, E> {
        Ok(0)
    }

    fn visit_u64<E>(self, _: u64) -> Result<usize, E> {
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use serde_json::json;

    use super::*;

    fn check(model: Value) -> Result<(), Error> {
        // As it is read: from a text.
        let risky: Risky = serde_json::from_str(&model.to_string()).unwrap();
        risky.check()
    }

    #[test]
    fn merges_fit_the_longest_token() {
        let vocab = json!({ "c": 0, "at</w>": 1, "cat</w>": 2 });
        for merges in [json!([["c", "at</w>"]]), json!(["c at</w>"]), json!([])] {
            assert!(check(json!({ "vocab": vocab, "merges": merges })).is_ok());
        }
        let short = json!({ "c": 0, "at</w>": 1 });
        for merges in [json!([["c", "at</w>"]]), json!(["c at</w>"])] {
            assert!(check(json!({ "vocab": short, "merges": merges })).is_err());
        }
        // As Unigram has them.
        let scored = json!([["a", -1.5], ["b", 2]]);
        assert!(check(json!({ "type": "Unigram", "vocab": scored })).is_ok());
    }

    #[test]
    fn only_word_piece_has_a_prefix() {
        let prefixed = |kind| check(json!({ "type": kind, "continuing_subword_prefix": "##" }));
        assert!(prefixed("WordPiece").is_ok());
        assert!(prefixed("BPE").is_err());
        for none in [json!(""), json!(null)] {
            assert!(check(json!({ "type": "BPE", "continuing_subword_prefix": none })).is_ok());
        }
    }
}
