//! The tensors of a `CLIPModel`: what transformers calls them and what clip.cpp does, and their
//! shapes.

use std::borrow::Cow;

use crate::Error;
use crate::config::{Config, EncoderConfig};
use crate::gguf::{MAX_TENSORS, WeightType};

/// The learnt inverse temperature, whose exponential a GGUF has in its metadata.
pub const LOGIT_SCALE: &str = "logit_scale";

/// What there is to say of a tensor that is there under two names.
pub const TWICE: &str = "is there twice, as in checkpoints that hold weights and their average; save one of the two alone";

/// A tensor in a repository's file and in a GGUF.
pub struct Tensor {
    /// Its name in transformers.
    pub source: String,
    /// Its name in clip.cpp.
    pub name: String,
    /// Its dimensions, outermost first.
    pub dims: Vec<usize>,
}

impl Tensor {
    /// As clip.cpp does it: matrices in the type that is asked for, the patch convolution in half
    /// precision, vectors in f32. A matrix whose rows are no whole number of blocks stays in half
    /// precision. In a file of f32 everything is f32, the patch convolution too, other than
    /// clip.cpp writes it: nobody wants such a file but for its exactness.
    pub fn weight_type(&self, asked_for: WeightType) -> WeightType {
        match &self.dims[..] {
            _ if asked_for == WeightType::F32 => WeightType::F32,
            [_] => WeightType::F32,
            [_, row] if row.is_multiple_of(asked_for.block()) => asked_for,
            _ => WeightType::F16,
        }
    }
}

/// All of a model, in the order in which transformers lists them.
///
/// # Errors
/// [`Error::Model`] if they are more than a reader takes, or if the image tower is no Vision
/// Transformer.
pub fn tensors(config: &Config, vocabulary: usize) -> Result<Vec<Tensor>, Error> {
    let (text, vision) = (&config.text, config.vision.vit()?);
    let blocks = (text.encoder.blocks + vision.encoder.blocks) as u64;
    if blocks * 16 + 16 > MAX_TENSORS {
        return Err(Error::model(format!(
            "The model has {blocks} blocks, which are more than can be read"
        )));
    }
    let (text_width, width) = (text.encoder.width, vision.encoder.width);
    let mut tensors = Vec::new();
    let mut add = |source: &str, name: &str, dims: &[usize]| {
        tensors.push(Tensor {
            source: source.to_owned(),
            name: name.to_owned(),
            dims: dims.to_vec(),
        });
    };
    let embeddings = "text_model.embeddings";
    add(
        &format!("{embeddings}.token_embedding.weight"),
        "t.token_embd.weight",
        &[vocabulary, text_width],
    );
    add(
        &format!("{embeddings}.position_embedding.weight"),
        "t.position_embd.weight",
        &[text.context_length, text_width],
    );
    add_blocks(&mut add, "text_model", "t", &text.encoder);
    add_layer_norm(
        &mut add,
        "text_model.final_layer_norm",
        "t.post_ln",
        text_width,
    );
    let embeddings = "vision_model.embeddings";
    add(
        &format!("{embeddings}.class_embedding"),
        "v.class_embd",
        &[width],
    );
    add(
        &format!("{embeddings}.patch_embedding.weight"),
        "v.patch_embd.weight",
        &[width, 3, vision.patch_size, vision.patch_size],
    );
    add(
        &format!("{embeddings}.position_embedding.weight"),
        "v.position_embd.weight",
        &[1 + vision.patches(config.vision.image_size), width],
    );
    // The name is misspelt in every file.
    add_layer_norm(&mut add, "vision_model.pre_layrnorm", "v.pre_ln", width);
    add_blocks(&mut add, "vision_model", "v", &vision.encoder);
    add_layer_norm(&mut add, "vision_model.post_layernorm", "v.post_ln", width);
    for (tower, width) in [("visual", width), ("text", text_width)] {
        let name = format!("{tower}_projection.weight");
        add(&name, &name, &[config.projection_dim, width]);
    }
    Ok(tensors)
}

/// A tensor's name without what programs that train models put around it: `torch.compile`,
/// `DataParallel` and its successors, activation checkpointing, Lightning, and averages of weights.
pub fn unwrapped(name: &str) -> Cow<'_, str> {
    const ANYWHERE: [&str; 3] = [
        "_orig_mod.",
        "_fsdp_wrapped_module.",
        "_checkpoint_wrapped_module.",
    ];
    const IN_FRONT: [&str; 4] = ["module.", "model.", "ema_model.", "state_dict."];
    let mut name = Cow::Borrowed(name);
    for wrapper in ANYWHERE {
        if name.contains(wrapper) {
            name = name.replace(wrapper, "").into();
        }
    }
    while let Some(rest) = IN_FRONT
        .iter()
        .find_map(|wrapper| name.strip_prefix(wrapper))
    {
        name = rest.to_owned().into();
    }
    name
}

type Add<'a> = dyn FnMut(&str, &str, &[usize]) + 'a;

fn add_layer_norm(add: &mut Add, source: &str, name: &str, width: usize) {
    for part in ["weight", "bias"] {
        add(
            &format!("{source}.{part}"),
            &format!("{name}.{part}"),
            &[width],
        );
    }
}

fn add_blocks(add: &mut Add, source_tower: &str, tower: &str, config: &EncoderConfig) {
    let (width, mlp_width) = (config.width, config.mlp_width);
    for block in 0..config.blocks {
        let source = format!("{source_tower}.encoder.layers.{block}");
        let name = format!("{tower}.blk.{block}");
        let linear = |add: &mut Add, from: &str, to: &str, outputs, inputs| {
            let (source, name) = (format!("{source}.{from}"), format!("{name}.{to}"));
            add(
                &format!("{source}.weight"),
                &format!("{name}.weight"),
                &[outputs, inputs],
            );
            add(
                &format!("{source}.bias"),
                &format!("{name}.bias"),
                &[outputs],
            );
        };
        linear(add, "self_attn.k_proj", "attn_k", width, width);
        linear(add, "self_attn.v_proj", "attn_v", width, width);
        linear(add, "self_attn.q_proj", "attn_q", width, width);
        linear(add, "self_attn.out_proj", "attn_out", width, width);
        add_layer_norm(
            add,
            &format!("{source}.layer_norm1"),
            &format!("{name}.ln1"),
            width,
        );
        // clip.cpp calls the first matrix "down" and the second "up", the reverse of llama.cpp.
        linear(add, "mlp.fc1", "ffn_down", mlp_width, width);
        linear(add, "mlp.fc2", "ffn_up", width, mlp_width);
        add_layer_norm(
            add,
            &format!("{source}.layer_norm2"),
            &format!("{name}.ln2"),
            width,
        );
    }
}
