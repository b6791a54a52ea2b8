//! Where things lie, and how a program of the build is started.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::step::{Result, quiet};

/// The target of everything that runs in the browser.
pub const WASM: &str = "wasm32-unknown-unknown";

/// The profile of everything that runs in the browser.
pub const PROFILE: &str = "web";

/// What is in the environment when something is compiled for the browser: stable cargo and rustc
/// then take the options that some of the engine's builds need. It is there for all of them, as
/// build scripts look at it, and what they have done for one build is only then of use to the next.
pub const FOR_WEB: (&str, &str) = ("RUSTC_BOOTSTRAP", "1");

/// The repository and its target directory.
pub struct Workspace {
    /// Where the workspace's `Cargo.toml` lies.
    pub root: PathBuf,
    /// Where cargo builds, `target/` unless configured otherwise.
    pub target: PathBuf,
}

impl Workspace {
    /// The workspace that this program belongs to.
    pub fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("xtask lies in the workspace")
            .to_owned();
        let metadata = quiet(
            Command::new("cargo")
                .args(["metadata", "--no-deps", "--format-version=1"])
                .current_dir(&root),
            "Cargo.toml or Cargo.lock cannot be read.",
        )?;
        let metadata: Value = serde_json::from_str(&metadata)
            .map_err(|error| format!("cargo's metadata cannot be read: {error}."))?;
        let target = metadata["target_directory"]
            .as_str()
            .ok_or("cargo's metadata names no target directory.")?;
        Ok(Self {
            root,
            target: PathBuf::from(target),
        })
    }

    /// Where the tools of the build are installed, and the only place that they are written to.
    pub fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }

    /// Where this program keeps what it has found out, to skip work whose inputs have not changed.
    pub fn notes(&self) -> PathBuf {
        self.target.join("xtask")
    }

    /// Where cargo leaves a module of WebAssembly.
    pub fn compiled(&self, name: &str) -> PathBuf {
        self.target.join(WASM).join(PROFILE).join(name)
    }

    /// Where the built page lies.
    pub fn dist(&self) -> PathBuf {
        self.root.join("dist")
    }

    /// Where npm and pip keep what they have downloaded: here and not below the home folder, so
    /// that a clean checkout needs nothing that another project has left there, and leaves nothing
    /// there.
    fn caches(&self) -> [(&'static str, PathBuf); 2] {
        let caches = self.target.join("caches");
        [
            ("npm_config_cache", caches.join("npm")),
            ("PIP_CACHE_DIR", caches.join("pip")),
        ]
    }

    /// The version of a package in Cargo.lock.
    pub fn locked_version(&self, package: &str) -> Result<String> {
        let lock = fs::read_to_string(self.root.join("Cargo.lock")).map_err(|error| {
            format!("Cargo.lock cannot be read: {error}. It belongs to the repository.")
        })?;
        let name = format!("name = \"{package}\"");
        let mut lines = lock.lines().skip_while(|line| *line != name).skip(1);
        let version = lines
            .next()
            .and_then(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
        Ok(version
            .ok_or_else(|| format!("Cargo.lock has no package {package}."))?
            .to_owned())
    }

    /// A command run at the root, in the environment that a person's own shell would give it:
    /// without what cargo has set for this program, with the build's own tools first on the path.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        for (name, _) in env::vars_os() {
            let name = name.to_string_lossy();
            if name == "CARGO"
                || name.starts_with("CARGO_PKG_")
                || name.starts_with("CARGO_MANIFEST_")
            {
                command.env_remove(&*name);
            }
        }
        // Would take the place of the flags in .cargo/config.toml, without which the WebAssembly
        // does not build.
        command
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env_remove("CARGO_BUILD_TARGET")
            .envs(self.caches());
        let path = env::var_os("PATH").unwrap_or_default();
        let directories = std::iter::once(self.tools().join("bin")).chain(env::split_paths(&path));
        // Fails only for a directory with a colon in its name, which then could not be on a path
        // anyway.
        if let Ok(path) = env::join_paths(directories) {
            command.env("PATH", path);
        }
        command
    }

    /// [`Self::command`] for cargo.
    pub fn cargo(&self) -> Command {
        self.command("cargo")
    }

    /// [`Self::cargo`] with one of its own commands, for what runs in the browser.
    pub fn cargo_for_web(&self, subcommand: &str) -> Command {
        let mut command = self.cargo();
        command
            .args([subcommand, "--profile", PROFILE, "--target", WASM])
            .envs([FOR_WEB]);
        command
    }
}
