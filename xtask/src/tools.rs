//! What the build needs beside cargo. Whatever is missing is installed, below `target/tools` where
//! that is possible.

use std::env;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::files;
use crate::step::{Failure, Result, quiet, step, step_beside, warn, watch};
use crate::workspace::{WASM, Workspace};

/// The newest that rustc 1.95 compiles.
const TRUNK: Installable = Installable {
    name: "trunk",
    package: "trunk",
    version: "0.21.14",
    features: "",
};

/// The driver of Firefox.
const GECKODRIVER: Installable = Installable {
    name: "geckodriver",
    package: "geckodriver",
    version: "0.37.1",
    features: "",
};

/// The version of what makes web pages of `docs/`.
pub const MDBOOK_VERSION: &str = "0.5.4";

const MDBOOK: Installable = Installable {
    name: "mdbook",
    package: "mdbook",
    version: MDBOOK_VERSION,
    features: "search",
};

/// The npm package that brings wasm-opt as WebAssembly, to be run by node.
const BINARYEN: &str = "132.0.0";

/// An older wasm-opt than this refuses what today's rustc emits.
const OLDEST_WASM_OPT: u32 = 116;

/// What is there to build with.
pub struct Tools {
    /// wasm-bindgen's program and version.
    pub wasm_bindgen: String,
    /// `None`: the build goes on without, and its WebAssembly is larger.
    pub wasm_opt: Option<WasmOpt>,
    /// Whether the source of Rust's standard library is here, which is compiled anew for
    /// WebAssembly with threads.
    pub can_build_threads: bool,
}

impl Tools {
    /// What wasm-opt says it is; empty without one.
    pub fn wasm_opt_version(&self) -> &str {
        self.wasm_opt.as_ref().map_or("", |found| &found.version)
    }
}

/// What a module of WebAssembly uses beyond what all of ours use.
#[derive(Clone, Copy, Default)]
pub struct WasmFeatures {
    /// Relaxed SIMD.
    pub relaxed: bool,
    /// Shared memory and atomic operations.
    pub threads: bool,
}

/// A way to run wasm-opt.
pub struct WasmOpt {
    program: PathBuf,
    /// What stands before wasm-opt's own arguments.
    script: Option<PathBuf>,
    /// As it says itself.
    pub version: String,
}

impl WasmOpt {
    /// Makes the module at `path` smaller. The features are those that rustc switches on for this
    /// target, SIMD, which `.cargo/config.toml` does, and those named.
    ///
    /// Level 1, as measured on the engine: levels 2 and 3 take three and four times as long, and
    /// what they give is larger once compressed.
    pub fn optimise(&self, workspace: &Workspace, path: &Path, also: WasmFeatures) -> Result {
        let mut features = vec![
            "--enable-bulk-memory",
            "--enable-multivalue",
            "--enable-mutable-globals",
            "--enable-nontrapping-float-to-int",
            "--enable-reference-types",
            "--enable-sign-ext",
            "--enable-simd",
        ];
        if also.relaxed {
            features.push("--enable-relaxed-simd");
        }
        if also.threads {
            features.push("--enable-threads");
        }
        let optimised = path.with_extension("optimised");
        let mut command = workspace.command(&self.program);
        command
            .args(&self.script)
            .args(features)
            .arg("-O1")
            .arg(path)
            .arg("-o")
            .arg(&optimised);
        quiet(
            &mut command,
            "This is likely a defect of the build: please report it with the text above.",
        )?;
        fs::rename(&optimised, path)
            .map_err(|error| format!("{} cannot be replaced: {error}.", path.display()).into())
    }
}

/// Finds what a build of the engine needs, and installs what is missing.
pub fn for_building(workspace: &Workspace) -> Result<Tools> {
    wasm_target(workspace)?;
    let wasm_bindgen = workspace.locked_version("wasm-bindgen")?;
    let program = Installable {
        name: "wasm-bindgen",
        package: "wasm-bindgen-cli",
        version: &wasm_bindgen,
        features: "",
    };
    program.install(workspace)?;
    Ok(Tools {
        wasm_opt: wasm_opt(workspace)?,
        can_build_threads: rust_source(workspace)?,
        wasm_bindgen,
    })
}

/// Finds what a build of the page needs besides, and installs what is missing, while something else
/// is built.
pub fn for_page(workspace: &Workspace) -> Result {
    TRUNK.install_beside(workspace)?;
    // Whoever cannot have it does without, as is said when the book is built.
    let _ = MDBOOK.install_beside(workspace);
    remove_build_directory(workspace);
    Ok(())
}

