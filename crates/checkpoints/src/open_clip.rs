//! CLIPs as OpenCLIP lays them out: `open_clip_config.json`, and weights under its own names, with
//! the matrices of queries, keys and values in one.
//!
//! What a key means and what its absence means are those of `CLIPVisionCfg`, `CLIPTextCfg` and
//! `CLIP` in `open_clip/model.py`, and of `PreprocessCfg` in `open_clip/transform.py`
//! (<https://github.com/mlfoundations/open_clip>). A key that changes what is computed and that a
//! CLIP of the ViT family as OpenAI defined it does not have is refused by its name.

use cliplet_clip::Error;
use cliplet_clip::config::{
    Activation, Config, DEFAULT_LOGIT_SCALE, EncoderConfig, ImageTowerConfig, Pooling, TextConfig,
    VisionConfig, VitConfig,
};
use cliplet_clip::hugging_face::shared::{LOGIT_SCALE, Object, parse, quoted, unwrapped};
use cliplet_clip::hugging_face::{Description, Towers};
use serde_json::{Map, Value};

use crate::{Checkpoint, Piece, unusable};

/// The configuration's file.
pub const CONFIG: &str = "open_clip_config.json";
/// Files of weights, the one that is preferred first.
pub const WEIGHTS: [&str; 2] = ["open_clip_model.safetensors", "open_clip_pytorch_model.bin"];

/// No size is above this.
const MAX: usize = 1 << 16;

/// What OpenCLIP takes pictures' colours to be if nobody says: OpenAI's.
const MEAN: [f32; 3] = [0.481_454_66, 0.457_827_5, 0.408_210_73];
const STD: [f32; 3] = [0.268_629_54, 0.261_302_6, 0.275_777_1];

/// Keys of the image tower that name a size, or that only matter in training.
const VISION_KEYS: [&str; 10] = [
    "layers",
    "width",
    "head_width",
    "mlp_ratio",
    "patch_size",
    "image_size",
    "patch_dropout",
    "timm_drop",
    "timm_drop_path",
    "output_tokens",
];
/// The same of the text tower. What tokenizer there is, the file `tokenizer.json` says.
const TEXT_KEYS: [&str; 11] = [
    "context_length",
    "vocab_size",
    "width",
    "heads",
    "layers",
    "mlp_ratio",
    "hf_tokenizer_name",
    "tokenizer_kwargs",
    "output_tokens",
    "pad_id",
    "eos_id",
];
/// Keys whose value must be this one, if they are there.
const FIXED: [(&str, &str); 9] = [
    ("ls_init_value", "null"),
    ("pos_embed_type", "\"learnable\""),
    ("text_mask", "\"first\""),
    ("final_ln_after_pool", "false"),
    ("proj_bias", "false"),
    ("proj_type", "\"linear\""),
    ("embed_cls", "false"),
    ("no_causal_mask", "false"),
    ("no_ln_pre", "false"),
];

/// Reads `open_clip_config.json`. The tokenizer is not in it.
///
/// # Errors
/// [`Error::Model`] with a sentence that names what the model is, if that is no CLIP of the ViT
/// family with OpenAI's two towers.
pub fn describe(config: &[u8], tokenizer_json: Option<String>) -> Result<Description, Error> {
    let map = parse(CONFIG, config)?;
    let whole = Object::new(CONFIG, &map);
    let model = whole
        .object("model_cfg")?
        .ok_or_else(|| whole.wrong("model_cfg", "must be an object"))?;
    let vision = part(&model, "vision_cfg")?;
    let text = part(&model, "text_cfg")?;
    refuse_others(&model, &vision, &text)?;
    let activation = if model.bool("quick_gelu", false)? {
        Activation::QuickGelu
    } else {
        Activation::Gelu
    };
    let width = vision.size("width", 768, MAX)?;
    let head_width = vision.size("head_width", 64, MAX)?;
    if !width.is_multiple_of(head_width) {
        return Err(vision.wrong("head_width", "must divide the width"));
    }
    let text_width = text.size("width", 512, MAX)?;
    let image_size = vision.side("image_size", 224, MAX)?;
    let Preprocessing {
        image_mean,
        image_std,
        remarks,
    } = preprocessing(&whole)?;
    // As `open_clip/transformer.py` has it; no configuration says anything else.
    let layer_norm_epsilon = 1e-5;
    let config = Config {
        vision: VisionConfig {
            tower: ImageTowerConfig::Vit(VitConfig {
                encoder: EncoderConfig {
                    width,
                    mlp_width: mlp_width(&vision, width)?,
                    blocks: vision.size("layers", 12, MAX)?,
                    heads: width / head_width,
                    layer_norm_epsilon,
                    activation,
                },
                patch_size: vision.side("patch_size", 16, MAX)?,
            }),
            image_size,
            image_mean,
            image_std,
        },
        text: TextConfig {
            encoder: EncoderConfig {
                width: text_width,
                mlp_width: mlp_width(&text, text_width)?,
                blocks: text.size("layers", 12, MAX)?,
                heads: text.size("heads", 8, MAX)?,
                layer_norm_epsilon,
                activation,
            },
            context_length: text.size("context_length", 77, MAX)?.max(2),
            pooling: match text.string("pool_type")? {
                Some("eos") => Pooling::EndOfText,
                _ => Pooling::HighestToken,
            },
        },
        projection_dim: model.size("embed_dim", 512, MAX)?,
        logit_scale: DEFAULT_LOGIT_SCALE,
    };
    Ok(Description {
        towers: Towers::Both,
        config,
        vocabulary: text.size("vocab_size", 49_408, 1 << 18)?,
        tokenizer_json,
        end_of_text: match text.string("pool_type")? {
            Some("eos") => Some(text.size("eos_id", 2, MAX)? as u64),
            _ => None,
        },
        has_logit_scale: false,
        remarks,
    })
}

