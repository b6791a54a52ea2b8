//! `cliplet classify`.

use std::path::PathBuf;

use clap::Args;
use cliplet_clip::zero_shot;

use crate::collection::{Collection, Identity};
use crate::job::Job;
use crate::labels::{self, LabelArguments};
use crate::model::{self, ModelArguments};
use crate::output::{Columns, Destination, Format, LabelResult, OutputArguments, Row, Source};
use crate::pictures::PictureArguments;
use crate::stop::Stop;

pub(crate) const EXAMPLES: &str = "\
Examples:
  cliplet classify --model laion.gguf --labels \"cat, dog\" cat.jpg
  cliplet classify --model laion.gguf --labels-file animals.txt --out scores.csv photos/
  cliplet classify --model laion.gguf --labels-file imagenet-1k --template-file imagenet-80 --top 5 '*.jpg'
  find . -name '*.jpg' | cliplet classify --model laion.gguf --labels \"cat, dog\" --format jsonl -
  cliplet classify --model laion.gguf --labels \"cat, dog\" --shard 0/8 --out-folder scores shards/

Lines of JSON are {\"image\":…, \"results\":[{\"label\":…, \"score\":…, \"cosine\":…}]}, best first. A picture that cannot be used is named on
stderr, and the exit status is then 1.";

#[derive(Debug, Args)]
pub(crate) struct ClassifyArguments {
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    labels: LabelArguments,
    /// Only the best so many labels of each picture.
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    top: Option<u32>,
    /// Write embeddings as well, in JSON and Parquet.
    #[arg(long)]
    embeddings: bool,
    /// Print JSON, one object a picture: --format jsonl.
    #[arg(long, conflicts_with = "format")]
    json: bool,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    pictures: PictureArguments,
}

pub(crate) fn run(arguments: &ClassifyArguments) -> Result<(), Stop> {
    let labels = arguments.labels.labels()?;
    let templates = arguments.labels.templates.templates()?;
    let default = if arguments.json {
        Format::Jsonl
    } else {
        Format::Text
    };
    let (destination, format) = arguments.output.destination(default)?;
    let units = arguments.pictures.units()?;
    let files = [
        Some(&arguments.model.model),
        arguments.labels.labels_file.as_ref(),
        arguments.labels.templates.template_file.as_ref(),
    ];
    let files = files.into_iter().flatten().map(PathBuf::as_path);
    destination.check(format, files.chain(arguments.pictures.read(&units)))?;
    let top = arguments.top.map_or(usize::MAX, |top| top as usize);
    let collection = match &destination {
        Destination::Folder(folder) => {
            let shard = arguments.pictures.shard.as_ref();
            let identity = Identity {
                model: model::sha256(&arguments.model.model)?,
                question: format!(
                    "classify {:?} {labels:?} {templates:?} {top} {}",
                    arguments.model.arithmetic(),
                    arguments.embeddings
                ),
                format: format.extension().to_owned(),
                shards: shard.map(|shard| shard.count),
            };
            Some(Collection::plan(folder, &units, shard, identity, format)?)
        }
        _ => None,
    };
    let clip = model::whole(&arguments.model)?;
    let texts = labels::embed(clip.texts(), &labels, &templates)?;
    let columns = Columns {
        has_results: true,
        embedding: arguments.embeddings.then_some(clip.config().projection_dim),
    };
    let row = |image: String, embedding: Vec<f32>| {
        let scores = zero_shot::score(&embedding, &texts, clip.config().logit_scale);
        let mut results: Vec<LabelResult> = labels
            .iter()
            .zip(scores)
            .map(|(label, score)| LabelResult {
                label,
                score: score.probability,
                cosine: score.cosine,
            })
            .collect();
        results.sort_by(|a, b| b.cosine.total_cmp(&a.cosine));
        results.truncate(top);
        Row {
            source: Source::Image(image),
            incomplete: false,
            results: Some(results),
            embedding: arguments.embeddings.then_some(embedding),
        }
    };
    let job = Job {
        encoder: clip.images(),
        columns,
        format,
        row: &row,
    };
    match collection {
        Some(collection) => Stop::unless(job.run_in_parts(collection)?),
        None => job.run(&units, &destination),
    }
}
