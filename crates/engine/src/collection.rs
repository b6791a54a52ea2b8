//! A page's collection of many pictures: gathered one by one, a few at the same time, and asked about all together.
//!
//! What is held of a picture is the browser's handle of its file, its hash, and, with the model, its embedding. Answers
//! about thousands of pictures are products of embeddings.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use cliplet_clip::linear_probe::{ANCHOR, CrossValidation, Example, Folds, LinearProbe, Settings};
use cliplet_clip::{retrieval, zero_shot};
use js_sys::{Array, Uint8Array};
use web_sys::{Blob, BlobPropertyBag};

use super::decode;
use super::model::{Embedding, LoadedModel};
use super::page_session::PageSession;
use super::pictures::{self, ContentHash};
use super::scoring;
use super::store::{self, EmbeddingFile, NewPicture, PictureFile};
use super::tasks::{Stopped, Task, now};
use cliplet_protocol::collection::{
    Classifier, Found, Gather, Gathered, ItemId, Judge, Judged, KeptPicture, KeptPictures,
    PREVIEW_SIDE, Probabilities, Query, Train, TrainedProbe,
};
use cliplet_protocol::messages::Failure;
use cliplet_protocol::query::{LabelQuery, PictureId};

/// What is known of a page's collection.
#[derive(Default)]
pub(super) struct Collection {
    items: RefCell<HashMap<ItemId, Item>>,
    probe: RefCell<Option<Rc<LinearProbe>>>,
    previews: RefCell<Option<PictureFile>>,
    /// Where the embeddings of a model are kept, by the name of the model's file.
    embeddings: RefCell<Option<(String, EmbeddingFile)>>,
    /// It is being opened.
    opening: Cell<bool>,
}

#[derive(Default)]
struct Item {
    /// None where only the preview was kept.
    file: Option<Blob>,
    /// None until it has been read.
    hash: Option<ContentHash>,
    /// It was taken out.
    aside: bool,
    /// The class that it is an example of, empty if of none, where that was said in this visit.
    class: Option<Rc<str>>,
}

impl Collection {
    /// Whether a picture of these contents is in it.
    pub(super) fn has(&self, hash: &ContentHash) -> bool {
        let items = self.items.borrow();
        items.values().any(|item| item.hash.as_ref() == Some(hash))
    }

    /// A picture of these contents other than this one.
    fn same(&self, hash: &ContentHash, item: ItemId) -> Option<ItemId> {
        let items = self.items.borrow();
        let same = items.iter().filter(|(id, other)| {
            **id != item && !other.aside && other.hash.as_ref() == Some(hash)
        });
        same.map(|(id, _)| *id).min()
    }

    fn hash_of(&self, item: ItemId) -> Option<ContentHash> {
        self.items.borrow().get(&item)?.hash
    }

    fn linear_probe(&self) -> Result<Rc<LinearProbe>, Failure> {
        let probe = self.probe.borrow().clone();
        probe.ok_or_else(|| Failure::UnusableProbe {
            reason: "There is no linear probe yet.".to_owned(),
        })
    }
}

/// Gives the scores of all labels for an embedding, and whether none of them fits.
type Judging<'a> = Box<dyn Fn(&[f32]) -> (Vec<f32>, bool) + 'a>;

/// Pictures that are judged before other messages are let in.
const JUDGED_TOGETHER: usize = 64;

impl PageSession {
    /// Forgets all pictures of the collection.
    pub(super) fn forget_collection(&self) {
        let items = self.collection.items.take();
        for hash in items.values().filter_map(|item| item.hash.as_ref()) {
            self.all.forget_unless_had(hash);
        }
    }

