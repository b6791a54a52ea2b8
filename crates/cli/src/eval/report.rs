//! What the reports of all measurements have in common.

use std::io::{self, Write};

use serde::Serialize;

use crate::model::{self, ModelArguments};
use crate::output::json_line;
use crate::stop::Stop;

/// Which model it was, so that a result can be had again.
#[derive(Debug, Serialize)]
pub(super) struct Settings {
    task: &'static str,
    pub(super) model: String,
    model_sha256: String,
    /// Computed in f32 over dequantised weights.
    reference: bool,
    /// Of the program.
    version: &'static str,
}

impl Settings {
    pub(super) fn new(task: &'static str, arguments: &ModelArguments) -> Result<Self, Stop> {
        Ok(Self {
            task,
            model: arguments.model.to_string_lossy().into_owned(),
            model_sha256: model::sha256(&arguments.model)?,
            reference: arguments.reference,
            version: env!("CARGO_PKG_VERSION"),
        })
    }

    pub(super) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        line(out, "model", &self.model)?;
        line(out, "SHA-256", &self.model_sha256)?;
        if self.reference {
            line(out, "arithmetic", "f32")?;
        }
        Ok(())
    }
}

/// The part of a class's pictures that was told rightly. None without pictures.
pub(super) fn recall(pictures: usize, right: usize) -> Option<f64> {
    (pictures > 0).then(|| right as f64 / pictures as f64)
}

/// The mean of the recalls of the classes that have pictures.
pub(super) fn mean(recalls: impl Iterator<Item = Option<f64>>) -> f64 {
    let known: Vec<f64> = recalls.flatten().collect();
    known.iter().sum::<f64>() / known.len() as f64
}

/// A line of a table.
pub(super) fn line(
    out: &mut impl Write,
    name: &str,
    value: impl std::fmt::Display,
) -> io::Result<()> {
    writeln!(out, "{name:24}  {value}")
}

/// A part of a whole in percent, as papers have it.
pub(super) fn percent(part: f64) -> String {
    format!("{:.2} %", 100.0 * part)
}

/// Prints a result, as JSON or as its table.
pub(super) fn report<T: Serialize>(
    json: bool,
    result: &T,
    table: impl FnOnce(&mut io::StdoutLock, &T) -> io::Result<()>,
) -> Result<(), Stop> {
    let mut out = io::stdout().lock();
    if json {
        json_line(&mut out, result)?
    } else {
        table(&mut out, result)?
    }
    Ok(())
}
