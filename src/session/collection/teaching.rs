//! Teaching by example: classes, and the linear probe that learns them.

use std::collections::HashSet;

use leptos::prelude::*;
use web_sys::File;

use cliplet_protocol::collection::{
    AskProbe, ItemId, Probabilities, TakeProbe, Teach, Train, TrainedProbe,
};
use cliplet_protocol::messages::Failure;

use super::{Probe, Tool, Undo};
use crate::files::{self};
use crate::session::Session;
use crate::state::check::{self};
use crate::state::collection::{Lessons, WayBack};
use crate::text;
use crate::text::collection as words;

impl Session {
    /// Makes the selected pictures examples of a class.
    pub fn teach(self, name: &str) {
        let mut items: Vec<ItemId> = self.many.selected.get_untracked().into_iter().collect();
        items.sort_unstable();
        let way_back = self.change_lessons(|lessons| lessons.teach(name, &items));
        self.many.selected.set(HashSet::new());
        self.offer_lost_examples(way_back);
    }

    /// Changes classes and examples. What is kept of pictures says so at once. Gives how to undo it.
    pub(super) fn change_lessons(self, change: impl FnOnce(&mut Lessons)) -> WayBack {
        let many = self.many;
        let before = many.lessons.get_untracked();
        many.lessons.update(change);
        many.changes.update(|changes| *changes += 1);
        many.lessons.with_untracked(|lessons| {
            for (class, items) in lessons.gained_on(&before) {
                self.tell_collection(Teach { items, class });
            }
            before.way_back_from(lessons)
        })
    }

    /// Offers to undo what has made examples of one class those of another.
    fn offer_lost_examples(self, lessons: WayBack) {
        if lessons.lost() > 0 {
            self.offer_undo(Undo {
                said: words::taught_otherwise(lessons.lost()),
                lessons,
                ..Undo::default()
            });
        }
    }

    /// Takes up what pictures were examples of in an earlier visit.
    pub(super) fn examples_again(self, examples: Vec<(String, ItemId)>) {
        if examples.is_empty() {
            return;
        }
        self.many.lessons.update(|lessons| {
            for (class, item) in examples {
                if lessons.class_of(item).is_none() {
                    lessons.teach(&class, &[item]);
                }
            }
        });
    }

    /// Makes each folder a class, with its pictures as examples.
    pub fn teach_folders(self) {
        let of_folders: Vec<(String, Vec<ItemId>)> = self.many.data.with_value(|data| {
            let folders = data.folders().into_keys().map(|folder| {
                let items = data
                    .there()
                    .filter(|item| item.folder.as_deref() == Some(folder));
                (check::as_label(folder), items.map(|item| item.id).collect())
            });
            folders.collect()
        });
        let way_back = self.change_lessons(|lessons| {
            for (name, items) in &of_folders {
                lessons.teach(name, items);
            }
        });
        self.offer_lost_examples(way_back);
    }

    /// Takes a class out. It can be put back.
    pub fn remove_class(self, id: u32) {
        let mut removed = None;
        let lessons = self.change_lessons(|lessons| removed = lessons.remove(id));
        if let Some(name) = removed {
            self.offer_undo(Undo {
                said: words::class_taken_out(&name),
                lessons,
                ..Undo::default()
            });
        }
    }

    /// Lets a linear probe learn the classes, and answer.
    pub fn train(self) {
        let (classes, items, of) = self.many.lessons.with_untracked(Lessons::examples);
        self.many.training.set(true);
        leptos::task::spawn_local(async move {
            let request = Train { classes, items, of };
            let end = self.ask_collection(request).await;
            self.many.training.set(false);
            match end {
                Ok((probe, _)) => self.take_up_probe(probe, true),
                Err(failure) => self.probe_failed(&failure),
            }
        });
    }

    /// Takes the linear probe of a file.
    pub fn import_probe(self, file: &File) {
        let text = wasm_bindgen_futures::JsFuture::from(file.text());
        let too_long = file.size() > 64e6;
        leptos::task::spawn_local(async move {
            let json = match text.await {
                Ok(text) if !too_long => text.as_string().unwrap_or_default(),
                _ => String::new(),
            };
            match self.ask_collection(TakeProbe { json }).await {
                Ok((probe, _)) => self.take_up_probe(probe, true),
                Err(failure) => self.probe_failed(&failure),
            }
        });
    }

