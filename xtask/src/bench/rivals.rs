//! The rivals, from npm: the versions in `benches/rivals/npm/package-lock.json`, below
//! `target/bench`.

use std::path::PathBuf;

use crate::npm;
use crate::step::Result;
use crate::workspace::Workspace;

/// Installs the rivals if they are not there, and gives the folder `node_modules`.
pub fn install(workspace: &Workspace) -> Result<PathBuf> {
    let directory = super::setup::directory(workspace).join("npm");
    npm::install(
        workspace,
        &workspace.root.join("benches/rivals/npm"),
        &directory,
        "ONNX Runtime Web and Transformers.js",
        "The benchmark needs npm, to install what Cliplet is measured beside. On Debian, `apt-get install npm` brings it.",
    )?;
    Ok(directory.join("node_modules"))
}
