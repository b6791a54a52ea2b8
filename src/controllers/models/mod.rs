//! Models: carries out what [`crate::state::models::Models`] says is to be done, and tells it what
//! came of it.
//!
//! `own` adds the models that people bring themselves; `files` shows what the browser keeps of
//! them.

mod files;
mod own;

use std::collections::HashMap;

use leptos::prelude::*;
use web_sys::File;

use cliplet_protocol::catalogue::{Catalogue, ModelEntry};
use cliplet_protocol::messages::{LoadModel, ModelReady};

use super::base::Base;
use super::support::{Hook, Local, lasting, readable};
use crate::browser;
use crate::engine::Ended;
use crate::state::embed::settings::Settings;
use crate::state::kept::Kept;
use crate::state::models::{ModelState, Models, Offer, Status, Step};
use crate::text;

/// Models, where they stand, and their files.
pub struct ModelsController {
    base: Base,
    models: Local<Models>,
    status: RwSignal<Option<Status>>,
    catalogue: RwSignal<Vec<ModelEntry>>,
    no_catalogue: RwSignal<bool>,
    kept: RwSignal<Option<Kept>>,
    files_trouble: RwSignal<Option<String>>,
    pending: Local<Pending>,
    /// Called when a model answers.
    pub(crate) on_ready: Hook,
    /// Called when the list of models has come.
    pub(crate) on_listed: Hook,
    /// Called whenever something about models may have changed.
    pub(crate) on_shown: Hook,
}

#[derive(Default)]
struct Pending {
    last_news: Option<String>,
    /// Files on this device, by the id of the model that they belong to.
    files: HashMap<String, Vec<File>>,
    asked_to_persist: bool,
}

