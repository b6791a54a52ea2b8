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

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::available_parallelism;

use serde_json::{Value, json};

use crate::browser;
use crate::engine::Choice;
use crate::files;
use crate::page;
use crate::step::{Result, step, watch};
use crate::workspace::Workspace;
use models::Model;

/// How often each contestant is measured where the command line does not say.
const ROUNDS: usize = 9;

/// What the command line asks for.
#[derive(Debug)]
pub struct BenchOptions {
    /// How often each contestant is measured.
    pub rounds: usize,
    /// How many threads the figures with several have.
    pub threads: usize,
    /// Names of the figures to measure; all if there are none.
    pub figures: Vec<String>,
    /// Where the results go as JSON.
    pub json: Option<PathBuf>,
    /// Print the tables for docs/performance.md.
    pub markdown: bool,
    /// Measure the terminal's program instead of the page.
    pub native: bool,
    /// A model in the place of random weights: its GGUF file, and the same as a folder of a hub.
    pub gguf: Option<PathBuf>,
    /// See [`gguf`](Self::gguf).
    pub onnx: Option<PathBuf>,
}

impl Default for BenchOptions {
    fn default() -> Self {
        Self {
            rounds: ROUNDS,
            threads: available_parallelism().map_or(1, Into::into),
            figures: Vec::new(),
            json: None,
            markdown: false,
            native: false,
            gguf: None,
            onnx: None,
        }
    }
}

impl BenchOptions {
    /// Adds a figure to those that are measured.
    pub fn add_figure(&mut self, name: &str) -> Result {
        let names = report::figures();
        if !names.contains(&name) {
            return Err(format!("--only takes {}, not `{name}`.", names.join(", ")).into());
        }
        self.figures.push(name.to_owned());
        Ok(())
    }

    /// The models that are named, if any are.
    fn models(&self) -> Result<Option<Vec<Model>>> {
        match (&self.gguf, &self.onnx) {
            (None, None) => Ok(None),
            (Some(gguf), Some(hub)) => Ok(Some(vec![Model::named(gguf, hub)?])),
            _ => Err(
                "--model and --onnx go together: the same weights for Cliplet and for its rivals."
                    .into(),
            ),
        }
    }
}

/// Installs and builds what is needed, measures, and prints what came of it.
pub fn bench(workspace: &Workspace, wishes: &BenchOptions) -> Result {
    if wishes.native {
        if !wishes.figures.is_empty() {
            return Err(
                "--only is for the page's figures; --native measures all of its own.".into(),
            );
        }
        return native::bench(workspace, wishes);
    }
    let named = wishes.models()?;
    let figures: Vec<&str> = match wishes.figures.is_empty() {
        true => report::figures(),
        false => wishes.figures.iter().map(String::as_str).collect(),
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
    let report = report::Report::new(&measured, sizes, facts, wishes.threads);
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