    pub(super) async fn open_store(
        &self,
        list: Option<ItemId>,
    ) -> Result<(KeptPictures, Option<Blob>), Stopped> {
        let model = self.model.borrow().clone();
        let collection = &self.collection;
        // One at a time: a file can be opened once.
        if !collection.opening.replace(true) {
            if collection.previews.borrow().is_none() {
                let previews = PictureFile::open().await;
                collection.previews.replace(previews);
            }
            if let Some(model) = model {
                self.open_embeddings(&model).await;
            }
            collection.opening.set(false);
        }
        let mut previews = collection.previews.borrow_mut();
        let Some(previews) = &mut *previews else {
            let kept = KeptPictures {
                open: false,
                others: 0,
                pictures: Vec::new(),
            };
            return Ok((kept, None));
        };
        let had: HashSet<ContentHash> = {
            let items = collection.items.borrow();
            items.values().filter_map(|item| item.hash).collect()
        };
        let others: Vec<(ContentHash, KeptPicture)> = previews
            .all()
            .into_iter()
            .filter(|(hash, _)| !had.contains(hash))
            .map(|(hash, known)| {
                let picture = KeptPicture {
                    name: known.name.clone(),
                    folder: known.folder.clone(),
                    width: known.width,
                    height: known.height,
                    preview: known.preview.1,
                    class: known.class.clone(),
                };
                (hash, picture)
            })
            .collect();
        let Some(first) = list else {
            let kept = KeptPictures {
                open: true,
                others: others.len() as u32,
                pictures: Vec::new(),
            };
            return Ok((kept, None));
        };
        let parts = Array::new();
        let mut pictures = Vec::with_capacity(others.len());
        for (at, (hash, picture)) in others.into_iter().enumerate() {
            let preview = previews.preview(&hash).unwrap_or_default();
            parts.push(&Uint8Array::from(&preview[..]));
            let item = Item {
                hash: Some(hash),
                ..Item::default()
            };
            let id = first + at as ItemId;
            collection.items.borrow_mut().insert(id, item);
            pictures.push(KeptPicture {
                preview: preview.len() as u32,
                ..picture
            });
        }
        let kept = KeptPictures {
            open: true,
            others: 0,
            pictures,
        };
        Ok((kept, Some(blob_of(&parts)?)))
    }

    /// Deletes all that is kept of pictures.
    pub(super) async fn delete_picture_store(&self) -> Result<(), Failure> {
        self.collection.previews.take();
        self.collection.embeddings.take();
        match store::delete_pictures().await {
            true => Ok(()),
            false => Err(Failure::FileInUse),
        }
    }

    /// Opens what is kept of a model's embeddings, and gives them to it.
    async fn open_embeddings(&self, model: &Rc<LoadedModel>) {
        let is_open = {
            let embeddings = self.collection.embeddings.borrow();
            embeddings
                .as_ref()
                .is_some_and(|(file, _)| *file == model.file)
        };
        if is_open {
            return;
        }
        self.collection.embeddings.take();
        let width = model.clip.config().projection_dim;
        if let Some(mut file) = EmbeddingFile::open(&model.file, model.bytes, width).await {
            model.know_pictures(file.take());
            let open = (model.file.clone(), file);
            self.collection.embeddings.replace(Some(open));
        }
    }

    pub(super) async fn gather(
        &self,
        task: &Task,
        file: Option<Blob>,
        request: &Gather,
    ) -> Result<(Gathered, Option<Blob>), Stopped> {
        let id = request.item;
        let model = self.model.borrow().clone().ok_or(Failure::NoModel)?;
        let (file, hash) = {
            let mut items = self.collection.items.borrow_mut();
            let item = items.entry(id).or_default();
            if file.is_some() {
                item.file = file;
            }
            (item.file.clone(), item.hash)
        };
        let is_new = hash.is_none();
        let hash = match (hash, &file) {
            (Some(hash), _) => hash,
            (None, Some(file)) if file.size() == 0.0 => return Err(Failure::EmptyPicture.into()),
            (None, Some(file)) => pictures::hash(file).await?,
            (None, None) => return Err(Failure::UnknownPicture.into()),
        };
        task.check_cancelled()?;
        let same_as = is_new.then(|| self.collection.same(&hash, id)).flatten();
        let class = is_new.then(|| self.earlier_class(id, &hash)).flatten();
        let incomplete = std::cell::Cell::new(false);
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
            // Another of the same contents, or one of an earlier visit: nothing needs to be computed, and perhaps not decoded.
            match is_new {
                false => return Ok((gathered(0, 0, false), None)),
                true => {
                    let kept = self.kept(&hash);
                    if let Some((width, height, preview)) = kept {
                        self.has_hash(id, hash);
                        self.write_class(id, &hash);
                        return Ok((gathered(width, height, false), Some(preview)));
                    }
                }
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
        self.has_hash(id, hash);
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
            no_room = !self.keep(&model, &new, &embedding);
            self.write_class(id, &hash);
        }
        // The page has it already if another model has seen it.
        Ok((gathered(width, height, no_room), is_new.then_some(preview)))
    }