/// Finds the parts of the Rust toolchain that the lints need, those of what runs in the browser
/// among them, and installs what is missing.
pub fn for_linting(workspace: &Workspace) -> Result {
    wasm_target(workspace)?;
    for (program, component) in [("cargo-fmt", "rustfmt"), ("cargo-clippy", "clippy")] {
        if quiet_version(&mut workspace.command(program)).is_none() {
            step(&format!("Installing {component}"), || {
                let mut command = workspace.command("rustup");
                watch(
                    command.args(["component", "add", component]),
                    "Is there a connection to the network?",
                )
            })?;
        }
    }
    Ok(())
}

/// Miri, which only nightly Rust has.
pub fn miri(workspace: &Workspace) -> Command {
    let mut command = workspace.command("rustup");
    command.args(["run", "nightly", "cargo", "miri"]);
    command
}

/// Finds Miri, and installs what is missing of it.
pub fn for_miri(workspace: &Workspace) -> Result {
    if quiet_version(&mut miri(workspace)).is_some() {
        return Ok(());
    }
    step(
        "Installing nightly Rust with Miri (once; takes a minute)",
        || {
            let mut command = workspace.command("rustup");
            command
                .args(["toolchain", "install", "nightly", "--profile", "minimal"])
                .args(["--component", "miri", "--component", "rust-src"]);
            let advice =
                "Rust is installed without rustup, or there is no connection to the network.";
            watch(&mut command, advice)
        },
    )
}

fn wasm_target(workspace: &Workspace) -> Result {
    let mut print = workspace.command("rustc");
    print.args(["--print", "target-libdir", "--target", WASM]);
    let directory = quiet(&mut print, "Install Rust with rustup.")?;
    if Path::new(directory.trim()).is_dir() {
        return Ok(());
    }
    step(
        &format!("Installing Rust's standard library for {WASM}"),
        || {
            let advice =
                "Rust is installed without rustup, or there is no connection to the network.";
            watch(
                workspace.command("rustup").args(["target", "add", WASM]),
                advice,
            )
        },
    )
}

/// Whether the source of the standard library is here, or can be brought here.
fn rust_source(workspace: &Workspace) -> Result<bool> {
    let mut print = workspace.command("rustc");
    print.args(["--print", "sysroot"]);
    let sysroot = quiet(&mut print, "Install Rust with rustup.")?;
    let source = Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library/std");
    if source.is_dir() {
        return Ok(true);
    }
    let installed = step(
        "Installing the source of Rust's standard library (once)",
        || {
            let advice =
                "Rust is installed without rustup, or there is no connection to the network.";
            watch(
                workspace
                    .command("rustup")
                    .args(["component", "add", "rust-src"]),
                advice,
            )
        },
    );
    if let Err(failure) = installed {
        warn(&format!(
            "{failure} Going on without the builds of the engine that compute on several threads."
        ));
        return Ok(false);
    }
    Ok(true)
}

/// What `--version` prints; `None` if the program is missing or broken.
fn quiet_version(command: &mut Command) -> Option<String> {
    let output = command.arg("--version").output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The driver of Firefox, which is built where it is not yet.
pub fn geckodriver(workspace: &Workspace) -> Result<PathBuf> {
    let driver = GECKODRIVER.install(workspace)?;
    remove_build_directory(workspace);
    Ok(driver)
}

/// What builds the book, which is built itself where it is not yet.
pub fn mdbook(workspace: &Workspace) -> Result<PathBuf> {
    let mdbook = MDBOOK.install(workspace)?;
    remove_build_directory(workspace);
    Ok(mdbook)
}

/// Where the programs are built: one directory for all, so that what two of them depend on is
/// compiled once.
fn build_directory(workspace: &Workspace) -> PathBuf {
    workspace.tools().join("build")
}

/// Removes up to two gigabytes that nobody needs again.
fn remove_build_directory(workspace: &Workspace) {
    let _ = fs::remove_dir_all(build_directory(workspace));
}

/// A program that cargo installs from source into `target/tools`.
struct Installable<'a> {
    name: &'a str,
    package: &'a str,
    version: &'a str,
    /// Those of its features that are wanted, separated by commas.
    features: &'a str,
}

/// How a command is run, and what it advises if it fails.
type Run = fn(&mut Command, &str) -> Result;

