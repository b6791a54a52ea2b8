//! The worker's WebAssembly: `crates/engine` compiled, bound to JavaScript, made small, and named
//! by its content; and so are the programs of `crates/decoder`.
//!
//! What comes out, in `target/engine`, is what lies below `engine/` in the built page: a script
//! that starts the worker, the script that becomes the worker, the scripts of its threads, and for
//! each build of the engine a module of JavaScript and one of WebAssembly, as for the programs
//! beside it.

use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::{self, ScopedJoinHandle};

use serde_json::{Value, json};

use crate::files;
use crate::fingerprint::{self, Fingerprint};
use crate::script;
use crate::step::{Result, quiet, step, step_beside, warn, watch};
use crate::tools::{Tools, WasmFeatures};
use crate::workspace::{PROFILE, WASM, Workspace};

/// One way to build the engine. Another one adds a line to [`BUILDS`], what it is compiled with to
/// [`configure`](Self::configure), and to `js/engine/worker.js` how a browser is asked whether it
/// can run it.
#[derive(Debug, PartialEq)]
pub struct Build {
    /// Part of its files' names, and what people call it.
    pub name: &'static str,
    /// Uses relaxed SIMD, on top of SIMD.
    pub relaxed: bool,
    /// Computes on several threads, over shared memory.
    pub threads: bool,
}

/// The builds of the engine, in the order in which the worker prefers them.
pub const BUILDS: &[Build] = &[
    Build {
        name: "relaxed-threads",
        relaxed: true,
        threads: true,
    },
    Build {
        name: "simd128-threads",
        relaxed: false,
        threads: true,
    },
    Build {
        name: "relaxed",
        relaxed: true,
        threads: false,
    },
    Build {
        name: "simd128",
        relaxed: false,
        threads: false,
    },
];

/// What a shared memory can grow to, in bytes: all that 32-bit addresses reach. Where a browser
/// refuses, the worker asks for less.
const MAX_MEMORY: u64 = 1 << 32;

/// The variable in which this program, at work below trunk, finds the builds that it has been asked
/// for.
pub const CHOICE: &str = "CLIPLET_ENGINES";

/// Which builds are wanted.
#[derive(Clone, Debug)]
pub enum Choice {
    /// All that can be built here.
    All,
    /// Those that are worth it where the page is seen on this machine alone: the best one for a
    /// browser that is up to date, and the one that runs everywhere.
    ForThisMachine,
    /// These.
    Named(Vec<&'static Build>),
}

impl Choice {
    /// Reads a list of names such as `relaxed-threads,simd128`.
    pub fn from_names(list: &str) -> Result<Self> {
        let find = |name: &str| {
            BUILDS
                .iter()
                .find(|build| build.name == name)
                .ok_or_else(|| {
                    let known: Vec<&str> = BUILDS.iter().map(|build| build.name).collect();
                    let known = known.join(", ");
                    format!("there is no build `{name}` of the engine; there are {known}.").into()
                })
        };
        let named: Result<Vec<&Build>> = list.split(',').map(str::trim).map(find).collect();
        Ok(Self::Named(named?))
    }

    /// The builds, in the order in which the worker prefers them.
    pub fn builds(&self, tools: &Tools) -> Result<Vec<&'static Build>> {
        let best = if tools.can_build_threads {
            "relaxed-threads"
        } else {
            "relaxed"
        };
        let wanted = |build: &&Build| match self {
            Self::All => tools.can_build_threads || !build.threads,
            Self::ForThisMachine => [best, "simd128"].contains(&build.name),
            Self::Named(named) => named.contains(build),
        };
        let builds: Vec<&Build> = BUILDS.iter().filter(wanted).collect();
        match builds.iter().find(|build| build.threads) {
            Some(build) if !tools.can_build_threads => Err(format!(
                "The build {} of the engine needs the source of Rust's standard library. `rustup component add rust-src` \
                 brings it.",
                build.name
            )
            .into()),
            _ => Ok(builds),
        }
    }
}

/// The builds' names as [`Choice::from_names`] reads them.
pub fn names(builds: &[&Build]) -> String {
    let names: Vec<&str> = builds.iter().map(|build| build.name).collect();
    names.join(",")
}

