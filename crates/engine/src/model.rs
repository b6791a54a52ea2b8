//! The model that answers, and the embeddings it has given: nothing is encoded twice.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{Seek, SeekFrom};
use std::rc::Rc;

use cliplet_clip::attribution::Contributions;
use cliplet_clip::picture::Picture;
use cliplet_clip::{Arithmetic, Clip, Error, preprocess, zero_shot};

use super::embedding::{Embedding, EncodedPrompt};
use super::pictures::ContentHash;
use super::source::Source;
use super::store::{self, KeptPrompt, ModelFile, PromptFile};
use super::tasks::{Stopped, Task};
use cliplet_protocol::catalogue::ModelEntry;
use cliplet_protocol::messages::{Failure, Progress, PromptTokens};
use cliplet_protocol::query::{Candidate, LabelQuery};
use cliplet_protocol::scoring::Scoring;

/// Prompts that are kept at most, some 2 KB each. Half-typed labels are among them, so it is above
/// the longest lists.
const MAX_PROMPTS: usize = 20_000;

/// Prompts that are encoded together at most: they share what they have in common, and a request
/// can be cancelled in between.
const BATCH: usize = 16;

/// Between the prompts of an ensemble, where they stand in one text.
const BETWEEN_PROMPTS: &str = "\n";

/// How far the prompts of one request are.
struct Encoded {
    done: u32,
    total: u32,
}

/// What is known of the picture that was explained last, by one model. Of any label, it says the
/// rest by products alone.
pub(super) struct Explained {
    hash: ContentHash,
    pub(super) contributions: Contributions,
    /// Left, top, width and height of what the model looks at, as shares of the picture.
    pub(super) kept: [f64; 4],
}

/// A model in memory.
pub(super) struct LoadedModel {
    /// Its id in the catalogue.
    pub(super) id: String,
    /// The name of its file in the store.
    pub(super) file: String,
    /// Bytes of that file.
    pub(super) bytes: u64,
    /// What the file was compared with: its length and SHA-256, where they were known.
    compared: (Option<u64>, Option<String>),
    /// Whether the file is there at the next visit.
    pub(super) kept: bool,
    pub(super) clip: Clip,
    prompts: RefCell<HashMap<String, EncodedPrompt>>,
    /// Means of several prompts, by these prompts, joined by [`BETWEEN_PROMPTS`].
    ensembles: RefCell<HashMap<String, EncodedPrompt>>,
    kept_prompts: RefCell<PromptFile>,
    unkept_prompts: RefCell<Vec<KeptPrompt>>,
    pictures: RefCell<HashMap<ContentHash, Embedding>>,
    /// What is known of the picture that was explained last.
    explained: RefCell<Option<Rc<Explained>>>,
}

/// Has the memory grow by as many bytes as a model's weights take, so that it is known before any
/// are read whether there is room: an allocation that fails ends the engine.
fn reserve(bytes: u64) -> Result<(), Failure> {
    let mut room = Vec::<u8>::new();
    let reserved = usize::try_from(bytes).is_ok_and(|bytes| room.try_reserve_exact(bytes).is_ok());
    if reserved {
        // Or the compiler would find out that nobody has a use for it.
        std::hint::black_box(&mut room);
        return Ok(());
    }
    Err(Failure::OutOfMemory {
        wanted: Some(bytes),
    })
}

