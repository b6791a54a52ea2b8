//! Searching pictures with words, inside another page: each picture that has been given is compared with the phrase.

use std::collections::HashMap;

use leptos::prelude::*;

use cliplet_protocol::messages::{Classify, Failure, RequestId, TakePicture};
use cliplet_protocol::query::{Candidate, LabelQuery, PictureId};
use cliplet_protocol::scoring::Scoring;

use super::{HostPicture, HostPictureState, Session, scoring};
use crate::browser::Timer;
use crate::engine::Ended;
use crate::state::embed::messages::{Found, Image, ToHost};
use crate::state::embed::settings::Mode;
use crate::state::{labels, template};
use crate::text;

/// What is under way with a search.
#[derive(Default)]
pub(super) struct Desk {
    ask: Timer,
    /// The engine's names for the pictures that it has, by their addresses.
    taken: HashMap<String, PictureId>,
    /// The request under way.
    asked: Option<RequestId>,
    /// Counts searches, so that one stops when the next begins.
    turn: u32,
}

/// What a search shows.
#[derive(Clone, Copy)]
pub struct Search {
    /// What is looked for, as it is typed.
    pub phrase: RwSignal<String>,
    /// What the host suggests to look for.
    pub suggestions: RwSignal<Vec<String>>,
    /// The cosine of each picture and the phrase, by the picture's address. Empty until all have been compared.
    pub hits: RwSignal<HashMap<String, f32>>,
    /// How many pictures of how many have been compared, while that goes on.
    pub under_way: RwSignal<Option<(usize, usize)>>,
}

impl Search {
    /// With these labels as suggestions, and the first of them looked for.
    pub(super) fn new(labels: &[String]) -> Self {
        let suggestions = suggestions(labels);
        Self {
            phrase: RwSignal::new(suggestions.first().cloned().unwrap_or_default()),
            suggestions: RwSignal::new(suggestions),
            hits: RwSignal::default(),
            under_way: RwSignal::default(),
        }
    }
}

/// A host's labels, unless these are the usual ones, which are for no pictures in particular.
fn suggestions(labels: &[String]) -> Vec<String> {
    match labels == labels::FIRST_LABELS {
        true => Vec::new(),
        false => labels.to_vec(),
    }
}

impl Session {
    /// Whether pictures are searched, and not scored.
    pub(super) fn searches(self) -> bool {
        self.embed
            .is_some_and(|embed| embed.mode.get_untracked() == Mode::Search)
    }

    /// Takes the labels that the host has set as what it suggests to look for, and looks for the first.
    pub(super) fn suggest(self, labels: &[String]) {
        let Some(embed) = self.embed else { return };
        let suggestions = suggestions(labels);
        self.look_for(suggestions.first().map_or("", String::as_str));
        embed.search.suggestions.set(suggestions);
    }

    /// Takes what stands in the search field.
    pub fn look_for(self, phrase: &str) {
        let Some(embed) = self.embed else { return };
        if embed.search.phrase.with_untracked(|old| old == phrase) {
            return;
        }
        embed.search.phrase.set(phrase.to_owned());
        self.search_after_typing();
    }

    fn search_after_typing(self) {
        if !self.searches() {
            return;
        }
        self.with_desk(|desk| {
            let wait = scoring::PAUSE_WHILE_TYPING;
            desk.search.ask.set(wait, move || self.search_now());
        });
    }

    /// Gives a picture to the engine, which is to be searched from now on.
    pub(super) fn take_for_search(self, url: &str) {
        let taken = self.with_desk(|desk| {
            let file = desk.embed.files.get(url)?.clone();
            if desk.search.taken.contains_key(url) {
                return None;
            }
            desk.pictures.last_id += 1;
            Some((desk.pictures.last_id, file))
        });
        let Some((picture, file)) = taken else { return };
        let request = TakePicture { picture };
        let call = self.engine().ask_with_file(request, Some(&file));
        let url = url.to_owned();
        leptos::task::spawn_local(async move {
            match call.end().await {
                Ok(_) => {
                    self.with_desk(|desk| desk.search.taken.insert(url, picture));
                    self.search_after_typing();
                }
                Err(Ended::Failed(failure)) => {
                    self.given_is_unreadable(&url, &failure);
                }
                Err(Ended::Cancelled) => {}
            }
        });
    }

    /// The engine has started anew, and knows no picture.
    pub(super) fn take_all_for_search(self) {
        let Some(embed) = self.embed else { return };
        self.with_desk(|desk| desk.search.taken.clear());
        for given in embed.given.get_untracked() {
            self.take_for_search(&given.url);
        }
    }

    /// A picture has gone off the list.
    pub(super) fn forget_for_search(self, url: &str) {
        if let Some(picture) = self.with_desk(|desk| desk.search.taken.remove(url)) {
            self.forget(picture);
        }
    }

