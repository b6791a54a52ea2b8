//! Many pictures: what is known of each, which of them are shown, and in what order.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet};

use cliplet_protocol::collection::ItemId;
use cliplet_protocol::system_files::{is_picture_name, is_system_name, is_system_path};

/// The most pictures that a collection takes.
pub const MOST_PICTURES: usize = 20_000;

/// How far a picture has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It waits for the model.
    Waiting,
    /// The engine has it.
    UnderWay,
    /// The model has read it.
    Read,
    /// Only its preview is kept, and the model that answers has not read it.
    Unread,
    /// It cannot be read, for this reason.
    Failed(String),
}

/// What the model says of a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Best {
    /// The number of the label.
    pub label: u32,
    /// Its score, from 0 to 1.
    pub score: f32,
    /// No label fits.
    pub none_fits: bool,
    /// The score of the label that the pictures are sorted by, if they are.
    pub of: Option<f32>,
}

/// One picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The engine's name for it.
    pub id: ItemId,
    /// Its file's name.
    pub name: String,
    /// The folder that it lies in, where that may say what class it is of.
    pub folder: Option<String>,
    /// How far it has come.
    pub standing: Standing,
    /// What the model says of it, or what the model before has said.
    pub best: Option<Best>,
    /// The former.
    pub judged: bool,
    /// It was taken out, and can be put back.
    pub out: bool,
    /// The end of its file is missing.
    pub incomplete: bool,
}

/// What the pictures are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// As they came.
    #[default]
    Added,
    /// The surest first.
    Sure,
    /// The least sure first.
    Unsure,
    /// By the names of the labels that fit best.
    Label,
    /// By name.
    Name,
    /// By the score of one label.
    ScoreOf(u32),
}

/// Which of the pictures are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    /// All.
    #[default]
    All,
    /// Those that this label fits best.
    Label(u32),
    /// Those that no label fits.
    None,
    /// Those that could not be read.
    Failed,
}

/// How many pictures have come how far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// All of them.
    pub all: usize,
    /// Read, or known to be unreadable.
    pub done: usize,
    /// Unreadable.
    pub failed: usize,
    /// Known by their preview alone, and not read by the present model.
    pub unread: usize,
    /// Read, though the ends of their files are missing.
    pub incomplete: usize,
}

impl Progress {
    /// Whether pictures wait to be read.
    pub fn goes_on(self) -> bool {
        self.done + self.unread < self.all
    }
}

/// The pictures, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub struct Collection {
    items: Vec<Item>,
    places: HashMap<ItemId, usize>,
    /// The labels that `best` speaks of.
    labels: Vec<String>,
    /// Pictures that were found, best first, with their cosine, while something is looked for.
    found: Option<HashMap<ItemId, (usize, f32)>>,
    last: ItemId,
}

impl Collection {
    /// Adds a picture that the model has not read. Gives its id, or none if there are too many.
    pub fn add(&mut self, name: &str, folder: Option<&str>) -> Option<ItemId> {
        if self.items.len() >= MOST_PICTURES {
            return None;
        }
        self.last += 1;
        self.push(self.last, name, folder);
        Some(self.last)
    }

    /// Sets ids aside for pictures that somebody else names. Gives the first.
    pub fn reserve(&mut self) -> ItemId {
        let first = self.last + 1;
        self.last += MOST_PICTURES as ItemId;
        first
    }

    /// Adds a picture that was kept, under an id that was [set aside](Self::reserve). Gives whether
    /// there was room.
    pub fn add_kept(&mut self, id: ItemId, name: &str, folder: Option<&str>) -> bool {
        if self.items.len() >= MOST_PICTURES || id > self.last || self.places.contains_key(&id) {
            return false;
        }
        self.push(id, name, folder);
        true
    }

    fn push(&mut self, id: ItemId, name: &str, folder: Option<&str>) {
        self.places.insert(id, self.items.len());
        self.items.push(Item {
            id,
            name: name.to_owned(),
            folder: folder.map(str::to_owned),
            standing: Standing::Waiting,
            best: None,
            judged: false,
            out: false,
            incomplete: false,
        });
    }

    /// A picture.
    pub fn get(&self, id: ItemId) -> Option<&Item> {
        self.items.get(*self.places.get(&id)?)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, id: ItemId) -> Option<&mut Item> {
        self.items.get_mut(*self.places.get(&id)?)
    }

