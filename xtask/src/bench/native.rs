//! `cargo xtask bench --native`: `cliplet embed` beside OpenCLIP in PyTorch and ONNX Runtime in
//! Python, without a browser.
//!
//! What lives here: building Cliplet for speed, and what is made of the measurements, which
//! `tools/time_native.py` takes.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use super::report::median;
use super::setup::{BenchOptions, build_cliplet, directory, read_json};
use super::table::Table;
use super::{machine, models};
use crate::files;
use crate::python;
use crate::step::{Result, quiet, step, watch};
use crate::workspace::Workspace;

const SCRIPT: &str = "tools/time_native.py";
const REQUIREMENTS: &str = "tools/requirements-native.txt";

/// What is compared: how the script calls a rival, how people do, and how many times as many
/// pictures a second Cliplet should do.
const RIVALS: [(&str, &str, f64); 2] = [
    ("open-clip", "OpenCLIP, PyTorch f32", 1.5),
    ("ort-int8", "ONNX Runtime int8", 1.0),
];

const FIGURES: [(&str, &str); 2] = [
    ("forward", "pixels in memory"),
    ("files", "from JPEG files"),
];

/// Bytes that Cliplet may take beside its model.
const BESIDE_MODEL: f64 = 200e6;

/// Builds and installs what is needed, measures, and prints what came of it.
pub fn bench(workspace: &Workspace, wishes: &BenchOptions) -> Result {
    let models = match models::named(wishes)? {
        Some(models) => models,
        None => models::write(workspace, &build_cliplet(workspace)?)?,
    };
    let model = &models[0];
    let python = python::install(
        workspace,
        &directory(workspace).join("python-native"),
        REQUIREMENTS,
        "OpenCLIP, PyTorch and ONNX Runtime; 5 GB",
    )?;
    let (cliplet, forward) = build(workspace)?;
    let mut threads = vec![1, wishes.threads.get()];
    threads.dedup();
    let plan = directory(workspace).join("native-plan.json");
    let results = directory(workspace).join("native-results.json");
    let request = json!({
        "cliplet": cliplet,
        "forward": forward,
        "gguf": model.gguf(),
        "onnx_f32": model.image_tower(""),
        "onnx_int8": model.image_tower("_quantized"),
        "rounds": wishes.rounds,
        "threads": threads,
        "results": results,
    });
    files::write(&plan, request.to_string())?;
    step("Measuring (leave the machine alone meanwhile)", || {
        let mut command = workspace.command(python);
        command.arg(workspace.root.join(SCRIPT)).arg(&plan);
        watch(&mut command, "The message above says what went wrong.")
    })?;
    let measured = read_json(&results)?;
    if let Some(path) = &wishes.json {
        let facts = machine::facts(workspace, wishes, &json!({}))?;
        files::write(
            path,
            format!("{:#}\n", json!({ "facts": facts, "measured": measured })),
        )?;
    }
    let form = if wishes.markdown {
        Table::markdown
    } else {
        Table::text
    };
    println!("\n{}\n", machine::in_words());
    print!("{}", form(&rates(&measured, &threads)));
    println!();
    print!("{}", form(&memory(&measured, &threads)));
    Ok(())
}

/// `cliplet`, and the bench of its image tower, both built as people who want speed build it.
fn build(workspace: &Workspace) -> Result<(PathBuf, PathBuf)> {
    step("Compiling cliplet for speed", || {
        let build = |command: &mut Command| {
            command.args(["build", "--release", "--package", "cliplet-cli"]);
            command.args(["--bin", "cliplet", "--bench", "forward"]);
        };
        let mut command = workspace.cargo();
        build(&mut command);
        watch(&mut command, "The messages above say why.")?;
        // Once more, for where the bench lies: cargo puts a hash into its name.
        let mut command = workspace.cargo();
        build(&mut command);
        let messages = quiet(command.arg("--message-format=json"), "")?;
        let program = |name: &str| {
            messages
                .lines()
                .filter_map(|line| serde_json::from_str::<Value>(line).ok())
                .filter(|message| message["target"]["name"] == name)
                .find_map(|message| message["executable"].as_str().map(PathBuf::from))
                .ok_or_else(|| format!("cargo names no program {name}."))
        };
        Ok((program("cliplet")?, program("forward")?))
    })
}

/// The samples of one contestant.
fn samples(
    measured: &Value,
    what: &str,
    contestant: &str,
    figure: &str,
    threads: usize,
) -> Vec<f64> {
    let all = measured["samples"].as_array().into_iter().flatten();
    all.filter(|sample| {
        sample["contestant"] == contestant
            && sample["figure"] == figure
            && sample["threads"] == threads
    })
    .filter_map(|sample| sample[what].as_f64())
    .collect()
}

/// Pictures per second. The ratio is the median of the rounds' ratios, in each of which both had
/// the machine as it then was.
fn rates(measured: &Value, threads: &[usize]) -> Table {
    let mut table = Table::new([
        "pictures per second",
        "rival",
        "Cliplet",
        "the rival",
        "ratio",
        "at least",
        "",
    ]);
    for (figure, title) in FIGURES {
        for (name, rival, at_least) in RIVALS {
            for &count in threads {
                let of = |contestant| samples(measured, "per_second", contestant, figure, count);
                let (ours, theirs) = (of("cliplet"), of(name));
                let ratios: Vec<f64> = ours.iter().zip(&theirs).map(|(a, b)| a / b).collect();
                let ratio = median(&ratios);
                table.add([
                    format!("{title}, {}", in_threads(count)),
                    rival.to_owned(),
                    format!("{:.1}", median(&ours)),
                    format!("{:.1}", median(&theirs)),
                    format!("{ratio:.2}"),
                    format!("{at_least:.2}"),
                    yes_or_no(ratio >= at_least),
                ]);
            }
        }
    }
    table
}

/// Cliplet's peak memory on the whole way from files.
fn memory(measured: &Value, threads: &[usize]) -> Table {
    let mut table = Table::new(["peak memory, from JPEG files", "MB", "at most", ""]);
    let model = measured["model_bytes"].as_f64().unwrap_or_default();
    let at_most = model + BESIDE_MODEL;
    for &count in threads {
        let peaks = samples(measured, "memory", "cliplet", "files", count);
        let peak = peaks.iter().copied().fold(0.0, f64::max);
        table.add([
            format!("Cliplet, {}", in_threads(count)),
            format!("{:.0}", peak / 1e6),
            format!("{:.0}", at_most / 1e6),
            yes_or_no(peak <= at_most),
        ]);
    }
    table
}

fn in_threads(count: usize) -> String {
    match count {
        1 => "1 thread".to_owned(),
        count => format!("{count} threads"),
    }
}

fn yes_or_no(held: bool) -> String {
    if held { "yes" } else { "NO" }.to_owned()
}
