//! Model files that the browser keeps: showing and deleting them, and asking the browser to keep
//! them for good.

use leptos::prelude::*;

use cliplet_protocol::messages::{Ask, DeleteFile, Failure, ListFiles, StoredFile, StoredFiles};

use super::ModelsController;
use crate::browser;
use crate::engine::Ended;
use crate::state::kept::Kept;
use crate::text;

impl ModelsController {
    /// Finds out what the browser keeps, for [`Self::kept`].
    pub fn list_files(&'static self) {
        self.ask_about_files(ListFiles, |_| ());
    }

    /// Finds out which models are kept, so that one of them can be read at once.
    pub(crate) fn find_out_what_is_kept(&'static self) {
        let call = self.base.engine().ask(ListFiles);
        leptos::task::spawn_local(async move {
            let Ok(StoredFiles { files, .. }) = call.end().await else {
                return;
            };
            let whole = files.iter().filter(|file| file.whole);
            let names = whole.map(|file| (&file.model[..], &file.revision[..]));
            self.update(|models| models.keeps(names));
            self.base.autosave.soon();
            self.go_on();
        });
    }

    /// Deletes a file. A model that was read from it goes on answering.
    pub fn delete_file(&'static self, file: StoredFile) {
        let request = DeleteFile {
            name: file.name.clone(),
        };
        self.ask_about_files(request, move |ended| match ended {
            Ok(()) => {
                self.update(|models| models.deleted(&file.model, &file.revision));
                self.base.autosave.soon();
                // What is shown of a model says whether it is kept.
                self.status.notify();
                self.base.messages.announce(text::deleted(&file.title));
            }
            Err(failure) => {
                let sentence = text::not_deleted(&file.title, &failure);
                self.files_trouble.set(Some(sentence));
            }
        });
    }

    fn ask_about_files(
        &'static self,
        request: impl Ask<Answer = StoredFiles>,
        then: impl FnOnce(Result<(), Failure>) + 'static,
    ) {
        self.files_trouble.set(None);
        let call = self.base.engine().ask(request);
        leptos::task::spawn_local(async move {
            match call.end().await {
                Ok(StoredFiles {
                    files,
                    used,
                    available,
                }) => {
                    let persistent = browser::is_storage_persistent().await;
                    self.kept.set(Some(Kept {
                        files,
                        used,
                        available,
                        persistent,
                    }));
                    then(Ok(()));
                }
                Err(Ended::Failed(failure)) => then(Err(failure)),
                Err(Ended::Cancelled) => {}
            }
        });
    }

    /// A model has come, or a part of one. Once one that took a while to fetch is kept, the browser
    /// is asked to keep it for good: then a person who is asked knows what for.
    pub(super) fn files_have_changed(&'static self, is_ready: bool) {
        // A reader of somebody else's page is asked nothing.
        let is_worth_it = is_ready
            && !self.base.frame.is_embedded()
            && self.with(|models| {
                models
                    .answering()
                    .is_some_and(|model| !model.preview && models.is_kept(model))
            });
        let first = is_worth_it
            && self
                .pending
                .with(|pending| !std::mem::replace(&mut pending.asked_to_persist, true));
        leptos::task::spawn_local(async move {
            if first && !browser::is_storage_persistent().await {
                browser::persist_storage().await;
            }
            if self.kept().with_untracked(Option::is_some) {
                self.list_files();
            }
        });
    }
}
