//! Finding pictures with words or with a picture, and words for a picture.

use std::collections::HashSet;

use leptos::prelude::*;

use cliplet_engine::collection::{ForCollection, ItemId, Judge, OfCollection, Query};
use cliplet_engine::messages::{Candidate, Done, Request};

use super::{Described, View};
use crate::browser::{self};
use crate::engine::Ended;
use crate::session::Session;
use crate::session::scoring;
use crate::state::collection::Filter;
use crate::text;
use crate::text::collection as words;

/// Phrases are looked for in a sentence, as pictures are described.
const TEMPLATE_FOR_PHRASES: &str = "a photo of {}";
/// A vocabulary that pictures are described with.
const VOCABULARY: &str = "label-sets/imagenet-1k.txt";
/// Words that are told of a picture.
const MOST_WORDS: u32 = 10;

impl Session {
    /// Takes what stands in the search field.
    pub fn look_for_pictures(self, phrase: &str) {
        self.many.phrase.set(phrase.to_owned());
        self.many.like.set(None);
        self.with_desk(|desk| {
            let wait = scoring::PAUSE_WHILE_TYPING;
            desk.many.search.set(wait, move || self.find());
        });
    }

    /// Puts pictures first that are like one.
    pub fn find_like(self, id: ItemId) {
        self.many.phrase.set(String::new());
        self.many.like.set(Some(id));
        self.many.filter.set(Filter::All);
        self.many.view.set(View::Grid);
        self.find();
    }

    /// Looks for nothing any more.
    pub fn look_for_nothing(self) {
        self.look_for_pictures("");
        self.find();
    }

    pub(super) fn find(self) {
        let many = self.many;
        let phrase = crate::state::labels::tidy(&many.phrase.get_untracked());
        let query = match many.like.get_untracked() {
            Some(id) => Some(Query::Like(id)),
            None => (!phrase.is_empty()).then(|| Query::Words {
                words: Candidate::new(phrase),
                templates: vec![TEMPLATE_FOR_PHRASES.to_owned()],
            }),
        };
        let older = self.with_desk(|desk| {
            desk.many.search.clear();
            desk.many.finding.take()
        });
        if let Some(older) = older {
            self.engine().cancel(older);
        }
        let Some(query) = query else {
            many.data.update_value(|data| data.set_found(None));
            return self.show_collection();
        };
        let call = self.engine().ask(
            Request::Collection(ForCollection::Find { query }),
            None,
            |_, _| {},
        );
        let request = call.id;
        self.with_desk(|desk| desk.many.finding = Some(request));
        leptos::task::spawn_local(async move {
            let end = call.end().await;
            if self.with_desk(|desk| desk.many.finding != Some(request)) {
                return;
            }
            self.with_desk(|desk| desk.many.finding = None);
            match end {
                Ok((Done::Collection(OfCollection::Found { items, cosines }), _)) => {
                    let found = items.into_iter().zip(cosines).collect();
                    many.data.update_value(|data| data.set_found(Some(found)));
                    self.show_collection();
                    let best = many.order.with_untracked(|order| order.first().copied());
                    let name = best.and_then(|id| {
                        many.data
                            .with_value(|data| data.get(id).map(|item| item.name.clone()))
                    });
                    if let Some(name) = name {
                        self.announce(text::best_picture(&name));
                    }
                }
                Ok(_) | Err(Ended::Cancelled) => {}
                Err(Ended::Failed(failure)) => self.collection_failed(&failure),
            }
        });
    }

    /// Finds words for a picture in a vocabulary that comes with the page.
    pub fn describe(self, item: ItemId) {
        let many = self.many;
        let older = self.with_desk(|desk| desk.many.describing.take());
        if let Some(older) = older {
            self.engine().cancel(older);
        }
        let nothing = Described {
            item,
            words: None,
            read: None,
        };
        many.described.set(Some(nothing));
        leptos::task::spawn_local(async move {
            let Ok(list) = browser::fetch_text(VOCABULARY).await else {
                many.described.set(None);
                return self.error.set(Some(words::NO_VOCABULARY.to_owned()));
            };
            // Two of ImageNet's classes are called like two others.
            let mut seen = HashSet::new();
            let vocabulary: Vec<String> = list
                .lines()
                .filter(|word| !word.trim().is_empty() && seen.insert(*word))
                .map(str::to_owned)
                .collect();
            let request = ForCollection::Judge {
                items: vec![item],
                judge: Judge::Labels {
                    labels: vocabulary.iter().map(Candidate::new).collect(),
                    templates: vec![crate::state::template::DEFAULT.to_owned()],
                    scoring: cliplet_engine::scoring::Scoring::default(),
                },
                best: MOST_WORDS,
                of: None,
            };
            let call = self
                .engine()
                .ask(Request::Collection(request), None, move |_, progress| {
                    if let cliplet_engine::messages::Progress::EncodingLabels { done, total } =
                        progress
                    {
                        many.described.update(|described| {
                            if let Some(described) = described {
                                described.read = Some((done, total));
                            }
                        });
                    }
                });
            let request = call.id;
            self.with_desk(|desk| desk.many.describing = Some(request));
            let end = call.end().await;
            if self.with_desk(|desk| desk.many.describing != Some(request)) {
                return;
            }
            self.with_desk(|desk| desk.many.describing = None);
            match end {
                Ok((Done::Collection(OfCollection::Judged { labels, scores, .. }), _)) => {
                    let found = labels.into_iter().zip(scores);
                    let found: Vec<(String, f32)> = found
                        .filter_map(|(at, score)| {
                            Some((vocabulary.get(at as usize)?.clone(), score))
                        })
                        .collect();
                    let best: Vec<(String, f32)> = found.iter().take(3).cloned().collect();
                    self.announce(text::result(&best, false));
                    many.described.set(Some(Described {
                        item,
                        words: Some(found),
                        read: None,
                    }));
                }
                Ok(_) | Err(Ended::Cancelled) => many.described.set(None),
                Err(Ended::Failed(failure)) => {
                    many.described.set(None);
                    self.error.set(Some(words::not_asked(&failure)));
                }
            }
        });
    }

    /// Takes the words for a picture off the page, or gives up looking for them.
    pub fn dismiss_words(self) {
        if let Some(request) = self.with_desk(|desk| desk.many.describing.take()) {
            self.engine().cancel(request);
        }
        self.many.described.set(None);
    }
}
