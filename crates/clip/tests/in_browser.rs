//! The golden tests' files once more, in a browser, where the fast path has kernels of its own;
//! convolutional towers; and a conversion.
#![cfg(target_arch = "wasm32")]

mod efficientnet;

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

/// A file of a repository that transformers wrote.
macro_rules! repository_file {
    ($case:literal, $name:literal) => {
        include_bytes!(concat!("fixtures/hugging_face/", $case, "/", $name)) as &[u8]
    };
}

/// A repository's name, its small files, its weights, and what transformers makes of it.
macro_rules! repository {
    ($case:literal) => {
        (
            $case,
            Repository {
                config: Some(repository_file!($case, "config.json")),
                preprocessor_config: Some(repository_file!($case, "preprocessor_config.json")),
                tokenizer: Some(repository_file!($case, "tokenizer.json")),
            },
            repository_file!($case, "model.safetensors"),
            repository_file!($case, "expected.safetensors"),
        )
    };
}

fn repositories() -> Vec<serde_json::Value> {
    serde_json::from_str(include_str!("fixtures/hugging_face/cases.json")).unwrap()
}

fn converted(repository: &Repository, weights: &[u8], to: WeightType) -> Cursor<Vec<u8>> {
    let mut conversion = Conversion::new(repository, to).unwrap();
    let mut out = Cursor::new(Vec::new());
    conversion.begin(&mut out).unwrap();
    let mut source = Source::new("model.safetensors");
    for piece in weights.chunks(9999) {
        conversion.push(&mut source, piece, &mut out).unwrap();
    }
    conversion.finish(&mut out).unwrap();
    out
}

/// Those that know tokens above the end of text.
#[wasm_bindgen_test]
fn learnt_words_are_read_as_transformers_reads_them() {
    for (name, repository, weights, expected) in
        [repository!("f16-words"), repository!("f16-words-legacy")]
    {
        let cases = repositories();
        let case = cases.iter().find(|case| case["name"] == name).unwrap();
        let prompts: Vec<Prompt> = serde_json::from_value(case["prompts"].clone()).unwrap();
        let expected = candle_core::safetensors::load_buffer(expected, &Device::Cpu).unwrap();
        let expected: Vec<Vec<f32>> = expected["text_embeddings"].to_vec2().unwrap();
        assert!(prompts.len() > 10 && prompts.len() == expected.len());
        let mut model = converted(&repository, weights, WeightType::F16);
        let clip = Clip::read(&mut model, Arithmetic::Fast).unwrap();
        for (prompt, expected) in prompts.iter().zip(expected) {
            let Prompt { text, ids } = prompt;
            assert_eq!(&clip.tokenizer().encode(text).unwrap().ids, ids);
            let cosine = cosine(&clip.encode_text(text).unwrap(), &expected);
            assert!(cosine >= 0.999, "{name}, {text:?}: {cosine}");
        }
    }
}

/// The same bytes as natively, whose hashes `crates/clip/tests/conversion.rs` compares with those
/// of gguf's own writer.
#[wasm_bindgen_test]
fn a_repository_becomes_the_same_file() {
    let (name, repository, weights, _) = repository!("bf16-sparse");
    let cases = repositories();
    let case = cases.iter().find(|case| case["name"] == name);
    for to in WeightType::ALL {
        let mut out = converted(&repository, weights, to);
        let digest = Sha256::digest(out.get_ref());
        let sha256: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(case.unwrap()["sha256"][to.to_string()], sha256, "{to}");
        assert!(Clip::read(&mut out, Arithmetic::Fast).is_ok());
    }
}
