//! Scores: asked anew when something changed, and shown in steps. `order` puts the rows best first
//! once typing has stopped.

mod order;

use std::time::Duration;

use leptos::prelude::*;

use cliplet_protocol::catalogue::ModelEntry;
use cliplet_protocol::messages::{Failure, Progress, RequestId, Scores as Answer};
use cliplet_protocol::query::PictureId;

use super::base::Base;
use super::labels::LabelsController;
use super::labels::ROWS_A_STEP;
use super::models::ModelsController;
use super::pictures::PicturesController;
use super::query::QueryController;
use super::support::{Hook, Local, lasting, readable};
use crate::browser::{self, Timer, in_steps};
use crate::engine::Ended;
use crate::state::saved::Shown;
use crate::state::scores::{self, Question, Scores};
use crate::text;

/// How long typing must pause before the engine is asked, where each answer takes it long: all
/// labels in another template.
pub(crate) const PAUSE_WHILE_TYPING: Duration = Duration::from_millis(120);
/// No pause, but one question for all that happens in this task.
pub(crate) const AT_ONCE: Duration = Duration::ZERO;
/// How long a question may be under way before typing cancels it, in milliseconds. A shorter one is
/// waited for, so that whoever types quickly sees scores, too.
const WORTH_WAITING: f64 = 150.0;

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

/// The scores on screen, and the question under way.
pub struct ScoringController {
    base: Base,
    query: &'static QueryController,
    labels: &'static LabelsController,
    models: &'static ModelsController,
    pictures: &'static PicturesController,
    scores: &'static Local<Scores>,
    shown: RwSignal<Shown>,
    scored_by: RwSignal<Option<ModelEntry>>,
    stale: RwSignal<bool>,
    settled: RwSignal<bool>,
    at_work: RwSignal<Option<AtWork>>,
    none_fits: RwSignal<Option<String>>,
    full_bar: RwSignal<f32>,
    pending: Local<Pending>,
    /// Called when a question is due; says whether it is the usual one, about the picture on
    /// screen.
    pub(crate) on_due: Hook<(), bool>,
    /// Called after every answer.
    pub(crate) on_answer: Hook,
}

#[derive(Default)]
struct Pending {
    ask: Timer,
    arrange: Timer,
    announce: Timer,
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

impl ScoringController {
    pub(crate) fn new(
        base: Base,
        query: &'static QueryController,
        labels: &'static LabelsController,
        models: &'static ModelsController,
        pictures: &'static PicturesController,
        shown: Shown,
    ) -> &'static Self {
        lasting(Self {
            base,
            query,
            labels,
            models,
            pictures,
            scores: labels.scores(),
            shown: RwSignal::new(shown),
            scored_by: RwSignal::default(),
            stale: RwSignal::default(),
            settled: RwSignal::default(),
            at_work: RwSignal::default(),
            none_fits: RwSignal::default(),
            full_bar: RwSignal::new(1.0),
            pending: Local::default(),
            on_due: Hook::default(),
            on_answer: Hook::default(),
        })
    }

    readable! {
        /// How scores are shown.
        shown: Shown;
        /// The model whose scores are on screen.
        scored_by: Option<ModelEntry>;
        /// The scores on screen answer an older question.
        stale: bool;
        /// The scores on screen answer the present question, and the rows are best first.
        settled: bool;
        /// What the engine is at with the question, while it is.
        at_work: Option<AtWork>;
        /// The sentence that none of the labels fits, where that is so.
        none_fits: Option<String>;
        /// The score whose bar is as long as its row.
        full_bar: f32;
    }

    /// The scores on screen.
    pub(crate) fn with_scores<R>(&self, read: impl FnOnce(&Scores) -> R) -> R {
        self.scores.read(read)
    }

    /// Another model than before gives what is on screen.
    pub(crate) fn set_scored_by(&self, model: ModelEntry) {
        self.scored_by.set(Some(model));
    }

    /// The engine is gone, and with it whatever it was at.
    pub(crate) fn engine_died(&self) {
        self.at_work.set(None);
    }

    /// Asks anew after `wait`; a call within that time begins it again.
    pub(crate) fn ask_after(&'static self, wait: Duration) {
        self.settled.set(false);
        if self.scored_by().with_untracked(Option::is_some) {
            self.stale.set(true);
        }
        self.pending
            .with(|pending| pending.ask.set(wait, move || self.ask_now()));
    }

