//! Searching pictures with words, inside another page: each picture that has been given is compared
//! with the phrase.

use std::collections::HashMap;

use leptos::prelude::*;

use cliplet_protocol::messages::{Classify, Failure, RequestId, TakePicture};
use cliplet_protocol::query::{Candidate, LabelQuery, PictureId};
use cliplet_protocol::scoring::Scoring;

use super::base::Base;
use super::host_pictures::HostPictures;
use super::host_pictures::{HostPicture, HostPictureState};
use super::models::ModelsController;
use super::pictures::PicturesController;
use super::query::QueryController;
use super::scoring;
use super::scoring::ScoringController;
use super::support::{Local, lasting, readable};
use crate::browser::Timer;
use crate::engine::Ended;
use crate::state::embed::messages::{Found, Image, ToHost};
use crate::state::embed::settings::Mode;
use crate::state::{labels, template};
use crate::text;

/// The phrase, and how well each picture fits it.
pub struct SearchController {
    base: Base,
    query: &'static QueryController,
    models: &'static ModelsController,
    pictures: &'static PicturesController,
    scoring: &'static ScoringController,
    host_pictures: &'static HostPictures,
    phrase: RwSignal<String>,
    suggestions: RwSignal<Vec<String>>,
    hits: RwSignal<HashMap<String, f32>>,
    under_way: RwSignal<Option<(usize, usize)>>,
    pending: Local<Pending>,
}

#[derive(Default)]
struct Pending {
    ask: Timer,
    /// The engine's names for the pictures that it has, by their addresses.
    taken: HashMap<String, PictureId>,
    /// The request under way.
    asked: Option<RequestId>,
    /// Counts searches, so that one stops when the next begins.
    turn: u32,
}

/// A host's labels, unless these are the usual ones, which are for no pictures in particular.
fn suggestions(labels: &[String]) -> Vec<String> {
    if labels == labels::FIRST_LABELS {
        Vec::new()
    } else {
        labels.to_vec()
    }
}