    fn given_is_unreadable(self, url: &str, failure: &Failure) {
        let Some(embed) = self.embed else { return };
        let name = text::file_name(url);
        let sentence = text::picture_refused(&name, failure);
        embed.given.with_untracked(|given| {
            if let Some(given) = given.iter().find(|given| given.url == url) {
                given.state.set(HostPictureState::Failed(sentence.clone()));
            }
        });
        self.error.set(Some(sentence));
    }

    /// Ends the search under way, whose answer would be one to what is no longer asked. Returns the number of the next.
    pub(super) fn stop_searching(self) -> u32 {
        let (turn, older) = self.with_desk(|desk| {
            desk.search.ask.clear();
            desk.search.turn += 1;
            (desk.search.turn, desk.search.asked.take())
        });
        if let Some(older) = older {
            self.engine().cancel(older);
        }
        if let Some(embed) = self.embed {
            embed.search.under_way.set(None);
        }
        turn
    }

    /// Compares all pictures with the phrase.
    pub(super) fn search_now(self) {
        let Some(embed) = self.embed else { return };
        let turn = self.stop_searching();
        let phrase = embed.search.phrase.get_untracked();
        let phrase = labels::tidy(&phrase);
        if phrase.is_empty() {
            embed.search.hits.set(HashMap::new());
            return;
        }
        self.models.update_value(|models| models.picture_waits());
        self.go_on_with_models();
        let model = self.models.with_value(|models| models.answering().cloned());
        let pictures: Vec<(String, PictureId)> = embed.given.with_untracked(|given| {
            self.with_desk(|desk| {
                let taken = |url: &String| Some((url.clone(), *desk.search.taken.get(url)?));
                given.iter().filter_map(|given| taken(&given.url)).collect()
            })
        });
        let Some(model) = model.filter(|_| !pictures.is_empty()) else {
            return;
        };
        let templates = self.search_templates();
        leptos::task::spawn_local(async move {
            let mut hits = HashMap::new();
            for (at, (url, picture)) in pictures.iter().enumerate() {
                embed.search.under_way.set(Some((at, pictures.len())));
                let call = self.engine().ask(Classify {
                    picture: *picture,
                    query: LabelQuery {
                        labels: vec![Candidate::new(phrase.as_str())],
                        templates: templates.clone(),
                        scoring: Scoring::default(),
                    },
                });
                self.with_desk(|desk| desk.search.asked = Some(call.id));
                let end = call.end().await;
                if self.with_desk(|desk| desk.search.turn) != turn {
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
                        return embed.search.under_way.set(None);
                    }
                    Err(Ended::Failed(failure)) => {
                        self.error.set(Some(text::not_scored(&failure)));
                    }
                }
            }
            self.with_desk(|desk| desk.search.asked = None);
            embed.search.under_way.set(None);
            self.scored_by.set(Some(model.clone()));
            embed.search.hits.set(hits);
            let images = self.found().into_iter();
            let images: Vec<Image> = images
                .map(|(image, cosine)| Image { image, cosine })
                .collect();
            if let Some(best) = images.first() {
                self.announce(text::best_picture(&text::file_name(&best.image)));
            }
            self.say_to_host(&ToHost::Found(Found {
                mode: Mode::Search.name(),
                query: phrase,
                model: model.id,
                preview: model.preview,
                images,
            }));
        });
    }

    /// The phrase in a sentence, as pictures are described: the host's, unless that is the usual one for labels.
    fn search_templates(self) -> Vec<String> {
        const FOR_PHRASES: &str = "a photo of {}";
        let templates = self
            .template
            .with_untracked(|template| template.in_force().to_owned());
        match templates == [template::DEFAULT] {
            true => vec![FOR_PHRASES.to_owned()],
            false => templates,
        }
    }

    /// All pictures, those that have been compared first and best first. Follows what changes that.
    pub fn pictures_in_order(self) -> Vec<HostPicture> {
        let Some(embed) = self.embed else {
            return Vec::new();
        };
        let mut pictures = embed.given.get();
        let hits = embed.search.hits.read();
        let cosine =
            |given: &HostPicture| hits.get(&given.url).copied().unwrap_or(f32::NEG_INFINITY);
        pictures.sort_by(|a, b| cosine(b).total_cmp(&cosine(a)));
        pictures
    }

    /// The pictures that have been compared, best first.
    fn found(self) -> Vec<(String, f32)> {
        let Some(embed) = self.embed else {
            return Vec::new();
        };
        let hits = embed.search.hits.get_untracked();
        let mut found: Vec<(String, f32)> = embed.given.with_untracked(|given| {
            let hit = |url: &String| Some((url.clone(), *hits.get(url)?));
            given.iter().filter_map(|given| hit(&given.url)).collect()
        });
        found.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        found
    }
}
