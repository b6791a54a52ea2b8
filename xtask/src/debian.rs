//! Programs that the tests need and that Debian has. They are installed if this runs as root.

use crate::step::{Result, quiet, step, watch};
use crate::tools::on_path;
use crate::workspace::Workspace;

/// Finds a program, where needed and possible after the installation of Debian's packages of it.
/// `name` is that for people.
pub fn find_or_install<T>(
    workspace: &Workspace,
    name: &str,
    packages: &[&str],
    find: impl Fn() -> Result<Option<T>>,
) -> Result<Option<T>> {
    let found = find()?;
    let is_root = || quiet(workspace.command("id").arg("-u"), "").is_ok_and(|id| id.trim() == "0");
    if found.is_some() || on_path("apt-get").is_none() || !is_root() {
        return Ok(found);
    }
    step(&format!("Installing {name} for the tests (once)"), || {
        install(workspace, packages)
    })?;
    find()
}

fn install(workspace: &Workspace, packages: &[&str]) -> Result {
    let apt = |arguments: &[&str]| {
        let mut command = workspace.command("apt-get");
        command
            .args(["-q", "-y"])
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive");
        watch(
            &mut command,
            "Is there a connection to the network? Is another installation under way?",
        )
    };
    apt(&["update"])?;
    apt(&[&["install", "--no-install-recommends"][..], packages].concat())
}
