//! Every kind of picture file is read as Pillow, LittleCMS and tifffile read it, or refused by what
//! it is. `tools/make_kinds.py` writes the files, and the embeddings that transformers computes of
//! what these read.

// The fixtures are read from a disk.
#![cfg(not(target_arch = "wasm32"))]

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use cliplet_clip::{Arithmetic, Clip, picture};
use serde::Deserialize;

/// The least cosine to the embedding of transformers.
const NEAR: f32 = 0.999;

#[derive(Deserialize)]
struct Kind {
    file: String,
    #[serde(default)]
    embedding: Vec<f32>,
    #[serde(default)]
    incomplete: bool,
    /// What the sentence says of a file that is not read.
    refused: Option<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn clip() -> Clip {
    let path = root().join("crates/clip/tests/fixtures/vit-224/model.gguf");
    let mut file = BufReader::new(File::open(path).unwrap());
    Clip::read(&mut file, Arithmetic::Reference).unwrap()
}

/// What is wrong with how a file is read.
fn fault(clip: &Clip, folder: &Path, kind: &Kind) -> Option<String> {
    let decoded = picture::decode(&fs::read(folder.join(&kind.file)).unwrap());
    match (decoded, &kind.refused) {
        (Err(error), Some(named)) => {
            let sentence = error.to_string();
            (!sentence.contains(named)).then_some(sentence)
        }
        (Err(error), None) => Some(error.to_string()),
        (Ok(_), Some(named)) => Some(format!("is read, and not refused as {named}")),
        (Ok(picture), None) => {
            let embedding = clip.encode_picture(&picture).unwrap();
            let both = embedding.iter().zip(&kind.embedding);
            let cosine: f32 = both.map(|(a, b)| a * b).sum();
            let is_right = cosine >= NEAR && picture.is_incomplete() == kind.incomplete;
            (!is_right).then(|| format!("cosine {cosine}, incomplete: {}", picture.is_incomplete()))
        }
    }
}

#[test]
fn each_kind_is_read_as_others_read_it() {
    let folder = root().join("tests/pictures/kinds");
    let kinds = fs::read(folder.join("kinds.json")).unwrap();
    let kinds: Vec<Kind> = serde_json::from_slice(&kinds).unwrap();
    let clip = clip();
    let faults: Vec<String> = kinds
        .iter()
        .filter_map(|kind| Some(format!("{}: {}", kind.file, fault(&clip, &folder, kind)?)))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(kinds.len() > 60);
}
