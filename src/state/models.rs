//! Which model to load, and when.
//!
//! The page wants one model: the one the person chose, else the first of the catalogue that is no
//! preview. Until that answers, the preview does. The wanted model is loaded at once where the
//! browser keeps it; otherwise it is fetched when the first picture wants scores, unless the
//! browser asks to save data: then the person says when. One model is loaded at a time, so that the
//! last to come is always the one that is wanted.
//!
//! [`Models`] is told what happens and asked what to do [`next_step`](Models::next_step); it does
//! nothing itself.

use std::collections::BTreeSet;

use cliplet_protocol::catalogue::{Catalogue, Layout, ModelEntry};
use cliplet_protocol::messages::{Failure, Progress, RequestId};

use super::embed::settings::Download;
use super::rate::Speed;

/// What to do now.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Ask the engine for this model, and say so with [`Models::began`].
    Load(Box<ModelEntry>),
    /// Cancel this request; the engine will say when it has ended.
    Cancel(RequestId),
}

/// Why the wanted model, or the preview, does not come.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelError {
    /// The person stopped it.
    Stopped,
    /// The engine could not.
    Failed(Failure),
}

/// How far a model is that is being loaded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stage {
    /// Asked for; nothing heard yet.
    Asked,
    /// Its bytes are arriving.
    Downloading {
        /// Bytes so far.
        received: u64,
        /// Bytes in all, where known.
        total: Option<u64>,
        /// Bytes a second, where known.
        speed: Option<u64>,
    },
    /// The connection broke, and the engine asks again by and by.
    Retrying {
        /// Bytes so far.
        received: u64,
        /// Bytes in all, where known.
        total: Option<u64>,
        /// Until it asks again.
        seconds: u32,
    },
    /// Another tab is fetching it, and this one waits for that.
    Elsewhere {
        /// Bytes so far.
        received: u64,
        /// Bytes in all, where known.
        total: Option<u64>,
    },
    /// Its bytes are here and are being read.
    Reading,
}

impl Stage {
    /// How many bytes are here, and how many there are in all, while they are being fetched.
    pub fn arrived(self) -> Option<(u64, Option<u64>)> {
        match self {
            Stage::Downloading {
                received, total, ..
            }
            | Stage::Retrying {
                received, total, ..
            }
            | Stage::Elsewhere { received, total } => Some((received, total)),
            Stage::Asked | Stage::Reading => None,
        }
    }

    /// How many thousandths are here, where it is known: not every packet is a change of the page.
    pub fn thousandths(self) -> Option<u16> {
        let (received, total) = self.arrived()?;
        Some((received * 1_000 / total?.max(1)).min(1_000) as u16)
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Load {
    model: ModelEntry,
    request: RequestId,
    stage: Stage,
    speed: Speed,
    cancelled: bool,
    stopped: bool,
}

/// Which models there are, which is wanted, which answers, which is on its way.
#[derive(Clone, Debug, Default)]
pub struct Models {
    catalogue: Option<Catalogue>,
    own: Vec<ModelEntry>,
    chosen: Option<String>,
    kept: BTreeSet<String>,
    not_kept: bool,
    save_data: bool,
    /// Nothing is fetched but the preview: a page around wants it so.
    fetches_nothing: bool,
    picture_waits: bool,
    allowed: Option<String>,
    answering: Option<String>,
    load: Option<Load>,
    wanted_trouble: Option<ModelError>,
    preview_trouble: Option<ModelError>,
    retried: bool,
    engine_is_dead: bool,
    offline: bool,
}

/// What the model's line on the page says.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// For the tests and the style sheet.
    pub state: State,
    /// The model that answers.
    pub answering: Option<ModelEntry>,
    /// The model that is wanted.
    pub wanted: Option<ModelEntry>,
    /// The model on its way, and how far it is.
    pub loading: Option<(ModelEntry, Stage)>,
    /// Why there is none, or not the wanted one.
    pub trouble: Option<(ModelEntry, ModelError)>,
    /// What the person can do.
    pub offer: Option<Offer>,
    /// The browser gave no room for the model that answers, so the next visit fetches it again.
    pub not_kept: bool,
    /// The device has no connection.
    pub offline: bool,
}

/// Where one model of the list stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelState {
    /// There is none of it in this browser, as far as the page knows.
    NotDownloaded,
    /// Its bytes are arriving, so many in a thousand where that is known.
    Downloading {
        /// From 0 to 1,000.
        thousandths: Option<u16>,
    },
    /// It is being read into memory.
    Opening,
    /// It could not be downloaded or opened.
    Failed,
    /// It is in this browser.
    Downloaded,
    /// It answers as long as another one does not, which is wanted.
    StandsIn,
    /// It answers.
    InUse,
}

impl ModelState {
    /// For the tests and the style sheet.
    pub fn name(self) -> &'static str {
        match self {
            ModelState::NotDownloaded => "not-downloaded",
            ModelState::Downloading { .. } => "downloading",
            ModelState::Opening => "opening",
            ModelState::Failed => "failed",
            ModelState::Downloaded => "downloaded",
            ModelState::StandsIn | ModelState::InUse => "in-use",
        }
    }
}