fn part<'a>(model: &Object<'a>, key: &str) -> Result<Object<'a>, Error> {
    model
        .object(key)?
        .ok_or_else(|| model.wrong(key, "must be an object"))
}

fn mlp_width(tower: &Object, width: usize) -> Result<usize, Error> {
    // In f64 and cut off, as Python's `int(width * mlp_ratio)` does.
    let mlp_width = width as f64 * tower.float("mlp_ratio", 4.0)?;
    if (1.0..=MAX as f64).contains(&mlp_width) {
        Ok(mlp_width as usize)
    } else {
        Err(tower.wrong("mlp_ratio", "makes no MLP"))
    }
}

/// Refuses what is another model, or is computed in another way.
fn refuse_others(model: &Object, vision: &Object, text: &Object) -> Result<(), Error> {
    let what = |what: &str| {
        unusable(format!(
            "The repository holds {what}, and Cliplet reads only CLIP models of the ViT family"
        ))
    };
    if matches!(vision.get("layers"), Some(Value::Array(_))) {
        return Err(what("a CLIP of OpenCLIP's whose image tower is a ResNet"));
    }
    if let Some(name) = vision.string("timm_model_name")? {
        return Err(what(&format!(
            "a CLIP of OpenCLIP's whose image tower is timm's {}",
            quoted(name)
        )));
    }
    if let Some(name) = text.string("hf_model_name")? {
        return Err(what(&format!(
            "a CLIP of OpenCLIP's whose text tower is {}",
            quoted(name)
        )));
    }
    if model.object("multimodal_cfg")?.is_some() {
        return Err(what("a CoCa, which has a third tower"));
    }
    if model.get("init_logit_bias").is_some() {
        return Err(what("a SigLIP, which is scored otherwise than a CLIP"));
    }
    let known_of_model = [
        "embed_dim",
        "vision_cfg",
        "text_cfg",
        "quick_gelu",
        "init_logit_scale",
        "custom_text",
        "cast_dtype",
        "nonscalar_logit_scale",
    ];
    for (object, known, pooling) in [
        (model, &known_of_model[..], &[][..]),
        (vision, &VISION_KEYS[..], &["tok"]),
        (text, &TEXT_KEYS[..], &["argmax", "eos"]),
    ] {
        for (key, value) in object.entries() {
            let harmless = matches!(value, Value::Null | Value::Bool(false))
                || known.contains(&&key[..])
                || (key == "pool_type" && pooling.iter().any(|known| value == known))
                || FIXED.contains(&(&key[..], &value.to_string()[..]));
            if !harmless {
                return Err(object.wrong(key, "is for a model that is computed otherwise"));
            }
        }
    }
    Ok(())
}

struct Preprocessing {
    image_mean: [f32; 3],
    image_std: [f32; 3],
    remarks: Vec<String>,
}

fn preprocessing(whole: &Object) -> Result<Preprocessing, Error> {
    let nothing = Map::new();
    let object = whole.object("preprocess_cfg")?;
    let object = object.unwrap_or_else(|| Object::new(CONFIG, &nothing));
    let mut remarks = Vec::new();
    if !matches!(object.string("interpolation")?, None | Some("bicubic")) {
        remarks.push(
            "The model's own preparation resizes with another filter than Cliplet's bicubic one, so that scores differ a little."
                .to_owned(),
        );
    }
    if !matches!(object.string("resize_mode")?, None | Some("shortest")) {
        remarks.push(
            "The model's own preparation squeezes or pads pictures into a square; Cliplet cuts out their middle, so that scores of \
             pictures that are no squares differ."
                .to_owned(),
        );
    }
    Ok(Preprocessing {
        image_mean: object.three_floats("mean", MEAN)?,
        image_std: object.three_floats("std", STD)?,
        remarks,
    })
}

