//! `cargo xtask bench`: Cliplet beside ONNX Runtime Web and Transformers.js, in the same browser on
//! this machine.
//!
//! What lives here: installing the rivals ([`rivals`]) and writing the models ([`models`]), which
//! needs node and Python and happens once, and what is made of the measurements ([`report`],
//! [`table`]). What does not: the measurements, which `benches/rivals` takes. With `--native` it is
//! `cliplet embed` beside rivals in Python ([`native`]).

mod machine;
mod models;
mod native;
mod report;
mod rivals;
mod table;
mod wire;

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::available_parallelism;

use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::{Value, json};

use crate::browser;
use crate::engine::Choice;
use crate::files;
use crate::page;
use crate::step::{Result, step, watch};
use crate::workspace::Workspace;
use models::Model;

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
    #[arg(long = "only", value_name = "FIGURE", value_parser = PossibleValuesParser::new(report::figures()))]
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

impl BenchOptions {
    /// The model that is named, if one is.
    fn models(&self) -> Result<Option<Vec<Model>>> {
        let named = self.gguf.as_ref().zip(self.onnx.as_ref());
        let model = named.map(|(gguf, hub)| Model::named(gguf, hub));
        Ok(model.transpose()?.map(|model| vec![model]))
    }
}

/// Installs and builds what is needed, measures, and prints what came of it.
pub fn bench(workspace: &Workspace, wishes: &BenchOptions) -> Result {
    if wishes.native {
        return native::bench(workspace, wishes);
    }
    let named = wishes.models()?;
    let figures: Vec<&str> = if wishes.figures.is_empty() {
        report::figures()
    } else {
        wishes.figures.iter().map(String::as_str).collect()
    };
    let browser = browser::chromium(workspace)?;
    let rivals = rivals::install(workspace)?;
    let page = page::build(workspace, &Choice::All)?;
    let cliplet = build_cliplet(workspace)?;
    let models = match named {
        Some(models) => models,
        None => models::write(workspace, &cliplet)?,
    };

    let directory = directory(workspace);
    let plan = directory.join("plan.json");
    let results = directory.join("results.json");
    let request = json!({
        "page": page,
        "rivals": rivals,
        "cliplet": cliplet,
        "pictures": directory.join("pictures"),
        "models": models.iter().map(Model::json).collect::<Vec<_>>(),
        "rounds": wishes.rounds,
        "threads": wishes.threads,
        "figures": figures,
        "results": results,
    });
    files::write(&plan, request.to_string())?;
    let program = |command: &mut Command| {
        command.args(["test", "--workspace", "--bench", "rivals"]);
    };
    step("Compiling the benchmark", || {
        let mut command = workspace.cargo();
        program(&mut command);
        watch(command.arg("--no-run"), "The messages above say why.")
    })?;
    step("Measuring (leave the machine alone meanwhile)", || {
        let mut command = workspace.cargo();
        program(&mut command);
        command.arg("--").arg(&plan);
        watch(
            browser.for_command(&mut command)?,
            "The message above says what went wrong.",
        )
    })?;

    let measured = read_json(&results)?;
    let sizes = wire::sizes(workspace, &measured["wire"], &page, &rivals)?;
    let facts = machine::facts(workspace, wishes, &measured)?;
    let report = report::Report::new(&measured, sizes, facts, wishes.threads.get());
    if let Some(path) = &wishes.json {
        files::write(path, format!("{:#}\n", report.json()))?;
    }
    print!(
        "{}",
        if wishes.markdown {
            report.markdown()
        } else {
            report.text()
        }
    );
    Ok(())
}

/// Everything of the benchmark lies below this.
fn directory(workspace: &Workspace) -> PathBuf {
    workspace.target.join("bench")
}

/// The program `cliplet`, as its own tests build it: `cargo build` would choose other features of
/// what it depends on, and compile all of that once more.
fn build_cliplet(workspace: &Workspace) -> Result<PathBuf> {
    step("Compiling cliplet", || {
        let mut command = workspace.cargo();
        command.args(["test", "--workspace", "--no-run", "--test", "command_line"]);
        watch(&mut command, "The messages above say why.")
    })?;
    Ok(workspace.target.join("debug").join("cliplet"))
}

fn read_json(path: &Path) -> Result<Value> {
    let text = files::read(path)?;
    serde_json::from_slice(&text)
        .map_err(|error| format!("{} cannot be read: {error}.", path.display()).into())
}
