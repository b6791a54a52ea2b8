//! The golden tests' files once more, in a browser, where the fast path has kernels of its own; and a conversion.
#![cfg(target_arch = "wasm32")]

use std::io::Cursor;

use candle_core::Device;
use cliplet_clip::gguf::WeightType;
use cliplet_clip::hugging_face::{Conversion, Repository, Source};
use cliplet_clip::{Arithmetic, Clip, preprocess};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// A case's name, its model, and what transformers makes of it.
macro_rules! case {
    ($name:literal) => {
        (
            $name,
            include_bytes!(concat!("fixtures/golden/", $name, ".gguf")) as &[u8],
            include_bytes!(concat!("fixtures/golden/", $name, ".safetensors")) as &[u8],
        )
    };
}

/// One of each type of weights, and both activation functions.
const CASES: [(&str, &[u8], &[u8]); 7] = [
    case!("f32-gelu"),
    case!("f16-quick"),
    case!("q8_0-gelu"),
    case!("q5_1-gelu"),
    case!("q5_0-quick"),
    case!("q4_1-gelu"),
    case!("q4_0-quick"),
];

/// An entry of `cases.json`.
#[derive(Deserialize)]
struct Case {
    name: String,
    prompts: Vec<Prompt>,
}

#[derive(Deserialize)]
struct Prompt {
    text: String,
    ids: Vec<u32>,
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| -> f32 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn compare(arithmetic: Arithmetic, least: f32) {
    let all: Vec<Case> = serde_json::from_str(include_str!("fixtures/golden/cases.json")).unwrap();
    for (name, model, expected) in CASES {
        let clip = Clip::read(&mut Cursor::new(model), arithmetic).unwrap();
        let tensors = candle_core::safetensors::load_buffer(expected, &Device::Cpu).unwrap();
        let rows = |name: &str| -> Vec<Vec<f32>> { tensors[name].to_vec2().unwrap() };
        let pictures: Vec<Vec<u8>> = tensors["pictures"]
            .flatten_from(1)
            .and_then(|pictures| pictures.to_vec2())
            .unwrap();
        let vision = &clip.config().vision;
        for (rgb, expected) in pictures.iter().zip(rows("image_embeddings")) {
            let pixels = preprocess::normalise(rgb, &vision.image_mean, &vision.image_std);
            let ours = clip.encode_pixels(pixels).unwrap();
            let cosine = cosine(&ours, &expected);
            assert!(
                cosine >= least,
                "{name}, {arithmetic:?}, a picture: {cosine}"
            );
        }
        let prompts = &all.iter().find(|case| case.name == name).unwrap().prompts;
        for (prompt, expected) in prompts.iter().zip(rows("text_embeddings")) {
            assert_eq!(
                clip.tokenizer().encode(&prompt.text).unwrap().ids,
                prompt.ids
            );
            let ours = clip.encode_text(&prompt.text).unwrap();
            let cosine = cosine(&ours, &expected);
            let text = &prompt.text;
            assert!(
                cosine >= least,
                "{name}, {arithmetic:?}, {text:?}: {cosine}"
            );
        }
    }
}

#[wasm_bindgen_test]
fn the_reference_path_agrees_with_transformers() {
    compare(Arithmetic::Reference, 0.9999);
}

#[wasm_bindgen_test]
fn the_fast_path_agrees_with_transformers() {
    compare(Arithmetic::Fast, 0.999);
}

/// A file of a repository that transformers wrote in bf16.
macro_rules! repository_file {
    ($name:literal) => {
        include_bytes!(concat!("fixtures/hugging_face/bf16-sparse/", $name)) as &[u8]
    };
}

/// The same bytes as natively, whose hashes `crates/clip/tests/conversion.rs` compares with those of gguf's own writer.
#[wasm_bindgen_test]
fn a_repository_becomes_the_same_file() {
    let cases: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("fixtures/hugging_face/cases.json")).unwrap();
    let case = cases.iter().find(|case| case["name"] == "bf16-sparse");
    let repository = Repository {
        config: Some(repository_file!("config.json")),
        preprocessor_config: Some(repository_file!("preprocessor_config.json")),
        tokenizer: Some(repository_file!("tokenizer.json")),
    };
    for weights in WeightType::ALL {
        let mut conversion = Conversion::new(&repository, weights).unwrap();
        let mut out = Cursor::new(Vec::new());
        conversion.begin(&mut out).unwrap();
        let mut source = Source::new("model.safetensors");
        for piece in repository_file!("model.safetensors").chunks(9999) {
            conversion.push(&mut source, piece, &mut out).unwrap();
        }
        conversion.finish(&mut out).unwrap();
        let digest = Sha256::digest(out.get_ref());
        let sha256: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            case.unwrap()["sha256"][weights.to_string()],
            sha256,
            "{weights}"
        );
        assert!(Clip::read(&mut out, Arithmetic::Fast).is_ok());
    }
}
