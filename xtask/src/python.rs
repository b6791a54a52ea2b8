//! Pythons of our own, each with the packages that some script or test needs.

use std::fs;
use std::path::{Path, PathBuf};

use crate::debian::find_or_install;
use crate::files;
use crate::fingerprint::Fingerprint;
use crate::step::{Result, quiet, step};
use crate::tools::on_path;
use crate::workspace::Workspace;

/// For people who have no Python and want to run the tests.
const WITHOUT_PYTHON: &str = "the tests need Python 3 with its module venv. On Debian, `apt-get install python3 python3-venv` as root brings both.";

/// Sees that Python 3 can make an environment of its own, and installs Debian's if this runs as
/// root.
pub fn find_for_tests(workspace: &Workspace) -> Result {
    let packages = ["python3", "python3-venv"];
    let found = find_or_install(workspace, "Python", &packages, || {
        // Debian ships venv without what it needs to install pip.
        let mut command = workspace.command("python3");
        let tried = command.args(["-c", "import ensurepip, venv"]).output();
        Ok(tried
            .is_ok_and(|tried| tried.status.success())
            .then_some(()))
    })?;
    found.ok_or_else(|| WITHOUT_PYTHON.into())
}

/// Installs the packages that a file of requirements, named from the repository's root, lists into
/// an environment at `directory`, if they are not there, and gives the Python that has them. `what`
/// is what they are for.
pub fn install(
    workspace: &Workspace,
    directory: &Path,
    requirements: &str,
    what: &str,
) -> Result<PathBuf> {
    let python = directory.join("bin/python");
    let requirements = workspace.root.join(requirements);
    let wanted = Fingerprint::default().add_file(&requirements)?.finish();
    let note = directory.join("installed");
    if fs::read_to_string(&note).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    if on_path("python3").is_none() {
        return Err(format!(
            "Python 3 is needed for {what}. On Debian, `apt-get install python3-venv` brings it."
        )
        .into());
    }
    step(&format!("Installing {what} (once)"), || {
        files::empty_directory(directory)?;
        let mut command = workspace.command("python3");
        quiet(
            command.args(["-m", "venv"]).arg(directory),
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