impl SearchController {
    /// With the host's labels as suggestions, and the first of them looked for.
    pub(crate) fn new(
        base: Base,
        query: &'static QueryController,
        models: &'static ModelsController,
        pictures: &'static PicturesController,
        scoring: &'static ScoringController,
        host_pictures: &'static HostPictures,
    ) -> &'static Self {
        let suggestions = suggestions(&base.frame.settings().labels);
        lasting(Self {
            base,
            query,
            models,
            pictures,
            scoring,
            host_pictures,
            phrase: RwSignal::new(suggestions.first().cloned().unwrap_or_default()),
            suggestions: RwSignal::new(suggestions),
            hits: RwSignal::default(),
            under_way: RwSignal::default(),
            pending: Local::default(),
        })
    }

    readable! {
        /// What is looked for, as it is typed.
        phrase: String;
        /// What the host suggests to look for.
        suggestions: Vec<String>;
        /// The cosine of each picture and the phrase, by the picture's address. Empty until all
        /// have been compared.
        hits: HashMap<String, f32>;
        /// How many pictures of how many have been compared, while that goes on.
        under_way: Option<(usize, usize)>;
    }

    /// Takes the labels that the host has set as what it suggests to look for, and looks for the
    /// first.
    pub(crate) fn suggest(&'static self, labels: &[String]) {
        let suggestions = suggestions(labels);
        self.look_for(suggestions.first().map_or("", String::as_str));
        self.suggestions.set(suggestions);
    }

    /// Takes what stands in the search field.
    pub fn look_for(&'static self, phrase: &str) {
        if self.phrase().with_untracked(|old| old == phrase) {
            return;
        }
        self.phrase.set(phrase.to_owned());
        self.after_typing();
    }

    fn after_typing(&'static self) {
        if !self.base.frame.searches() {
            return;
        }
        self.pending.with(|pending| {
            let wait = scoring::PAUSE_WHILE_TYPING;
            pending.ask.set(wait, move || self.now());
        });
    }

    /// Gives a picture to the engine, which is to be searched from now on.
    pub(crate) fn take(&'static self, url: &str) {
        let known = self.pending.with(|pending| pending.taken.contains_key(url));
        let Some(file) = self.host_pictures.file(url).filter(|_| !known) else {
            return;
        };
        let picture = self.pictures.next_id();
        let request = TakePicture { picture };
        let call = self.base.engine().ask_with_file(request, Some(&file));
        let url = url.to_owned();
        leptos::task::spawn_local(async move {
            match call.end().await {
                Ok(_) => {
                    self.pending
                        .with(|pending| pending.taken.insert(url, picture));
                    self.after_typing();
                }
                Err(Ended::Failed(failure)) => {
                    self.given_is_unreadable(&url, &failure);
                }
                Err(Ended::Cancelled) => {}
            }
        });
    }

    /// The engine has started anew, and knows no picture.
    pub(crate) fn take_all(&'static self) {
        self.pending.with(|pending| pending.taken.clear());
        for given in self.host_pictures.list().get_untracked() {
            self.take(&given.url);
        }
    }

    /// A picture has gone off the list.
    pub(crate) fn forget(&'static self, url: &str) {
        if let Some(picture) = self.pending.with(|pending| pending.taken.remove(url)) {
            self.pictures.forget(picture);
        }
    }

    fn given_is_unreadable(&'static self, url: &str, failure: &Failure) {
        let name = text::file_name(url);
        let sentence = text::picture_refused(&name, failure);
        if let Some(given) = self.host_pictures.get(url) {
            given.state.set(HostPictureState::Failed(sentence.clone()));
        }
        self.base.messages.fail(sentence);
    }

    /// Ends the search under way, whose answer would be one to what is no longer asked. Returns the
    /// number of the next.
    pub(crate) fn stop(&'static self) -> u32 {
        let (turn, older) = self.pending.with(|pending| {
            pending.ask.clear();
            pending.turn += 1;
            (pending.turn, pending.asked.take())
        });
        if let Some(older) = older {
            self.base.engine().cancel(older);
        }
        self.under_way.set(None);
        turn
    }

    /// Compares all pictures with the phrase.
    pub(crate) fn now(&'static self) {
        let turn = self.stop();
        let phrase = self.phrase().get_untracked();
        let phrase = labels::tidy(&phrase);
        if phrase.is_empty() {
            self.hits.set(HashMap::new());
            return;
        }
        self.models.picture_waits();
        let model = self.models.answering();
        let pictures: Vec<(String, PictureId)> =
            self.host_pictures.list().with_untracked(|given| {
                self.pending.with(|pending| {
                    let taken = |url: &String| Some((url.clone(), *pending.taken.get(url)?));
                    given.iter().filter_map(|given| taken(&given.url)).collect()
                })
            });
        let Some(model) = model.filter(|_| !pictures.is_empty()) else {
            return;
        };
        let templates = self.templates();
        leptos::task::spawn_local(async move {
            let mut hits = HashMap::new();
            for (at, (url, picture)) in pictures.iter().enumerate() {
                self.under_way.set(Some((at, pictures.len())));
                let call = self.base.engine().ask(Classify {
                    picture: *picture,
                    query: LabelQuery {
                        labels: vec![Candidate::new(phrase.as_str())],
                        templates: templates.clone(),
                        scoring: Scoring::default(),
                    },
                });
                self.pending.with(|pending| pending.asked = Some(call.id));
                let end = call.end().await;
                if self.pending.with(|pending| pending.turn) != turn {
                    return;
                }
                match end {
                    Ok(answer) => {
                        let cosine = answer.scores.first().map_or(0.0, |score| score.cosine);
                        hits.insert(url.clone(), cosine);
                    }
                    Err(Ended::Cancelled) => {}
                    // A model is on its way, and all is asked anew when it is there.
                    Err(Ended::Failed(Failure::NoModel)) => {
                        return self.under_way.set(None);
                    }
                    Err(Ended::Failed(failure)) => {
                        self.base.messages.fail(text::not_scored(&failure));
                    }
                }
            }
            self.pending.with(|pending| pending.asked = None);
            self.under_way.set(None);
            self.scoring.set_scored_by(model.clone());
            self.hits.set(hits);
            let images = self.found().into_iter();
            let images: Vec<Image> = images
                .map(|(image, cosine)| Image { image, cosine })
                .collect();
            if let Some(best) = images.first() {
                self.base
                    .messages
                    .announce(text::best_picture(&text::file_name(&best.image)));
            }
            self.base.frame.tell(&ToHost::Found(Found {
                mode: Mode::Search.name(),
                query: phrase,
                model: model.id,
                preview: model.preview,
                images,
            }));
        });
    }

    /// The phrase in a sentence, as pictures are described: the host's, unless that is the usual
    /// one for labels.
    fn templates(&'static self) -> Vec<String> {
        const FOR_PHRASES: &str = "a photo of {}";
        let templates = self.query.templates_in_force();
        if templates == [template::DEFAULT] {
            vec![FOR_PHRASES.to_owned()]
        } else {
            templates
        }
    }

    /// All pictures, those that have been compared first and best first. Follows what changes that.
    pub fn pictures_in_order(&'static self) -> Vec<HostPicture> {
        let mut pictures = self.host_pictures.list().get();
        let hits = self.hits().read();
        let cosine =
            |given: &HostPicture| hits.get(&given.url).copied().unwrap_or(f32::NEG_INFINITY);
        pictures.sort_by(|a, b| cosine(b).total_cmp(&cosine(a)));
        pictures
    }

    /// The pictures that have been compared, best first.
    fn found(&'static self) -> Vec<(String, f32)> {
        let hits = self.hits().get_untracked();
        let mut found: Vec<(String, f32)> = self.host_pictures.list().with_untracked(|given| {
            let hit = |url: &String| Some((url.clone(), *hits.get(url)?));
            given.iter().filter_map(|given| hit(&given.url)).collect()
        });
        found.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        found
    }
}
