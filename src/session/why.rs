//! Why a label has its score: the parts of the picture that speak for it.

use leptos::prelude::*;

use cliplet_protocol::messages::{Explain, Failure};

use super::Session;
use crate::engine::{Ended, Latest};
use crate::state::labels::LabelId;
use crate::state::scores::Question;
use crate::state::why::Why;
use crate::text;

/// What the map over the picture shows.
#[derive(Clone, Copy, Default)]
pub struct WhyMap {
    /// The label that somebody wants to know about.
    pub label: RwSignal<Option<LabelId>>,
    /// What there is to show.
    pub shown: RwSignal<Option<Why>>,
    /// Why there is nothing.
    pub trouble: RwSignal<Option<String>>,
}

/// What is under way with it.
#[derive(Default)]
pub(super) struct Desk {
    /// The question and label that are on their way or shown, by this model.
    asked: Option<(Question, LabelId, String)>,
    latest: Latest,
}

impl Session {
    /// Keeps the map to what is on screen, for as long as the page lives.
    pub(super) fn follow_why(self) {
        Effect::new(move |_| {
            self.why.label.track();
            self.picture.track();
            self.scored_by.track();
            self.settled.track();
            untrack(|| self.explain());
        });
    }

    /// Shows what speaks for a label, or nothing any more if that is shown.
    pub fn ask_why(self, label: LabelId) {
        let same = self.why.label.get_untracked() == Some(label);
        self.why.label.set((!same).then_some(label));
    }

    /// Takes the map off the picture.
    pub fn hide_why(self) {
        self.why.label.set(None);
    }

    /// The labels that can be asked about, best first, each with its name. Follows the scores.
    pub fn explainable(self) -> Vec<(LabelId, String)> {
        self.settled.track();
        if self.scored_by.read().is_none() || self.picture.read().is_none() || self.is_live() {
            return Vec::new();
        }
        let Some(question) = self.question() else {
            return Vec::new();
        };
        let labels = question
            .labels
            .into_iter()
            .map(|(id, candidate)| (id, (id, candidate.label)));
        self.scores
            .with_value(|scores| scores.best_first_of(labels, |label, _| label))
    }

    fn explain(self) {
        let wanted = self.why.label.get_untracked();
        let question = self.question().filter(|_| !self.is_live());
        let model = self
            .scores
            .with_value(|scores| scores.model().map(str::to_owned));
        let (Some(label), Some(question), Some(model)) = (wanted, question, model) else {
            return self.explain_nothing();
        };
        let at = question.labels.iter().position(|(id, _)| *id == label);
        let answered = self
            .scores
            .with_value(|scores| scores.answer(&question, &model));
        let Some(at) = at else {
            // The label is gone.
            self.why.label.set(None);
            return self.explain_nothing();
        };
        let asked = (question, label, model);
        let same = self.with_desk(|desk| desk.why.asked.as_ref() == Some(&asked));
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
        let latest = self.with_desk(|desk| {
            desk.why.asked = Some(asked);
            desk.why.latest.clone()
        });
        latest.ask(&self.engine(), request, move |end| match end {
            Ok(explanation) => {
                let why = Why {
                    label: name,
                    alone: explanation.alone,
                    across: explanation.across as usize,
                    patches: explanation.patches,
                    rest: explanation.rest,
                    kept: explanation.kept,
                };
                self.announce(text::why_in_words(&why));
                self.why.shown.set(Some(why));
            }
            Err(Ended::Failed(failure)) if failure != Failure::NoModel => {
                self.why.trouble.set(Some(text::no_why(&failure)));
            }
            Err(_) => self.with_desk(|desk| desk.why.asked = None),
        });
    }

    fn explain_nothing(self) {
        let latest = self.with_desk(|desk| {
            desk.why.asked = None;
            desk.why.latest.clone()
        });
        latest.cancel(&self.engine());
        if self.why.shown.with_untracked(Option::is_some) {
            self.why.shown.set(None);
        }
        self.why.trouble.set(None);
    }
}
