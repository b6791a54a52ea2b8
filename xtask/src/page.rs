//! The page: built by trunk, with the engine put into it.

use std::path::{Path, PathBuf};

use crate::engine;
use crate::files;
use crate::fingerprint::Fingerprint;
use crate::step::{Result, step, watch};
use crate::tools::{self, Tools, WASM};
use crate::workspace::Workspace;

/// Builds the page for a static file server, into `out` or else into `dist/`, and says where it lies.
pub fn build_for_hosting(workspace: &Workspace, out: Option<PathBuf>) -> Result {
    if let Some(out) = &out {
        let occupied = out.is_file()
            || out
                .read_dir()
                .is_ok_and(|mut entries| entries.next().is_some());
        if occupied {
            return Err(format!(
                "{} is not empty. Name a new directory, or empty this one.",
                out.display()
            )
            .into());
        }
    }
    let mut built = build(workspace)?;
    if let Some(out) = out {
        files::copy_directory(&built, &out)?;
        built = out;
    }
    println!(
        "The page is in {}. Any static file server can host it, below any path.",
        built.display()
    );
    Ok(())
}

/// Brings `dist/` up to date, and gives its path.
pub fn build(workspace: &Workspace) -> Result<PathBuf> {
    let tools = tools::for_building(workspace)?;
    engine::build(workspace, &tools)?;
    // Trunk compiles it too, and then finds nothing left to do; here it shows whether trunk is needed at all.
    step("Compiling the page", || {
        let mut command = workspace.cargo();
        command.args([
            "build",
            "--release",
            "--target",
            WASM,
            "--package",
            "cliplet-page",
            "--bin",
            "cliplet-page",
        ]);
        watch(&mut command, "The messages above say why.")
    })?;

    let dist = workspace.dist();
    files::unless_done(
        &workspace.notes().join("page"),
        &inputs(workspace, &tools)?,
        &dist,
        || {
            step("Building the page", || {
                let mut command = workspace.command("trunk");
                // Trunk takes another meaning of this variable, set in many shells, for an error.
                command.env_remove("NO_COLOR");
                watch(
                    command.args(["build", "--release"]),
                    "The messages above say why.",
                )
            })
        },
    )?;
    Ok(dist)
}

/// A fingerprint of all that trunk reads.
fn inputs(workspace: &Workspace, tools: &Tools) -> Result<String> {
    let index = workspace.root.join("index.html");
    let mut inputs = Fingerprint::of_the_recipe()
        .add(&tools.wasm_bindgen)
        .add(
            tools
                .wasm_opt
                .as_ref()
                .map_or("", |wasm_opt| &wasm_opt.version),
        )
        .add_file(
            &workspace
                .target
                .join(WASM)
                .join("release/cliplet-page.wasm"),
        )?
        .add_file(&workspace.root.join("Trunk.toml"))?
        .add_file(&index)?
        .add_directory(&engine::directory(workspace))?;
    for asset in assets(&String::from_utf8_lossy(&files::read(&index)?)) {
        let path = workspace.root.join(asset);
        inputs = if path.is_dir() {
            inputs.add_directory(&path)?
        } else {
            inputs.add_file(&path)?
        };
    }
    Ok(inputs.finish())
}

/// What the `data-trunk` elements of a page refer to.
fn assets(html: &str) -> impl Iterator<Item = &str> {
    let elements = html
        .split('<')
        .filter_map(|element| element.split('>').next());
    elements
        .filter(|element| element.contains("data-trunk"))
        .filter_map(|element| attribute(element, "href"))
}

/// The value of an attribute of an element, where it is quoted.
fn attribute<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    let value = element.split_once(&format!(" {name}=\""))?.1;
    Some(value.split_once('"')?.0)
}

/// Puts the engine into the page that trunk has staged, says in it where the worker's script lies, and makes the page's
/// own WebAssembly small.
pub fn finish(workspace: &Workspace, tools: &Tools) -> Result {
    let staging = std::env::var_os("TRUNK_STAGING_DIR")
        .ok_or("`cargo xtask finish` is for trunk, which names a directory.")?;
    let staging = Path::new(&staging);
    files::copy_directory(&engine::directory(workspace), &staging.join("engine"))?;

    let index = staging.join("index.html");
    let html = String::from_utf8_lossy(&files::read(&index)?).into_owned();
    files::write(
        &index,
        with_engine(
            &html,
            &format!("engine/{}", engine::worker_script(workspace)?),
        )?,
    )?;

    if let Some(wasm_opt) = &tools.wasm_opt {
        for name in files::files_below(staging)? {
            let is_page = name.components().count() == 1
                && name
                    .extension()
                    .is_some_and(|extension| extension == "wasm");
            if is_page {
                step("Optimising the page", || {
                    wasm_opt.optimise(workspace, &staging.join(&name))
                })?;
            }
        }
    }
    Ok(())
}

/// The page with the content of `<meta name="cliplet-engine" content="">` filled in.
fn with_engine(html: &str, url: &str) -> Result<String> {
    let missing = "index.html has no <meta name=\"cliplet-engine\" content=\"\">, which tells the page where its worker is.";
    let (before, rest) = html.split_once("name=\"cliplet-engine\"").ok_or(missing)?;
    let (element, after) = rest.split_once('>').ok_or(missing)?;
    let filled = element.replace("content=\"\"", &format!("content=\"{url}\""));
    if filled == element {
        return Err(missing.into());
    }
    Ok(format!("{before}name=\"cliplet-engine\"{filled}>{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_told_where_the_worker_is() {
        let html = r#"<meta name="a" content=""><meta name="cliplet-engine" content=""/><p>"#;
        let filled =
            r#"<meta name="a" content=""><meta name="cliplet-engine" content="engine/w.js"/><p>"#;
        assert_eq!(with_engine(html, "engine/w.js").unwrap(), filled);
        assert!(with_engine(r#"<meta name="a" content="">"#, "engine/w.js").is_err());
        assert!(with_engine(filled, "engine/w.js").is_err());
    }

    #[test]
    fn the_files_that_trunk_reads_are_found() {
        let html =
            r#"<link rel="icon" href="no.svg"><link data-trunk rel="css" href="style.css" /><p>"#;
        assert_eq!(assets(html).collect::<Vec<_>>(), ["style.css"]);
    }
}