    /// All that were not taken out.
    pub fn there(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| !item.out)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.there().next().is_none()
    }

    /// Forgets a picture for good.
    pub fn forget(&mut self, ids: &HashSet<ItemId>) {
        self.items.retain(|item| !ids.contains(&item.id));
        let places = self.items.iter().enumerate();
        self.places = places.map(|(at, item)| (item.id, at)).collect();
    }

    /// Forgets all. Ids go on from where they were.
    pub fn clear(&mut self) {
        *self = Self {
            last: self.last,
            ..Self::default()
        };
    }

    /// The next picture that waits, which is under way from now on.
    pub fn take_waiting(&mut self) -> Option<ItemId> {
        let waits = |item: &&mut Item| item.standing == Standing::Waiting && !item.out;
        let next = self.items.iter_mut().find(waits)?;
        next.standing = Standing::UnderWay;
        Some(next.id)
    }

    /// Another model answers: all that can be read are to be read anew.
    pub fn read_again(&mut self) {
        for item in &mut self.items {
            if matches!(
                item.standing,
                Standing::Read | Standing::Unread | Standing::UnderWay
            ) {
                item.standing = Standing::Waiting;
                item.judged = false;
            }
        }
    }

    /// A picture has come so far. One that was read is to be judged.
    pub fn stands(&mut self, id: ItemId, standing: Standing) {
        if let Some(item) = self.get_mut(id) {
            item.standing = standing;
            item.judged = false;
        }
    }

    /// The model has said this of a picture.
    pub fn judged(&mut self, id: ItemId, best: Best) {
        if let Some(item) = self.get_mut(id) {
            item.best = Some(best);
            item.judged = true;
        }
    }

    /// The pictures that have not come far.
    pub fn not_read(&self) -> Vec<ItemId> {
        let waits = |item: &&Item| matches!(item.standing, Standing::Waiting | Standing::UnderWay);
        let waiting = self.there().filter(waits);
        waiting
            .filter(|item| item.best.is_none())
            .map(|item| item.id)
            .collect()
    }

    /// How many have come how far.
    pub fn progress(&self) -> Progress {
        let mut progress = Progress::default();
        for item in self.there() {
            progress.all += 1;
            match item.standing {
                Standing::Read => {
                    progress.done += 1;
                    progress.incomplete += usize::from(item.incomplete);
                }
                Standing::Failed(_) => {
                    progress.done += 1;
                    progress.failed += 1;
                }
                Standing::Unread => progress.unread += 1,
                Standing::Waiting | Standing::UnderWay => {}
            }
        }
        progress
    }

    /// The labels that the pictures were judged by.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Other labels are asked from now on: what was said counts no more.
    pub fn ask(&mut self, labels: Vec<String>) {
        self.labels = labels;
        for item in &mut self.items {
            item.best = None;
            item.judged = false;
        }
    }

    /// The read pictures that nothing is said of yet.
    pub fn unjudged(&self) -> Vec<ItemId> {
        let read = self.there().filter(|item| item.standing == Standing::Read);
        read.filter(|item| !item.judged)
            .map(|item| item.id)
            .collect()
    }

    /// How many pictures each label fits best, as far as it fits any; and how many none fits.
    pub fn counts(&self) -> (BTreeMap<u32, usize>, usize) {
        let mut counts = BTreeMap::new();
        let mut none = 0;
        for best in self.there().filter_map(|item| item.best) {
            if best.none_fits {
                none += 1
            } else {
                *counts.entry(best.label).or_default() += 1
            }
        }
        (counts, none)
    }

    /// The name of a label.
    pub fn label(&self, number: u32) -> &str {
        self.labels.get(number as usize).map_or("", String::as_str)
    }

    /// Takes what was found, best first; or that nothing is looked for.
    pub fn set_found(&mut self, found: Option<Vec<(ItemId, f32)>>) {
        self.found = found.map(|found| {
            let places = found.into_iter().enumerate();
            places
                .map(|(at, (id, cosine))| (id, (at, cosine)))
                .collect()
        });
    }

    /// The cosine of a picture that was found.
    pub fn cosine(&self, id: ItemId) -> Option<f32> {
        self.found.as_ref()?.get(&id).map(|(_, cosine)| *cosine)
    }

    /// The folders that pictures lie in, in the order of their names, with how many of them.
    pub fn folders(&self) -> BTreeMap<&str, usize> {
        let mut folders = BTreeMap::new();
        for folder in self.there().filter_map(|item| item.folder.as_deref()) {
            *folders.entry(folder).or_default() += 1;
        }
        folders
    }

    /// What is shown, in order. What was found goes before every other order.
    pub fn shown(&self, sort: Sort, filter: &Filter) -> Vec<ItemId> {
        let passes = |item: &&Item| match filter {
            Filter::All => true,
            Filter::Label(label) => item
                .best
                .is_some_and(|best| best.label == *label && !best.none_fits),
            Filter::None => item.best.is_some_and(|best| best.none_fits),
            Filter::Failed => matches!(item.standing, Standing::Failed(_)),
        };
        let mut shown: Vec<&Item> = self.there().filter(passes).collect();
        if let Some(found) = &self.found {
            shown.retain(|item| found.contains_key(&item.id));
            shown.sort_by_key(|item| found[&item.id].0);
        } else {
            shown.sort_by(|a, b| self.compare(sort, a, b));
        }
        shown.into_iter().map(|item| item.id).collect()
    }

    fn compare(&self, sort: Sort, a: &Item, b: &Item) -> Ordering {
        let by_score = |score: fn(Best) -> f32, falling: bool| match (a.best, b.best) {
            (Some(a), Some(b)) if falling => score(b).total_cmp(&score(a)),
            (Some(a), Some(b)) => score(a).total_cmp(&score(b)),
            // Those that nothing is said of come last, whatever the order.
            (a, b) => b.is_some().cmp(&a.is_some()),
        };
        match sort {
            Sort::Added => Ordering::Equal,
            Sort::Sure => by_score(|best| best.score, true),
            Sort::Unsure => by_score(|best| best.score, false),
            Sort::ScoreOf(_) => by_score(|best| best.of.unwrap_or(f32::NEG_INFINITY), true),
            Sort::Name => a.name.cmp(&b.name),
            Sort::Label => {
                let name = |item: &Item| item.best.map(|best| self.label(best.label));
                match (name(a), name(b)) {
                    (Some(one), Some(other)) => {
                        one.cmp(other).then(by_score(|best| best.score, true))
                    }
                    (one, other) => other.is_some().cmp(&one.is_some()),
                }
            }
        }
    }
}