    fn has_hash(&self, id: ItemId, hash: ContentHash) {
        if let Some(item) = self.collection.items.borrow_mut().get_mut(&id) {
            item.hash = Some(hash);
        }
    }

    /// Size and preview of a picture that is kept.
    fn kept(&self, hash: &ContentHash) -> Option<(u32, u32, Blob)> {
        let mut previews = self.collection.previews.borrow_mut();
        let previews = previews.as_mut()?;
        let known = previews.get(hash)?;
        let (width, height) = (known.width, known.height);
        let preview = previews.preview(hash)?;
        let parts = Array::of1(&Uint8Array::from(&preview[..]));
        Some((width, height, blob_of(&parts).ok()?))
    }

    /// Keeps a picture for the next visit. Gives whether there was room; where the store cannot be had, nobody needs any.
    fn keep(&self, model: &LoadedModel, new: &NewPicture<'_>, embedding: &[f32]) -> bool {
        let previews = &self.collection.previews;
        let room = (previews.borrow_mut().as_mut()).is_none_or(|previews| previews.add(new));
        match &mut *self.collection.embeddings.borrow_mut() {
            Some((file, embeddings)) if room && *file == model.file => {
                embeddings.add(&new.hash, embedding)
            }
            _ => room,
        }
    }

    pub(super) fn set_aside(&self, items: &[ItemId], aside: bool) {
        let mut previews = self.collection.previews.borrow_mut();
        let mut known = self.collection.items.borrow_mut();
        for id in items {
            let Some(item) = known.get_mut(id) else {
                continue;
            };
            item.aside = aside;
            if let (Some(hash), Some(previews)) = (&item.hash, previews.as_mut()) {
                // Where there is no room to write it down, it is there again at the next visit.
                previews.set_out(hash, aside);
            }
        }
    }

    /// Examples of a class are written down where they are kept; those that are not read yet, when they are.
    pub(super) fn teach(&self, ids: &[ItemId], class: Rc<str>) {
        let mut hashes = Vec::new();
        let mut known = self.collection.items.borrow_mut();
        for id in ids {
            let item = known.entry(*id).or_default();
            item.class = Some(Rc::clone(&class));
            hashes.extend(item.hash);
        }
        // Where there is no room to write it down, it is forgotten at the next visit.
        if let Some(previews) = self.collection.previews.borrow_mut().as_mut() {
            previews.teach(&hashes, &class);
        }
    }

    /// Writes down what was said of a picture before it was read.
    fn write_class(&self, id: ItemId, hash: &ContentHash) {
        let class = self
            .collection
            .items
            .borrow()
            .get(&id)
            .and_then(|item| item.class.clone());
        let mut previews = self.collection.previews.borrow_mut();
        if let (Some(class), Some(previews)) = (class, previews.as_mut()) {
            previews.teach(&[*hash], &class);
        }
    }

    /// The class that a picture was an example of in an earlier visit, unless something else was said in this one.
    fn earlier_class(&self, id: ItemId, hash: &ContentHash) -> Option<String> {
        let said = self.collection.items.borrow().get(&id)?.class.is_some();
        let previews = self.collection.previews.borrow();
        let known = previews.as_ref()?.get(hash)?;
        known.class.clone().filter(|_| !said)
    }

    /// Those of some pictures that a model has encoded, with what it gave.
    fn encoded(&self, model: &LoadedModel, items: &[ItemId]) -> Vec<(ItemId, Embedding)> {
        let known = items.iter().filter_map(|id| {
            let hash = self.collection.hash_of(*id)?;
            Some((*id, model.picture(&hash)?))
        });
        known.collect()
    }

