//! The list of candidate labels: adding, editing, removing, taking back.

use std::collections::{HashMap, HashSet};

/// Names a label while the page lives; its text may change.
pub type LabelId = u32;

/// The most labels a list may hold. Every label is a row of the page and an encoded prompt of the model.
pub const MOST_LABELS: usize = 5_000;

/// The labels a new visitor finds.
pub const FIRST_LABELS: [&str; 6] = ["cat", "dog", "flower", "car", "house", "cup"];

/// One candidate label.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// Stays while the text changes.
    pub id: LabelId,
    /// As typed; [`tidy`] makes of it what the model is asked.
    pub text: String,
    /// When the text was last set, counted in changes. Of equal labels the eldest is the one that counts.
    changed: u64,
}

/// Who wrote the labels. Only a person's are worth keeping when a sample brings its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The page, at the first visit.
    Default,
    /// A sample picture that was chosen.
    Sample,
    /// The person.
    Person,
}

/// What came of adding labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Added {
    /// The new labels, in the order given.
    pub new: Vec<LabelId>,
    /// Labels that were there already and were given again.
    pub repeated: Vec<LabelId>,
    /// How many found no room.
    pub left_out: usize,
}

/// What was taken out of the list, so that it can be put back.
#[derive(Clone, Debug, PartialEq)]
pub struct Removed {
    /// The labels and where each stood, first to last.
    pub labels: Vec<(usize, Label)>,
    /// Labels that took their place and go again when they come back.
    pub replaced_by: Vec<LabelId>,
    /// Who had written the list.
    origin: Origin,
}

/// The list, in the order in which labels were added.
#[derive(Clone, Debug, PartialEq)]
pub struct Labels {
    list: Vec<Label>,
    origin: Origin,
    next_id: LabelId,
    changes: u64,
}

impl Labels {
    /// A list of these texts; empty and repeated ones are left out.
    pub fn new<T: AsRef<str>>(texts: impl IntoIterator<Item = T>, origin: Origin) -> Self {
        let mut labels = Self {
            list: Vec::new(),
            origin,
            next_id: 1,
            changes: 0,
        };
        labels.push_all(texts);
        labels
    }

    /// All labels, those that are empty or repeated included.
    pub fn list(&self) -> &[Label] {
        &self.list
    }

    /// Who wrote them.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// The label of this id.
    pub fn get(&self, id: LabelId) -> Option<&Label> {
        self.list.iter().find(|label| label.id == id)
    }

    /// Adds what a person gave: empty texts are ignored, labels that are there already are not added twice.
    pub fn add<T: AsRef<str>>(&mut self, texts: impl IntoIterator<Item = T>) -> Added {
        let added = self.push_all(texts);
        if !added.new.is_empty() {
            self.origin = Origin::Person;
        }
        added
    }

    fn push_all<T: AsRef<str>>(&mut self, texts: impl IntoIterator<Item = T>) -> Added {
        let mut known: HashMap<String, LabelId> = self
            .list
            .iter()
            .rev()
            .map(|label| (key(&label.text), label.id))
            .collect();
        let mut added = Added::default();
        for text in texts {
            let text = tidy(text.as_ref());
            if text.is_empty() {
                continue;
            }
            let key = key(&text);
            if let Some(&id) = known.get(&key) {
                if !added.new.contains(&id) && !added.repeated.contains(&id) {
                    added.repeated.push(id);
                }
            } else if self.list.len() == MOST_LABELS {
                added.left_out += 1;
            } else {
                let id = self.next_id;
                self.next_id += 1;
                self.changes += 1;
                self.list.push(Label {
                    id,
                    text,
                    changed: self.changes,
                });
                known.insert(key, id);
                added.new.push(id);
            }
        }
        added
    }

    /// Sets a label's text to what stands in its field. Returns whether that changed what the model is asked.
    pub fn edit(&mut self, id: LabelId, text: &str) -> bool {
        let Some(label) = self.list.iter_mut().find(|label| label.id == id) else {
            return false;
        };
        let asks_anew = tidy(&label.text) != tidy(text);
        if key(&label.text) != key(text) {
            self.changes += 1;
            label.changed = self.changes;
        }
        label.text = text.to_owned();
        if asks_anew {
            self.origin = Origin::Person;
        }
        asks_anew
    }