/// Where things stand, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing yet.
    None,
    /// The bytes of the wanted model are arriving.
    Downloading,
    /// A model is being read into memory.
    Loading,
    /// A model answers, and nothing is under way.
    Ready,
    /// No model can answer.
    Error,
}

impl State {
    /// The value of `data-state`.
    pub fn name(self) -> &'static str {
        match self {
            State::None => "none",
            State::Downloading => "downloading",
            State::Loading => "loading",
            State::Ready => "ready",
            State::Error => "error",
        }
    }
}

/// What the person can do about the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// Stop what is on its way.
    Stop,
    /// Fetch the wanted model.
    Fetch,
    /// Try again what failed.
    TryAgain,
}

impl Models {
    /// With what is known from the last visit: the chosen model's id, and [`kept`](Self::kept) as
    /// it was then.
    pub fn new(
        chosen: Option<String>,
        kept: impl IntoIterator<Item = String>,
        save_data: bool,
    ) -> Self {
        Self {
            chosen,
            kept: kept.into_iter().collect(),
            save_data,
            ..Self::default()
        }
    }

    /// A page around has chosen a model, or none, and said when it is fetched. Who saves data is
    /// asked in any case.
    pub fn set_by_host(&mut self, chosen: Option<String>, download: Download, save_data: bool) {
        if self.chosen != chosen {
            self.chosen = chosen;
            self.wanted_trouble = None;
            self.retried = false;
        }
        self.save_data = save_data || download == Download::Ask;
        self.fetches_nothing = download == Download::Never;
    }

    /// The catalogue has come. The person's own models stand behind it.
    pub fn offered(&mut self, mut catalogue: Catalogue) {
        catalogue.models.extend(self.own.iter().cloned());
        self.catalogue = Some(catalogue);
    }

    /// Adds a model of the person's own. Added again, it takes its own place.
    pub fn add_own(&mut self, model: ModelEntry) {
        let models = self
            .catalogue
            .as_mut()
            .map(|catalogue| &mut catalogue.models);
        for list in [Some(&mut self.own), models].into_iter().flatten() {
            list.retain(|other| other.id != model.id);
            list.push(model.clone());
        }
    }

    /// Takes a model of the person's own off the list.
    pub fn remove_own(&mut self, id: &str) {
        if !self.is_own(id) {
            return;
        }
        let models = self
            .catalogue
            .as_mut()
            .map(|catalogue| &mut catalogue.models);
        for list in [Some(&mut self.own), models].into_iter().flatten() {
            list.retain(|other| other.id != id);
        }
        if self.chosen.as_deref() == Some(id) {
            self.chosen = None;
            self.wanted_trouble = None;
        }
        // It answers no more: what has no name on the page cannot be said to have scored anything.
        if self.answering.as_deref() == Some(id) {
            self.answering = None;
        }
    }

    /// Whether a model is one of the person's own.
    pub fn is_own(&self, id: &str) -> bool {
        self.own.iter().any(|own| own.id == id)
    }

    /// The person's own models, for [`with_own`](Self::with_own) at the next visit.
    pub fn own(&self) -> &[ModelEntry] {
        &self.own
    }

    /// With the person's own models as they were at the last visit.
    pub fn with_own(mut self, own: Vec<ModelEntry>) -> Self {
        self.own = own;
        self
    }

    /// The model that is wanted where nobody has chosen another.
    pub fn usual(&self) -> Option<&ModelEntry> {
        self.catalogue.as_ref()?.default_model()
    }

    /// All models, in the order in which they are offered.
    pub fn all(&self) -> &[ModelEntry] {
        self.catalogue
            .as_ref()
            .map_or(&[], |catalogue| &catalogue.models)
    }

    /// The person chose this model.
    pub fn choose(&mut self, id: &str) {
        if self.wanted().is_none_or(|wanted| wanted.id != id) {
            self.chosen = Some(id.to_owned());
            self.wanted_trouble = None;
            self.retried = false;
        }
    }

    /// Where a model of the list stands.
    pub fn state_of(&self, model: &ModelEntry) -> ModelState {
        if let Some(load) = self.load.as_ref().filter(|load| load.model.id == model.id) {
            return match load.stage {
                Stage::Reading => ModelState::Opening,
                Stage::Asked if self.is_kept(model) => ModelState::Opening,
                stage => ModelState::Downloading {
                    thousandths: stage.thousandths(),
                },
            };
        }
        let is_wanted = self.wanted().is_some_and(|wanted| wanted.id == model.id);
        if self.answering.as_ref() == Some(&model.id) {
            return if is_wanted {
                ModelState::InUse
            } else {
                ModelState::StandsIn
            };
        }
        let failed = |trouble: &Option<ModelError>| matches!(trouble, Some(ModelError::Failed(_)));
        let has_failed = if model.preview {
            failed(&self.preview_trouble)
        } else {
            is_wanted && failed(&self.wanted_trouble)
        };
        if has_failed {
            ModelState::Failed
        } else if self.is_kept(model) || model.is_on_device() {
            ModelState::Downloaded
        } else {
            ModelState::NotDownloaded
        }
    }

