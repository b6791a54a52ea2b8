//! Taking pictures: from folders, selections, and earlier visits; putting them away.

use std::collections::HashSet;

use leptos::prelude::*;

use cliplet_protocol::collection::{CloseCollection, ItemId, OpenPictureStore};

use super::{CollectionController, Tool, View};
use crate::browser::in_steps;
use crate::files::{self, Found};
use crate::state::collection::{
    Collection, Filter, Lessons, MOST_PICTURES, class_folder, is_system_file, may_be_picture,
};
use crate::text::collection as words;

/// Files that are taken in one task. So many take a few milliseconds.
const FILES_A_STEP: usize = 40;

impl CollectionController {
    /// Takes pictures out of files that came together, some at a time, so that thousands hold up
    /// nothing. `unread` says what could not be had of a folder.
    pub(in crate::controllers) fn take(
        &'static self,
        found: Vec<Found>,
        in_folder: bool,
        mut unread: Option<String>,
    ) {
        self.base.messages.dismiss_error();
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
                    self.begin();
                }
                taken += 1;
                if !self.add(found) {
                    self.note.set(Some(words::too_many(MOST_PICTURES)));
                    return false;
                }
            }
            if taken > 0 {
                self.pending.with(|pending| pending.said_all_read = false);
                self.show_soon();
                // The first time, with all that comes before reading.
                if std::mem::replace(&mut begun, true) {
                    self.feed()
                } else {
                    self.go_on()
                }
            }
            if !goes_on {
                self.all_are_taken(taken, left_out, in_folder, unread.take());
            }
            goes_on
        });
    }

    fn begin(&'static self) {
        if self.view().get_untracked() == View::Closed {
            // What was closed could be opened again until now.
            self.forget();
        }
        self.note.set(None);
        self.paused.set(false);
        self.open();
    }

    /// Gives whether there was room.
    fn add(&'static self, found: Found) -> bool {
        let Found { file, path } = found;
        let path = path.unwrap_or_else(|| files::path_in_folder(&file));
        let added = self
            .data
            .with(|data| data.add(&file.name(), class_folder(&path)));
        let Some(id) = added else { return false };
        self.pending.with(|pending| pending.files.insert(id, file));
        true
    }

    fn all_are_taken(
        &'static self,
        taken: usize,
        left_out: usize,
        in_folder: bool,
        unread: Option<String>,
    ) {
        if taken == 0 {
            if in_folder {
                self.base.messages.fail(words::NO_PICTURES.to_owned());
            }
            return;
        }
        let left_out = (left_out > 0).then(|| words::left_out(left_out));
        if let Some(note) = unread.or(left_out) {
            self.note.set(Some(note));
        }
        self.go_on();
        let count = self.data.read(|data| data.there().count());
        self.base.messages.announce(words::count(count));
    }

    /// Shows the collection, and goes on reading.
    pub fn open(&'static self) {
        self.view.set(View::Grid);
        self.show();
        self.models.picture_waits();
        self.go_on();
    }

    /// Puts the collection away. It can be opened again until the next is taken.
    pub fn close(&'static self) {
        self.view.set(View::Closed);
        self.paused.set(true);
        self.changes.update(|changes| *changes += 1);
    }

    pub(crate) fn forget(&'static self) {
        if self.is_empty() {
            return;
        }
        self.stop_reading();
        self.data.with(Collection::clear);
        self.lessons.set(Lessons::default());
        self.selected.set(HashSet::new());
        self.checked.set(None);
        self.described.set(None);
        self.undo_offer.set(None);
        self.phrase.set(String::new());
        self.like.set(None);
        self.filter.set(Filter::All);
        self.tool.set(Tool::Look);
        self.pending.with(|pending| {
            pending.files.clear();
            pending.previews.clear();
            pending.asked = None;
        });
        self.tell(CloseCollection);
        // What was read in this visit is now like what was kept in others.
        self.pending.with(|pending| pending.store_for = None);
    }

    /// Opens the pictures that are kept of earlier visits.
    pub fn open_kept(&'static self) {
        if self.view().get_untracked() == View::Closed && !self.is_empty() {
            self.forget();
        }
        let first = self.data.with(Collection::reserve);
        let request = OpenPictureStore { list: Some(first) };
        leptos::task::spawn_local(async move {
            match self.ask(request).await {
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
                        let added = self.data.with(|data| data.add_kept(id, &kept.name, folder));
                        if let (true, Some(preview)) = (added, preview) {
                            self.pending
                                .with(|pending| pending.previews.insert(id, preview));
                            examples.extend(kept.class.map(|class| (class, id)));
                        }
                    }
                    self.examples_again(examples);
                    self.kept.set(0);
                    self.pending.with(|pending| pending.has_store = true);
                    self.paused.set(false);
                    self.open();
                }
                Ok(_) => self.note.set(Some(words::NOT_KEPT.to_owned())),
                Err(failure) => self.base.messages.fail(words::not_asked(&failure)),
            }
        });
    }
}
