//! `config.json` and `preprocessor_config.json`: what kind of model a repository holds, and its
//! shape.
//!
//! What a key means and what its absence means are those of `CLIPConfig`, `CLIPTextConfig`,
//! `CLIPVisionConfig` and `CLIPImageProcessor` in Hugging Face transformers.

use serde_json::{Map, Value};

use super::json::{Object, parse};
use crate::Error;
use crate::config::{
    Activation, Config, DEFAULT_LOGIT_SCALE, EncoderConfig, ImageTowerConfig, MAX_BLOCKS,
    MAX_IMAGE_SIZE, MAX_WIDTH, Pooling, TextConfig, VisionConfig, VitConfig,
};
use crate::error::quoted;
use crate::gguf::MAX_ARRAY_ELEMENTS;

pub(super) const CONFIG: &str = "config.json";
pub(super) const PREPROCESSOR_CONFIG: &str = "preprocessor_config.json";

/// The most tokens that a list in a file's metadata can have beside its other lists.
const MAX_VOCABULARY: usize = MAX_ARRAY_ELEMENTS as usize - 64;

/// Of the pictures that CLIP was trained on.
const DEFAULT_MEAN: [f32; 3] = [0.481_454_66, 0.457_827_5, 0.408_210_73];
const DEFAULT_STD: [f32; 3] = [0.268_629_54, 0.261_302_6, 0.275_777_1];

/// What the two files say.
pub(super) struct Description {
    /// Its logit scale is not known yet: that is a tensor.
    pub(super) config: Config,
    /// Rows of the token embedding.
    pub(super) vocabulary: usize,
    /// The token that the model takes for the end of text, where its configuration names one.
    pub(super) end_of_text: Option<u64>,
    /// Sentences on what the repository asks for and is done in another way here.
    pub(super) remarks: Vec<String>,
}

/// Reads the shape of a model, or says what the repository holds instead.
pub(super) fn read(config: &[u8], preprocessor: Option<&[u8]>) -> Result<Description, Error> {
    let config = parse(CONFIG, config)?;
    let config = Object::new(CONFIG, &config);
    if let Some(what) = what_else(&config)? {
        return Err(Error::model(format!(
            "The repository holds {what}, and Cliplet reads only CLIP models of the ViT family as Hugging Face transformers \
             lays them out"
        )));
    }
    let nothing = Map::new();
    let text = tower(&config, "text", &nothing)?;
    let vision = tower(&config, "vision", &nothing)?;
    let activation = activation(&text)?;
    if self::activation(&vision)? != activation {
        return Err(Error::model(
            "The repository's CLIP has different activation functions in its two towers, which no file that Cliplet reads can \
             say",
        ));
    }
    if vision.size("num_channels", 3, MAX_WIDTH)? != 3 {
        return Err(vision.wrong("num_channels", "must be 3, for red, green and blue"));
    }
    let image_size = vision.side("image_size", 224, MAX_IMAGE_SIZE)?;
    let preprocessor = preprocessor.ok_or_else(|| {
        Error::model(format!(
            "The repository has no {PREPROCESSOR_CONFIG}, which says how pictures are prepared for the model"
        ))
    })?;
    let Preprocessing {
        image_mean,
        image_std,
        remarks,
    } = preprocessing(preprocessor, image_size)?;
    let vocabulary = text.size("vocab_size", 49_408, MAX_VOCABULARY)?;
    /// Stood there in all configurations before transformers 4.32, whatever the end of text was.
    const NO_END_OF_TEXT: u64 = 2;
    let end_of_text = text.get("eos_token_id").and_then(Value::as_u64);
    let config = Config {
        vision: VisionConfig {
            tower: ImageTowerConfig::Vit(VitConfig {
                encoder: EncoderConfig {
                    width: vision.size("hidden_size", 768, MAX_WIDTH)?,
                    mlp_width: vision.size("intermediate_size", 3072, MAX_WIDTH)?,
                    blocks: vision.size("num_hidden_layers", 12, MAX_BLOCKS)?,
                    heads: vision.size("num_attention_heads", 12, MAX_WIDTH)?,
                    layer_norm_epsilon: vision.float("layer_norm_eps", 1e-5)?,
                    activation,
                },
                patch_size: vision.side("patch_size", 32, MAX_IMAGE_SIZE)?,
            }),
            image_size,
            image_mean,
            image_std,
        },
        text: TextConfig {
            encoder: EncoderConfig {
                width: text.size("hidden_size", 512, MAX_WIDTH)?,
                mlp_width: text.size("intermediate_size", 2048, MAX_WIDTH)?,
                blocks: text.size("num_hidden_layers", 12, MAX_BLOCKS)?,
                heads: text.size("num_attention_heads", 8, MAX_WIDTH)?,
                layer_norm_epsilon: text.float("layer_norm_eps", 1e-5)?,
                activation,
            },
            context_length: text.size("max_position_embeddings", 77, MAX_WIDTH)?,
            pooling: match end_of_text {
                Some(NO_END_OF_TEXT) => Pooling::HighestToken,
                _ => Pooling::EndOfText,
            },
        },
        projection_dim: config.size("projection_dim", 512, MAX_WIDTH)?,
        logit_scale: DEFAULT_LOGIT_SCALE,
    };
    if config.text.context_length < 2 {
        // Start and end of text are always there.
        return Err(text.wrong("max_position_embeddings", "must be at least 2"));
    }
    config.check()?;
    Ok(Description {
        config,
        vocabulary,
        end_of_text: end_of_text.filter(|&end| end != NO_END_OF_TEXT),
        remarks,
    })
}

