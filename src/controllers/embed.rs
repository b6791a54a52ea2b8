//! Inside another page: what that page sets, the pictures it gives, and what it is told.

use leptos::prelude::*;
use web_sys::Url;

use super::base::Base;
use super::host_pictures::HostPictures;
use super::host_pictures::{HostPicture, HostPictureState};
use super::models::ModelsController;
use super::pictures::Incoming;
use super::pictures::PicturesController;
use super::query::QueryController;
use super::scoring;
use super::scoring::ScoringController;
use super::search::SearchController;
use super::support::{Local, lasting};
use crate::browser;
use crate::state::embed::messages::{Code, Label, Progress, Scored, Stage, ToHost};
use crate::state::embed::settings::{Fault, Mode, Settings};
use crate::state::label_text;
use crate::state::labels::Origin;
use crate::state::models::{self, ModelError, State, Status};
use crate::text;

/// The most faults of one change of settings that are said.
const MOST_SAID: usize = 8;
/// The least time between two words of progress in the same stage, in milliseconds.
const BETWEEN_PROGRESS: f64 = 100.0;

/// What the page around and this one say to each other.
pub struct EmbedController {
    base: Base,
    query: &'static QueryController,
    models: &'static ModelsController,
    pictures: &'static PicturesController,
    scoring: &'static ScoringController,
    host_pictures: &'static HostPictures,
    search: &'static SearchController,
    pending: Local<Pending>,
}

#[derive(Default)]
struct Pending {
    /// The host's picture that is wanted on screen as soon as it is here.
    wanted: Option<String>,
    /// The model that the host has asked for, until the list of models has been looked at.
    unknown_model: Option<String>,
    /// A model has answered.
    has_answered: bool,
}

