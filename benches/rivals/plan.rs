//! What `cargo xtask bench` asks for.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The whole request. Paths are absolute.
#[derive(Debug, Deserialize)]
pub struct Plan {
    /// The built page.
    pub page: PathBuf,
    /// The folder `node_modules` with the rivals.
    pub rivals: PathBuf,
    /// The program `cliplet`, for the reference.
    pub cliplet: PathBuf,
    /// A folder to write pictures to.
    pub pictures: PathBuf,
    /// The models. The first is what is timed; all are compared with the reference.
    pub models: Vec<Model>,
    /// How often each contestant is measured.
    pub rounds: usize,
    /// How many threads `n threads` are.
    pub threads: usize,
    /// Names of the figures to measure.
    pub figures: Vec<String>,
    /// Where the results go.
    pub results: PathBuf,
}

/// One set of weights, for each contestant in the form it takes.
#[derive(Debug, Deserialize)]
pub struct Model {
    /// Part of its URL.
    pub name: String,
    /// For Cliplet.
    pub gguf: PathBuf,
    /// For the rivals: a folder as a hub's repository is laid out.
    pub hub: PathBuf,
}

impl Plan {
    /// Reads the request.
    pub fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path)
            .unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()));
        serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{} is not what xtask writes: {error}", path.display()))
    }
}
