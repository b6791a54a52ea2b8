//! The book: the pages of `docs/` as a web site, built by mdBook as `book.toml` says.
//!
//! It becomes a part of the built page, below [`DIRECTORY`], so that it can show the page's own widget. What is checked of it,
//! links and samples, is checked by `tests/book` and by the tests of `crates/book`.

use std::path::{Path, PathBuf};

use crate::files;
use crate::fingerprint::Fingerprint;
use crate::step::{Result, quiet_stderr, step, warn};
use crate::tools;
use crate::workspace::Workspace;

/// Where the book lies in the built page, relative to it.
pub const DIRECTORY: &str = "book";

/// Where mdBook leaves the book.
fn directory(workspace: &Workspace) -> PathBuf {
    workspace.target.join("book")
}

/// The book's home page.
fn home(workspace: &Workspace) -> PathBuf {
    directory(workspace).join("index.html")
}

/// The built book, if there is one.
pub fn built(workspace: &Workspace) -> Option<PathBuf> {
    home(workspace).is_file().then(|| directory(workspace))
}

/// Builds the book, and says where it lies.
pub fn build_for_reading(workspace: &Workspace) -> Result {
    bring_up_to_date(workspace, &tools::mdbook(workspace)?)?;
    println!(
        "The book is in {}. Its examples work where it lies in the page: `cargo xtask serve` shows that.",
        home(workspace).display()
    );
    Ok(())
}

/// Brings the book up to date. Where mdBook cannot be had, there is none, and that is said: the page does without.
pub fn build(workspace: &Workspace) -> Result {
    match tools::mdbook(workspace) {
        Ok(mdbook) => bring_up_to_date(workspace, &mdbook),
        Err(failure) => {
            warn(&format!("{failure} Going on without the book."));
            files::empty_directory(&directory(workspace))
        }
    }
}

fn bring_up_to_date(workspace: &Workspace, mdbook: &Path) -> Result {
    let directory = directory(workspace);
    files::unless_done(
        &workspace.notes().join("book"),
        &inputs(workspace)?,
        &directory,
        || step("Building the book", || run(workspace, mdbook, &directory)),
    )
}

/// A fingerprint of all that mdBook reads.
fn inputs(workspace: &Workspace) -> Result<String> {
    Ok(Fingerprint::default()
        .add(include_str!("book.rs"))
        .add(tools::MDBOOK)
        .add_file(&workspace.root.join("book.toml"))?
        .add_directory(&workspace.root.join("docs"))?
        .finish())
}

/// Runs mdBook. A book of which it has something to say is an error.
fn run(workspace: &Workspace, mdbook: &Path, directory: &Path) -> Result {
    files::empty_directory(directory)?;
    let mut command = workspace.command(mdbook);
    command.args(["build", "--dest-dir"]).arg(directory);
    // What is no warning is not worth a line.
    command.env("MDBOOK_LOG", "warn");
    let said = quiet_stderr(&mut command, "Is book.toml as mdBook wants it?")?;
    match said.trim() {
        "" => Ok(()),
        said => Err(format!("mdBook has found fault with docs/:\n{said}").into()),
    }
}
