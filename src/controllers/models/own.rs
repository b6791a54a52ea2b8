//! Models that people bring themselves: from a repository, an address, or files on this device.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Blob, File};

use cliplet_protocol::catalogue::ModelEntry;
use cliplet_protocol::messages::TakeModelFile;

use super::ModelsController;
use crate::state::address::{self, Chosen};
use crate::text;

impl ModelsController {
    /// Adds the model that a text names, chooses it and fetches it.
    ///
    /// # Errors
    /// A sentence if it names none.
    pub fn add_at(&'static self, text: &str, weights: &str) -> Result<(), &'static str> {
        let model = address::model_at(text, weights).map_err(text::no_model_there)?;
        self.add_own(model);
        Ok(())
    }

    /// Adds the model that is in some files, chooses it and reads it.
    ///
    /// # Errors
    /// A sentence if there is none in them.
    pub fn add_of(&'static self, files: Vec<File>, weights: &str) -> Result<(), &'static str> {
        let names: Vec<String> = files.iter().map(File::name).collect();
        match address::chosen(&names) {
            Chosen::Model(layout) => {
                let model = address::model_of_files(&names, layout, weights);
                self.pending
                    .with(|pending| pending.files.insert(model.id.clone(), files));
                self.add_own(model);
                Ok(())
            }
            other => Err(text::no_model_in_files(other)),
        }
    }

    /// Takes a model off the list. What is kept of it stays until it is deleted.
    pub fn remove(&'static self, id: &str) {
        self.update(|models| models.remove_own(id));
        self.pending.with(|pending| pending.files.remove(id));
        self.base.autosave.soon();
        self.show_catalogue();
        self.go_on();
    }

    /// Whether the person has added a model. Follows [`Self::catalogue`].
    pub fn is_own(&'static self, id: &str) -> bool {
        self.catalogue().track();
        self.with(|models| models.is_own(id))
    }

    fn add_own(&'static self, model: ModelEntry) {
        let (id, name) = (model.id.clone(), model.name.clone());
        self.update(|models| {
            models.add_own(model);
            models.choose(&id);
            models.fetch();
        });
        self.base.autosave.soon();
        self.show_catalogue();
        self.base.messages.announce(text::model_added(&name));
        self.go_on();
    }

    /// Gives the engine the files of a model that lies on this device. The browser can read them as
    /// long as the page is there.
    pub(super) fn hand_over_files(&'static self, model: &str) {
        let files = self
            .pending
            .with(|pending| pending.files.get(model).cloned());
        for file in files.into_iter().flatten() {
            let request = TakeModelFile {
                model: model.to_owned(),
                name: file.name(),
            };
            let file: Blob = file.unchecked_into();
            let call = self.base.engine().ask_with_file(request, Some(&file));
            leptos::task::spawn_local(async move {
                // If it cannot be taken, the model's own request says so.
                call.end().await.ok();
            });
        }
    }
}
