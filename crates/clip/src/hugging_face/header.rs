//! The header of the GGUF that a repository becomes.

use super::tensors::Tensor;
use crate::Error;
use crate::config::{Activation, Config, HIGHEST_TOKEN, POOLING, Pooling};
use crate::gguf::{HeaderWriter, WeightType};
use crate::tokenizer;

/// A header, and where what follows from no configuration stands.
#[derive(Clone)]
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

/// What a text tower needs beside its tensors.
pub(super) struct Words<'a> {
    pub(super) tokens: Vec<String>,
    pub(super) tokenizer_json: &'a str,
}

/// Lays out a file of these tensors. The keys are those that [`Config::from_metadata`] and the
/// tokenizer read, in clip.cpp's order. A file without an image tower has none of its keys, and one
/// without words none of a text tower.
///
/// # Errors
/// [`Error::Model`] if the image tower is no Vision Transformer.
pub(super) fn layout(
    config: &Config,
    weights: WeightType,
    words: Option<&Words>,
    has_images: bool,
    tensors: &[Tensor],
) -> Result<Layout, Error> {
    let mut header = HeaderWriter::default();
    // No size is above a bound that u32 holds.
    let size = |value: usize| value as u32;
    let Config { text, vision, .. } = config;
    let vit = vision.vit()?;
    header.string("general.architecture", "clip");
    header.bool("clip.has_text_encoder", words.is_some());
    header.bool("clip.has_vision_encoder", has_images);
    header.u32("general.file_type", weights.file_type());
    let description = match (words, has_images) {
        (Some(_), true) => "two-tower CLIP model",
        (Some(_), false) => "text-only CLIP model",
        (None, _) => "vision-only CLIP model",
    };
    header.string("general.description", description);
    let text_tower = words.map(|_| ("text", &text.encoder));
    let vision_tower = has_images.then_some(("vision", &vit.encoder));
    for (tower, encoder) in text_tower.into_iter().chain(vision_tower) {
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
    if let Some(words) = words {
        header.u32("clip.text.context_length", size(text.context_length));
        header.strings(tokenizer::TOKENS_KEY, &words.tokens);
        if text.pooling == Pooling::HighestToken {
            header.string(POOLING, HIGHEST_TOKEN);
        }
    }
    if has_images {
        header.u32("clip.vision.image_size", size(vision.image_size));
        header.u32("clip.vision.patch_size", size(vit.patch_size));
        header.floats("clip.vision.image_mean", &vision.image_mean);
        header.floats("clip.vision.image_std", &vision.image_std);
    }
    let gelu = vit.encoder.activation == Activation::Gelu;
    header.bool("clip.use_gelu", gelu);
    if let Some(words) = words {
        header.string(tokenizer::JSON_KEY, words.tokenizer_json);
    }
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
    Ok(Layout {
        tensors: placed
            .into_iter()
            .map(|(offset, weights)| (data + offset, weights))
            .collect(),
        header: header.bytes,
        file_length: header.file_length,
        logit_scale,
    })
}
