//! The rivals, from npm: the versions in `benches/rivals/npm/package-lock.json`, below `target/bench`.

use std::fs;
use std::path::PathBuf;

use crate::files;
use crate::fingerprint::Fingerprint;
use crate::step::{Result, quiet, step};
use crate::tools::on_path;
use crate::workspace::Workspace;

const FILES: [&str; 2] = ["package.json", "package-lock.json"];

/// Installs the rivals if they are not there, and gives the folder `node_modules`.
pub fn install(workspace: &Workspace) -> Result<PathBuf> {
    let directory = super::directory(workspace).join("npm");
    let modules = directory.join("node_modules");
    let source = workspace.root.join("benches/rivals/npm");
    let mut wanted = Fingerprint::default();
    for name in FILES {
        wanted = wanted.add_file(&source.join(name))?;
    }
    let wanted = wanted.finish();
    let note = directory.join("installed");
    if fs::read_to_string(&note).is_ok_and(|installed| installed == wanted) {
        return Ok(modules);
    }
    if on_path("npm").is_none() {
        return Err("The benchmark needs npm, to install what Cliplet is measured beside. On Debian, `apt-get install npm` brings it.".into());
    }
    step(
        "Installing ONNX Runtime Web and Transformers.js (once)",
        || {
            files::empty_directory(&directory)?;
            for name in FILES {
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
                    "--prefix",
                ])
                .arg(&directory);
            quiet(&mut command, "Is there a connection to the network?")?;
            files::write(&note, &wanted)
        },
    )?;
    Ok(modules)
}
