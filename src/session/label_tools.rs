//! Labels as a tool: taking changes back, moving and switching off, sets of labels, how the model reads prompts, how scores are made.

use leptos::prelude::*;

use cliplet_protocol::messages::{Classify, PromptTokens, Tokenize, Tokens};
use cliplet_protocol::query::Candidate;
use cliplet_protocol::scoring::Scoring;

use super::{Action, Session, scoring};
use crate::browser::{self, BrowserStorage};
use crate::engine::Latest;
use crate::state::history::{Change, History};
use crate::state::label_sets::{self, OwnSet, OwnSets, ReadySet};
use crate::state::label_text;
use crate::state::labels::{Kept, LabelId, Origin, tidy};
use crate::state::saved::Shown;
use crate::state::template::{self, Template};
use crate::text::labels as words;

/// The longest list that a label is scored with before it is added.
const MOST_WITH_DRAFT: usize = 1_000;

/// What the tools show.
#[derive(Clone, Copy)]
pub struct LabelTools {
    /// How scores are made.
    pub scoring: RwSignal<Scoring>,
    /// How they are shown.
    pub shown: RwSignal<Shown>,
    /// What can be taken back.
    pub last: RwSignal<Option<Change>>,
    /// What can be done again.
    pub next: RwSignal<Option<Change>>,
    /// The sentence that none of the labels fits, where that is so.
    pub none_fits: RwSignal<Option<String>>,
    /// So many labels are switched off.
    pub off_count: RwSignal<usize>,
    /// The label that is looked at closely.
    pub open: RwSignal<Option<LabelId>>,
    /// How the model reads its prompts.
    pub reading: RwSignal<Reading>,
    /// The score that what is typed would have if it were added.
    pub draft_score: RwSignal<Option<f32>>,
    /// The person's sets.
    pub own_sets: RwSignal<Vec<OwnSet>>,
    /// The sets that come with the page, once somebody wanted to see them.
    pub ready_sets: RwSignal<Vec<ReadySet>>,
    /// What there is to say about sets.
    pub said_of_sets: RwSignal<Option<String>>,
    /// What was done with sets last can be taken back.
    pub sets_can_be_undone: RwSignal<bool>,
}

impl LabelTools {
    pub(super) fn new(scoring: Scoring, shown: Shown) -> Self {
        Self {
            scoring: RwSignal::new(scoring),
            shown: RwSignal::new(shown),
            last: RwSignal::default(),
            next: RwSignal::default(),
            none_fits: RwSignal::default(),
            off_count: RwSignal::default(),
            open: RwSignal::default(),
            reading: RwSignal::default(),
            draft_score: RwSignal::default(),
            own_sets: RwSignal::default(),
            ready_sets: RwSignal::default(),
            said_of_sets: RwSignal::default(),
            sets_can_be_undone: RwSignal::default(),
        }
    }
}

/// How the model reads some prompts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// The prompts.
    pub prompts: Vec<String>,
    /// The most tokens that it reads, and how each prompt is read; `None` as long as no model has said so.
    pub tokens: Option<(u32, Vec<PromptTokens>)>,
}

/// All that can be taken back, as it is at some time.
#[derive(Debug)]
pub(super) struct Setup {
    labels: Kept,
    template: Template,
    scoring: Scoring,
}

/// What is under way with the tools.
#[derive(Default)]
pub(super) struct Desk {
    history: History<Setup>,
    reading: Latest,
    /// What is typed and not added yet, and the request for its score.
    draft: String,
    asked_draft: Latest,
    sets_before: Option<OwnSets>,
}

impl Session {
    // ---- Taking back ----

    pub(super) fn setup(self) -> Setup {
        Setup {
            labels: self.labels.with_value(|labels| labels.keep()),
            template: self.template.get_untracked(),
            scoring: self.tools.scoring.get_untracked(),
        }
    }

    /// Remembers how everything is, before a change is made.
    pub(super) fn before_change(self, change: Change) {
        let before = || {
            let weight = self.labels.with_value(|labels| labels.list().len());
            (self.setup(), weight.max(1))
        };
        self.with_desk(|desk| desk.label_tools.history.record(change, before));
        self.show_history();
    }

    /// What is changed next is taken back by itself.
    pub fn end_change(self) {
        self.with_desk(|desk| desk.label_tools.history.close());
    }

    /// Takes the last change back.
    pub fn undo(self) {
        // What was done to pictures is offered for a while only.
        if self.undo_in_collection() {
            return;
        }
        let now = self.setup();
        if let Some((before, change)) = self.with_desk(|desk| desk.label_tools.history.undo(now)) {
            self.become_again(before);
            self.announce(words::undone(&change));
        }
    }

