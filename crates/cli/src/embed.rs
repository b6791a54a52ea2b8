//! `cliplet embed`.

use std::io;
use std::path::PathBuf;

use serde::Serialize;

use crate::arguments::{EmbedArguments, EmbedInput};
use crate::{Stop, input, output};

/// One line of JSON: what was encoded, and its embedding.
#[derive(Serialize)]
struct Embedded {
    #[serde(flatten)]
    source: Source,
    embedding: Vec<f32>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Source {
    Image(PathBuf),
    Text(String),
}

pub(crate) fn run(arguments: EmbedArguments) -> Result<(), Stop> {
    let clip = input::model(&arguments.model)?;
    let mut out = io::stdout().lock();
    for input in arguments.inputs {
        let (embedding, source) = match input {
            EmbedInput::Image(path) => (
                clip.encode_picture(&input::picture(&path)?),
                Source::Image(path),
            ),
            EmbedInput::Text(text) => (clip.encode_text(&text), Source::Text(text)),
        };
        let embedding = embedding.map_err(Stop::failed)?;
        output::json_line(&mut out, &Embedded { source, embedding })?;
    }
    Ok(())
}
