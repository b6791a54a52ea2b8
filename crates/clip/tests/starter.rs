//! The starter model gives real photographs the scores that Hugging Face transformers computes with the same weights, and
//! the page's samples their best labels. The expected scores are written by `tools/make_starter.py`.

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

const MODEL: &str = "public/models/starter.gguf";

/// The most a score may differ from that of transformers.
const SCORE: f32 = 0.01;

/// Scores nearer to each other than this may change places: pixels differ by up to 1/255, and a fast path rounds.
const TIE: f32 = 0.002;

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

fn clip(arithmetic: Arithmetic) -> Clip {
    let file = File::open(root().join(MODEL)).unwrap();
    Clip::read(&mut BufReader::new(file), arithmetic).unwrap_or_else(|error| panic!("{error}"))
}

fn scores(clip: &Clip, template: &str, file: &Path, labels: &[String]) -> Vec<Score> {
    let bytes = std::fs::read(root().join(file))
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let image = clip
        .encode_picture(&picture::decode(&bytes).unwrap())
        .unwrap();
    let texts: Vec<_> = labels
        .iter()
        .map(|label| clip.encode_text(&prompt::fill(template, label)).unwrap())
        .collect();
    zero_shot::score(&image, &texts, clip.config().logit_scale)
}

fn compare(arithmetic: Arithmetic) {
    let fixture: Fixture = common::json("starter.json");
    let bytes = std::fs::read(root().join(MODEL)).unwrap();
    let sha256: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(
        sha256, fixture.model_sha256,
        "{MODEL} is not the file that the expected scores are for: run tools/make_starter.py (tools/README.md)"
    );
    let clip = clip(arithmetic);
    for entry in &fixture.entries {
        let name = entry.picture.display();
        let ours = scores(&clip, &fixture.template, &entry.picture, &entry.labels);
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
    compare(Arithmetic::Reference);
}

#[test]
fn the_fast_path_gives_the_scores_of_transformers() {
    compare(Arithmetic::Fast);
}

#[test]
fn each_sample_gets_its_best_label() {
    let samples = std::fs::read_to_string(root().join("public/samples/samples.json")).unwrap();
    let samples: Vec<Sample> = serde_json::from_str(&samples).unwrap();
    let clip = clip(Arithmetic::Fast);
    for sample in &samples {
        let file = Path::new("public/samples").join(&sample.file);
        let ours = scores(&clip, prompt::DEFAULT_TEMPLATE, &file, &sample.labels);
        let best = (0..ours.len())
            .max_by(|&a, &b| ours[a].probability.total_cmp(&ours[b].probability))
            .unwrap();
        assert_eq!(sample.labels[best], sample.best, "{}", sample.file);
    }
    assert!(samples.len() >= 4, "{} samples", samples.len());
}
