//! The text tower: a causal transformer whose answer is read off the end-of-text token.

use std::io::{Read, Seek};

use candle_core::quantized::QTensor;
use candle_core::{Device, IndexOp, Tensor};
use candle_nn::{LayerNorm, Module};

use crate::Error;
use crate::config::TextConfig;
use crate::encoder::{Encoder, TowerReader};
use crate::gguf::Gguf;
use crate::ops::{Arithmetic, Linear};

/// The tensor that maps token ids to rows.
pub(crate) const TOKEN_EMBEDDING: &str = "t.token_embd.weight";

/// From token ids to an embedding.
pub struct TextTower {
    /// `vocabulary x width`, as stored: the largest tensor of a CLIP, of which a prompt needs a few rows.
    token_embedding: QTensor,
    position_embedding: Tensor,
    encoder: Encoder,
    final_layer_norm: LayerNorm,
    projection: Linear,
}

impl TextTower {
    /// Reads the tower's tensors.
    ///
    /// # Errors
    /// [`Error::Model`] if one is missing or has other dimensions than `config` says; [`Error::Io`].
    pub fn read<R: Read + Seek>(
        file: &mut Gguf<R>,
        config: &TextConfig,
        projection_dim: usize,
        arithmetic: Arithmetic,
    ) -> Result<Self, Error> {
        let arithmetic = text_arithmetic(arithmetic);
        let width = config.encoder.width;
        let vocabulary = file.rows(TOKEN_EMBEDDING)?;
        let token_embedding = file.tensor(TOKEN_EMBEDDING, &[vocabulary, width])?;
        let mut reader = TowerReader {
            file,
            prefix: "t",
            arithmetic,
        };
        Ok(Self {
            token_embedding,
            position_embedding: reader
                .matrix("position_embd.weight", (config.context_length, width))?,
            encoder: Encoder::read(&mut reader, &config.encoder, true)?,
            final_layer_norm: reader.layer_norm("post_ln", &config.encoder)?,
            projection: reader.projection("text_projection.weight", width, projection_dim)?,
        })
    }

    /// The embedding of one prompt, not yet of unit length: `projection_dim` numbers.
    ///
    /// `ids` end in the end-of-text token; what stands behind the first of these is not computed, since a causal tower
    /// does not let it matter.
    ///
    /// # Errors
    /// If there are no ids, more than the context length, or one that is not in the vocabulary.
    pub fn forward(&self, ids: &[u32]) -> candle_core::Result<Tensor> {
        let ids = up_to_end_of_text(ids);
        let tokens = self
            .token_embedding
            .embedding(&Tensor::new(ids, &Device::Cpu)?)?;
        let positions = self.position_embedding.narrow(0, 0, ids.len())?;
        let xs = self.encoder.forward(&(tokens + positions)?.unsqueeze(0)?)?;
        let end_of_text = xs.i((.., ids.len() - 1))?.contiguous()?;
        self.projection
            .forward(&self.final_layer_norm.forward(&end_of_text)?)?
            .squeeze(0)
    }
}

/// Prompts of one list differ by a word or two, and activations of eight bits, which candle's kernels have, blur that: scores
/// of the starter model were off by more than a hundredth. Those of our kernel for WebAssembly have fifteen.
fn text_arithmetic(arithmetic: Arithmetic) -> Arithmetic {
    match cfg!(target_arch = "wasm32") {
        true => arithmetic,
        false => Arithmetic::Reference,
    }
}

/// Up to and with the first occurrence of the highest id, which is the end-of-text token.
fn up_to_end_of_text(ids: &[u32]) -> &[u32] {
    let highest = ids.iter().max();
    let end = ids.iter().position(|id| Some(id) == highest);
    &ids[..end.map_or(0, |end| end + 1)]
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn nothing_behind_the_first_end_of_text_is_kept() {
        assert_eq!(up_to_end_of_text(&[8, 1, 9, 2, 9]), [8, 1, 9]);
        assert_eq!(up_to_end_of_text(&[9]), [9]);
        assert!(up_to_end_of_text(&[]).is_empty());
    }
}
