//! Small CLIPs with random weights give the embeddings that Hugging Face transformers computes from
//! the same files, and those that candle-transformers computes. The files are written by
//! `tools/make_golden.py`.

// The fixtures are read from a disk.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Cursor, Read};

use candle_core::quantized::gguf_file::Content;
use candle_core::{D, DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::clip::text_model::{Activation, ClipTextConfig};
use candle_transformers::models::clip::vision_model::ClipVisionConfig;
use candle_transformers::models::clip::{ClipConfig, ClipModel};
use cliplet_clip::config::EncoderConfig;
use cliplet_clip::{Arithmetic, Clip, config, preprocess, zero_shot};
use serde::Deserialize;

/// The least cosine of the reference path, whose arithmetic is f32 as that of transformers:
/// rounding costs 1e-12, and the wrong activation function, the smallest mistake there is to make,
/// 2e-6.
const REFERENCE: f64 = 0.999_999_9;

/// The least cosine of the fast path.
const FAST: f64 = 0.999;

/// One entry of `cases.json`.
#[derive(Deserialize)]
struct Case {
    name: String,
    #[serde(rename = "type")]
    weights: String,
    quick_gelu: bool,
    logit_scale: f32,
    image_size: usize,
    patch_size: usize,
    context_length: usize,
    prompts: Vec<Prompt>,
    sequences: Vec<Vec<u32>>,
}

#[derive(Deserialize)]
struct Prompt {
    text: String,
    ids: Vec<u32>,
    cut: bool,
}

impl Case {
    fn all() -> Vec<Self> {
        common::json("golden/cases.json")
    }

    fn file(&self) -> BufReader<File> {
        let path = common::fixture(&format!("golden/{}.gguf", self.name));
        BufReader::new(File::open(path).unwrap())
    }

    fn clip(&self, arithmetic: Arithmetic) -> Clip {
        Clip::read(&mut self.file(), arithmetic)
            .unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// The pictures and what transformers makes of everything.
    fn expected(&self) -> Expected {
        let path = common::fixture(&format!("golden/{}.safetensors", self.name));
        let tensors = candle_core::safetensors::load(path, &Device::Cpu).unwrap();
        let rows = |name: &str| tensors[name].to_vec2::<f32>().unwrap();
        Expected {
            pictures: tensors["pictures"]
                .flatten_from(1)
                .and_then(|pictures| pictures.to_vec2())
                .unwrap(),
            images: rows("image_embeddings"),
            texts: rows("text_embeddings"),
            sequences: rows("sequence_embeddings"),
            probabilities: rows("probabilities"),
        }
    }
}

struct Expected {
    /// RGB8, interleaved.
    pictures: Vec<Vec<u8>>,
    images: Vec<Vec<f32>>,
    texts: Vec<Vec<f32>>,
    sequences: Vec<Vec<f32>>,
    /// A row a picture, a column a prompt.
    probabilities: Vec<Vec<f32>>,
}

fn pixels(clip: &Clip, rgb: &[u8]) -> Vec<f32> {
    let vision = &clip.config().vision;
    preprocess::normalise(rgb, &vision.image_mean, &vision.image_std)
}

/// In f64, so that a limit as near to 1 as 0.99999 means something.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter()
            .zip(b)
            .map(|(a, b)| f64::from(*a) * f64::from(*b))
            .sum()
    };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn assert_near(what: &str, embedding: &[f32], expected: &[f32], least: f64) {
    let length: f64 = embedding.iter().map(|x| f64::from(*x).powi(2)).sum();
    assert!(
        (length - 1.0).abs() < 1e-5,
        "{what}: squared length {length}"
    );
    let cosine = cosine(embedding, expected);
    assert!(cosine >= least, "{what}: cosine {cosine}, at least {least}");
}

/// Everything a case holds, against transformers.
fn compare(case: &Case, arithmetic: Arithmetic, least: f64) {
    let (clip, expected) = (case.clip(arithmetic), case.expected());
    let name = &case.name;
    for (i, (rgb, embedding)) in expected.pictures.iter().zip(&expected.images).enumerate() {
        let ours = clip.encode_pixels(pixels(&clip, rgb)).unwrap();
        assert_near(&format!("{name}, picture {i}"), &ours, embedding, least);
    }
    for (prompt, embedding) in case.prompts.iter().zip(&expected.texts) {
        let ours = clip.encode_text(&prompt.text).unwrap();
        let what = format!("{name}, prompt {:?}", prompt.text);
        assert_near(&what, &ours, embedding, least);
    }
    for (ids, embedding) in case.sequences.iter().zip(&expected.sequences) {
        let ours = clip.encode_tokens(ids).unwrap();
        assert_near(&format!("{name}, ids {ids:?}"), &ours, embedding, least);
    }
}

#[test]
fn the_files_say_what_the_models_are() {
    for case in Case::all() {
        let clip = case.clip(Arithmetic::Reference);
        let config = clip.config();
        assert_eq!(config.vision.image_size, case.image_size, "{}", case.name);
        let vit = config.vision.vit().unwrap();
        assert_eq!(vit.patch_size, case.patch_size, "{}", case.name);
        assert_eq!(
            config.text.context_length, case.context_length,
            "{}",
            case.name
        );
        assert_eq!(config.logit_scale, case.logit_scale, "{}", case.name);
        let quick = vit.encoder.activation == config::Activation::QuickGelu;
        assert_eq!(quick, case.quick_gelu, "{}", case.name);
    }
}

#[test]
fn token_ids_are_those_of_transformers() {
    for case in Case::all() {
        let clip = case.clip(Arithmetic::Reference);
        for prompt in &case.prompts {
            let tokens = clip.tokenizer().encode(&prompt.text).unwrap();
            let what = format!("{}, prompt {:?}", case.name, prompt.text);
            assert_eq!(tokens.ids, prompt.ids, "{what}");
            assert_eq!(tokens.cut, prompt.cut, "{what}");
        }
    }
}

#[test]
fn the_reference_path_agrees_with_transformers() {
    let cases = Case::all();
    for case in &cases {
        compare(case, Arithmetic::Reference, REFERENCE);
    }
    for weights in ["f32", "f16", "q8_0", "q4_0", "q4_1", "q5_0", "q5_1"] {
        assert!(
            cases.iter().any(|case| case.weights == weights),
            "no case has {weights}"
        );
    }
}

#[test]
fn the_fast_path_agrees_with_transformers() {
    for case in &Case::all() {
        compare(case, Arithmetic::Fast, FAST);
    }
}

/// Prompts that begin alike share what is computed of their beginnings, in one call and from one to
/// the next.
#[test]
fn prompts_encoded_together_are_what_each_is_alone() {
    for case in &Case::all() {
        let together = case.clip(Arithmetic::Fast);
        let mut prompts: Vec<&[u32]> = case.sequences.iter().map(Vec::as_slice).collect();
        prompts.extend(case.prompts.iter().map(|prompt| &prompt.ids[..]));
        let end = *prompts[0].last().unwrap();
        let beginnings: Vec<Vec<u32>> = prompts
            .iter()
            .flat_map(|ids| (1..ids.len()).map(|count| [&ids[..count], &[end][..]].concat()))
            .collect();
        prompts.extend(beginnings.iter().map(Vec::as_slice));
        for _ in 0..2 {
            let embeddings = together.encode_token_lists(&prompts).unwrap();
            for (ids, embedding) in prompts.iter().zip(&embeddings) {
                let alone = case.clip(Arithmetic::Fast).encode_tokens(ids).unwrap();
                assert_near(
                    &format!("{}, ids {ids:?}", case.name),
                    embedding,
                    &alone,
                    REFERENCE,
                );
                let again = together.encode_tokens(ids).unwrap();
                assert_near(
                    &format!("{}, ids {ids:?} again", case.name),
                    &again,
                    &alone,
                    REFERENCE,
                );
            }
        }
    }
}

#[test]
fn pictures_encoded_together_are_what_each_is_alone() {
    for case in &Case::all() {
        let clip = case.clip(Arithmetic::Fast);
        let pictures = case.expected().pictures;
        let pictures: Vec<Vec<f32>> = pictures.iter().map(|rgb| pixels(&clip, rgb)).collect();
        let together = clip.encode_batch(&pictures).unwrap();
        assert!(together.len() > 1, "{}", case.name);
        for (pixels, embedding) in pictures.into_iter().zip(&together) {
            let alone = clip.encode_pixels(pixels).unwrap();
            assert_near(&case.name, embedding, &alone, REFERENCE);
        }
    }
}

#[test]
fn scores_agree_with_transformers() {
    for case in Case::all() {
        let (clip, expected) = (case.clip(Arithmetic::Reference), case.expected());
        let texts: Vec<_> = case
            .prompts
            .iter()
            .map(|prompt| clip.encode_text(&prompt.text).unwrap())
            .collect();
        for (rgb, probabilities) in expected.pictures.iter().zip(&expected.probabilities) {
            let image = clip.encode_pixels(pixels(&clip, rgb)).unwrap();
            let scores = zero_shot::score(&image, &texts, clip.config().logit_scale);
            for (score, expected) in scores.iter().zip(probabilities) {
                let difference = (score.probability - expected).abs();
                assert!(
                    difference < 0.002,
                    "{}: {score:?}, expected {expected}",
                    case.name
                );
            }
        }
    }
}

/// The limit is worth something: one wrong bit in a file, the one that says which activation
/// function, breaks it.
#[test]
fn the_other_activation_is_noticed() {
    for case in Case::all() {
        let mut bytes = Vec::new();
        case.file().read_to_end(&mut bytes).unwrap();
        let key = b"clip.use_gelu";
        let at = bytes
            .windows(key.len())
            .position(|window| window == key)
            .unwrap();
        // Behind the key: its type, four bytes, then the truth value.
        bytes[at + key.len() + 4] ^= 1;
        let clip = Clip::read(&mut Cursor::new(bytes), Arithmetic::Reference).unwrap();
        let expected = case.expected();
        for (rgb, embedding) in expected.pictures.iter().zip(&expected.images) {
            let ours = clip.encode_pixels(pixels(&clip, rgb)).unwrap();
            assert!(cosine(&ours, embedding) < REFERENCE, "{}", case.name);
        }
        for (ids, embedding) in case.sequences.iter().zip(&expected.sequences) {
            let ours = clip.encode_tokens(ids).unwrap();
            assert!(cosine(&ours, embedding) < REFERENCE, "{}", case.name);
        }
    }
}

/// An oracle that shares neither code nor weights' names with ours: candle-transformers' own CLIP.
/// Its activation is quick-GELU and its LayerNorm's epsilon 1e-5, whatever the file says.
#[test]
fn the_reference_path_agrees_with_candle_transformers() {
    let mut compared = 0;
    for case in Case::all().iter().filter(|case| case.quick_gelu) {
        let clip = case.clip(Arithmetic::Reference);
        let vit = clip.config().vision.vit().unwrap();
        assert!((vit.encoder.layer_norm_epsilon - 1e-5).abs() < 1e-9);
        let oracle = candle_oracle(case, &clip);
        let embedding =
            |features: Tensor| -> Vec<f32> { features.squeeze(0).unwrap().to_vec1().unwrap() };
        let side = case.image_size;
        for rgb in &case.expected().pictures {
            let pixels = pixels(&clip, rgb);
            let input = Tensor::from_vec(pixels.clone(), (1, 3, side, side), &Device::Cpu).unwrap();
            let expected = embedding(oracle.get_image_features(&input).unwrap());
            let ours = clip.encode_pixels(pixels).unwrap();
            assert_near(&case.name, &ours, &expected, REFERENCE);
        }
        for ids in &case.sequences {
            let input = Tensor::new(&ids[..], &Device::Cpu)
                .unwrap()
                .unsqueeze(0)
                .unwrap();
            let expected = embedding(oracle.get_text_features(&input).unwrap());
            let ours = clip.encode_tokens(ids).unwrap();
            assert_near(&case.name, &ours, &expected, REFERENCE);
        }
        compared += 1;
    }
    assert!(compared > 0, "no case has quick-GELU");
}

/// candle-transformers' CLIP with the weights of the case's file.
fn candle_oracle(case: &Case, clip: &Clip) -> ClipModel {
    let mut file = case.file();
    let content = Content::read(&mut file).unwrap();
    let mut weights: HashMap<String, Tensor> = content
        .tensor_infos
        .keys()
        .map(|name| {
            let weight = content.tensor(&mut file, name, &Device::Cpu).unwrap();
            (
                transformers_name(name),
                weight.dequantize(&Device::Cpu).unwrap(),
            )
        })
        .collect();
    weights.insert(
        "logit_scale".into(),
        Tensor::new(0f32, &Device::Cpu).unwrap(),
    );
    let vocab_size = weights["text_model.embeddings.token_embedding.weight"]
        .dim(D::Minus2)
        .unwrap();
    let config = clip.config();
    let (text, vision) = (&config.text.encoder, &config.vision.vit().unwrap().encoder);
    let EncoderConfig {
        width,
        mlp_width,
        blocks,
        heads,
        ..
    } = *text;
    let config = ClipConfig {
        text_config: ClipTextConfig {
            vocab_size,
            embed_dim: width,
            activation: Activation::QuickGelu,
            intermediate_size: mlp_width,
            max_position_embeddings: config.text.context_length,
            pad_with: None,
            num_hidden_layers: blocks,
            num_attention_heads: heads,
            projection_dim: config.projection_dim,
        },
        vision_config: ClipVisionConfig {
            embed_dim: vision.width,
            activation: Activation::QuickGelu,
            intermediate_size: vision.mlp_width,
            num_hidden_layers: vision.blocks,
            num_attention_heads: vision.heads,
            projection_dim: config.projection_dim,
            num_channels: 3,
            image_size: case.image_size,
            patch_size: case.patch_size,
        },
        logit_scale_init_value: 0.0,
        image_size: case.image_size,
    };
    let weights = VarBuilder::from_tensors(weights, DType::F32, &Device::Cpu);
    ClipModel::new(weights, &config).unwrap()
}

/// clip.cpp's name of a tensor in the words of transformers, which candle-transformers uses.
fn transformers_name(name: &str) -> String {
    let Some((tower, rest)) = name.split_once('.').filter(|(tower, _)| tower.len() == 1) else {
        return name.to_owned();
    };
    let (tower, final_norm) = match tower {
        "t" => ("text_model", "final_layer_norm"),
        _ => ("vision_model", "post_layernorm"),
    };
    if let Some(block) = rest.strip_prefix("blk.") {
        let renamed = block
            .replace("attn_out", "self_attn.out_proj")
            .replace("attn_q", "self_attn.q_proj")
            .replace("attn_k", "self_attn.k_proj")
            .replace("attn_v", "self_attn.v_proj")
            .replace("ffn_down", "mlp.fc1")
            .replace("ffn_up", "mlp.fc2")
            .replace("ln1", "layer_norm1")
            .replace("ln2", "layer_norm2");
        return format!("{tower}.encoder.layers.{renamed}");
    }
    if rest.contains("embd") {
        return format!("{tower}.embeddings.{}", rest.replace("embd", "embedding"));
    }
    let renamed = rest
        .replace("pre_ln", "pre_layrnorm")
        .replace("post_ln", final_norm);
    format!("{tower}.{renamed}")
}
