//! Packages from npm, in the versions that a `package-lock.json` of ours names.

use std::fs;
use std::path::Path;

use crate::debian::find_or_install;
use crate::files;
use crate::fingerprint::Fingerprint;
use crate::step::{Result, quiet, step};
use crate::tools::on_path;
use crate::workspace::Workspace;

/// What says which versions are to be installed.
const FILES: [&str; 2] = ["package.json", "package-lock.json"];

/// For quiet, and for nothing to be run.
pub const QUIETLY: [&str; 4] = [
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
];

/// For people who have no Node.js and want to run the tests.
pub const WITHOUT_NODE: &str = "the tests need Node.js 20.19 or newer with npm. On Debian, `apt-get install nodejs npm` as root brings both.";

/// Sees that Node.js and npm are there for the tests, and installs Debian's if this runs as root.
pub fn find_for_tests(workspace: &Workspace) -> Result {
    let found = find_or_install(workspace, "Node.js", &["nodejs", "npm"], || {
        Ok(on_path("node").zip(on_path("npm")))
    })?;
    found.ok_or(WITHOUT_NODE)?;
    Ok(())
}

/// Installs what a folder's files name below `directory`, unless just that is there already. `what`
/// it is and `without_npm` are for people to read.
pub fn install(
    workspace: &Workspace,
    source: &Path,
    directory: &Path,
    what: &str,
    without_npm: &str,
) -> Result {
    let mut wanted = Fingerprint::default();
    for name in FILES {
        wanted = wanted.add_file(&source.join(name))?;
    }
    let wanted = wanted.finish();
    let note = directory.join("installed");
    let is_installed = fs::read_to_string(&note).is_ok_and(|installed| installed == wanted);
    if is_installed && directory.join("node_modules").is_dir() {
        return Ok(());
    }
    if on_path("npm").is_none() {
        return Err(without_npm.into());
    }
    step(&format!("Installing {what} (once)"), || {
        files::empty_directory(directory)?;
        for name in FILES {
            files::write(&directory.join(name), files::read(&source.join(name))?)?;
        }
        let mut command = workspace.command("npm");
        command.arg("ci").args(QUIETLY).current_dir(directory);
        quiet(&mut command, "Is there a connection to the network?")?;
        files::write(&note, &wanted)
    })
}
