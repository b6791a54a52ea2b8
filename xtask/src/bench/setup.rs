//! What the benchmark is asked for, and what its parts share.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::Value;

use super::report::figures;
use crate::files;
use crate::step::{Result, step, watch};
use crate::workspace::Workspace;

/// What the command line asks for.
#[derive(Args, Debug)]
pub struct BenchOptions {
    /// How often each contestant is measured.
    #[arg(long, value_name = "N", default_value = "9")]
    pub rounds: NonZero<usize>,
    /// How many threads the figures with several have; one for each processor core where nothing is
    /// said.
    #[arg(long, value_name = "N", default_value_t = cores(), hide_default_value = true)]
    pub threads: NonZero<usize>,
    /// A figure to measure, in the place of all; may be given more than once.
    #[arg(long = "only", value_name = "FIGURE", value_parser = PossibleValuesParser::new(figures()))]
    pub figures: Vec<String>,
    /// Where the results go as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Print the tables for docs/performance.md.
    #[arg(long)]
    pub markdown: bool,
    /// Measure the terminal's program instead of the page: `cliplet embed` beside OpenCLIP in
    /// PyTorch and ONNX Runtime in Python.
    #[arg(long, conflicts_with = "figures")]
    pub native: bool,
    /// The GGUF file of a model to measure on, in the place of random weights.
    #[arg(long = "model", value_name = "GGUF", requires = "onnx")]
    pub gguf: Option<PathBuf>,
    /// The same weights as a folder of a hub, for the rivals.
    #[arg(long, value_name = "DIR", requires = "gguf")]
    pub onnx: Option<PathBuf>,
}

fn cores() -> NonZero<usize> {
    available_parallelism().unwrap_or(NonZero::<usize>::MIN)
}

/// Everything of the benchmark lies below this.
pub fn directory(workspace: &Workspace) -> PathBuf {
    workspace.target.join("bench")
}

/// The program `cliplet`, as its own tests build it: `cargo build` would choose other features of
/// what it depends on, and compile all of that once more.
pub fn build_cliplet(workspace: &Workspace) -> Result<PathBuf> {
    step("Compiling cliplet", || {
        let mut command = workspace.cargo();
        command.args(["test", "--workspace", "--no-run", "--test", "command_line"]);
        watch(&mut command, "The messages above say why.")
    })?;
    Ok(workspace.target.join("debug").join("cliplet"))
}

/// A file as JSON.
pub fn read_json(path: &Path) -> Result<Value> {
    let text = files::read(path)?;
    serde_json::from_slice(&text)
        .map_err(|error| format!("{} cannot be read: {error}.", path.display()).into())
}
