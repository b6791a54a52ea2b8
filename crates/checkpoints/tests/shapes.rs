//! Models as wide as well-known ones give what OpenCLIP computes, and a model of 224 pixels
//! predicts what it predicts in OpenCLIP. The fixtures are written by `tools/make_parity.py`, which
//! compares OpenCLIP with transformers as well.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Cursor;
use std::path::{Path, PathBuf};

use candle_core::Device;
use cliplet_checkpoints::{open_clip, safetensors, send};
use cliplet_clip::gguf::WeightType;
use cliplet_clip::hugging_face::{Conversion, Towers};
use cliplet_clip::picture::Picture;
use cliplet_clip::{Arithmetic, Clip, picture, preprocess, zero_shot};
use serde::Deserialize;
use serde_json::{Value, json};

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> T {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// One entry of `shapes.json`.
#[derive(Deserialize)]
struct Shape {
    name: String,
    config: Value,
    seed: u64,
    ids: Vec<Vec<u32>>,
    shapes: BTreeMap<String, Vec<usize>>,
}

/// The output of splitmix64 (Steele, Lea and Flood, 2014) for a state.
fn splitmix(state: u64) -> u64 {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// The weights of a tensor, as `weight` in `tools/make_parity.py` makes them of its name.
fn weights<'a>(name: &'a str, dims: &'a [usize]) -> impl Iterator<Item = f32> + 'a {
    let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325u64, |seed, byte| {
        (seed ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    let count = dims.iter().product::<usize>() as u64;
    let fan_in = dims[1..].iter().product::<usize>() as f64;
    let scale = 2.5 / fan_in.sqrt();
    (0..count).map(move |i| {
        let random = splitmix(seed.wrapping_add(i)) >> 40;
        let uniform = random as f64 / (1 << 23) as f64 - 1.0;
        let value = match dims.len() {
            1 if name.ends_with("weight") => 1.0 + 0.5 * uniform,
            1 => 0.5 * uniform,
            _ => uniform * scale,
        };
        value as f32
    })
}

/// A checkpoint as OpenCLIP saves it.
fn checkpoint(shape: &Shape) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    let mut data = Vec::new();
    let mut add = |name: &str, dims: &[usize], numbers: &mut dyn Iterator<Item = f32>| {
        let begin = data.len();
        data.extend(numbers.flat_map(f32::to_le_bytes));
        let entry = json!({"dtype": "F32", "shape": dims, "data_offsets": [begin, data.len()]});
        header.insert(name.to_owned(), entry);
    };
    for (name, dims) in &shape.shapes {
        add(name, dims, &mut weights(name, dims));
    }
    add("logit_scale", &[], &mut std::iter::once(50f32.ln()));
    let header = Value::Object(header).to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

/// The pixels of a picture, as `picture` in `tools/make_parity.py` makes them.
fn pixels(size: u64, seed: u64) -> Vec<u8> {
    let mut pixels = Vec::new();
    for y in 0..size {
        for x in 0..size {
            for channel in 0..3 {
                let i = (y * size + x) * 3 + channel;
                let noise = splitmix(seed.wrapping_mul(0x1000_0000).wrapping_add(i)) >> 58;
                let stripes = (x * (seed % 5 + 1) + y * (channel + 1)) % 192;
                pixels.push((stripes + noise) as u8);
            }
        }
    }
    pixels
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        let products = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b));
        products.sum()
    };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn embeddings_are_those_of_open_clip() {
    let expected =
        candle_core::safetensors::load(fixture("shapes.safetensors"), &Device::Cpu).unwrap();
    let tokenizer = repository("crates/clip/tests/fixtures/hugging_face/f32-old/tokenizer.json");
    let tokenizer = fs::read_to_string(tokenizer).unwrap();
    for shape in read_json::<Vec<Shape>>(&fixture("shapes.json")) {
        let rows = |what: &str| {
            let tensor = &expected[&format!("{}.{what}", shape.name)];
            tensor.to_vec2::<f32>().unwrap()
        };
        let config = shape.config.to_string();
        let bytes = checkpoint(&shape);
        for (weights, arithmetic, least) in [
            (WeightType::F32, Arithmetic::Reference, 0.999_99),
            (WeightType::Q8_0, Arithmetic::Fast, 0.99),
        ] {
            let what = format!("{}, {weights}", shape.name);
            let model = open_clip::describe(config.as_bytes(), Some(tokenizer.clone())).unwrap();
            let mut conversion = Conversion::of(model, weights, Towers::Both).unwrap();
            let mut gguf = Cursor::new(Vec::new());
            conversion.begin(&mut gguf).unwrap();
            let mut checkpoint = safetensors::open("checkpoint", Cursor::new(&bytes)).unwrap();
            let pieces = open_clip::pieces(&checkpoint);
            send(&mut checkpoint, &pieces, &mut conversion, &mut gguf, |_| {}).unwrap();
            conversion.finish(&mut gguf).unwrap();
            let clip = Clip::read(&mut gguf, arithmetic).unwrap();
            drop(gguf);
            let vision = &clip.config().vision;
            for (i, expected) in rows("images").iter().enumerate() {
                let rgb = pixels(vision.image_size as u64, shape.seed + i as u64);
                let pixels = preprocess::normalise(&rgb, &vision.image_mean, &vision.image_std);
                let cosine = cosine(&clip.encode_pixels(pixels).unwrap(), expected);
                assert!(cosine >= least, "{what}, picture {i}: {cosine}");
            }
            for (ids, expected) in shape.ids.iter().zip(rows("texts")) {
                let cosine = cosine(&clip.encode_tokens(ids).unwrap(), &expected);
                assert!(cosine >= least, "{what}, {ids:?}: {cosine}");
            }
        }
    }
}

/// `predictions.json`.
#[derive(Deserialize)]
struct Predictions {
    template: String,
    labels: Vec<String>,
    crops: Vec<(String, u32, u32, u32, u32)>,
    /// Those of the test model of 224 pixels.
    open_clip: BestLabels,
    /// PyTorch's, of the starter.
    starter: BestLabels,
}

/// Of each crop the best label's number, and its score.
#[derive(Deserialize)]
struct BestLabels {
    best: Vec<usize>,
    scores: Vec<f32>,
}

/// Part of a photograph.
fn crop(of: &Picture, left: u32, top: u32, width: u32, height: u32) -> Picture {
    let row = |y: u32| {
        let begin = 3 * (y * of.width() + left) as usize;
        &of.rgb()[begin..begin + 3 * width as usize]
    };
    let rgb = (top..top + height).flat_map(row).copied().collect();
    Picture::new(width, height, rgb).unwrap()
}

/// How a model's best labels agree with some of those expected: for how many crops, and by how much
/// their scores differ at most.
fn agreement(
    model: &str,
    arithmetic: Arithmetic,
    of: fn(&Predictions) -> &BestLabels,
) -> (usize, f32) {
    let predictions: Predictions = read_json(&fixture("predictions.json"));
    assert_eq!(predictions.crops.len(), 500);
    let expected = of(&predictions);
    let mut file = File::open(repository(model)).unwrap();
    let clip = Clip::read(&mut file, arithmetic).unwrap();
    let prompts = predictions.labels.iter();
    let prompts = prompts.map(|label| predictions.template.replace("{}", label));
    let texts: Vec<Vec<f32>> = prompts
        .map(|prompt| clip.encode_text(&prompt).unwrap())
        .collect();
    let mut photographs = BTreeMap::new();
    let mut pixels = Vec::new();
    for (name, left, top, width, height) in &predictions.crops {
        let photograph = photographs.entry(name).or_insert_with(|| {
            let folder = repository("crates/clip/tests/fixtures/photographs");
            let bytes = fs::read(folder.join(format!("{name}.png"))).unwrap();
            picture::decode(&bytes).unwrap()
        });
        let crop = crop(photograph, *left, *top, *width, *height);
        pixels.push(clip.preprocess(&crop).unwrap());
    }
    let (mut right, mut worst) = (0, 0f32);
    let images = pixels.chunks(50);
    let images = images.flat_map(|together| clip.encode_batch(together).unwrap());
    for (i, image) in images.enumerate() {
        let scores = zero_shot::score(&image, &texts, clip.config().logit_scale);
        let best = (0..scores.len())
            .max_by(|&a, &b| scores[a].cosine.total_cmp(&scores[b].cosine))
            .unwrap();
        right += usize::from(best == expected.best[i]);
        let score = scores[expected.best[i]].probability;
        worst = worst.max((score - expected.scores[i]).abs());
    }
    println!("{model}, {arithmetic:?}: {right} of 500 agree, scores differ by up to {worst}");
    (right, worst)
}

/// The weights are in f16; in reference arithmetic each is what OpenCLIP was given in f32. Of
/// random weights, quick arithmetic says too little: they are far more sensitive than trained ones.
#[test]
fn predictions_are_those_of_open_clip() {
    let model = "crates/clip/tests/fixtures/vit-224/model.gguf";
    let (right, worst) = agreement(model, Arithmetic::Reference, |all| &all.open_clip);
    assert!(right >= 499 && worst <= 2e-3);
}

#[test]
fn predictions_of_the_starter_are_those_of_pytorch() {
    let model = "public/models/starter.gguf";
    let (right, worst) = agreement(model, Arithmetic::Fast, |all| &all.starter);
    assert!(right >= 495 && worst <= 0.04);
}
