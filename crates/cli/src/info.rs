//! `cliplet info`.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use cliplet_clip::Error;
use cliplet_clip::config::{
    Config, DEFAULT_LOGIT_SCALE, EncoderConfig, ImageTowerConfig, StageConfig, TextConfig,
    VisionConfig,
};
use cliplet_clip::gguf::Gguf;
use cliplet_clip::hugging_face::Towers;
use cliplet_clip::hugging_face::shared::tensors;
use cliplet_clip::text::TOKEN_EMBEDDING;
use cliplet_clip::tokenizer::Tokenizer;
use serde::Serialize;

use crate::model::{about, open};
use crate::output::json_line;
use crate::stop::Stop;

pub(crate) const EXAMPLES: &str = "\
Examples:
  cliplet info laion.gguf
  cliplet info --json laion.gguf";

#[derive(Debug, Args)]
pub(crate) struct InfoArguments {
    /// Print JSON, one object.
    #[arg(long)]
    json: bool,
    /// A model: a GGUF file as clip.cpp writes it.
    #[arg(value_name = "FILE.gguf")]
    model: PathBuf,
}

/// What there is to say of a model.
#[derive(Serialize)]
struct Info<'a> {
    model: Cow<'a, str>,
    bytes: u64,
    parameters: u64,
    /// Parameters of each type of weights.
    weights: BTreeMap<String, u64>,
    /// Bytes of each type of weights.
    weight_bytes: BTreeMap<String, u64>,
    image_tower: Option<ImageTower>,
    text_tower: Option<TextTower>,
    activation: &'static str,
    projection_dim: usize,
    logit_scale: f32,
    /// The file names the scale itself.
    has_logit_scale: bool,
    /// The file holds a whole tokenizer.json, not just a list of tokens.
    has_tokenizer: bool,
    /// What a model that can do everything has, and this one has not.
    missing: Vec<String>,
}

#[derive(Serialize)]
struct ImageTower {
    #[serde(flatten)]
    kind: Kind,
    image_size: usize,
    image_mean: [f32; 3],
    image_std: [f32; 3],
}

#[derive(Serialize)]
#[serde(tag = "architecture", rename_all = "kebab-case")]
enum Kind {
    Vit {
        #[serde(flatten)]
        encoder: Encoder,
        patch_size: usize,
    },
    #[serde(rename = "efficientnet-lite")]
    EfficientNetLite {
        stem_width: usize,
        stages: Vec<Stage>,
        feature_width: usize,
        memory: usize,
        sharpness: f32,
    },
}

#[derive(Serialize)]
struct Stage {
    blocks: usize,
    expansion: usize,
    kernel_size: usize,
    stride: usize,
    width: usize,
}

impl Kind {
    fn new(config: &ImageTowerConfig) -> Self {
        match config {
            ImageTowerConfig::Vit(vit) => Self::Vit {
                encoder: Encoder::new(&vit.encoder),
                patch_size: vit.patch_size,
            },
            ImageTowerConfig::EfficientNetLite(net) => Self::EfficientNetLite {
                stem_width: net.stem_width,
                stages: net.stages.iter().map(Stage::new).collect(),
                feature_width: net.feature_width,
                memory: net.memory.count,
                sharpness: net.memory.sharpness,
            },
        }
    }
}

impl Stage {
    fn new(config: &StageConfig) -> Self {
        Self {
            blocks: config.blocks,
            expansion: config.expansion,
            kernel_size: config.kernel_size,
            stride: config.stride,
            width: config.width,
        }
    }
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
    let mut file = open(path)?;
    let about = |error: Error| Stop::Failed(about(path, &error));
    let bytes = file.metadata().map_err(|error| about(error.into()))?.len();
    let gguf = Gguf::open(&mut file).map_err(about)?;
    let mut info = read(&gguf, bytes).map_err(about)?;
    // The bytes of a name need not be text, which JSON is.
    info.model = path.to_string_lossy();
    let mut out = io::stdout().lock();
    if arguments.json {
        json_line(&mut out, &info)?
    } else {
        print(&mut out, &info)?
    }
    Ok(())
}

