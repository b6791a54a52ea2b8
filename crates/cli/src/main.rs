//! `cliplet`: Cliplet's model from a terminal.
//!
//! What lives here: arguments ([`arguments`]), a module for each command, and what they share:
//! which model, labels and pictures are meant ([`model`], [`labels`], [`pictures`]), how pictures
//! become embeddings ([`encode`]), rows of results in several formats ([`output`]), large
//! collections in parts ([`job`], [`collection`]), progress, and how the program ends ([`stop`]).
//! What does not: the model, which is `cliplet-clip`'s, other people's files, which are
//! `cliplet-checkpoints`', and the server, which is `cliplet-server`'s.

#![forbid(unsafe_code)]

mod arguments;
mod classify;
mod collection;
mod compare;
mod convert;
mod documents;
mod embed;
mod encode;
mod eval;
mod info;
mod job;
mod labels;
mod model;
mod output;
mod pictures;
mod progress;
mod serve;
mod stop;
mod text_file;

use std::panic;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use cliplet_clip::picture;

use arguments::{Arguments, Command};
use stop::{FAILED, Stop, USAGE, say};

fn main() -> ExitCode {
    keep_quiet_about_pictures();
    let result = match Arguments::parse().command {
        Command::Classify(arguments) => classify::run(&arguments),
        Command::Embed(arguments) => embed::run(arguments),
        Command::Convert(arguments) => convert::run(&arguments),
        Command::Info(arguments) => info::run(&arguments),
        Command::Eval(command) => eval::run(&command),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Completions(arguments) => documents::completions(&arguments, Arguments::command()),
        Command::Man(arguments) => documents::man(&arguments, Arguments::command()),
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

/// A picture that its decoder panics over is told of as any other that cannot be used.
fn keep_quiet_about_pictures() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !picture::is_decoding() {
            usual(info);
        }
    }));
}
