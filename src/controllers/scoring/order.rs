//! The order of the rows: best first, or the person's own.

use std::time::Duration;

use leptos::prelude::*;

use super::{AT_ONCE, ScoringController};
use crate::browser;
use crate::controllers::messages::Action;
use crate::state::history::Change;
use crate::state::labels::LabelId;
use crate::state::saved::Shown;
use crate::text;
use crate::text::labels as words;

/// How long after the last key rows may move.
const QUIET: f64 = 700.0;
/// How long scores must stand before a screen reader says them.
const STANDS: Duration = Duration::from_millis(900);

impl ScoringController {
    pub(super) fn order(&'static self) -> Vec<LabelId> {
        self.query.with_labels(|labels| {
            let own_order = self.shown().with_untracked(|shown| shown.own_order);
            if own_order {
                labels.list().iter().map(|label| label.id).collect()
            } else {
                self.scores.read(|scores| scores.order(labels.list()))
            }
        })
    }

    /// A key was pressed in a text field.
    pub fn typed(&'static self) {
        self.pending
            .with(|pending| pending.last_key = browser::now());
    }

    /// A word is being composed, as people do who write with an input method.
    pub fn composing(&'static self, composing: bool) {
        self.pending.with(|pending| pending.composing = composing);
        self.typed();
    }

    /// Puts the rows best first, now or when typing has stopped.
    pub(crate) fn arrange_when_quiet(&'static self) {
        let (since, composing) = self
            .pending
            .with(|pending| (browser::now() - pending.last_key, pending.composing));
        let has_typed = self.pending.with(|pending| pending.last_key > 0.0);
        let wait = if has_typed && (since < QUIET || composing) {
            Duration::from_secs_f64((QUIET - since).max(100.0) / 1_000.0)
        } else {
            // Not at zero even where nothing was typed: the rows themselves are drawn at the end of
            // this task.
            Duration::ZERO
        };
        let quiet = wait.is_zero();
        self.pending.with(|pending| {
            pending.arrange.set(wait, move || {
                if quiet {
                    self.arrange()
                } else {
                    self.arrange_when_quiet()
                }
            });
        });
    }

    /// Puts the rows in order at once, although somebody may be typing: it is what they want.
    fn arrange_now(&'static self) {
        self.pending.with(|pending| pending.arrange.clear());
        self.arrange();
    }

    fn arrange(&'static self) {
        if let Some(list) = self.labels.list().get_untracked() {
            browser::put_in_order(&list, &self.order());
        }
        let answered = match (self.question(), self.models.answering()) {
            (Some(question), Some(model)) => self
                .scores
                .read(|scores| scores.answer(&question, &model.id)),
            _ => false,
        };
        if answered && self.labels.all_rows_are_there() {
            self.settled.set(true);
            self.pending
                .with(|pending| pending.announce.set(STANDS, move || self.announce_result()));
        }
    }

    fn announce_result(&'static self) {
        if !self.settled().get_untracked() {
            return;
        }
        let preview = self
            .scored_by()
            .with_untracked(|model| model.as_ref().is_some_and(|model| model.preview));
        let best = self.scores.read(|scores| scores.best(3));
        let result = if self.none_fits().with_untracked(Option::is_some) {
            text::labels::NONE_FITS.to_owned()
        } else {
            text::result(&best, preview)
        };
        let news = self
            .pending
            .with(|pending| std::mem::replace(&mut pending.last_said, result.clone()) != result);
        if news && !result.is_empty() {
            self.base.messages.announce(result);
        }
    }

    /// Whether the order on screen is not the person's.
    pub fn shows_best_first(&'static self) -> bool {
        self.scored_by().with_untracked(Option::is_some)
            && !self.shown().with_untracked(|shown| shown.own_order)
    }

    /// Shows them in another way.
    pub fn show_as(&'static self, change: impl FnOnce(&mut Shown)) {
        self.shown.update(change);
        self.base.autosave.soon();
        self.arrange_now();
    }

    /// Shows labels in the person's order.
    pub(crate) fn show_my_order(&'static self) {
        self.base.messages.dismiss_notice();
        self.show_as(|shown| shown.own_order = true);
    }

    /// Moves a label one place up, or down, in the person's order.
    pub fn move_label(&'static self, id: LabelId, up: bool) {
        let name = self.labels.name(id);
        let (place, all) = self.query.with_labels(|labels| {
            let place = labels.list().iter().position(|label| label.id == id);
            (place.unwrap_or_default() + 1, labels.list().len())
        });
        let ends_there = if up { place == 1 } else { place == all };
        if ends_there {
            return self.base.messages.announce(words::moved(&name, place, all));
        }
        self.query.before_change(Change::Moved(id, name.clone()));
        self.query.update_labels(|labels| {
            labels.move_by_one(id, up);
        });
        let place = if up { place - 1 } else { place + 1 };
        self.base.messages.announce(words::moved(&name, place, all));
        self.base.autosave.soon();
        if self.shows_best_first() {
            self.base
                .messages
                .say(words::moved_out_of_sight(&name), Some(Action::ShowMyOrder));
        }
        self.arrange_now();
        // In another order it is another question.
        self.ask_after(AT_ONCE);
    }

    /// Moves a label to stand right before another, or last, while it is dragged.
    pub fn drag_label(&'static self, id: LabelId, before: Option<LabelId>) {
        self.query
            .before_change(Change::Moved(id, self.labels.name(id)));
        self.query.update_labels(|labels| {
            labels.move_before(id, before);
        });
        self.base.autosave.soon();
        self.arrange_now();
        self.ask_after(AT_ONCE);
    }
}
