//! Labels: rows added in steps, edited in place, removed and put back.

use std::collections::{HashMap, HashSet};

use leptos::prelude::*;

use super::{Action, Session, scoring};
use crate::browser::{self, in_steps};
use crate::state::labels::{self, LabelId, MOST_LABELS, Origin, Removed};
use crate::state::scores::RowScore;
use crate::text;

/// Rows that are added to the page, or given their scores, in one task. So many take a few milliseconds.
pub(super) const ROWS_A_STEP: usize = 48;

/// A row of the list: one label. The signal outlives the row's place in the list.
#[derive(Clone)]
pub struct Row {
    /// The label.
    pub id: LabelId,
    /// What it shows.
    pub look: ArcRwSignal<RowLook>,
}

/// What a row shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowLook {
    /// The label as it now reads.
    pub text: String,
    /// Its score.
    pub score: Option<RowScore>,
    /// An elder label says the same, so that this one is not asked.
    pub repeated: bool,
}

/// What is under way with labels.
#[derive(Default)]
pub(super) struct Desk {
    looks: HashMap<LabelId, ArcRwSignal<RowLook>>,
    growing: bool,
}

impl Session {
    /// Adds the labels of a text, which may be a list. Returns whether there was a label in it.
    pub fn add_labels(self, text: &str) -> bool {
        let mut labels = labels::split_list(text).peekable();
        if labels.peek().is_none() {
            return false;
        }
        let added = self
            .labels
            .try_update_value(|list| list.add(labels))
            .unwrap_or_default();
        let repeated: Vec<String> = self.labels.with_value(|list| {
            added
                .repeated
                .iter()
                .filter_map(|&id| list.get(id))
                .map(|label| labels::tidy(&label.text))
                .collect()
        });
        match text::labels_added(&repeated, added.left_out, MOST_LABELS) {
            Some(said) => {
                self.announce(said.clone());
                self.say(said, None);
            }
            None => self.notice.set(None),
        }
        for (nth, id) in added.repeated.into_iter().enumerate() {
            self.flash(id, nth == 0);
        }
        if !added.new.is_empty() {
            self.labels_changed();
            if let [one] = added.new[..] {
                self.reveal_soon(one);
            }
        }
        true
    }

    /// Takes what stands in a row's field.
    pub fn edit_label(self, id: LabelId, typed: &str) {
        let asks_anew = self
            .labels
            .try_update_value(|labels| labels.edit(id, typed))
            .unwrap_or_default();
        self.refresh([id]);
        if asks_anew {
            self.refresh_repeated();
            self.save_soon();
            self.score_after(scoring::PAUSE_WHILE_TYPING);
        }
    }

    /// A row's text as it now reads.
    pub fn label_text(self, id: LabelId) -> String {
        self.labels
            .with_value(|labels| labels.get(id).map(|label| label.text.clone()))
            .unwrap_or_default()
    }

    /// Takes a label out; it can be put back. `as_it_read` is what a removal by emptying the field puts back.
    pub fn remove_label(self, id: LabelId, as_it_read: Option<String>) {
        let removed = self
            .labels
            .try_update_value(|labels| labels.remove(id))
            .flatten();
        if let Some(mut removed) = removed {
            if let Some(text) = as_it_read {
                removed.labels[0].1.text = text;
            }
            self.removed(removed);
        }
    }

    /// Takes all labels out; they can be put back.
    pub fn clear_labels(self) {
        if let Some(removed) = self.labels.try_update_value(labels::Labels::clear)
            && !removed.labels.is_empty()
        {
            self.removed(removed);
        }
    }

    fn removed(self, removed: Removed) {
        let texts: Vec<String> = removed
            .labels
            .iter()
            .map(|(_, label)| labels::tidy(&label.text))
            .collect();
        let said = text::labels_removed(&texts);
        self.announce(said.clone());
        self.say(said, Some(Action::Undo(removed)));
        self.labels_changed();
    }

    /// Puts back what was taken out.
    pub(super) fn put_back(self, removed: Removed) {
        self.labels.update_value(|labels| labels.put_back(removed));
        self.notice.set(None);
        self.announce(text::PUT_BACK.to_owned());
        self.labels_changed();
    }

    /// Takes a sample's labels, in the place of all; the old ones can be put back.
    pub(super) fn use_sample_labels(self, texts: Vec<String>) {
        let replaced = self
            .labels
            .try_update_value(|labels| labels.replace(texts, Origin::Sample));
        match replaced {
            Some(replaced) if !replaced.labels.is_empty() => {
                self.say(
                    text::LABELS_REPLACED.to_owned(),
                    Some(Action::Undo(replaced)),
                );
            }
            _ => self.notice.set(None),
        }
        self.labels_changed();
    }

    /// Takes the labels that a host has set, in the place of all.
    pub(super) fn replace_labels(self, texts: &[String]) {
        self.labels.update_value(|labels| {
            labels.replace(texts, Origin::Default);
        });
        self.notice.set(None);
        self.labels_changed();
    }

    /// The labels of a sample that was just chosen: taken where no labels of a person are lost by it, else offered.
    pub(super) fn offer_sample_labels(self, texts: Vec<String>) {
        let mine = self
            .labels
            .with_value(|labels| labels.origin() == Origin::Person && !labels.list().is_empty());
        let same = self.labels.with_value(|labels| labels.texts() == texts);
        if same {
            return;
        }
        if mine {
            self.say(text::LABELS_LEFT.to_owned(), Some(Action::UseLabels(texts)));
        } else {
            self.labels.update_value(|labels| {
                labels.replace(texts, Origin::Sample);
            });
            self.notice.set(None);
            self.labels_changed();
        }
    }

