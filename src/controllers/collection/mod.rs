//! Many pictures: taken from folders and selections, handed to the engine a few at a time, judged,
//! searched, taught and checked.
//!
//! Here: what is shown of it and what is under way; its actions are grouped by topic. The page's
//! thread hands over files and shows what comes back: decoding, hashing, encoding and comparing are
//! the engine's.

mod arranging;
mod checking;
mod encode;
mod evaluate;
mod intake;
mod keeping;
mod search;
mod showing;
mod teaching;

use std::collections::{HashMap, HashSet};

use leptos::prelude::*;
use web_sys::{Blob, File};

use cliplet_protocol::collection::{Classifier, ItemId};
use cliplet_protocol::messages::{Ask, Failure, RequestId};

use super::base::Base;
use super::label_sets::LabelSetsController;
use super::labels::LabelsController;
use super::models::ModelsController;
use super::pictures::PicturesController;
use super::query::QueryController;
use super::support::{Local, lasting, readable};
use crate::browser::Timer;
use crate::engine::{Ended, Latest};
use crate::state::check::Report;
use crate::state::collection::{Collection, Filter, Item, Lessons, Progress, Sort, WayBack};
use crate::state::collection_saved::SavedCollection;
use crate::state::vocabulary::Vocabulary;

/// What is seen of the collection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// There is none, or it is closed.
    #[default]
    Closed,
    /// All pictures.
    Grid,
    /// One of them, large.
    Item(ItemId),
    /// Another picture, large.
    Stage,
}

/// What is done with the pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tool {
    /// They are looked at.
    #[default]
    Look,
    /// Classes are taught by them.
    Teach,
    /// Labels are checked with them.
    Check,
}

/// What can be undone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Undo {
    /// What was done, as a sentence.
    pub said: String,
    /// Pictures that were taken out.
    items: Vec<ItemId>,
    /// Classes and examples as they were.
    lessons: WayBack,
}

/// What is known of the linear probe.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// Its classes.
    pub classes: Vec<String>,
    /// All examples.
    pub examples: usize,
    /// By cross-validation: so many right, of so many.
    pub tried: Option<(u32, u32)>,
    /// How long learning took; 0 for one from a file.
    pub milliseconds: u32,
    json: String,
}

/// What came of a check.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// The counts, if anything could be counted.
    pub report: Option<Report>,
    /// The labels, by their numbers.
    pub labels: Vec<String>,
    /// Folders that no label is called after.
    pub unmatched: Vec<String>,
}

/// Words for a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Described {
    /// Which.
    pub item: ItemId,
    /// What came of it so far.
    pub words: Words,
}

/// What came of looking for words.
#[derive(Clone, Debug, PartialEq)]
pub enum Words {
    /// So many of so many are read.
    Read(u32, u32),
    /// Best first, with their scores.
    Found(Vec<(String, f32)>),
    /// They cannot be had, for this reason.
    Failed(String),
}

/// Many pictures.
pub struct CollectionController {
    base: Base,
    query: &'static QueryController,
    labels: &'static LabelsController,
    label_sets: &'static LabelSetsController,
    models: &'static ModelsController,
    pictures: &'static PicturesController,
    data: Local<Collection>,
    view: RwSignal<View>,
    tool: RwSignal<Tool>,
    order: RwSignal<Vec<ItemId>>,
    changes: RwSignal<u32>,
    progress: RwSignal<Progress>,
    paused: RwSignal<bool>,
    sort: RwSignal<Sort>,
    filter: RwSignal<Filter>,
    phrase: RwSignal<String>,
    like: RwSignal<Option<ItemId>>,
    selected: RwSignal<HashSet<ItemId>>,
    lessons: RwSignal<Lessons>,
    probe: RwSignal<Option<Probe>>,
    training: RwSignal<bool>,
    by_probe: RwSignal<bool>,
    probabilities: RwSignal<Vec<f32>>,
    checked: RwSignal<Option<Checked>>,
    described: RwSignal<Option<Described>>,
    vocabulary: RwSignal<Vocabulary>,
    note: RwSignal<Option<String>>,
    undo_offer: RwSignal<Option<Undo>>,
    keeps: RwSignal<bool>,
    kept: RwSignal<usize>,
    pending: Local<Pending>,
}

#[derive(Default)]
struct Pending {
    /// The picture that was shown by itself last, until the grid has heard of it.
    last_shown: Option<ItemId>,
    files: HashMap<ItemId, File>,
    previews: HashMap<ItemId, Blob>,
    under_way: HashMap<ItemId, RequestId>,
    /// The model that has read them.
    model: Option<String>,
    /// The store is open for this model, or known not to be had.
    store_for: Option<String>,
    opening_store: bool,
    /// The browser has the store: what is read with [`keeps`](CollectionController::keeps) is kept.
    has_store: bool,
    show: Timer,
    search: Timer,
    undo: Timer,
    save: Timer,
    /// What the pictures were last judged by, and what is under way.
    asked: Option<Asked>,
    judging: Latest,
    finding: Latest,
    describing: Latest,
    probing: Latest,
    checking: Latest,
    /// The probe of the last visit, and whether it is to answer.
    saved_probe: Option<(String, bool)>,
    said_no_room: bool,
    said_all_read: bool,
}

/// What pictures are judged by, and the label whose score is wanted for all.
#[derive(Clone, PartialEq)]
struct Asked {
    by: Classifier,
    labels: Vec<String>,
    of: Option<u32>,
    /// Counts probes, which are otherwise all alike.
    probe: u32,
}

