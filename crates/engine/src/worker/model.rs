//! The model that answers, and the embeddings it has given: nothing is encoded twice.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use cliplet_clip::{Arithmetic, Clip, Error};

use super::pictures::ContentHash;
use super::store::ModelFile;
use super::tasks::{Stopped, Task};
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

/// A model in memory.
pub(super) struct LoadedModel {
    /// Its id in the catalogue.
    pub(super) id: String,
    pub(super) clip: Clip,
    prompts: RefCell<HashMap<String, EncodedPrompt>>,
    pictures: RefCell<HashMap<ContentHash, Embedding>>,
}

impl LoadedModel {
    pub(super) fn read(id: &str, file: &mut ModelFile) -> Result<Self, Failure> {
        let clip = Clip::read(file, Arithmetic::Fast).map_err(|error| Failure::UnusableModel {
            reason: error.to_string(),
        })?;
        Ok(Self {
            id: id.to_owned(),
            clip,
            prompts: RefCell::default(),
            pictures: RefCell::default(),
        })
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
        let unknown: Vec<&String> = {
            let known = self.prompts.borrow();
            prompts
                .iter()
                .filter(|prompt| !known.contains_key(*prompt))
                .collect()
        };
        let total = unknown.len() as u32;
        for (done, prompt) in (0..).zip(unknown) {
            task.tell_now_and_then(|| Progress::EncodingLabels { done, total });
            task.breathe().await?;
            let encoded = self.encode_prompt(prompt)?;
            self.prompts.borrow_mut().insert(prompt.clone(), encoded);
        }
        // Another request may have emptied the cache while this one breathed.
        prompts
            .iter()
            .map(|prompt| match self.prompts.borrow().get(prompt) {
                Some(encoded) => Ok(encoded.clone()),
                None => Ok(self.encode_prompt(prompt)?),
            })
            .collect()
    }

    fn encode_prompt(&self, prompt: &str) -> Result<EncodedPrompt, Failure> {
        let tokens = self.clip.tokenizer().encode(prompt).map_err(internal)?;
        let embedding = self.clip.encode_tokens(&tokens.ids).map_err(internal)?;
        Ok(EncodedPrompt {
            embedding: embedding.into(),
            cut: tokens.cut,
        })
    }

    /// The embedding of a picture of these contents, if it is known.
    pub(super) fn picture(&self, hash: &ContentHash) -> Option<Embedding> {
        self.pictures.borrow().get(hash).cloned()
    }

    /// Encodes a picture, and keeps the embedding.
    pub(super) fn encode_picture(
        &self,
        hash: ContentHash,
        picture: &cliplet_clip::picture::Picture,
    ) -> Result<Embedding, Failure> {
        let embedding: Embedding = self.clip.encode_picture(picture).map_err(internal)?.into();
        self.pictures
            .borrow_mut()
            .insert(hash, Rc::clone(&embedding));
        Ok(embedding)
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
