//! Inside another page: what that page sets, the pictures it gives, and what it is told.

use std::collections::HashMap;

use leptos::prelude::*;
use web_sys::{Blob, Url};

use super::pictures::Incoming;
use super::{Search, Session, scoring};
use crate::browser;
use crate::host::Host;
use crate::state::embed::messages::{Code, Label, Progress, Scored, Stage, ToHost};
use crate::state::embed::settings::{Fault, Mode, Settings};
use crate::state::label_text;
use crate::state::labels::{Labels, Origin};
use crate::state::models::{self, ModelError, Models, State, Status};
use crate::state::saved::Tools;
use crate::state::template::Template;
use crate::text;

/// The most faults of one change of settings that are said.
const MOST_SAID: usize = 8;
/// The least time between two words of progress in the same stage, in milliseconds.
const BETWEEN_PROGRESS: f64 = 100.0;

/// What only a page inside another one has. Copies are the same one.
#[derive(Clone, Copy)]
pub struct Embed {
    settings: StoredValue<Settings>,
    /// `None` in a plain frame, where nobody listens.
    host: StoredValue<Option<Host>, LocalStorage>,
    /// What the frame is for.
    pub mode: RwSignal<Mode>,
    /// The pictures that the host has given, in its order.
    pub given: RwSignal<Vec<HostPicture>>,
    /// Where these are searched.
    pub search: Search,
}

/// A picture that the host has given.
#[derive(Clone)]
pub struct HostPicture {
    /// Its address.
    pub url: String,
    /// Its file's name.
    pub name: String,
    /// How it is.
    pub state: ArcRwSignal<HostPictureState>,
}

/// How a picture is that the host has given.
#[derive(Clone, Debug, PartialEq)]
pub enum HostPictureState {
    /// Its bytes are being fetched.
    OnItsWay,
    /// They are here, and the browser finds them at this address.
    Here(String),
    /// They did not come, for this reason.
    Failed(String),
}

/// What is under way about it.
#[derive(Default)]
pub(super) struct Desk {
    pub(super) files: HashMap<String, Blob>,
    /// The host's picture that is wanted on screen as soon as it is here.
    wanted: Option<String>,
    /// The model that the host has asked for, until the list of models has been looked at.
    unknown_model: Option<String>,
    /// A model has answered.
    has_answered: bool,
}

impl Session {
    /// The state of a page inside another one: what that has set, and nothing of earlier visits.
    pub fn embedded(settings: Settings, host: Option<Host>) -> Self {
        let mut models = Models::new(None, [], false);
        models.set_by_host(settings.model.clone(), settings.download, saves_data());
        let embed = Embed {
            mode: RwSignal::new(settings.mode),
            given: RwSignal::default(),
            search: Search::new(&settings.labels),
            host: StoredValue::new_local(host),
            settings: StoredValue::new(settings.clone()),
        };
        Self::new(
            // To a host, a colon is a colon.
            Labels::new(
                settings
                    .labels
                    .iter()
                    .map(|label| label_text::escaped(label)),
                Origin::Default,
            ),
            Template::restored(&settings.template),
            Tools::default(),
            models,
            Some(embed),
        )
    }

    /// Whether the page is shown inside another one.
    pub fn is_embedded(self) -> bool {
        self.embed.is_some()
    }

    /// Takes up what the host had set before the page was drawn, and listens to what it sets from now on.
    pub fn begin_embedded(self, faults: Vec<Fault>) {
        let Some(embed) = self.embed else { return };
        let settings = embed.settings.get_value();
        dress(&settings);
        self.report_faults(faults);
        self.give(settings.images);
        self.look_for_model(settings.model);
        if let Some(host) = embed.host.get_value() {
            host.on_settings(move |text| self.host_sets(&text));
        }
        self.tell_host();
    }

    /// Says to the host that the page is drawn.
    pub fn say_shown(self) {
        self.say_to_host(&ToHost::Shown {});
    }

    pub(super) fn say_to_host(self, message: &ToHost) {
        if let Some(host) = self.embed.and_then(|embed| embed.host.get_value()) {
            host.say(message);
        }
    }

    pub(super) fn say_error(self, code: Code, message: String, fatal: bool) {
        self.say_to_host(&ToHost::Error {
            code,
            message,
            fatal,
        });
    }