    /// Makes the change again that was taken back last.
    pub fn redo(self) {
        let now = self.setup();
        if let Some((after, change)) = self.with_desk(|desk| desk.label_tools.history.redo(now)) {
            self.become_again(after);
            self.announce(words::redone(&change));
        }
    }

    /// Makes all what it was at some time.
    pub(super) fn become_again(self, setup: Setup) {
        self.labels
            .update_value(|labels| labels.restore(setup.labels));
        self.template.set(setup.template);
        self.tools.scoring.set(setup.scoring);
        self.notice.set(None);
        self.show_history();
        self.labels_changed();
        self.rewrite_rows();
        self.refresh_all();
        self.read_open_label();
    }

    fn show_history(self) {
        let (last, next) = self.with_desk(|desk| {
            let history = &desk.label_tools.history;
            (history.last().cloned(), history.next().cloned())
        });
        self.tools.last.set(last);
        self.tools.next.set(next);
    }

    // ---- Moving and switching off ----

    /// Moves a label one place up, or down, in the person's order.
    pub fn move_label(self, id: LabelId, up: bool) {
        let name = self.label_name(id);
        let (place, all) = self.labels.with_value(|labels| {
            let place = labels.list().iter().position(|label| label.id == id);
            (place.unwrap_or_default() + 1, labels.list().len())
        });
        let ends_there = if up { place == 1 } else { place == all };
        if ends_there {
            return self.announce(words::moved(&name, place, all));
        }
        self.before_change(Change::Moved(id, name.clone()));
        self.labels.update_value(|labels| {
            labels.move_by_one(id, up);
        });
        let place = if up { place - 1 } else { place + 1 };
        self.announce(words::moved(&name, place, all));
        self.save_soon();
        if self.shows_best_first() {
            self.say(words::moved_out_of_sight(&name), Some(Action::ShowMyOrder));
        }
        self.arrange_now();
        // In another order it is another question.
        self.score_after(scoring::AT_ONCE);
    }

    /// Moves a label to stand right before another, or last, while it is dragged.
    pub fn drag_label(self, id: LabelId, before: Option<LabelId>) {
        self.before_change(Change::Moved(id, self.label_name(id)));
        self.labels.update_value(|labels| {
            labels.move_before(id, before);
        });
        self.save_soon();
        self.arrange_now();
        self.score_after(scoring::AT_ONCE);
    }

    /// Whether the order on screen is not the person's.
    pub fn shows_best_first(self) -> bool {
        self.scored_by.with_untracked(Option::is_some)
            && !self.tools.shown.with_untracked(|shown| shown.own_order)
    }

    /// Switches a label off, or on again.
    pub fn switch_label(self, id: LabelId, off: bool) {
        let name = self.label_name(id);
        self.before_change(Change::Switched(name.clone()));
        self.end_change();
        self.labels.update_value(|labels| {
            labels.switch(id, off);
        });
        self.announce(words::switched(&name, off));
        self.notice.set(None);
        self.labels_changed();
        self.refresh([id]);
    }

    /// Whether a label is switched off.
    pub fn is_off(self, id: LabelId) -> bool {
        self.labels
            .with_value(|labels| labels.get(id).is_some_and(|label| label.off))
    }

    /// Makes a label's colon, behind which there would be prompts, one of the label.
    pub fn keep_colon(self, id: LabelId) {
        let text = label_text::escaped(&tidy(&self.label_text(id)));
        self.edit_label(id, &text);
        self.end_change();
        self.rewrite_rows();
    }

    pub(super) fn label_name(self, id: LabelId) -> String {
        label_text::name(&self.label_text(id))
    }

    // ---- How scores are made and shown ----

    /// Makes scores in another way.
    pub fn set_scoring(self, change: impl FnOnce(&mut Scoring)) {
        let mut scoring = self.tools.scoring.get_untracked();
        change(&mut scoring);
        if self.tools.scoring.with_untracked(|old| *old == scoring) {
            return;
        }
        self.before_change(Change::Scoring);
        self.tools.scoring.set(scoring);
        self.save_soon();
        self.score_after_typing();
    }

    /// Shows them in another way.
    pub fn show_scores(self, change: impl FnOnce(&mut Shown)) {
        self.tools.shown.update(change);
        self.save_soon();
        self.arrange_now();
    }

    /// Shows labels in the person's order.
    pub(super) fn show_my_order(self) {
        self.notice.set(None);
        self.show_scores(|shown| shown.own_order = true);
    }

