//! What happens when: the page's state as signals, and the actions that change it.
//!
//! [`Session`] is what components read and call. Its actions are grouped by topic: labels, pictures, many pictures, scoring,
//! models, people's own models, files that are kept, visits without a network, what the browser gives, pages around. The data
//! itself and its rules are in [`crate::state`]; what is drawn is in [`crate::components`].

mod capabilities;
mod collection;
mod embed;
mod export;
mod files;
mod label_tools;
mod labels;
mod link;
mod live;
mod models;
mod offline;
mod own_models;
mod pictures;
mod remote_picture;
mod scoring;
mod search;
mod why;

pub use collection::{Checked, Described, Many, Probe, Tool, View, Words};
pub use embed::{Embed, HostPicture, HostPictureState};
pub use export::{Kind, Shared};
pub use label_tools::{LabelTools, Reading};
pub use labels::{Row, RowLook};
pub use link::LinkContents;
pub use live::{Live, Viewfinder};
pub use offline::NewVersion;
pub use pictures::{Picture, PictureSource};
pub use remote_picture::AddressField;
pub use scoring::AtWork;
pub use search::Search;
pub use why::WhyMap;

use std::time::Duration;

use leptos::html;
use leptos::prelude::*;
use web_sys::Blob;

use crate::browser::{self, BrowserStorage, Timer};
use crate::engine::{Engine, EngineStatus};
use crate::state::capabilities::Capabilities;
use crate::state::collection_saved::SavedCollection;
use crate::state::history::Change;
use crate::state::kept::Kept;
use crate::state::labels::{FIRST_LABELS, Labels, Origin};
use crate::state::models::{Models, Status};
use crate::state::samples::Sample;
use crate::state::saved::{Saved, Tools};
use crate::state::scores::Scores;
use crate::state::template::Template;
use crate::text;
use cliplet_protocol::catalogue::ModelEntry;

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

/// The page's state. Copies are the same one.
#[derive(Clone, Copy)]
pub struct Session {
    engine: StoredValue<Engine, LocalStorage>,
    labels: StoredValue<Labels>,
    scores: StoredValue<Scores>,
    models: StoredValue<Models>,
    desk: StoredValue<Desk, LocalStorage>,
    /// The engine's build, once it listens.
    build: StoredValue<Option<String>>,
    /// What there is of a page around, where this one is inside another. Nothing is saved there.
    pub embed: Option<Embed>,
    /// Many pictures.
    pub many: Many,

    /// The rows on the page, in the order in which they were added; [`browser::put_in_order`] shows them best first.
    pub rows: RwSignal<Vec<Row>>,
    /// The element that holds the rows.
    pub list: NodeRef<html::Ol>,
    /// How many labels the model is asked.
    pub label_count: RwSignal<usize>,
    /// The prompt template.
    pub template: RwSignal<Template>,
    /// The picture on screen.
    pub picture: RwSignal<Option<Picture>>,
    /// The name of the picture that is being opened.
    pub opening: RwSignal<Option<String>>,
    /// The samples that come with the page.
    pub samples: RwSignal<Vec<Sample>>,
    /// Where the models stand.
    pub model_status: RwSignal<Option<Status>>,
    /// The models that are offered.
    pub catalogue: RwSignal<Vec<ModelEntry>>,
    /// The list of models could not be read.
    pub no_catalogue: RwSignal<bool>,
    /// What the browser keeps, once somebody wanted to see it.
    pub kept: RwSignal<Option<Kept>>,
    /// Why a file could not be deleted, or what is kept not be found out.
    pub files_trouble: RwSignal<Option<String>>,
    /// What became of the engine, if anything did.
    pub engine_life: RwSignal<Option<EngineStatus>>,
    /// The model whose scores are on screen.
    pub scored_by: RwSignal<Option<ModelEntry>>,
    /// The scores on screen answer an older question.
    pub stale: RwSignal<bool>,
    /// The scores on screen answer the present question, and the rows are best first.
    pub settled: RwSignal<bool>,
    /// What the engine is at with the question, while it is.
    pub at_work: RwSignal<Option<AtWork>>,
    /// What there is to say about the picture on screen.
    pub picture_note: RwSignal<Option<String>>,
    /// What went wrong, until it is dismissed or the next picture is taken.
    pub error: RwSignal<Option<String>>,
    /// Everything is kept that a visit without a network needs.
    pub works_offline: RwSignal<bool>,
    /// There is a newer version of the page.
    pub new_version: RwSignal<Option<NewVersion>>,
    /// What the browser and the host give, once somebody wanted to see it.
    pub capabilities: RwSignal<Option<Capabilities>>,
    /// What there is to say about the labels.
    pub notice: RwSignal<Option<Notice>>,
    /// What a screen reader says next.
    pub announcement: RwSignal<String>,
    /// What there is besides for labels and their scores.
    pub tools: LabelTools,
    /// What parts of the picture speak for a label.
    pub why: WhyMap,
    /// The camera.
    pub camera: Viewfinder,
    /// The field for a picture's address.
    pub address: AddressField,
    /// What a link has brought.
    pub link: RwSignal<Option<LinkContents>>,
}

