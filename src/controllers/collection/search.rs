//! Finding pictures with words or with a picture, and words for a picture.

use leptos::prelude::*;

use cliplet_protocol::collection::{Classifier, Find, Found, ItemId, Judge, Judged, Query};
use cliplet_protocol::messages::Progress;
use cliplet_protocol::query::{Candidate, LabelQuery};
use cliplet_protocol::scoring::Scoring;

use super::{CollectionController, Described, View, Words};
use crate::browser::{self, BrowserStorage};
use crate::controllers::scoring;
use crate::engine::Ended;
use crate::state::collection::Filter;
use crate::state::label_sets::{self, OwnSets};
use crate::state::labels::{Labels, Origin};
use crate::state::template::Template;
use crate::state::vocabulary::Vocabulary;
use crate::text;
use crate::text::collection as words;

/// Phrases are looked for in a sentence, as pictures are described.
const TEMPLATE_FOR_PHRASES: &str = "a photo of {}";
/// Words that are told of a picture.
const MOST_WORDS: u32 = 10;

impl CollectionController {
    /// Takes what stands in the search field.
    pub fn look_for(&'static self, phrase: &str) {
        self.phrase.set(phrase.to_owned());
        self.like.set(None);
        self.pending.with(|pending| {
            let wait = scoring::PAUSE_WHILE_TYPING;
            pending.search.set(wait, move || self.find());
        });
    }

    /// Puts pictures first that are like one.
    pub fn find_like(&'static self, id: ItemId) {
        self.phrase.set(String::new());
        self.like.set(Some(id));
        self.filter.set(Filter::All);
        self.view.set(View::Grid);
        self.find();
    }

    /// Looks for nothing any more.
    pub fn look_for_nothing(&'static self) {
        self.look_for("");
        self.find();
    }

    pub(crate) fn find(&'static self) {
        let phrase = crate::state::labels::tidy(&self.phrase().get_untracked());
        let query = match self.like().get_untracked() {
            Some(id) => Some(Query::Like(id)),
            None => (!phrase.is_empty()).then(|| Query::Words {
                words: Candidate::new(phrase),
                templates: vec![TEMPLATE_FOR_PHRASES.to_owned()],
            }),
        };
        let latest = self.pending.with(|pending| {
            pending.search.clear();
            pending.finding.clone()
        });
        latest.cancel(&self.base.engine());
        let Some(query) = query else {
            self.data.with(|data| data.set_found(None));
            return self.show();
        };
        latest.ask(&self.base.engine(), Find { query }, move |end| match end {
            Ok(Found { items, cosines }) => {
                let found = items.into_iter().zip(cosines).collect();
                self.data.with(|data| data.set_found(Some(found)));
                self.show();
                let best = self.order().with_untracked(|order| order.first().copied());
                let name = best.and_then(|id| {
                    self.data
                        .read(|data| data.get(id).map(|item| item.name.clone()))
                });
                if let Some(name) = name {
                    self.base.messages.announce(text::best_picture(&name));
                }
            }
            Err(Ended::Cancelled) => {}
            Err(Ended::Failed(failure)) => self.failed(&failure),
        });
    }

