//! The list of labels: rows added in steps, edited in place, removed.

use std::collections::{HashMap, HashSet};

use leptos::html;
use leptos::prelude::*;

use cliplet_protocol::query::PictureId;

use super::base::Base;
use super::messages::Action;
use super::query::{Changed, QueryController};
use super::support::{Hook, Local, lasting, readable};
use crate::browser::{self, in_steps};
use crate::state::history::{Change, Which};
use crate::state::label_text;
use crate::state::labels::{self, LabelId, MOST_LABELS, Origin, tidy};
use crate::state::scores::{RowScore, Scores};
use crate::text;
use crate::text::labels as words;

/// Rows that are added to the page, or given their scores, in one task. So many take a few
/// milliseconds.
pub(crate) const ROWS_A_STEP: usize = 48;

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
    /// An earlier label has the same text, so that this one is not asked.
    pub repeated: bool,
    /// It is switched off, and not asked.
    pub off: bool,
}

/// The labels' rows, and what is done in them.
pub struct LabelsController {
    base: Base,
    query: &'static QueryController,
    scores: &'static Local<Scores>,
    picture: Signal<Option<PictureId>>,
    rows: RwSignal<Vec<Row>>,
    list: NodeRef<html::Ol>,
    count: RwSignal<usize>,
    off_count: RwSignal<usize>,
    pending: Local<Pending>,
    /// Called when every label has its row.
    pub(crate) on_drawn: Hook,
}

#[derive(Default)]
struct Pending {
    looks: HashMap<LabelId, ArcRwSignal<RowLook>>,
    growing: bool,
}

