//! Models that people bring themselves: from a repository, an address, or files on this device.

use std::collections::HashMap;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Blob, File};

use cliplet_protocol::catalogue::ModelEntry;
use cliplet_protocol::messages::TakeModelFile;

use super::Session;
use crate::state::address::{self, Chosen};
use crate::text;

/// Files on this device, by the id of the model that they belong to.
#[derive(Default)]
pub(super) struct Desk {
    files: HashMap<String, Vec<File>>,
}

impl Session {
    /// Adds the model that a text names, chooses it and fetches it.
    ///
    /// # Errors
    /// A sentence if it names none.
    pub fn add_model_at(self, text: &str, weights: &str) -> Result<(), &'static str> {
        let model = address::model_at(text, weights).map_err(text::no_model_there)?;
        self.add_own(model);
        Ok(())
    }

    /// Adds the model that is in some files, chooses it and reads it.
    ///
    /// # Errors
    /// A sentence if there is none in them.
    pub fn add_model_of(self, files: Vec<File>, weights: &str) -> Result<(), &'static str> {
        let names: Vec<String> = files.iter().map(File::name).collect();
        match address::chosen(&names) {
            Chosen::Model(layout) => {
                let model = address::model_of_files(&names, layout, weights);
                self.with_desk(|desk| desk.own_models.files.insert(model.id.clone(), files));
                self.add_own(model);
                Ok(())
            }
            other => Err(text::no_model_in_files(other)),
        }
    }

    /// Takes a model off the list. What is kept of it stays until it is deleted.
    pub fn remove_model(self, id: &str) {
        self.models.update_value(|models| models.remove_own(id));
        self.with_desk(|desk| desk.own_models.files.remove(id));
        self.save_soon();
        self.show_catalogue();
        self.go_on_with_models();
    }

    /// Whether the person has added a model. Follows [`Session::catalogue`].
    pub fn is_own_model(self, id: &str) -> bool {
        self.catalogue.track();
        self.models.with_value(|models| models.is_own(id))
    }

    fn add_own(self, model: ModelEntry) {
        let (id, name) = (model.id.clone(), model.name.clone());
        self.models.update_value(|models| {
            models.add_own(model);
            models.choose(&id);
            models.fetch();
        });
        self.save_soon();
        self.show_catalogue();
        self.announce(text::model_added(&name));
        self.go_on_with_models();
    }

    /// Gives the engine the files of a model that lies on this device. The browser can read them as long as the page is there.
    pub(super) fn hand_over_files(self, model: &str) {
        let files = self.with_desk(|desk| desk.own_models.files.get(model).cloned());
        for file in files.into_iter().flatten() {
            let request = TakeModelFile {
                model: model.to_owned(),
                name: file.name(),
            };
            let file: Blob = file.unchecked_into();
            let call = self.engine().ask_with_file(request, Some(&file));
            leptos::task::spawn_local(async move {
                // If it cannot be taken, the model's own request says so.
                call.end().await.ok();
            });
        }
    }
}
