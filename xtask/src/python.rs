//! Pythons of the benchmark's own, with the packages that its scripts need.

use std::fs;
use std::path::PathBuf;

use crate::files;
use crate::fingerprint::Fingerprint;
use crate::step::{Result, quiet, step};
use crate::tools::on_path;
use crate::workspace::Workspace;

/// Installs the packages that a file of requirements lists, below `target/bench`, if they are not there, and gives the Python that has them.
/// `what` is what they are for.
pub fn install(
    workspace: &Workspace,
    folder: &str,
    requirements: &str,
    what: &str,
) -> Result<PathBuf> {
    let directory = super::directory(workspace).join(folder);
    let python = directory.join("bin/python");
    let requirements = workspace.root.join(requirements);
    let wanted = Fingerprint::default().add_file(&requirements)?.finish();
    let note = directory.join("installed");
    if fs::read_to_string(&note).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    if on_path("python3").is_none() {
        return Err(format!(
            "The benchmark needs Python 3, for {what}. On Debian, `apt-get install python3-venv` brings it."
        )
        .into());
    }
    step(&format!("Installing {what} (once)"), || {
        files::empty_directory(&directory)?;
        let mut command = workspace.command("python3");
        quiet(
            command.args(["-m", "venv"]).arg(&directory),
            "On Debian, `apt-get install python3-venv` brings what is missing.",
        )?;
        let mut command = workspace.command(&python);
        command
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "-r",
            ])
            .arg(&requirements);
        quiet(&mut command, "Is there a connection to the network?")?;
        files::write(&note, &wanted)
    })?;
    Ok(python)
}
