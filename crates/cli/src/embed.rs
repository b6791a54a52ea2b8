//! `cliplet embed`.

use std::io;

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
    Image(String),
    Text(String),
}

pub(crate) fn run(arguments: EmbedArguments) -> Result<(), Stop> {
    let clip = input::model(&arguments.model)?;
    let mut out = io::stdout().lock();
    let mut all_used = true;
    for input in arguments.inputs {
        let (embedding, source) = match input {
            EmbedInput::Image(path) => {
                let Some(picture) = input::picture(&path) else {
                    all_used = false;
                    continue;
                };
                // The bytes of a name need not be text, which JSON is.
                let name = path.to_string_lossy().into_owned();
                let embedding = clip.encode_picture(&picture).map_err(Stop::failed)?;
                (embedding, Source::Image(name))
            }
            EmbedInput::Text(text) => {
                let named = (&text[..], format!("text \"{text}\""));
                let embedding = input::texts(&clip, &[named])?.swap_remove(0);
                (embedding, Source::Text(text))
            }
        };
        output::json_line(&mut out, &Embedded { source, embedding })?;
    }
    Stop::unless(all_used)
}