    /// Takes a label out.
    pub fn remove(&mut self, id: LabelId) -> Option<Removed> {
        let at = self.list.iter().position(|label| label.id == id)?;
        let removed = Removed {
            labels: vec![(at, self.list.remove(at))],
            replaced_by: Vec::new(),
            origin: self.origin,
        };
        self.origin = Origin::Person;
        Some(removed)
    }

    /// Takes all labels out.
    pub fn clear(&mut self) -> Removed {
        self.replace(std::iter::empty::<&str>(), Origin::Person)
    }

    /// Puts other labels in the place of all.
    pub fn replace<T: AsRef<str>>(
        &mut self,
        texts: impl IntoIterator<Item = T>,
        origin: Origin,
    ) -> Removed {
        let labels = std::mem::take(&mut self.list)
            .into_iter()
            .enumerate()
            .collect();
        let replaced_by = self.push_all(texts).new;
        Removed {
            labels,
            replaced_by,
            origin: std::mem::replace(&mut self.origin, origin),
        }
    }

    /// Puts back what was taken out, each label where it stood or as near as the list now allows.
    pub fn put_back(&mut self, removed: Removed) {
        let gone: HashSet<LabelId> = removed.replaced_by.into_iter().collect();
        self.list.retain(|label| !gone.contains(&label.id));
        for (at, label) in removed.labels {
            self.list.insert(at.min(self.list.len()), label);
        }
        self.origin = removed.origin;
    }

    /// Labels that say the same as an elder one.
    pub fn repeated(&self) -> HashSet<LabelId> {
        let mut eldest: HashMap<String, &Label> = HashMap::new();
        let mut repeated = HashSet::new();
        for label in &self.list {
            let key = key(&label.text);
            if key.is_empty() {
                continue;
            }
            match eldest.get(&key) {
                Some(elder) if elder.changed <= label.changed => {
                    repeated.insert(label.id);
                }
                Some(younger) => {
                    repeated.insert(younger.id);
                    eldest.insert(key, label);
                }
                None => {
                    eldest.insert(key, label);
                }
            }
        }
        repeated
    }

    /// What the model is asked: tidy texts, none empty, all different.
    pub fn usable(&self) -> Vec<(LabelId, String)> {
        let repeated = self.repeated();
        self.list
            .iter()
            .filter(|label| !repeated.contains(&label.id))
            .map(|label| (label.id, tidy(&label.text)))
            .filter(|(_, text)| !text.is_empty())
            .collect()
    }

    /// The texts as they are saved.
    pub fn texts(&self) -> Vec<String> {
        self.usable().into_iter().map(|(_, text)| text).collect()
    }
}

/// The text without spaces at its ends and with single spaces between its words.
pub fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !tidy.is_empty() {
            tidy.push(' ');
        }
        tidy.push_str(word);
    }
    tidy
}

/// Equal for labels that are the same prompt to the model, which reads lower case only.
pub fn key(text: &str) -> String {
    tidy(text).to_lowercase()
}

/// Whether text holds more than one label.
pub fn is_list(text: &str) -> bool {
    text.contains(is_separator)
}

/// The labels of a pasted list: one a line, or parted by commas, semicolons or tabs.
pub fn split_list(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_separator)
        .map(str::trim)
        .filter(|label| !label.is_empty())
}

