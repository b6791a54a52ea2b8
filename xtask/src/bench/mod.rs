//! `cargo xtask bench`: Cliplet beside ONNX Runtime Web and Transformers.js, in the same browser on
//! this machine.
//!
//! What lives here: what the command line asks for ([`setup`]), installing the rivals ([`rivals`])
//! and writing the models ([`models`]), which needs node and Python and happens once, and what is
//! made of the measurements ([`report`], [`table`]). What does not: the measurements, which
//! `benches/rivals` takes. With `--native` it is `cliplet embed` beside rivals in Python
//! ([`native`]).

mod machine;
mod models;
mod native;
mod report;
mod rivals;
mod setup;
mod table;
mod wire;

use std::process::Command;

use serde_json::json;

use crate::browser;
use crate::engine::Choice;
use crate::files;
use crate::page;
use crate::step::{Result, step, watch};
use crate::workspace::Workspace;
use models::Model;
pub use setup::BenchOptions;
use setup::{build_cliplet, directory, read_json};

/// Installs and builds what is needed, measures, and prints what came of it.
pub fn bench(workspace: &Workspace, wishes: &BenchOptions) -> Result {
    if wishes.native {
        return native::bench(workspace, wishes);
    }
    let named = models::named(wishes)?;
    let figures: Vec<&str> = if wishes.figures.is_empty() {
        report::figures()
    } else {
        wishes.figures.iter().map(String::as_str).collect()
    };
    let browser = browser::find_all(workspace, &[browser::Engine::Chromium])?;
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