impl LoadedModel {
    /// Reads a model from its file, which came from this source or was compared with it, and what
    /// earlier visits have encoded with it.
    pub(super) async fn read(
        model: &ModelEntry,
        source: &Source,
        file: &mut ModelFile,
    ) -> Result<Self, Failure> {
        let length = file.seek(SeekFrom::End(0)).unwrap_or_default();
        reserve(length)?;
        let begun = file.rewind().map_err(Error::from);
        let clip = begun.and_then(|()| Clip::read(file, Arithmetic::Fast));
        let clip = clip.map_err(|error| Failure::UnusableModel {
            reason: error.to_string(),
        })?;
        let width = clip.config().projection_dim;
        let (kept_prompts, known) = PromptFile::open(model, length, width).await;
        let (ensembles, prompts): (Vec<_>, Vec<_>) =
            known.into_iter().partition(|known| known.ensemble);
        let by_text = |known: Vec<KeptPrompt>| {
            let known = known.into_iter();
            RefCell::new(known.map(|known| (known.prompt, known.encoded)).collect())
        };
        Ok(Self {
            id: model.id.clone(),
            file: store::file_name(model),
            bytes: length,
            compared: (source.bytes, source.sha256.clone()),
            kept: file.is_kept(),
            clip,
            prompts: by_text(prompts),
            ensembles: by_text(ensembles),
            kept_prompts: RefCell::new(kept_prompts),
            unkept_prompts: RefCell::default(),
            pictures: RefCell::default(),
            explained: RefCell::default(),
        })
    }

    /// Whether it is what would be read of this file and source.
    pub(super) fn is(&self, file: &str, source: &Source) -> bool {
        let compared = (&self.compared.0, &self.compared.1);
        self.file == file && compared == (&source.bytes, &source.sha256)
    }

    /// The embeddings of prompts, in their order; only unknown ones are encoded.
    pub(super) async fn prompts(
        &self,
        task: &Task,
        prompts: &[String],
    ) -> Result<Vec<EncodedPrompt>, Stopped> {
        let total = self.unknown(prompts).len() as u32;
        let mut so_far = Encoded { done: 0, total };
        self.prompts_of(task, prompts, &mut so_far, true).await
    }

    /// The same of one.
    pub(super) async fn prompt(
        &self,
        task: &Task,
        prompt: &String,
    ) -> Result<EncodedPrompt, Stopped> {
        let mut prompts = self.prompts(task, std::slice::from_ref(prompt)).await?;
        Ok(prompts.remove(0))
    }

    /// The same for a part of all that a request wants to know. `keep` them for the next visit, or
    /// not.
    async fn prompts_of(
        &self,
        task: &Task,
        prompts: &[String],
        so_far: &mut Encoded,
        keep: bool,
    ) -> Result<Vec<EncodedPrompt>, Stopped> {
        forget_if_many(&self.prompts);
        for prompts in self.unknown(prompts).chunks(BATCH) {
            let Encoded { done, total } = *so_far;
            task.tell_now_and_then(|| Progress::EncodingLabels { done, total });
            task.yield_if_due().await?;
            self.encode_prompts(prompts, keep)?;
            so_far.done += prompts.len() as u32;
        }
        // Another request may have emptied the cache while this one breathed.
        let forgotten = self.unknown(prompts);
        if !forgotten.is_empty() {
            self.encode_prompts(&forgotten, keep)?;
        }
        let known = self.prompts.borrow();
        Ok(prompts.iter().map(|prompt| known[prompt].clone()).collect())
    }

    /// The embedding of the neutral prompt, where a scoring needs it.
    pub(super) async fn neutral(
        &self,
        task: &Task,
        scoring: &Scoring,
    ) -> Result<Option<EncodedPrompt>, Stopped> {
        if scoring.needs_neutral() {
            Ok(Some(self.prompt(task, &scoring.neutral).await?))
        } else {
            Ok(None)
        }
    }

    /// The embeddings of candidate labels, in their order: of one prompt or of the mean of several;
    /// only unknown ones are encoded.
    pub(super) async fn candidates(
        &self,
        task: &Task,
        candidates: &[Candidate],
        templates: &[String],
    ) -> Result<Vec<EncodedPrompt>, Stopped> {
        let filled: Vec<Vec<String>> = candidates
            .iter()
            .map(|candidate| candidate.filled(templates))
            .collect();
        let mut so_far = Encoded {
            done: 0,
            total: self.to_encode(&filled),
        };
        let alone = filled.iter().filter(|prompts| prompts.len() == 1);
        let alone: Vec<String> = alone.flatten().cloned().collect();
        // Together, since prompts that begin alike share what they have in common.
        let alone = self.prompts_of(task, &alone, &mut so_far, true).await?;
        let mut alone = alone.into_iter();
        let mut encoded = Vec::with_capacity(filled.len());
        for prompts in &filled {
            encoded.push(match prompts.len() {
                1 => alone.next().expect("one for each prompt that is alone"),
                _ => self.ensemble(task, prompts, &mut so_far).await?,
            });
        }
        Ok(encoded)
    }

