//! Sets of labels: the person's own, kept by the browser, and those that come with the page.

use leptos::prelude::*;

use super::base::Base;
use super::messages::Action;
use super::query::QueryController;
use super::support::{Local, lasting, readable};
use crate::browser::{self, BrowserStorage};
use crate::state::label_sets::{self, OwnSet, OwnSets, ReadySet};
use crate::state::labels::{Origin, tidy};
use crate::state::template::{self, Template};
use crate::text::labels as words;

/// The sets that there are.
pub struct LabelSetsController {
    base: Base,
    query: &'static QueryController,
    own: RwSignal<Vec<OwnSet>>,
    ready: RwSignal<Vec<ReadySet>>,
    said: RwSignal<Option<String>>,
    can_be_undone: RwSignal<bool>,
    before: Local<Option<OwnSets>>,
}

impl LabelSetsController {
    pub(crate) fn new(base: Base, query: &'static QueryController) -> &'static Self {
        lasting(Self {
            base,
            query,
            own: RwSignal::default(),
            ready: RwSignal::default(),
            said: RwSignal::default(),
            can_be_undone: RwSignal::default(),
            before: Local::default(),
        })
    }

    readable! {
        /// The person's sets.
        own: Vec<OwnSet>;
        /// The sets that come with the page, once somebody wanted to see them.
        ready: Vec<ReadySet>;
        /// What there is to say about sets.
        said: Option<String>;
        /// What was done with sets last can be undone.
        can_be_undone: bool;
    }

    /// Shows what sets there are.
    pub fn list(&'static self) {
        self.said.set(None);
        self.can_be_undone.set(false);
        self.show_own(&OwnSets::read(&BrowserStorage));
        leptos::task::spawn_local(async move {
            if self.fetch_ready().await.is_empty() {
                self.said.set(Some(words::NO_READY_SETS.to_owned()));
            }
        });
    }

    /// Finds out what words for a picture can be taken from.
    pub(crate) fn list_vocabularies(&'static self) {
        self.show_own(&OwnSets::read(&BrowserStorage));
        leptos::task::spawn_local(async move {
            self.fetch_ready().await;
        });
    }

    /// The sets that come with the page, fetched once; none where they cannot be had.
    pub(crate) async fn fetch_ready(&'static self) -> Vec<ReadySet> {
        let known = self.ready().get_untracked();
        if !known.is_empty() {
            return known;
        }
        let list = browser::fetch_text("label-sets/sets.json").await;
        let list = list
            .map(|list| label_sets::read_list(&list))
            .unwrap_or_default();
        self.ready.set(list.clone());
        list
    }

    fn show_own(&'static self, sets: &OwnSets) {
        self.own.set(sets.all().to_vec());
    }

    /// Changes the person's sets. Gives whether that worked, and says what came of it.
    fn change(&'static self, change: impl FnOnce(&mut OwnSets) -> Result<String, String>) -> bool {
        // Another tab may have changed them meanwhile.
        let before = OwnSets::read(&BrowserStorage);
        let mut sets = before.clone();
        let said = change(&mut sets).and_then(|said| {
            if sets.write(&BrowserStorage) {
                Ok(said)
            } else {
                before.write(&BrowserStorage);
                Err(words::NO_ROOM_FOR_SETS.to_owned())
            }
        });
        let worked = said.is_ok();
        if worked {
            self.show_own(&sets);
            self.before.with(|kept| *kept = Some(before));
        }
        self.can_be_undone.set(worked);
        self.said.set(Some(said.unwrap_or_else(|why| why)));
        worked
    }

    /// Keeps the labels and templates of now under a name. Gives whether that worked.
    pub fn save(&'static self, name: &str) -> bool {
        let (labels, off) = self.query.with_labels(|labels| labels.saved());
        let template = self.query.template().with_untracked(Template::text);
        let name = tidy(name);
        self.change(move |sets| {
            if labels.is_empty() {
                return Err(words::NOTHING_TO_SAVE.to_owned());
            }
            let replaced = sets.get(&name).is_some();
            let set = OwnSet {
                name: name.clone(),
                labels,
                off,
                template,
            };
            match sets.put(set) {
                Ok(()) => Ok(words::set_saved(&name, replaced)),
                Err(fault) => Err(words::set_fault(fault, &name)),
            }
        })
    }

    /// Calls a set something else. Gives whether that worked.
    pub fn rename(&'static self, old: &str, new: &str) -> bool {
        let new = tidy(new);
        self.change(|sets| match sets.rename(old, &new) {
            Ok(()) => Ok(words::set_renamed(old, &new)),
            Err(fault) => Err(words::set_fault(fault, &new)),
        })
    }

    /// Takes a set away.
    pub fn delete(&'static self, name: &str) {
        self.change(|sets| {
            sets.remove(name);
            Ok(words::set_deleted(name))
        });
    }

    /// Takes back what was done with sets last.
    pub fn undo(&'static self) {
        if let Some(before) = self.before.with(Option::take) {
            self.change(|sets| {
                *sets = before;
                Ok(words::SETS_AS_BEFORE.to_owned())
            });
            self.can_be_undone.set(false);
        }
    }

    /// Puts a person's set in the place of all labels.
    pub fn load_own(&'static self, set: &OwnSet) {
        self.load(&set.name, &set.labels, &set.off, Some(&set.template));
    }

    /// Fetches a ready set, and puts it in the place of all labels. `then` hears whether it came.
    pub fn load_ready(&'static self, set: ReadySet, then: impl FnOnce(bool) + 'static) {
        leptos::task::spawn_local(async move {
            let file = browser::fetch_text(&format!("label-sets/{}", set.file)).await;
            let labels = file
                .map(|file| label_sets::labels_of(&file))
                .unwrap_or_default();
            let came = !labels.is_empty();
            if came {
                let template = set.template.as_deref().or_else(|| self.left_by_ready_set());
                self.load(&set.name, &labels, &[], template);
            } else {
                let said = words::set_not_fetched(&set.name);
                self.said.set(Some(said));
                self.can_be_undone.set(false);
            }
            then(came);
        });
    }

    /// The usual template where the one in force has come with a ready set, and suits no other.
    fn left_by_ready_set(&'static self) -> Option<&'static str> {
        let in_force = self.query.template().with_untracked(Template::text);
        self.ready().with_untracked(|sets| {
            let theirs = sets
                .iter()
                .any(|set| set.template.as_ref() == Some(&in_force));
            theirs.then_some(template::DEFAULT)
        })
    }

    fn load(&'static self, name: &str, labels: &[String], off: &[usize], template: Option<&str>) {
        self.query.replace(|list, now| {
            list.replace(labels, Origin::Person);
            list.switch_off_at(off);
            if let Some(template) = template {
                now.set(template);
            }
        });
        let said = words::set_loaded(name);
        self.base.messages.announce(said.clone());
        self.base.messages.say(said, Some(Action::Undo));
    }
}