/// A file of a folder, by its path below what was chosen: the folder that says its class, if one
/// does. That is the one below the outermost: in `animals/cat/old/tom.jpg` it is `cat`, and
/// `animals/tom.jpg` has none.
pub fn class_folder(path: &str) -> Option<&str> {
    let mut parts = path.trim_start_matches('/').split('/');
    let _outermost = parts.next()?;
    let folder = parts.next()?;
    parts.next().map(|_| folder)
}

/// Whether a file is worth being tried as a picture: by its type, as the browser has it, or where
/// that says nothing by its name. Files that systems leave in folders are none.
pub fn may_be_picture(name: &str, media_type: &str) -> bool {
    !is_system_name(name)
        && (media_type.starts_with("image/") || media_type.is_empty() && is_picture_name(name))
}

/// Whether a file is in a folder that systems leave in people's folders, by its path below what was
/// chosen, whose own name does not count.
pub fn is_system_file(path: &str) -> bool {
    let below = path.trim_start_matches('/').split_once('/');
    below.is_some_and(|(_, below)| is_system_path(below))
}

/// Classes that are taught by example.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lessons {
    classes: Vec<Lesson>,
    last: u32,
}

/// How classes and those examples were that were changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WayBack {
    /// All classes.
    order: Vec<String>,
    /// Examples, by the names of their classes; without a name, of none.
    examples: Vec<(String, Vec<ItemId>)>,
}

impl WayBack {
    /// How many pictures were examples of a class, and are of another now, or of none.
    pub fn lost(&self) -> usize {
        let of_some = self.examples.iter().filter(|(name, _)| !name.is_empty());
        of_some.map(|(_, items)| items.len()).sum()
    }
}

/// One class, and its examples.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesson {
    /// Names it while the page lives.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// The pictures.
    pub items: Vec<ItemId>,
}

