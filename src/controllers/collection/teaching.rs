//! Teaching by example: classes, and the linear probe that learns them.

use std::collections::HashSet;

use leptos::prelude::*;
use web_sys::File;

use cliplet_protocol::collection::{
    AskProbe, ItemId, Probabilities, TakeProbe, Teach, Train, TrainedProbe,
};
use cliplet_protocol::messages::Failure;

use super::{CollectionController, Probe, Tool, Undo};
use crate::files::{self};
use crate::state::check::{self};
use crate::state::collection::{Lessons, WayBack};
use crate::text;
use crate::text::collection as words;

impl CollectionController {
    /// Makes the selected pictures examples of a class.
    pub fn teach(&'static self, name: &str) {
        let mut items: Vec<ItemId> = self.selected().get_untracked().into_iter().collect();
        items.sort_unstable();
        let way_back = self.change_lessons(|lessons| lessons.teach(name, &items));
        self.selected.set(HashSet::new());
        self.offer_lost_examples(way_back);
    }

    /// Changes classes and examples. What is kept of pictures says so at once. Gives how to undo
    /// it.
    pub(super) fn change_lessons(&'static self, change: impl FnOnce(&mut Lessons)) -> WayBack {
        let before = self.lessons().get_untracked();
        self.lessons.update(change);
        self.changes.update(|changes| *changes += 1);
        self.lessons().with_untracked(|lessons| {
            for (class, items) in lessons.gained_on(&before) {
                self.tell(Teach { items, class });
            }
            before.way_back_from(lessons)
        })
    }

    /// Offers to undo what has made examples of one class those of another.
    fn offer_lost_examples(&'static self, lessons: WayBack) {
        if lessons.lost() > 0 {
            self.offer_undo(Undo {
                said: words::taught_otherwise(lessons.lost()),
                lessons,
                ..Undo::default()
            });
        }
    }

    /// Takes up what pictures were examples of in an earlier visit.
    pub(super) fn examples_again(&'static self, examples: Vec<(String, ItemId)>) {
        if examples.is_empty() {
            return;
        }
        self.lessons.update(|lessons| {
            for (class, item) in examples {
                if lessons.class_of(item).is_none() {
                    lessons.teach(&class, &[item]);
                }
            }
        });
    }

    /// Makes each folder a class, with its pictures as examples.
    pub fn teach_folders(&'static self) {
        let of_folders: Vec<(String, Vec<ItemId>)> = self.data.read(|data| {
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
    pub fn remove_class(&'static self, id: u32) {
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
    pub fn train(&'static self) {
        let (classes, items, of) = self.lessons().with_untracked(Lessons::examples);
        self.training.set(true);
        leptos::task::spawn_local(async move {
            let request = Train { classes, items, of };
            let end = self.ask(request).await;
            self.training.set(false);
            match end {
                Ok((probe, _)) => self.take_up_probe(probe, true),
                Err(failure) => self.probe_failed(&failure),
            }
        });
    }

    /// Takes the linear probe of a file.
    pub fn import_probe(&'static self, file: &File) {
        let text = wasm_bindgen_futures::JsFuture::from(file.text());
        let too_long = file.size() > 64e6;
        leptos::task::spawn_local(async move {
            let json = match text.await {
                Ok(text) if !too_long => text.as_string().unwrap_or_default(),
                _ => String::new(),
            };
            match self.ask(TakeProbe { json }).await {
                Ok((probe, _)) => self.take_up_probe(probe, true),
                Err(failure) => self.probe_failed(&failure),
            }
        });
    }

    /// Saves the linear probe as a file.
    pub fn export_probe(&'static self) {
        let json = self
            .probe()
            .with_untracked(|probe| probe.as_ref().map(|probe| probe.json.clone()));
        let Some(json) = json else { return };
        let saved = files::text_file(&json, "application/json")
            .and_then(|file| files::save(&file, "cliplet-probe.json"));
        if saved.is_err() {
            self.note.set(Some(words::NOT_SAVED.to_owned()));
        }
    }

    fn probe_failed(&'static self, failure: &Failure) {
        let text = words::no_probe(failure);
        self.base.messages.announce(text.clone());
        self.note.set(Some(text));
    }

    fn take_up_probe(&'static self, probe: TrainedProbe, answers: bool) {
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
            self.base
                .messages
                .announce(words::probe(examples, cross_validation, milliseconds));
        }
        self.probe.set(Some(probe));
        self.pending.with(|pending| pending.asked = None);
        self.answer_by_probe(answers || self.by_probe().get_untracked());
    }

    /// Lets the probe answer, or the labels.
    pub fn answer_by_probe(&'static self, by_probe: bool) {
        if by_probe && self.probe().with_untracked(Option::is_none) {
            return;
        }
        self.by_probe.set(by_probe);
        self.save_soon();
        self.judge();
        self.probe_picture();
        if self.tool().get_untracked() == Tool::Check {
            self.check();
        }
    }

    /// Gives the engine the probe that there is: of the last visit, or because another model
    /// answers now.
    pub(super) fn give_probe_to_model(&'static self) {
        let saved = self.pending.with(|pending| pending.saved_probe.take());
        let present = self
            .probe()
            .with_untracked(|probe| probe.as_ref().map(|probe| probe.json.clone()));
        let is_saved = present.is_none();
        let by_probe = self.by_probe().get_untracked();
        let given = present.map(|json| (json, by_probe)).or(saved);
        let Some((json, answers)) = given else { return };
        leptos::task::spawn_local(async move {
            let request = TakeProbe { json: json.clone() };
            match self.ask(request).await {
                Ok((probe, _)) if is_saved => {
                    self.take_up_probe(probe, false);
                    self.answer_by_probe(answers);
                }
                Ok(_) => self.probe_picture(),
                Err(Failure::ProbeOfOtherModel { model }) => {
                    // The model that it is for may be on its way.
                    if is_saved {
                        self.pending
                            .with(|pending| pending.saved_probe = Some((json, answers)));
                    } else {
                        self.answer_by_probe(false);
                        self.note.set(Some(words::probe_of_other(&model)));
                    }
                }
                Err(_) => {}
            }
        });
    }

    /// Asks the probe about the picture on the stage.
    pub(super) fn probe_picture(&'static self) {
        let picture = self.pictures.id();
        let Some(picture) = picture.filter(|_| self.by_probe().get_untracked()) else {
            return self.probabilities.set(Vec::new());
        };
        let latest = self.pending.with(|pending| pending.probing.clone());
        latest.ask(&self.base.engine(), AskProbe { picture }, move |end| {
            if let Ok(Probabilities { probabilities, .. }) = end {
                let named = self.probe().with_untracked(|probe| {
                    let classes = probe.iter().flat_map(|probe| probe.classes.iter().cloned());
                    let mut named: Vec<(String, f32)> =
                        classes.zip(probabilities.iter().copied()).collect();
                    named.sort_by(|(_, a), (_, b)| b.total_cmp(a));
                    named
                });
                self.base
                    .messages
                    .announce(text::result(&named[..named.len().min(3)], false));
                self.probabilities.set(probabilities);
            }
        });
    }
}