    /// Takes what the host has set anew. What it leaves as it was stays as the reader has it by now.
    fn host_sets(self, text: &str) {
        let Some(embed) = self.embed else { return };
        let (new, faults) = match Settings::from_message(text, browser::absolute) {
            Ok(read) => read,
            Err(fault) => return self.report_faults(vec![fault]),
        };
        let old = embed.settings.get_value();
        if new == old && faults.is_empty() {
            return;
        }
        embed.settings.set_value(new.clone());
        self.report_faults(faults);
        dress(&new);
        if new.template != old.template {
            self.set_template(&new.template);
        }
        if new.labels != old.labels {
            self.replace_labels(&new.labels);
            self.suggest(&new.labels);
        }
        if (&new.model, new.download) != (&old.model, old.download) {
            self.models.update_value(|models| {
                models.set_by_host(new.model.clone(), new.download, saves_data());
            });
            self.look_for_model(new.model);
            self.go_on_with_models();
        }
        if new.mode != old.mode {
            self.stop_searching();
            embed.mode.set(new.mode);
        }
        if new.images != old.images {
            self.give(new.images);
        } else if new.mode != old.mode {
            self.show_given();
        }
    }

    fn report_faults(self, faults: Vec<Fault>) {
        for fault in faults.into_iter().take(MOST_SAID) {
            let sentence = text::setting_refused(&fault);
            leptos::logging::warn!("Cliplet: {sentence}");
            let is_image = matches!(fault, Fault::Image(_));
            if is_image && self.picture.with_untracked(Option::is_none) {
                // The reader sees nothing in the place of a picture, and may want to know why. The host hears of it as well.
                self.error.set(Some(sentence));
                continue;
            }
            let code = if is_image {
                Code::Image
            } else {
                Code::Settings
            };
            self.say_error(code, sentence, false);
        }
    }

    // ---- The model that the host has asked for ----

    fn look_for_model(self, id: Option<String>) {
        self.with_desk(|desk| desk.embed.unknown_model = id);
        self.look_for_wanted_model();
    }

    /// Says so if the list of models, which may have come just now, does not have the one that the host has asked for.
    pub(super) fn look_for_wanted_model(self) {
        let ids: Vec<String> = self
            .models
            .with_value(|models| models.all().iter().map(|model| model.id.clone()).collect());
        if ids.is_empty() {
            return;
        }
        if let Some(id) = self.with_desk(|desk| desk.embed.unknown_model.take())
            && !ids.contains(&id)
        {
            let sentence = text::no_such_model(&id, &ids);
            leptos::logging::warn!("Cliplet: {sentence}");
            self.say_error(Code::Settings, sentence, false);
        }
    }

    // ---- The pictures that the host has given ----

    /// Takes the host's list of pictures. Those that are there already stay; the first is put on screen, unless the reader has one
    /// of their own there.
    fn give(self, urls: Vec<String>) {
        let Some(embed) = self.embed else { return };
        let old = embed.given.get_untracked();
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
            self.with_desk(|desk| desk.embed.files.remove(&gone.url));
            self.forget_for_search(&gone.url);
        }
        let new: Vec<HostPicture> = given
            .iter()
            .filter(|given| !old.iter().any(|old| old.url == given.url))
            .cloned()
            .collect();
        embed.given.set(given);