/// A tower's part. Old files have it twice: `text_config_dict` then wins, also with what is not in
/// it, which has its default.
fn tower<'a>(
    config: &Object<'a>,
    tower: &str,
    nothing: &'a Map<String, Value>,
) -> Result<Object<'a>, Error> {
    if let Some(tower) = config.object(&format!("{tower}_config_dict"))? {
        return Ok(tower);
    }
    let tower = config.object(&format!("{tower}_config"))?;
    Ok(tower.unwrap_or_else(|| Object::new(CONFIG, nothing)))
}

fn activation(tower: &Object) -> Result<Activation, Error> {
    match tower.string("hidden_act")? {
        Some("gelu") => Ok(Activation::Gelu),
        None | Some("quick_gelu") => Ok(Activation::QuickGelu),
        Some(_) => Err(tower.wrong("hidden_act", "must be \"gelu\" or \"quick_gelu\"")),
    }
}

/// What a `config.json` describes, if that is no CLIP of the ViT family with both towers.
fn what_else(config: &Object) -> Result<Option<String>, Error> {
    if let Some(open_clip) = config.object("model_cfg")? {
        let vision = open_clip.object("vision_cfg")?;
        let layers = vision.as_ref().and_then(|vision| vision.get("layers"));
        return Ok(Some(match layers {
            Some(Value::Array(_)) => {
                "a CLIP of OpenCLIP's whose image tower is a ResNet".to_owned()
            }
            _ => "a model in OpenCLIP's own files".to_owned(),
        }));
    }
    let classes = config.get("architectures").and_then(Value::as_array);
    let classes: Vec<&str> = classes
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let Some(model_type) = config.string("model_type")? else {
        if classes.contains(&"CLIPModel") {
            return Ok(None);
        }
        return Ok(Some(format!(
            "a model whose {CONFIG} does not say of what type it is"
        )));
    };
    let of_class = |prefix: &str| classes.iter().any(|class| class.starts_with(prefix));
    let what = match model_type {
        "clip" if of_class("CLIPVisionModel") => "only the image tower of a CLIP",
        "clip" if of_class("CLIPTextModel") => "only the text tower of a CLIP",
        "clip" if of_class("CLIPForImageClassification") => {
            "a CLIP that was made into an image classifier, without a text tower"
        }
        "clip" => return Ok(None),
        "clip_vision_model" => "only the image tower of a CLIP",
        "clip_text_model" => "only the text tower of a CLIP",
        "align" => "an ALIGN model",
        "altclip" => "an AltCLIP, whose text tower is no CLIP's",
        "blip" | "blip-2" => "a BLIP model",
        "chinese_clip" => "a Chinese-CLIP, whose text tower is a BERT",
        "clipseg" => "a CLIPSeg, which finds regions of pictures",
        "metaclip_2" => "a MetaCLIP 2",
        "siglip" | "siglip2" => "a SigLIP, which is scored otherwise than a CLIP",
        "vision-text-dual-encoder" => "two towers put together from other models",
        other => return Ok(Some(format!("a model of the type {}", quoted(other)))),
    };
    Ok(Some(what.to_owned()))
}

struct Preprocessing {
    image_mean: [f32; 3],
    image_std: [f32; 3],
    remarks: Vec<String>,
}