fn read<R: io::Read + io::Seek>(gguf: &Gguf<R>, bytes: u64) -> Result<Info<'static>, Error> {
    let metadata = gguf.metadata();
    let has_images = metadata.bool("clip.has_vision_encoder")?;
    let has_texts = metadata.bool("clip.has_text_encoder")?;
    let mut missing = Vec::new();
    let (vision, text, projection_dim, logit_scale) = match (has_images, has_texts) {
        (true, true) => {
            let config = Config::from_metadata(metadata)?;
            let there = gguf.tensors();
            let there: HashSet<&str> = there.iter().map(|tensor| &tensor.name[..]).collect();
            for name in tensor_names(&config, gguf.rows(TOKEN_EMBEDDING)?)? {
                if !there.contains(&name[..]) {
                    missing.push(format!("the tensor {name}"));
                }
            }
            (
                Some(config.vision),
                Some(config.text),
                config.projection_dim,
                config.logit_scale,
            )
        }
        _ => {
            let tower = if has_images { "vision" } else { "text" };
            let dim = metadata.size(&format!("clip.{tower}.projection_dim"), 1 << 16)?;
            let vision = has_images.then(|| VisionConfig::from_metadata(metadata));
            let text = has_texts.then(|| TextConfig::from_metadata(metadata));
            let scale = if metadata.has(LOGIT_SCALE) {
                metadata.float(LOGIT_SCALE)?
            } else {
                DEFAULT_LOGIT_SCALE
            };
            (vision.transpose()?, text.transpose()?, dim, scale)
        }
    };
    let vocabulary = match &text {
        Some(text) => {
            let vocabulary = gguf.rows(TOKEN_EMBEDDING)?;
            Tokenizer::from_metadata(metadata, vocabulary, text.context_length)?;
            vocabulary
        }
        None => 0,
    };
    let has_tokenizer = metadata.has("tokenizer.huggingface.json");
    for (is_missing, what) in [
        (!has_images, "an image tower"),
        (!has_texts, "a text tower"),
        (has_texts && !has_tokenizer, "a whole tokenizer.json"),
        (!metadata.has(LOGIT_SCALE), "a logit scale"),
    ] {
        if is_missing {
            missing.push(what.to_owned());
        }
    }
    let (mut weights, mut weight_bytes) = (BTreeMap::new(), BTreeMap::new());
    for tensor in gguf.tensors() {
        let parameters: u64 = tensor.dims.iter().map(|&dim| dim as u64).product();
        *weight_bytes.entry(tensor.weights.clone()).or_default() += tensor.bytes;
        *weights.entry(tensor.weights).or_default() += parameters;
    }
    let activation = if metadata.bool("clip.use_gelu")? {
        "gelu"
    } else {
        "quick_gelu"
    };
    Ok(Info {
        model: Cow::Borrowed(""),
        bytes,
        parameters: weights.values().sum(),
        weights,
        weight_bytes,
        image_tower: vision.map(|vision| ImageTower {
            kind: Kind::new(&vision.tower),
            image_size: vision.image_size,
            image_mean: vision.image_mean,
            image_std: vision.image_std,
        }),
        text_tower: text.map(|text| TextTower {
            encoder: Encoder::new(&text.encoder),
            context_length: text.context_length,
            vocabulary,
        }),
        activation,
        projection_dim,
        logit_scale,
        has_logit_scale: metadata.has(LOGIT_SCALE),
        has_tokenizer,
        missing,
    })
}

const LOGIT_SCALE: &str = "clip.logit_scale";

/// The names of all tensors of a model with both towers.
fn tensor_names(config: &Config, vocabulary: usize) -> Result<Vec<String>, Error> {
    let names = |config: &Config| -> Result<Vec<String>, Error> {
        let tensors = tensors(config, vocabulary)?.into_iter();
        Ok(tensors.map(|tensor| tensor.name).collect())
    };
    match &config.vision.tower {
        ImageTowerConfig::Vit(_) => names(config),
        ImageTowerConfig::EfficientNetLite(net) => {
            let without = VisionConfig::absent(config.text.encoder.activation);
            let mut of_texts = names(&Config {
                vision: without,
                ..config.clone()
            })?;
            of_texts.retain(|name| Towers::Text.have(name));
            Ok([net.tensor_names(), of_texts].concat())
        }
    }
}

fn print(out: &mut impl Write, info: &Info) -> io::Result<()> {
    let encoder = |tower: &Encoder| {
        format!(
            "{} blocks of width {}, {} heads, MLP of width {}",
            tower.blocks, tower.width, tower.heads, tower.mlp_width
        )
    };
    writeln!(out, "{}", info.model)?;
    if let Some(image) = &info.image_tower {
        match &image.kind {
            Kind::Vit {
                encoder: blocks,
                patch_size,
            } => {
                writeln!(out, "  image tower   {}", encoder(blocks))?;
                writeln!(
                    out,
                    "  pictures      {0} x {0} pixels, patches of {patch_size} x {patch_size}",
                    image.image_size
                )?;
            }
            Kind::EfficientNetLite {
                stem_width,
                stages,
                feature_width,
                memory,
                sharpness,
            } => {
                let blocks: usize = stages.iter().map(|stage| stage.blocks).sum();
                let widths = stages.iter().map(|stage| stage.width.to_string());
                writeln!(
                    out,
                    "  image tower   EfficientNet-Lite: {blocks} blocks in {} stages of widths {}, after a stem of width {stem_width}",
                    stages.len(),
                    widths.collect::<Vec<_>>().join(", ")
                )?;
                writeln!(
                    out,
                    "  memory        {memory} keys of width {feature_width}, sharpness {sharpness}"
                )?;
                writeln!(out, "  pictures      {0} x {0} pixels", image.image_size)?;
            }
        }
    }
    if let Some(text) = &info.text_tower {
        writeln!(out, "  text tower    {}", encoder(&text.encoder))?;
        writeln!(
            out,
            "  texts         up to {} tokens, {} known",
            text.context_length, text.vocabulary
        )?;
        let tokenizer = if info.has_tokenizer {
            "a tokenizer.json"
        } else {
            "a list of tokens"
        };
        writeln!(out, "  tokenizer     {tokenizer}")?;
    }
    let activation = match info.activation {
        "gelu" => "GELU",
        _ => "quick-GELU",
    };
    writeln!(out, "  activation    {activation}")?;
    writeln!(out, "  embeddings    {} numbers", info.projection_dim)?;
    let of_default = if info.has_logit_scale {
        ""
    } else {
        ", the default: the file names none"
    };
    writeln!(out, "  logit scale   {}{of_default}", info.logit_scale)?;
    writeln!(out, "  weights       {} parameters", info.parameters)?;
    for (kind, parameters) in &info.weights {
        writeln!(
            out,
            "                {parameters} in {kind}, {} bytes",
            info.weight_bytes[kind]
        )?;
    }
    writeln!(out, "  size          {} bytes", info.bytes)?;
    for what in &info.missing {
        writeln!(out, "  missing       {what}")?;
    }
    Ok(())
}