    /// Saves the linear probe as a file.
    pub fn export_probe(self) {
        let json = self
            .many
            .probe
            .with_untracked(|probe| probe.as_ref().map(|probe| probe.json.clone()));
        if let Some(json) = json
            && files::save("cliplet-probe.json", "application/json", &json).is_err()
        {
            self.many.note.set(Some(words::NOT_SAVED.to_owned()));
        }
    }

    pub(super) fn probe_failed(self, failure: &Failure) {
        let text = words::no_probe(failure);
        self.announce(text.clone());
        self.many.note.set(Some(text));
    }

    pub(super) fn take_up_probe(self, probe: TrainedProbe, answers: bool) {
        let TrainedProbe {
            classes,
            examples,
            cross_validation,
            milliseconds,
            json,
            ..
        } = probe;
        let examples = examples.iter().sum::<u32>() as usize;
        let probe = Probe {
            classes,
            examples,
            tried: cross_validation,
            milliseconds,
            json,
        };
        if answers {
            self.announce(words::probe(examples, cross_validation, milliseconds));
        }
        self.many.probe.set(Some(probe));
        self.with_desk(|desk| desk.many.asked = None);
        self.answer_by_probe(answers || self.many.by_probe.get_untracked());
    }

    /// Lets the probe answer, or the labels.
    pub fn answer_by_probe(self, by_probe: bool) {
        if by_probe && self.many.probe.with_untracked(Option::is_none) {
            return;
        }
        self.many.by_probe.set(by_probe);
        self.save_collection_soon();
        self.judge();
        self.probe_picture();
        if self.many.tool.get_untracked() == Tool::Check {
            self.check();
        }
    }

    /// Gives the engine the probe that there is: of the last visit, or because another model answers now.
    pub(super) fn give_probe_to_model(self) {
        let saved = self.with_desk(|desk| desk.many.saved_probe.take());
        let present = self
            .many
            .probe
            .with_untracked(|probe| probe.as_ref().map(|probe| probe.json.clone()));
        let is_saved = present.is_none();
        let by_probe = self.many.by_probe.get_untracked();
        let given = present.map(|json| (json, by_probe)).or(saved);
        let Some((json, answers)) = given else { return };
        leptos::task::spawn_local(async move {
            let request = TakeProbe { json: json.clone() };
            match self.ask_collection(request).await {
                Ok((probe, _)) if is_saved => {
                    self.take_up_probe(probe, false);
                    self.answer_by_probe(answers);
                }
                Ok(_) => self.probe_picture(),
                Err(Failure::ProbeOfOtherModel { model }) => {
                    // The model that it is for may be on its way.
                    if is_saved {
                        self.with_desk(|desk| desk.many.saved_probe = Some((json, answers)));
                    } else {
                        self.answer_by_probe(false);
                        self.many.note.set(Some(words::probe_of_other(&model)));
                    }
                }
                Err(_) => {}
            }
        });
    }

    /// Asks the probe about the picture on the stage.
    pub(super) fn probe_picture(self) {
        let picture = self
            .picture
            .with_untracked(|picture| picture.as_ref().map(|picture| picture.id));
        let Some(picture) = picture.filter(|_| self.many.by_probe.get_untracked()) else {
            return self.many.probabilities.set(Vec::new());
        };
        let latest = self.with_desk(|desk| desk.many.probing.clone());
        latest.ask(&self.engine(), AskProbe { picture }, move |end| {
            if let Ok(Probabilities { probabilities, .. }) = end {
                let named = self.many.probe.with_untracked(|probe| {
                    let classes = probe.iter().flat_map(|probe| probe.classes.iter().cloned());
                    let mut named: Vec<(String, f32)> =
                        classes.zip(probabilities.iter().copied()).collect();
                    named.sort_by(|(_, a), (_, b)| b.total_cmp(a));
                    named
                });
                self.announce(text::result(&named[..named.len().min(3)], false));
                self.many.probabilities.set(probabilities);
            }
        });
    }
}
