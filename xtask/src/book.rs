//! The book: the pages of `docs/` as a web site, built by mdBook as `book.toml` says.
//!
//! It becomes a part of the built page, below [`DIRECTORY`], so that it can show the page's own
//! widget. Its links and samples are tested elsewhere: docs/contributing.md says what of them.

use std::path::{Path, PathBuf};

use cliplet_server::policy;

use crate::files;
use crate::fingerprint::{self, Fingerprint};
use crate::html;
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

/// Brings the book up to date. Where mdBook cannot be had, there is none, and that is said: the
/// page does without.
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
    fingerprint::unless_done(
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
        .add(include_str!("html.rs"))
        .add(include_str!("../../crates/server/src/policy.rs"))
        .add(tools::MDBOOK_VERSION)
        .add_file(&workspace.root.join("book.toml"))?
        .add_file(&workspace.root.join("public/favicon.svg"))?
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
        "" => guard(directory),
        said => Err(format!("mdBook has found fault with docs/:\n{said}").into()),
    }
}

/// Gives every page of the book its Content-Security-Policy: they lie on the same host as the page,
/// and may do no more.
fn guard(directory: &Path) -> Result {
    for name in files::files_below(directory)? {
        if name
            .extension()
            .is_some_and(|extension| extension == "html")
        {
            let path = directory.join(&name);
            let html = String::from_utf8_lossy(&files::read(&path)?).into_owned();
            files::write(&path, guarded(&html)?)?;
        }
    }
    Ok(())
}

fn guarded(html: &str) -> Result<String> {
    let (before, after) = html
        .split_once("<head>")
        .ok_or("mdBook has made a page without a head.")?;
    let policy = policy::for_book(&html::script_hashes(html));
    Ok(format!(
        "{before}<head><meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">{after}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_s_policy_comes_before_its_scripts_and_names_them() {
        let html = "<html><head><script>go()</script></head></html>";
        let guarded = guarded(html).unwrap();
        let policy = guarded.find("Content-Security-Policy").unwrap();
        assert!(policy < guarded.find("<script>").unwrap());
        // The hash of `go()`, as a browser names it when it refuses to run that.
        assert!(guarded.contains("'sha256-5KYv+PUboo5h+0+YAtGRPbwv5d/QxzHslP4YGnUaxRw='"));
    }
}
