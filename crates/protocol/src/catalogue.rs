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

/// How a model is laid out where it comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// One file in the format GGUF, as clip.cpp writes it.
    #[default]
    Gguf,
    /// A folder as Hugging Face transformers lays out a CLIPModel: `config.json`,
    /// `preprocessor_config.json`, `tokenizer.json`, and the weights in one or several safetensors
    /// files. It is made into a GGUF while it arrives.
    Transformers,
}

/// One model that can be loaded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelEntry {
    /// Short, unique, stable name: what the page remembers, and part of the file's name in the
    /// store.
    pub id: String,
    /// For people.
    pub name: String,
    /// Type of most of its weights, such as `q8_0`: of those in the file, for people, or of those
    /// that a folder's weights are made into: `q8_0`, `q4_0` or `f16`.
    pub weights: String,
    /// What lies at its address.
    #[serde(default)]
    pub layout: Layout,
    /// Where it lies: absolute, or relative to the page. The address of a folder ends in `/`.
    pub url: String,
    /// Which version of the file this is; with the id it names the file in the store, so a new
    /// revision is fetched anew.
    pub revision: String,
    /// Bytes to fetch, where they are known: for a file exactly, and another length is an error;
    /// for a folder those of the weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// SHA-256 of the file in lower-case hexadecimal, where it is known for certain. Not for a
    /// folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// SPDX expression for the weights' licence.
    pub licence: String,
    /// One honest line on what it is good for.
    pub about: String,
    /// Where its card lies, if there is one: what to know of the model before relying on it.
    /// Relative to the page, which reads it (`src/state/model_card.rs`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
    /// A stand-in that the page uses until a better model is there; its scores are marked so.
    #[serde(default)]
    pub preview: bool,
}

/// How the addresses of models begin whose files a person has chosen on this device.
pub const ON_DEVICE: &str = "device:";

impl ModelEntry {
    /// Whether its files were chosen on this device, and lie at no address.
    pub fn is_on_device(&self) -> bool {
        self.url.starts_with(ON_DEVICE)
    }
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
