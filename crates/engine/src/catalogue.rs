//! The models a page offers: the contents of `public/models.json`.

use serde::{Deserialize, Serialize};

/// The whole of `models.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Catalogue {
    /// Version of this format; 1.
    pub version: u32,
    /// In the order in which the page offers them. The first that is no preview is the default.
    pub models: Vec<ModelEntry>,
}

/// One file that can be loaded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelEntry {
    /// Short, unique, stable name: what the page remembers, and part of the file's name in the store.
    pub id: String,
    /// For people.
    pub name: String,
    /// Type of most of its weights, for people, such as `q8_0`.
    pub weights: String,
    /// Where it lies: absolute, or relative to the page.
    pub url: String,
    /// Which version of the file this is; with the id it names the file in the store, so a new revision is fetched anew.
    pub revision: String,
    /// Exact size of the file in bytes.
    pub bytes: u64,
    /// SHA-256 of the file in lower-case hexadecimal, where it is known for certain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// SPDX identifier of the weights' licence.
    pub licence: String,
    /// One honest line on what it is good for.
    pub about: String,
    /// Where its card lies, if there is one: what to know of the model before relying on it. Relative to the page, which
    /// reads it (`src/state/model_card.rs`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
    /// A stand-in that the page uses until a better model is there; its scores are marked so.
    #[serde(default)]
    pub preview: bool,
}

impl Catalogue {
    /// The model of this id.
    pub fn find(&self, id: &str) -> Option<&ModelEntry> {
        self.models.iter().find(|model| model.id == id)
    }

    /// The model to fetch when nobody has chosen another.
    pub fn default_model(&self) -> Option<&ModelEntry> {
        self.models.iter().find(|model| !model.preview)
    }

    /// The model to answer with until then.
    pub fn preview_model(&self) -> Option<&ModelEntry> {
        self.models.iter().find(|model| model.preview)
    }
}
