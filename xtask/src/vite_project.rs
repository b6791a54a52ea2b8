//! Somebody's project that uses the npm package: `tests/vite`, with the package of this very source in it, built by Vite.

use std::fs;
use std::path::{Path, PathBuf};

use crate::debian::find_or_install;
use crate::files;
use crate::fingerprint::Fingerprint;
use crate::step::{Result, quiet, step};
use crate::tools::on_path;
use crate::workspace::Workspace;

/// What says which versions of Vite and TypeScript are installed.
const VERSIONS: [&str; 2] = ["package.json", "package-lock.json"];

/// The scripts of the two versions of Vite that it is built with, and where each leaves what it has built.
const VITES: [(&str, &str); 2] = [("vite", "dist"), ("vite-7", "dist-7")];

/// Brings the project up to date with the package, checks its types, and builds it. Gives its directory.
pub fn build(workspace: &Workspace, package: &Path) -> Result<PathBuf> {
    let found = find_or_install(workspace, "Node.js", &["nodejs", "npm"], || {
        Ok(on_path("node").zip(on_path("npm")))
    })?;
    found.ok_or(
        "the tests need Node.js 20.19 or newer with npm. On Debian, `apt-get install nodejs npm` as root brings both.",
    )?;
    let directory = workspace.target.join("vite-project");
    install_tools(workspace, &directory)?;
    put_sources(workspace, &directory)?;
    let npm = |arguments: &[&str], what: &Path| {
        let mut command = workspace.command("npm");
        command.args(arguments).arg(what).current_dir(&directory);
        quiet(&mut command, "Is the installation of npm whole?").map(drop)
    };
    let quietly = [
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ];
    step("Putting the package into a Vite project", || {
        let install = ["install", "--offline", "--no-save", "--no-package-lock"];
        npm(&[&install[..], &quietly].concat(), package)
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

/// Installs Vite and TypeScript, unless they are there.
fn install_tools(workspace: &Workspace, directory: &Path) -> Result {
    let source = workspace.root.join("tests/vite");
    let mut wanted = Fingerprint::default();
    for name in VERSIONS {
        wanted = wanted.add_file(&source.join(name))?;
    }
    let wanted = wanted.finish();
    let note = workspace.notes().join("vite-project");
    let is_installed = fs::read_to_string(&note).is_ok_and(|installed| installed == wanted);
    if is_installed && directory.join("node_modules").is_dir() {
        return Ok(());
    }
    step("Installing Vite and TypeScript (once)", || {
        files::empty_directory(directory)?;
        for name in VERSIONS {
            files::write(&directory.join(name), files::read(&source.join(name))?)?;
        }
        let mut command = workspace.command("npm");
        command
            .args([
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--loglevel=error",
            ])
            .current_dir(directory);
        quiet(&mut command, "Is there a connection to the network?")?;
        files::write(&note, &wanted)
    })
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