        self.show_given();
        // One after the other, so that the first is there soon.
        leptos::task::spawn_local(async move {
            for given in new {
                self.fetch_given(given).await;
            }
        });
    }

    /// Puts the first of the host's pictures on screen, unless the reader has one of their own there; or all, to be searched.
    fn show_given(self) {
        let Some(embed) = self.embed else { return };
        let given = embed.given.get_untracked();
        if self.searches() {
            for given in given {
                self.take_for_search(&given.url);
            }
            return self.score_after(scoring::AT_ONCE);
        }
        let readers_own = self.picture.with_untracked(|picture| {
            picture
                .as_ref()
                .is_some_and(|picture| picture.given.is_none())
        });
        if let Some(first) = given.first().filter(|_| !readers_own && !self.is_live()) {
            self.choose_given(&first.url);
        }
    }

    /// Puts one of the host's pictures on screen, as soon as it is here.
    pub fn choose_given(self, url: &str) {
        self.with_desk(|desk| desk.embed.wanted = Some(url.to_owned()));
        self.show_wanted();
        self.fetch_again(url);
    }

    /// Fetches a picture once more that did not come.
    fn fetch_again(self, url: &str) {
        let Some(embed) = self.embed else { return };
        let failed = embed.given.with_untracked(|given| {
            let given = given.iter().find(|given| given.url == url)?;
            let failed = matches!(given.state.get_untracked(), HostPictureState::Failed(_));
            failed.then(|| given.clone())
        });
        if let Some(given) = failed {
            given.state.set(HostPictureState::OnItsWay);
            leptos::task::spawn_local(self.fetch_given(given));
        }
    }

    fn show_wanted(self) {
        let Some(embed) = self.embed else { return };
        let wanted = self.with_desk(|desk| {
            let url = desk.embed.wanted.clone()?;
            let file = desk.embed.files.get(&url)?.clone();
            desk.embed.wanted = None;
            Some((url, file))
        });
        let Some((url, file)) = wanted else { return };
        let place = embed.given.with_untracked(|given| {
            let at = given.iter().position(|given| given.url == url);
            (at.unwrap_or_default() + 1, given.len())
        });
        let name = text::file_name(&url);
        self.take(Incoming {
            file,
            alt: text::given_alt(&name, place),
            name,
            sample: None,
            given: Some(url),
            note: None,
        });
    }

    async fn fetch_given(self, given: HostPicture) {
        let Some(embed) = self.embed else { return };
        let mut file = None;
        if let Some(host) = embed
            .host
            .get_value()
            .filter(|host| host.is_its_own(&given.url))
        {
            file = host.picture(&given.url).await;
        }
        if file.is_none() {
            file = browser::fetch_open_blob(&given.url).await.ok();
        }
        // It may have gone off the list in the meantime.
        let still = embed
            .given
            .with_untracked(|list| list.iter().any(|other| other.url == given.url));
        if !still {
            return;
        }
        let shown_at = file
            .as_ref()
            .and_then(|file| Url::create_object_url_with_blob(file).ok());
        match (file, shown_at) {
            (Some(file), Some(shown_at)) => {
                self.with_desk(|desk| desk.embed.files.insert(given.url.clone(), file));
                given.state.set(HostPictureState::Here(shown_at));
                match embed.mode.get_untracked() {
                    Mode::Search => self.take_for_search(&given.url),
                    Mode::Classify => self.show_wanted(),
                    Mode::Camera => {}
                }
            }
            _ => {
                let sentence = text::given_not_fetched(&given.name);
                given.state.set(HostPictureState::Failed(sentence.clone()));
                let wanted = self.with_desk(|desk| {
                    let wanted = desk.embed.wanted.as_ref() == Some(&given.url);
                    wanted && desk.embed.wanted.take().is_some()
                });
                match wanted {
                    // The host hears of it as of any other error.
                    true => self.error.set(Some(sentence)),
                    false => self.say_error(Code::Image, sentence, false),
                }
            }
        }
    }

    // ---- What the host is told ----

    /// Tells the host what changes, for as long as the page lives.
    fn tell_host(self) {
        Effect::new(move |before: Option<Option<String>>| {
            let status = self.model_status.get();
            let answering = status.and_then(|status| status.answering);
            let id = answering.as_ref().map(|model| model.id.clone());
            if let Some(model) = answering.filter(|_| before.flatten() != id) {
                self.with_desk(|desk| desk.embed.has_answered = true);
                self.say_to_host(&ToHost::Ready {
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
            self.say_to_host(&ToHost::Progress(progress.clone()));
            Some((progress, now))
        });
        Effect::new(move |before: Option<Option<Scored>>| {
            let before = before.flatten();
            let scored = self.settled.get().then(|| self.scored()).flatten();
            match scored {
                Some(scored) if before.as_ref() != Some(&scored) => {
                    self.say_to_host(&ToHost::Result(scored.clone()));
                    Some(scored)
                }
                _ => before,
            }
        });
        Effect::new(move |_| {
            if let Some(error) = self.error.get() {
                self.say_error(Code::Image, error, false);
            }
        });
        Effect::new(move |_| {
            if let Some(trouble) = self.engine_trouble() {
                let never_answered = self.with_desk(|desk| !desk.embed.has_answered);
                self.say_error(Code::Engine, trouble, never_answered);
            }
        });
        Effect::new(move |_| {
            if self.no_catalogue.get() {
                self.say_error(Code::Model, text::NO_CATALOGUE.to_owned(), true);
            }
        });
        Effect::new(move |before: Option<Option<ModelError>>| {
            let status = self.model_status.get()?;
            let (_, trouble) = status.trouble.clone()?;
            if trouble != ModelError::Stopped && before.flatten().as_ref() != Some(&trouble) {
                let fatal = status.state == State::Error && status.answering.is_none();
                self.say_error(Code::Model, text::model_status(&status), fatal);
            }
            Some(trouble)
        });
    }

    fn progress(self) -> Option<Progress> {
        if let Some(scoring::AtWork::Labels { done, total }) = self.at_work.get() {
            return Some(Progress {
                stage: Stage::Labels,
                model: None,
                loaded: done.into(),
                total: Some(total.into()),
            });
        }
        let Status { loading, .. } = self.model_status.get()?;
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
    fn scored(self) -> Option<Scored> {
        let model = self.scored_by.get_untracked()?;
        let image = self
            .picture
            .with_untracked(|picture| picture.as_ref().map(|picture| picture.given.clone()))?;
        let labels = self.scores.with_value(|scores| scores.best_first());
        let labels = labels.into_iter().map(|(label, score)| Label {
            label,
            score: score.score,
            cosine: score.cosine,
        });
        Some(Scored {
            mode: self.embed?.mode.get_untracked().name(),
            image,
            model: model.id,
            preview: model.preview,
            labels: labels.collect(),
        })
    }
}

/// A reader who saves data is asked in any case.
fn saves_data() -> bool {
    browser::wants_to_save_data()
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
