//! What the command line says. Each command's own arguments are beside it.

use clap::{Parser, Subcommand};

use crate::{classify, compare, convert, documents, embed, eval, info, serve};

const EXAMPLES: &str = "\
Examples:
  cliplet convert CLIP-ViT-B-32-laion2B-s34B-b79K laion.gguf
  cliplet info laion.gguf
  cliplet classify --model laion.gguf --labels \"cat, dog\" photos/
  cliplet embed --model laion.gguf --out photos.npy photos/
  cliplet eval zero-shot --model laion.gguf pets/

Each command has more of them: cliplet help classify";

/// Which of these words fits this picture? CLIP on this machine.
#[derive(Debug, Parser)]
#[command(name = "cliplet", version, arg_required_else_help = true, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Score pictures against labels.
    #[command(after_help = classify::EXAMPLES)]
    Classify(classify::ClassifyArguments),
    /// Write embeddings of pictures and texts, which have unit length.
    #[command(after_help = embed::EXAMPLES)]
    Embed(embed::EmbedArguments),
    /// Make a GGUF out of a CLIP in another layout, or out of another GGUF.
    #[command(after_help = convert::EXAMPLES)]
    Convert(convert::ConvertArguments),
    /// Print what a model is.
    #[command(after_help = info::EXAMPLES)]
    Info(info::InfoArguments),
    /// Tell what a model is worth on data whose answers are known.
    #[command(subcommand, after_help = eval::EXAMPLES)]
    Eval(eval::EvalCommand),
    /// Tell how far two models agree: what smaller weights cost.
    #[command(after_help = compare::EXAMPLES)]
    Compare(compare::CompareArguments),
    /// Serve a folder with the built page to browsers on this machine.
    #[command(after_help = serve::EXAMPLES)]
    Serve(serve::ServeArguments),
    /// Print what makes a shell complete cliplet's arguments.
    #[command(after_help = documents::COMPLETIONS_EXAMPLES)]
    Completions(documents::CompletionsArguments),
    /// Write manual pages into a folder.
    #[command(after_help = documents::MAN_EXAMPLES)]
    Man(documents::ManArguments),
}
