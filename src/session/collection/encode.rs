//! Reading pictures: a few at a time are with the engine, which keeps what it makes of them.

use std::collections::HashSet;

use leptos::prelude::*;
use web_sys::{Blob, File};

use cliplet_protocol::collection::{Gather, Gathered, ItemId, OpenPictureStore};
use cliplet_protocol::messages::Failure;

use super::View;
use crate::engine::{Ended, Latest};
use crate::session::Session;
use crate::state::collection::{Collection, Standing};
use crate::text;
use crate::text::collection as words;

/// Pictures that the engine has at a time. It decodes some while it encodes others.
const AT_A_TIME: usize = 4;

impl Session {
    /// Goes on with whatever there is to do: labels, the model, or pictures may have changed.
    pub(in crate::session) fn go_on_with_collection(self) {
        let model = self
            .models
            .with_value(|models| models.answering().map(|model| model.id.clone()));
        let Some(model) = model else { return };
        let old = self.with_desk(|desk| desk.many.model.replace(model.clone()));
        if old.as_ref() != Some(&model) {
            if old.is_some() {
                self.many.data.update_value(Collection::read_again);
                self.with_desk(|desk| desk.many.said_all_read = false);
            }
            self.give_probe_to_model();
        }
        self.probe_picture();
        if self.many.is_empty() || self.many.view.get_untracked() == View::Closed {
            return;
        }
        self.judge();
        self.open_store(model);
        self.feed();
    }

    /// The engine has started anew, and knows nothing.
    pub(in crate::session) fn give_collection_again(self) {
        self.many.data.update_value(Collection::read_again);
        let asked = self.with_desk(|desk| {
            let many = &mut desk.many;
            many.under_way.clear();
            (many.model, many.store_for, many.asked) = (None, None, None);
            many.opening_store = false;
            [&many.judging, &many.finding, &many.probing].map(Latest::clone)
        });
        for asked in asked {
            asked.cancel(&self.engine());
        }
    }

    /// Opens the store for what a model gives, once, if pictures are to be kept.
    pub(super) fn open_store(self, model: String) {
        let wanted = self.many.keep.get_untracked()
            && self.with_desk(|desk| {
                let many = &mut desk.many;
                let new = many.store_for.as_ref() != Some(&model) && !many.opening_store;
                many.opening_store |= new;
                new
            });
        if !wanted {
            return;
        }
        leptos::task::spawn_local(async move {
            let request = OpenPictureStore { list: None };
            let end = self.ask_collection(request).await;
            self.with_desk(|desk| {
                desk.many.opening_store = false;
                desk.many.store_for = Some(model);
            });
            match end {
                Ok((kept, _)) if kept.open => self.many.kept.set(kept.others as usize),
                Ok(_) => self.many.note.set(Some(words::NOT_KEPT.to_owned())),
                Err(_) => {}
            }
            self.feed();
        });
    }

    /// Hands the next pictures to the engine.
    pub(super) fn feed(self) {
        let many = self.many;
        loop {
            let free = self.with_desk(|desk| {
                desk.many.under_way.len() < AT_A_TIME && !desk.many.opening_store
            });
            if !free || many.paused.get_untracked() {
                return;
            }
            let Some(id) = many
                .data
                .try_update_value(Collection::take_waiting)
                .flatten()
            else {
                return;
            };
            self.gather(id);
        }
    }

    pub(super) fn gather(self, id: ItemId) {
        let Some((name, folder)) = self.many.data.with_value(|data| {
            let item = data.get(id)?;
            Some((item.name.clone(), item.folder.clone()))
        }) else {
            return;
        };
        let file = self.with_desk(|desk| desk.many.files.get(&id).cloned());
        let request = Gather {
            item: id,
            name: name.clone(),
            folder,
            keep: self.many.keep.get_untracked(),
        };
        let blob: Option<&Blob> = file.as_ref().map(|file| file.as_ref());
        let call = self.engine().ask_with_file(request, blob);
        self.with_desk(|desk| desk.many.under_way.insert(id, call.id));
        let request = call.id;
        leptos::task::spawn_local(async move {
            let end = call.end_with_file().await;
            let is_ours = self.with_desk(|desk| {
                let ours = desk.many.under_way.get(&id) == Some(&request);
                ours && desk.many.under_way.remove(&id).is_some()
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
            self.many
                .data
                .update_value(|data| data.stands(id, standing));
            self.show_collection_soon();
            if goes_on {
                self.feed();
            }
        });
    }

    pub(super) fn gathered(
        self,
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
            self.with_desk(|desk| desk.many.previews.insert(id, preview));
        }
        if incomplete {
            self.many.data.update_value(|data| {
                if let Some(item) = data.get_mut(id) {
                    item.incomplete = true;
                }
            });
        }
        let first_time =
            no_room && self.with_desk(|desk| !std::mem::replace(&mut desk.many.said_no_room, true));
        if first_time {
            self.many.note.set(Some(words::NO_ROOM.to_owned()));
            self.announce(words::NO_ROOM.to_owned());
        }
        // A kept picture has come back with its file.
        if let (Some(same), Some(file)) = (same_as, file)
            && self.with_desk(|desk| !desk.many.files.contains_key(&same))
            && self.many.data.with_value(|data| data.get(same).is_some())
        {
            self.with_desk(|desk| {
                desk.many.files.insert(same, file.clone());
                desk.many.files.remove(&id);
            });
            self.many.data.update_value(|data| {
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
        let current = self.with_desk(|desk| desk.many.model.clone());
        match current.as_ref() == Some(&model) {
            true => Standing::Read,
            false => Standing::Waiting,
        }
    }

    /// Pauses reading, or goes on.
    pub fn pause_reading(self, paused: bool) {
        self.many.paused.set(paused);
        if !paused {
            self.go_on_with_collection();
            self.feed();
        }
    }

    /// Reads no more: pictures that nothing is known of yet are taken out, and can be put back.
    pub fn cancel_reading(self) {
        self.stop_reading();
        let not_read = self.many.data.with_value(Collection::not_read);
        self.with_desk(|desk| desk.many.said_all_read = true);
        let said = words::not_read(not_read.len());
        self.take_out_saying(said, not_read);
        if self.many.is_empty() {
            self.close_collection();
        }
    }

    pub(super) fn stop_reading(self) {
        let under_way = self.with_desk(|desk| std::mem::take(&mut desk.many.under_way));
        for (id, request) in under_way {
            self.engine().cancel(request);
            self.many
                .data
                .update_value(|data| data.stands(id, Standing::Waiting));
        }
    }
}
