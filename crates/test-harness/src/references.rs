//! What transformers computes with the models of the tests, of upright pictures in sRGB.
//! `tools/make_starter.py` and `tools/make_embeddings.py` write it.

use std::fs;
use std::path::PathBuf;

use serde::Deserialize;

use crate::{Page, Row, repository};

#[derive(Deserialize)]
struct References {
    entries: Vec<Reference>,
}

/// A picture, and what becomes of it.
#[derive(Deserialize)]
pub struct Reference {
    /// Path in the repository.
    pub picture: String,
    /// What the picture is compared with.
    pub labels: Vec<String>,
    /// In the order of the labels.
    pub scores: Vec<f64>,
    /// Of unit length. The starter's references have none.
    #[serde(default)]
    pub embedding: Vec<f64>,
    /// How far a score may be from transformers', and how near each other scores are that may stand
    /// either way.
    #[serde(skip)]
    limits: (f64, f64),
}

impl Reference {
    /// Those of the starter.
    pub fn of_starter() -> Vec<Self> {
        read("crates/clip/tests/fixtures/starter.json", (0.01, 0.002))
    }

    /// Those of [`real_shape`](crate::world::real_shape). It is far more sensitive than a trained
    /// model, so that weights of eight bits move its scores further; a picture that is turned moves
    /// them by some tenths.
    pub fn of_real_shape() -> Vec<Self> {
        read(
            "crates/clip/tests/fixtures/vit-224/references.json",
            (0.08, 0.08),
        )
    }

    /// The picture's file.
    pub fn file(&self) -> PathBuf {
        repository(&self.picture)
    }

    /// The labels.
    pub fn labels(&self) -> Vec<&str> {
        self.labels.iter().map(String::as_str).collect()
    }

    /// A label's score.
    pub fn score(&self, label: &str) -> f64 {
        let at = self.labels.iter().position(|known| known == label);
        self.scores[at.expect("the label has a score")]
    }

    /// The label that fits best, if no other may stand first.
    pub fn clearly_best(&self) -> Option<&str> {
        let mut labels = self.labels();
        labels.sort_by(|a, b| self.score(b).total_cmp(&self.score(a)));
        let (_, tie) = self.limits;
        let apart = self.score(labels[0]) - self.score(labels[1]);
        (apart > tie).then_some(labels[0])
    }

    /// Waits until the page shows the picture with these scores, and checks their order.
    #[track_caller]
    pub fn wait_for_scores(&self, page: &Page) -> Vec<Row> {
        let name = self
            .file()
            .file_name()
            .unwrap()
            .to_string_lossy()
            .into_owned();
        page.wait_for(&format!(
            "[data-testid=drop-zone] img[alt='Your picture “{name}”']"
        ));
        let (apart, tie) = self.limits;
        let rows = page.wait_for_results(&format!("the scores of {}", self.picture), |rows| {
            rows.len() == self.labels.len()
                && rows.is_sorted_by(|a, b| a.score >= b.score)
                && rows.iter().all(|row| {
                    row.score
                        .is_some_and(|score| (score - self.score(&row.label)).abs() < apart)
                })
        });
        for pair in rows.windows(2) {
            let (better, worse) = (self.score(&pair[0].label), self.score(&pair[1].label));
            // What transformers itself tells apart by less than rounding may stand either way.
            assert!(
                better >= worse - tie,
                "{}: {pair:?}, expected {better} and {worse}",
                self.picture
            );
        }
        rows
    }
}

fn read(path: &str, limits: (f64, f64)) -> Vec<Reference> {
    let text = fs::read_to_string(repository(path)).unwrap();
    let mut references: References = serde_json::from_str(&text).unwrap();
    assert!(!references.entries.is_empty());
    references
        .entries
        .iter_mut()
        .for_each(|entry| entry.limits = limits);
    references.entries
}