impl Installable<'_> {
    /// Installs it where it is missing; gives where it lies.
    fn install(&self, workspace: &Workspace) -> Result<PathBuf> {
        self.unless_installed(workspace, || {
            step(&format!("Installing {self} (once; takes minutes)"), || {
                self.run_cargo(workspace, watch)
            })
        })
    }

    /// The same while others print what they do.
    fn install_beside(&self, workspace: &Workspace) -> Result<PathBuf> {
        self.unless_installed(workspace, || {
            step_beside(&format!("Installing {self} (once)"), || {
                self.run_cargo(workspace, |command, advice| {
                    quiet(command, advice).map(drop)
                })
            })
        })
    }

    fn unless_installed(
        &self,
        workspace: &Workspace,
        install: impl FnOnce() -> Result,
    ) -> Result<PathBuf> {
        let program = workspace.tools().join("bin").join(self.name);
        let printed = quiet_version(&mut workspace.command(&program)).unwrap_or_default();
        // mdBook says `v0.5.4`.
        let mut words = printed.split_whitespace();
        if !words.any(|word| word.trim_start_matches('v') == self.version) {
            install()?;
        }
        Ok(program)
    }

    /// Lean: none needs TLS, as none fetches anything, and none needs to be fast. wasm-bindgen
    /// takes two seconds for the engine where an optimised one takes one, and minutes less to
    /// compile.
    fn run_cargo(&self, workspace: &Workspace, run: Run) -> Result {
        let install = |locked: bool| {
            let mut command = workspace.cargo();
            command
                .args(["install", "--force", "--no-default-features", "--root"])
                .arg(workspace.tools())
                .arg(format!("{}@{}", self.package, self.version))
                .args(["--features", self.features])
                .args(locked.then_some("--locked"))
                .env("CARGO_TARGET_DIR", build_directory(workspace))
                .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
                .env("CARGO_PROFILE_RELEASE_DEBUG", "false")
                .env("CARGO_PROFILE_RELEASE_LTO", "off")
                .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
                // Where its own choice of versions does not hold, take none that needs a newer Rust
                // than this one.
                .env("CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS", "fallback");
            run(
                &mut command,
                "Is there a connection to the network, and a C compiler (such as gcc)?",
            )
        };
        install(true).or_else(|_| {
            warn(&format!(
                "{} cannot be built from the versions in its own Cargo.lock; going on with the newest that fit.",
                self.package
            ));
            install(false)
        })
    }
}

impl fmt::Display for Installable<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.package, self.version)
    }
}

fn wasm_opt(workspace: &Workspace) -> Result<Option<WasmOpt>> {
    if let Some(found) = on_path("wasm-opt") {
        let version = quiet_version(&mut workspace.command(&found)).unwrap_or_default();
        if wasm_opt_version(&version).is_some_and(|number| number >= OLDEST_WASM_OPT) {
            return Ok(Some(WasmOpt {
                program: found,
                script: None,
                version: version.trim().to_owned(),
            }));
        }
    }
    let Some(node) = on_path("node") else {
        warn(
            "there is no wasm-opt (Binaryen 116 or newer) and no node to run one: what visitors download is larger.",
        );
        return Ok(None);
    };
    let directory = workspace.tools().join("npm");
    let script = directory.join("node_modules/binaryen/bin/wasm-opt");
    let note = directory.join("binaryen-version");
    if !script.exists() || fs::read_to_string(&note).ok().as_deref() != Some(BINARYEN) {
        let installed = step(
            &format!("Installing wasm-opt (binaryen {BINARYEN} from npm; once)"),
            || {
                npm_install(workspace, &directory)?;
                files::write(&note, BINARYEN)
            },
        );
        if let Err(failure) = installed {
            warn(&format!(
                "{failure} Going on without wasm-opt: what visitors download is larger."
            ));
            return Ok(None);
        }
    }
    Ok(Some(WasmOpt {
        program: node,
        script: Some(script),
        version: format!("binaryen {BINARYEN} from npm"),
    }))
}

fn npm_install(workspace: &Workspace, directory: &Path) -> Result {
    files::empty_directory(directory)?;
    let mut command = workspace.command("npm");
    command
        .args([
            "install",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--no-package-lock",
            "--loglevel=error",
            "--prefix",
        ])
        .arg(directory)
        .arg(format!("binaryen@{BINARYEN}"));
    quiet(&mut command, "Is there a connection to the network?").map(drop)
}

/// The number in `wasm-opt version 116 (version_116)`.
fn wasm_opt_version(printed: &str) -> Option<u32> {
    let number = printed.split_once("version ")?.1;
    number
        .split(|character: char| !character.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

/// Where a program lies.
pub fn on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|directory| directory.join(program))
        .find(|file| file.is_file())
}

/// A file that must be there.
pub fn existing_file(variable: &str, value: impl AsRef<OsStr>) -> Result<PathBuf> {
    let path = PathBuf::from(value.as_ref());
    if path.is_file() {
        return Ok(path);
    }
    Err(Failure::from(format!(
        "{variable} names {}, where there is no file.",
        path.display()
    )))
}

#[cfg(test)]
mod tests {
    use super::wasm_opt_version;

    #[test]
    fn versions_of_wasm_opt_are_read() {
        assert_eq!(
            wasm_opt_version("wasm-opt version 116 (version_116)\n"),
            Some(116)
        );
        assert_eq!(wasm_opt_version("wasm-opt version 108\n"), Some(108));
        assert_eq!(wasm_opt_version("something else"), None);
    }
}