fn is_separator(c: char) -> bool {
    matches!(c, ',' | ';' | '\t' | '\n' | '\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(labels: &Labels) -> Vec<&str> {
        labels
            .list()
            .iter()
            .map(|label| label.text.as_str())
            .collect()
    }

    #[test]
    fn a_pasted_list_is_taken_apart_whatever_parts_it() {
        let pasted = "cat, dog;bird\tcow\r\nhorse\n\n , sheep dog \n";
        assert!(is_list(pasted));
        assert_eq!(
            split_list(pasted).collect::<Vec<_>>(),
            ["cat", "dog", "bird", "cow", "horse", "sheep dog"]
        );
        assert!(!is_list("sheep dog"));
    }

    #[test]
    fn empty_and_repeated_labels_are_not_added() {
        let mut labels = Labels::new(["cat", "dog"], Origin::Default);
        let added = labels.add([
            " Cat ",
            "",
            "  ",
            "bird",
            "BIRD",
            "black   cat",
            "black cat",
            "CAT",
        ]);
        assert_eq!(texts(&labels), ["cat", "dog", "bird", "black cat"]);
        assert_eq!(added.new, [3, 4]);
        assert_eq!(added.repeated, [1]);
        assert_eq!(labels.origin(), Origin::Person);
    }

    #[test]
    fn a_list_that_gains_nothing_stays_whose_it_was() {
        let mut labels = Labels::new(["cat"], Origin::Sample);
        labels.add(["cat", ""]);
        assert_eq!(labels.origin(), Origin::Sample);
    }

    #[test]
    fn there_is_room_for_so_many_and_the_rest_is_counted() {
        let mut labels = Labels::new(Vec::<String>::new(), Origin::Default);
        let added = labels.add((0..MOST_LABELS + 7).map(|n| format!("label {n}")));
        assert_eq!((added.new.len(), added.left_out), (MOST_LABELS, 7));
    }

    #[test]
    fn a_label_edited_into_another_is_the_repeated_one_wherever_it_stands() {
        let mut labels = Labels::new(["cat", "dog", "bird"], Origin::Default);
        assert!(labels.edit(1, "Dog"));
        assert_eq!(labels.repeated(), HashSet::from([1]));
        assert_eq!(
            labels.usable(),
            [(2, "dog".to_owned()), (3, "bird".to_owned())]
        );
        labels.edit(1, "doge");
        assert!(labels.repeated().is_empty());
        labels.edit(3, "dog");
        assert_eq!(labels.repeated(), HashSet::from([3]));
    }

    #[test]
    fn three_equal_labels_leave_one_that_counts() {
        let mut labels = Labels::new(["a", "b", "c"], Origin::Default);
        labels.edit(2, "x");
        labels.edit(3, "x");
        labels.edit(1, "x");
        assert_eq!(labels.repeated(), HashSet::from([1, 3]));
        assert_eq!(labels.usable(), [(2, "x".to_owned())]);
    }

    #[test]
    fn spaces_at_the_end_ask_nothing_new() {
        let mut labels = Labels::new(["cat"], Origin::Default);
        assert!(!labels.edit(1, "cat "));
        assert_eq!(labels.list()[0].text, "cat ");
        assert_eq!(labels.origin(), Origin::Default);
        assert!(labels.edit(1, "cat f"));
        assert_eq!(labels.origin(), Origin::Person);
        assert!(!labels.edit(99, "nobody"));
    }

    #[test]
    fn a_change_of_case_is_asked_anew_but_is_no_younger_label() {
        let mut labels = Labels::new(["cat", "dog"], Origin::Default);
        labels.edit(2, "cat");
        assert!(labels.edit(1, "Cat"));
        assert_eq!(labels.repeated(), HashSet::from([2]));
    }

    #[test]
    fn what_is_removed_comes_back_where_it_was() {
        let mut labels = Labels::new(["cat", "dog", "bird"], Origin::Sample);
        let removed = labels.remove(2).unwrap();
        assert_eq!(texts(&labels), ["cat", "bird"]);
        assert_eq!(labels.origin(), Origin::Person);
        labels.add(["cow"]);
        labels.put_back(removed);
        assert_eq!(texts(&labels), ["cat", "dog", "bird", "cow"]);
        assert_eq!(labels.origin(), Origin::Sample);
        assert!(labels.remove(77).is_none());
    }

    #[test]
    fn clearing_and_replacing_can_be_taken_back() {
        let mut labels = Labels::new(["cat", "dog"], Origin::Person);
        let before = labels.clone();
        let removed = labels.clear();
        assert!(labels.list().is_empty());
        labels.put_back(removed);
        assert_eq!(labels.list(), before.list());

        let removed = labels.replace(["dog", "cup"], Origin::Sample);
        assert_eq!(texts(&labels), ["dog", "cup"]);
        assert_eq!(labels.origin(), Origin::Sample);
        labels.put_back(removed);
        assert_eq!(labels.list(), before.list());
        assert_eq!(labels.origin(), Origin::Person);
    }

    #[test]
    fn empty_rows_are_neither_asked_nor_saved_nor_repeated() {
        let mut labels = Labels::new(["cat", "dog"], Origin::Default);
        labels.edit(1, "  ");
        labels.edit(2, "");
        assert!(
            labels.usable().is_empty() && labels.texts().is_empty() && labels.repeated().is_empty()
        );
    }
}
