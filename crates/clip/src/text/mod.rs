//! The text tower: a causal transformer whose answer is read off one token, mostly the end of the
//! text ([`Pooling`]).
//!
//! Prompts are computed together, as a trie of their tokens (`trie`), and their beginnings
//! remembered (`prefix_cache`). In reference arithmetic each is computed by itself, from its
//! beginning.

mod prefix_cache;
mod trie;

use std::io::{Read, Seek};
use std::sync::{Mutex, PoisonError};

use candle_core::quantized::QTensor;
use candle_core::{Device, Module, Tensor};
use prefix_cache::PrefixCache;
use trie::Trie;

use crate::Error;
use crate::config::{Pooling, TextConfig};
use crate::encoder::{Encoder, TowerReader};
use crate::gguf::Gguf;
use crate::ops::{Arithmetic, LayerNorm, Linear, Path, add, select_rows, stack_rows};

/// The tensor that maps token ids to rows: as many as the model knows tokens.
pub const TOKEN_EMBEDDING: &str = "t.token_embd.weight";

/// From token ids to an embedding.
pub struct TextTower {
    /// `vocabulary x width`, as stored: the largest tensor of a CLIP, of which a prompt needs a few
    /// rows.
    token_embedding: QTensor,
    position_embedding: Tensor,
    encoder: Encoder,
    final_layer_norm: LayerNorm,
    projection: Linear,
    pooling: Pooling,
    end_of_text: u32,
    /// What earlier calls have computed; none in reference arithmetic.
    known: Option<Mutex<PrefixCache>>,
}

impl TextTower {
    /// Reads the tower's tensors. `end_of_text` is the token that the tokenizer ends every text
    /// with.
    ///
    /// # Errors
    /// [`Error::Model`] if one is missing or has other dimensions than `config` says;
    /// [`Error::Io`].
    pub fn read<R: Read + Seek>(
        file: &mut Gguf<R>,
        config: &TextConfig,
        end_of_text: u32,
        projection_dim: usize,
        arithmetic: Arithmetic,
    ) -> Result<Self, Error> {
        let path = arithmetic.for_texts();
        let width = config.encoder.width;
        let vocabulary = file.rows(TOKEN_EMBEDDING)?;
        let token_embedding = file.tensor(TOKEN_EMBEDDING, &[vocabulary, width])?;
        let mut reader = TowerReader {
            file,
            prefix: "t",
            path,
        };
        Ok(Self {
            token_embedding,
            position_embedding: reader
                .matrix("position_embd.weight", (config.context_length, width))?,
            encoder: Encoder::read(&mut reader, &config.encoder)?,
            final_layer_norm: reader.layer_norm("post_ln", &config.encoder)?,
            projection: reader.projection("text_projection.weight", width, projection_dim)?,
            pooling: config.pooling,
            end_of_text,
            known: matches!(path, Path::Kernel(..)).then(Mutex::default),
        })
    }

    /// The embeddings of some prompts, not yet of unit length: `prompts x projection_dim`.
    ///
    /// What stands behind the token that a prompt's embedding is read off is not computed, since a
    /// causal tower does not let it matter.
    ///
    /// # Errors
    /// If there are no prompts, or one has no ids, more than the context length, or one that is not
    /// in the vocabulary.
    pub fn forward(&self, prompts: &[&[u32]]) -> candle_core::Result<Tensor> {
        let prompts: Vec<&[u32]> = prompts.iter().map(|ids| self.up_to_pooled(ids)).collect();
        let (context_length, _) = self.position_embedding.dims2()?;
        let fits = |ids: &&[u32]| (1..=context_length).contains(&ids.len());
        if prompts.is_empty() || !prompts.iter().all(fits) {
            candle_core::bail!("prompts that do not have from 1 to {context_length} tokens");
        }
        match &self.known {
            Some(known) => {
                // What another thread's panic has left behind is whole: rows are added last.
                let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
                self.compute(&prompts, &mut known)
            }
            None => {
                let alone = |ids: &&[u32]| self.compute(&[*ids], &mut PrefixCache::default());
                let embeddings: Vec<Tensor> = prompts
                    .iter()
                    .map(alone)
                    .collect::<candle_core::Result<_>>()?;
                stack_rows(&embeddings.iter().collect::<Vec<_>>())
            }
        }
    }

    fn compute(&self, prompts: &[&[u32]], known: &mut PrefixCache) -> candle_core::Result<Tensor> {
        let trie = Trie::new(prompts, known);
        let ids: Vec<u32> = trie.nodes.iter().map(|node| node.token).collect();
        let positions: Vec<u32> = trie.nodes.iter().map(|node| node.position).collect();
        let tokens = self
            .token_embedding
            .embedding(&Tensor::new(ids, &Device::Cpu)?)?;
        let xs = add(&tokens, &select_rows(&self.position_embedding, &positions)?)?;
        let earlier = known.keys_and_values(&trie.earlier, xs.dim(1)?)?;
        let visible = trie.visible(known);
        let (ends, computed) = self.encoder.forward(&xs, &visible, &earlier, &trie.ends)?;
        known.remember(&trie.shared(), &computed)?;
        self.projection
            .forward(&self.final_layer_norm.forward(&ends)?)
    }

    /// Up to and with the token that the embedding is read off: all of them where it is not there.
    fn up_to_pooled<'a>(&self, ids: &'a [u32]) -> &'a [u32] {
        up_to(
            ids,
            match self.pooling {
                Pooling::EndOfText => Some(self.end_of_text),
                Pooling::HighestToken => ids.iter().max().copied(),
            },
        )
    }
}

/// Up to and with the first occurrence of a token, or all.
fn up_to(ids: &[u32], token: Option<u32>) -> &[u32] {
    let place = ids.iter().position(|id| Some(*id) == token);
    &ids[..place.map_or(ids.len(), |place| place + 1)]
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn nothing_behind_the_first_is_kept() {
        assert_eq!(up_to(&[8, 1, 9, 2, 9], Some(9)), [8, 1, 9]);
        assert_eq!(up_to(&[9], Some(9)), [9]);
        assert_eq!(up_to(&[8, 1], Some(9)), [8, 1]);
        assert!(up_to(&[], None).is_empty());
    }
}
