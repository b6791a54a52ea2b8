//! What the model is asked: labels, templates and how scores are made. Every change of them can be
//! undone.

use leptos::prelude::*;

use cliplet_protocol::query::PictureId;
use cliplet_protocol::scoring::Scoring;

use super::base::Base;
use super::support::{Hook, Local, lasting, readable};
use crate::browser;
use crate::state::history::{Change, History};
use crate::state::labels::{Kept, LabelId, Labels};
use crate::state::scores::Question;
use crate::state::template::Template;
use crate::text::labels as words;

/// What has become different.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    /// Labels came or went, or were switched.
    Labels,
    /// This label reads otherwise.
    Label(LabelId),
    /// Other templates are in force.
    Template,
    /// Scores are made in another way.
    Scoring,
    /// All of it is what it was at some time.
    Restored,
}

/// All that can be undone, as it is at some time.
#[derive(Debug)]
pub(crate) struct Setup {
    labels: Kept,
    template: Template,
    scoring: Scoring,
}

/// Labels, templates, the way of scoring, and their history.
pub struct QueryController {
    base: Base,
    labels: Local<Labels>,
    template: RwSignal<Template>,
    scoring: RwSignal<Scoring>,
    history: Local<History<Setup>>,
    last: RwSignal<Option<Change>>,
    next: RwSignal<Option<Change>>,
    /// Called after every change.
    pub(crate) on_change: Hook<Changed>,
}

impl QueryController {
    pub(crate) fn new(
        base: Base,
        labels: Labels,
        template: Template,
        scoring: Scoring,
    ) -> &'static Self {
        lasting(Self {
            base,
            labels: Local::new(labels),
            template: RwSignal::new(template),
            scoring: RwSignal::new(scoring),
            history: Local::default(),
            last: RwSignal::default(),
            next: RwSignal::default(),
            on_change: Hook::default(),
        })
    }

    readable! {
        /// The prompt template.
        template: Template;
        /// How scores are made.
        scoring: Scoring;
        /// What can be undone.
        last: Option<Change>;
        /// What can be done again.
        next: Option<Change>;
    }

    /// Tells of a change that was made.
    pub(crate) fn changed(&'static self, what: Changed) {
        self.base.autosave.soon();
        self.on_change.call(what);
    }

    pub(crate) fn with_labels<R>(&self, read: impl FnOnce(&Labels) -> R) -> R {
        self.labels.read(read)
    }

    pub(crate) fn update_labels<R>(&self, change: impl FnOnce(&mut Labels) -> R) -> R {
        self.labels.with(change)
    }

    /// What is asked about a picture, with the labels as they are.
    pub(crate) fn question_about(&'static self, picture: PictureId) -> Option<Question> {
        let labels = self.with_labels(|labels| labels.usable());
        (!labels.is_empty()).then(|| Question {
            picture,
            labels,
            templates: self.templates_in_force(),
            scoring: self.scoring().get_untracked(),
        })
    }

    /// The templates in force.
    pub(crate) fn templates_in_force(&'static self) -> Vec<String> {
        self.template()
            .with_untracked(|template| template.in_force().to_vec())
    }

    pub(crate) fn setup(&'static self) -> Setup {
        Setup {
            labels: self.with_labels(|labels| labels.keep()),
            template: self.template().get_untracked(),
            scoring: self.scoring().get_untracked(),
        }
    }

    /// Remembers how everything is, before a change is made.
    pub(crate) fn before_change(&'static self, change: Change) {
        let before = || {
            let weight = self.with_labels(|labels| labels.list().len());
            (self.setup(), weight.max(1))
        };
        self.history.with(|history| history.record(change, before));
        self.show_history();
    }

    /// What is changed next is taken back by itself.
    pub fn end_change(&'static self) {
        self.history.with(History::close);
    }

    /// Takes the last change back.
    pub fn undo(&'static self) {
        let now = self.setup();
        if let Some((before, change)) = self.history.with(|history| history.undo(now)) {
            self.restore(before);
            self.base.messages.announce(words::undone(&change));
        }
    }

    /// Makes the change again that was taken back last.
    pub fn redo(&'static self) {
        let now = self.setup();
        if let Some((after, change)) = self.history.with(|history| history.redo(now)) {
            self.restore(after);
            self.base.messages.announce(words::redone(&change));
        }
    }

    /// Makes all what it was at some time.
    fn restore(&'static self, setup: Setup) {
        self.update_labels(|labels| labels.restore(setup.labels));
        self.template.set(setup.template);
        self.scoring.set(setup.scoring);
        self.base.messages.dismiss_notice();
        self.show_history();
        self.changed(Changed::Restored);
    }

    /// Puts other labels, other templates, or both in the place of those that there are, in one
    /// change that can be undone.
    pub(crate) fn replace(&'static self, change: impl FnOnce(&mut Labels, &mut Template)) {
        self.end_change();
        self.before_change(Change::Replaced);
        self.end_change();
        let template = self.template().get_untracked();
        let mut changed = template.clone();
        self.update_labels(|labels| change(labels, &mut changed));
        if changed != template {
            self.template.set(changed);
        }
        self.base.messages.dismiss_notice();
        self.changed(Changed::Labels);
    }

    /// Takes labels that nobody has to be able to undo.
    pub(crate) fn set_labels(&'static self, change: impl FnOnce(&mut Labels)) {
        self.update_labels(change);
        self.base.messages.dismiss_notice();
        self.changed(Changed::Labels);
    }

    /// Makes all what it was before, as a change that can be undone itself.
    pub(crate) fn go_back(&'static self, setup: Setup) {
        self.before_change(Change::Replaced);
        self.end_change();
        self.restore(setup);
    }

    fn show_history(&'static self) {
        let (last, next) = self
            .history
            .with(|history| (history.last().cloned(), history.next().cloned()));
        self.last.set(last);
        self.next.set(next);
    }

    /// Makes scores in another way.
    pub fn set_scoring(&'static self, change: impl FnOnce(&mut Scoring)) {
        let mut scoring = self.scoring().get_untracked();
        change(&mut scoring);
        if self.scoring().with_untracked(|old| *old == scoring) {
            return;
        }
        self.before_change(Change::Scoring);
        self.scoring.set(scoring);
        self.changed(Changed::Scoring);
    }

    /// Takes what stands in the templates' field.
    pub fn set_template(&'static self, typed: &str) {
        if self
            .template()
            .with_untracked(|template| template.typed() == typed)
        {
            return;
        }
        self.before_change(Change::Template);
        if self.template.try_update(|template| template.set(typed)) == Some(true) {
            self.changed(Changed::Template);
        }
    }

    /// Takes other templates, as a change of its own.
    pub fn set_template_at_once(&'static self, templates: &str) {
        self.end_change();
        self.set_template(templates);
        self.end_change();
    }

    /// Takes CLIP's templates for ImageNet.
    pub fn use_imagenet_templates(&'static self) {
        leptos::task::spawn_local(async move {
            match browser::fetch_text("templates/imagenet-80.txt").await {
                Ok(templates) => self.set_template_at_once(templates.trim_end()),
                Err(_) => self.base.messages.fail(words::NO_TEMPLATES.to_owned()),
            }
        });
    }
}
