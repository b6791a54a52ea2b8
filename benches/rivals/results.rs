//! What was measured, as it was measured: `cargo xtask bench` makes medians and ratios of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Serialize;

/// Everything.
#[derive(Debug, Default, Serialize)]
pub struct Results {
    /// The browser, as it names itself.
    pub browser: String,
    /// Which build of the engine each of Cliplet's contestants ran.
    pub engines: BTreeMap<String, String>,
    /// Samples by figure and contestant. Times are milliseconds, memory is bytes.
    pub samples: BTreeMap<String, BTreeMap<String, Vec<f64>>>,
    /// Files that come over the wire before a model does, by contestant.
    pub wire: BTreeMap<String, Vec<String>>,
    /// How near results are to a reference.
    pub exactness: Vec<Exactness>,
}

/// How near the embeddings of one computation are to those of another.
#[derive(Debug, Serialize)]
pub struct Exactness {
    /// The model's name.
    pub model: String,
    /// What was computed.
    pub what: String,
    /// What it is compared with.
    pub reference: String,
    /// Cosines of pictures' embeddings.
    pub pictures: Cosines,
    /// Cosines of prompts' embeddings.
    pub prompts: Cosines,
    /// The part of the pairs of a picture and a list of labels whose best label is the same.
    pub best_label: f64,
    /// How many such pairs there are.
    pub pairs: usize,
}

/// Some cosines, in short.
#[derive(Debug, Serialize)]
pub struct Cosines {
    /// The least.
    pub least: f64,
    /// The median.
    pub median: f64,
}

impl Results {
    /// Adds a sample, and shows it.
    pub fn add(&mut self, figure: &str, contestant: &str, sample: f64) {
        println!("  {figure:10} {contestant:18} {sample:12.1}");
        let figure = self.samples.entry(figure.to_owned()).or_default();
        figure
            .entry(contestant.to_owned())
            .or_default()
            .push(sample);
    }

    /// Writes everything.
    pub fn write(&self, path: &Path) {
        let text = serde_json::to_string(self).expect("results are plain data");
        fs::write(path, text)
            .unwrap_or_else(|error| panic!("{} cannot be written: {error}", path.display()));
    }
}
