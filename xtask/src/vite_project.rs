//! Somebody's project that uses the npm package: `tests/vite`, with the package of this very source
//! in it, built by Vite.

use std::path::{Path, PathBuf};

use crate::files;
use crate::npm;
use crate::step::{Result, quiet, step};
use crate::workspace::Workspace;

/// The scripts of the two versions of Vite that it is built with, and where each leaves what it has
/// built.
const VITES: [(&str, &str); 2] = [("vite", "dist"), ("vite-7", "dist-7")];

/// Brings the project up to date with the package, checks its types, and builds it. Gives its
/// directory.
pub fn build(workspace: &Workspace, package: &Path) -> Result<PathBuf> {
    npm::find_for_tests(workspace)?;
    let directory = workspace.target.join("vite-project");
    npm::install(
        workspace,
        &workspace.root.join("tests/vite"),
        &directory,
        "Vite and TypeScript",
        npm::WITHOUT_NODE,
    )?;
    put_sources(workspace, &directory)?;
    step("Putting the package into a Vite project", || {
        put_package(workspace, package, &directory)
    })?;
    step("Checking the project's types", || {
        node(workspace, &directory, "typescript/bin/tsc", &[])
    })?;
    for (vite, out) in VITES {
        step(&format!("Building the project ({vite})"), || {
            let script = format!("{vite}/bin/vite.js");
            let arguments = ["build", "--outDir", out, "--logLevel", "warn"];
            node(workspace, &directory, &script, &arguments)
        })?;
    }
    Ok(directory)
}

/// Installs the package, which depends on no other, by itself, and puts it among the project's.
///
/// Not within the project: npm would resolve all of that anew, for which it wants documents about
/// every package from its cache, and `npm ci` leaves none there.
fn put_package(workspace: &Workspace, package: &Path, project: &Path) -> Result {
    let alone = workspace.target.join("vite-package");
    files::empty_directory(&alone)?;
    let mut command = workspace.command("npm");
    command
        .args(["install", "--offline", "--no-save", "--no-package-lock"])
        .args(npm::QUIETLY)
        .arg("--prefix")
        .arg(&alone)
        .arg(package)
        .current_dir(&alone);
    quiet(&mut command, "Is the installation of npm whole?")?;
    let place = project.join("node_modules/cliplet");
    files::empty_directory(&place)?;
    files::copy_directory(&alone.join("node_modules/cliplet"), &place)
}

/// Puts the project's own files in the place of those of an earlier time.
fn put_sources(workspace: &Workspace, directory: &Path) -> Result {
    files::copy_directory(&workspace.root.join("tests/vite"), directory)?;
    files::write(
        &directory.join("public/rocket.jpg"),
        files::read(&workspace.root.join("public/samples/rocket.jpg"))?,
    )
}

/// Runs a script of one of the project's packages.
fn node(workspace: &Workspace, directory: &Path, script: &str, arguments: &[&str]) -> Result {
    let mut command = workspace.command("node");
    command
        .arg(directory.join("node_modules").join(script))
        .args(arguments)
        .current_dir(directory);
    quiet(
        &mut command,
        "The messages above say why. Node.js has to be 20.19 or newer.",
    )
    .map(drop)
}
