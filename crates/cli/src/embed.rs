//! `cliplet embed`.

use std::collections::HashSet;
use std::path::PathBuf;

use clap::{ArgMatches, Args, FromArgMatches};
use cliplet_protocol::text;

use crate::collection::{Collection, Identity};
use crate::job::{Job, Outcome, embedding_row};
use crate::model::{self, ModelArguments};
use crate::output::{Columns, Destination, Format, OutputArguments, Row, Rows, Source};
use crate::pictures::{PictureArguments, Unit};
use crate::stop::Stop;
use crate::text_file;

pub(crate) const EXAMPLES: &str = "\
Examples:
  cliplet embed --model laion.gguf --image cat.jpg --text \"a photo of a cat\"
  cliplet embed --model laion.gguf --out photos.npy photos/
  cliplet embed --model laion.gguf --texts-file prompts.txt --out prompts.safetensors
  cliplet embed --model laion.gguf --shard 0/8 --out-folder embeddings shards/

Lines of JSON are {\"image\":…, \"embedding\":[…]} or {\"text\":…, \"embedding\":[…]}: first those of --image and --text, in their order,
then those of --texts-file, then all other pictures. Embeddings have unit length.";

#[derive(Debug)]
pub(crate) struct EmbedArguments {
    options: EmbedOptions,
    /// In the order of the command line.
    inputs: Vec<Input>,
}

#[derive(Debug)]
enum Input {
    Image(PathBuf),
    Text(String),
}

/// As clap sees it: it keeps the order of each option apart, and gives the places on the command
/// line on request.
#[derive(Debug, Args)]
struct EmbedOptions {
    #[command(flatten)]
    model: ModelArguments,
    /// A picture file; may be given several times.
    #[arg(long = "image", value_name = "FILE")]
    image: Vec<PathBuf>,
    /// A text, encoded as it is; may be given several times.
    #[arg(long = "text", value_name = "TEXT")]
    text: Vec<String>,
    /// A file with a text a line.
    #[arg(long, value_name = "FILE")]
    texts_file: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    pictures: PictureArguments,
}

impl Args for EmbedArguments {
    fn augment_args(command: clap::Command) -> clap::Command {
        EmbedOptions::augment_args(command)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        EmbedOptions::augment_args_for_update(command)
    }
}

impl FromArgMatches for EmbedArguments {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut options = EmbedOptions::from_arg_matches(matches)?;
        let places = |id| matches.indices_of(id).into_iter().flatten();
        let images = options.image.drain(..).map(Input::Image);
        let texts = options.text.drain(..).map(Input::Text);
        let mut inputs: Vec<(usize, Input)> = places("image")
            .zip(images)
            .chain(places("text").zip(texts))
            .collect();
        inputs.sort_by_key(|(place, _)| *place);
        Ok(Self {
            options,
            inputs: inputs.into_iter().map(|(_, input)| input).collect(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

pub(crate) fn run(arguments: EmbedArguments) -> Result<(), Stop> {
    let EmbedArguments {
        options,
        mut inputs,
    } = arguments;
    let (destination, format) = options.output.destination(Format::Jsonl)?;
    if format == Format::Text {
        return Err(Stop::Usage(
            "--format text is for people, to whom an embedding says nothing.".to_owned(),
        ));
    }
    if let Some(path) = &options.texts_file {
        let texts = text_file::read(path)?;
        let texts = text::lines(&texts).filter(|text| !text.trim().is_empty());
        inputs.extend(texts.map(|text| Input::Text(text.to_owned())));
    }
    let units = if options.pictures.is_empty() && !inputs.is_empty() {
        Vec::new()
    } else {
        options.pictures.units()?
    };
    let named = inputs.iter().filter_map(|input| match input {
        Input::Image(path) => Some(path),
        Input::Text(_) => None,
    });
    let files = options.texts_file.iter().chain([&options.model.model]);
    let files = files.chain(named).map(PathBuf::as_path);
    destination.check(format, files.chain(options.pictures.read(&units)))?;
    let has = |wanted: fn(&Input) -> bool| inputs.iter().any(wanted);
    let collection = match &destination {
        Destination::Folder(_) if !inputs.is_empty() => {
            return Err(Stop::Usage(
                "--out-folder is for pictures alone: --image, --text and --texts-file are written with --out."
                    .to_owned(),
            ));
        }
        Destination::Folder(folder) => {
            let shard = options.pictures.shard.as_ref();
            let identity = Identity {
                model: model::sha256(&options.model.model)?,
                question: format!("embed {:?}", options.model.arithmetic()),
                format: format.extension().to_owned(),
                shards: shard.map(|shard| shard.count),
            };
            Some(Collection::plan(folder, &units, shard, identity, format)?)
        }
        _ => None,
    };
    // What is done already needs no model.
    let waits = collection.as_ref().map_or(!units.is_empty(), |collection| {
        !collection.parts().is_empty()
    });
    let towers = model::towers(
        &options.model,
        waits || has(|input| matches!(input, Input::Image(_))),
        has(|input| matches!(input, Input::Text(_))),
    )?;
    let width = match (&towers.images, &towers.texts) {
        (Some(images), _) => images.projection_dim(),
        (None, Some(texts)) => texts.projection_dim(),
        // Every picture is in another shard, or done.
        (None, None) => 0,
    };
    let columns = Columns {
        has_results: false,
        embedding: Some(width),
    };
    if let Some(collection) = collection {
        return Stop::unless(match &towers.images {
            Some(encoder) => {
                let job = Job {
                    encoder,
                    columns,
                    format,
                    row: &embedding_row,
                };
                job.run_in_parts(collection)?
            }
            None => collection.finish(&HashSet::new())?,
        });
    }
    let mut rows = destination.rows(format, columns)?;
    let mut outcome = Outcome::default();
    // Runs of pictures and of texts, each of which is done together.
    for run in inputs.chunk_by(|a, b| matches!(a, Input::Image(_)) == matches!(b, Input::Image(_)))
    {
        let images = run.iter().filter_map(|input| match input {
            Input::Image(path) => Some(Unit::File(path.clone())),
            Input::Text(_) => None,
        });
        let texts = run.iter().filter_map(|input| match input {
            Input::Text(text) => Some((text.clone(), format!("text \"{text}\""))),
            Input::Image(_) => None,
        });
        let (images, texts): (Vec<_>, Vec<_>) = (images.collect(), texts.collect());
        if let (Some(encoder), false) = (&towers.images, images.is_empty()) {
            let of_run = embed_pictures(encoder, &images, columns, format, &mut *rows)?;
            outcome = outcome.and(of_run);
        }
        if let (Some(encoder), false) = (&towers.texts, texts.is_empty()) {
            for (embedding, (text, _)) in model::embed_texts(encoder, &texts, |_| {})?
                .into_iter()
                .zip(texts)
            {
                outcome.rows += 1;
                rows.row(&Row {
                    source: Source::Text(text),
                    incomplete: false,
                    results: None,
                    embedding: Some(embedding),
                })?;
            }
        }
    }
    if let (Some(encoder), false) = (&towers.images, units.is_empty()) {
        let of_units = embed_pictures(encoder, &units, columns, format, &mut *rows)?;
        outcome = outcome.and(of_units);
    }
    outcome.end(rows)
}

fn embed_pictures(
    encoder: &cliplet_clip::ImageEncoder,
    units: &[Unit],
    columns: Columns,
    format: Format,
    rows: &mut dyn Rows,
) -> Result<Outcome, Stop> {
    let job = Job {
        encoder,
        columns,
        format,
        row: &embedding_row,
    };
    job.among(units, rows)
}
