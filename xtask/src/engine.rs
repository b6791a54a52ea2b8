//! The worker's WebAssembly: `crates/engine` compiled, bound to JavaScript, made small, and named by its content.
//!
//! What comes out, in `target/engine`, is what lies below `engine/` in the built page: a script that the page starts as
//! a worker, and for each build of the engine a module of JavaScript and one of WebAssembly.

use std::path::{Path, PathBuf};

use crate::files;
use crate::fingerprint::Fingerprint;
use crate::step::{Result, quiet, step, warn, watch};
use crate::tools::{Tools, WASM};
use crate::workspace::Workspace;

/// The builds of the engine, in the order in which the worker prefers them. Another one adds a line here, what it
/// passes to cargo to the fields, and to `worker.js` how a browser is asked whether it can run it.
const BUILDS: &[Build] = &[Build { name: "simd128" }];

struct Build {
    /// Part of its files' names.
    name: &'static str,
}

/// The script that becomes the worker. `BUILDS` in it is the list of the builds' scripts.
const WORKER: &str = include_str!("worker.js");

/// Where the engine lies when it is built.
pub fn directory(workspace: &Workspace) -> PathBuf {
    workspace.target.join("engine")
}

/// The name of the worker's script in [`directory`].
pub fn worker_script(workspace: &Workspace) -> Result<String> {
    let names = files::files_below(&directory(workspace))?;
    let script = names
        .iter()
        .filter_map(|name| name.to_str())
        .find(|name| name.starts_with("worker-"));
    Ok(script
        .ok_or("The engine is not built; `cargo xtask engine` builds it.")?
        .to_owned())
}

/// Brings [`directory`] up to date.
pub fn build(workspace: &Workspace, tools: &Tools) -> Result {
    step("Compiling the engine", || {
        let mut command = workspace.cargo();
        command.args([
            "build",
            "--release",
            "--target",
            WASM,
            "--package",
            "cliplet-engine",
            "--features",
            "worker",
        ]);
        watch(
            command.args(["--bin", "cliplet-engine"]),
            "The messages above say why.",
        )
    })?;
    let compiled = workspace
        .target
        .join(WASM)
        .join("release/cliplet-engine.wasm");

    let inputs = Fingerprint::of_the_recipe()
        .add_file(&compiled)?
        .add(&tools.wasm_bindgen)
        .add(
            tools
                .wasm_opt
                .as_ref()
                .map_or("", |wasm_opt| &wasm_opt.version),
        )
        .finish();
    let directory = directory(workspace);
    files::unless_done(
        &workspace.notes().join("engine"),
        &inputs,
        &directory,
        || {
            files::empty_directory(&directory)?;
            let mut scripts = Vec::new();
            for build in BUILDS {
                scripts.push(bind(workspace, tools, build, &compiled, &directory)?);
            }
            let list: Vec<String> = scripts
                .iter()
                .map(|script| format!("\"./{script}\""))
                .collect();
            let worker = WORKER.replace("BUILDS", &format!("[{}]", list.join(", ")));
            let name = format!("worker-{}.js", Fingerprint::default().add(&worker).finish());
            files::write(&directory.join(name), worker)
        },
    )
}

/// Makes a compiled module usable from JavaScript; gives the name of the script to import.
fn bind(
    workspace: &Workspace,
    tools: &Tools,
    build: &Build,
    compiled: &Path,
    directory: &Path,
) -> Result<String> {
    let name = build.name;
    let plain = workspace.notes().join("bound").join(name);
    files::empty_directory(&plain)?;
    step(
        &format!("Binding the engine ({name}) to JavaScript"),
        || {
            let mut command = workspace.command("wasm-bindgen");
            command
                .args([
                    "--target",
                    "web",
                    "--no-typescript",
                    "--out-name",
                    name,
                    "--out-dir",
                ])
                .arg(&plain)
                .arg(compiled);
            quiet(
                &mut command,
                "This is likely a defect of the build: please report it with the text above.",
            )
            .map(drop)
        },
    )?;
    let wasm = plain.join(format!("{name}_bg.wasm"));
    match &tools.wasm_opt {
        Some(wasm_opt) => step(&format!("Optimising the engine ({name})"), || {
            wasm_opt.optimise(workspace, &wasm)
        })?,
        None => warn(&format!(
            "the engine ({name}) is not optimised, as there is no wasm-opt."
        )),
    }

    let script = plain.join(format!("{name}.js"));
    let hash = Fingerprint::default()
        .add_file(&wasm)?
        .add_file(&script)?
        .finish();
    let hashed = format!("engine-{name}-{hash}");
    let text = String::from_utf8_lossy(&files::read(&script)?)
        .replace(&format!("{name}_bg.wasm"), &format!("{hashed}_bg.wasm"));
    files::write(
        &directory.join(format!("{hashed}_bg.wasm")),
        files::read(&wasm)?,
    )?;
    files::write(&directory.join(format!("{hashed}.js")), text)?;
    Ok(format!("{hashed}.js"))
}