    /// The embeddings of a query's labels, in their order.
    pub(super) async fn labels(
        &self,
        task: &Task,
        query: &LabelQuery,
    ) -> Result<Vec<EncodedPrompt>, Stopped> {
        self.candidates(task, &query.labels, &query.templates).await
    }

    /// How many prompts have to be encoded for candidates with these.
    fn to_encode(&self, filled: &[Vec<String>]) -> u32 {
        let ensembles = self.ensembles.borrow();
        let is_known = |prompts: &[String]| {
            prompts.len() > 1 && ensembles.contains_key(&prompts.join(BETWEEN_PROMPTS))
        };
        let wanted = filled.iter().filter(|prompts| !is_known(prompts));
        wanted
            .map(|prompts| self.unknown(prompts).len() as u32)
            .sum()
    }

    /// The mean of several prompts' embeddings. It is kept for the next visit, and they are not: it
    /// is all that is asked for.
    async fn ensemble(
        &self,
        task: &Task,
        prompts: &[String],
        so_far: &mut Encoded,
    ) -> Result<EncodedPrompt, Stopped> {
        let joined = prompts.join(BETWEEN_PROMPTS);
        if let Some(known) = self.ensembles.borrow().get(&joined) {
            return Ok(known.clone());
        }
        let each = self.prompts_of(task, prompts, so_far, false).await?;
        let encoded = EncodedPrompt {
            embedding: zero_shot::ensemble(&each).into(),
            cut: each.iter().any(|prompt| prompt.cut),
        };
        self.unkept_prompts.borrow_mut().push(KeptPrompt {
            prompt: joined.clone(),
            encoded: encoded.clone(),
            ensemble: true,
        });
        forget_if_many(&self.ensembles);
        self.ensembles.borrow_mut().insert(joined, encoded.clone());
        Ok(encoded)
    }

    /// How the model reads a prompt.
    pub(super) fn measure(&self, prompt: &str) -> Result<PromptTokens, Failure> {
        let length = self.clip.tokenizer().measure(prompt).map_err(internal)?;
        Ok(PromptTokens {
            tokens: length.tokens as u32,
            cut_at: length.cut_at.map(|at| at as u32),
        })
    }

