//! What stays for the next visit.

use std::time::Duration;

use leptos::prelude::*;

use cliplet_protocol::collection::DeletePictureStore;

use crate::browser::BrowserStorage;
use crate::session::Session;
use crate::state::collection::{Item, Standing};
use crate::state::collection_saved::SavedCollection;
use crate::state::vocabulary::Vocabulary;
use crate::text;
use crate::text::collection as words;

impl Session {
    /// Keeps previews and embeddings from now on, or no longer. What is kept stays until it is deleted.
    pub fn keep_collection(self, keep: bool) {
        self.many.keep.set(keep);
        self.save_collection_soon();
        if keep {
            self.go_on_with_collection();
        }
    }

    /// Deletes all that is kept. What is open stays open.
    pub fn delete_kept(self) {
        leptos::task::spawn_local(async move {
            match self.ask_collection(DeletePictureStore).await {
                Ok(_) => {
                    self.many.kept.set(0);
                    self.with_desk(|desk| desk.many.store_for = None);
                    self.many.keep.set(false);
                    SavedCollection {
                        kept: 0,
                        ..self.collection_to_save()
                    }
                    .write(&BrowserStorage);
                    self.many.note.set(Some(words::DELETED.to_owned()));
                    self.announce(words::DELETED.to_owned());
                }
                Err(failure) => self
                    .many
                    .note
                    .set(Some(text::not_deleted(words::PREVIEWS, &failure))),
            }
        });
    }

    pub(in crate::session) fn restore_collection(self, saved: SavedCollection) {
        if let Some(probe) = saved.probe {
            self.with_desk(|desk| desk.many.saved_probe = Some((probe, saved.by_probe)));
        }
    }

    pub(super) fn save_collection_soon(self) {
        const WAIT: Duration = Duration::from_millis(400);
        self.with_desk(|desk| {
            desk.many.save.set(WAIT, move || {
                self.collection_to_save().write(&BrowserStorage);
            });
        });
    }

    pub(super) fn collection_to_save(self) -> SavedCollection {
        let many = self.many;
        let keep = many.keep.get_untracked();
        let open = many.data.with_value(|data| {
            let read = |item: &&Item| matches!(item.standing, Standing::Read | Standing::Unread);
            data.there().filter(read).count()
        });
        let kept = many.kept.get_untracked() + if keep { open } else { 0 };
        let present = many.probe.with_untracked(|probe| {
            probe
                .as_ref()
                .map(|probe| (probe.json.clone(), many.by_probe.get_untracked()))
        });
        let probe = present.or_else(|| self.with_desk(|desk| desk.many.saved_probe.clone()));
        SavedCollection {
            keep,
            kept,
            by_probe: probe.as_ref().is_some_and(|(_, by_probe)| *by_probe),
            probe: probe.map(|(json, _)| json),
            vocabulary: many.vocabulary.with_untracked(Vocabulary::value),
        }
    }
}
