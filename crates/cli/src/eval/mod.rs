//! `cliplet eval`: what a model is worth on data whose answers are known.
//!
//! What lives here: pictures with their classes (`data`), and the measurements, those of LAION's
//! CLIP_benchmark: zero-shot classification (`zero_shot`), retrieval (`retrieval`), and a linear
//! probe on embeddings (`probe`).

mod data;
mod probe;
mod report;
mod retrieval;
mod zero_shot;

use clap::Subcommand;

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
    /// How often a linear classifier on embeddings is right, fitted to some pictures and tried on
    /// others.
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