    /// The id of the model that the person chose.
    pub fn chosen(&self) -> Option<&str> {
        self.chosen.as_deref()
    }

    /// Names of the models that the browser keeps, for [`new`](Self::new) at the next visit.
    pub fn kept(&self) -> Vec<String> {
        self.kept.iter().cloned().collect()
    }

    /// Whether the browser keeps this model.
    pub fn is_kept(&self, model: &ModelEntry) -> bool {
        self.kept.contains(&kept_name(model))
    }

    /// The model the page wants.
    pub fn wanted(&self) -> Option<&ModelEntry> {
        let catalogue = self.catalogue.as_ref()?;
        let wanted = self
            .chosen
            .as_deref()
            .and_then(|id| catalogue.find(id))
            .or_else(|| catalogue.default_model())
            .or_else(|| catalogue.preview_model());
        match wanted {
            Some(wanted) if self.fetches_nothing && !self.is_kept(wanted) => self.preview(),
            wanted => wanted,
        }
    }

    fn preview(&self) -> Option<&ModelEntry> {
        self.catalogue.as_ref()?.preview_model()
    }

    fn find(&self, id: &str) -> Option<&ModelEntry> {
        self.catalogue.as_ref()?.find(id)
    }

    /// The model that answers.
    pub fn answering(&self) -> Option<&ModelEntry> {
        self.find(self.answering.as_deref()?)
    }

    /// Whether this model only stands in for a better one.
    pub fn is_preview(&self, id: &str) -> bool {
        self.find(id).is_some_and(|model| model.preview)
    }

    /// A picture wants scores: the time to fetch the wanted model.
    pub fn picture_waits(&mut self) {
        self.picture_waits = true;
    }

    /// The person asks for the wanted model now, or again.
    pub fn fetch(&mut self) {
        self.allowed = self.wanted().map(|model| model.id.clone());
        self.wanted_trouble = None;
        self.preview_trouble = None;
        self.retried = false;
    }

    /// The browser is online again: what no connection was to blame for is tried once more.
    pub fn online(&mut self) {
        let for_want_of_a_connection = |trouble: &Option<ModelError>| {
            matches!(
                trouble,
                Some(ModelError::Failed(
                    Failure::Unreachable | Failure::Interrupted { .. } | Failure::Stalled { .. }
                ))
            )
        };
        if self.retried {
            return;
        }
        if for_want_of_a_connection(&self.wanted_trouble) {
            self.wanted_trouble = None;
            self.retried = true;
        }
        if for_want_of_a_connection(&self.preview_trouble) {
            self.preview_trouble = None;
            self.retried = true;
        }
    }

    /// Whether the device has a connection.
    pub fn set_offline(&mut self, offline: bool) {
        self.offline = offline;
    }

    /// The person stops what is on its way. Returns the request to cancel.
    pub fn stop(&mut self) -> Option<RequestId> {
        let load = self.load.as_mut()?;
        load.stopped = true;
        load.cancelled = true;
        Some(load.request)
    }

    /// The engine has started anew and knows no model.
    pub fn engine_started(&mut self) {
        self.engine_is_dead = false;
        self.answering = None;
        self.load = None;
    }

    /// The engine is gone, with every model in it.
    pub fn engine_died(&mut self) {
        self.engine_is_dead = true;
        self.answering = None;
        self.load = None;
    }

    /// What to do now; `None` when there is nothing until something else happens.
    pub fn next_step(&mut self) -> Option<Step> {
        if self.engine_is_dead {
            return None;
        }
        let wanted = self.wanted()?.clone();
        let preview = self.preview().cloned();
        let may_fetch = wanted.preview
            || self.allowed.as_ref() == Some(&wanted.id)
            || (self.picture_waits && !self.save_data && !self.fetches_nothing);

        if let Some(load) = &mut self.load {
            let is_wanted = load.model.id == wanted.id;
            let is_first_help = load.model.preview && self.answering.is_none();
            let not_kept_after_all = is_wanted && !may_fetch && load.stage.arrived().is_some();
            let unwanted = !is_wanted && !is_first_help;
            if load.cancelled || !(unwanted || not_kept_after_all) {
                return None;
            }
            load.cancelled = true;
            let request = load.request;
            if not_kept_after_all {
                self.kept.remove(&kept_name(&wanted));
            }
            return Some(Step::Cancel(request));
        }

        if self.answering.as_ref() == Some(&wanted.id) {
            return None;
        }
        let kept = self.is_kept(&wanted) && !wanted.preview;
        if kept && self.wanted_trouble.is_none() {
            return Some(Step::Load(Box::new(wanted)));
        }
        if let Some(preview) = preview
            && self.answering.is_none()
            && self.preview_trouble.is_none()
        {
            return Some(Step::Load(Box::new(preview)));
        }
        let trouble = if wanted.preview {
            &self.preview_trouble
        } else {
            &self.wanted_trouble
        };
        (may_fetch && trouble.is_none()).then_some(Step::Load(Box::new(wanted)))
    }

