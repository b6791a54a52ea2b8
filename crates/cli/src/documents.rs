//! `cliplet completions` and `cliplet man`: what clap knows of the arguments, for shells and for
//! `man`.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::output::NewFile;
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

/// Prints what completes the arguments of `command`.
pub(crate) fn completions(
    arguments: &CompletionsArguments,
    mut command: Command,
) -> Result<(), Stop> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "cliplet", &mut script);
    io::stdout().lock().write_all(&script)?;
    Ok(())
}

/// Writes a page for `command` and for each below it.
pub(crate) fn man(arguments: &ManArguments, command: Command) -> Result<(), Stop> {
    let folder = &arguments.folder;
    fs::create_dir_all(folder).map_err(|error| Stop::unwritable(folder, &error))?;
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    collect(command, &mut pages)?;
    let is_foreign = |(name, page): &&(String, Vec<u8>)| {
        let there = fs::read(folder.join(name));
        there.is_ok_and(|there| title(&there) != title(page))
    };
    if let Some((name, _)) = pages.iter().find(is_foreign) {
        return Err(Stop::Failed(format!(
            "{} is there already, and is no manual page of cliplet's: name another folder.",
            folder.join(name).display()
        )));
    }
    for (name, page) in pages {
        let path = folder.join(name);
        let mut file = NewFile::create(&path)?;
        let written = file.write_all(&page);
        written.map_err(|error| Stop::unwritable(&path, &error))?;
        file.keep()?;
    }
    Ok(())
}

/// The pages of a command and all below it, with the names of their files.
fn collect(command: Command, pages: &mut Vec<(String, Vec<u8>)>) -> Result<(), Stop> {
    let below = command.get_subcommands();
    for command in below.filter(|command| !command.is_hide_set()) {
        collect(command.clone(), pages)?;
    }
    let page = Man::new(command);
    let mut rendered = Vec::new();
    page.render(&mut rendered)?;
    pages.push((page.get_filename(), rendered));
    Ok(())
}

/// The line of a manual page that says what it is about.
fn title(page: &[u8]) -> Option<&[u8]> {
    let mut lines = page.split(|&byte| byte == b'\n');
    let line = lines.find(|line| line.starts_with(b".TH "))?;
    // What follows is the program's version.
    line.split(|&byte| byte == b' ').nth(1)
}
