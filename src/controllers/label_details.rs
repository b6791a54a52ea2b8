//! The label that is looked at closely, and how the model reads its prompts.

use leptos::prelude::*;

use cliplet_protocol::messages::{PromptTokens, Tokenize, Tokens};

use super::base::Base;
use super::labels::LabelsController;
use super::query::QueryController;
use super::support::{Local, lasting, readable};
use crate::engine::Latest;
use crate::state::label_text;
use crate::state::labels::LabelId;

/// How the model reads some prompts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// The prompts.
    pub prompts: Vec<String>,
    /// The most tokens that it reads, and how each prompt is read; `None` as long as no model has
    /// said so.
    pub tokens: Option<(u32, Vec<PromptTokens>)>,
}

/// One label in detail.
pub struct LabelDetailsController {
    base: Base,
    query: &'static QueryController,
    labels: &'static LabelsController,
    open: RwSignal<Option<LabelId>>,
    reading: RwSignal<Reading>,
    latest: Local<Latest>,
}

impl LabelDetailsController {
    pub(crate) fn new(
        base: Base,
        query: &'static QueryController,
        labels: &'static LabelsController,
    ) -> &'static Self {
        lasting(Self {
            base,
            query,
            labels,
            open: RwSignal::default(),
            reading: RwSignal::default(),
            latest: Local::default(),
        })
    }

    readable! {
        /// The label that is looked at closely.
        open: Option<LabelId>;
        /// How the model reads its prompts.
        reading: Reading;
    }

    /// Whether a label is looked at closely.
    pub(crate) fn is_open(&self, id: LabelId) -> bool {
        self.open().get_untracked() == Some(id)
    }

    /// Looks at a label closely, or no longer.
    pub fn toggle(&'static self, id: LabelId) {
        let open = self.open().get_untracked() != Some(id);
        self.open.set(open.then_some(id));
        self.reading.set(Reading::default());
        self.read();
    }

    /// Finds out how the model reads the prompts of the label that is looked at.
    pub(crate) fn read(&'static self) {
        let Some(id) = self.open().get_untracked() else {
            return;
        };
        let candidate = label_text::read(&self.labels.text(id));
        if candidate.label.is_empty() {
            return self.reading.set(Reading::default());
        }
        let prompts = self
            .query
            .template()
            .with_untracked(|template| candidate.filled(template.in_force()));
        self.reading.update(|reading| {
            if reading.prompts != prompts {
                *reading = Reading {
                    prompts: prompts.clone(),
                    tokens: None,
                };
            }
        });
        let request = Tokenize {
            prompts: prompts.clone(),
        };
        let latest = self.latest.with(|latest| latest.clone());
        latest.ask(&self.base.engine(), request, move |end| {
            // Without a model nobody can say; it is asked again with the next scores.
            if let Ok(Tokens {
                context,
                prompts: tokens,
                ..
            }) = end
            {
                self.reading.set(Reading {
                    prompts,
                    tokens: Some((context, tokens)),
                });
            }
        });
    }
}
