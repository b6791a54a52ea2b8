//! Taking pictures: from folders, selections, and earlier visits; putting them away.

use std::collections::HashSet;

use leptos::prelude::*;
use web_sys::FileSystemEntry;

use cliplet_protocol::collection::{CloseCollection, ItemId, OpenPictureStore};

use super::{Tool, View};
use crate::browser::in_steps;
use crate::files::{self, Found};
use crate::session::Session;
use crate::state::address::{self, Chosen};
use crate::state::collection::{
    Collection, Filter, Lessons, MOST_PICTURES, class_folder, is_system_file, may_be_picture,
};
use crate::text::collection as words;

/// Files that are taken in one task. So many take a few milliseconds.
const FILES_A_STEP: usize = 40;
/// More files than this are no model.
const MOST_OF_A_MODEL: usize = 100;

impl Session {
    /// Takes what is in dropped folders.
    pub(in crate::session) fn take_folders(self, entries: Vec<FileSystemEntry>) {
        self.error.set(None);
        leptos::task::spawn_local(async move {
            // With some room for files that are no pictures.
            let (found, unread) = files::walk(entries, 2 * MOST_PICTURES).await;
            let unread = unread.map(|name| words::not_walked(&name));
            if found.is_empty() && unread.is_some() {
                return self.error.set(unread);
            }
            self.take_found(found, true, unread);
        });
    }

    /// Takes files that were chosen or dropped together, some at a time, so that thousands hold up nothing. `unread` says what could not
    /// be had of a folder.
    pub(in crate::session) fn take_found(
        self,
        found: Vec<Found>,
        in_folder: bool,
        mut unread: Option<String>,
    ) {
        if found.len() <= MOST_OF_A_MODEL {
            let names: Vec<String> = found.iter().map(|found| found.file.name()).collect();
            if address::chosen(&names) != Chosen::Other {
                return self.take_files(found.into_iter().map(|found| found.file).collect());
            }
        }
        self.error.set(None);
        let mut left = found.into_iter();
        let (mut taken, mut left_out) = (0, 0);
        let mut begun = false;
        in_steps(move || {
            let some: Vec<Found> = left.by_ref().take(FILES_A_STEP).collect();
            let goes_on = !some.is_empty();
            for found in some {
                let path = found
                    .path
                    .clone()
                    .unwrap_or_else(|| files::path_in_folder(&found.file));
                if is_system_file(&path) {
                    continue;
                }
                if !may_be_picture(&found.file.name(), &found.file.type_()) {
                    left_out += 1;
                    continue;
                }
                if taken == 0 {
                    self.begin_collection();
                }
                taken += 1;
                if !self.add_to_collection(found) {
                    self.many.note.set(Some(words::too_many(MOST_PICTURES)));
                    return false;
                }
            }
            if taken > 0 {
                self.with_desk(|desk| desk.many.said_all_read = false);
                self.show_collection_soon();
                // The first time, with all that comes before reading.
                match std::mem::replace(&mut begun, true) {
                    false => self.go_on_with_collection(),
                    true => self.feed(),
                }
            }
            if !goes_on {
                self.all_are_taken(taken, left_out, in_folder, unread.take());
            }
            goes_on
        });
    }

    fn begin_collection(self) {
        if self.many.view.get_untracked() == View::Closed {
            // What was closed could be opened again until now.
            self.forget_collection();
        }
        self.many.note.set(None);
        self.many.paused.set(false);
        self.open_collection();
    }

    /// Gives whether there was room.
    fn add_to_collection(self, found: Found) -> bool {
        let Found { file, path } = found;
        let path = path.unwrap_or_else(|| files::path_in_folder(&file));
        let added = self
            .many
            .data
            .try_update_value(|data| data.add(&file.name(), class_folder(&path)));
        let Some(Some(id)) = added else { return false };
        self.with_desk(|desk| desk.many.files.insert(id, file));
        true
    }

    fn all_are_taken(self, taken: usize, left_out: usize, in_folder: bool, unread: Option<String>) {
        let many = self.many;
        if taken == 0 {
            if in_folder {
                self.error.set(Some(words::NO_PICTURES.to_owned()));
            }
            return;
        }
        let left_out = (left_out > 0).then(|| words::left_out(left_out));
        if let Some(note) = unread.or(left_out) {
            many.note.set(Some(note));
        }
        self.go_on_with_collection();
        let count = many.data.with_value(|data| data.there().count());
        self.announce(words::count(count));
    }

    /// Shows the collection, and goes on reading.
    pub fn open_collection(self) {
        self.many.view.set(View::Grid);
        self.show_collection();
        self.models.update_value(|models| models.picture_waits());
        self.go_on_with_models();
        self.go_on_with_collection();
    }

    /// Puts the collection away. It can be opened again until the next is taken.
    pub fn close_collection(self) {
        self.many.view.set(View::Closed);
        self.many.paused.set(true);
        self.many.changes.update(|changes| *changes += 1);
    }

    pub(super) fn forget_collection(self) {
        if self.many.is_empty() {
            return;
        }
        self.stop_reading();
        let many = self.many;
        many.data.update_value(Collection::clear);
        many.lessons.set(Lessons::default());
        many.selected.set(HashSet::new());
        many.checked.set(None);
        many.described.set(None);
        many.undo.set(None);
        many.phrase.set(String::new());
        many.like.set(None);
        many.filter.set(Filter::All);
        many.tool.set(Tool::Look);
        self.with_desk(|desk| {
            desk.many.files.clear();
            desk.many.previews.clear();
            desk.many.asked = None;
        });
        self.tell_collection(CloseCollection);
        // What was read in this visit is now like what was kept in others.
        self.with_desk(|desk| desk.many.store_for = None);
    }

    /// Opens the pictures that are kept of earlier visits.
    pub fn open_kept(self) {
        let many = self.many;
        if many.view.get_untracked() == View::Closed && !many.is_empty() {
            self.forget_collection();
        }
        let first = many
            .data
            .try_update_value(Collection::reserve)
            .unwrap_or_default();
        let request = OpenPictureStore { list: Some(first) };
        leptos::task::spawn_local(async move {
            match self.ask_collection(request).await {
                Ok((kept, previews)) if kept.open => {
                    let mut at = 0;
                    let mut examples = Vec::new();
                    for (nth, kept) in kept.pictures.into_iter().enumerate() {
                        let id = first + nth as ItemId;
                        let end = at + kept.preview;
                        let preview = previews.as_ref().and_then(|previews| {
                            let slice = previews.slice_with_i32_and_i32_and_content_type(
                                at as i32,
                                end as i32,
                                "image/jpeg",
                            );
                            slice.ok()
                        });
                        at = end;
                        let folder = kept.folder.as_deref();
                        let added = many
                            .data
                            .try_update_value(|data| data.add_kept(id, &kept.name, folder));
                        if let (Some(true), Some(preview)) = (added, preview) {
                            self.with_desk(|desk| desk.many.previews.insert(id, preview));
                            examples.extend(kept.class.map(|class| (class, id)));
                        }
                    }
                    self.examples_again(examples);
                    many.kept.set(0);
                    many.paused.set(false);
                    self.open_collection();
                }
                Ok(_) => many.note.set(Some(words::NOT_KEPT.to_owned())),
                Err(failure) => self.error.set(Some(words::not_asked(&failure))),
            }
        });
    }
}
