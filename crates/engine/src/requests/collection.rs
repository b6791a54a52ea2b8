//! Requests about a page's collection of many pictures: gathered one by one, a few at the same
//! time, and asked about all together. Answers about thousands of pictures are products of
//! embeddings.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use cliplet_clip::linear_probe::{ANCHOR, CrossValidation, Example, Folds, LinearProbe, Settings};
use cliplet_clip::{retrieval, zero_shot};
use web_sys::Blob;

use crate::decode;
use crate::embedding::Embedding;
use crate::model::LoadedModel;
use crate::page_session::PageSession;
use crate::pictures;
use crate::scoring;
use crate::store::NewPicture;
use crate::tasks::{Stopped, Task, now};
use cliplet_protocol::collection::{
    Classifier, Found, Gather, Gathered, ItemId, Judge, Judged, PREVIEW_SIDE, Probabilities, Query,
    Train, TrainedProbe,
};
use cliplet_protocol::messages::Failure;
use cliplet_protocol::query::PictureId;

/// Gives the scores of all labels for an embedding, and whether none of them fits.
type Judging<'a> = Box<dyn Fn(&[f32]) -> (Vec<f32>, bool) + 'a>;

/// Pictures that are judged before other messages are let in.
const JUDGED_TOGETHER: usize = 64;

impl PageSession {
    pub(super) async fn gather(
        &self,
        task: &Task,
        file: Option<Blob>,
        request: &Gather,
    ) -> Result<(Gathered, Option<Blob>), Stopped> {
        let id = request.item;
        let model = self.state.model()?;
        let collection = &self.state.collection;
        let (file, hash) = collection.take(id, file);
        let is_new = hash.is_none();
        let hash = match (hash, &file) {
            (Some(hash), _) => hash,
            (None, Some(file)) if file.size() == 0.0 => return Err(Failure::EmptyPicture.into()),
            (None, Some(file)) => pictures::hash(file).await?,
            (None, None) => return Err(Failure::UnknownPicture.into()),
        };
        task.check_cancelled()?;
        let same_as = is_new.then(|| collection.same(&hash, id)).flatten();
        let class = is_new
            .then(|| collection.earlier_class(id, &hash))
            .flatten();
        let incomplete = Cell::new(false);
        let gathered = |width: u32, height: u32, no_room: bool| Gathered {
            model: model.id.clone(),
            width,
            height,
            incomplete: incomplete.get(),
            same_as,
            no_room,
            class: class.clone(),
        };
        if model.picture(&hash).is_some() {
            // Another of the same contents, or one of an earlier visit: nothing needs to be
            // computed, and perhaps not decoded.
            if is_new {
                let kept = collection.kept(&hash);
                if let Some((width, height, preview)) = kept {
                    collection.has_hash(id, hash);
                    collection.write_class(id, &hash);
                    return Ok((gathered(width, height, false), Some(preview)));
                }
            } else {
                return Ok((gathered(0, 0, false), None));
            }
        }
        let file = file.ok_or(Failure::UnreadablePicture)?;
        let (picture, preview) = decode::decode_and_shrink(&file, PREVIEW_SIDE).await?;
        incomplete.set(picture.is_incomplete());
        task.yield_now().await?;
        let (width, height) = (picture.width(), picture.height());
        let embedding = match model.picture(&hash) {
            Some(known) => known,
            None => {
                let pixels = Rc::new(picture);
                self.encode_pixels(task, &model, hash, pixels).await?
            }
        };
        collection.has_hash(id, hash);
        let mut no_room = false;
        if request.keep {
            let bytes = pictures::bytes(&preview).await?;
            let new = NewPicture {
                hash,
                name: &request.name,
                folder: request.folder.as_deref(),
                width,
                height,
                preview: &bytes,
            };
            no_room = !collection.keep(&model, &new, &embedding);
            collection.write_class(id, &hash);
        }
        // The page has it already if another model has seen it.
        Ok((gathered(width, height, no_room), is_new.then_some(preview)))
    }

