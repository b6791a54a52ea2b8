//! axe-core, with which the browser tests look for what keeps people out: the version that
//! `tests/axe` names, below `target/axe`.

use std::path::PathBuf;

use crate::npm;
use crate::step::Result;
use crate::workspace::Workspace;

/// Installs it if it is not there. Gives the path of its script.
pub fn install(workspace: &Workspace) -> Result<PathBuf> {
    npm::find_for_tests(workspace)?;
    let directory = workspace.target.join("axe");
    npm::install(
        workspace,
        &workspace.root.join("tests/axe"),
        &directory,
        "axe-core",
        npm::WITHOUT_NODE,
    )?;
    Ok(directory.join("node_modules/axe-core/axe.min.js"))
}
