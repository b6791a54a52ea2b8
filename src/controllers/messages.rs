//! What is said to the person, and to their screen reader.

use std::time::Duration;

use leptos::prelude::*;

use super::support::{Local, lasting, readable};
use crate::browser::Timer;

/// A short message about the labels, with something to do about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// The sentence.
    pub text: String,
    /// What the person can do.
    pub action: Option<Action>,
}

/// What a notice offers to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Take the last change back.
    Undo,
    /// Take the labels of a sample.
    UseLabels(Vec<String>),
    /// Show labels in the person's order.
    ShowMyOrder,
}

/// Notices, errors and announcements.
pub struct MessagesController {
    notice: RwSignal<Option<Notice>>,
    error: RwSignal<Option<String>>,
    announcement: RwSignal<String>,
    pending: Local<Pending>,
}

#[derive(Default)]
struct Pending {
    notice: Timer,
    announce: Timer,
    to_announce: Vec<String>,
}

impl MessagesController {
    pub(crate) fn new() -> &'static Self {
        lasting(Self {
            notice: RwSignal::default(),
            error: RwSignal::default(),
            announcement: RwSignal::default(),
            pending: Local::default(),
        })
    }

    readable! {
        /// What there is to say about the labels.
        notice: Option<Notice>;
        /// What went wrong, until it is dismissed or the next picture is taken.
        error: Option<String>;
        /// What a screen reader says next.
        announcement: String;
    }

    /// Shows what went wrong.
    pub(crate) fn fail(&self, sentence: impl Into<String>) {
        self.error.set(Some(sentence.into()));
    }

    /// Takes an error off the page.
    pub fn dismiss_error(&self) {
        self.error.set(None);
    }

    /// Says something about the labels, for a while.
    pub(crate) fn say(&'static self, text: String, action: Option<Action>) {
        const WHILE: Duration = Duration::from_secs(20);
        self.notice.set(Some(Notice { text, action }));
        self.pending
            .with(|pending| pending.notice.set(WHILE, || self.notice.set(None)));
    }

    /// Takes the notice off the page.
    pub fn dismiss_notice(&self) {
        self.notice.set(None);
    }

    /// Shows a notice again, unless another has taken its place.
    pub(crate) fn restore_notice(&self, notice: Option<Notice>) {
        if self.notice().with_untracked(Option::is_none) {
            self.notice.set(notice);
        }
    }

    /// Lets a screen reader say something once it is idle. What comes at the same time is said
    /// together, for a later text would take the place of an earlier one before that is read.
    pub(crate) fn announce(&'static self, text: String) {
        const TOGETHER: Duration = Duration::from_millis(150);
        self.pending.with(|pending| {
            pending.to_announce.push(text);
            pending.announce.set(TOGETHER, || {
                let texts = self
                    .pending
                    .with(|pending| std::mem::take(&mut pending.to_announce));
                let text = texts.join(" ");
                // The same words again are no change, and would not be said.
                let same = self.announcement().with_untracked(|said| *said == text);
                self.announcement
                    .set(if same { format!("{text}\u{a0}") } else { text });
            });
        });
    }
}