impl ModelsController {
    pub(crate) fn new(base: Base, models: Models) -> &'static Self {
        lasting(Self {
            base,
            models: Local::new(models),
            status: RwSignal::default(),
            catalogue: RwSignal::default(),
            no_catalogue: RwSignal::default(),
            kept: RwSignal::default(),
            files_trouble: RwSignal::default(),
            pending: Local::default(),
            on_ready: Hook::default(),
            on_listed: Hook::default(),
            on_shown: Hook::default(),
        })
    }

    readable! {
        /// Where the models stand.
        status: Option<Status>;
        /// The models that are offered.
        catalogue: Vec<ModelEntry>;
        /// The list of models could not be read.
        no_catalogue: bool;
        /// What the browser keeps, once somebody wanted to see it.
        kept: Option<Kept>;
        /// Why a file could not be deleted, or what is kept not be found out.
        files_trouble: Option<String>;
    }

    pub(crate) fn with<R>(&self, read: impl FnOnce(&Models) -> R) -> R {
        self.models.read(read)
    }

    fn update<R>(&self, change: impl FnOnce(&mut Models) -> R) -> R {
        self.models.with(change)
    }

    /// The model that answers now.
    pub(crate) fn answering(&self) -> Option<ModelEntry> {
        self.with(|models| models.answering().cloned())
    }

    /// A picture waits for a model: the first may be fetched now.
    pub(crate) fn picture_waits(&'static self) {
        self.update(Models::picture_waits);
        self.go_on();
    }

    /// The engine, and every model in it, is gone.
    pub(crate) fn engine_died(&'static self) {
        self.update(Models::engine_died);
        self.show();
    }

    /// It is back.
    pub(crate) fn engine_started(&'static self) {
        self.update(Models::engine_started);
    }

    /// Takes what the page around wants: which model, and when it is fetched.
    pub(crate) fn set_by_host(&'static self, settings: &Settings) {
        self.update(|models| {
            let saves_data = browser::wants_to_save_data();
            models.set_by_host(settings.model.clone(), settings.download, saves_data);
        });
    }

    pub(crate) fn fetch_catalogue(&'static self) {
        self.no_catalogue.set(false);
        leptos::task::spawn_local(async move {
            let catalogue = browser::fetch_text("models.json").await.ok();
            match catalogue.and_then(|text| serde_json::from_str::<Catalogue>(&text).ok()) {
                Some(catalogue) => {
                    self.update(|models| models.offered(catalogue));
                    self.show_catalogue();
                    self.on_listed.call(());
                    self.go_on();
                }
                None => self.no_catalogue.set(true),
            }
        });
    }

    /// Does what is to be done about models now, and shows where they stand.
    pub(crate) fn go_on(&'static self) {
        while let Some(step) = self.update(Models::next_step) {
            match step {
                Step::Cancel(request) => self.base.engine().cancel(request),
                Step::Load(model) => self.load(*model),
            }
        }
        self.show();
    }

    /// Shows the list of models as it is now.
    fn show_catalogue(&'static self) {
        self.catalogue
            .set(self.with(|models| models.all().to_vec()));
    }

    fn load(&'static self, model: ModelEntry) {
        let mut located = model.clone();
        if let Some(url) = browser::absolute(&model.url) {
            located.url = url;
        }
        self.hand_over_files(&model.id);
        let request = LoadModel {
            model: located,
            patience: patience(),
        };
        let call = self
            .base
            .engine()
            .ask_with_progress(request, move |request, progress| {
                self.update(|models| models.progress(request, &progress, browser::now()));
                self.go_on();
            });
        let request = call.id;
        self.update(|models| models.began(model, request));
        leptos::task::spawn_local(async move {
            let end = call.end().await;
            let mut is_ready = false;
            self.update(|models| match end {
                Ok(ModelReady { model, kept }) => {
                    models.ready(request, &model, kept);
                    is_ready = true;
                }
                Err(Ended::Failed(failure)) => models.failed(request, failure),
                Err(Ended::Cancelled) => models.cancelled(request),
            });
            self.base.autosave.soon();
            if is_ready {
                self.on_ready.call(());
            }
            self.go_on();
            self.files_have_changed(is_ready);
        });
    }

    fn show(&'static self) {
        self.update(|models| models.set_offline(!browser::is_online()));
        let status = self.with(Models::status);
        let news = text::model_news(&status);
        let is_news = self
            .pending
            .with(|pending| std::mem::replace(&mut pending.last_news, news.clone()) != news);
        if let Some(news) = news.filter(|_| is_news) {
            self.base.messages.announce(news);
        }
        if self
            .status()
            .with_untracked(|shown| shown.as_ref() != Some(&status))
        {
            self.status.set(Some(status));
        }
        self.on_shown.call(());
    }

    /// The person chose a model.
    pub fn choose(&'static self, id: &str) {
        self.update(|models| models.choose(id));
        self.base.autosave.soon();
        self.go_on();
    }

    /// Does what the button of a model in this state is for.
    pub fn act_on(&'static self, id: &str, state: ModelState) {
        match state {
            ModelState::InUse => {}
            ModelState::Downloading { .. } | ModelState::Opening => self.take_offer(Offer::Stop),
            ModelState::Downloaded | ModelState::StandsIn => self.choose(id),
            ModelState::NotDownloaded | ModelState::Failed => {
                self.update(|models| models.choose(id));
                self.base.autosave.soon();
                self.take_offer(Offer::Fetch);
            }
        }
    }

    /// Where a model of the list stands. Follows [`Self::status`].
    pub fn state_of(&'static self, model: &ModelEntry) -> ModelState {
        self.status().track();
        self.with(|models| models.state_of(model))
    }

    /// The person takes up what is offered about the model.
    pub fn take_offer(&'static self, offer: Offer) {
        match offer {
            Offer::Stop => {
                if let Some(request) = self.update(Models::stop) {
                    self.base.engine().cancel(request);
                }
            }
            Offer::Fetch | Offer::TryAgain => self.update(Models::fetch),
        }
        self.go_on();
    }

    /// The browser has a connection again.
    pub fn online(&'static self) {
        if self.no_catalogue().get_untracked() {
            self.fetch_catalogue();
        }
        self.update(Models::online);
        self.go_on();
    }
}

/// For people who want to try what becomes of bad connections: `?patience=0.1` behind the page's
/// address makes every wait a tenth as long.
fn patience() -> f64 {
    let asked = browser::asked_for("patience").and_then(|text| text.parse().ok());
    asked.unwrap_or(1.0)
}
