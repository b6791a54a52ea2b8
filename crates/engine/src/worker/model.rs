//! The model that answers, and the embeddings it has given: nothing is encoded twice.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{Seek, SeekFrom};
use std::rc::Rc;

use cliplet_clip::picture::Picture;
use cliplet_clip::{Arithmetic, Clip, Error};

use super::fetch::Source;
use super::pictures::ContentHash;
use super::store::{self, ModelFile, PromptFile};
use super::tasks::{Stopped, Task};
use crate::catalogue::ModelEntry;
use crate::messages::{Failure, Progress};

/// An embedding of unit length, shared instead of copied.
pub(super) type Embedding = Rc<[f32]>;

/// What is known of one prompt.
#[derive(Clone)]
pub(super) struct EncodedPrompt {
    pub(super) embedding: Embedding,
    /// The prompt was longer than the model's context.
    pub(super) cut: bool,
}

impl AsRef<[f32]> for EncodedPrompt {
    fn as_ref(&self) -> &[f32] {
        &self.embedding
    }
}

/// Prompts that are kept at most, some 2 KB each. Half-typed labels are among them, so it is above the longest lists.
const MAX_PROMPTS: usize = 20_000;

/// Prompts that are encoded together at most: they share what they have in common, and a request can be cancelled in
/// between.
const BATCH: usize = 16;

/// A model in memory.
pub(super) struct LoadedModel {
    /// Its id in the catalogue.
    pub(super) id: String,
    /// The name of its file in the store.
    pub(super) file: String,
    /// What the file was compared with: its length and SHA-256, where they were known.
    compared: (Option<u64>, Option<String>),
    /// Whether the file is there at the next visit.
    pub(super) kept: bool,
    pub(super) clip: Clip,
    prompts: RefCell<HashMap<String, EncodedPrompt>>,
    kept_prompts: RefCell<PromptFile>,
    unkept_prompts: RefCell<Vec<(String, EncodedPrompt)>>,
    pictures: RefCell<HashMap<ContentHash, Embedding>>,
}

impl LoadedModel {
    /// Reads a model from its file, which came from this source or was compared with it, and what earlier visits have encoded with
    /// it.
    pub(super) async fn read(
        model: &ModelEntry,
        source: &Source,
        file: &mut ModelFile,
    ) -> Result<Self, Failure> {
        let clip = Clip::read(file, Arithmetic::Fast).map_err(|error| Failure::UnusableModel {
            reason: error.to_string(),
        })?;
        let length = file.seek(SeekFrom::End(0)).unwrap_or_default();
        let width = clip.config().projection_dim;
        let (kept_prompts, known) = PromptFile::open(model, length, width).await;
        let known = known.into_iter().map(|known| {
            let encoded = EncodedPrompt {
                embedding: known.embedding.into(),
                cut: known.cut,
            };
            (known.prompt, encoded)
        });
        Ok(Self {
            id: model.id.clone(),
            file: store::file_name(model),
            compared: (source.bytes, source.sha256.clone()),
            kept: file.is_kept(),
            clip,
            prompts: RefCell::new(known.collect()),
            kept_prompts: RefCell::new(kept_prompts),
            unkept_prompts: RefCell::default(),
            pictures: RefCell::default(),
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
        if self.prompts.borrow().len() > MAX_PROMPTS {
            self.prompts.borrow_mut().clear();
        }
        let unknown = self.unknown(prompts);
        let total = unknown.len() as u32;
        for (batch, prompts) in unknown.chunks(BATCH).enumerate() {
            let done = (batch * BATCH) as u32;
            task.tell_now_and_then(|| Progress::EncodingLabels { done, total });
            task.breathe().await?;
            self.encode_prompts(prompts)?;
        }
        // Another request may have emptied the cache while this one breathed.
        let forgotten = self.unknown(prompts);
        if !forgotten.is_empty() {
            self.encode_prompts(&forgotten)?;
        }
        let known = self.prompts.borrow();
        Ok(prompts.iter().map(|prompt| known[prompt].clone()).collect())
    }

    /// Those of some prompts that have not been encoded.
    fn unknown<'a>(&self, prompts: &'a [String]) -> Vec<&'a String> {
        let known = self.prompts.borrow();
        let unknown = prompts.iter().filter(|prompt| !known.contains_key(*prompt));
        unknown.collect()
    }

    /// Encodes prompts, and keeps what comes of it.
    fn encode_prompts(&self, prompts: &[&String]) -> Result<(), Failure> {
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
        self.unkept_prompts
            .borrow_mut()
            .extend(encoded.iter().cloned());
        self.prompts.borrow_mut().extend(encoded);
        Ok(())
    }

    /// Keeps the prompts that have been encoded since the last time for the next visit. Nobody needs to wait for that.
    pub(super) fn keep_prompts(&self) {
        let prompts = self.unkept_prompts.take();
        if !prompts.is_empty() {
            let prompts = prompts
                .iter()
                .map(|(prompt, encoded)| (&prompt[..], &encoded.embedding[..], encoded.cut));
            self.kept_prompts.borrow_mut().append(prompts);
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

    /// Forgets the embedding of a picture.
    pub(super) fn forget_picture(&self, hash: &ContentHash) {
        self.pictures.borrow_mut().remove(hash);
    }
}

fn internal(error: Error) -> Failure {
    Failure::Internal {
        message: error.to_string(),
    }
}