    /// Those of some prompts that have not been encoded.
    fn unknown<'a>(&self, prompts: &'a [String]) -> Vec<&'a String> {
        let known = self.prompts.borrow();
        let unknown = prompts.iter().filter(|prompt| !known.contains_key(*prompt));
        unknown.collect()
    }

    /// Encodes prompts, and remembers what comes of it; `keep` says whether for the next visit too.
    fn encode_prompts(&self, prompts: &[&String], keep: bool) -> Result<(), Failure> {
        let tokens = prompts
            .iter()
            .map(|prompt| self.clip.tokenizer().encode(prompt))
            .collect::<Result<Vec<_>, _>>()
            .map_err(internal)?;
        let ids: Vec<&[u32]> = tokens.iter().map(|tokens| &tokens.ids[..]).collect();
        let embeddings = self.clip.encode_token_lists(&ids).map_err(internal)?;
        let encoded = prompts.iter().zip(embeddings).zip(tokens);
        let encoded = encoded.map(|((prompt, embedding), tokens)| {
            let encoded = EncodedPrompt {
                embedding: embedding.into(),
                cut: tokens.cut,
            };
            ((*prompt).clone(), encoded)
        });
        let encoded: Vec<(String, EncodedPrompt)> = encoded.collect();
        if keep {
            let encoded = encoded.iter().cloned();
            let kept = encoded.map(|(prompt, encoded)| KeptPrompt {
                prompt,
                encoded,
                ensemble: false,
            });
            self.unkept_prompts.borrow_mut().extend(kept);
        }
        self.prompts.borrow_mut().extend(encoded);
        Ok(())
    }

    /// Keeps the prompts that have been encoded since the last time for the next visit. Nobody
    /// needs to wait for that.
    pub(super) fn keep_prompts(&self) {
        let prompts = self.unkept_prompts.take();
        if !prompts.is_empty() {
            self.kept_prompts.borrow_mut().append(&prompts);
        }
    }

    /// Keeps no prompts any more, because the model's file is being deleted.
    pub(super) fn close_kept_prompts(&self) {
        self.kept_prompts.borrow_mut().close();
    }

    /// The embedding of a picture of these contents, if it is known.
    pub(super) fn picture(&self, hash: &ContentHash) -> Option<Embedding> {
        self.pictures.borrow().get(hash).cloned()
    }

    /// Takes embeddings that it gave at an earlier visit.
    pub(super) fn know_pictures(&self, known: HashMap<ContentHash, Box<[f32]>>) {
        let known = known
            .into_iter()
            .map(|(hash, it)| (hash, Embedding::from(it)));
        self.pictures.borrow_mut().extend(known);
    }

    /// Encodes pictures, together, and keeps their embeddings, which are in the same order.
    pub(super) fn encode_pictures(
        &self,
        pictures: &[(ContentHash, &Picture)],
    ) -> Result<Vec<Embedding>, Failure> {
        let pixels = pictures
            .iter()
            .map(|(_, picture)| self.clip.preprocess(picture))
            .collect::<Result<Vec<_>, _>>()
            .map_err(internal)?;
        let embeddings = self.clip.encode_batch(&pixels).map_err(internal)?;
        let embeddings: Vec<Embedding> = embeddings.into_iter().map(Embedding::from).collect();
        let hashes = pictures.iter().map(|(hash, _)| *hash);
        let known = hashes.zip(embeddings.iter().map(Rc::clone));
        self.pictures.borrow_mut().extend(known);
        Ok(embeddings)
    }

    /// What is known of a picture's parts, if it was explained last.
    pub(super) fn explained(&self, hash: &ContentHash) -> Option<Rc<Explained>> {
        let explained = self.explained.borrow();
        explained.clone().filter(|known| known.hash == *hash)
    }

    /// Finds out what the parts of a picture contribute to its embedding, and keeps it until the
    /// next.
    pub(super) fn explain(
        &self,
        hash: ContentHash,
        picture: &Picture,
    ) -> Result<Rc<Explained>, Failure> {
        let pixels = self.clip.preprocess(picture).map_err(internal)?;
        let (width, height) = (picture.width(), picture.height());
        let side = self.clip.config().vision.image_size;
        let [left, top, kept_width, kept_height] = preprocess::kept_part(width, height, side);
        let (width, height) = (f64::from(width), f64::from(height));
        let explained = Rc::new(Explained {
            hash,
            contributions: self.clip.contributions(&pixels).map_err(internal)?,
            kept: [
                left / width,
                top / height,
                kept_width / width,
                kept_height / height,
            ],
        });
        self.explained.replace(Some(Rc::clone(&explained)));
        Ok(explained)
    }

    /// Forgets the embedding of a picture.
    pub(super) fn forget_picture(&self, hash: &ContentHash) {
        self.pictures.borrow_mut().remove(hash);
    }
}

/// Empties what has grown beyond all use.
fn forget_if_many(prompts: &RefCell<HashMap<String, EncodedPrompt>>) {
    if prompts.borrow().len() > MAX_PROMPTS {
        prompts.borrow_mut().clear();
    }
}

fn internal(error: Error) -> Failure {
    Failure::Internal {
        message: error.to_string(),
    }
}
