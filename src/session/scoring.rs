//! Scores: asked anew when something changed, shown in steps, and put best first once typing has stopped.

use std::time::Duration;

use leptos::prelude::*;

use cliplet_protocol::messages::{Failure, Progress, RequestId, Scores};
use cliplet_protocol::query::PictureId;

use super::Session;
use super::labels::ROWS_A_STEP;
use crate::browser::{self, Timer, in_steps};
use crate::engine::Ended;
use crate::state::labels::LabelId;
use crate::state::scores::Question;
use crate::text;

/// How long typing must pause before the engine is asked, where each answer takes it long: all labels in another template.
pub(super) const PAUSE_WHILE_TYPING: Duration = Duration::from_millis(120);
/// No pause, but one question for all that happens in this task.
pub(super) const AT_ONCE: Duration = Duration::ZERO;
/// How long a question may be under way before typing cancels it, in milliseconds. A shorter one is waited for, so that whoever types
/// quickly sees scores, too.
const WORTH_WAITING: f64 = 150.0;
/// How long after the last key rows may move.
const QUIET: f64 = 700.0;
/// How long scores must stand before a screen reader says them.
const STANDS: Duration = Duration::from_millis(900);

/// What the engine is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtWork {
    /// It encodes the picture.
    Picture,
    /// It encodes prompts.
    Labels {
        /// So many are encoded.
        done: u32,
        /// So many there are to encode.
        total: u32,
    },
}

/// What is under way with scores.
#[derive(Default)]
pub(super) struct Desk {
    ask: Timer,
    arrange: Timer,
    /// The question under way and who answers it.
    asked: Option<(RequestId, Question, String)>,
    /// When that was put.
    asked_at: f64,
    /// Something has changed since.
    ask_again: bool,
    /// Counts answers, so that showing one stops when the next has come.
    showing: u32,
    last_key: f64,
    composing: bool,
    last_said: String,
    /// The picture that the engine did not know although it had been given to it.
    given_again: Option<PictureId>,
}

impl Session {
    /// Asks anew after `wait`; a call within that time begins it again.
    pub(super) fn score_after(self, wait: Duration) {
        self.settled.set(false);
        if self.scored_by.with_untracked(Option::is_some) {
            self.stale.set(true);
        }
        self.with_desk(|desk| desk.scoring.ask.set(wait, move || self.score_now()));
    }

    /// Asks anew what one more letter has changed: at once where nothing is under way, otherwise as soon as that has ended, or has
    /// taken long.
    pub(super) fn score_after_typing(self) {
        let waited = self.with_desk(|desk| {
            let under_way = desk.scoring.asked.is_some();
            under_way.then(|| browser::now() - desk.scoring.asked_at)
        });
        match waited {
            Some(waited) if waited < WORTH_WAITING => {
                self.score_after(Duration::from_secs_f64((WORTH_WAITING - waited) / 1_000.0));
                self.with_desk(|desk| desk.scoring.ask_again = true);
            }
            _ => self.score_after(AT_ONCE),
        }
    }

    /// Asks now what there is to ask.
    pub fn score_now(self) {
        self.with_desk(|desk| {
            desk.scoring.ask.clear();
            desk.scoring.ask_again = false;
        });
        if self.searches() {
            return self.search_now();
        }
        self.go_on_with_collection();
        // The camera's next picture is asked with what there is then.
        if self.is_live() {
            return self.go_on_with_models();
        }
        let Some(question) = self.question() else {
            self.nothing_to_ask();
            return;
        };
        self.models.update_value(|models| models.picture_waits());
        let model = self
            .models
            .with_value(|models| models.answering().map(|model| model.id.clone()));
        if let Some(model) = model {
            self.put(question, model);
        }
        self.go_on_with_models();
    }

    pub(super) fn question(self) -> Option<Question> {
        let picture = self
            .picture
            .with_untracked(|picture| picture.as_ref().map(|picture| picture.id))?;
        self.question_about(picture)
    }

