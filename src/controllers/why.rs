//! Why a label has its score: the parts of the picture that speak for it.

use leptos::prelude::*;

use cliplet_protocol::messages::{Explain, Failure};

use super::base::Base;
use super::camera::CameraController;
use super::pictures::PicturesController;
use super::scoring::ScoringController;
use super::support::{Local, lasting, readable};
use crate::engine::{Ended, Latest};
use crate::state::labels::LabelId;
use crate::state::scores::Question;
use crate::state::why::Why;
use crate::text;

/// The map over the picture.
pub struct WhyController {
    base: Base,
    pictures: &'static PicturesController,
    scoring: &'static ScoringController,
    camera: &'static CameraController,
    label: RwSignal<Option<LabelId>>,
    shown: RwSignal<Option<Why>>,
    trouble: RwSignal<Option<String>>,
    pending: Local<Pending>,
}

#[derive(Default)]
struct Pending {
    /// The question and label that are on their way or shown, by this model.
    asked: Option<(Question, LabelId, String)>,
    latest: Latest,
}

impl WhyController {
    pub(crate) fn new(
        base: Base,
        pictures: &'static PicturesController,
        scoring: &'static ScoringController,
        camera: &'static CameraController,
    ) -> &'static Self {
        lasting(Self {
            base,
            pictures,
            scoring,
            camera,
            label: RwSignal::default(),
            shown: RwSignal::default(),
            trouble: RwSignal::default(),
            pending: Local::default(),
        })
    }

    readable! {
        /// The label that somebody wants to know about.
        label: Option<LabelId>;
        /// What there is to show.
        shown: Option<Why>;
        /// Why there is nothing.
        trouble: Option<String>;
    }

    /// Shows what speaks for a label.
    pub fn choose(&self, label: LabelId) {
        self.label.set(Some(label));
    }

    /// Keeps the map to what is on screen, for as long as the page lives.
    pub(crate) fn follow(&'static self) {
        Effect::new(move |_| {
            self.label().track();
            self.pictures.picture().track();
            self.scoring.scored_by().track();
            self.scoring.settled().track();
            untrack(|| self.explain());
        });
    }

    /// Shows what speaks for a label, or nothing any more if that is shown.
    pub fn toggle(&'static self, label: LabelId) {
        let same = self.label().get_untracked() == Some(label);
        self.label.set((!same).then_some(label));
    }

    /// Takes the map off the picture.
    pub fn hide(&'static self) {
        self.label.set(None);
    }

    /// The labels that can be asked about, best first, each with its name. Follows the scores.
    pub fn explainable(&'static self) -> Vec<(LabelId, String)> {
        self.scoring.settled().track();
        if self.scoring.scored_by().read().is_none()
            || self.pictures.picture().read().is_none()
            || self.camera.is_live()
        {
            return Vec::new();
        }
        let Some(question) = self.scoring.question() else {
            return Vec::new();
        };
        let labels = question
            .labels
            .into_iter()
            .map(|(id, candidate)| (id, (id, candidate.label)));
        self.scoring
            .with_scores(|scores| scores.best_first_of(labels, |label, _| label))
    }

    fn explain(&'static self) {
        let wanted = self.label().get_untracked();
        let question = self.scoring.question().filter(|_| !self.camera.is_live());
        let model = self
            .scoring
            .with_scores(|scores| scores.model().map(str::to_owned));
        let (Some(label), Some(question), Some(model)) = (wanted, question, model) else {
            return self.explain_nothing();
        };
        let at = question.labels.iter().position(|(id, _)| *id == label);
        let answered = self
            .scoring
            .with_scores(|scores| scores.answer(&question, &model));
        let Some(at) = at else {
            // The label is gone.
            self.label.set(None);
            return self.explain_nothing();
        };
        let asked = (question, label, model);
        let same = self
            .pending
            .with(|pending| pending.asked.as_ref() == Some(&asked));
        if same {
            return;
        }
        self.explain_nothing();
        // It is asked once the scores are there: they come first.
        if !answered {
            return;
        }
        let query = asked.0.query();
        let name = query.labels[at].label.clone();
        let request = Explain {
            picture: asked.0.picture,
            query,
            label: at as u32,
        };
        let latest = self.pending.with(|pending| {
            pending.asked = Some(asked);
            pending.latest.clone()
        });
        latest.ask(&self.base.engine(), request, move |end| match end {
            Ok(explanation) => {
                let why = Why {
                    label: name,
                    alone: explanation.alone,
                    across: explanation.across as usize,
                    patches: explanation.patches,
                    rest: explanation.rest,
                    kept: explanation.kept,
                };
                self.base.messages.announce(text::why_in_words(&why));
                self.shown.set(Some(why));
            }
            Err(Ended::Failed(failure)) if failure != Failure::NoModel => {
                self.trouble.set(Some(text::no_why(&failure)));
            }
            Err(_) => self.pending.with(|pending| pending.asked = None),
        });
    }

    fn explain_nothing(&'static self) {
        let latest = self.pending.with(|pending| {
            pending.asked = None;
            pending.latest.clone()
        });
        latest.cancel(&self.base.engine());
        if self.shown().with_untracked(Option::is_some) {
            self.shown.set(None);
        }
        self.trouble.set(None);
    }
}
