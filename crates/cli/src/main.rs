//! `cliplet`: Cliplet's model from a terminal.
//!
//! What lives here: arguments ([`arguments`]), files, and JSON lines ([`output`]). What does not: the model, which is
//! `cliplet-clip`'s.

mod arguments;
mod classify;
mod convert;
mod embed;
mod info;
mod input;
mod output;

use std::fmt;
use std::io;
use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};

/// Exit status for arguments that make no sense; clap uses it too.
const USAGE: u8 = 2;
/// Exit status for everything else that fails.
const FAILED: u8 = 1;

/// Why the program ends early.
enum Stop {
    /// The arguments make no sense: a sentence.
    Usage(String),
    /// Something could not be done: a sentence.
    Failed(String),
    /// Some pictures could not be used, which has been said of each; the rest is done.
    SomeUnusable,
    /// Nobody reads the output any more, as in `cliplet … | head`: no error.
    NobodyReads,
}

impl Stop {
    /// The end of a run over pictures of which some may have been unusable.
    fn unless(all_used: bool) -> Result<(), Self> {
        match all_used {
            true => Ok(()),
            false => Err(Self::SomeUnusable),
        }
    }

    fn failed(sentence: impl fmt::Display) -> Self {
        Self::Failed(sentence.to_string())
    }
}

impl From<io::Error> for Stop {
    /// For errors of writing: those of reading name their file.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::NobodyReads,
            _ => Self::Failed(format!("The output could not be written: {error}.")),
        }
    }
}

/// Tells the person something, beside the results.
fn say(sentence: &str) {
    eprintln!("cliplet: {sentence}");
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Classify(arguments) => classify::run(&arguments),
        Command::Embed(arguments) => embed::run(arguments),
        Command::Convert(arguments) => convert::run(&arguments),
        Command::Info(arguments) => info::run(&arguments),
    };
    let (status, sentence) = match result {
        Ok(()) | Err(Stop::NobodyReads) => return ExitCode::SUCCESS,
        Err(Stop::Usage(sentence)) => (USAGE, sentence),
        Err(Stop::Failed(sentence)) => (FAILED, sentence),
        Err(Stop::SomeUnusable) => return ExitCode::from(FAILED),
    };
    say(&sentence);
    ExitCode::from(status)
}