    /// What is asked about a picture, with the labels as they are.
    pub(super) fn question_about(self, picture: PictureId) -> Option<Question> {
        let labels = self.labels.with_value(|labels| labels.usable());
        let templates = self
            .template
            .with_untracked(|template| template.in_force().to_owned());
        (!labels.is_empty()).then_some(Question {
            picture,
            labels,
            templates,
            scoring: self.tools.scoring.get_untracked(),
        })
    }

    pub(super) fn nothing_to_ask(self) {
        self.stop_asking();
        self.scores.update_value(|scores| scores.clear());
        self.scored_by.set(None);
        self.tools.none_fits.set(None);
        self.stale.set(false);
        self.refresh_all();
        self.arrange_when_quiet();
    }

    /// Cancels the question under way.
    pub(super) fn stop_asking(self) {
        if let Some((request, ..)) = self.with_desk(|desk| desk.scoring.asked.take()) {
            self.engine().cancel(request);
        }
        self.at_work.set(None);
    }

    fn put(self, question: Question, model: String) {
        let under_way = self.with_desk(|desk| {
            desk.scoring
                .asked
                .as_ref()
                .is_some_and(|(_, asked, by)| *asked == question && *by == model)
        });
        if under_way {
            return;
        }
        self.stop_asking();
        if self
            .scores
            .with_value(|scores| scores.answer(&question, &model))
        {
            self.stale.set(false);
            self.arrange_when_quiet();
            return;
        }
        let request = question.request();
        let call = self
            .engine()
            .ask_with_progress(request, move |_, progress| match progress {
                Progress::EncodingPicture => self.at_work.set(Some(AtWork::Picture)),
                Progress::EncodingLabels { done, total } => {
                    self.at_work.set(Some(AtWork::Labels { done, total }))
                }
                Progress::Downloading { .. }
                | Progress::Retrying { .. }
                | Progress::Elsewhere { .. }
                | Progress::LoadingModel => {}
            });
        let id = call.id;
        self.with_desk(|desk| {
            desk.scoring.asked = Some((id, question.clone(), model));
            desk.scoring.asked_at = browser::now();
        });
        leptos::task::spawn_local(async move {
            let end = call.end().await;
            let is_latest = self.with_desk(|desk| {
                desk.scoring
                    .asked
                    .take_if(|(request, ..)| *request == id)
                    .is_some()
            });
            if !is_latest {
                return;
            }
            self.at_work.set(None);
            match end {
                Ok(answer) => self.answered(question, answer),
                Err(Ended::Cancelled) => {}
                // A model is on its way, and will be asked when it is there.
                Err(Ended::Failed(Failure::NoModel)) => {}
                Err(Ended::Failed(Failure::UnknownPicture))
                    if self.may_give_again(question.picture) =>
                {
                    self.give_picture_again();
                }
                Err(Ended::Failed(failure)) => self.error.set(Some(text::not_scored(&failure))),
            }
            if self.with_desk(|desk| desk.scoring.ask_again) {
                self.score_now();
            }
        });
    }

    /// Whether a picture the engine does not know is worth giving to it again: once.
    fn may_give_again(self, picture: PictureId) -> bool {
        self.with_desk(|desk| desk.scoring.given_again.replace(picture) != Some(picture))
    }

    /// Shows an answer.
    pub(super) fn answered(self, question: Question, answer: Scores) {
        let Scores {
            model,
            scores,
            fit,
            none_fits,
            ..
        } = answer;
        let by = self
            .models
            .with_value(|models| models.all().iter().find(|entry| entry.id == model).cloned());
        // Typing may have gone on since it was asked.
        self.stale.set(self.question().as_ref() != Some(&question));
        self.scores
            .update_value(|shown| shown.take(question, model, &scores));
        self.scored_by.set(by);
        self.say_whether_any_fits(fit.filter(|_| none_fits));
        self.read_open_label();
        self.score_draft();

        let showing = self.with_desk(|desk| {
            desk.scoring.showing += 1;
            desk.scoring.showing
        });
        // Best first, so that what is looked at is there in the first step.
        let mut order = self.order();
        in_steps(move || {
            if self.with_desk(|desk| desk.scoring.showing != showing) {
                return false;
            }
            let rest = order.split_off(order.len().min(ROWS_A_STEP));
            self.refresh(std::mem::replace(&mut order, rest));
            if order.is_empty() {
                self.arrange_when_quiet();
            }
            !order.is_empty()
        });
    }

