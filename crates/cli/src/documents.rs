//! `cliplet completions` and `cliplet man`: what clap knows of the arguments, for shells and for `man`.

use std::fs;
use std::io;
use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::stop::Stop;

pub(crate) const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  cliplet completions bash > ~/.local/share/bash-completion/completions/cliplet
  cliplet completions zsh > ~/.zfunc/_cliplet
  cliplet completions fish > ~/.config/fish/completions/cliplet.fish";

pub(crate) const MAN_EXAMPLES: &str = "\
Examples:
  cliplet man ~/.local/share/man/man1
  man cliplet-classify";

#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// Which shell.
    shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArguments {
    /// The folder; it is made if it is not there.
    folder: PathBuf,
}

pub(crate) fn completions(arguments: &CompletionsArguments) -> Result<(), Stop> {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut Arguments::command(),
        "cliplet",
        &mut script,
    );
    io::Write::write_all(&mut io::stdout().lock(), &script)?;
    Ok(())
}

pub(crate) fn man(arguments: &ManArguments) -> Result<(), Stop> {
    let folder = &arguments.folder;
    fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Arguments::command(), folder))
        .map_err(|error| Stop::unwritable(folder, &error))
}