impl CollectionController {
    pub(crate) fn new(
        base: Base,
        query: &'static QueryController,
        labels: &'static LabelsController,
        label_sets: &'static LabelSetsController,
        models: &'static ModelsController,
        pictures: &'static PicturesController,
        saved: SavedCollection,
    ) -> &'static Self {
        let pending = Pending {
            saved_probe: saved.probe.map(|probe| (probe, saved.by_probe)),
            ..Pending::default()
        };
        lasting(Self {
            base,
            query,
            labels,
            label_sets,
            models,
            pictures,
            data: Local::default(),
            view: RwSignal::default(),
            tool: RwSignal::default(),
            order: RwSignal::default(),
            changes: RwSignal::default(),
            progress: RwSignal::default(),
            paused: RwSignal::default(),
            sort: RwSignal::default(),
            filter: RwSignal::default(),
            phrase: RwSignal::default(),
            like: RwSignal::default(),
            selected: RwSignal::default(),
            lessons: RwSignal::default(),
            probe: RwSignal::default(),
            training: RwSignal::default(),
            by_probe: RwSignal::default(),
            probabilities: RwSignal::default(),
            checked: RwSignal::default(),
            described: RwSignal::default(),
            vocabulary: RwSignal::new(Vocabulary::of_value(&saved.vocabulary)),
            note: RwSignal::default(),
            undo_offer: RwSignal::default(),
            keeps: RwSignal::new(saved.keep),
            kept: RwSignal::new(saved.kept),
            pending: Local::new(pending),
        })
    }

    readable! {
        /// What is seen.
        view: View;
        /// What is done with them.
        tool: Tool;
        /// The pictures that are shown, in order.
        order: Vec<ItemId>;
        /// Counts changes of what is known of pictures.
        changes: u32;
        /// How many have come how far.
        progress: Progress;
        /// Reading is paused.
        paused: bool;
        /// What they are sorted by.
        sort: Sort;
        /// Which are shown.
        filter: Filter;
        /// What is looked for.
        phrase: String;
        /// The picture that others are compared with.
        like: Option<ItemId>;
        /// Selected pictures.
        selected: HashSet<ItemId>;
        /// Classes and their examples.
        lessons: Lessons;
        /// The linear probe.
        probe: Option<Probe>;
        /// It is being fitted.
        training: bool;
        /// It answers instead of the labels.
        by_probe: bool;
        /// What it says of the picture on the stage, in the order of its classes.
        probabilities: Vec<f32>;
        /// What came of the last check.
        checked: Option<Checked>;
        /// Words for a picture, once somebody wanted them.
        described: Option<Described>;
        /// Where those come from.
        vocabulary: Vocabulary;
        /// What there is to say.
        note: Option<String>;
        /// What can be undone.
        undo_offer: Option<Undo>;
        /// Previews and embeddings are kept.
        keeps: bool;
        /// Pictures of earlier visits that are not open.
        kept: usize;
    }

    /// Takes what there is to say off the page.
    pub fn dismiss_note(&self) {
        self.note.set(None);
    }

    /// What is known of a picture. Follows changes.
    pub fn item(&self, id: ItemId) -> Option<Item> {
        self.changes().track();
        self.data.read(|data| data.get(id).cloned())
    }

    /// The name of a label that pictures were judged by.
    pub fn label(&self, number: u32) -> String {
        self.data.read(|data| data.label(number).to_owned())
    }

    /// The labels that pictures are judged by, with how many pictures each fits best, and how many
    /// none fits. Follows changes.
    pub fn counts(&self) -> (Vec<(u32, String, usize)>, usize) {
        self.changes().track();
        self.data.read(|data| {
            let (counts, none) = data.counts();
            let each = data.labels().iter().enumerate().map(|(at, label)| {
                let number = at as u32;
                let count = counts.get(&number).copied().unwrap_or_default();
                (number, label.clone(), count)
            });
            (each.collect(), none)
        })
    }

    /// The folders that pictures lie in, which may be classes, and how many pictures each has.
    /// Follows changes.
    pub fn folders(&self) -> Vec<(String, usize)> {
        self.changes().track();
        self.data.read(|data| {
            let folders = data.folders().into_iter();
            folders
                .map(|(folder, count)| (folder.to_owned(), count))
                .collect()
        })
    }

    /// The cosine of a picture and what is looked for. Follows changes.
    pub fn cosine(&self, id: ItemId) -> Option<f32> {
        self.changes().track();
        self.data.read(|data| data.cosine(id))
    }

    fn is_empty(&self) -> bool {
        self.data.read(Collection::is_empty)
    }

    /// How many pictures are there, also while the collection is closed. Follows changes.
    pub fn count(&self) -> usize {
        self.changes().track();
        self.data.read(|data| data.there().count())
    }

    /// Asks something that nobody cancels.
    pub(crate) async fn ask<R: Ask>(
        &'static self,
        request: R,
    ) -> Result<(R::Answer, Option<Blob>), Failure> {
        let call = self.base.engine().ask(request);
        call.end_with_file().await.map_err(|ended| match ended {
            Ended::Failed(failure) => failure,
            Ended::Cancelled => Failure::Internal {
                message: "the engine has stopped".to_owned(),
            },
        })
    }

    /// Tells the engine something whose end nobody waits for.
    pub(crate) fn tell(&'static self, request: impl Ask + 'static) {
        // Asked at once, so that it comes before whatever is asked next.
        let call = self.base.engine().ask(request);
        leptos::task::spawn_local(async move {
            call.end().await.ok();
        });
    }
}
