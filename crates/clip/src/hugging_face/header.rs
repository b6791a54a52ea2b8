//! The header of the GGUF that a repository becomes.

use super::tensors::Tensor;
use crate::config::{Activation, Config};
use crate::gguf::{HeaderWriter, WeightType};
use crate::tokenizer;

/// A header, and where what follows from no configuration stands.
pub(super) struct Layout {
    /// The file up to its first tensor.
    pub(super) header: Vec<u8>,
    /// Bytes of the whole file.
    pub(super) file_length: u64,
    /// Where the logit scale, an f32, stands.
    pub(super) logit_scale: u64,
    /// Where each tensor begins, and the type of its weights.
    pub(super) tensors: Vec<(u64, WeightType)>,
}

/// Lays out a file of these tensors. The keys are those that [`Config::from_metadata`] and the tokenizer read, in clip.cpp's
/// order.
pub(super) fn layout(
    config: &Config,
    weights: WeightType,
    tokens: &[String],
    tokenizer_json: &str,
    tensors: &[Tensor],
) -> Layout {
    let mut header = HeaderWriter::default();
    // No size is above a bound that u32 holds.
    let size = |value: usize| value as u32;
    let Config { text, vision, .. } = config;
    header.string("general.architecture", "clip");
    header.bool("clip.has_text_encoder", true);
    header.bool("clip.has_vision_encoder", true);
    header.u32("general.file_type", weights.file_type());
    header.string("general.description", "two-tower CLIP model");
    for (tower, encoder) in [("text", &text.encoder), ("vision", &vision.encoder)] {
        let key = |name: &str| format!("clip.{tower}.{name}");
        header.u32(&key("embedding_length"), size(encoder.width));
        header.u32(&key("feed_forward_length"), size(encoder.mlp_width));
        header.u32(&key("projection_dim"), size(config.projection_dim));
        header.u32(&key("attention.head_count"), size(encoder.heads));
        header.f32(
            &key("attention.layer_norm_epsilon"),
            encoder.layer_norm_epsilon as f32,
        );
        header.u32(&key("block_count"), size(encoder.blocks));
    }
    header.u32("clip.text.context_length", size(text.context_length));
    header.strings(tokenizer::TOKENS_KEY, tokens);
    header.u32("clip.vision.image_size", size(vision.image_size));
    header.u32("clip.vision.patch_size", size(vision.patch_size));
    header.floats("clip.vision.image_mean", &vision.image_mean);
    header.floats("clip.vision.image_std", &vision.image_std);
    let gelu = vision.encoder.activation == Activation::Gelu;
    header.bool("clip.use_gelu", gelu);
    header.string(tokenizer::JSON_KEY, tokenizer_json);
    let logit_scale = header.f32("clip.logit_scale", config.logit_scale);
    let placed: Vec<(u64, WeightType)> = tensors
        .iter()
        .map(|tensor| {
            let weights = tensor.weight_type(weights);
            (header.tensor(&tensor.name, &tensor.dims, weights), weights)
        })
        .collect();
    let header = header.finish();
    let data = header.bytes.len() as u64;
    Layout {
        tensors: placed
            .into_iter()
            .map(|(offset, weights)| (data + offset, weights))
            .collect(),
        header: header.bytes,
        file_length: header.file_length,
        logit_scale,
    }
}
