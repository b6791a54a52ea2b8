//! Sets of labels: those that a person has named and that the browser keeps, and those that come
//! with the page.

use cliplet_protocol::text;
use serde::{Deserialize, Serialize};

use super::label_text;
use super::saved::KeyValueStore;

/// The name of the entry in which a person's sets lie.
pub const KEY: &str = "cliplet-sets";

/// The most sets that are kept: all of them lie in one entry, which has room for a few megabytes.
pub const MOST_SETS: usize = 100;
/// The longest name, in characters.
pub const LONGEST_NAME: usize = 80;

/// A person's set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OwnSet {
    /// What it is called. No two have the same name.
    pub name: String,
    /// The labels as they are written.
    pub labels: Vec<String>,
    /// Places of labels that are switched off.
    #[serde(default)]
    pub off: Vec<usize>,
    /// The templates that belong to it, one a line.
    pub template: String,
}

/// A set that comes with the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadySet {
    /// Its file in `label-sets/`, one label a line.
    pub file: String,
    /// What it is called.
    pub name: String,
    /// How many labels it has.
    pub count: usize,
    /// What they are.
    pub about: String,
    /// The template that suits it, where the usual one does not.
    pub template: Option<String>,
    /// The address of where the data set is described.
    pub source: String,
}

/// A person's sets, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OwnSets {
    version: u32,
    sets: Vec<OwnSet>,
}

/// Why a name cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It has no letters.
    Empty,
    /// It is longer than [`LONGEST_NAME`].
    Long,
    /// Another set has it.
    Taken,
    /// There are [`MOST_SETS`].
    Full,
}

const VERSION: u32 = 1;

impl OwnSets {
    /// What lies on the shelf. What is broken or of another version counts as none.
    pub fn read(shelf: &impl KeyValueStore) -> Self {
        let read = shelf
            .get(KEY)
            .and_then(|text| serde_json::from_str(&text).ok());
        let read = read.filter(|sets: &Self| sets.version == VERSION);
        read.unwrap_or(Self {
            version: VERSION,
            sets: Vec::new(),
        })
    }

    /// Puts it on the shelf. Returns whether it lies there now: a browser may give no room.
    pub fn write(&self, shelf: &impl KeyValueStore) -> bool {
        let Ok(text) = serde_json::to_string(self) else {
            return false;
        };
        shelf.put(KEY, &text);
        shelf.get(KEY) == Some(text)
    }

    /// All of them.
    pub fn all(&self) -> &[OwnSet] {
        &self.sets
    }

    /// The one of this name.
    pub fn get(&self, name: &str) -> Option<&OwnSet> {
        self.sets.iter().find(|set| set.name == name)
    }

    /// Keeps a set under its name, in the place of one that had it.
    ///
    /// # Errors
    /// If it has no name, a long one, or there is no room.
    pub fn put(&mut self, set: OwnSet) -> Result<(), Fault> {
        let set = OwnSet {
            name: name(&set.name)?,
            ..set
        };
        self.sets.retain(|other| other.name != set.name);
        if self.sets.len() >= MOST_SETS {
            return Err(Fault::Full);
        }
        self.sets.push(set);
        self.sort();
        Ok(())
    }

    /// Calls a set something else. Does nothing where there is none of the old name.
    ///
    /// # Errors
    /// If the new name is none, too long, or another set's.
    pub fn rename(&mut self, old: &str, new: &str) -> Result<(), Fault> {
        let new = name(new)?;
        if new != old && self.get(&new).is_some() {
            return Err(Fault::Taken);
        }
        if let Some(set) = self.sets.iter_mut().find(|set| set.name == old) {
            set.name = new;
        }
        self.sort();
        Ok(())
    }

    /// Takes a set away, and gives it.
    pub fn remove(&mut self, name: &str) -> Option<OwnSet> {
        let at = self.sets.iter().position(|set| set.name == name)?;
        Some(self.sets.remove(at))
    }

    fn sort(&mut self) {
        self.sets.sort_by_key(|set| set.name.to_lowercase());
    }
}

fn name(name: &str) -> Result<String, Fault> {
    let name = super::labels::tidy(name);
    match name.chars().count() {
        0 => Err(Fault::Empty),
        length if length > LONGEST_NAME => Err(Fault::Long),
        _ => Ok(name),
    }
}