    /// Asks anew what one more letter has changed: at once where nothing is under way, otherwise as
    /// soon as that has ended, or has taken long.
    pub(crate) fn ask_after_typing(&'static self) {
        let waited = self.pending.with(|pending| {
            let under_way = pending.asked.is_some();
            under_way.then(|| browser::now() - pending.asked_at)
        });
        match waited {
            Some(waited) if waited < WORTH_WAITING => {
                self.ask_after(Duration::from_secs_f64((WORTH_WAITING - waited) / 1_000.0));
                self.pending.with(|pending| pending.ask_again = true);
            }
            _ => self.ask_after(AT_ONCE),
        }
    }

    /// Asks now what there is to ask.
    pub fn ask_now(&'static self) {
        self.pending.with(|pending| {
            pending.ask.clear();
            pending.ask_again = false;
        });
        if self.on_due.call(()) == Some(false) {
            return;
        }
        let Some(question) = self.question() else {
            self.clear();
            return;
        };
        if let Some(model) = self.models.answering() {
            self.put(question, model.id);
        }
        self.models.picture_waits();
    }

    pub(crate) fn question(&'static self) -> Option<Question> {
        let picture = self.pictures.id()?;
        self.query.question_about(picture)
    }

    pub(crate) fn clear(&'static self) {
        self.stop_asking();
        self.scores.with(|scores| scores.clear());
        self.scored_by.set(None);
        self.none_fits.set(None);
        self.stale.set(false);
        self.labels.refresh_all();
        self.arrange_when_quiet();
    }

    /// Cancels the question under way.
    fn stop_asking(&'static self) {
        if let Some((request, ..)) = self.pending.with(|pending| pending.asked.take()) {
            self.base.engine().cancel(request);
        }
        self.at_work.set(None);
    }

    fn put(&'static self, question: Question, model: String) {
        let under_way = self.pending.with(|pending| {
            pending
                .asked
                .as_ref()
                .is_some_and(|(_, asked, by)| *asked == question && *by == model)
        });
        if under_way {
            return;
        }
        self.stop_asking();
        if self.scores.read(|scores| scores.answer(&question, &model)) {
            self.stale.set(false);
            self.arrange_when_quiet();
            return;
        }
        let request = question.request();
        let call =
            self.base
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
        self.pending.with(|pending| {
            pending.asked = Some((id, question.clone(), model));
            pending.asked_at = browser::now();
        });
        leptos::task::spawn_local(async move {
            let end = call.end().await;
            let is_latest = self.pending.with(|pending| {
                pending
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
                    self.pictures.give_again();
                }
                Err(Ended::Failed(failure)) => self.base.messages.fail(text::not_scored(&failure)),
            }
            if self.pending.with(|pending| pending.ask_again) {
                self.ask_now();
            }
        });
    }

    /// Whether a picture the engine does not know is worth giving to it again: once.
    fn may_give_again(&'static self, picture: PictureId) -> bool {
        self.pending
            .with(|pending| pending.given_again.replace(picture) != Some(picture))
    }

    /// Shows an answer.
    pub(crate) fn answered(&'static self, question: Question, answer: Answer) {
        let Answer {
            model,
            scores,
            fit,
            none_fits,
            ..
        } = answer;
        let by = self
            .models
            .with(|models| models.all().iter().find(|entry| entry.id == model).cloned());
        // Typing may have gone on since it was asked.
        self.stale.set(self.question().as_ref() != Some(&question));
        let full = scores::full_bar(scores.iter().map(|score| score.score));
        if self.full_bar().get_untracked() != full {
            self.full_bar.set(full);
        }
        self.scores
            .with(|shown| shown.take(question, model, &scores));
        self.scored_by.set(by);
        self.say_whether_any_fits(fit.filter(|_| none_fits));
        self.on_answer.call(());

        let showing = self.pending.with(|pending| {
            pending.showing += 1;
            pending.showing
        });
        // Best first, so that what is looked at is there in the first step.
        let mut order = self.order();
        in_steps(move || {
            if self.pending.with(|pending| pending.showing != showing) {
                return false;
            }
            let rest = order.split_off(order.len().min(ROWS_A_STEP));
            self.labels.refresh(std::mem::replace(&mut order, rest));
            if order.is_empty() {
                self.arrange_when_quiet();
            }
            !order.is_empty()
        });
    }

    /// Says so where none of the labels fits: `fit` is what the best one gets against the neutral
    /// prompt then.
    fn say_whether_any_fits(&'static self, fit: Option<f32>) {
        let best = self.scores.read(|scores| scores.best(1));
        let neutral = self
            .query
            .scoring()
            .with_untracked(|scoring| scoring.neutral.clone());
        let said = fit.zip(best.first());
        let said = said.map(|(fit, (label, _))| text::labels::none_fits(label, fit, &neutral));
        self.none_fits.set(said);
    }
}