impl Build {
    /// The features of `crates/engine`, for cargo's `--features`.
    pub fn features(&self) -> &'static str {
        if self.threads {
            "cliplet-engine/threads"
        } else {
            ""
        }
    }

    /// Adds to a cargo command what this build of `crates/engine` and what it is made of is
    /// compiled with, beyond `.cargo/config.toml` and [`features`](Self::features).
    pub fn configure(&self, command: &mut Command) {
        if self.relaxed {
            // For the crate that uses it alone, so that all others are compiled once for both.
            command.arg("-Zprofile-rustflags");
            let flags = "[\"-Ctarget-feature=+relaxed-simd\"]";
            command.arg("--config");
            command.arg(format!(
                "profile.{PROFILE}.package.cliplet-kernels.rustflags={flags}"
            ));
        }
        if self.threads {
            // The standard library that rustup brings is compiled for one thread.
            command.args([
                "-Zbuild-std=std,panic_abort",
                "-Zbuild-std-features=optimize_for_size",
            ]);
            let mut flags =
                vec!["-Ctarget-feature=+atomics,+bulk-memory,+mutable-globals".to_owned()];
            for argument in [
                "shared-memory",
                "import-memory",
                &format!("max-memory={MAX_MEMORY}"),
                "export=__wasm_init_tls",
                "export=__tls_size",
                "export=__tls_align",
                "export=__tls_base",
            ] {
                flags.push(format!("-Clink-arg=--{argument}"));
            }
            // Added to those of .cargo/config.toml. Cargo keeps what it has compiled with other
            // flags beside it.
            command.arg("--config");
            command.arg(format!("target.{WASM}.rustflags={}", json!(flags)));
        }
    }

    fn wasm_features(&self) -> WasmFeatures {
        WasmFeatures {
            relaxed: self.relaxed,
            threads: self.threads,
        }
    }
}

/// Where the engine lies when it is built.
pub fn directory(workspace: &Workspace) -> PathBuf {
    workspace.target.join("engine")
}

/// The name in [`directory`] of the script that is called `start` or `worker`.
pub fn script_name(workspace: &Workspace, called: &str) -> Result<String> {
    let names = files::files_below(&directory(workspace))?;
    let script = names
        .iter()
        .filter_map(|name| name.to_str())
        .find(|name| name.starts_with(&format!("{called}-")));
    Ok(script
        .ok_or("The engine is not built; `cargo xtask engine` builds it.")?
        .to_owned())
}

/// Brings [`directory`] up to date: these builds, and what they need.
pub fn build(workspace: &Workspace, tools: &Tools, builds: &[&Build]) -> Result {
    let mut programs = Vec::new();
    for build in builds {
        programs.push(Program::engine(workspace, build)?);
    }
    // These need nothing that a browser may lack, so there is one for all builds.
    programs.push(Program::beside(workspace, "decoder")?);
    programs.push(Program::beside(workspace, "reader")?);
    let bound = bind_all(workspace, tools, &programs)?;

    let thread = Script::new(workspace, "thread", &[])?;
    let threads = Script::new(workspace, "threads", &[])?;
    let mut choices = Vec::new();
    for (build, directory) in builds.iter().zip(&bound) {
        let mut choice = choice(build, directory)?;
        if build.threads {
            choice["crew"] = json!(threads.address());
            choice["thread"] = json!(thread.address());
        }
        choices.push(choice);
    }
    let decoder = &bound[builds.len()];
    let (script, wasm) = script_and_wasm("The decoder", decoder)?;
    let decoder = json!({ "script": format!("./{script}"), "wasm": format!("./{wasm}") });
    let worker = Script::new(
        workspace,
        "worker",
        &[
            ("__CLIPLET_BUILDS__", json!(choices).to_string()),
            ("__CLIPLET_DECODER__", decoder.to_string()),
        ],
    )?;
    let start = Script::new(
        workspace,
        "start",
        &[("__CLIPLET_WORKER__", json!(worker.address()).to_string())],
    )?;
    let directory = directory(workspace);
    files::empty_directory(&directory)?;
    for bound in &bound {
        files::copy_directory(bound, &directory)?;
    }
    let alone = [start, worker];
    let for_threads = [threads, thread];
    let wanted = if builds.iter().any(|build| build.threads) {
        &for_threads[..]
    } else {
        &[]
    };
    for script in alone.iter().chain(wanted) {
        files::write(&directory.join(&script.name), &script.text)?;
    }
    Ok(())
}

/// A script of `js/engine`, which is named by its content.
struct Script {
    name: String,
    text: String,
}

impl Script {
    fn new(workspace: &Workspace, called: &str, values: &[(&str, String)]) -> Result<Self> {
        let path = format!("engine/{called}.js");
        let text = script::fill(&path, &script::read(workspace, &path)?, values)?;
        let hash = Fingerprint::default().add(&text).finish();
        Ok(Self {
            name: format!("{called}-{hash}.js"),
            text,
        })
    }

    /// Its address, relative to another script.
    fn address(&self) -> String {
        format!("./{}", self.name)
    }
}