    pub(super) async fn judge(&self, task: &Task, request: &Judge) -> Result<Judged, Stopped> {
        // Held to the end: another model may become the one that answers meanwhile.
        let model = self.model.borrow().clone().ok_or(Failure::NoModel)?;
        let scale = model.clip.config().logit_scale;
        let judging: Judging<'_> = match &request.by {
            Classifier::Labels(LabelQuery {
                labels,
                templates,
                scoring,
            }) => {
                let texts = model.candidates(task, labels, templates).await?;
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
                let probe = self.collection.linear_probe()?;
                self.check_probe(task, &model, &probe).await?;
                Box::new(move |image| (probe.probabilities(image), false))
            }
        };
        let encoded = self.encoded(&model, &request.items);
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
        let model = self.model.borrow().clone().ok_or(Failure::NoModel)?;
        let wanted: Embedding = match query {
            Query::Words { words, templates } => {
                let words = std::slice::from_ref(words);
                let texts = model.candidates(task, words, templates).await?;
                Embedding::from(texts[0].as_ref())
            }
            Query::Like(item) => {
                let hash = self.collection.hash_of(*item);
                let known = hash.and_then(|hash| model.picture(&hash));
                known.ok_or(Failure::UnknownPicture)?
            }
        };
        let mut ids: Vec<ItemId> = {
            let items = self.collection.items.borrow();
            let there = items.iter().filter(|(_, item)| !item.aside);
            there.map(|(id, _)| *id).collect()
        };
        ids.sort_unstable();
        let encoded = self.encoded(&model, &ids);
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
        let model = self.model.borrow().clone().ok_or(Failure::NoModel)?;
        let encoded = self.encoded(&model, items);
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
        self.collection.probe.replace(Some(Rc::new(probe)));
        Ok(done)
    }

    pub(super) async fn take_probe(
        &self,
        task: &Task,
        json: &str,
    ) -> Result<TrainedProbe, Stopped> {
        let model = self.model.borrow().clone().ok_or(Failure::NoModel)?;
        let probe = LinearProbe::from_json(json.as_bytes()).map_err(unusable)?;
        self.check_probe(task, &model, &probe).await?;
        let done = told(&probe, 0);
        self.collection.probe.replace(Some(Rc::new(probe)));
        Ok(done)
    }

    pub(super) async fn probabilities(
        &self,
        task: &Task,
        picture: PictureId,
    ) -> Result<Probabilities, Stopped> {
        let model = self.model.borrow().clone().ok_or(Failure::NoModel)?;
        let probe = self.collection.linear_probe()?;
        self.check_probe(task, &model, &probe).await?;
        let image = self.encode_picture(task, &model, picture).await?;
        Ok(Probabilities {
            model: model.id.clone(),
            probabilities: probe.probabilities(&image),
        })
    }

    async fn anchor(&self, task: &Task, model: &LoadedModel) -> Result<Vec<f32>, Stopped> {
        let anchors = model.prompts(task, &[ANCHOR.to_owned()]).await?;
        Ok(anchors[0].as_ref().to_vec())
    }

    async fn check_probe(
        &self,
        task: &Task,
        model: &LoadedModel,
        probe: &LinearProbe,
    ) -> Result<(), Stopped> {
        let anchor = self.anchor(task, model).await?;
        match probe.fits(&anchor) {
            true => Ok(()),
            false => Err(Failure::ProbeOfOtherModel {
                model: probe.model().to_owned(),
            }
            .into()),
        }
    }
}

/// As [`cliplet_clip::linear_probe::cross_validate`] does it, with room for other messages after each part.
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

/// A JPEG, or several one after the other.
fn blob_of(parts: &Array) -> Result<Blob, Failure> {
    let options = BlobPropertyBag::new();
    options.set_type("image/jpeg");
    Blob::new_with_u8_array_sequence_and_options(parts, &options).map_err(|error| {
        Failure::Internal {
            message: format!("{error:?}"),
        }
    })
}
