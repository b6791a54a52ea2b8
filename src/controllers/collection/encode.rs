//! Reading pictures: a few at a time are with the engine, which keeps what it makes of them.

use std::collections::HashSet;

use leptos::prelude::*;
use web_sys::{Blob, File};

use cliplet_protocol::collection::{Gather, Gathered, ItemId, OpenPictureStore};
use cliplet_protocol::messages::Failure;

use super::{CollectionController, View};
use crate::engine::{Ended, Latest};
use crate::state::collection::{Collection, Standing};
use crate::text;
use crate::text::collection as words;

/// Pictures that the engine has at a time. It decodes some while it encodes others.
const AT_A_TIME: usize = 4;

impl CollectionController {
    /// Goes on with whatever there is to do: labels, the model, or pictures may have changed.
    pub(crate) fn go_on(&'static self) {
        let model = self
            .models
            .with(|models| models.answering().map(|model| model.id.clone()));
        let Some(model) = model else { return };
        let old = self
            .pending
            .with(|pending| pending.model.replace(model.clone()));
        if old.as_ref() != Some(&model) {
            if old.is_some() {
                self.data.with(Collection::read_again);
                self.pending.with(|pending| pending.said_all_read = false);
            }
            self.give_probe_to_model();
        }
        self.probe_picture();
        if self.is_empty() || self.view().get_untracked() == View::Closed {
            return;
        }
        self.judge();
        self.open_store(model);
        self.feed();
    }

    /// The engine has started anew, and knows nothing.
    pub(crate) fn start_again(&'static self) {
        self.data.with(Collection::read_again);
        let asked = self.pending.with(|pending| {
            pending.under_way.clear();
            (pending.model, pending.store_for, pending.asked) = (None, None, None);
            pending.opening_store = false;
            [&pending.judging, &pending.finding, &pending.probing].map(Latest::clone)
        });
        for asked in asked {
            asked.cancel(&self.base.engine());
        }
    }

    /// Opens the store for what a model gives, once, if pictures are to be kept.
    fn open_store(&'static self, model: String) {
        let wanted = self.keeps().get_untracked()
            && self.pending.with(|pending| {
                let new = pending.store_for.as_ref() != Some(&model) && !pending.opening_store;
                pending.opening_store |= new;
                new
            });
        if !wanted {
            return;
        }
        leptos::task::spawn_local(async move {
            let request = OpenPictureStore { list: None };
            let end = self.ask(request).await;
            self.pending.with(|pending| {
                pending.opening_store = false;
                pending.store_for = Some(model);
                pending.has_store = matches!(&end, Ok((kept, _)) if kept.open);
            });
            match end {
                Ok((kept, _)) if kept.open => self.kept.set(kept.others as usize),
                // Beside what is said already, as of files that are no pictures.
                Ok(_) => self.note.update(|note| match note {
                    Some(said) if said.contains(words::NOT_KEPT) => {}
                    Some(said) => *said = format!("{said} {}", words::NOT_KEPT),
                    None => *note = Some(words::NOT_KEPT.to_owned()),
                }),
                Err(_) => {}
            }
            self.feed();
        });
    }

    /// Hands the next pictures to the engine.
    pub(super) fn feed(&'static self) {
        loop {
            let free = self
                .pending
                .with(|pending| pending.under_way.len() < AT_A_TIME && !pending.opening_store);
            if !free || self.paused().get_untracked() {
                return;
            }
            let Some(id) = self.data.with(Collection::take_waiting) else {
                return;
            };
            self.gather(id);
        }
    }

