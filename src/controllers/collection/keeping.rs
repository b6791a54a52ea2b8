//! What stays for the next visit.

use std::time::Duration;

use leptos::prelude::*;

use cliplet_protocol::collection::DeletePictureStore;

use super::CollectionController;
use crate::browser::BrowserStorage;
use crate::state::collection::{Item, Standing};
use crate::state::collection_saved::SavedCollection;
use crate::state::vocabulary::Vocabulary;
use crate::text;
use crate::text::collection as words;

impl CollectionController {
    /// Keeps previews and embeddings from now on, or no longer. What is kept stays until it is
    /// deleted.
    pub fn keep_from_now(&'static self, keep: bool) {
        self.keeps.set(keep);
        self.save_soon();
        if keep {
            self.go_on();
        }
    }

    /// Deletes all that is kept. What is open stays open.
    pub fn delete_kept(&'static self) {
        leptos::task::spawn_local(async move {
            match self.ask(DeletePictureStore).await {
                Ok(_) => {
                    self.kept.set(0);
                    self.pending.with(|pending| pending.store_for = None);
                    self.keeps.set(false);
                    SavedCollection {
                        kept: 0,
                        ..self.to_save()
                    }
                    .write(&BrowserStorage);
                    self.note.set(Some(words::DELETED.to_owned()));
                    self.base.messages.announce(words::DELETED.to_owned());
                }
                Err(failure) => self
                    .note
                    .set(Some(text::not_deleted(words::PREVIEWS, &failure))),
            }
        });
    }

    pub(super) fn save_soon(&'static self) {
        const WAIT: Duration = Duration::from_millis(400);
        self.pending.with(|pending| {
            pending.save.set(WAIT, move || {
                self.to_save().write(&BrowserStorage);
            });
        });
    }

    fn to_save(&'static self) -> SavedCollection {
        let keep = self.keeps().get_untracked();
        let is_kept = keep && self.pending.with(|pending| pending.has_store);
        let open = self.data.read(|data| {
            let read = |item: &&Item| matches!(item.standing, Standing::Read | Standing::Unread);
            data.there().filter(read).count()
        });
        let kept = self.kept().get_untracked() + if is_kept { open } else { 0 };
        let present = self.probe().with_untracked(|probe| {
            probe
                .as_ref()
                .map(|probe| (probe.json.clone(), self.by_probe().get_untracked()))
        });
        let probe = present.or_else(|| self.pending.with(|pending| pending.saved_probe.clone()));
        SavedCollection {
            keep,
            kept,
            by_probe: probe.as_ref().is_some_and(|(_, by_probe)| *by_probe),
            probe: probe.map(|(json, _)| json),
            vocabulary: self.vocabulary().with_untracked(Vocabulary::value),
        }
    }
}