/// How pictures are prepared for a model that takes them of `image_size`.
fn preprocessing(bytes: &[u8], image_size: usize) -> Result<Preprocessing, Error> {
    let map = parse(PREPROCESSOR_CONFIG, bytes)?;
    let whole = Object::new(PREPROCESSOR_CONFIG, &map);
    // A processor_config.json has pictures' part in an object of its own.
    let object = whole.object("image_processor")?.unwrap_or(whole);
    let mut remarks = Vec::new();
    let resized = resized(&object)?;
    let cropped = if object.bool("do_center_crop", true)? {
        Some(cropped(&object)?)
    } else {
        None
    };
    let side = match (cropped, &resized) {
        (Some(side), _) => side,
        (None, Resized::Squashed(side)) => *side,
        (None, Resized::ShortestSide(_)) => {
            return Err(object.wrong("do_center_crop", "leaves pictures that are no squares"));
        }
    };
    if side != image_size {
        return Err(Error::model(format!(
            "The repository's {PREPROCESSOR_CONFIG} makes pictures of {side} x {side} pixels, and its model takes {image_size} x \
             {image_size}"
        )));
    }
    match resized {
        Resized::ShortestSide(shortest) if shortest != side => remarks.push(format!(
            "The model's own preparation resizes the shorter side of a picture to {shortest} pixels before it cuts out {side} x \
             {side}; Cliplet resizes it to {side}, so that scores differ a little."
        )),
        Resized::Squashed(_) => remarks.push(
            "The model's own preparation squeezes pictures into a square; Cliplet cuts out their middle, so that scores of \
             pictures that are no squares differ."
                .to_owned(),
        ),
        Resized::ShortestSide(_) => {}
    }
    /// Pillow's number for it.
    const BICUBIC: u64 = 3;
    let resample = object.get("resample").map(Value::as_u64);
    if resample.is_some_and(|filter| filter != Some(BICUBIC)) {
        remarks.push(
            "The model's own preparation resizes with another filter than Cliplet's bicubic one, so that scores differ a little."
                .to_owned(),
        );
    }
    let factor = object.float("rescale_factor", 1.0 / 255.0)?;
    if !object.bool("do_rescale", true)? || (factor * 255.0 - 1.0).abs() > 1e-4 {
        return Err(object.wrong(
            "rescale_factor",
            "must bring colours into the range from 0 to 1",
        ));
    }
    let (image_mean, image_std) = if object.bool("do_normalize", true)? {
        (
            object.three_floats("image_mean", DEFAULT_MEAN)?,
            object.three_floats("image_std", DEFAULT_STD)?,
        )
    } else {
        ([0.0; 3], [1.0; 3])
    };
    Ok(Preprocessing {
        image_mean,
        image_std,
        remarks,
    })
}

/// How large a picture is made, in pixels.
enum Resized {
    /// Its shorter side, the other in proportion.
    ShortestSide(usize),
    /// Both sides.
    Squashed(usize),
}

fn resized(object: &Object) -> Result<Resized, Error> {
    const DEFAULT: usize = 224;
    if !object.bool("do_resize", true)? {
        return Err(object.wrong("do_resize", "leaves pictures of any size"));
    }
    if !matches!(object.get("size"), Some(Value::Object(_))) {
        return Ok(Resized::ShortestSide(object.size(
            "size",
            DEFAULT,
            MAX_IMAGE_SIZE,
        )?));
    }
    match object.object("size")? {
        Some(size) if size.get("shortest_edge").is_some() => Ok(Resized::ShortestSide(size.size(
            "shortest_edge",
            DEFAULT,
            MAX_IMAGE_SIZE,
        )?)),
        Some(size) => Ok(Resized::Squashed(square(object, "size", &size)?)),
        None => Ok(Resized::ShortestSide(DEFAULT)),
    }
}

fn cropped(object: &Object) -> Result<usize, Error> {
    match object.get("crop_size") {
        Some(Value::Object(_)) => match object.object("crop_size")? {
            Some(size) => square(object, "crop_size", &size),
            None => Ok(224),
        },
        _ => object.size("crop_size", 224, MAX_IMAGE_SIZE),
    }
}

/// The side of a square given as height and width.
fn square(object: &Object, key: &str, size: &Object) -> Result<usize, Error> {
    if size.get("height").is_none() || size.get("height") != size.get("width") {
        return Err(object.wrong(key, "must be a square"));
    }
    size.size("height", 224, MAX_IMAGE_SIZE)
}
