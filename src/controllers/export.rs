//! Taking a result along: as text, a table, an object, a picture, a link, or for a page of one's
//! own.

use leptos::prelude::*;
use web_sys::{Blob, HtmlImageElement};

use cliplet_protocol::catalogue::ModelEntry;
use cliplet_protocol::query::LabelQuery;

use super::base::Base;
use super::models::ModelsController;
use super::pictures::PicturesController;
use super::query::QueryController;
use super::scoring::ScoringController;
use super::support::lasting;
use crate::state::embed::settings::LONGEST_TEXT;
use crate::state::link::{LONG, LONGEST, Link};
use crate::state::outcome::{Answerer, Line, Outcome, Pictured, snippet};
use crate::state::scores::Scores;
use crate::state::{label_text, template};
use crate::text::collection as words;
use crate::{browser, canvas, files, text};

/// A link, or why there is none, and what there is to say about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Shared {
    /// The whole address; `None` if it would be too long.
    pub link: Option<String>,
    /// About its length, or what it does not carry.
    pub notes: Vec<String>,
    /// For a page of somebody else's.
    pub snippet: String,
    /// What there is to know of the snippet.
    pub snippet_notes: Vec<&'static str>,
}

/// The kinds of files that a result can be saved as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A table.
    Csv,
    /// An object.
    Json,
}

/// The result on screen, in forms that can be given to others.
pub struct ExportController {
    base: Base,
    query: &'static QueryController,
    models: &'static ModelsController,
    pictures: &'static PicturesController,
    scoring: &'static ScoringController,
}