/// A compiled module, on its way into the page.
struct Program {
    /// As people call it.
    called: String,
    /// Part of its files' names, and that of its notes.
    name: &'static str,
    /// What stands before the name in its files' names.
    prefix: &'static str,
    /// Where the module lies.
    compiled: PathBuf,
    /// Of wasm-bindgen, beyond those of all.
    arguments: &'static [&'static str],
    features: WasmFeatures,
}

/// Makes these programs usable from JavaScript, all at once, as what does it computes on one
/// thread; gives where the files of each lie.
fn bind_all(workspace: &Workspace, tools: &Tools, programs: &[Program]) -> Result<Vec<PathBuf>> {
    thread::scope(|scope| {
        let start = |program| scope.spawn(move || Program::bind(program, workspace, tools));
        let binding: Vec<_> = programs.iter().map(start).collect();
        let bound = binding.into_iter().map(ScopedJoinHandle::join);
        bound
            .map(|bound| bound.unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    })
}

impl Program {
    /// Compiles a build of the engine.
    fn engine(workspace: &Workspace, build: &Build) -> Result<Self> {
        let called = format!("the engine ({})", build.name);
        let compiled = compile(
            workspace,
            &called,
            build.name,
            "cliplet-engine",
            |command| {
                command
                    .args(["--package", "cliplet-engine", "--bin", "cliplet-engine"])
                    .args(["--features", build.features()]);
                build.configure(command);
            },
        )?;
        Ok(Self {
            called,
            name: build.name,
            prefix: "engine-",
            compiled,
            arguments: &[],
            features: build.wasm_features(),
        })
    }

    /// Compiles a program of `crates/decoder`: `decoder` or `reader`.
    fn beside(workspace: &Workspace, name: &'static str) -> Result<Self> {
        let called = format!("the {name}");
        let binary = format!("cliplet-{name}");
        let compiled = compile(workspace, &called, name, &binary, |command| {
            command.args(["--package", "cliplet-decoder", "--bin", &binary]);
        })?;
        Ok(Self {
            called,
            name,
            prefix: "",
            compiled,
            // Gives its script a function that starts it anew.
            arguments: match name {
                "decoder" => &["--experimental-reset-state-function"],
                _ => &[],
            },
            features: WasmFeatures::default(),
        })
    }

    /// Makes it usable from JavaScript; gives where its files lie, under the names that they have
    /// in the page.
    fn bind(&self, workspace: &Workspace, tools: &Tools) -> Result<PathBuf> {
        let name = self.name;
        let notes = workspace.notes().join("engines");
        let directory = notes.join(name);
        let inputs = Fingerprint::of_the_recipe()
            .add_file(&self.compiled)?
            .add(&tools.wasm_bindgen)
            .add(tools.wasm_opt_version())
            .finish();
        let note = notes.join(format!("{name}-inputs"));
        let made = || {
            let plain = notes.join("plain").join(name);
            self.run_wasm_bindgen(workspace, &plain)?;
            let wasm = plain.join(format!("{name}_bg.wasm"));
            match &tools.wasm_opt {
                Some(wasm_opt) => wasm_opt.optimise(workspace, &wasm, self.features)?,
                None => warn(&format!(
                    "{} is not optimised, as there is no wasm-opt.",
                    self.called
                )),
            }
            let script = files::read(&plain.join(format!("{name}.js")))?;
            let mut script = String::from_utf8_lossy(&script).into_owned();
            if self.features.threads {
                script = with_threads(&script)?;
            }
            let wasm = files::read(&wasm)?;
            let hash = Fingerprint::default().add(&wasm).add(&script).finish();
            let hashed = format!("{}{name}-{hash}", self.prefix);
            let script = script.replace(&format!("{name}_bg.wasm"), &format!("{hashed}_bg.wasm"));
            files::empty_directory(&directory)?;
            files::write(&directory.join(format!("{hashed}_bg.wasm")), wasm)?;
            files::write(&directory.join(format!("{hashed}.js")), script)
        };
        fingerprint::unless_done(&note, &inputs, &directory, || {
            step_beside(&format!("Binding {} to JavaScript", self.called), made)
        })?;
        Ok(directory)
    }

    fn run_wasm_bindgen(&self, workspace: &Workspace, out: &Path) -> Result {
        files::empty_directory(out)?;
        let mut command = workspace.command("wasm-bindgen");
        command
            .args(["--target", "web", "--no-typescript"])
            .args(["--out-name", self.name])
            .args(self.arguments)
            .arg("--out-dir")
            .args([out, &self.compiled]);
        quiet(
            &mut command,
            "This is likely a defect of the build: please report it with the text above.",
        )
        .map(drop)
    }
}

/// Compiles a program as `configure` says; gives where its module lies, under a name of its own, as
/// cargo has one for all builds of the engine.
fn compile(
    workspace: &Workspace,
    called: &str,
    name: &str,
    binary: &str,
    configure: impl FnOnce(&mut Command),
) -> Result<PathBuf> {
    step(&format!("Compiling {called}"), || {
        let mut command = workspace.cargo_for_web("build");
        configure(&mut command);
        watch(&mut command, "The messages above say why.")
    })?;
    let module = files::read(&workspace.compiled(&format!("{binary}.wasm")))?;
    let compiled = workspace
        .notes()
        .join("compiled")
        .join(format!("{name}.wasm"));
    files::write(&compiled, module)?;
    Ok(compiled)
}

/// The script of a build with the threads' script of ours in the place of the one that comes with
/// wasm-bindgen-rayon. That one starts workers from a `blob:`, which a strict
/// Content-Security-Policy forbids, and waits for ever for one that does not start. Ours is not
/// imported, as its address may be another one in somebody else's page: the worker has loaded it
/// before.
fn with_threads(script: &str) -> Result<String> {
    let changed = "wasm-bindgen-rayon has changed how it starts threads; `with_threads` in xtask has to follow.";
    let beginning = "import { startWorkers } from './snippets/wasm-bindgen-rayon-";
    let (before, path) = script.split_once(beginning).ok_or(changed)?;
    let (_, after) = path.split_once("';").ok_or(changed)?;
    if before.contains("'./snippets/") || after.contains("'./snippets/") {
        return Err(changed.into());
    }
    let ours = "const startWorkers = (...given) => globalThis.startClipletThreads(...given);";
    Ok(format!("{before}{ours}{after}"))
}

/// What the worker's script has to know of a build.
fn choice(build: &Build, directory: &Path) -> Result<Value> {
    let (script, wasm) = script_and_wasm(&format!("The engine ({})", build.name), directory)?;
    let mut choice = json!({
        "name": build.name,
        "relaxed": build.relaxed,
        "threads": build.threads,
        "script": format!("./{script}"),
        "wasm": format!("./{wasm}"),
    });
    if build.threads {
        let text = files::read(&directory.join(&script))?;
        let pages = initial_pages(&String::from_utf8_lossy(&text))
            .ok_or("wasm-bindgen has changed how it asks for memory; `initial_pages` in xtask has to follow.")?;
        choice["pages"] = json!(pages);
    }
    Ok(choice)
}

/// The names of the two files of a program that JavaScript can use.
fn script_and_wasm(called: &str, directory: &Path) -> Result<(String, String)> {
    let names = files::files_below(directory)?;
    let find = |ending: &str| {
        let mut names = names.iter().filter_map(|name| name.to_str());
        names.find(|name| name.ends_with(ending)).map(str::to_owned)
    };
    match (find(".js"), find(".wasm")) {
        (Some(script), Some(wasm)) => Ok((script, wasm)),
        _ => Err(format!("{called} is not whole; build it again.").into()),
    }
}

/// How large the shared memory of a build must be when it starts, in pages of 64 KiB, as
/// wasm-bindgen's script says.
fn initial_pages(script: &str) -> Option<u32> {
    let (_, memory) = script.split_once("new WebAssembly.Memory({initial:")?;
    memory.split_once(',')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_are_known_by_their_names() {
        let Ok(Choice::Named(builds)) = Choice::from_names("simd128, relaxed-threads") else {
            panic!("these are builds");
        };
        assert_eq!(names(&builds), "simd128,relaxed-threads");
        let Err(failure) = Choice::from_names("simd128,simd256") else {
            panic!("there is no such build");
        };
        assert!(failure.to_string().contains("`simd256`"), "{failure}");
    }

    #[test]
    fn threads_are_started_by_our_own_script() {
        let script =
            "import { startWorkers } from './snippets/wasm-bindgen-rayon-38ed/src/a.js';\nrest";
        assert_eq!(
            with_threads(script).unwrap(),
            "const startWorkers = (...given) => globalThis.startClipletThreads(...given);\nrest"
        );
        assert!(with_threads("import 'elsewhere';").is_err());
        assert!(with_threads(&script.replace("rayon", "tokio")).is_err());
        assert!(with_threads(&format!("{script}{script}")).is_err());
    }

    #[test]
    fn the_size_of_the_memory_is_found() {
        let script =
            "memory: memory || new WebAssembly.Memory({initial:38,maximum:65536,shared:true}),";
        assert_eq!(initial_pages(script), Some(38));
        assert_eq!(initial_pages("new WebAssembly.Memory(descriptor)"), None);
    }
}
