//! What the page asks about: pictures, by the names that it gives them, and labels, with what is
//! needed to score a picture against them.

use serde::{Deserialize, Serialize};

use crate::scoring::Scoring;
use crate::template;

/// The page's name for one picture it has handed over, unique while the page lives.
pub type PictureId = u32;

/// Labels, and how a picture is scored against them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LabelQuery {
    /// Candidate labels, all different.
    pub labels: Vec<Candidate>,
    /// Prompt templates of the labels that have no prompts of their own; `{}` stands for the label.
    /// Without any, a label is its own prompt.
    pub templates: Vec<String>,
    /// How scores are made of cosines.
    #[serde(default)]
    pub scoring: Scoring,
}

/// A candidate label, as the model is asked it.
///
/// Where it has several prompts, its embedding is the mean of theirs, each of unit length, made a
/// unit vector again: the ensembles of the CLIP paper (Radford and others, 2021, section 3.1.4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Candidate {
    /// What stands at `{}`. Not empty.
    pub label: String,
    /// Prompts of its own, in the place of all templates; `{}` stands for the label here too.
    #[serde(default)]
    pub prompts: Vec<String>,
}

impl Candidate {
    /// A label that the templates are for.
    pub fn new(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            prompts: Vec::new(),
        }
    }

    /// The prompts that are encoded for it: at least one.
    pub fn filled(&self, templates: &[String]) -> Vec<String> {
        let templates = if self.prompts.is_empty() {
            templates
        } else {
            &self.prompts
        };
        match templates {
            [] => vec![self.label.clone()],
            _ => {
                let filled = templates.iter();
                filled
                    .map(|template| template::fill(template, &self.label))
                    .collect()
            }
        }
    }
}