impl LabelsController {
    pub(crate) fn new(
        base: Base,
        query: &'static QueryController,
        picture: Signal<Option<PictureId>>,
    ) -> &'static Self {
        lasting(Self {
            base,
            query,
            scores: lasting(Local::default()),
            picture,
            rows: RwSignal::default(),
            list: NodeRef::new(),
            count: RwSignal::new(query.with_labels(|labels| labels.usable().len())),
            off_count: RwSignal::default(),
            pending: Local::default(),
            on_drawn: Hook::default(),
        })
    }

    readable! {
        /// The rows on the page, in the order in which they were added; [`browser::put_in_order`]
        /// shows them best first.
        rows: Vec<Row>;
        /// How many labels the model is asked.
        count: usize;
        /// How many labels are switched off.
        off_count: usize;
    }

    /// The scores that the rows show.
    pub(crate) fn scores(&self) -> &'static Local<Scores> {
        self.scores
    }

    /// The element that holds the rows.
    pub fn list(&self) -> NodeRef<html::Ol> {
        self.list
    }

    /// Adds the labels of a text, which may be a list. Returns whether there was a label in it.
    pub fn add(&'static self, text: &str) -> bool {
        let labels = label_text::split_list(text);
        if labels.is_empty() {
            return false;
        }
        let known: HashSet<String> = self.query.with_labels(|list| {
            let list = list.list().iter();
            list.map(|label| labels::key(&label.text)).collect()
        });
        if labels
            .iter()
            .any(|label| !known.contains(&labels::key(label)))
        {
            self.query
                .before_change(Change::Added(Which::of(&names(&labels))));
        }
        let added = self.query.update_labels(|list| list.add(labels));
        let repeated: Vec<String> = self.query.with_labels(|list| {
            added
                .repeated
                .iter()
                .filter_map(|&id| list.get(id))
                .map(|label| label_text::name(&label.text))
                .collect()
        });
        match text::labels_added(&repeated, added.left_out, MOST_LABELS) {
            Some(said) => {
                self.base.messages.announce(said.clone());
                self.base.messages.say(said, None);
            }
            None => self.base.messages.dismiss_notice(),
        }
        for (nth, id) in added.repeated.into_iter().enumerate() {
            self.flash(id, nth == 0);
        }
        if !added.new.is_empty() {
            self.query.changed(Changed::Labels);
            if let [one] = added.new[..] {
                self.reveal_soon(one);
            }
        }
        true
    }

    /// Takes what stands in a row's field.
    pub fn edit(&'static self, id: LabelId, typed: &str) {
        let edits = self.query.with_labels(|labels| {
            labels
                .get(id)
                .is_some_and(|label| tidy(&label.text) != tidy(typed))
        });
        if edits {
            self.query
                .before_change(Change::Edited(id, label_text::name(typed)));
        }
        let asks_anew = self.query.update_labels(|labels| labels.edit(id, typed));
        self.refresh([id]);
        if asks_anew {
            self.refresh_repeated();
            self.query.changed(Changed::Label(id));
        }
    }

    /// A row's text as it now reads.
    pub fn text(&'static self, id: LabelId) -> String {
        self.query
            .with_labels(|labels| labels.get(id).map(|label| label.text.clone()))
            .unwrap_or_default()
    }

    pub(crate) fn name(&'static self, id: LabelId) -> String {
        label_text::name(&self.text(id))
    }

    /// Takes a label out. `as_it_read` is what it said before its field was emptied, which is how
    /// it was taken out then.
    pub fn remove(&'static self, id: LabelId, as_it_read: Option<String>) {
        let name = match &as_it_read {
            Some(text) => label_text::name(text),
            None => self.name(id),
        };
        let known = self.query.with_labels(|labels| labels.get(id).is_some());
        if !known {
            return;
        }
        self.query.before_change(match as_it_read {
            Some(_) => Change::Emptied(id, name.clone()),
            None => Change::Removed(Which::One(name.clone())),
        });
        self.query.update_labels(|labels| {
            labels.remove(id);
        });
        self.removed(&[name]);
    }

    /// Takes all labels out.
    pub fn clear(&'static self) {
        let names: Vec<String> = self.query.with_labels(|labels| {
            let labels = labels.list().iter();
            labels.map(|label| label_text::name(&label.text)).collect()
        });
        if names.is_empty() {
            return;
        }
        self.query.before_change(Change::Removed(Which::of(&names)));
        let none = std::iter::empty::<&str>();
        self.query
            .update_labels(|labels| labels.replace(none, Origin::Person));
        self.removed(&names);
    }

    fn removed(&'static self, names: &[String]) {
        self.query.end_change();
        let said = text::labels_removed(names);
        self.base.messages.announce(said.clone());
        self.base.messages.say(said, Some(Action::Undo));
        self.query.changed(Changed::Labels);
    }

    /// Switches a label off, or on again.
    pub fn switch(&'static self, id: LabelId, off: bool) {
        let name = self.name(id);
        self.query.before_change(Change::Switched(name.clone()));
        self.query.end_change();
        self.query.update_labels(|labels| {
            labels.switch(id, off);
        });
        self.base.messages.announce(words::switched(&name, off));
        self.base.messages.dismiss_notice();
        self.query.changed(Changed::Labels);
        self.refresh([id]);
    }

    /// Whether a label is switched off.
    pub fn is_off(&'static self, id: LabelId) -> bool {
        self.query
            .with_labels(|labels| labels.get(id).is_some_and(|label| label.off))
    }

    /// Makes a label's colon, behind which there would be prompts, one of the label.
    pub fn keep_colon(&'static self, id: LabelId) {
        let text = label_text::escaped(&tidy(&self.text(id)));
        self.edit(id, &text);
        self.query.end_change();
        self.rewrite_rows();
    }

    /// Takes a sample's labels, in the place of all.
    pub(crate) fn use_sample_labels(&'static self, texts: Vec<String>) {
        let had_some = self.query.with_labels(|labels| !labels.list().is_empty());
        self.replace_by_sample(texts);
        if had_some {
            self.base
                .messages
                .say(text::LABELS_REPLACED.to_owned(), Some(Action::Undo));
        }
    }

    fn replace_by_sample(&'static self, texts: Vec<String>) {
        self.query
            .replace(|labels, _| labels.replace(texts, Origin::Sample));
    }

    /// The labels of a sample that was just chosen: taken where no labels of a person are lost by
    /// it, else offered.
    pub(crate) fn offer_sample_labels(&'static self, texts: Vec<String>) {
        let mine = self
            .query
            .with_labels(|labels| labels.origin() == Origin::Person && !labels.list().is_empty());
        let same = self.query.with_labels(|labels| labels.texts() == texts);
        if same {
            return;
        }
        if mine {
            self.base
                .messages
                .say(text::LABELS_LEFT.to_owned(), Some(Action::UseLabels(texts)));
        } else {
            self.replace_by_sample(texts);
        }
    }

    /// Draws the rows for the first time.
    pub(crate) fn draw(&'static self) {
        self.match_rows();
        self.count_all();
    }

    /// Labels came or went.
    pub(crate) fn show_changed(&'static self) {
        self.match_rows();
        self.refresh_repeated();
    }

    /// All labels are what they were at some time.
    pub(crate) fn show_restored(&'static self) {
        self.show_changed();
        self.rewrite_rows();
        self.refresh_all();
    }

    fn count_all(&'static self) {
        let count = self.query.with_labels(|labels| labels.usable().len());
        if count != self.count().get_untracked() {
            self.count.set(count);
        }
        let off = self
            .query
            .with_labels(|labels| labels.list().iter().filter(|label| label.off).count());
        if off != self.off_count().get_untracked() {
            self.off_count.set(off);
        }
    }

    /// Makes the rows those of the labels: takes out at once, adds in steps.
    fn match_rows(&'static self) {
        let ids: HashSet<LabelId> = self
            .query
            .with_labels(|labels| labels.list().iter().map(|label| label.id).collect());
        if self
            .rows()
            .with_untracked(|rows| rows.iter().any(|row| !ids.contains(&row.id)))
        {
            self.rows
                .update(|rows| rows.retain(|row| ids.contains(&row.id)));
            self.pending
                .with(|pending| pending.looks.retain(|id, _| ids.contains(id)));
        }
        if !self
            .pending
            .with(|pending| std::mem::replace(&mut pending.growing, true))
        {
            in_steps(move || self.grow());
        }
    }

    /// Adds the next rows. Returns whether there are more to add.
    fn grow(&'static self) -> bool {
        let missing: Vec<LabelId> = self.pending.with(|pending| {
            let shown = &pending.looks;
            self.query.with_labels(|labels| {
                let ids = labels.list().iter().map(|label| label.id);
                ids.filter(|id| !shown.contains_key(id))
                    .take(ROWS_A_STEP + 1)
                    .collect()
            })
        });
        let repeated = self.query.with_labels(labels::Labels::repeated);
        let new: Vec<Row> = missing
            .iter()
            .take(ROWS_A_STEP)
            .map(|&id| Row {
                id,
                look: ArcRwSignal::new(self.look(id, repeated.contains(&id))),
            })
            .collect();
        if !new.is_empty() {
            self.pending.with(|pending| {
                pending
                    .looks
                    .extend(new.iter().map(|row| (row.id, row.look.clone())));
            });
            self.rows.update(|rows| rows.extend(new));
        }
        let more = missing.len() > ROWS_A_STEP;
        if !more {
            self.pending.with(|pending| pending.growing = false);
            self.on_drawn.call(());
        }
        more
    }

    /// Whether every label has its row.
    pub(crate) fn all_rows_are_there(&'static self) -> bool {
        !self.pending.with(|pending| pending.growing)
    }

    fn look(&'static self, id: LabelId, repeated: bool) -> RowLook {
        let (text, off) = self
            .query
            .with_labels(|labels| labels.get(id).map(|label| (label.text.clone(), label.off)))
            .unwrap_or_default();
        let picture = self.picture.get_untracked();
        let score = self.scores.read(|scores| scores.of(id, &text, picture));
        RowLook {
            text,
            score,
            repeated,
            off,
        }
    }

    /// Shows rows as they now are.
    pub(crate) fn refresh(&'static self, ids: impl IntoIterator<Item = LabelId>) {
        for id in ids {
            let Some(signal) = self.pending.with(|pending| pending.looks.get(&id).cloned()) else {
                continue;
            };
            let look = self.look(id, signal.with_untracked(|look| look.repeated));
            if signal.with_untracked(|old| *old != look) {
                signal.set(look);
            }
        }
    }

    /// Shows all rows as they now are, in steps.
    pub(crate) fn refresh_all(&'static self) {
        let mut ids: Vec<LabelId> = self
            .rows()
            .with_untracked(|rows| rows.iter().map(|row| row.id).collect());
        in_steps(move || {
            let rest = ids.split_off(ids.len().min(ROWS_A_STEP));
            self.refresh(std::mem::replace(&mut ids, rest));
            !ids.is_empty()
        });
    }

    /// Writes into the rows' fields what the labels say, where that was not typed there.
    fn rewrite_rows(&'static self) {
        if let Some(list) = self.list.get_untracked() {
            self.query.with_labels(|labels| {
                let texts = labels.list().iter();
                browser::write_rows(&list, texts.map(|label| (label.id, &*label.text)));
            });
        }
    }

    /// Marks the labels that are repeated, and unmarks those that no longer are.
    fn refresh_repeated(&'static self) {
        self.count_all();
        let repeated = self.query.with_labels(labels::Labels::repeated);
        let changed: Vec<(bool, ArcRwSignal<RowLook>)> = self.pending.with(|pending| {
            pending
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
    fn flash(&'static self, id: LabelId, scroll: bool) {
        if let Some(row) = document().get_element_by_id(&browser::row_id(id)) {
            if scroll {
                browser::scroll_into_view(&row);
            }
            browser::flash(&row);
        }
    }

    /// Scrolls to a new row once it is drawn.
    fn reveal_soon(&'static self, id: LabelId) {
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