impl ExportController {
    pub(crate) fn new(
        base: Base,
        query: &'static QueryController,
        models: &'static ModelsController,
        pictures: &'static PicturesController,
        scoring: &'static ScoringController,
    ) -> &'static Self {
        lasting(Self {
            base,
            query,
            models,
            pictures,
            scoring,
        })
    }

    /// Whether there is a result on screen that holds. Follows the scores.
    pub fn has_outcome(&'static self) -> bool {
        self.scoring.settled().get()
            && self.scoring.scored_by().read().is_some()
            && self.pictures.picture().read().is_some()
    }

    /// The result on screen, if there is one that holds.
    pub fn outcome(&'static self) -> Option<Outcome> {
        let model = self.scoring.scored_by().get_untracked()?;
        let picture = self.pictures.picture().get_untracked()?;
        let question = self.scoring.question()?;
        let answered = |scores: &Scores| scores.answer(&question, &model.id);
        if !self.scoring.with_scores(answered) {
            return None;
        }
        let LabelQuery {
            labels,
            templates,
            scoring,
        } = question.query();
        let asked = question.labels.iter().map(|(id, _)| *id).zip(&labels);
        let results = self.scoring.with_scores(|scores| {
            scores.best_first_of(asked, |candidate, score| Line {
                label: candidate.label.clone(),
                prompts: candidate.filled(&templates),
                score: score.score,
                cosine: score.cosine,
            })
        });
        Some(Outcome {
            picture: Pictured {
                name: picture.name,
                width: picture.width,
                height: picture.height,
            },
            model: Answerer {
                id: model.id,
                name: model.name,
            },
            templates,
            scoring,
            results,
        })
    }

    /// What can be given to others: never the picture.
    pub fn shared(&'static self) -> Shared {
        let (texts, off) = self.query.with_labels(|labels| labels.saved());
        let texts = texts.into_iter().enumerate();
        let texts: Vec<String> = texts
            .filter(|(at, _)| !off.contains(at))
            .map(|(_, text)| text)
            .collect();
        let templates = self.query.templates_in_force();
        let model = self.models.with(|models| models.wanted().cloned());
        let on_device = model.as_ref().is_some_and(ModelEntry::is_on_device);
        let link = Link {
            labels: texts.clone(),
            templates: templates.clone(),
            model: model
                .as_ref()
                .filter(|_| !on_device)
                .map(|model| self.model_for_link(model)),
        };
        let link = format!("{}#{}", browser::page_address(), link.fragment());
        let length = link.chars().count();
        let mut notes = Vec::new();
        if on_device {
            notes.push(text::MODEL_STAYS.to_owned());
        }
        let link = if length > LONGEST {
            notes.push(text::link_too_long(length, LONGEST));
            None
        } else {
            notes.extend(text::link_length(length, LONG));
            Some(link)
        };
        let is_own = |model: &ModelEntry| self.models.with(|models| models.is_own(&model.id));
        let named = model.filter(|model| !is_own(model)).map(|model| model.id);
        let usual = self
            .models
            .with(|models| models.usual().map(|model| model.id.clone()));
        let template = (templates != [template::DEFAULT]).then(|| templates.join("\n"));
        let fits = |template: &String| template.chars().count() <= LONGEST_TEXT;
        let names: Vec<String> = texts.iter().map(|text| label_text::name(text)).collect();
        let commas = names
            .iter()
            .any(|name| label_text::split_plain(name) != [name.as_str()]);
        let too_long = template.as_ref().is_some_and(|template| !fits(template));
        let snippet_notes = [
            commas.then_some(text::COMMAS_PART),
            (names != texts).then_some(text::PROMPTS_STAY),
            too_long.then_some(text::TEMPLATES_STAY),
        ];
        Shared {
            link,
            notes,
            snippet: snippet(
                &browser::absolute("embed.js").unwrap_or_default(),
                &names,
                template.filter(fits).as_deref(),
                named.filter(|id| Some(id) != usual.as_ref()).as_deref(),
            ),
            snippet_notes: snippet_notes.into_iter().flatten().collect(),
        }
    }

    /// A model's id, or where somebody else finds it, if it is not on every page's list.
    fn model_for_link(&'static self, model: &ModelEntry) -> String {
        if self.models.with(|models| models.is_own(&model.id)) {
            model.url.clone()
        } else {
            model.id.clone()
        }
    }

    /// Puts a text into the clipboard, and tells `told` what came of it.
    pub fn copy(&'static self, copied: String, told: impl Fn(&'static str) + 'static) {
        leptos::task::spawn_local(async move {
            let said = if browser::copy(&copied).await {
                text::COPIED
            } else {
                text::NOT_COPIED
            };
            self.base.messages.announce(said.to_owned());
            told(said);
        });
    }

    /// Saves the result as a file, and tells `told` what came of it.
    pub fn save_result(&'static self, kind: Kind, told: impl Fn(String)) {
        let Some(outcome) = self.outcome() else {
            return;
        };
        let (content, media_type, ending) = match kind {
            Kind::Csv => (outcome.csv(), "text/csv;charset=utf-8", "csv"),
            Kind::Json => (browser::pretty(&outcome.json()), "application/json", "json"),
        };
        let name = format!("{}.{ending}", outcome.file_name());
        if let Ok(file) = files::text_file(&content, media_type) {
            told(self.save_file(&file, &name));
        }
    }

    /// Saves a picture of the result, and tells `told` what came of it.
    pub fn save_result_picture(&'static self, told: impl Fn(String) + 'static) {
        let Some(outcome) = self.outcome() else {
            return;
        };
        let image = browser::find::<HtmlImageElement>("[data-testid=drop-zone] .picture");
        leptos::task::spawn_local(async move {
            let drawn = match image {
                Some(image) => canvas::result_picture(&outcome, &image).await,
                None => None,
            };
            told(match drawn {
                Some(file) => self.save_file(&file, &format!("{}.png", outcome.file_name())),
                None if canvas::is_hidden() => text::RESULT_PICTURE_HIDDEN.to_owned(),
                None => text::NO_RESULT_PICTURE.to_owned(),
            });
        });
    }

    fn save_file(&'static self, file: &Blob, name: &str) -> String {
        if files::save(file, name).is_err() {
            return words::NOT_SAVED.to_owned();
        }
        let said = text::saved(name);
        self.base.messages.announce(said.clone());
        said
    }
}