    /// The engine was asked for a model.
    pub fn began(&mut self, model: ModelEntry, request: RequestId) {
        self.load = Some(Load {
            model,
            request,
            stage: Stage::Asked,
            speed: Speed::default(),
            cancelled: false,
            stopped: false,
        });
    }

    /// The engine says how far it is, at this time in milliseconds.
    pub fn progress(&mut self, request: RequestId, progress: &Progress, now: f64) {
        let Some(load) = self.load.as_mut().filter(|load| load.request == request) else {
            return;
        };
        let in_all = |total: Option<u64>| total.or(load.model.bytes);
        load.stage = match *progress {
            Progress::Downloading { received, total } => {
                load.speed.reached(now, received);
                Stage::Downloading {
                    received,
                    total: in_all(total),
                    speed: load.speed.a_second(),
                }
            }
            Progress::Retrying {
                received,
                total,
                seconds,
            } => Stage::Retrying {
                received,
                total: in_all(total),
                seconds,
            },
            Progress::Elsewhere { received, total } => Stage::Elsewhere {
                received,
                total: in_all(total),
            },
            Progress::LoadingModel => Stage::Reading,
            Progress::EncodingLabels { .. } | Progress::EncodingPicture => return,
        };
    }

    /// Whether a model's bytes are being fetched or read.
    pub fn is_on_its_way(&self, id: &str) -> bool {
        self.load.as_ref().is_some_and(|load| load.model.id == id)
    }

    /// The engine has said which models are kept, by id and revision. What the last visit has left
    /// word of may be out of date: another tab fetches and deletes, too.
    pub fn keeps<'a>(&mut self, models: impl IntoIterator<Item = (&'a str, &'a str)>) {
        let names = models.into_iter();
        self.kept = names.map(|(id, revision)| name_of(id, revision)).collect();
    }

    /// The browser keeps this revision of a model no more.
    pub fn deleted(&mut self, id: &str, revision: &str) {
        self.kept.remove(&name_of(id, revision));
    }

    /// A model is loaded and answers.
    pub fn ready(&mut self, request: RequestId, id: &str, kept: bool) {
        if let Some(load) = self.load.take_if(|load| load.request == request) {
            let name = kept_name(&load.model);
            if kept {
                self.kept.insert(name);
            } else {
                self.kept.remove(&name);
            }
            if load.model.preview {
                self.preview_trouble = None;
            } else {
                self.wanted_trouble = None;
            }
            self.not_kept = !kept;
        }
        self.answering = Some(id.to_owned());
        self.retried = false;
    }

    /// A model could not be loaded.
    pub fn failed(&mut self, request: RequestId, failure: Failure) {
        if let Some(load) = self.load.take_if(|load| load.request == request) {
            self.troubled(load, ModelError::Failed(failure));
        }
    }

    /// A load has ended because it was cancelled.
    pub fn cancelled(&mut self, request: RequestId) {
        if let Some(load) = self.load.take_if(|load| load.request == request)
            && load.stopped
        {
            self.troubled(load, ModelError::Stopped);
        }
    }

    fn troubled(&mut self, load: Load, trouble: ModelError) {
        if load.model.preview {
            self.preview_trouble = Some(trouble);
        } else if self
            .wanted()
            .is_some_and(|wanted| wanted.id == load.model.id)
        {
            if trouble != ModelError::Stopped {
                self.kept.remove(&kept_name(&load.model));
            }
            self.wanted_trouble = Some(trouble);
            self.allowed = None;
        }
    }

    /// What the model's line says.
    pub fn status(&self) -> Status {
        let wanted = self.wanted().cloned();
        let answering = self.answering().cloned();
        let loading = self
            .load
            .as_ref()
            .map(|load| (load.model.clone(), load.stage));
        let wanted_is_there = answering.is_some() && answering == wanted;

        let trouble_with = |model: Option<&ModelEntry>, trouble: &Option<ModelError>| {
            Some((model?.clone(), trouble.clone()?))
        };
        let trouble = if wanted_is_there || loading.is_some() {
            None
        } else {
            trouble_with(
                wanted.as_ref().filter(|model| !model.preview),
                &self.wanted_trouble,
            )
            .or_else(|| trouble_with(self.preview(), &self.preview_trouble))
        };

        let state = match &loading {
            _ if self.engine_is_dead => State::Error,
            Some((model, stage)) if Some(model) == wanted.as_ref() && stage.arrived().is_some() => {
                State::Downloading
            }
            Some((model, Stage::Asked))
                if Some(model) == wanted.as_ref() && !model.preview && !self.is_kept(model) =>
            {
                State::Downloading
            }
            Some(_) => State::Loading,
            None if answering.is_some() => State::Ready,
            None if trouble.is_some() => State::Error,
            None => State::None,
        };

        let first_help = loading.as_ref().is_some_and(|(model, _)| model.preview);
        let offer = match (&loading, &trouble) {
            _ if self.engine_is_dead => None,
            (Some(_), _) if first_help => None,
            (Some(_), _) => Some(Offer::Stop),
            (None, Some((_, ModelError::Failed(_)))) => Some(Offer::TryAgain),
            (None, Some((_, ModelError::Stopped))) => Some(Offer::Fetch),
            (None, None) if wanted_is_there || wanted.is_none() || answering.is_none() => None,
            (None, None) => Some(Offer::Fetch),
        };

        Status {
            state,
            not_kept: self.not_kept
                && wanted_is_there
                && !answering.as_ref().is_some_and(|model| model.preview),
            answering,
            wanted,
            loading,
            trouble,
            offer,
            offline: self.offline,
        }
    }
}

