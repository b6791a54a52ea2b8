//! Labels: rows added in steps, edited in place, removed.

use std::collections::{HashMap, HashSet};

use leptos::prelude::*;

use super::{Action, Session, scoring};
use crate::browser::{self, in_steps};
use crate::state::history::{Change, Which};
use crate::state::label_text;
use crate::state::labels::{self, LabelId, MOST_LABELS, Origin, tidy};
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
    /// It is switched off, and not asked.
    pub off: bool,
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
        let labels = label_text::split_list(text);
        if labels.is_empty() {
            return false;
        }
        let known: HashSet<String> = self.labels.with_value(|list| {
            let list = list.list().iter();
            list.map(|label| labels::key(&label.text)).collect()
        });
        if labels
            .iter()
            .any(|label| !known.contains(&labels::key(label)))
        {
            self.before_change(Change::Added(Which::of(&names(&labels))));
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
                .map(|label| label_text::name(&label.text))
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
        let edits = self.labels.with_value(|labels| {
            labels
                .get(id)
                .is_some_and(|label| tidy(&label.text) != tidy(typed))
        });
        if edits {
            self.before_change(Change::Edited(id, label_text::name(typed)));
        }
        let asks_anew = self
            .labels
            .try_update_value(|labels| labels.edit(id, typed))
            .unwrap_or_default();
        self.refresh([id]);
        if asks_anew {
            self.refresh_repeated();
            self.save_soon();
            self.score_after_typing();
            if self.tools.open.get_untracked() == Some(id) {
                self.read_open_label();
            }
        }
    }

    /// A row's text as it now reads.
    pub fn label_text(self, id: LabelId) -> String {
        self.labels
            .with_value(|labels| labels.get(id).map(|label| label.text.clone()))
            .unwrap_or_default()
    }

    /// Takes a label out. `as_it_read` is what it said before its field was emptied, which is how it was taken out then.
    pub fn remove_label(self, id: LabelId, as_it_read: Option<String>) {
        let name = match &as_it_read {
            Some(text) => label_text::name(text),
            None => self.label_name(id),
        };
        let known = self.labels.with_value(|labels| labels.get(id).is_some());
        if !known {
            return;
        }
        self.before_change(match as_it_read {
            Some(_) => Change::Emptied(id, name.clone()),
            None => Change::Removed(Which::One(name.clone())),
        });
        self.labels.update_value(|labels| {
            labels.remove(id);
        });
        self.removed(&[name]);
    }

    /// Takes all labels out.
    pub fn clear_labels(self) {
        let names: Vec<String> = self.labels.with_value(|labels| {
            let labels = labels.list().iter();
            labels.map(|label| label_text::name(&label.text)).collect()
        });
        if names.is_empty() {
            return;
        }
        self.before_change(Change::Removed(Which::of(&names)));
        let none = std::iter::empty::<&str>();
        self.labels
            .update_value(|labels| labels.replace(none, Origin::Person));
        self.removed(&names);
    }

    fn removed(self, names: &[String]) {
        self.end_change();
        let said = text::labels_removed(names);
        self.announce(said.clone());
        self.say(said, Some(Action::Undo));
        self.labels_changed();
    }

    /// Takes a sample's labels, in the place of all.
    pub(super) fn use_sample_labels(self, texts: Vec<String>) {
        let had_some = self.labels.with_value(|labels| !labels.list().is_empty());
        self.replace_by_sample(texts);
        if had_some {
            self.say(text::LABELS_REPLACED.to_owned(), Some(Action::Undo));
        }
    }

    fn replace_by_sample(self, texts: Vec<String>) {
        self.before_change(Change::Replaced);
        self.end_change();
        self.labels
            .update_value(|labels| labels.replace(texts, Origin::Sample));
        self.notice.set(None);
        self.labels_changed();
    }

    /// Takes the labels that a host has set, in the place of all.
    pub(super) fn replace_labels(self, texts: &[String]) {
        // To a host, a colon is a colon.
        let texts = texts.iter().map(|text| label_text::escaped(text));
        self.labels
            .update_value(|labels| labels.replace(texts, Origin::Default));
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
            self.replace_by_sample(texts);
        }
    }

    /// Draws the rows for the first time.
    pub(super) fn show_labels(self) {
        self.match_rows();
        self.count_labels();
    }

    /// Labels came or went.
    pub(super) fn labels_changed(self) {
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
        let off = self
            .labels
            .with_value(|labels| labels.list().iter().filter(|label| label.off).count());
        if off != self.tools.off_count.get_untracked() {
            self.tools.off_count.set(off);
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
        let (text, off) = self
            .labels
            .with_value(|labels| labels.get(id).map(|label| (label.text.clone(), label.off)))
            .unwrap_or_default();
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
            off,
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

    /// Writes into the rows' fields what the labels say, where that was not typed there.
    pub(super) fn rewrite_rows(self) {
        if let Some(list) = self.list.get_untracked() {
            self.labels.with_value(|labels| {
                let texts = labels.list().iter();
                browser::write_rows(&list, texts.map(|label| (label.id, &*label.text)));
            });
        }
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

/// The labels that these texts write.
fn names(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| label_text::name(text)).collect()
}