    pub(super) async fn judge(&self, task: &Task, request: &Judge) -> Result<Judged, Stopped> {
        let model = self.state.model()?;
        let scale = model.clip.config().logit_scale;
        let judging: Judging<'_> = match &request.by {
            Classifier::Labels(query) => {
                let scoring = &query.scoring;
                let texts = model.labels(task, query).await?;
                let neutral = model.neutral(task, scoring).await?;
                Box::new(move |image| {
                    let cosines = retrieval::cosines(image, &texts);
                    let neutral = neutral
                        .as_ref()
                        .map(|neutral| zero_shot::cosine(image, neutral.as_ref()));
                    let scored = scoring::score(scoring, &cosines, neutral, scale);
                    (scored.scores, scored.none_fits)
                })
            }
            Classifier::Probe => {
                let probe = self.state.collection.linear_probe()?;
                self.check_probe(task, &model, &probe).await?;
                Box::new(move |image| (probe.probabilities(image), false))
            }
        };
        let encoded = self.state.collection.encoded(&model, &request.items);
        let (mut labels, mut scores) = (Vec::new(), Vec::new());
        let (mut none_fits, mut of_one, mut each) = (Vec::new(), Vec::new(), 0);
        for some in encoded.chunks(JUDGED_TOGETHER) {
            task.yield_if_due().await?;
            for (_, image) in some {
                let (all, none) = judging(image);
                let largest = retrieval::largest(&all, request.best as usize);
                each = largest.len() as u32;
                scores.extend(largest.iter().map(|&at| all[at]));
                labels.extend(largest.into_iter().map(|at| at as u32));
                none_fits.push(none);
                if let Some(of) = request.of {
                    of_one.push(all.get(of as usize).copied().unwrap_or_default());
                }
            }
        }
        Ok(Judged {
            model: model.id.clone(),
            items: encoded.into_iter().map(|(id, _)| id).collect(),
            each,
            labels,
            scores,
            none_fits,
            of: of_one,
        })
    }

    pub(super) async fn find(&self, task: &Task, query: &Query) -> Result<Found, Stopped> {
        let model = self.state.model()?;
        let wanted: Embedding = match query {
            Query::Words { words, templates } => {
                let words = std::slice::from_ref(words);
                let texts = model.candidates(task, words, templates).await?;
                Embedding::from(texts[0].as_ref())
            }
            Query::Like(item) => {
                let hash = self.state.collection.hash_of(*item);
                let known = hash.and_then(|hash| model.picture(&hash));
                known.ok_or(Failure::UnknownPicture)?
            }
        };
        let collection = &self.state.collection;
        let encoded = collection.encoded(&model, &collection.ids());
        let images: Vec<&[f32]> = encoded.iter().map(|(_, image)| &image[..]).collect();
        let cosines = retrieval::cosines(&wanted, &images);
        let mut order: Vec<usize> = (0..cosines.len()).collect();
        order.sort_by(|a, b| cosines[*b].total_cmp(&cosines[*a]));
        Ok(Found {
            items: order.iter().map(|&at| encoded[at].0).collect(),
            cosines: order.iter().map(|&at| cosines[at]).collect(),
        })
    }

    pub(super) async fn train(
        &self,
        task: &Task,
        request: &Train,
    ) -> Result<TrainedProbe, Stopped> {
        let Train { classes, items, of } = request;
        let model = self.state.model()?;
        let encoded = self.state.collection.encoded(&model, items);
        let class_of: HashMap<ItemId, u32> =
            items.iter().copied().zip(of.iter().copied()).collect();
        let examples: Vec<Example<'_>> = encoded
            .iter()
            .map(|(id, embedding)| Example {
                embedding,
                class: class_of.get(id).map_or(usize::MAX, |class| *class as usize),
            })
            .collect();
        let anchor = self.anchor(task, &model).await?;
        let settings = Settings::default();
        let fit = |tried: Option<CrossValidation>| {
            LinearProbe::fit(&model.id, &anchor, classes, &examples, settings, tried)
                .map_err(unusable)
        };
        let began = now();
        let first = fit(None)?;
        let milliseconds = (now() - began).max(0.0) as u32;
        let tried = cross_validate(task, &examples, classes.len(), settings).await?;
        let probe = first.with_cross_validation(tried);
        let done = told(&probe, milliseconds);
        self.state.collection.set_linear_probe(probe);
        Ok(done)
    }

    pub(super) async fn take_probe(
        &self,
        task: &Task,
        json: &str,
    ) -> Result<TrainedProbe, Stopped> {
        let model = self.state.model()?;
        let probe = LinearProbe::from_json(json.as_bytes()).map_err(unusable)?;
        self.check_probe(task, &model, &probe).await?;
        let done = told(&probe, 0);
        self.state.collection.set_linear_probe(probe);
        Ok(done)
    }

    pub(super) async fn probabilities(
        &self,
        task: &Task,
        picture: PictureId,
    ) -> Result<Probabilities, Stopped> {
        let model = self.state.model()?;
        let probe = self.state.collection.linear_probe()?;
        self.check_probe(task, &model, &probe).await?;
        let image = self.encode_picture(task, &model, picture).await?;
        Ok(Probabilities {
            model: model.id.clone(),
            probabilities: probe.probabilities(&image),
        })
    }

    async fn anchor(&self, task: &Task, model: &LoadedModel) -> Result<Vec<f32>, Stopped> {
        let anchor = model.prompt(task, &ANCHOR.to_owned()).await?;
        Ok(anchor.as_ref().to_vec())
    }

    async fn check_probe(
        &self,
        task: &Task,
        model: &LoadedModel,
        probe: &LinearProbe,
    ) -> Result<(), Stopped> {
        let anchor = self.anchor(task, model).await?;
        if probe.fits(&anchor) {
            Ok(())
        } else {
            Err(Failure::ProbeOfOtherModel {
                model: probe.model().to_owned(),
            }
            .into())
        }
    }
}

/// As [`cliplet_clip::linear_probe::cross_validate`] does it, with room for other messages after
/// each part.
async fn cross_validate(
    task: &Task,
    examples: &[Example<'_>],
    class_count: usize,
    settings: Settings,
) -> Result<Option<CrossValidation>, Stopped> {
    let classes: Vec<usize> = examples.iter().map(|example| example.class).collect();
    let Some(folds) = Folds::stratified(&classes) else {
        return Ok(None);
    };
    let mut correct = 0;
    for fold in 0..folds.count() {
        task.yield_now().await?;
        let told = folds.try_fold(fold, examples, class_count, settings);
        correct += told
            .iter()
            .filter(|(at, class)| classes[*at] == *class)
            .count();
    }
    Ok(Some(CrossValidation {
        folds: folds.count(),
        correct,
        examples: examples.len(),
    }))
}

fn told(probe: &LinearProbe, milliseconds: u32) -> TrainedProbe {
    let tried = probe.cross_validation();
    TrainedProbe {
        classes: probe.classes().to_vec(),
        examples: probe.examples().iter().map(|count| *count as u32).collect(),
        cross_validation: tried.map(|tried| (tried.correct as u32, tried.examples as u32)),
        milliseconds,
        model: probe.model().to_owned(),
        json: probe.to_json(),
    }
}

fn unusable(error: cliplet_clip::Error) -> Failure {
    Failure::UnusableProbe {
        reason: error.to_string(),
    }
}