/// The models in their order, those last that may not fit into a device's memory, of so many
/// gigabytes; with whether a model is one of them.
pub fn for_device(models: Vec<ModelEntry>, memory: Option<f64>) -> Vec<(ModelEntry, bool)> {
    /// Of a device's memory, a page that also holds pictures may count on a fifth.
    const SHARE: f64 = 0.2;
    let is_large = |model: &ModelEntry| {
        let bytes = stored_bytes(model).zip(memory);
        bytes.is_some_and(|(bytes, memory)| bytes > SHARE * memory * 1e9)
    };
    let mut models: Vec<(ModelEntry, bool)> = models
        .into_iter()
        .map(|model| {
            let large = is_large(&model);
            (model, large)
        })
        .collect();
    models.sort_by_key(|(_, large)| *large);
    models
}

/// How many bytes a model has in the store and in memory, about; of a folder's weights, which are
/// quantised, a part.
fn stored_bytes(model: &ModelEntry) -> Option<f64> {
    let share = match (model.layout, model.weights.as_str()) {
        (Layout::Gguf, _) => 1.0,
        // Of 32 bits a weight.
        (Layout::Transformers, "q4_0") => 4.5 / 32.0,
        (Layout::Transformers, "f16") => 0.5,
        (Layout::Transformers, _) => 8.5 / 32.0,
    };
    Some(share * model.bytes? as f64)
}

/// The licences of some models, each once, in their order.
pub fn licences(models: &[ModelEntry]) -> Vec<String> {
    let mut licences: Vec<String> = Vec::new();
    for model in models {
        if !model.licence.is_empty() && !licences.contains(&model.licence) {
            licences.push(model.licence.clone());
        }
    }
    licences
}

/// A new revision of a model is a new file, so the name holds both.
fn kept_name(model: &ModelEntry) -> String {
    name_of(&model.id, &model.revision)
}

