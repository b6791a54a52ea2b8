//! The starter model, and a model of 224 pixels with random weights, give real photographs the scores that Hugging Face
//! transformers computes with the same weights, and the starter gives the page's samples their best labels. The expected scores are
//! written by `tools/make_starter.py` and `tools/make_embeddings.py`.

// The fixtures are read from a disk.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use cliplet_clip::zero_shot::Score;
use cliplet_clip::{Arithmetic, Clip, picture, prompt, zero_shot};
use serde::Deserialize;
use sha2::{Digest, Sha256};

const STARTER: Model = Model {
    file: "public/models/starter.gguf",
    fixture: "starter.json",
    script: "tools/make_starter.py",
};
const REAL_SHAPE: Model = Model {
    file: "crates/clip/tests/fixtures/vit-224/model.gguf",
    fixture: "vit-224/references.json",
    script: "tools/make_embeddings.py",
};

/// The most a score may differ from that of transformers.
const SCORE: f32 = 0.01;

/// The least cosine of an embedding and transformers'.
const COSINE: f32 = 0.999;

/// Scores nearer to each other than this may change places: pixels differ by up to 1/255, and a fast path rounds.
const TIE: f32 = 0.002;

/// A model, what transformers computes with it, and what writes that down.
struct Model {
    /// From the repository's root.
    file: &'static str,
    fixture: &'static str,
    script: &'static str,
}

#[derive(Deserialize)]
struct Fixture {
    model_sha256: String,
    template: String,
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    /// From the repository's root.
    picture: PathBuf,
    labels: Vec<String>,
    cosines: Vec<f32>,
    scores: Vec<f32>,
    /// The picture's, of unit length. The starter's fixture has none.
    #[serde(default)]
    embedding: Vec<f32>,
}

/// The page's list of samples, as far as it is tested here.
#[derive(Deserialize)]
struct Sample {
    file: String,
    labels: Vec<String>,
    best: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn clip(model: &Model, arithmetic: Arithmetic) -> Clip {
    let file = File::open(root().join(model.file)).unwrap();
    Clip::read(&mut BufReader::new(file), arithmetic).unwrap_or_else(|error| panic!("{error}"))
}

fn embed(clip: &Clip, file: &Path) -> Vec<f32> {
    let bytes = std::fs::read(root().join(file))
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    clip.encode_picture(&picture::decode(&bytes).unwrap())
        .unwrap()
}

fn scores(clip: &Clip, template: &str, image: &[f32], labels: &[String]) -> Vec<Score> {
    let texts: Vec<_> = labels
        .iter()
        .map(|label| clip.encode_text(&prompt::fill(template, label)).unwrap())
        .collect();
    zero_shot::score(image, &texts, clip.config().logit_scale)
}

fn compare(model: &Model, arithmetic: Arithmetic) {
    let fixture: Fixture = common::json(model.fixture);
    let bytes = std::fs::read(root().join(model.file)).unwrap();
    let sha256: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(
        sha256, fixture.model_sha256,
        "{} is not the file that the expected scores are for: run {} (tools/README.md)",
        model.file, model.script
    );
    let clip = clip(model, arithmetic);
    for entry in &fixture.entries {
        let name = entry.picture.display();
        // Only browsers decode these.
        if entry.picture.extension().is_some_and(|kind| kind == "avif") {
            continue;
        }
        let image = embed(&clip, &entry.picture);
        if !entry.embedding.is_empty() {
            let pairs = image.iter().zip(&entry.embedding);
            let cosine: f32 = pairs.map(|(ours, theirs)| ours * theirs).sum();
            println!("{name}: {cosine}");
            assert!(cosine >= COSINE, "{name}: {cosine}");
            continue;
        }
        let ours = scores(&clip, &fixture.template, &image, &entry.labels);
        assert_eq!(ours.len(), entry.scores.len());
        for (i, score) in ours.iter().enumerate() {
            let (label, expected) = (&entry.labels[i], entry.scores[i]);
            let difference = (score.probability - expected).abs();
            assert!(
                difference <= SCORE,
                "{name}, {label}: {}, expected {expected}",
                score.probability
            );
            let difference = (score.cosine - entry.cosines[i]).abs();
            assert!(
                difference <= SCORE,
                "{name}, {label}: {}, expected {}",
                score.cosine,
                entry.cosines[i]
            );
            for (j, other) in ours.iter().enumerate() {
                assert!(
                    expected < entry.scores[j] + TIE || score.probability > other.probability,
                    "{name}: {label} is not before {}",
                    entry.labels[j]
                );
            }
        }
    }
    assert!(fixture.entries.len() >= 20);
}

#[test]
fn the_reference_path_gives_the_scores_of_transformers() {
    compare(&STARTER, Arithmetic::Reference);
}

#[test]
fn the_fast_path_gives_the_scores_of_transformers() {
    compare(&STARTER, Arithmetic::Fast);
}

#[test]
fn a_model_of_224_pixels_gives_the_embeddings_of_transformers() {
    for arithmetic in [Arithmetic::Reference, Arithmetic::Fast] {
        compare(&REAL_SHAPE, arithmetic);
    }
}

#[test]
fn each_sample_gets_its_best_label() {
    let samples = std::fs::read_to_string(root().join("public/samples/samples.json")).unwrap();
    let samples: Vec<Sample> = serde_json::from_str(&samples).unwrap();
    let clip = clip(&STARTER, Arithmetic::Fast);
    for sample in &samples {
        let file = Path::new("public/samples").join(&sample.file);
        let image = embed(&clip, &file);
        let ours = scores(&clip, prompt::DEFAULT_TEMPLATE, &image, &sample.labels);
        let best = (0..ours.len())
            .max_by(|&a, &b| ours[a].probability.total_cmp(&ours[b].probability))
            .unwrap();
        assert_eq!(sample.labels[best], sample.best, "{}", sample.file);
    }
    assert!(samples.len() >= 4, "{} samples", samples.len());
}
