//! What stays between visits: labels, templates, how scores are made and shown, chosen model, and
//! which models the browser keeps.
//!
//! Where it stays is behind [`KeyValueStore`]; that of the page is the browser's `localStorage`.

use cliplet_protocol::catalogue::ModelEntry;
use cliplet_protocol::scoring::Scoring;
use serde::{Deserialize, Serialize};

use super::label_text;
use super::labels::Origin;

/// The entry's name.
pub const KEY: &str = "cliplet";

/// The format's version. Another version's entry is not read.
pub const VERSION: u32 = 1;

/// A place for small texts. It may be closed to the page: then nothing is found, and nothing is
/// kept.
pub trait KeyValueStore {
    /// What lies under this name.
    fn get(&self, key: &str) -> Option<String>;
    /// Puts text under this name, in place of what lay there.
    fn put(&self, key: &str, text: &str);
}

/// What is saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    version: u32,
    /// As they are asked of the model.
    pub labels: Vec<String>,
    /// Who wrote them.
    pub labels_by: Origin,
    /// The templates in force, one a line.
    pub template: String,
    /// The id of the model that the person chose, if they chose.
    #[serde(default)]
    pub model: Option<String>,
    /// Names of the models that the engine said it keeps.
    #[serde(default)]
    pub kept: Vec<String>,
    /// Models that the person has added.
    #[serde(default)]
    pub own: Vec<ModelEntry>,
    /// The rest of what is about labels. Missing as older pages saved it, to which a label was a
    /// label, whatever colons it had.
    #[serde(default)]
    tools: Option<Tools>,
}

/// What is about labels besides their texts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tools {
    /// Places of labels that are switched off.
    pub off: Vec<usize>,
    /// How scores are made.
    pub scoring: Scoring,
    /// How they are shown.
    pub shown: Shown,
}

/// How labels and scores are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Shown {
    /// In the person's order, and not best first.
    pub own_order: bool,
    /// With cosines beside the scores.
    pub cosines: bool,
}

impl Saved {
    /// With the present version.
    pub fn new(
        labels: Vec<String>,
        labels_by: Origin,
        template: String,
        model: Option<String>,
        kept: Vec<String>,
        own: Vec<ModelEntry>,
        tools: Tools,
    ) -> Self {
        Self {
            version: VERSION,
            labels,
            labels_by,
            template,
            model,
            kept,
            own,
            tools: Some(tools),
        }
    }

    /// What lies on the shelf, unless it is not ours, broken, or of another version.
    pub fn read(shelf: &impl KeyValueStore) -> Option<Self> {
        let mut saved: Self = serde_json::from_str(&shelf.get(KEY)?).ok()?;
        if saved.tools.is_none() {
            let labels = saved.labels.iter();
            saved.labels = labels.map(|label| label_text::escaped(label)).collect();
            saved.tools = Some(Tools::default());
        }
        (saved.version == VERSION).then_some(saved)
    }

    /// What is about labels besides their texts.
    pub fn tools(&self) -> Tools {
        self.tools.clone().unwrap_or_default()
    }

    /// Puts it on the shelf.
    pub fn write(&self, shelf: &impl KeyValueStore) {
        if let Ok(text) = serde_json::to_string(self) {
            shelf.put(KEY, &text);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::cell::RefCell;
    use std::collections::HashMap;

    use super::*;
    use crate::state::address::model_at;

    /// A shelf for tests.
    #[derive(Default)]
    pub(in crate::state) struct Board(RefCell<HashMap<String, String>>);

    impl KeyValueStore for Board {
        fn get(&self, key: &str) -> Option<String> {
            self.0.borrow().get(key).cloned()
        }

        fn put(&self, key: &str, text: &str) {
            self.0.borrow_mut().insert(key.to_owned(), text.to_owned());
        }
    }

    struct Closed;

    impl KeyValueStore for Closed {
        fn get(&self, _: &str) -> Option<String> {
            None
        }

        fn put(&self, _: &str, _: &str) {}
    }

    fn some() -> Saved {
        Saved::new(
            vec!["cat".to_owned(), "日本 \"x\"".to_owned()],
            Origin::Person,
            "a {}".to_owned(),
            Some("m".to_owned()),
            vec!["m@1".to_owned()],
            vec![model_at("a/b", "q8_0").unwrap()],
            Tools {
                off: vec![1],
                scoring: Scoring {
                    none_below: Some(0.5),
                    ..Scoring::default()
                },
                shown: Shown {
                    own_order: true,
                    cosines: false,
                },
            },
        )
    }

    #[test]
    fn what_is_written_is_read() {
        let board = Board::default();
        assert_eq!(Saved::read(&board), None);
        some().write(&board);
        assert_eq!(Saved::read(&board), Some(some()));
    }

    #[test]
    fn broken_foreign_and_other_versions_are_not_read() {
        for text in [
            "",
            "null",
            "{",
            "[1,2]",
            "{\"labels\":[\"a\"]}",
            "{\"version\":1,\"labels\":\"a\",\"labels_by\":\"person\",\"template\":\"{}\"}",
            "{\"version\":2,\"labels\":[],\"labels_by\":\"person\",\"template\":\"{}\"}",
            "{\"version\":1,\"labels\":[],\"labels_by\":\"nobody\",\"template\":\"{}\"}",
        ] {
            let board = Board::default();
            board.put(KEY, text);
            assert_eq!(Saved::read(&board), None, "{text}");
        }
    }

    #[test]
    fn what_may_be_missing_may_be_missing() {
        let board = Board::default();
        board.put(
            KEY,
            "{\"version\":1,\"labels\":[],\"labels_by\":\"sample\",\"template\":\"{}\",\"new\":1}",
        );
        let saved = Saved::read(&board).unwrap();
        assert_eq!(saved.tools(), Tools::default());
        assert_eq!(
            (saved.model, saved.kept.len(), saved.own.len()),
            (None, 0, 0)
        );
    }

    #[test]
    fn labels_of_older_pages_have_no_prompts_of_their_own() {
        let board = Board::default();
        board.put(
            KEY,
            "{\"version\":1,\"labels\":[\"Alien: Covenant\"],\"labels_by\":\"person\",\"template\":\"{}\"}",
        );
        let saved = Saved::read(&board).unwrap();
        assert_eq!(label_text::read(&saved.labels[0]).label, "Alien: Covenant");
        saved.write(&board);
        assert_eq!(Saved::read(&board), Some(saved));
    }

    #[test]
    fn a_closed_shelf_is_no_trouble() {
        some().write(&Closed);
        assert_eq!(Saved::read(&Closed), None);
    }
}
