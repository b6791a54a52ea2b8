//! How the program ends, and what it says beside its results.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;

/// Exit status for arguments that make no sense; clap uses it too.
pub(crate) const USAGE: u8 = 2;
/// Exit status for everything else that fails.
pub(crate) const FAILED: u8 = 1;

/// Why the program ends early.
#[derive(Debug)]
pub(crate) enum Stop {
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
    pub(crate) fn unless(all_used: bool) -> Result<(), Self> {
        if all_used {
            Ok(())
        } else {
            Err(Self::SomeUnusable)
        }
    }

    pub(crate) fn failed(sentence: impl fmt::Display) -> Self {
        Self::Failed(sentence.to_string())
    }

    pub(crate) fn unreadable(path: &Path, error: &io::Error) -> Self {
        Self::Failed(format!("{} could not be read: {error}.", path.display()))
    }

    pub(crate) fn unwritable(path: &Path, error: &io::Error) -> Self {
        match error.kind() {
            // Of a pipe, whose reader has had enough.
            io::ErrorKind::BrokenPipe => Self::NobodyReads,
            _ => Self::Failed(format!("{} could not be written: {error}.", path.display())),
        }
    }

    /// A pipe or a device, and a format that is not written from its beginning to its end.
    pub(crate) fn not_seekable(path: &Path, format: &str) -> Self {
        Self::Failed(format!(
            "{} is no regular file, and {format} needs one: the beginning is written last. Name a file.",
            path.display()
        ))
    }
}

impl From<io::Error> for Stop {
    /// For errors of writing to stdout: those of files name their file.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::NobodyReads,
            _ => Self::Failed(format!("The output could not be written: {error}.")),
        }
    }
}

/// Tells the person something, beside the results.
pub(crate) fn say(sentence: &str) {
    // Nobody may be there to read it.
    let _ = writeln!(io::stderr(), "cliplet: {sentence}");
}