    /// Finds words for a picture in the vocabulary that the person has chosen.
    pub fn describe(&'static self, item: ItemId) {
        let latest = self.pending.with(|pending| pending.describing.clone());
        latest.cancel(&self.base.engine());
        self.label_sets.list_vocabularies();
        let vocabulary = self.vocabulary().get_untracked();
        let say = move |words: Words| self.described.set(Some(Described { item, words }));
        say(Words::Read(0, 1));
        leptos::task::spawn_local(async move {
            let found = self.words_of(&vocabulary).await;
            // Another picture, or another vocabulary, is asked for by now.
            let wanted = self.described().with_untracked(|described| {
                let of = described.as_ref().map(|described| described.item);
                of == Some(item) && self.vocabulary().with_untracked(|now| *now == vocabulary)
            });
            if !wanted {
                return;
            }
            let (labels, templates) = match found {
                Ok(found) => found,
                Err(why) => return say(Words::Failed(why)),
            };
            let names: Vec<String> = labels.iter().map(|label| label.label.clone()).collect();
            let request = Judge {
                items: vec![item],
                by: Classifier::Labels(LabelQuery {
                    labels,
                    templates,
                    scoring: Scoring::default(),
                }),
                best: MOST_WORDS,
                of: None,
            };
            let call = self
                .base
                .engine()
                .ask_with_progress(request, move |_, progress| {
                    if let Progress::EncodingLabels { done, total } = progress {
                        say(Words::Read(done, total));
                    }
                });
            latest.follow(call, move |end| match end {
                Ok(Judged { labels, scores, .. }) => {
                    let found = labels.into_iter().zip(scores);
                    let found: Vec<(String, f32)> = found
                        .filter_map(|(at, score)| Some((names.get(at as usize)?.clone(), score)))
                        .collect();
                    if found.is_empty() {
                        return say(Words::Failed(words::PICTURE_NOT_READ.to_owned()));
                    }
                    let best: Vec<(String, f32)> = found.iter().take(3).cloned().collect();
                    self.base.messages.announce(text::result(&best, false));
                    say(Words::Found(found));
                }
                Err(Ended::Cancelled) => self.described.set(None),
                Err(Ended::Failed(failure)) => say(Words::Failed(words::not_asked(&failure))),
            });
        });
    }

    /// Takes words for pictures from somewhere else from now on.
    pub fn choose_vocabulary(&'static self, vocabulary: Vocabulary) {
        self.vocabulary.set(vocabulary);
        self.save_soon();
        let item = self
            .described()
            .with_untracked(|described| described.as_ref().map(|described| described.item));
        if let Some(item) = item {
            self.describe(item);
        }
    }

    /// A vocabulary's words, each once, and the templates that they are put into; or why they
    /// cannot be had.
    async fn words_of(
        &'static self,
        vocabulary: &Vocabulary,
    ) -> Result<(Vec<Candidate>, Vec<String>), String> {
        let (labels, off, templates) = match vocabulary {
            Vocabulary::Labels => {
                let question = self.query.question_about(0).ok_or(text::NO_LABELS)?;
                let labels = question.labels.into_iter().map(|(_, label)| label);
                return Ok((labels.collect(), question.templates));
            }
            Vocabulary::Own(name) => {
                let sets = OwnSets::read(&BrowserStorage);
                let set = sets.get(name).ok_or_else(|| words::set_is_gone(name))?;
                (
                    set.labels.clone(),
                    set.off.clone(),
                    Some(set.template.clone()),
                )
            }
            Vocabulary::Ready(file) => {
                let list = browser::fetch_text(&format!("label-sets/{file}")).await;
                let list = list.map_err(|_| words::NO_VOCABULARY)?;
                let sets = self.label_sets.fetch_ready().await;
                let set = sets.into_iter().find(|set| set.file == *file);
                let template = set.and_then(|set| set.template);
                (label_sets::labels_of(&list), Vec::new(), template)
            }
        };
        let mut list = Labels::new(labels, Origin::Person);
        list.switch_off_at(&off);
        let usable = list.usable().into_iter();
        let labels: Vec<Candidate> = usable.map(|(_, label)| label).collect();
        let template = templates.map_or_else(Template::default, |text| Template::restored(&text));
        if labels.is_empty() {
            Err(text::NO_LABELS.to_owned())
        } else {
            Ok((labels, template.in_force().to_vec()))
        }
    }

    /// Takes the words for a picture off the page, or gives up looking for them.
    pub fn dismiss_words(&'static self) {
        let latest = self.pending.with(|pending| pending.describing.clone());
        latest.cancel(&self.base.engine());
        self.described.set(None);
    }
}
