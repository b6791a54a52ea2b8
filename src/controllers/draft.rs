//! The score of what is typed and not added yet.

use leptos::prelude::*;

use cliplet_protocol::messages::Classify;
use cliplet_protocol::query::Candidate;

use super::base::Base;
use super::camera::CameraController;
use super::models::ModelsController;
use super::scoring::ScoringController;
use super::support::{Local, lasting, readable};
use crate::engine::Latest;
use crate::state::label_text;

/// The longest list that a label is scored with before it is added.
const MOST_WITH_DRAFT: usize = 1_000;

/// What stands in the field that adds labels.
pub struct DraftController {
    base: Base,
    models: &'static ModelsController,
    scoring: &'static ScoringController,
    camera: &'static CameraController,
    score: RwSignal<Option<f32>>,
    pending: Local<Pending>,
}

#[derive(Default)]
struct Pending {
    draft: String,
    asked: Latest,
}

impl DraftController {
    pub(crate) fn new(
        base: Base,
        models: &'static ModelsController,
        scoring: &'static ScoringController,
        camera: &'static CameraController,
    ) -> &'static Self {
        lasting(Self {
            base,
            models,
            scoring,
            camera,
            score: RwSignal::default(),
            pending: Local::default(),
        })
    }

    readable! {
        /// The score that what is typed would have if it were added.
        score: Option<f32>;
    }

    /// Takes what stands in the field that adds labels.
    pub fn set(&'static self, typed: &str) {
        self.pending
            .with(|pending| typed.clone_into(&mut pending.draft));
        self.ask();
    }

    /// Scores what is typed as if it were in the list, where it can be.
    pub(crate) fn ask(&'static self) {
        let under_way = self.pending.with(|pending| pending.asked.is_under_way());
        if under_way {
            return;
        }
        let Some((request, draft)) = self.request() else {
            return self.score.set(None);
        };
        let latest = self.pending.with(|pending| pending.asked.clone());
        latest.ask(&self.base.engine(), request, move |end| {
            if self.pending.with(|pending| pending.draft != draft) {
                return self.ask();
            }
            let last = end.ok().and_then(|answer| answer.scores.last().copied());
            self.score.set(last.map(|last| last.score));
        });
    }

    fn request(&'static self) -> Option<(Classify, String)> {
        let draft = self.pending.with(|pending| pending.draft.clone());
        let candidate = label_text::read(&draft);
        let answers = self.models.with(|models| models.answering().is_some());
        if candidate.label.is_empty()
            || !answers
            || self.camera.is_live()
            || self.base.frame.searches()
        {
            return None;
        }
        let mut question = self.scoring.question()?;
        let name = |candidate: &Candidate| candidate.label.to_lowercase();
        let listed = question
            .labels
            .iter()
            .any(|(_, other)| name(other) == name(&candidate));
        if listed || question.labels.len() > MOST_WITH_DRAFT {
            return None;
        }
        question.labels.push((0, candidate));
        Some((question.request(), draft))
    }
}