    /// Draws the rows for the first time.
    pub(super) fn show_labels(self) {
        self.match_rows();
        self.count_labels();
    }

    /// Labels came or went.
    fn labels_changed(self) {
        self.match_rows();
        self.refresh_repeated();
        self.save_soon();
        self.score_after(scoring::AT_ONCE);
    }

    fn count_labels(self) {
        let count = self.labels.with_value(|labels| labels.usable().len());
        if count != self.label_count.get_untracked() {
            self.label_count.set(count);
        }
    }

    /// Makes the rows those of the labels: takes out at once, adds in steps.
    fn match_rows(self) {
        let ids: HashSet<LabelId> = self
            .labels
            .with_value(|labels| labels.list().iter().map(|label| label.id).collect());
        if self
            .rows
            .with_untracked(|rows| rows.iter().any(|row| !ids.contains(&row.id)))
        {
            self.rows
                .update(|rows| rows.retain(|row| ids.contains(&row.id)));
            self.with_desk(|desk| desk.labels.looks.retain(|id, _| ids.contains(id)));
        }
        if !self.with_desk(|desk| std::mem::replace(&mut desk.labels.growing, true)) {
            in_steps(move || self.grow());
        }
    }

    /// Adds the next rows. Returns whether there are more to add.
    fn grow(self) -> bool {
        let missing: Vec<LabelId> = self.with_desk(|desk| {
            let shown = &desk.labels.looks;
            self.labels.with_value(|labels| {
                let ids = labels.list().iter().map(|label| label.id);
                ids.filter(|id| !shown.contains_key(id))
                    .take(ROWS_A_STEP + 1)
                    .collect()
            })
        });
        let repeated = self.labels.with_value(labels::Labels::repeated);
        let new: Vec<Row> = missing
            .iter()
            .take(ROWS_A_STEP)
            .map(|&id| Row {
                id,
                look: ArcRwSignal::new(self.look(id, repeated.contains(&id))),
            })
            .collect();
        if !new.is_empty() {
            self.with_desk(|desk| {
                desk.labels
                    .looks
                    .extend(new.iter().map(|row| (row.id, row.look.clone())));
            });
            self.rows.update(|rows| rows.extend(new));
        }
        let more = missing.len() > ROWS_A_STEP;
        if !more {
            self.with_desk(|desk| desk.labels.growing = false);
            self.arrange_when_quiet();
        }
        more
    }

    /// Whether every label has its row.
    pub(super) fn all_rows_are_there(self) -> bool {
        !self.with_desk(|desk| desk.labels.growing)
    }

    fn look(self, id: LabelId, repeated: bool) -> RowLook {
        let text = self.label_text(id);
        let picture = self
            .picture
            .with_untracked(|picture| picture.as_ref().map(|picture| picture.id));
        let score = self
            .scores
            .with_value(|scores| scores.of(id, &text, picture));
        RowLook {
            text,
            score,
            repeated,
        }
    }

    /// Shows rows as they now are.
    pub(super) fn refresh(self, ids: impl IntoIterator<Item = LabelId>) {
        for id in ids {
            let Some(signal) = self.with_desk(|desk| desk.labels.looks.get(&id).cloned()) else {
                continue;
            };
            let look = self.look(id, signal.with_untracked(|look| look.repeated));
            if signal.with_untracked(|old| *old != look) {
                signal.set(look);
            }
        }
    }

    /// Shows all rows as they now are, in steps.
    pub(super) fn refresh_all(self) {
        let mut ids: Vec<LabelId> = self
            .rows
            .with_untracked(|rows| rows.iter().map(|row| row.id).collect());
        in_steps(move || {
            let rest = ids.split_off(ids.len().min(ROWS_A_STEP));
            self.refresh(std::mem::replace(&mut ids, rest));
            !ids.is_empty()
        });
    }

    /// Marks the labels that are repeated, and unmarks those that no longer are.
    fn refresh_repeated(self) {
        self.count_labels();
        let repeated = self.labels.with_value(labels::Labels::repeated);
        let changed: Vec<(bool, ArcRwSignal<RowLook>)> = self.with_desk(|desk| {
            desk.labels
                .looks
                .iter()
                .map(|(id, look)| (repeated.contains(id), look))
                .filter(|(repeated, look)| look.with_untracked(|look| look.repeated != *repeated))
                .map(|(repeated, look)| (repeated, look.clone()))
                .collect()
        });
        for (repeated, look) in changed {
            look.update(|look| look.repeated = repeated);
        }
    }

    /// Lights a row up, and scrolls to it if asked.
    fn flash(self, id: LabelId, scroll: bool) {
        if let Some(row) = document().get_element_by_id(&browser::row_id(id)) {
            if scroll {
                browser::scroll_into_view(&row);
            }
            browser::flash(&row);
        }
    }

    /// Scrolls to a new row once it is drawn.
    fn reveal_soon(self, id: LabelId) {
        request_animation_frame(move || {
            if let Some(row) = document().get_element_by_id(&browser::row_id(id)) {
                browser::scroll_into_view(&row);
            }
        });
    }
}
