//! The list of candidate labels: adding, editing, moving, switching off, removing. What is changed
//! is taken back as a whole, by [`Kept`] of before.

use std::collections::{HashMap, HashSet};

use cliplet_protocol::query::Candidate;

use super::label_text;

/// Names a label while the page lives; its text may change.
pub type LabelId = u32;

/// The most labels a list may hold. Every label is a row of the page and an encoded prompt of the
/// model.
pub const MOST_LABELS: usize = 5_000;

/// The labels a new visitor finds.
pub const FIRST_LABELS: [&str; 6] = ["cat", "dog", "flower", "car", "house", "cup"];

/// One candidate label.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// Stays while the text changes.
    pub id: LabelId,
    /// As typed; [`label_text::read`] makes of it what the model is asked.
    pub text: String,
    /// It is left in the list and not asked.
    pub off: bool,
    /// When the text was last set, counted in changes. Of equal labels the eldest is the one that
    /// counts.
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

/// The list as it was once.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    list: Vec<Label>,
    origin: Origin,
}

/// The list, in the person's order: that in which labels were added, unless they were moved.
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

    /// Adds what a person gave: empty texts are ignored, labels that are there already are not
    /// added twice.
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
                    off: false,
                    changed: self.changes,
                });
                known.insert(key, id);
                added.new.push(id);
            }
        }
        added
    }

    /// Sets a label's text to what stands in its field. Returns whether that changed what the model
    /// is asked.
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

    /// Takes a label out. Returns whether it was there.
    pub fn remove(&mut self, id: LabelId) -> bool {
        let before = self.list.len();
        self.list.retain(|label| label.id != id);
        let removed = self.list.len() < before;
        if removed {
            self.origin = Origin::Person;
        }
        removed
    }

    /// Puts other labels in the place of all.
    pub fn replace<T: AsRef<str>>(&mut self, texts: impl IntoIterator<Item = T>, origin: Origin) {
        self.list.clear();
        self.push_all(texts);
        self.origin = origin;
    }

    /// Switches labels off that are at these places, and all others on.
    pub fn switch_off_at(&mut self, places: &[usize]) {
        for (at, label) in self.list.iter_mut().enumerate() {
            label.off = places.contains(&at);
        }
    }

    /// Switches a label off, or on again. Returns whether that changed anything.
    pub fn switch(&mut self, id: LabelId, off: bool) -> bool {
        let label = self.list.iter_mut().find(|label| label.id == id);
        let changes = label.filter(|label| label.off != off);
        changes.map(|label| label.off = off).is_some()
    }

    /// Moves a label to stand right before another, or last. Returns whether that changed anything.
    pub fn move_before(&mut self, id: LabelId, before: Option<LabelId>) -> bool {
        let place = |list: &[Label], id| list.iter().position(|label| label.id == id);
        let Some(from) = place(&self.list, id).filter(|_| before != Some(id)) else {
            return false;
        };
        let label = self.list.remove(from);
        let to = before.and_then(|before| place(&self.list, before));
        let to = to.unwrap_or(self.list.len());
        self.list.insert(to, label);
        if from != to {
            self.origin = Origin::Person;
        }
        from != to
    }

    /// Moves a label one place up, or down. Returns whether that changed anything.
    pub fn move_by_one(&mut self, id: LabelId, up: bool) -> bool {
        let Some(at) = self.list.iter().position(|label| label.id == id) else {
            return false;
        };
        let id_at = |at: Option<usize>| at.and_then(|at| self.list.get(at)).map(|label| label.id);
        let is_last = at + 1 == self.list.len();
        let before = id_at(if up { at.checked_sub(1) } else { Some(at + 2) });
        let stays = if up { before.is_none() } else { is_last };
        !stays && self.move_before(id, before)
    }

    /// The list as it is now.
    pub fn keep(&self) -> Kept {
        Kept {
            list: self.list.clone(),
            origin: self.origin,
        }
    }

    /// Makes the list what it was.
    pub fn restore(&mut self, kept: Kept) {
        self.list = kept.list;
        self.origin = kept.origin;
    }

    /// Labels that say the same as an elder one, of those that are not switched off.
    pub fn repeated(&self) -> HashSet<LabelId> {
        let mut eldest: HashMap<String, &Label> = HashMap::new();
        let mut repeated = HashSet::new();
        for label in self.list.iter().filter(|label| !label.off) {
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

    /// What the model is asked: none empty, all different, none that is switched off.
    pub fn usable(&self) -> Vec<(LabelId, Candidate)> {
        let repeated = self.repeated();
        self.list
            .iter()
            .filter(|label| !label.off && !repeated.contains(&label.id))
            .map(|label| (label.id, label_text::read(&label.text)))
            .filter(|(_, candidate)| !candidate.label.is_empty())
            .collect()
    }

    /// The texts as they are saved, and which of them are switched off.
    pub fn saved(&self) -> (Vec<String>, Vec<usize>) {
        let repeated = self.repeated();
        let kept = self
            .list
            .iter()
            .filter(|label| !repeated.contains(&label.id) && !tidy(&label.text).is_empty());
        let mut off = Vec::new();
        let texts = kept.enumerate().map(|(at, label)| {
            if label.off {
                off.push(at);
            }
            tidy(&label.text)
        });
        (texts.collect(), off)
    }

    /// The texts as they are saved.
    pub fn texts(&self) -> Vec<String> {
        self.saved().0
    }
}

pub use cliplet_protocol::label::tidy;

/// Equal for labels that are the same to the model, which reads lower case only.
pub fn key(text: &str) -> String {
    label_text::name(text).to_lowercase()
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
            [(2, Candidate::new("dog")), (3, Candidate::new("bird"))]
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
        assert_eq!(labels.usable(), [(2, Candidate::new("x"))]);
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
    fn a_list_is_made_what_it_was_and_no_id_is_given_twice() {
        let mut labels = Labels::new(["cat", "dog", "bird"], Origin::Sample);
        let before = labels.keep();
        assert!(labels.remove(2) && !labels.remove(77));
        assert_eq!(texts(&labels), ["cat", "bird"]);
        assert_eq!(labels.origin(), Origin::Person);
        let new = labels.add(["cow"]).new;
        labels.restore(before.clone());
        assert_eq!(labels.keep(), before);
        assert_eq!(labels.origin(), Origin::Sample);
        assert_ne!(labels.add(["cow"]).new, new);

        labels.replace(["dog", "cup"], Origin::Sample);
        assert_eq!(texts(&labels), ["dog", "cup"]);
    }

    #[test]
    fn labels_are_moved() {
        let mut labels = Labels::new(["a", "b", "c", "d"], Origin::Default);
        assert!(labels.move_before(4, Some(1)));
        assert_eq!(texts(&labels), ["d", "a", "b", "c"]);
        assert!(labels.move_before(4, None));
        assert_eq!(texts(&labels), ["a", "b", "c", "d"]);
        assert!(!labels.move_before(1, Some(2)) && !labels.move_before(1, Some(1)));
        assert!(!labels.move_before(9, None));
        assert!(labels.move_by_one(2, true));
        assert_eq!(texts(&labels), ["b", "a", "c", "d"]);
        assert!(labels.move_by_one(2, false) && labels.move_by_one(3, false));
        assert_eq!(texts(&labels), ["a", "b", "d", "c"]);
        assert!(!labels.move_by_one(1, true) && !labels.move_by_one(3, false));
    }

    #[test]
    fn a_label_that_is_switched_off_is_kept_and_not_asked() {
        let mut labels = Labels::new(["cat", "dog", "bird"], Origin::Default);
        assert!(labels.switch(2, true) && !labels.switch(2, true));
        assert_eq!(labels.usable().len(), 2);
        let (texts, off) = labels.saved();
        assert_eq!((texts.len(), &off[..]), (3, &[1][..]));
        // It takes nothing from another that says the same.
        labels.edit(3, "dog");
        assert!(labels.repeated().is_empty());
        assert_eq!(labels.usable()[1], (3, Candidate::new("dog")));
        labels.switch_off_at(&[0]);
        assert_eq!(labels.usable()[0], (2, Candidate::new("dog")));
        assert_eq!(labels.repeated(), HashSet::from([3]));
    }

    #[test]
    fn labels_with_prompts_of_their_own_are_the_same_by_their_names() {
        let mut labels = Labels::new(["cat: a photo of a cat"], Origin::Default);
        assert_eq!(labels.add(["Cat", "cat: a drawing"]).repeated, [1]);
        assert_eq!(labels.usable()[0].1.prompts, ["a photo of a cat"]);
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
