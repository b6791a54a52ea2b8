//! Models: carries out what [`crate::state::models::Models`] says is to be done, and tells it what came of it.

use leptos::prelude::*;

use cliplet_protocol::catalogue::{Catalogue, ModelEntry};
use cliplet_protocol::messages::{LoadModel, ModelReady};

use super::Session;
use crate::browser;
use crate::engine::Ended;
use crate::state::models::{Models, Offer, Step};
use crate::text;

/// What is under way with models.
#[derive(Default)]
pub(super) struct Desk {
    last_news: Option<String>,
}

impl Session {
    pub(super) fn fetch_catalogue(self) {
        self.no_catalogue.set(false);
        leptos::task::spawn_local(async move {
            let catalogue = browser::fetch_text("models.json").await.ok();
            match catalogue.and_then(|text| serde_json::from_str::<Catalogue>(&text).ok()) {
                Some(catalogue) => {
                    self.models.update_value(|models| models.offered(catalogue));
                    self.show_catalogue();
                    self.look_for_wanted_model();
                    self.go_on_with_models();
                }
                None => self.no_catalogue.set(true),
            }
        });
    }

    /// Does what is to be done about models now, and shows where they stand.
    pub(super) fn go_on_with_models(self) {
        while let Some(step) = self.models.try_update_value(Models::next_step).flatten() {
            match step {
                Step::Cancel(request) => self.engine().cancel(request),
                Step::Load(model) => self.load(*model),
            }
        }
        self.show_models();
    }

    /// Shows the list of models as it is now.
    pub(super) fn show_catalogue(self) {
        self.catalogue
            .set(self.models.with_value(|models| models.all().to_vec()));
    }

    fn load(self, model: ModelEntry) {
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
            .engine()
            .ask_with_progress(request, move |request, progress| {
                self.models
                    .update_value(|models| models.progress(request, &progress));
                self.go_on_with_models();
            });
        let request = call.id;
        self.models
            .update_value(|models| models.began(model, request));
        leptos::task::spawn_local(async move {
            let end = call.end().await;
            let mut is_ready = false;
            self.models.update_value(|models| match end {
                Ok(ModelReady { model, kept }) => {
                    models.ready(request, &model, kept);
                    is_ready = true;
                }
                Err(Ended::Failed(failure)) => models.failed(request, failure),
                Err(Ended::Cancelled) => models.cancelled(request),
            });
            self.save_soon();
            if is_ready {
                self.score_now();
            }
            self.go_on_with_models();
            self.files_have_changed(is_ready);
        });
    }

    pub(super) fn show_models(self) {
        let status = self.models.with_value(Models::status);
        let news = text::model_news(&status);
        let is_news = self
            .with_desk(|desk| std::mem::replace(&mut desk.models.last_news, news.clone()) != news);
        if let Some(news) = news.filter(|_| is_news) {
            self.announce(news);
        }
        if self
            .model_status
            .with_untracked(|shown| shown.as_ref() != Some(&status))
        {
            self.model_status.set(Some(status));
        }
        self.keep_page();
    }

    /// The person chose a model.
    pub fn choose_model(self, id: &str) {
        self.models.update_value(|models| models.choose(id));
        self.save_soon();
        self.go_on_with_models();
    }

    /// Whether the browser keeps a model. Follows [`Session::model_status`].
    pub fn keeps_model(self, model: &ModelEntry) -> bool {
        self.model_status.track();
        self.models.with_value(|models| models.is_kept(model))
    }

    /// The person takes up what is offered about the model.
    pub fn take_offer(self, offer: Offer) {
        match offer {
            Offer::Stop => {
                if let Some(request) = self.models.try_update_value(Models::stop).flatten() {
                    self.engine().cancel(request);
                }
            }
            Offer::Fetch | Offer::TryAgain => self.models.update_value(Models::fetch),
        }
        self.go_on_with_models();
    }

    /// Tries again to read the list of models.
    pub fn fetch_catalogue_again(self) {
        self.fetch_catalogue();
    }

    /// The browser has a connection again.
    pub fn online(self) {
        if self.no_catalogue.get_untracked() {
            self.fetch_catalogue();
        }
        self.models.update_value(Models::online);
        self.go_on_with_models();
    }
}

/// For people who want to try what becomes of bad connections: `?patience=0.1` behind the page's address makes every wait a
/// tenth as long.
fn patience() -> f64 {
    let asked = browser::asked_for("patience").and_then(|text| text.parse().ok());
    asked.unwrap_or(1.0)
}
