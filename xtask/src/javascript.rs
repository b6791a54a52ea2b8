//! What checks the scripts of `js/`: TypeScript and ESLint, in the versions that `js/dev` names,
//! below `target/javascript`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::files;
use crate::npm;
use crate::script::SOURCE;
use crate::step::Result;
use crate::workspace::Workspace;

/// TypeScript's settings: for scripts of a page, and for those of its workers.
pub const SCOPES: [&str; 2] = ["tsconfig.json", "tsconfig.worker.json"];

/// ESLint's settings.
const RULES: &str = "eslint.config.js";

/// The checks, installed.
pub struct Checks {
    directory: PathBuf,
    source: PathBuf,
}

impl Checks {
    /// Installs them if they are not there.
    pub fn install(workspace: &Workspace) -> Result<Self> {
        npm::find_for_tests(workspace)?;
        let directory = workspace.target.join("javascript");
        let source = workspace.root.join(SOURCE);
        let dev = source.join("dev");
        let what = "TypeScript and ESLint";
        npm::install(workspace, &dev, &directory, what, npm::WITHOUT_NODE)?;
        // They are looked for from where the settings lie.
        files::write(&directory.join(RULES), files::read(&dev.join(RULES))?)?;
        Ok(Self { directory, source })
    }

    /// Checks the types in the scripts of a scope.
    pub fn types(&self, workspace: &Workspace, scope: &str) -> Command {
        let mut command = self.node(workspace, Path::new("typescript/bin/tsc"));
        command.args(["--pretty", "--project", scope]);
        command
    }

    /// Looks for what is most likely a mistake, in all scripts.
    pub fn lints(&self, workspace: &Workspace) -> Command {
        let mut command = self.node(workspace, Path::new("eslint/bin/eslint.js"));
        command
            .arg("--config")
            .arg(self.directory.join(RULES))
            .args(["--max-warnings", "0", "."]);
        command
    }

    fn node(&self, workspace: &Workspace, script: &Path) -> Command {
        let mut command = workspace.command("node");
        command
            .arg(self.directory.join("node_modules").join(script))
            .current_dir(&self.source);
        command
    }
}
