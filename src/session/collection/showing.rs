//! Showing pictures: all in their order, or one of them large.

use std::collections::HashSet;
use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Blob;

use cliplet_protocol::collection::ItemId;

use super::{Tool, View};
use crate::session::Session;
use crate::session::pictures::Incoming;
use crate::state::collection::{Filter, Sort};
use crate::text;
use crate::text::collection as words;

/// How often what has come is shown.
const SHOWN_EVERY: Duration = Duration::from_millis(150);

impl Session {
    pub(super) fn show_collection_soon(self) {
        let waits = self.with_desk(|desk| desk.many.show.is_set());
        if !waits {
            self.with_desk(|desk| {
                desk.many.show.set(SHOWN_EVERY, move || {
                    self.judge();
                    self.show_collection();
                });
            });
        }
    }

    /// Shows what is known by now.
    pub(super) fn show_collection(self) {
        let many = self.many;
        let (progress, order) = many.data.with_value(|data| {
            let (sort, filter) = (many.sort.get_untracked(), many.filter.get_untracked());
            (data.progress(), data.shown(sort, &filter))
        });
        if many.progress.get_untracked() != progress {
            many.progress.set(progress);
        }
        if many.order.with_untracked(|old| *old != order) {
            many.order.set(order);
        }
        many.changes.update(|changes| *changes += 1);
        if !progress.goes_on() && progress.all > 0 {
            let news =
                self.with_desk(|desk| !std::mem::replace(&mut desk.many.said_all_read, true));
            if news {
                self.announce(words::all_read(progress));
                self.save_collection_soon();
                if self.many.tool.get_untracked() == Tool::Check {
                    self.check();
                }
                if !many.phrase.get_untracked().is_empty() || many.like.get_untracked().is_some() {
                    self.find();
                }
            }
        }
    }

    /// Sorts otherwise.
    pub fn sort_collection(self, sort: Sort) {
        self.many.sort.set(sort);
        self.judge();
        self.show_collection();
    }

    /// Shows others.
    pub fn filter_collection(self, filter: Filter) {
        self.many.filter.set(filter);
        self.show_collection();
    }

    /// Does something else with the pictures.
    pub fn use_tool(self, tool: Tool) {
        self.many.tool.set(tool);
        self.many.selected.set(HashSet::new());
        if tool == Tool::Check {
            self.check();
        }
    }

    /// The small preview of a picture.
    pub fn preview(self, id: ItemId) -> Option<Blob> {
        self.with_desk(|desk| desk.many.previews.get(&id).cloned())
    }

    /// Shows a picture large, with its scores.
    pub fn show_item(self, id: ItemId) {
        let Some(item) = self.many.data.with_value(|data| data.get(id).cloned()) else {
            return;
        };
        let (file, preview) = self.with_desk(|desk| {
            let many = &desk.many;
            (
                many.files.get(&id).cloned(),
                many.previews.get(&id).cloned(),
            )
        });
        let only_preview = file.is_none();
        let file: Option<Blob> = file.map(JsCast::unchecked_into).or(preview);
        let Some(file) = file else { return };
        self.many.view.set(View::Item(id));
        self.many.described.set(None);
        self.take(Incoming {
            file,
            alt: text::picture_alt(&item.name),
            name: item.name,
            sample: None,
            given: None,
            note: only_preview.then(|| words::ONLY_PREVIEW.to_owned()),
        });
    }

    /// Shows the picture so many places further on, where there is one.
    pub fn show_item_after(self, places: isize) {
        let View::Item(id) = self.many.view.get_untracked() else {
            return;
        };
        let next = self.many.order.with_untracked(|order| {
            let at = order.iter().position(|other| *other == id)?;
            order.get(at.checked_add_signed(places)?).copied()
        });
        if let Some(next) = next {
            self.show_item(next);
        }
    }

    /// Goes back to all pictures.
    pub fn show_all_items(self) {
        self.many.view.set(View::Grid);
        self.show_collection();
    }

    /// A single picture comes to the stage, and is seen there.
    pub(in crate::session) fn make_way_for_picture(self) {
        if self.many.view.get_untracked() == View::Grid {
            self.many.view.set(View::Stage);
        }
    }
}
