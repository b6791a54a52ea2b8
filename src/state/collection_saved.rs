//! What stays between visits of a collection, beside what the engine keeps of its pictures.

use serde::{Deserialize, Serialize};

use super::saved::KeyValueStore;
use super::vocabulary::Vocabulary;

/// The entry's name.
pub const KEY: &str = "cliplet-collection";

/// What is saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SavedCollection {
    /// Previews and embeddings of pictures are to be kept.
    pub keep: bool,
    /// How many pictures were kept when that was last known.
    pub kept: usize,
    /// The linear probe as a file, if there is one.
    pub probe: Option<String>,
    /// The probe answers instead of the labels.
    pub by_probe: bool,
    /// Where words for a picture come from, by its [value](super::vocabulary::Vocabulary::value).
    pub vocabulary: String,
}

impl Default for SavedCollection {
    fn default() -> Self {
        Self {
            keep: true,
            kept: 0,
            probe: None,
            by_probe: false,
            vocabulary: Vocabulary::default().value(),
        }
    }
}

impl SavedCollection {
    /// What lies on the shelf, or the default.
    pub fn read(shelf: &impl KeyValueStore) -> Self {
        let saved = shelf
            .get(KEY)
            .and_then(|text| serde_json::from_str(&text).ok());
        saved.unwrap_or_default()
    }

    /// Puts it on the shelf.
    pub fn write(&self, shelf: &impl KeyValueStore) {
        if let Ok(text) = serde_json::to_string(self) {
            shelf.put(KEY, &text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::saved::tests::Board;

    #[test]
    fn what_is_written_is_read_and_nonsense_is_not() {
        let board = Board::default();
        assert!(SavedCollection::read(&board).keep);
        let saved = SavedCollection {
            keep: false,
            kept: 12,
            probe: Some("{}".to_owned()),
            by_probe: true,
            vocabulary: "labels".to_owned(),
        };
        saved.write(&board);
        assert_eq!(SavedCollection::read(&board), saved);
        board.put(KEY, "{\"keep\":\"perhaps\"}");
        assert_eq!(SavedCollection::read(&board), SavedCollection::default());
    }
}
