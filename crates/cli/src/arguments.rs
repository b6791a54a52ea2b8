//! What the command line says.

use std::path::PathBuf;

use clap::{ArgMatches, Args, FromArgMatches, Parser, Subcommand};
use cliplet_clip::Arithmetic;
use cliplet_clip::gguf::WeightType;
use cliplet_clip::prompt::DEFAULT_TEMPLATE;

/// Which of these words fits this picture? CLIP on this machine.
#[derive(Debug, Parser)]
#[command(name = "cliplet", version, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Score pictures against labels.
    #[command(
        after_help = "Example:\n  cliplet classify --model starter.gguf --labels \"cat, dog\" cat.jpg\n\n\
        With --json each line is {\"image\":…, \"results\":[{\"label\":…, \"score\":…, \"cosine\":…}]}, best first."
    )]
    Classify(ClassifyArguments),
    /// Print embeddings of pictures and texts, one JSON object a line, in the order given.
    #[command(
        after_help = "Example:\n  cliplet embed --model starter.gguf --image cat.jpg --text \"a photo of a cat\"\n\n\
        Each line is {\"image\":…, \"embedding\":[…]} or {\"text\":…, \"embedding\":[…]}; embeddings have unit length."
    )]
    Embed(EmbedArguments),
    /// Make a GGUF out of a CLIP as Hugging Face transformers lays it out.
    #[command(
        after_help = "Example:\n  cliplet convert --weights q4_0 CLIP-ViT-B-32-laion2B-s34B-b79K laion.gguf\n\n\
        The folder holds config.json, preprocessor_config.json, tokenizer.json, and model.safetensors or the files that \
        model.safetensors.index.json lists."
    )]
    Convert(ConvertArguments),
    /// Print what a model is.
    Info(InfoArguments),
}

#[derive(Debug, Args)]
pub(crate) struct ModelArguments {
    /// A model: a GGUF file as clip.cpp writes it.
    #[arg(long, value_name = "FILE")]
    pub(crate) model: PathBuf,
    /// Compute in f32 over dequantised weights: slower, and exact.
    #[arg(long)]
    reference: bool,
}

impl ModelArguments {
    pub(crate) fn arithmetic(&self) -> Arithmetic {
        match self.reference {
            true => Arithmetic::Reference,
            false => Arithmetic::Fast,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ClassifyArguments {
    #[command(flatten)]
    pub(crate) model: ModelArguments,
    /// Candidate labels, separated by commas.
    #[arg(long)]
    pub(crate) labels: String,
    /// Prompt template; {} stands for the label.
    #[arg(long, default_value = DEFAULT_TEMPLATE)]
    pub(crate) template: String,
    /// Print JSON, one object a picture.
    #[arg(long)]
    pub(crate) json: bool,
    /// Picture files.
    #[arg(required = true, value_name = "IMAGE")]
    pub(crate) images: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ConvertArguments {
    /// How matrices are stored: f32, f16, q8_0 or q4_0.
    #[arg(long, value_name = "TYPE", default_value = "q8_0", value_parser = weight_type)]
    pub(crate) weights: WeightType,
    /// A folder laid out like a repository of the Hugging Face Hub.
    pub(crate) folder: PathBuf,
    /// The GGUF to write; one that is there is replaced when the new one is whole.
    #[arg(value_name = "OUT.gguf")]
    pub(crate) out: PathBuf,
}

fn weight_type(name: &str) -> Result<WeightType, String> {
    name.parse().map_err(|()| {
        let names: Vec<String> = WeightType::ALL.iter().map(WeightType::to_string).collect();
        format!("the types are {}", names.join(", "))
    })
}

#[derive(Debug, Args)]
pub(crate) struct InfoArguments {
    /// Print JSON, one object.
    #[arg(long)]
    pub(crate) json: bool,
    /// A model: a GGUF file as clip.cpp writes it.
    #[arg(value_name = "FILE.gguf")]
    pub(crate) model: PathBuf,
}

#[derive(Debug)]
pub(crate) struct EmbedArguments {
    pub(crate) model: ModelArguments,
    /// In the order of the command line.
    pub(crate) inputs: Vec<EmbedInput>,
}

#[derive(Debug)]
pub(crate) enum EmbedInput {
    Image(PathBuf),
    Text(String),
}

/// As clap sees it: it keeps the order of each option apart, and gives the places on the command line on request.
#[derive(Debug, Args)]
struct EmbedOptions {
    #[command(flatten)]
    model: ModelArguments,
    /// A picture file; may be given several times.
    #[arg(long = "image", value_name = "FILE", required_unless_present = "text")]
    image: Vec<PathBuf>,
    /// A text, encoded as it is; may be given several times.
    #[arg(long = "text", value_name = "TEXT")]
    text: Vec<String>,
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
        let options = EmbedOptions::from_arg_matches(matches)?;
        let places = |id| matches.indices_of(id).into_iter().flatten();
        let images = options.image.into_iter().map(EmbedInput::Image);
        let texts = options.text.into_iter().map(EmbedInput::Text);
        let mut inputs: Vec<(usize, EmbedInput)> = places("image")
            .zip(images)
            .chain(places("text").zip(texts))
            .collect();
        inputs.sort_by_key(|(place, _)| *place);
        Ok(Self {
            model: options.model,
            inputs: inputs.into_iter().map(|(_, input)| input).collect(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