impl EmbedController {
    pub(crate) fn new(
        base: Base,
        query: &'static QueryController,
        models: &'static ModelsController,
        pictures: &'static PicturesController,
        scoring: &'static ScoringController,
        host_pictures: &'static HostPictures,
        search: &'static SearchController,
    ) -> &'static Self {
        lasting(Self {
            base,
            query,
            models,
            pictures,
            scoring,
            host_pictures,
            search,
            pending: Local::default(),
        })
    }

    /// Takes up what the host had set before the page was drawn, and listens to what it sets from
    /// now on.
    pub fn begin(&'static self, faults: Vec<Fault>) {
        let settings = self.base.frame.settings();
        dress(&settings);
        self.report_faults(faults);
        self.give(settings.images);
        self.look_for_model(settings.model);
        if let Some(host) = self.base.frame.host() {
            host.on_settings(move |text| self.host_sets(&text));
        }
        self.tell_host();
    }

    /// Says to the host that the page is drawn.
    pub fn say_shown(&'static self) {
        self.base.frame.tell(&ToHost::Shown {});
    }

    /// Takes what the host has set anew. What it leaves as it was stays as the reader has it by
    /// now.
    fn host_sets(&'static self, text: &str) {
        let (new, faults) = match Settings::from_message(text, browser::absolute) {
            Ok(read) => read,
            Err(fault) => return self.report_faults(vec![fault]),
        };
        let old = self.base.frame.settings();
        if new == old && faults.is_empty() {
            return;
        }
        self.base.frame.set_settings(new.clone());
        self.report_faults(faults);
        dress(&new);
        if new.template != old.template {
            self.query.set_template(&new.template);
        }
        if new.labels != old.labels {
            // To a host, a colon is a colon.
            let texts = new.labels.iter().map(|text| label_text::escaped(text));
            self.query
                .set_labels(|labels| labels.replace(texts, Origin::Default));
            self.search.suggest(&new.labels);
        }
        if (&new.model, new.download) != (&old.model, old.download) {
            self.models.set_by_host(&new);
            self.look_for_model(new.model);
            self.models.go_on();
        }
        if new.mode != old.mode {
            self.search.stop();
            self.base.frame.set_mode(new.mode);
        }
        if new.images != old.images {
            self.give(new.images);
        } else if new.mode != old.mode {
            self.show_given();
        }
    }

    fn report_faults(&'static self, faults: Vec<Fault>) {
        for fault in faults.into_iter().take(MOST_SAID) {
            let sentence = text::setting_refused(&fault);
            leptos::logging::warn!("Cliplet: {sentence}");
            let is_image = matches!(fault, Fault::Image(_));
            if is_image && self.pictures.picture().with_untracked(Option::is_none) {
                // The reader sees nothing in the place of a picture, and may want to know why. The
                // host hears of it as well.
                self.base.messages.fail(sentence);
                continue;
            }
            let code = if is_image {
                Code::Image
            } else {
                Code::Settings
            };
            self.base.frame.error(code, sentence, false);
        }
    }

    fn look_for_model(&'static self, id: Option<String>) {
        self.pending.with(|pending| pending.unknown_model = id);
        self.look_for_wanted_model();
    }

    /// Says so if the list of models, which may have come just now, does not have the one that the
    /// host has asked for.
    pub(crate) fn look_for_wanted_model(&'static self) {
        let ids: Vec<String> = self
            .models
            .with(|models| models.all().iter().map(|model| model.id.clone()).collect());
        if ids.is_empty() {
            return;
        }
        if let Some(id) = self.pending.with(|pending| pending.unknown_model.take())
            && !ids.contains(&id)
        {
            let sentence = text::no_such_model(&id, &ids);
            leptos::logging::warn!("Cliplet: {sentence}");
            self.base.frame.error(Code::Settings, sentence, false);
        }
    }

    /// Takes the host's list of pictures. Those that are there already stay; the first is put on
    /// screen, unless the reader has one of their own there.
    fn give(&'static self, urls: Vec<String>) {
        let old = self.host_pictures.list().get_untracked();
        let given: Vec<HostPicture> = urls
            .iter()
            .map(|url| {
                let known = old.iter().find(|given| given.url == *url);
                known.cloned().unwrap_or_else(|| HostPicture {
                    url: url.clone(),
                    name: text::file_name(url),
                    state: ArcRwSignal::new(HostPictureState::OnItsWay),
                })
            })
            .collect();
        for gone in old.iter().filter(|old| !urls.contains(&old.url)) {
            if let HostPictureState::Here(shown_at) = gone.state.get_untracked() {
                Url::revoke_object_url(&shown_at).ok();
            }
            self.host_pictures.drop_file(&gone.url);
            self.search.forget(&gone.url);
        }
        let new: Vec<HostPicture> = given
            .iter()
            .filter(|given| !old.iter().any(|old| old.url == given.url))
            .cloned()
            .collect();
        self.host_pictures.set(given);

        self.show_given();
        // One after the other, so that the first is there soon.
        leptos::task::spawn_local(async move {
            for given in new {
                self.fetch_given(given).await;
            }
        });
    }

    /// Puts the first of the host's pictures on screen, unless the reader has one of their own
    /// there; or all, to be searched.
    fn show_given(&'static self) {
        let given = self.host_pictures.list().get_untracked();
        if self.base.frame.searches() {
            for given in given {
                self.search.take(&given.url);
            }
            return self.scoring.ask_after(scoring::AT_ONCE);
        }
        let readers_own = self.pictures.picture().with_untracked(|picture| {
            picture
                .as_ref()
                .is_some_and(|picture| picture.given.is_none())
        });
        if let Some(first) = given
            .first()
            .filter(|_| !readers_own && !self.base.frame.is_for_camera())
        {
            self.choose_given(&first.url);
        }
    }

    /// Puts one of the host's pictures on screen, as soon as it is here.
    pub fn choose_given(&'static self, url: &str) {
        self.pending
            .with(|pending| pending.wanted = Some(url.to_owned()));
        self.show_wanted();
        self.fetch_again(url);
    }

    /// Fetches a picture once more that did not come.
    fn fetch_again(&'static self, url: &str) {
        let failed = |given: &HostPicture| {
            matches!(given.state.get_untracked(), HostPictureState::Failed(_))
        };
        if let Some(given) = self.host_pictures.get(url).filter(failed) {
            given.state.set(HostPictureState::OnItsWay);
            leptos::task::spawn_local(self.fetch_given(given));
        }
    }

    fn show_wanted(&'static self) {
        let Some(url) = self.pending.with(|pending| pending.wanted.clone()) else {
            return;
        };
        let Some(file) = self.host_pictures.file(&url) else {
            return;
        };
        self.pending.with(|pending| pending.wanted = None);
        let place = self.host_pictures.list().with_untracked(|given| {
            let at = given.iter().position(|given| given.url == url);
            (at.unwrap_or_default() + 1, given.len())
        });
        let name = text::file_name(&url);
        let alt = text::given_alt(&name, place);
        self.pictures.take(Incoming {
            given: Some(url),
            ..Incoming::new(file, name, alt)
        });
    }

    async fn fetch_given(&'static self, given: HostPicture) {
        let host = self.base.frame.host();
        let mut file = None;
        if let Some(host) = host.filter(|host| host.is_its_own(&given.url)) {
            file = host.picture(&given.url).await;
        }
        if file.is_none() {
            file = browser::fetch_open_blob(&given.url).await.ok();
        }
        // It may have gone off the list in the meantime.
        if self.host_pictures.get(&given.url).is_none() {
            return;
        }
        let shown_at = file
            .as_ref()
            .and_then(|file| Url::create_object_url_with_blob(file).ok());
        match (file, shown_at) {
            (Some(file), Some(shown_at)) => {
                self.host_pictures.put_file(&given.url, file);
                given.state.set(HostPictureState::Here(shown_at));
                match self.base.frame.mode().get_untracked() {
                    Mode::Search => self.search.take(&given.url),
                    Mode::Classify => self.show_wanted(),
                    Mode::Camera => {}
                }
            }
            _ => {
                let sentence = text::given_not_fetched(&given.name);
                given.state.set(HostPictureState::Failed(sentence.clone()));
                let wanted = self.pending.with(|pending| {
                    let wanted = pending.wanted.as_ref() == Some(&given.url);
                    wanted && pending.wanted.take().is_some()
                });
                if wanted {
                    // The host hears of it as of any other error.
                    self.base.messages.fail(sentence)
                } else {
                    self.base.frame.error(Code::Image, sentence, false)
                }
            }
        }
    }

    /// Tells the host what changes, for as long as the page lives.
    fn tell_host(&'static self) {
        Effect::new(move |before: Option<Option<String>>| {
            let status = self.models.status().get();
            let answering = status.and_then(|status| status.answering);
            let id = answering.as_ref().map(|model| model.id.clone());
            if let Some(model) = answering.filter(|_| before.flatten() != id) {
                self.pending.with(|pending| pending.has_answered = true);
                self.base.frame.tell(&ToHost::Ready {
                    model: model.id,
                    preview: model.preview,
                });
            }
            id
        });
        Effect::new(move |before: Option<Option<(Progress, f64)>>| {
            let before = before.flatten();
            let progress = self.progress()?;
            let now = browser::now();
            if let Some((last, since)) = before
                && (last == progress
                    || (last.stage == progress.stage && now - since < BETWEEN_PROGRESS))
            {
                return Some((last, since));
            }
            self.base.frame.tell(&ToHost::Progress(progress.clone()));
            Some((progress, now))
        });
        Effect::new(move |before: Option<Option<Scored>>| {
            let before = before.flatten();
            let scored = self
                .scoring
                .settled()
                .get()
                .then(|| self.scored())
                .flatten();
            match scored {
                Some(scored) if before.as_ref() != Some(&scored) => {
                    self.base.frame.tell(&ToHost::Result(scored.clone()));
                    Some(scored)
                }
                _ => before,
            }
        });
        Effect::new(move |_| {
            if let Some(error) = self.base.messages.error().get() {
                self.base.frame.error(Code::Image, error, false);
            }
        });
        Effect::new(move |_| {
            if let Some(trouble) = self.base.engine.trouble() {
                let never_answered = self.pending.with(|pending| !pending.has_answered);
                self.base.frame.error(Code::Engine, trouble, never_answered);
            }
        });
        Effect::new(move |_| {
            if self.models.no_catalogue().get() {
                self.base
                    .frame
                    .error(Code::Model, text::NO_CATALOGUE.to_owned(), true);
            }
        });
        Effect::new(move |before: Option<Option<ModelError>>| {
            let status = self.models.status().get()?;
            let (_, trouble) = status.trouble.clone()?;
            if trouble != ModelError::Stopped && before.flatten().as_ref() != Some(&trouble) {
                let fatal = status.state == State::Error && status.answering.is_none();
                self.base
                    .frame
                    .error(Code::Model, text::model_status(&status), fatal);
            }
            Some(trouble)
        });
    }

    fn progress(&'static self) -> Option<Progress> {
        if let Some(scoring::AtWork::Labels { done, total }) = self.scoring.at_work().get() {
            return Some(Progress {
                stage: Stage::Labels,
                model: None,
                loaded: done.into(),
                total: Some(total.into()),
            });
        }
        let Status { loading, .. } = self.models.status().get()?;
        let (model, stage) = loading?;
        let (loaded, total) = stage.arrived().unwrap_or((0, None));
        let stage = match stage {
            models::Stage::Asked | models::Stage::Reading => Stage::Opening,
            models::Stage::Downloading { .. } => Stage::Fetching,
            models::Stage::Retrying { .. } => Stage::Retrying,
            models::Stage::Elsewhere { .. } => Stage::Waiting,
        };
        Some(Progress {
            stage,
            model: Some(model.id),
            loaded,
            total,
        })
    }

    /// The answer on screen.
    fn scored(&'static self) -> Option<Scored> {
        let model = self.scoring.scored_by().get_untracked()?;
        let image = self
            .pictures
            .picture()
            .with_untracked(|picture| picture.as_ref().map(|picture| picture.given.clone()))?;
        let labels = self.scoring.with_scores(|scores| scores.best_first());
        let labels = labels.into_iter().map(|(label, score)| Label {
            label,
            score: score.score,
            cosine: score.cosine,
        });
        Some(Scored {
            mode: self.base.frame.mode().get_untracked().name(),
            image,
            model: model.id,
            preview: model.preview,
            labels: labels.collect(),
        })
    }
}

/// Puts the document into the host's colours and language.
fn dress(settings: &Settings) {
    let accents = settings.accent.map(|accent| accent.variables());
    browser::dress(
        settings.theme.name(),
        &settings.lang,
        &accents.unwrap_or_default(),
    );
}