    /// Takes CLIP's templates for ImageNet.
    pub fn use_imagenet_templates(self) {
        leptos::task::spawn_local(async move {
            match browser::fetch_text("templates/imagenet-80.txt").await {
                Ok(templates) => self.set_template_at_once(templates.trim_end()),
                Err(_) => self.error.set(Some(words::NO_TEMPLATES.to_owned())),
            }
        });
    }

    /// Takes other templates, as a change of its own.
    pub fn set_template_at_once(self, templates: &str) {
        self.end_change();
        self.set_template(templates);
        self.end_change();
    }

    // ---- How the model reads prompts ----

    /// Looks at a label closely, or no longer.
    pub fn look_at_label(self, id: LabelId) {
        let open = self.tools.open.get_untracked() != Some(id);
        self.tools.open.set(open.then_some(id));
        self.tools.reading.set(Reading::default());
        self.read_open_label();
    }

    /// Finds out how the model reads the prompts of the label that is looked at.
    pub(super) fn read_open_label(self) {
        let Some(id) = self.tools.open.get_untracked() else {
            return;
        };
        let candidate = label_text::read(&self.label_text(id));
        if candidate.label.is_empty() {
            return self.tools.reading.set(Reading::default());
        }
        let prompts = self
            .template
            .with_untracked(|template| candidate.filled(template.in_force()));
        self.tools.reading.update(|reading| {
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
        let latest = self.with_desk(|desk| desk.label_tools.reading.clone());
        latest.ask(&self.engine(), request, move |end| {
            // Without a model nobody can say; it is asked again with the next scores.
            if let Ok(Tokens {
                context,
                prompts: tokens,
                ..
            }) = end
            {
                self.tools.reading.set(Reading {
                    prompts,
                    tokens: Some((context, tokens)),
                });
            }
        });
    }

    // ---- The score of what is typed ----

    /// Takes what stands in the field that adds labels.
    pub fn draft_label(self, typed: &str) {
        self.with_desk(|desk| typed.clone_into(&mut desk.label_tools.draft));
        self.score_draft();
    }

    /// Scores what is typed as if it were in the list, where it can be.
    pub(super) fn score_draft(self) {
        let under_way = self.with_desk(|desk| desk.label_tools.asked_draft.is_under_way());
        if under_way {
            return;
        }
        let Some((request, draft)) = self.draft_request() else {
            return self.tools.draft_score.set(None);
        };
        let latest = self.with_desk(|desk| desk.label_tools.asked_draft.clone());
        latest.ask(&self.engine(), request, move |end| {
            if self.with_desk(|desk| desk.label_tools.draft != draft) {
                return self.score_draft();
            }
            let last = end.ok().and_then(|answer| answer.scores.last().copied());
            self.tools.draft_score.set(last.map(|last| last.score));
        });
    }

    fn draft_request(self) -> Option<(Classify, String)> {
        let draft = self.with_desk(|desk| desk.label_tools.draft.clone());
        let candidate = label_text::read(&draft);
        let answers = self
            .models
            .with_value(|models| models.answering().is_some());
        if candidate.label.is_empty() || !answers || self.is_live() || self.searches() {
            return None;
        }
        let mut question = self.question()?;
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

    // ---- Sets ----

    /// Shows what sets there are.
    pub fn list_sets(self) {
        self.tools.said_of_sets.set(None);
        self.tools.sets_can_be_undone.set(false);
        self.show_own_sets(&OwnSets::read(&BrowserStorage));
        leptos::task::spawn_local(async move {
            if self.ready_sets().await.is_empty() {
                self.tools
                    .said_of_sets
                    .set(Some(words::NO_READY_SETS.to_owned()));
            }
        });
    }

    /// Finds out what words for a picture can be taken from.
    pub(super) fn list_vocabularies(self) {
        self.show_own_sets(&OwnSets::read(&BrowserStorage));
        leptos::task::spawn_local(async move {
            self.ready_sets().await;
        });
    }

    /// The sets that come with the page, fetched once; none where they cannot be had.
    pub(super) async fn ready_sets(self) -> Vec<ReadySet> {
        let known = self.tools.ready_sets.get_untracked();
        if !known.is_empty() {
            return known;
        }
        let list = browser::fetch_text("label-sets/sets.json").await;
        let list = list
            .map(|list| label_sets::read_list(&list))
            .unwrap_or_default();
        self.tools.ready_sets.set(list.clone());
        list
    }

    fn show_own_sets(self, sets: &OwnSets) {
        self.tools.own_sets.set(sets.all().to_vec());
    }

    /// Changes the person's sets. Gives whether that worked, and says what came of it.
    fn change_sets(self, change: impl FnOnce(&mut OwnSets) -> Result<String, String>) -> bool {
        // Another tab may have changed them meanwhile.
        let before = OwnSets::read(&BrowserStorage);
        let mut sets = before.clone();
        let said = change(&mut sets).and_then(|said| match sets.write(&BrowserStorage) {
            true => Ok(said),
            false => {
                before.write(&BrowserStorage);
                Err(words::NO_ROOM_FOR_SETS.to_owned())
            }
        });
        let worked = said.is_ok();
        if worked {
            self.show_own_sets(&sets);
            self.with_desk(|desk| desk.label_tools.sets_before = Some(before));
        }
        self.tools.sets_can_be_undone.set(worked);
        self.tools
            .said_of_sets
            .set(Some(said.unwrap_or_else(|why| why)));
        worked
    }

    /// Keeps the labels and templates of now under a name. Gives whether that worked.
    pub fn save_set(self, name: &str) -> bool {
        let (labels, off) = self.labels.with_value(|labels| labels.saved());
        let template = self.template.with_untracked(Template::text);
        let name = tidy(name);
        self.change_sets(move |sets| {
            if labels.is_empty() {
                return Err(words::NOTHING_TO_SAVE.to_owned());
            }
            let replaced = sets.get(&name).is_some();
            let set = OwnSet {
                name: name.clone(),
                labels,
                off,
                template,
            };
            match sets.put(set) {
                Ok(()) => Ok(words::set_saved(&name, replaced)),
                Err(fault) => Err(words::set_fault(fault, &name)),
            }
        })
    }

    /// Calls a set something else. Gives whether that worked.
    pub fn rename_set(self, old: &str, new: &str) -> bool {
        let new = tidy(new);
        self.change_sets(|sets| match sets.rename(old, &new) {
            Ok(()) => Ok(words::set_renamed(old, &new)),
            Err(fault) => Err(words::set_fault(fault, &new)),
        })
    }

    /// Takes a set away.
    pub fn delete_set(self, name: &str) {
        self.change_sets(|sets| {
            sets.remove(name);
            Ok(words::set_deleted(name))
        });
    }

    /// Takes back what was done with sets last.
    pub fn undo_sets(self) {
        if let Some(before) = self.with_desk(|desk| desk.label_tools.sets_before.take()) {
            self.change_sets(|sets| {
                *sets = before;
                Ok(words::SETS_AS_BEFORE.to_owned())
            });
            self.tools.sets_can_be_undone.set(false);
        }
    }

    /// Puts a person's set in the place of all labels.
    pub fn load_own_set(self, set: &OwnSet) {
        self.load_set(&set.name, &set.labels, &set.off, Some(&set.template));
    }

    /// Fetches a ready set, and puts it in the place of all labels. `then` hears whether it came.
    pub fn load_ready_set(self, set: ReadySet, then: impl FnOnce(bool) + 'static) {
        leptos::task::spawn_local(async move {
            let file = browser::fetch_text(&format!("label-sets/{}", set.file)).await;
            let labels = file
                .map(|file| label_sets::labels_of(&file))
                .unwrap_or_default();
            let came = !labels.is_empty();
            if came {
                let template = set.template.as_deref().or_else(|| self.left_by_ready_set());
                self.load_set(&set.name, &labels, &[], template);
            } else {
                let said = words::set_not_fetched(&set.name);
                self.tools.said_of_sets.set(Some(said));
                self.tools.sets_can_be_undone.set(false);
            }
            then(came);
        });
    }

    /// The usual template where the one in force has come with a ready set, and suits no other.
    fn left_by_ready_set(self) -> Option<&'static str> {
        let in_force = self.template.with_untracked(Template::text);
        self.tools.ready_sets.with_untracked(|sets| {
            let theirs = sets
                .iter()
                .any(|set| set.template.as_ref() == Some(&in_force));
            theirs.then_some(template::DEFAULT)
        })
    }

    fn load_set(self, name: &str, labels: &[String], off: &[usize], template: Option<&str>) {
        self.end_change();
        self.before_change(Change::Replaced);
        self.end_change();
        self.labels.update_value(|list| {
            list.replace(labels, Origin::Person);
            list.switch_off_at(off);
        });
        if let Some(template) = template {
            self.template.update(|now| {
                now.set(template);
            });
        }
        let said = words::set_loaded(name);
        self.announce(said.clone());
        self.say(said, Some(Action::Undo));
        self.labels_changed();
    }
}
