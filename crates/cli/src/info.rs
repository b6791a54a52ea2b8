//! `cliplet info`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

use cliplet_clip::Error;
use cliplet_clip::config::{Activation, Config, EncoderConfig};
use cliplet_clip::gguf::Gguf;
use cliplet_clip::text::TOKEN_EMBEDDING;
use cliplet_clip::tokenizer::Tokenizer;
use serde::Serialize;

use crate::arguments::InfoArguments;
use crate::{Stop, input, output};

/// What there is to say of a model.
#[derive(Serialize)]
struct Info<'a> {
    model: Cow<'a, str>,
    bytes: u64,
    parameters: u64,
    /// Parameters of each type of weights.
    weights: BTreeMap<String, u64>,
    image_tower: ImageTower,
    text_tower: TextTower,
    activation: &'static str,
    projection_dim: usize,
    logit_scale: f32,
    /// The file names the scale itself.
    has_logit_scale: bool,
    /// The file holds a whole tokenizer.json, not just a list of tokens.
    has_tokenizer: bool,
}

#[derive(Serialize)]
struct ImageTower {
    #[serde(flatten)]
    encoder: Encoder,
    image_size: usize,
    patch_size: usize,
    image_mean: [f32; 3],
    image_std: [f32; 3],
}

#[derive(Serialize)]
struct TextTower {
    #[serde(flatten)]
    encoder: Encoder,
    context_length: usize,
    vocabulary: usize,
}

#[derive(Serialize)]
struct Encoder {
    blocks: usize,
    width: usize,
    heads: usize,
    mlp_width: usize,
    /// As the file has it, without digits that f32 does not have.
    layer_norm_epsilon: f32,
}

impl Encoder {
    fn new(config: &EncoderConfig) -> Self {
        Self {
            blocks: config.blocks,
            width: config.width,
            heads: config.heads,
            mlp_width: config.mlp_width,
            layer_norm_epsilon: config.layer_norm_epsilon as f32,
        }
    }
}

pub(crate) fn run(arguments: &InfoArguments) -> Result<(), Stop> {
    let path = &arguments.model;
    let mut file = input::open(path)?;
    let about = |error: Error| Stop::Failed(input::about(path, &error));
    let bytes = file.metadata().map_err(|error| about(error.into()))?.len();
    let gguf = Gguf::open(&mut file).map_err(about)?;
    let mut info = read(&gguf, bytes).map_err(about)?;
    // The bytes of a name need not be text, which JSON is.
    info.model = path.to_string_lossy();
    let mut out = io::stdout().lock();
    match arguments.json {
        true => output::json_line(&mut out, &info)?,
        false => print(&mut out, &info)?,
    }
    Ok(())
}

fn read<R: io::Read + io::Seek>(gguf: &Gguf<R>, bytes: u64) -> Result<Info<'static>, Error> {
    let metadata = gguf.metadata();
    let config = Config::from_metadata(metadata)?;
    let vocabulary = gguf.rows(TOKEN_EMBEDDING)?;
    Tokenizer::from_metadata(metadata, vocabulary, config.text.context_length)?;
    let mut weights = BTreeMap::new();
    for tensor in gguf.tensors() {
        let parameters: u64 = tensor.dims.iter().map(|&dim| dim as u64).product();
        *weights.entry(tensor.weights).or_default() += parameters;
    }
    let (vision, text) = (&config.vision, &config.text);
    Ok(Info {
        model: Cow::Borrowed(""),
        bytes,
        parameters: weights.values().sum(),
        weights,
        image_tower: ImageTower {
            encoder: Encoder::new(&vision.encoder),
            image_size: vision.image_size,
            patch_size: vision.patch_size,
            image_mean: vision.image_mean,
            image_std: vision.image_std,
        },
        text_tower: TextTower {
            encoder: Encoder::new(&text.encoder),
            context_length: text.context_length,
            vocabulary,
        },
        activation: match vision.encoder.activation {
            Activation::Gelu => "gelu",
            Activation::QuickGelu => "quick_gelu",
        },
        projection_dim: config.projection_dim,
        logit_scale: config.logit_scale,
        has_logit_scale: metadata.has("clip.logit_scale"),
        has_tokenizer: metadata.has("tokenizer.huggingface.json"),
    })
}

fn print(out: &mut impl Write, info: &Info) -> io::Result<()> {
    let Info {
        image_tower: image,
        text_tower: text,
        ..
    } = info;
    let encoder = |tower: &Encoder| {
        format!(
            "{} blocks of width {}, {} heads, MLP of width {}",
            tower.blocks, tower.width, tower.heads, tower.mlp_width
        )
    };
    let weights: Vec<String> = info
        .weights
        .iter()
        .map(|(kind, parameters)| format!("{parameters} {kind}"))
        .collect();
    writeln!(out, "{}", info.model)?;
    writeln!(out, "  image tower   {}", encoder(&image.encoder))?;
    writeln!(
        out,
        "  pictures      {0} x {0} pixels, patches of {1} x {1}",
        image.image_size, image.patch_size
    )?;
    writeln!(out, "  text tower    {}", encoder(&text.encoder))?;
    writeln!(
        out,
        "  texts         up to {} tokens, {} known",
        text.context_length, text.vocabulary
    )?;
    let activation = match info.activation {
        "gelu" => "GELU",
        _ => "quick-GELU",
    };
    writeln!(out, "  activation    {activation}")?;
    writeln!(out, "  embeddings    {} numbers", info.projection_dim)?;
    let of_default = match info.has_logit_scale {
        true => "",
        false => ", the default: the file names none",
    };
    writeln!(out, "  logit scale   {}{of_default}", info.logit_scale)?;
    let tokenizer = match info.has_tokenizer {
        true => "a tokenizer.json",
        false => "a list of tokens",
    };
    writeln!(out, "  tokenizer     {tokenizer}")?;
    writeln!(
        out,
        "  weights       {} parameters: {}",
        info.parameters,
        weights.join(", ")
    )?;
    writeln!(out, "  size          {} bytes", info.bytes)
}