/// The tensors of a checkpoint of OpenCLIP's under transformers' names. Models whose text tower is
/// an object of its own (`custom_text`) have its names behind `text.`, and distributed trainings
/// all names behind `module.`.
pub fn pieces<R>(checkpoint: &Checkpoint<R>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (tensor, found) in checkpoint.tensors.iter().enumerate() {
        let rows = found.dims.first().copied().unwrap_or(0);
        let mut add = |name: String, rows, turned| {
            pieces.push(Piece {
                name,
                tensor,
                rows,
                turned,
            });
        };
        match named(&found.name) {
            Some(Named::As(name)) => add(name, None, false),
            Some(Named::Turned(name)) => add(name, None, true),
            Some(Named::QueriesKeysValues(before, behind)) => {
                for (i, part) in (0u64..).zip(["q", "k", "v"]) {
                    let name = format!("{before}{part}_proj.{behind}");
                    add(name, Some(i * (rows / 3)..(i + 1) * (rows / 3)), false);
                }
            }
            None => {}
        }
    }
    pieces
}

/// What transformers makes of a tensor.
#[derive(Debug, PartialEq)]
enum Named {
    As(String),
    Turned(String),
    /// Three in one; their names before and behind the letter.
    QueriesKeysValues(String, &'static str),
}

fn named(name: &str) -> Option<Named> {
    let name = &*unwrapped(name);
    let (is_vision, name) = match name.strip_prefix("visual.") {
        Some(name) => (true, name),
        None => (false, name.strip_prefix("text.").unwrap_or(name)),
    };
    let as_is = |name: &str| Some(Named::As(name.to_owned()));
    if let Some(of_block) = name.strip_prefix("transformer.resblocks.") {
        let (block, name) = of_block.split_once('.')?;
        block.parse::<u32>().ok()?;
        let tower = if is_vision { "vision" } else { "text" };
        let before = format!("{tower}_model.encoder.layers.{block}.");
        let renamed = match name {
            "attn.in_proj_weight" => {
                return Some(Named::QueriesKeysValues(
                    format!("{before}self_attn."),
                    "weight",
                ));
            }
            "attn.in_proj_bias" => {
                return Some(Named::QueriesKeysValues(
                    format!("{before}self_attn."),
                    "bias",
                ));
            }
            "attn.out_proj.weight" => "self_attn.out_proj.weight",
            "attn.out_proj.bias" => "self_attn.out_proj.bias",
            "ln_1.weight" => "layer_norm1.weight",
            "ln_1.bias" => "layer_norm1.bias",
            "ln_2.weight" => "layer_norm2.weight",
            "ln_2.bias" => "layer_norm2.bias",
            "mlp.c_fc.weight" => "mlp.fc1.weight",
            "mlp.c_fc.bias" => "mlp.fc1.bias",
            "mlp.c_proj.weight" => "mlp.fc2.weight",
            "mlp.c_proj.bias" => "mlp.fc2.bias",
            _ => return None,
        };
        return Some(Named::As(before + renamed));
    }
    match (is_vision, name) {
        (true, "class_embedding") => as_is("vision_model.embeddings.class_embedding"),
        (true, "conv1.weight") => as_is("vision_model.embeddings.patch_embedding.weight"),
        (true, "positional_embedding") => {
            as_is("vision_model.embeddings.position_embedding.weight")
        }
        (true, "ln_pre.weight") => as_is("vision_model.pre_layrnorm.weight"),
        (true, "ln_pre.bias") => as_is("vision_model.pre_layrnorm.bias"),
        (true, "ln_post.weight") => as_is("vision_model.post_layernorm.weight"),
        (true, "ln_post.bias") => as_is("vision_model.post_layernorm.bias"),
        (true, "proj") => Some(Named::Turned("visual_projection.weight".to_owned())),
        (false, "token_embedding.weight") => as_is("text_model.embeddings.token_embedding.weight"),
        (false, "positional_embedding") => as_is("text_model.embeddings.position_embedding.weight"),
        (false, "ln_final.weight") => as_is("text_model.final_layer_norm.weight"),
        (false, "ln_final.bias") => as_is("text_model.final_layer_norm.bias"),
        (false, "text_projection") => Some(Named::Turned("text_projection.weight".to_owned())),
        (false, LOGIT_SCALE) => as_is(LOGIT_SCALE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config() -> Value {
        json!({
            "model_cfg": {
                "embed_dim": 512,
                "vision_cfg": {"image_size": 224, "layers": 12, "width": 768, "patch_size": 32},
                "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 512, "heads": 8, "layers": 12},
            },
            "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]},
        })
    }

    fn described(config: &Value) -> Result<Description, String> {
        describe(config.to_string().as_bytes(), None).map_err(|error| error.to_string())
    }

    #[test]
    fn vit_b_32_is_read() {
        let model = described(&config()).unwrap();
        let Config { vision, text, .. } = &model.config;
        let vit = vision.vit().unwrap();
        assert_eq!((vit.encoder.heads, vit.encoder.mlp_width), (12, 3072));
        assert_eq!((text.encoder.heads, text.encoder.mlp_width), (8, 2048));
        assert_eq!(vision.image_mean, [0.5; 3]);
        assert_eq!(vit.encoder.activation, Activation::Gelu);
        assert!(model.remarks.is_empty());
        let mut quick = config();
        quick["model_cfg"]["quick_gelu"] = json!(true);
        let quick = described(&quick).unwrap();
        assert_eq!(quick.config.text.encoder.activation, Activation::QuickGelu);
        assert_eq!(
            (text.pooling, model.end_of_text),
            (Pooling::HighestToken, None)
        );
        let mut eos = config();
        eos["model_cfg"]["text_cfg"]["pool_type"] = json!("eos");
        eos["model_cfg"]["text_cfg"]["eos_id"] = json!(49407);
        let eos = described(&eos).unwrap();
        assert_eq!(
            (eos.config.text.pooling, eos.end_of_text),
            (Pooling::EndOfText, Some(49407))
        );
    }

    #[test]
    fn what_is_computed_otherwise_is_refused_by_its_name() {
        for (path, value, named) in [
            (
                "/model_cfg/vision_cfg/layers",
                json!([3, 4, 6, 3]),
                "ResNet",
            ),
            (
                "/model_cfg/vision_cfg/timm_model_name",
                json!("vit_base"),
                "vit_base",
            ),
            (
                "/model_cfg/text_cfg/hf_model_name",
                json!("roberta-base"),
                "roberta-base",
            ),
            ("/model_cfg/multimodal_cfg", json!({}), "CoCa"),
            ("/model_cfg/init_logit_bias", json!(-10), "SigLIP"),
            ("/model_cfg/vision_cfg/pool_type", json!("avg"), "pool_type"),
            ("/model_cfg/vision_cfg/pool_type", json!("eos"), "pool_type"),
            ("/model_cfg/text_cfg/pool_type", json!("last"), "pool_type"),
            (
                "/model_cfg/vision_cfg/ls_init_value",
                json!(0.1),
                "ls_init_value",
            ),
            ("/model_cfg/vision_cfg/no_ln_pre", json!(true), "no_ln_pre"),
            (
                "/model_cfg/text_cfg/no_causal_mask",
                json!(true),
                "no_causal_mask",
            ),
            (
                "/model_cfg/text_cfg/something_new",
                json!(3),
                "something_new",
            ),
            ("/model_cfg/vision_cfg/head_width", json!(100), "head_width"),
            ("/model_cfg/vision_cfg/mlp_ratio", json!(-1), "mlp_ratio"),
            ("/model_cfg/embed_dim", json!(0), "embed_dim"),
        ] {
            let mut config = config();
            let (parent, key) = path.rsplit_once('/').unwrap();
            config.pointer_mut(parent).unwrap()[key] = value;
            let sentence = described(&config).unwrap_err();
            assert!(sentence.contains(named), "{sentence}");
        }
        assert!(described(&json!({})).unwrap_err().contains("model_cfg"));
    }

    #[test]
    fn names_are_those_of_transformers() {
        let is = |name: &str| Some(Named::As(name.to_owned()));
        assert_eq!(
            named("visual.transformer.resblocks.3.ln_1.weight"),
            is("vision_model.encoder.layers.3.layer_norm1.weight")
        );
        for prefix in ["", "text."] {
            assert_eq!(
                named(&format!("{prefix}transformer.resblocks.0.mlp.c_fc.bias")),
                is("text_model.encoder.layers.0.mlp.fc1.bias")
            );
            assert_eq!(
                named(&format!("{prefix}text_projection")),
                Some(Named::Turned("text_projection.weight".to_owned()))
            );
        }
        assert_eq!(named("visual.transformer.resblocks.x.ln_1.weight"), None);
        assert_eq!(named("attn_mask"), None);
        assert_eq!(
            named("module.visual._orig_mod.transformer.resblocks.3.ln_1.weight"),
            is("vision_model.encoder.layers.3.layer_norm1.weight")
        );
        assert_eq!(
            named("_orig_mod.module.model.logit_scale"),
            is("logit_scale")
        );
    }
}