impl Lessons {
    /// All classes.
    pub fn classes(&self) -> &[Lesson] {
        &self.classes
    }

    /// Adds pictures to the class of this name, which need not be there yet. A picture is an
    /// example of one class alone.
    pub fn teach(&mut self, name: &str, items: &[ItemId]) {
        let name = super::labels::tidy(name);
        if name.is_empty() {
            return;
        }
        self.unteach(items);
        let known = self.classes.iter_mut().find(|class| class.name == name);
        match known {
            Some(class) => class.items.extend(items),
            None => {
                self.last += 1;
                self.classes.push(Lesson {
                    id: self.last,
                    name,
                    items: items.to_vec(),
                });
            }
        }
    }

    /// Pictures are no examples any more.
    pub fn unteach(&mut self, items: &[ItemId]) {
        let items: HashSet<ItemId> = items.iter().copied().collect();
        for class in &mut self.classes {
            class.items.retain(|item| !items.contains(item));
        }
    }

    /// Takes a class out. Gives its name.
    pub fn remove(&mut self, id: u32) -> Option<String> {
        let at = self.classes.iter().position(|class| class.id == id)?;
        Some(self.classes.remove(at).name)
    }

    /// What has to be said of pictures so that others' examples become these: for each class those
    /// that it gains, and, under no name, those that are examples of none.
    pub fn gained_on(&self, others: &Self) -> Vec<(String, Vec<ItemId>)> {
        let classes = |lessons: &Self| -> HashMap<ItemId, String> {
            let of = |class: &Lesson| {
                let name = class.name.clone();
                class
                    .items
                    .clone()
                    .into_iter()
                    .map(move |item| (item, name.clone()))
            };
            lessons.classes.iter().flat_map(of).collect()
        };
        let (ours, theirs) = (classes(self), classes(others));
        let mut gained: Vec<(String, Vec<ItemId>)> = Vec::new();
        for class in &self.classes {
            let new = class.items.iter().copied();
            let new = new.filter(|item| theirs.get(item) != Some(&class.name));
            gained.push((class.name.clone(), new.collect()));
        }
        let mut none: Vec<ItemId> = theirs
            .into_keys()
            .filter(|item| !ours.contains_key(item))
            .collect();
        none.sort_unstable();
        gained.push((String::new(), none));
        gained.retain(|(_, items)| !items.is_empty());
        gained
    }

    /// How to come back to these from what they have become.
    pub fn way_back_from(&self, others: &Self) -> WayBack {
        WayBack {
            order: self
                .classes
                .iter()
                .map(|class| class.name.clone())
                .collect(),
            examples: self.gained_on(others),
        }
    }

    /// Goes a way back. What has been taught meanwhile stays.
    pub fn go_back(&mut self, way: &WayBack) {
        for name in &way.order {
            self.teach(name, &[]);
        }
        for (name, items) in &way.examples {
            self.unteach(items);
            self.teach(name, items);
        }
        let place = |class: &Lesson| way.order.iter().position(|name| *name == class.name);
        self.classes
            .retain(|class| !class.items.is_empty() || place(class).is_some());
        self.classes
            .sort_by_key(|class| place(class).unwrap_or(usize::MAX));
    }

    /// The class that a picture is an example of.
    pub fn class_of(&self, item: ItemId) -> Option<&str> {
        let class = self
            .classes
            .iter()
            .find(|class| class.items.contains(&item))?;
        Some(&class.name)
    }

    /// Whether there are two classes with examples, which is what it takes.
    pub fn can_be_learnt(&self) -> bool {
        let with_examples = self.classes.iter().filter(|class| !class.items.is_empty());
        with_examples.count() >= 2
    }

