//! Selecting pictures, taking them out and putting them back.

use std::collections::HashSet;
use std::time::Duration;

use leptos::prelude::*;

use cliplet_protocol::collection::{ItemId, SetAside};

use super::{CollectionController, Undo, View};
use crate::text::collection as words;

/// How long something that can be undone is offered.
const UNDO_FOR: Duration = Duration::from_secs(20);

impl CollectionController {
    /// Selects a picture, or no longer.
    pub fn select(&'static self, id: ItemId) {
        self.selected.update(|selected| {
            if !selected.remove(&id) {
                selected.insert(id);
            }
        });
    }

    /// Selects all that are shown, or none.
    pub fn select_all(&'static self, all: bool) {
        let order = self.order().get_untracked();
        let selected = if all {
            order.into_iter().collect()
        } else {
            HashSet::new()
        };
        self.selected.set(selected);
    }

    /// Takes pictures out. They can be put back.
    pub fn take_out(&'static self, items: Vec<ItemId>) {
        if items.is_empty() {
            return;
        }
        if matches!(self.view().get_untracked(), View::Item(_)) {
            self.view.set(View::Grid);
        }
        let said = words::taken_out(items.len());
        self.take_out_saying(said, items);
    }

    /// The same with another sentence.
    pub(super) fn take_out_saying(&'static self, said: String, items: Vec<ItemId>) {
        // What is out is no example, as what a probe learns from can be seen.
        let lessons = self.change_lessons(|lessons| lessons.unteach(&items));
        self.set_out(&items, true);
        self.selected.set(HashSet::new());
        self.offer_undo(Undo {
            said,
            items,
            lessons,
        });
    }

    fn set_out(&'static self, items: &[ItemId], out: bool) {
        self.data.with(|data| {
            for id in items {
                if let Some(item) = data.get_mut(*id) {
                    item.out = out;
                }
            }
        });
        self.tell(SetAside {
            items: items.to_vec(),
            aside: out,
        });
        self.show();
        self.save_soon();
    }

    /// Says what was done, and offers to undo it.
    pub(super) fn offer_undo(&'static self, undo: Undo) {
        self.base.messages.announce(undo.said.clone());
        self.undo_offer.set(Some(undo));
        self.pending.with(|pending| {
            pending
                .undo
                .set(UNDO_FOR, move || self.undo_offer.set(None));
        });
    }

    /// Undoes what was done last, as long as that is offered. Gives whether it was.
    pub fn undo(&'static self) -> bool {
        let Some(undo) = self.undo_offer().get_untracked() else {
            return false;
        };
        self.undo_offer.set(None);
        self.change_lessons(|lessons| lessons.go_back(&undo.lessons));
        if !undo.items.is_empty() {
            self.set_out(&undo.items, false);
            self.pending.with(|pending| pending.said_all_read = false);
            if self.view().get_untracked() == View::Closed {
                self.paused.set(false);
                self.open();
            }
            self.feed();
        }
        self.base.messages.announce(words::PUT_BACK.to_owned());
        true
    }
}