    /// Says so where none of the labels fits: `fit` is what the best one gets against the neutral prompt then.
    fn say_whether_any_fits(self, fit: Option<f32>) {
        let best = self.scores.with_value(|scores| scores.best(1));
        let neutral = self
            .tools
            .scoring
            .with_untracked(|scoring| scoring.neutral.clone());
        let said = fit.zip(best.first());
        let said = said.map(|(fit, (label, _))| text::labels::none_fits(label, fit, &neutral));
        self.tools.none_fits.set(said);
    }

    fn order(self) -> Vec<LabelId> {
        self.labels.with_value(|labels| {
            let own_order = self.tools.shown.with_untracked(|shown| shown.own_order);
            match own_order {
                true => labels.list().iter().map(|label| label.id).collect(),
                false => self.scores.with_value(|scores| scores.order(labels.list())),
            }
        })
    }

    /// A key was pressed in a text field.
    pub fn typed(self) {
        self.with_desk(|desk| desk.scoring.last_key = browser::now());
    }

    /// A word is being composed, as people do who write with an input method.
    pub fn composing(self, composing: bool) {
        self.with_desk(|desk| desk.scoring.composing = composing);
        self.typed();
    }

    /// Puts the rows best first, now or when typing has stopped.
    pub(super) fn arrange_when_quiet(self) {
        let (since, composing) = self.with_desk(|desk| {
            (
                browser::now() - desk.scoring.last_key,
                desk.scoring.composing,
            )
        });
        let has_typed = self.with_desk(|desk| desk.scoring.last_key > 0.0);
        let wait = match has_typed && (since < QUIET || composing) {
            // Not at zero even where nothing was typed: the rows themselves are drawn at the end of this task.
            false => Duration::ZERO,
            true => Duration::from_secs_f64((QUIET - since).max(100.0) / 1_000.0),
        };
        let quiet = wait.is_zero();
        self.with_desk(|desk| {
            desk.scoring.arrange.set(wait, move || {
                if quiet {
                    self.arrange()
                } else {
                    self.arrange_when_quiet()
                }
            });
        });
    }

    /// Puts the rows in order at once, although somebody may be typing: it is what they want.
    pub(super) fn arrange_now(self) {
        self.with_desk(|desk| desk.scoring.arrange.clear());
        self.arrange();
    }

    fn arrange(self) {
        if let Some(list) = self.list.get_untracked() {
            browser::put_in_order(&list, &self.order());
        }
        let answered = match (
            self.question(),
            self.models.with_value(|models| models.answering().cloned()),
        ) {
            (Some(question), Some(model)) => self
                .scores
                .with_value(|scores| scores.answer(&question, &model.id)),
            _ => false,
        };
        if answered && self.all_rows_are_there() {
            self.settled.set(true);
            self.with_desk(|desk| desk.announce.set(STANDS, move || self.announce_result()));
        }
    }

    fn announce_result(self) {
        if !self.settled.get_untracked() {
            return;
        }
        let preview = self
            .scored_by
            .with_untracked(|model| model.as_ref().is_some_and(|model| model.preview));
        let best = self.scores.with_value(|scores| scores.best(3));
        let result = match self.tools.none_fits.with_untracked(Option::is_some) {
            true => text::labels::NONE_FITS.to_owned(),
            false => text::result(&best, preview),
        };
        let news = self.with_desk(|desk| {
            std::mem::replace(&mut desk.scoring.last_said, result.clone()) != result
        });
        if news && !result.is_empty() {
            self.announce(result);
        }
    }
}