/// Timers and things under way, which nothing on the page shows.
#[derive(Default)]
struct Desk {
    save: Timer,
    notice: Timer,
    announce: Timer,
    say: Timer,
    to_say: Vec<String>,
    embed: embed::Desk,
    many: collection::Desk,
    scoring: scoring::Desk,
    labels: labels::Desk,
    label_tools: label_tools::Desk,
    live: live::Desk,
    pictures: pictures::Desk,
    search: search::Desk,
    models: models::Desk,
    own_models: own_models::Desk,
    files: files::Desk,
    offline: offline::Desk,
    why: why::Desk,
    link: link::Desk,
    /// The file of the picture on screen.
    file: Option<Blob>,
}

impl Session {
    /// The state as it was left at the last visit. Nothing is fetched or computed until [`start`](Self::start).
    pub fn restored() -> Self {
        let saved = Saved::read(&BrowserStorage);
        let (labels, template, tools, models) = match saved {
            Some(saved) => {
                let tools = saved.tools();
                let mut labels = Labels::new(saved.labels, saved.labels_by);
                labels.switch_off_at(&tools.off);
                (
                    labels,
                    Template::restored(&saved.template),
                    tools,
                    Models::new(saved.model, saved.kept, browser::wants_to_save_data())
                        .with_own(saved.own),
                )
            }
            None => (
                Labels::new(FIRST_LABELS, Origin::Default),
                Template::default(),
                Tools::default(),
                Models::new(None, [], browser::wants_to_save_data()),
            ),
        };
        Self::new(labels, template, tools, models, None)
    }

    fn new(
        labels: Labels,
        template: Template,
        tools: Tools,
        models: Models,
        embed: Option<Embed>,
    ) -> Self {
        // What is kept under this origin is the person's own page's.
        let saved_collection = match embed {
            None => SavedCollection::read(&BrowserStorage),
            Some(_) => SavedCollection::default(),
        };
        let label_count = labels.usable().len();
        let session = Self {
            embed,
            many: Many::new(&saved_collection),
            engine: StoredValue::new_local(Engine::new()),
            labels: StoredValue::new(labels),
            scores: StoredValue::default(),
            models: StoredValue::new(models),
            desk: StoredValue::new_local(Desk::default()),
            build: StoredValue::default(),
            rows: RwSignal::default(),
            list: NodeRef::new(),
            label_count: RwSignal::new(label_count),
            template: RwSignal::new(template),
            picture: RwSignal::default(),
            opening: RwSignal::default(),
            samples: RwSignal::default(),
            model_status: RwSignal::default(),
            catalogue: RwSignal::default(),
            no_catalogue: RwSignal::default(),
            kept: RwSignal::default(),
            files_trouble: RwSignal::default(),
            engine_life: RwSignal::default(),
            scored_by: RwSignal::default(),
            stale: RwSignal::default(),
            settled: RwSignal::default(),
            at_work: RwSignal::default(),
            picture_note: RwSignal::default(),
            error: RwSignal::default(),
            works_offline: RwSignal::default(),
            new_version: RwSignal::default(),
            capabilities: RwSignal::default(),
            notice: RwSignal::default(),
            announcement: RwSignal::default(),
            tools: LabelTools::new(tools.scoring, tools.shown),
            why: WhyMap::default(),
            camera: Viewfinder::default(),
            address: AddressField::default(),
            link: RwSignal::default(),
        };
        session.restore_collection(saved_collection);
        session
    }

    /// Draws the labels, then starts the engine and fetches what the page needs.
    pub fn start(self) {
        self.show_labels();
        if !self.is_embedded() {
            self.follow_links();
            self.follow_why();
        }
        self.engine().on_status(move |life| self.engine_lives(life));
        // In a task of its own, so that the page is painted first.
        set_timeout(
            move || {
                self.engine().start();
                self.fetch_catalogue();
                if !self.is_embedded() {
                    self.fetch_samples();
                }
            },
            Duration::ZERO,
        );
    }

    fn engine(self) -> Engine {
        self.engine.with_value(Engine::clone)
    }

