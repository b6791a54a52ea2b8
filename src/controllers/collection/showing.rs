//! Showing pictures: all in their order, or one of them large.

use std::collections::HashSet;
use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Blob;

use cliplet_protocol::collection::ItemId;

use super::{CollectionController, Tool, View};
use crate::controllers::pictures::Incoming;
use crate::state::collection::{Filter, Sort};
use crate::text;
use crate::text::collection as words;

/// How often what has come is shown.
const SHOWN_EVERY: Duration = Duration::from_millis(150);

impl CollectionController {
    pub(super) fn show_soon(&'static self) {
        let waits = self.pending.with(|pending| pending.show.is_set());
        if !waits {
            self.pending.with(|pending| {
                pending.show.set(SHOWN_EVERY, move || {
                    self.judge();
                    self.show();
                });
            });
        }
    }

    /// Shows what is known by now.
    pub(crate) fn show(&'static self) {
        let (progress, order) = self.data.read(|data| {
            let (sort, filter) = (self.sort().get_untracked(), self.filter().get_untracked());
            (data.progress(), data.shown(sort, &filter))
        });
        if self.progress().get_untracked() != progress {
            self.progress.set(progress);
        }
        if self.order().with_untracked(|old| *old != order) {
            self.order.set(order);
        }
        self.changes.update(|changes| *changes += 1);
        if !progress.goes_on() && progress.all > 0 {
            let news = self
                .pending
                .with(|pending| !std::mem::replace(&mut pending.said_all_read, true));
            if news {
                self.base.messages.announce(words::all_read(progress));
                self.save_soon();
                if self.tool().get_untracked() == Tool::Check {
                    self.check();
                }
                if !self.phrase().get_untracked().is_empty()
                    || self.like().get_untracked().is_some()
                {
                    self.find();
                }
            }
        }
    }

    /// Sorts otherwise.
    pub fn sort_by(&'static self, sort: Sort) {
        self.sort.set(sort);
        self.judge();
        self.show();
    }

    /// Shows others.
    pub fn filter_by(&'static self, filter: Filter) {
        self.filter.set(filter);
        self.show();
    }

    /// Shows only the pictures that this label fits best, or all again if it does so.
    pub fn toggle_filter(&'static self, label: Option<u32>) {
        let wanted = label.map_or(Filter::All, Filter::Label);
        let shown = self.filter().get_untracked();
        self.filter_by(if shown == wanted { Filter::All } else { wanted });
    }

    /// Does something else with the pictures.
    pub fn use_tool(&'static self, tool: Tool) {
        self.tool.set(tool);
        self.selected.set(HashSet::new());
        if tool == Tool::Check {
            self.check();
        }
    }

    /// The small preview of a picture.
    pub fn preview(&'static self, id: ItemId) -> Option<Blob> {
        self.pending
            .with(|pending| pending.previews.get(&id).cloned())
    }

    /// Shows a picture large, with its scores.
    pub fn show_item(&'static self, id: ItemId) {
        let Some(item) = self.data.read(|data| data.get(id).cloned()) else {
            return;
        };
        let (file, preview) = self.pending.with(|pending| {
            (
                pending.files.get(&id).cloned(),
                pending.previews.get(&id).cloned(),
            )
        });
        let only_preview = file.is_none();
        let file: Option<Blob> = file.map(JsCast::unchecked_into).or(preview);
        let Some(file) = file else { return };
        self.view.set(View::Item(id));
        self.pending.with(|pending| pending.last_shown = Some(id));
        self.described.set(None);
        let alt = text::picture_alt(&item.name);
        self.pictures.take(Incoming {
            note: only_preview.then(|| words::ONLY_PREVIEW.to_owned()),
            ..Incoming::new(file, item.name, alt)
        });
    }

    /// Shows the picture so many places further on, where there is one.
    pub fn show_item_after(&'static self, places: isize) {
        let View::Item(id) = self.view().get_untracked() else {
            return;
        };
        let next = self.order().with_untracked(|order| {
            let at = order.iter().position(|other| *other == id)?;
            order.get(at.checked_add_signed(places)?).copied()
        });
        if let Some(next) = next {
            self.show_item(next);
        }
    }

    /// The picture that was shown by itself before the grid, once.
    pub fn take_last_shown(&'static self) -> Option<ItemId> {
        self.pending.with(|pending| pending.last_shown.take())
    }

    /// Goes back to all pictures.
    pub fn show_all_items(&'static self) {
        self.view.set(View::Grid);
        self.show();
    }

    /// A single picture comes to the stage, and is seen there.
    pub(crate) fn make_way(&'static self) {
        if self.view().get_untracked() == View::Grid {
            self.view.set(View::Stage);
        }
    }
}