    /// The names of the classes that have examples, the examples, and the number of each one's
    /// class.
    pub fn examples(&self) -> (Vec<String>, Vec<ItemId>, Vec<u32>) {
        let (mut names, mut items, mut of) = (Vec::new(), Vec::new(), Vec::new());
        for class in self.classes.iter().filter(|class| !class.items.is_empty()) {
            of.extend(vec![names.len() as u32; class.items.len()]);
            items.extend(&class.items);
            names.push(class.name.clone());
        }
        (names, items, of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(label: u32, score: f32) -> Option<Best> {
        Some(Best {
            label,
            score,
            none_fits: false,
            of: None,
        })
    }

    fn some() -> Collection {
        let mut some = Collection::default();
        for name in ["c.jpg", "a.jpg", "b.jpg", "d.jpg"] {
            some.add(name, None).unwrap();
        }
        some.ask(vec!["dog".to_owned(), "cat".to_owned()]);
        for (id, said) in [(1, best(0, 0.9)), (2, best(1, 0.5)), (3, best(0, 0.7))] {
            some.stands(id, Standing::Read);
            some.judged(id, said.unwrap());
        }
        some
    }

    #[test]
    fn pictures_are_sorted_and_those_without_a_word_come_last() {
        let some = some();
        let order = |sort| some.shown(sort, &Filter::All);
        assert_eq!(order(Sort::Added), [1, 2, 3, 4]);
        assert_eq!(order(Sort::Sure), [1, 3, 2, 4]);
        assert_eq!(order(Sort::Unsure), [2, 3, 1, 4]);
        assert_eq!(order(Sort::Name), [2, 3, 1, 4]);
        assert_eq!(order(Sort::Label), [2, 1, 3, 4]);
    }

    #[test]
    fn pictures_are_sorted_by_the_score_of_one_label() {
        let mut some = some();
        for (id, of) in [(1, 0.1), (2, 0.3), (3, 0.2)] {
            some.get_mut(id).unwrap().best.as_mut().unwrap().of = Some(of);
        }
        assert_eq!(some.shown(Sort::ScoreOf(1), &Filter::All), [2, 3, 1, 4]);
    }

    #[test]
    fn pictures_are_filtered_by_label_and_by_what_went_wrong() {
        let mut some = some();
        assert_eq!(some.shown(Sort::Sure, &Filter::Label(0)), [1, 3]);
        some.get_mut(3).unwrap().best.as_mut().unwrap().none_fits = true;
        some.get_mut(4).unwrap().standing = Standing::Failed("So.".to_owned());
        assert_eq!(some.shown(Sort::Added, &Filter::Label(0)), [1]);
        assert_eq!(some.shown(Sort::Added, &Filter::None), [3]);
        assert_eq!(some.shown(Sort::Added, &Filter::Failed), [4]);
        assert_eq!(some.counts(), (BTreeMap::from([(0, 1), (1, 1)]), 1));
    }

    #[test]
    fn what_was_found_goes_before_every_order() {
        let mut some = some();
        some.set_found(Some(vec![(3, 0.3), (1, 0.2)]));
        assert_eq!(some.shown(Sort::Name, &Filter::All), [3, 1]);
        assert_eq!(some.cosine(1), Some(0.2));
        some.set_found(None);
        assert_eq!(some.shown(Sort::Added, &Filter::All).len(), 4);
    }

    #[test]
    fn what_is_taken_out_is_not_shown_and_can_come_back() {
        let mut some = some();
        some.get_mut(2).unwrap().out = true;
        assert_eq!(some.shown(Sort::Added, &Filter::All), [1, 3, 4]);
        some.get_mut(2).unwrap().out = false;
        assert_eq!(some.shown(Sort::Added, &Filter::All).len(), 4);
        some.forget(&HashSet::from([1, 3]));
        assert_eq!(some.get(4).unwrap().name, "d.jpg");
        assert!(some.get(1).is_none());
        assert_eq!(some.add("e.jpg", None), Some(5), "no id is given twice");
    }

    #[test]
    fn kept_pictures_come_under_ids_that_were_set_aside() {
        let mut some = some();
        let first = some.reserve();
        let new = some.add("new.jpg", None).unwrap();
        assert!(some.add_kept(first, "kept.jpg", Some("cat")));
        assert!(!some.add_kept(first, "again.jpg", None));
        assert!(!some.add_kept(new + 1, "not set aside.jpg", None));
        assert_eq!(some.get(first).unwrap().folder.as_deref(), Some("cat"));
        assert_eq!(some.get(new).unwrap().name, "new.jpg");
    }

    #[test]
    fn pictures_are_read_one_after_the_other_and_again_by_another_model() {
        let mut some = some();
        assert_eq!(some.take_waiting(), Some(4));
        assert_eq!(some.take_waiting(), None);
        assert_eq!(some.not_read(), [4]);
        assert!(some.progress().goes_on());
        some.stands(4, Standing::Read);
        assert_eq!(some.unjudged(), [4]);
        assert!(!some.progress().goes_on());
        some.read_again();
        assert_eq!(some.take_waiting(), Some(1));
        some.stands(1, Standing::Read);
        assert_eq!(
            some.unjudged(),
            [1],
            "what another model has said counts no more"
        );
        assert_eq!(some.progress().done, 1);
        assert_eq!(some.shown(Sort::Sure, &Filter::All), [1, 3, 2, 4]);
    }

    #[test]
    fn the_folder_below_the_outermost_is_the_class() {
        assert_eq!(class_folder("animals/cat/tom.jpg"), Some("cat"));
        assert_eq!(class_folder("/animals/cat/old/tom.jpg"), Some("cat"));
        assert_eq!(class_folder("animals/tom.jpg"), None);
        assert_eq!(class_folder("tom.jpg"), None);
    }

    #[test]
    fn what_may_be_a_picture_is_told_by_type_or_name() {
        assert!(may_be_picture("a.jpg", "image/jpeg"));
        assert!(may_be_picture("a.HEIC", ""));
        assert!(!may_be_picture("notes.txt", "text/plain"));
        assert!(!may_be_picture("Thumbs.db", ""));
        assert!(!may_be_picture(".DS_Store", ""));
        assert!(!may_be_picture("._a.jpg", "image/jpeg"));
        assert!(may_be_picture(".a.jpg", "image/jpeg"));
    }

    #[test]
    fn what_systems_leave_in_folders_is_told_by_its_path() {
        for path in [
            "/animals/@eaDir/tom.jpg/small.jpg",
            "animals/cat/.thumbnails/tom.jpg",
            "animals/cat/._tom.jpg",
        ] {
            assert!(is_system_file(path), "{path}");
        }
        // What was chosen itself is meant.
        for path in ["animals/cat/tom.jpg", ".thumbnails/tom.jpg", "._tom.jpg"] {
            assert!(!is_system_file(path), "{path}");
        }
    }

    #[test]
    fn a_picture_is_an_example_of_one_class() {
        let mut lessons = Lessons::default();
        lessons.teach(" cat ", &[1, 2]);
        lessons.teach("dog", &[3]);
        assert!(lessons.can_be_learnt());
        lessons.teach("dog", &[2]);
        assert_eq!(lessons.class_of(2), Some("dog"));
        assert_eq!(
            lessons.examples(),
            (
                vec!["cat".to_owned(), "dog".to_owned()],
                vec![1, 3, 2],
                vec![0, 1, 1]
            )
        );
        lessons.teach("  ", &[9]);
        assert_eq!(lessons.classes().len(), 2);
    }

    #[test]
    fn what_was_changed_among_classes_comes_back() {
        let mut before = Lessons::default();
        for (name, items) in [("cat", [1, 2]), ("dog", [3, 4]), ("cow", [5, 6])] {
            before.teach(name, &items);
        }
        let names = |lessons: &Lessons| -> Vec<(String, Vec<ItemId>)> {
            let classes = lessons.classes().iter();
            classes
                .map(|class| (class.name.clone(), class.items.clone()))
                .collect()
        };
        let mut lessons = before.clone();
        assert_eq!(lessons.remove(1).as_deref(), Some("cat"));
        lessons.teach("horse", &[3]);
        lessons.teach("cow", &[7]);
        assert_eq!(
            lessons.gained_on(&before),
            [
                ("cow".to_owned(), vec![7]),
                ("horse".to_owned(), vec![3]),
                (String::new(), vec![1, 2])
            ]
        );
        let way = before.way_back_from(&lessons);
        assert_eq!(way.lost(), 3);
        // What comes meanwhile stays.
        lessons.teach("hen", &[8]);
        lessons.go_back(&way);
        let mut back = names(&before);
        back[1].1 = vec![4, 3];
        back.push(("hen".to_owned(), vec![8]));
        assert_eq!(names(&lessons), back);
        // So does a class without examples.
        lessons.teach("empty", &[]);
        let with_empty = lessons.clone();
        lessons.remove(lessons.classes()[4].id);
        let way = with_empty.way_back_from(&lessons);
        lessons.go_back(&way);
        assert_eq!(names(&lessons), names(&with_empty));
    }
}