    fn with_desk<T>(self, read: impl FnOnce(&mut Desk) -> T) -> T {
        self.desk
            .try_update_value(read)
            .expect("the session lives as long as the page")
    }

    fn engine_lives(self, life: EngineStatus) {
        match &life {
            EngineStatus::Listening(engine) => {
                self.build.set_value(Some(engine.build.clone()));
                self.find_out_what_is_kept();
            }
            EngineStatus::NotStarted(_) | EngineStatus::Died(_) => {
                self.models.update_value(Models::engine_died);
                self.opening.set(None);
                self.at_work.set(None);
                self.show_models();
            }
        }
        self.engine_life.set(Some(life));
        if let Some(trouble) = untrack(|| self.engine_trouble()) {
            self.announce(trouble);
        }
    }

    /// Starts the engine anew after it died, and gives it back what it had.
    pub fn start_again(self) {
        self.engine_life.set(None);
        self.engine().start();
        self.models.update_value(Models::engine_started);
        self.give_picture_again();
        self.give_collection_again();
        if self.searches() {
            self.take_all_for_search();
        }
        self.go_on_with_models();
    }

    /// Takes an error off the page.
    pub fn dismiss_error(self) {
        self.error.set(None);
    }

    /// Says something about the labels, for a while.
    fn say(self, text: String, action: Option<Action>) {
        const WHILE: Duration = Duration::from_secs(20);
        self.notice.set(Some(Notice { text, action }));
        self.with_desk(|desk| desk.notice.set(WHILE, move || self.notice.set(None)));
    }

    /// Takes the notice off the page.
    pub fn dismiss_notice(self) {
        self.notice.set(None);
    }

    /// Does what the notice offers.
    pub fn act_on_notice(self) {
        match self.notice.get_untracked().and_then(|notice| notice.action) {
            Some(Action::Undo) => self.undo(),
            Some(Action::UseLabels(labels)) => self.use_sample_labels(labels),
            Some(Action::ShowMyOrder) => self.show_my_order(),
            None => {}
        }
    }

    /// Lets a screen reader say something once it is idle. What comes at the same time is said together, for a later
    /// text would take the place of an earlier one before that is read.
    fn announce(self, text: String) {
        const TOGETHER: Duration = Duration::from_millis(150);
        self.with_desk(|desk| {
            desk.to_say.push(text);
            desk.say.set(TOGETHER, move || {
                let text = self
                    .with_desk(|desk| std::mem::take(&mut desk.to_say))
                    .join(" ");
                // The same words again are no change, and would not be said.
                let same = self.announcement.with_untracked(|said| *said == text);
                self.announcement
                    .set(if same { format!("{text}\u{a0}") } else { text });
            });
        });
    }

    fn save_soon(self) {
        const WAIT: Duration = Duration::from_millis(400);
        self.with_desk(|desk| desk.save.set(WAIT, move || self.save()));
    }

    /// Saves what stays between visits, now.
    pub fn save(self) {
        self.with_desk(|desk| desk.save.clear());
        // What is kept under this origin is the person's own page's.
        if self.is_embedded() {
            return;
        }
        let ((labels, off), labels_by) = self
            .labels
            .with_value(|labels| (labels.saved(), labels.origin()));
        let template = self.template.with_untracked(Template::text);
        let tools = Tools {
            off,
            scoring: self.tools.scoring.get_untracked(),
            shown: self.tools.shown.get_untracked(),
        };
        let (model, kept, own) = self.models.with_value(|models| {
            let chosen = models.chosen().map(str::to_owned);
            (chosen, models.kept(), models.own().to_vec())
        });
        Saved::new(labels, labels_by, template, model, kept, own, tools).write(&BrowserStorage);
    }

    /// Takes what stands in the templates' field.
    pub fn set_template(self, typed: &str) {
        if self
            .template
            .with_untracked(|template| template.typed() == typed)
        {
            return;
        }
        self.before_change(Change::Template);
        if self.template.try_update(|template| template.set(typed)) == Some(true) {
            self.save_soon();
            self.read_open_label();
            self.score_after(scoring::PAUSE_WHILE_TYPING);
        }
    }

    fn fetch_samples(self) {
        leptos::task::spawn_local(async move {
            if let Ok(list) = browser::fetch_text("samples/samples.json").await {
                self.samples.set(crate::state::samples::read(&list));
            }
        });
    }

    /// The sentence about the engine, if it does not run.
    pub fn engine_trouble(self) -> Option<String> {
        match self.engine_life.get()? {
            EngineStatus::Listening(_) => None,
            EngineStatus::NotStarted(details) => Some(text::engine_not_started(&details)),
            EngineStatus::Died(details) => Some(text::engine_died(&details)),
        }
    }
}
