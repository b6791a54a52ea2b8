//! The starter model gives real photographs and texts the embeddings and scores that PyTorch
//! computes with the same weights, and the page's samples their best labels; a ViT of 224 pixels
//! with random weights gives photographs the embeddings of Hugging Face transformers. What is
//! expected is written by `tools/make_starter.py` and `tools/make_embeddings.py`.

// The fixtures are read from a disk.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use cliplet_clip::zero_shot::Score;
use cliplet_clip::{Arithmetic, Clip, picture, zero_shot};
use serde::Deserialize;
use serde::de::DeserializeOwned;
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

/// The most a score or a cosine may differ from that of the reference.
const SCORE: f32 = 0.01;

/// Scores nearer to each other than this may change places: pixels differ by up to 1/255, and a
/// fast path rounds.
const TIE: f32 = 0.002;

/// A model, what the reference computes with it, and what writes that down.
struct Model {
    /// From the repository's root.
    file: &'static str,
    fixture: &'static str,
    script: &'static str,
}

#[derive(Deserialize)]
struct Fixture<Entry> {
    model_sha256: String,
    entries: Vec<Entry>,
    #[serde(default)]
    template: String,
    /// Embeddings of pictures, by their paths from the repository's root. Only the starter's
    /// fixture has these, and those of texts.
    #[serde(default)]
    pictures: BTreeMap<PathBuf, Vec<f32>>,
    #[serde(default)]
    texts: BTreeMap<String, Vec<f32>>,
}

/// A picture's scores.
#[derive(Deserialize)]
struct Scores {
    /// From the repository's root.
    picture: PathBuf,
    labels: Vec<String>,
    cosines: Vec<f32>,
    scores: Vec<f32>,
}

/// A picture's embedding.
#[derive(Deserialize)]
struct Embedding {
    /// From the repository's root.
    picture: PathBuf,
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
        .map(|label| clip.encode_text(&template.replace("{}", label)).unwrap())
        .collect();
    zero_shot::score(image, &texts, clip.config().logit_scale)
}

fn fixture<Entry: DeserializeOwned>(model: &Model) -> Fixture<Entry> {
    let fixture: Fixture<Entry> = common::json(model.fixture);
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
    assert!(fixture.entries.len() >= 20);
    fixture
}

fn assert_near(what: &str, ours: &[f32], theirs: &[f32], least: f32) {
    assert_eq!(ours.len(), theirs.len());
    // Both have unit length.
    let cosine: f32 = ours.iter().zip(theirs).map(|(a, b)| a * b).sum();
    println!("{what}: {cosine}");
    assert!(cosine >= least, "{what}: cosine {cosine}");
}

fn compare_scores(arithmetic: Arithmetic) {
    let fixture: Fixture<Scores> = fixture(&STARTER);
    let clip = clip(&STARTER, arithmetic);
    for entry in &fixture.entries {
        let name = entry.picture.display();
        let image = embed(&clip, &entry.picture);
        let ours = scores(&clip, &fixture.template, &image, &entry.labels);
        assert_eq!(ours.len(), entry.scores.len());
        for (i, score) in ours.iter().enumerate() {
            let label = &entry.labels[i];
            for (ours, expected) in [
                (score.probability, entry.scores[i]),
                (score.cosine, entry.cosines[i]),
            ] {
                assert!(
                    (ours - expected).abs() <= SCORE,
                    "{name}, {label}: {ours}, expected {expected}"
                );
            }
            for (j, other) in ours.iter().enumerate() {
                assert!(
                    entry.scores[i] < entry.scores[j] + TIE
                        || score.probability > other.probability,
                    "{name}: {label} is not before {}",
                    entry.labels[j]
                );
            }
        }
    }
}

#[test]
fn the_reference_path_gives_the_scores_of_pytorch() {
    compare_scores(Arithmetic::Reference);
}

#[test]
fn the_fast_path_gives_the_scores_of_pytorch() {
    compare_scores(Arithmetic::Fast);
}

/// Those of photographs differ by how Pillow's pixels differ from ours, too.
#[test]
fn the_starter_gives_the_embeddings_of_pytorch() {
    let fixture: Fixture<Scores> = fixture(&STARTER);
    for (arithmetic, least) in [(Arithmetic::Reference, 0.9999), (Arithmetic::Fast, 0.9995)] {
        let clip = clip(&STARTER, arithmetic);
        for (path, theirs) in &fixture.pictures {
            let what = format!("{arithmetic:?}, {}", path.display());
            assert_near(&what, &embed(&clip, path), theirs, least);
        }
        for (text, theirs) in &fixture.texts {
            let what = format!("{arithmetic:?}, {text}");
            assert_near(&what, &clip.encode_text(text).unwrap(), theirs, least);
        }
    }
    assert!(fixture.pictures.len() >= 10 && fixture.texts.len() >= 10);
}

#[test]
fn a_vit_of_224_pixels_gives_the_embeddings_of_transformers() {
    let fixture: Fixture<Embedding> = fixture(&REAL_SHAPE);
    for arithmetic in [Arithmetic::Reference, Arithmetic::Fast] {
        let clip = clip(&REAL_SHAPE, arithmetic);
        for entry in &fixture.entries {
            // Only browsers decode these.
            if entry.picture.extension().is_some_and(|kind| kind == "avif") {
                continue;
            }
            let what = format!("{arithmetic:?}, {}", entry.picture.display());
            assert_near(
                &what,
                &embed(&clip, &entry.picture),
                &entry.embedding,
                0.999,
            );
        }
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
        let ours = scores(&clip, "a photo of a {}", &image, &sample.labels);
        let best = (0..ours.len())
            .max_by(|&a, &b| ours[a].probability.total_cmp(&ours[b].probability))
            .unwrap();
        assert_eq!(sample.labels[best], sample.best, "{}", sample.file);
    }
    assert!(samples.len() >= 4, "{} samples", samples.len());
}
