//! `cliplet eval`: what a model is worth on data whose answers are known.
//!
//! What lives here: pictures with their classes (`data`), and the measurements, those of LAION's CLIP_benchmark: zero-shot classification
//! (`zero_shot`), retrieval (`retrieval`), and a linear probe on embeddings (`probe`).

mod data;
mod probe;
mod retrieval;
mod zero_shot;

use std::io::{self, Write};

use clap::Subcommand;
use serde::Serialize;

use crate::arguments::ModelArguments;
use crate::model;
use crate::output::json_line;
use crate::stop::Stop;

pub(crate) const EXAMPLES: &str = "\
Examples:
  cliplet eval zero-shot --model laion.gguf --classes imagenet-1k --template-file imagenet-80 imagenet/val/
  cliplet eval retrieval --model laion.gguf --captions captions.jsonl
  cliplet eval probe --model laion.gguf --train pets/train --test pets/test

Each has a --help of its own, with more of them.";

#[derive(Debug, Subcommand)]
pub(crate) enum EvalCommand {
    /// How often the best of all classes is the right one, by their names alone.
    #[command(after_help = zero_shot::EXAMPLES)]
    ZeroShot(zero_shot::ZeroShotArguments),
    /// How often a picture is found by its caption, and a caption by its picture.
    #[command(after_help = retrieval::EXAMPLES)]
    Retrieval(retrieval::RetrievalArguments),
    /// How often a linear classifier on embeddings is right, fitted to some pictures and tried on others.
    #[command(after_help = probe::EXAMPLES)]
    Probe(probe::ProbeArguments),
}

pub(crate) fn run(command: &EvalCommand) -> Result<(), Stop> {
    match command {
        EvalCommand::ZeroShot(arguments) => zero_shot::run(arguments),
        EvalCommand::Retrieval(arguments) => retrieval::run(arguments),
        EvalCommand::Probe(arguments) => probe::run(arguments),
    }
}

/// Which model it was, so that a result can be had again.
#[derive(Debug, Serialize)]
struct Settings {
    task: &'static str,
    model: String,
    model_sha256: String,
    /// Computed in f32 over dequantised weights.
    reference: bool,
    /// Of the program.
    version: &'static str,
}

impl Settings {
    fn new(task: &'static str, arguments: &ModelArguments) -> Result<Self, Stop> {
        Ok(Self {
            task,
            model: arguments.model.to_string_lossy().into_owned(),
            model_sha256: model::sha256(&arguments.model)?,
            reference: arguments.reference,
            version: env!("CARGO_PKG_VERSION"),
        })
    }

    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        line(out, "model", &self.model)?;
        line(out, "SHA-256", &self.model_sha256)?;
        if self.reference {
            line(out, "arithmetic", "f32")?;
        }
        Ok(())
    }
}

/// The part of a class's pictures that was told rightly. None without pictures.
fn recall(pictures: usize, right: usize) -> Option<f64> {
    (pictures > 0).then(|| right as f64 / pictures as f64)
}

/// The mean of the recalls of the classes that have pictures.
fn mean(recalls: impl Iterator<Item = Option<f64>>) -> f64 {
    let known: Vec<f64> = recalls.flatten().collect();
    known.iter().sum::<f64>() / known.len() as f64
}

/// A line of a table.
fn line(out: &mut impl Write, name: &str, value: impl std::fmt::Display) -> io::Result<()> {
    writeln!(out, "{name:24}  {value}")
}

/// A part of a whole in percent, as papers have it.
fn percent(part: f64) -> String {
    format!("{:.2} %", 100.0 * part)
}

/// Prints a result, as JSON or as its table.
fn report<T: Serialize>(
    json: bool,
    result: &T,
    table: impl FnOnce(&mut io::StdoutLock, &T) -> io::Result<()>,
) -> Result<(), Stop> {
    let mut out = io::stdout().lock();
    match json {
        true => json_line(&mut out, result)?,
        false => table(&mut out, result)?,
    }
    Ok(())
}
