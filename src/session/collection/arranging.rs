//! Selecting pictures, taking them out and putting them back.

use std::collections::HashSet;
use std::time::Duration;

use leptos::prelude::*;

use cliplet_protocol::collection::{ItemId, SetAside};

use super::{Undo, View};
use crate::session::Session;
use crate::text::collection as words;

/// How long something that can be undone is offered.
const UNDO_FOR: Duration = Duration::from_secs(20);

impl Session {
    /// Selects a picture, or no longer.
    pub fn select_item(self, id: ItemId) {
        self.many.selected.update(|selected| {
            if !selected.remove(&id) {
                selected.insert(id);
            }
        });
    }

    /// Selects all that are shown, or none.
    pub fn select_all_items(self, all: bool) {
        let order = self.many.order.get_untracked();
        let selected = if all {
            order.into_iter().collect()
        } else {
            HashSet::new()
        };
        self.many.selected.set(selected);
    }

    /// Takes pictures out. They can be put back.
    pub fn take_out(self, items: Vec<ItemId>) {
        if items.is_empty() {
            return;
        }
        if matches!(self.many.view.get_untracked(), View::Item(_)) {
            self.many.view.set(View::Grid);
        }
        let said = words::taken_out(items.len());
        self.take_out_saying(said, items);
    }

    /// The same with another sentence.
    pub(super) fn take_out_saying(self, said: String, items: Vec<ItemId>) {
        // What is out is no example, as what a probe learns from can be seen.
        let lessons = self.change_lessons(|lessons| lessons.unteach(&items));
        self.set_out(&items, true);
        self.many.selected.set(HashSet::new());
        self.offer_undo(Undo {
            said,
            items,
            lessons,
        });
    }

    pub(super) fn set_out(self, items: &[ItemId], out: bool) {
        self.many.data.update_value(|data| {
            for id in items {
                if let Some(item) = data.get_mut(*id) {
                    item.out = out;
                }
            }
        });
        self.tell_collection(SetAside {
            items: items.to_vec(),
            aside: out,
        });
        self.show_collection();
        self.save_collection_soon();
    }

    /// Says what was done, and offers to undo it.
    pub(super) fn offer_undo(self, undo: Undo) {
        self.announce(undo.said.clone());
        self.many.undo.set(Some(undo));
        self.with_desk(|desk| {
            desk.many
                .undo
                .set(UNDO_FOR, move || self.many.undo.set(None));
        });
    }

    /// Undoes what was done last, as long as that is offered. Gives whether it was.
    pub fn undo_in_collection(self) -> bool {
        let Some(undo) = self.many.undo.get_untracked() else {
            return false;
        };
        self.many.undo.set(None);
        self.change_lessons(|lessons| lessons.go_back(&undo.lessons));
        if !undo.items.is_empty() {
            self.set_out(&undo.items, false);
            self.with_desk(|desk| desk.many.said_all_read = false);
            if self.many.view.get_untracked() == View::Closed {
                self.many.paused.set(false);
                self.open_collection();
            }
            self.feed();
        }
        self.announce(words::PUT_BACK.to_owned());
        true
    }
}