/// The labels of a ready set's file, as they are written in the list: a colon there is no more than
/// a colon.
pub fn labels_of(file: &str) -> Vec<String> {
    let lines = text::lines(file).map(str::trim);
    let labels = lines.filter(|line| !line.is_empty());
    labels.map(label_text::escaped).collect()
}

/// The list of ready sets, as it lies in `label-sets/sets.json`; none where that cannot be read.
pub fn read_list(text: &str) -> Vec<ReadySet> {
    serde_json::from_str(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::fs;

    use super::*;
    use crate::state::saved::tests::Board;
    use crate::state::template::Template;

    struct Full;

    impl KeyValueStore for Full {
        fn get(&self, _: &str) -> Option<String> {
            None
        }

        fn put(&self, _: &str, _: &str) {}
    }

    fn set(name: &str) -> OwnSet {
        OwnSet {
            name: name.to_owned(),
            labels: vec!["cat".to_owned(), "dog: a dog; a hound".to_owned()],
            off: vec![1],
            template: "{}".to_owned(),
        }
    }

    fn names(sets: &OwnSets) -> Vec<&str> {
        sets.all().iter().map(|set| &*set.name).collect()
    }

    #[test]
    fn sets_are_kept_by_their_names() {
        let board = Board::default();
        let mut sets = OwnSets::read(&board);
        sets.put(set(" Żółw  x ")).unwrap();
        sets.put(set("birds")).unwrap();
        sets.put(set("Birds")).unwrap();
        sets.put(OwnSet {
            off: Vec::new(),
            ..set("birds")
        })
        .unwrap();
        assert_eq!(names(&sets), ["Birds", "birds", "Żółw x"]);
        assert!(sets.get("birds").unwrap().off.is_empty());
        assert!(sets.write(&board));
        assert_eq!(OwnSets::read(&board), sets);
        assert!(!sets.write(&Full));
    }

    #[test]
    fn sets_are_renamed_and_deleted_and_nothing_else_is_lost() {
        let mut sets = OwnSets::read(&Full);
        sets.put(set("a")).unwrap();
        sets.put(set("b")).unwrap();
        assert_eq!(sets.rename("a", "b"), Err(Fault::Taken));
        assert_eq!(sets.rename("a", " "), Err(Fault::Empty));
        assert_eq!(sets.rename("a", &"x".repeat(81)), Err(Fault::Long));
        assert_eq!(sets.rename("a", "c"), Ok(()));
        assert_eq!(sets.rename("c", "c"), Ok(()));
        assert_eq!(names(&sets), ["b", "c"]);
        let removed = sets.remove("b").unwrap();
        assert!(sets.remove("b").is_none());
        sets.put(removed).unwrap();
        assert_eq!(names(&sets), ["b", "c"]);
    }

    #[test]
    fn there_is_room_for_so_many() {
        let mut sets = OwnSets::read(&Full);
        for n in 0..MOST_SETS {
            sets.put(set(&n.to_string())).unwrap();
        }
        assert_eq!(sets.put(set("one more")), Err(Fault::Full));
        assert_eq!(sets.put(set("7")), Ok(()));
        assert_eq!(sets.all().len(), MOST_SETS);
    }

    #[test]
    fn what_is_broken_counts_as_none() {
        for text in ["", "[]", "{\"version\":2,\"sets\":[]}", "{\"version\":1}"] {
            let board = Board::default();
            board.put(KEY, text);
            assert!(OwnSets::read(&board).all().is_empty(), "{text}");
        }
    }

    #[test]
    fn the_ready_sets_are_as_they_are_said_to_be() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/public/label-sets/");
        let read = |file: &str| fs::read_to_string(format!("{folder}{file}")).unwrap();
        let sets = read_list(&read("sets.json"));
        assert!(sets.len() >= 9);
        for set in &sets {
            let labels = labels_of(&read(&set.file));
            assert_eq!(labels.len(), set.count, "{}", set.file);
            let different: HashSet<&String> = labels.iter().collect();
            // ImageNet has two classes by the name of each of two things.
            let twice = if set.file == "imagenet-1k.txt" { 2 } else { 0 };
            assert_eq!(different.len(), set.count - twice, "{}", set.file);
            if let Some(template) = &set.template {
                assert_eq!(Template::restored(template).text(), *template);
            }
            assert!(read("SOURCES.md").contains(&set.file), "{}", set.file);
        }
    }
}
