//! A row of results, and what takes rows.

use std::io::{self, Write};

use serde::Serialize;

use crate::stop::Stop;

/// What a row is of.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Source {
    Image(String),
    Text(String),
}

impl Source {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Image(name) | Self::Text(name) => name,
        }
    }
}

/// What a picture has with a label.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LabelResult<'a> {
    pub(crate) label: &'a str,
    pub(crate) score: f32,
    pub(crate) cosine: f32,
}

/// A line of results.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row<'a> {
    #[serde(flatten)]
    pub(crate) source: Source,
    /// The end of the picture's file is missing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) incomplete: bool,
    /// Best first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) results: Option<Vec<LabelResult<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) embedding: Option<Vec<f32>>,
}

/// What all rows have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Columns {
    pub(crate) has_results: bool,
    /// Numbers of an embedding, if there are embeddings.
    pub(crate) embedding: Option<usize>,
}

/// Takes rows, one after the other.
pub(crate) trait Rows {
    fn row(&mut self, row: &Row) -> Result<(), Stop>;

    /// Ends the output. Without this, a file does not appear.
    fn finish(self: Box<Self>) -> Result<(), Stop>;
}

/// Writes an object as one line of JSON.
pub(crate) fn json_line(mut to: impl Write, object: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut to, object)?;
    to.write_all(b"\n")
}
