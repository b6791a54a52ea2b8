//! The reader of what callers of `cliplet.js` write, as a program of its own, which that fetches
//! when it is first wanted: lists of labels, and what names a model that is not in the catalogue.
//! The page has both in its own program.
//!
//! Models are given as JSON, as `models.json` has them.

use cliplet_protocol::catalogue::{Layout, ModelEntry};
use cliplet_protocol::label_list::{self, Colons};
use cliplet_protocol::model_address::{self, AddressError, Chosen};
use wasm_bindgen::prelude::wasm_bindgen;

/// The type that a folder's weights are made into unless a caller says otherwise.
const WEIGHTS: &str = "q8_0";

fn main() {}

/// The labels of a list, each once, as [`label_list::read_distinct`] reads them.
#[wasm_bindgen]
pub fn labels(list: &str) -> Vec<String> {
    label_list::read_distinct(list, Colons::Plain)
}

/// The model at an address, or in a repository as `owner/name`.
///
/// # Errors
/// The name of an [`AddressError`].
#[wasm_bindgen]
pub fn model_at(text: &str) -> Result<String, String> {
    let model = if text.contains("://") {
        model_address::at_address(text, WEIGHTS)
    } else {
        model_address::model_at(text, WEIGHTS)
    };
    let name = |error| match error {
        AddressError::OtherFile => "OtherFile",
        AddressError::Nothing | AddressError::NoName | AddressError::NotSafe => "NoName",
    };
    model.map(json).map_err(|error| name(error).to_owned())
}

/// The model at an address where a caller knows what lies there.
#[wasm_bindgen]
pub fn model_described(address: &str, is_folder: bool, weights: Option<String>) -> String {
    let layout = if is_folder {
        Layout::Transformers
    } else {
        Layout::Gguf
    };
    let weights = weights.as_deref().unwrap_or(WEIGHTS);
    json(model_address::described(address, layout, weights))
}

/// The model in files of these names, if they are one.
#[wasm_bindgen]
pub fn model_of_files(names: Vec<String>) -> Option<String> {
    match model_address::chosen(&names) {
        Chosen::Model(layout) => Some(json(model_address::model_of_files(&names, layout, WEIGHTS))),
        Chosen::WithoutConfig | Chosen::Other => None,
    }
}

fn json(model: ModelEntry) -> String {
    serde_json::to_string(&model).expect("the entry of a model is an object")
}