    fn gather(&'static self, id: ItemId) {
        let Some((name, folder)) = self.data.read(|data| {
            let item = data.get(id)?;
            Some((item.name.clone(), item.folder.clone()))
        }) else {
            return;
        };
        let file = self.pending.with(|pending| pending.files.get(&id).cloned());
        let request = Gather {
            item: id,
            name: name.clone(),
            folder,
            keep: self.keeps().get_untracked(),
        };
        let blob: Option<&Blob> = file.as_ref().map(|file| file.as_ref());
        let call = self.base.engine().ask_with_file(request, blob);
        self.pending
            .with(|pending| pending.under_way.insert(id, call.id));
        let request = call.id;
        leptos::task::spawn_local(async move {
            let end = call.end_with_file().await;
            let is_ours = self.pending.with(|pending| {
                let ours = pending.under_way.get(&id) == Some(&request);
                ours && pending.under_way.remove(&id).is_some()
            });
            if !is_ours {
                return;
            }
            let standing = match end {
                Ok((gathered, preview)) => self.gathered(id, gathered, preview, file.as_ref()),
                Err(Ended::Failed(Failure::NoModel)) | Err(Ended::Cancelled) => Standing::Waiting,
                Err(Ended::Failed(_)) if file.is_none() => Standing::Unread,
                Err(Ended::Failed(failure)) => {
                    Standing::Failed(text::picture_refused(&name, &failure))
                }
            };
            let goes_on = standing != Standing::Waiting;
            self.data.with(|data| data.stands(id, standing));
            self.show_soon();
            if goes_on {
                self.feed();
            }
        });
    }

    fn gathered(
        &'static self,
        id: ItemId,
        gathered: Gathered,
        preview: Option<Blob>,
        file: Option<&File>,
    ) -> Standing {
        let Gathered {
            model,
            incomplete,
            same_as,
            no_room,
            class,
            ..
        } = gathered;
        if let Some(preview) = preview {
            self.pending
                .with(|pending| pending.previews.insert(id, preview));
        }
        if incomplete {
            self.data.with(|data| {
                if let Some(item) = data.get_mut(id) {
                    item.incomplete = true;
                }
            });
        }
        let first_time = no_room
            && self
                .pending
                .with(|pending| !std::mem::replace(&mut pending.said_no_room, true));
        if first_time {
            self.note.set(Some(words::NO_ROOM.to_owned()));
            self.base.messages.announce(words::NO_ROOM.to_owned());
        }
        // A kept picture has come back with its file.
        if let (Some(same), Some(file)) = (same_as, file)
            && self
                .pending
                .with(|pending| !pending.files.contains_key(&same))
            && self.data.read(|data| data.get(same).is_some())
        {
            self.pending.with(|pending| {
                pending.files.insert(same, file.clone());
                pending.files.remove(&id);
            });
            self.data.with(|data| {
                data.forget(&HashSet::from([id]));
                if let Some(item) = data.get_mut(same)
                    && item.standing == Standing::Unread
                {
                    item.standing = Standing::Waiting;
                }
            });
            self.gather(same);
        }
        if let Some(class) = class.filter(|_| same_as.is_none()) {
            self.examples_again(vec![(class, id)]);
        }
        let current = self.pending.with(|pending| pending.model.clone());
        if current.as_ref() == Some(&model) {
            Standing::Read
        } else {
            Standing::Waiting
        }
    }

    /// Pauses reading, or goes on.
    pub fn pause(&'static self, paused: bool) {
        self.paused.set(paused);
        if !paused {
            self.go_on();
            self.feed();
        }
    }

    /// Reads no more: pictures that nothing is known of yet are taken out, and can be put back.
    pub fn cancel(&'static self) {
        self.stop_reading();
        let not_read = self.data.read(Collection::not_read);
        self.pending.with(|pending| pending.said_all_read = true);
        let said = words::not_read(not_read.len());
        self.take_out_saying(said, not_read);
        if self.is_empty() {
            self.close();
        }
    }

    pub(super) fn stop_reading(&'static self) {
        let under_way = self
            .pending
            .with(|pending| std::mem::take(&mut pending.under_way));
        for (id, request) in under_way {
            self.base.engine().cancel(request);
            self.data.with(|data| data.stands(id, Standing::Waiting));
        }
    }
}