fn name_of(id: &str, revision: &str) -> String {
    format!("{id}@{revision}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, bytes: u64, preview: bool) -> ModelEntry {
        ModelEntry {
            id: id.to_owned(),
            name: id.to_uppercase(),
            weights: "q8_0".to_owned(),
            url: format!("models/{id}"),
            revision: "1".to_owned(),
            layout: Layout::Gguf,
            bytes: Some(bytes),
            sha256: None,
            licence: "MIT".to_owned(),
            about: String::new(),
            card: None,
            preview,
        }
    }

    fn models(chosen: Option<&str>, kept: &[&str], save_data: bool) -> Models {
        let mut models = Models::new(
            chosen.map(str::to_owned),
            kept.iter().map(|&name| name.to_owned()),
            save_data,
        );
        models.offered(Catalogue {
            version: 1,
            models: vec![
                entry("big", 160, false),
                entry("mid", 90, false),
                entry("small", 12, true),
            ],
        });
        models
    }

    /// Carries out loads as an engine would, each with the next request id, until one is asked for;
    /// returns its id.
    fn load(models: &mut Models, request: RequestId) -> Option<String> {
        match models.next_step() {
            Some(Step::Load(model)) => {
                let id = model.id.clone();
                models.began(*model, request);
                assert_eq!(models.next_step(), None, "one model at a time");
                Some(id)
            }
            Some(Step::Cancel(_)) => panic!("nothing was to be cancelled"),
            None => None,
        }
    }

    fn with_preview_ready(save_data: bool) -> Models {
        let mut models = models(None, &[], save_data);
        assert_eq!(load(&mut models, 1).as_deref(), Some("small"));
        assert_eq!(models.status().state, State::Loading);
        models.ready(1, "small", true);
        models
    }

    const DOWNLOADING: Progress = Progress::Downloading {
        received: 40,
        total: Some(160),
    };

    #[test]
    fn the_preview_comes_first_and_the_wanted_model_with_the_first_picture() {
        let mut models = models(None, &[], false);
        assert_eq!(models.status().state, State::None);
        assert_eq!(load(&mut models, 1).as_deref(), Some("small"));
        models.picture_waits();
        assert_eq!(models.next_step(), None, "the preview is still on its way");
        models.ready(1, "small", true);
        assert_eq!(load(&mut models, 2).as_deref(), Some("big"));
        models.progress(2, &DOWNLOADING, 0.0);
        let status = models.status();
        assert_eq!(
            (status.state, status.offer),
            (State::Downloading, Some(Offer::Stop))
        );
        assert_eq!(status.answering.unwrap().id, "small");
        models.progress(2, &Progress::LoadingModel, 0.0);
        assert_eq!(models.status().state, State::Loading);
        models.ready(2, "big", true);
        let status = models.status();
        assert_eq!(
            (status.state, status.offer, status.trouble),
            (State::Ready, None, None)
        );
        assert_eq!(models.next_step(), None);
        assert!(models.kept().contains(&"big@1".to_owned()));
    }

    #[test]
    fn without_a_picture_nothing_is_fetched_but_it_is_offered() {
        let mut models = with_preview_ready(false);
        assert_eq!(models.next_step(), None);
        let status = models.status();
        assert_eq!(
            (status.state, status.offer),
            (State::Ready, Some(Offer::Fetch))
        );
        models.fetch();
        assert_eq!(load(&mut models, 2).as_deref(), Some("big"));
    }

    #[test]
    fn to_save_data_the_person_is_asked_first() {
        let mut models = with_preview_ready(true);
        models.picture_waits();
        assert_eq!(models.next_step(), None);
        assert_eq!(models.status().offer, Some(Offer::Fetch));
        models.fetch();
        assert_eq!(load(&mut models, 2).as_deref(), Some("big"));
        models.choose("mid");
        assert_eq!(models.next_step(), Some(Step::Cancel(2)));
        models.cancelled(2);
        assert_eq!(models.next_step(), None, "consent was for the other model");
    }

    #[test]
    fn what_is_kept_is_loaded_at_once_and_alone() {
        let mut models = models(None, &["big@1"], true);
        assert_eq!(load(&mut models, 1).as_deref(), Some("big"));
        assert_eq!(models.status().state, State::Loading);
        models.progress(1, &Progress::LoadingModel, 0.0);
        models.ready(1, "big", true);
        assert_eq!(models.next_step(), None);
        assert_eq!(models.status().state, State::Ready);
    }

    #[test]
    fn each_model_of_the_list_has_a_state_of_its_own() {
        let mut models = models(None, &["mid@1"], false);
        let states = |models: &Models| {
            ["big", "mid", "small"].map(|id| models.state_of(models.find(id).unwrap()))
        };
        use ModelState::{
            Downloaded, Downloading, Failed, InUse, NotDownloaded, Opening, StandsIn,
        };
        let not_yet = Downloading { thousandths: None };
        assert_eq!(states(&models), [NotDownloaded, Downloaded, NotDownloaded]);
        load(&mut models, 1);
        assert_eq!(states(&models), [NotDownloaded, Downloaded, not_yet]);
        models.ready(1, "small", true);
        models.fetch();
        load(&mut models, 2);
        models.progress(2, &DOWNLOADING, 0.0);
        let a_quarter = Downloading {
            thousandths: Some(250),
        };
        assert_eq!(states(&models), [a_quarter, Downloaded, StandsIn]);
        models.progress(2, &Progress::LoadingModel, 0.0);
        assert_eq!(states(&models), [Opening, Downloaded, StandsIn]);
        models.failed(2, Failure::Unreachable);
        assert_eq!(states(&models), [Failed, Downloaded, StandsIn]);
        models.choose("mid");
        assert_eq!(states(&models), [NotDownloaded, Downloaded, StandsIn]);
        load(&mut models, 3);
        assert_eq!(states(&models), [NotDownloaded, Opening, StandsIn]);
        models.ready(3, "mid", true);
        assert_eq!(states(&models), [NotDownloaded, InUse, Downloaded]);
        models.fetch();
        assert_eq!(models.next_step(), None, "it answers already");
    }

    #[test]
    fn another_revision_is_not_kept() {
        let mut models = models(None, &["big@0"], false);
        assert_eq!(load(&mut models, 1).as_deref(), Some("small"));
    }

    #[test]
    fn kept_but_gone_from_the_store_is_not_fetched_before_the_first_picture() {
        let mut models = models(None, &["big@1"], false);
        load(&mut models, 1);
        models.progress(1, &DOWNLOADING, 0.0);
        assert_eq!(models.next_step(), Some(Step::Cancel(1)));
        assert_eq!(models.next_step(), None);
        models.cancelled(1);
        assert_eq!(load(&mut models, 2).as_deref(), Some("small"));
        models.ready(2, "small", true);
        assert_eq!(models.status().trouble, None);
        models.picture_waits();
        assert_eq!(load(&mut models, 3).as_deref(), Some("big"));
    }

    #[test]
    fn a_kept_model_that_fails_leaves_the_preview() {
        let mut models = models(None, &["big@1"], false);
        load(&mut models, 1);
        models.failed(1, Failure::OutOfMemory { wanted: None });
        assert_eq!(load(&mut models, 2).as_deref(), Some("small"));
        models.ready(2, "small", false);
        models.picture_waits();
        assert_eq!(models.next_step(), None, "it is not tried again by itself");
        let status = models.status();
        assert_eq!(
            (status.state, status.offer),
            (State::Ready, Some(Offer::TryAgain))
        );
        assert_eq!(status.trouble.unwrap().0.id, "big");
    }

    #[test]
    fn stopped_by_the_person_it_stays_stopped_until_asked_for() {
        let mut models = with_preview_ready(false);
        models.picture_waits();
        load(&mut models, 2);
        assert_eq!(models.stop(), Some(2));
        assert_eq!(models.next_step(), None);
        models.cancelled(2);
        assert_eq!(models.next_step(), None);
        let status = models.status();
        assert_eq!(
            (status.state, status.offer),
            (State::Ready, Some(Offer::Fetch))
        );
        models.online();
        assert_eq!(models.next_step(), None);
        models.fetch();
        assert_eq!(load(&mut models, 3).as_deref(), Some("big"));
    }

    #[test]
    fn a_stop_that_comes_too_late_does_no_harm() {
        let mut models = with_preview_ready(false);
        models.picture_waits();
        load(&mut models, 2);
        models.stop();
        models.ready(2, "big", true);
        assert_eq!(models.status().state, State::Ready);
        assert_eq!(models.answering().unwrap().id, "big");
        assert_eq!(models.stop(), None);
    }

    #[test]
    fn back_online_it_is_tried_once_by_itself() {
        let mut models = with_preview_ready(false);
        models.picture_waits();
        load(&mut models, 2);
        models.failed(2, Failure::Unreachable);
        assert_eq!(models.status().state, State::Ready);
        assert_eq!(models.status().offer, Some(Offer::TryAgain));
        models.online();
        assert_eq!(load(&mut models, 3).as_deref(), Some("big"));
        models.failed(
            3,
            Failure::Interrupted {
                received: 1,
                total: None,
            },
        );
        models.online();
        assert_eq!(models.next_step(), None);
        models.fetch();
        assert_eq!(load(&mut models, 4).as_deref(), Some("big"));
    }

    #[test]
    fn a_broken_file_is_not_tried_again_because_the_browser_is_online() {
        let mut models = with_preview_ready(false);
        models.picture_waits();
        load(&mut models, 2);
        models.failed(2, Failure::HttpStatus { code: 404 });
        models.online();
        assert_eq!(models.next_step(), None);
    }

    #[test]
    fn choosing_another_cancels_and_fetches_that() {
        let mut models = with_preview_ready(false);
        models.picture_waits();
        load(&mut models, 2);
        models.choose("mid");
        assert_eq!(models.next_step(), Some(Step::Cancel(2)));
        models.cancelled(2);
        assert_eq!(load(&mut models, 3).as_deref(), Some("mid"));
        models.ready(3, "mid", true);
        models.choose("small");
        assert_eq!(load(&mut models, 4).as_deref(), Some("small"));
        models.ready(4, "small", true);
        assert_eq!(models.next_step(), None);
        let status = models.status();
        assert_eq!((status.state, status.offer), (State::Ready, None));
        assert_eq!(models.chosen(), Some("small"));
    }

    #[test]
    fn a_failure_is_forgotten_with_the_choice_it_was_about() {
        let mut models = with_preview_ready(false);
        models.picture_waits();
        load(&mut models, 2);
        models.failed(2, Failure::Unreachable);
        models.choose("mid");
        assert_eq!(models.status().trouble, None);
        assert_eq!(load(&mut models, 3).as_deref(), Some("mid"));
    }

    #[test]
    fn no_model_at_all_is_an_error_with_a_way_out() {
        let mut models = models(None, &[], false);
        load(&mut models, 1);
        models.failed(1, Failure::HttpStatus { code: 404 });
        let status = models.status();
        assert_eq!(
            (status.state, status.offer),
            (State::Error, Some(Offer::TryAgain))
        );
        models.picture_waits();
        assert_eq!(
            load(&mut models, 2).as_deref(),
            Some("big"),
            "a picture waits, so the wanted one is fetched"
        );
        models.failed(2, Failure::Unreachable);
        assert_eq!(models.status().state, State::Error);
        models.fetch();
        assert_eq!(load(&mut models, 3).as_deref(), Some("small"));
    }

    #[test]
    fn a_chosen_model_that_is_offered_no_more_gives_way_to_the_default() {
        let mut models = models(Some("gone"), &[], false);
        assert_eq!(models.wanted().unwrap().id, "big");
        models.choose("mid");
        assert_eq!(models.wanted().unwrap().id, "mid");
    }

    #[test]
    fn the_preview_chosen_is_no_stand_in() {
        let mut models = models(Some("small"), &["small@1"], false);
        assert_eq!(load(&mut models, 1).as_deref(), Some("small"));
        models.progress(1, &DOWNLOADING, 0.0);
        assert_eq!(models.status().state, State::Downloading);
        models.ready(1, "small", true);
        models.picture_waits();
        assert_eq!(models.next_step(), None);
        assert_eq!(models.status().offer, None);
    }

    #[test]
    fn after_the_engine_died_and_started_again_the_models_are_loaded_anew() {
        let mut models = with_preview_ready(false);
        models.picture_waits();
        load(&mut models, 2);
        models.engine_died();
        assert_eq!(
            (models.status().state, models.next_step()),
            (State::Error, None)
        );
        models.failed(
            2,
            Failure::Internal {
                message: String::new(),
            },
        );
        models.engine_started();
        assert_eq!(load(&mut models, 3).as_deref(), Some("small"));
        models.ready(3, "small", true);
        assert_eq!(load(&mut models, 4).as_deref(), Some("big"));
    }

    #[test]
    fn a_model_the_browser_has_no_room_for_is_said_so_and_not_counted_on() {
        let mut models = with_preview_ready(false);
        assert!(!models.status().not_kept);
        models.picture_waits();
        load(&mut models, 2);
        models.ready(2, "big", false);
        assert!(models.status().not_kept);
        assert!(!models.is_kept(&entry("big", 160, false)));
    }

    #[test]
    fn what_may_not_fit_into_memory_comes_last() {
        let mut large = entry("large", 1_710_540_580, false);
        large.layout = Layout::Transformers;
        let list = vec![
            entry("full", 303_810_560, false),
            large,
            entry("small", 90_035_008, false),
        ];
        let order = |memory| {
            let models = for_device(list.clone(), memory).into_iter();
            models
                .map(|(model, large)| (model.id, large))
                .collect::<Vec<_>>()
        };
        let id = |id: &str, large| (id.to_owned(), large);
        let as_they_were = [id("full", false), id("large", false), id("small", false)];
        assert_eq!(order(None), as_they_were);
        assert_eq!(order(Some(8.0)), as_they_were);
        assert_eq!(
            order(Some(2.0)),
            [id("full", false), id("small", false), id("large", true)]
        );
        assert_eq!(
            order(Some(1.0)),
            [id("small", false), id("full", true), id("large", true)]
        );
        assert_eq!(licences(&list), ["MIT"]);
    }

    #[test]
    fn own_models_stand_behind_the_others_and_can_be_taken_off() {
        let own = entry("own-1", 50, false);
        let mut models =
            Models::new(Some("own-1".to_owned()), [], false).with_own(vec![own.clone()]);
        models.offered(Catalogue {
            version: 1,
            models: vec![entry("big", 160, false), entry("small", 12, true)],
        });
        let ids = |models: &Models| -> Vec<String> {
            models.all().iter().map(|model| model.id.clone()).collect()
        };
        assert_eq!(ids(&models), ["big", "small", "own-1"]);
        assert_eq!(models.wanted(), Some(&own));
        models.add_own(entry("own-2", 60, false));
        models.add_own(own);
        assert_eq!(ids(&models), ["big", "small", "own-2", "own-1"]);
        models.remove_own("big");
        models.remove_own("own-1");
        assert_eq!(ids(&models), ["big", "small", "own-2"]);
        assert_eq!(models.wanted().unwrap().id, "big");
        assert_eq!(models.own().len(), 1);
    }

    #[test]
    fn what_the_engine_keeps_counts_and_not_what_was_left_word_of() {
        let mut models = models(None, &["old@1"], false);
        models.keeps([("big", "1")]);
        assert_eq!(models.kept(), ["big@1"]);
        assert!(matches!(models.next_step(), Some(Step::Load(model)) if model.id == "big"));
    }

    #[test]
    fn an_own_model_that_is_taken_off_answers_no_more() {
        let mut models = models(None, &[], false);
        models.add_own(entry("own-1", 50, false));
        models.choose("own-1");
        models.fetch();
        load(&mut models, 1);
        models.ready(1, "small", true);
        load(&mut models, 2);
        models.ready(2, "own-1", true);
        models.remove_own("own-1");
        assert_eq!(models.answering(), None);
        assert!(matches!(models.next_step(), Some(Step::Load(model)) if model.id == "small"));
    }

    #[test]
    fn a_broken_connection_that_is_tried_again_is_still_a_download() {
        let mut models = with_preview_ready(false);
        models.picture_waits();
        load(&mut models, 2);
        models.progress(
            2,
            &Progress::Retrying {
                received: 40,
                total: None,
                seconds: 4,
            },
            0.0,
        );
        let status = models.status();
        assert_eq!(
            (status.state, status.offer),
            (State::Downloading, Some(Offer::Stop))
        );
        let (_, stage) = status.loading.unwrap();
        assert_eq!(stage.arrived(), Some((40, Some(160))));
    }

    #[test]
    fn what_another_tab_fetches_is_waited_for_and_can_be_stopped() {
        let mut models = with_preview_ready(false);
        models.picture_waits();
        load(&mut models, 2);
        models.progress(
            2,
            &Progress::Elsewhere {
                received: 40,
                total: Some(160),
            },
            0.0,
        );
        assert_eq!(models.status().state, State::Downloading);
        assert_eq!(models.stop(), Some(2));
    }

    #[test]
    fn a_deleted_model_goes_on_answering_and_is_not_counted_on() {
        let mut models = models(None, &["big@1"], false);
        load(&mut models, 1);
        models.ready(1, "big", true);
        models.deleted("big", "1");
        assert_eq!(models.next_step(), None);
        assert_eq!(models.answering().unwrap().id, "big");
        assert!(!models.is_kept(&entry("big", 160, false)));
    }
}
