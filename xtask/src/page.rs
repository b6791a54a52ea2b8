//! The page: built by trunk, with the engine put into it.

use std::path::{Path, PathBuf};

use cliplet_server::policy;

use crate::book;
use crate::engine::{self, Choice};
use crate::files;
use crate::fingerprint::{self, Fingerprint};
use crate::html;
use crate::package;
use crate::script;
use crate::service_worker;
use crate::step::{Result, both, step, watch};
use crate::tools::{self, Tools, WasmFeatures};
use crate::workspace::{FOR_WEB, PROFILE, Workspace};

/// Builds the page for a static file server, into `out` or else into `dist/`, and says where it
/// lies.
pub fn build_for_hosting(workspace: &Workspace, choice: &Choice, out: Option<PathBuf>) -> Result {
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
    let mut built = build(workspace, choice)?;
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
pub fn build(workspace: &Workspace, choice: &Choice) -> Result<PathBuf> {
    let tools = tools::for_building(workspace)?;
    let builds = choice.builds(&tools)?;
    // Each takes one processor for minutes at its end.
    both(
        || {
            engine::build(workspace, &tools, &builds)?;
            // Trunk compiles it too, and then finds nothing left to do; here it shows whether trunk
            // is needed at all.
            step("Compiling the page", || {
                let mut command = workspace.cargo_for_web("build");
                command.args(["--package", "cliplet-page", "--bin", "cliplet-page"]);
                watch(&mut command, "The messages above say why.")
            })
        },
        || tools::for_page(workspace),
    )?;
    book::build(workspace)?;

    let dist = workspace.dist();
    fingerprint::unless_done(
        &workspace.notes().join("page"),
        &inputs(workspace, &tools)?,
        &dist,
        || {
            step("Building the page", || {
                let mut command = workspace.command("trunk");
                // Trunk takes another meaning of this variable, set in many shells, for an error.
                command.env_remove("NO_COLOR");
                command.envs([FOR_WEB, (engine::CHOICE, &engine::names(&builds))]);
                watch(
                    command.args(["build", "--release", "--cargo-profile", PROFILE]),
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
        .add(tools.wasm_opt_version())
        .add_file(&workspace.compiled("cliplet-page.wasm"))?
        .add_file(&workspace.root.join("Trunk.toml"))?
        .add_file(&index)?
        .add_directory(&engine::directory(workspace))?
        .add_directory(&workspace.root.join(script::SOURCE))?;
    if let Some(book) = book::built(workspace) {
        inputs = inputs.add_directory(&book)?;
    }
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
        .filter_map(|element| html::attribute(element, "href"))
}

/// Puts the engine into the page that trunk has staged, with the script that starts it, and the
/// book beside it, gives the page its Content-Security-Policy, makes its own WebAssembly small, and
/// adds the element and the engine for other people's pages and the service worker.
pub fn finish(workspace: &Workspace, tools: &Tools) -> Result {
    let staging = std::env::var_os("TRUNK_STAGING_DIR")
        .ok_or("`cargo xtask finish` is for trunk, which names a directory.")?;
    let staging = Path::new(&staging);
    files::copy_directory(&engine::directory(workspace), &staging.join("engine"))?;

    let index = staging.join("index.html");
    let html = String::from_utf8_lossy(&files::read(&index)?).into_owned();
    let begin = script::read(workspace, "begin.js")?;
    let html = with_beginning(&html, |program| {
        let program = [("__CLIPLET_PROGRAM__", format!("{program:?}"))];
        script::fill("begin.js", &begin, &program)
    })?;
    let mut html = with_engine(&html, |called| engine::script_name(workspace, called))?;
    book::build(workspace)?;
    match book::built(workspace) {
        Some(book) => files::copy_directory(&book, &staging.join(book::DIRECTORY))?,
        None => html = without_book(&html)?,
    }
    files::write(&index, with_policy(&html, policy::for_page)?)?;
    let embedded = with_policy(&embedded(&html)?, policy::for_embedded_page)?;
    files::write(&staging.join(EMBEDDED), embedded)?;

    if let Some(wasm_opt) = &tools.wasm_opt {
        for name in files::files_below(staging)? {
            let is_page = name.components().count() == 1
                && name
                    .extension()
                    .is_some_and(|extension| extension == "wasm");
            if is_page {
                step("Optimising the page", || {
                    wasm_opt.optimise(workspace, &staging.join(&name), WasmFeatures::default())
                })?;
            }
        }
    }
    let element = script::read(workspace, "embed/embed.js")?;
    files::write(
        &staging.join("embed.js"),
        script::fill("embed/embed.js", &element, &[])?,
    )?;
    package::copy_types(workspace, "embed/embed.d.ts", staging)?;
    package::write_module(workspace, staging)?;
    // The last, for it has the hashes of all others.
    service_worker::write(workspace, staging)
}

/// The page with the script that fetches its program in the element that is there for it, and
/// trunk's script, which starts the program, waiting for that. `begin` gives the script for the
/// program's address.
fn with_beginning(html: &str, begin: impl Fn(&str) -> Result<String>) -> Result<String> {
    let parts = html
        .split_once("<link rel=\"preload\"")
        .and_then(|(before, rest)| {
            let (element, after) = rest.split_once('>')?;
            let program = html::attribute(element, "href")?;
            Some((format!("{before}{after}"), program))
        });
    let (html, program) = parts.ok_or("trunk should preload the page's program.")?;
    let mut html = html;
    for (instead_of, put) in [
        (
            "<script data-begin></script>",
            format!("<script>\n{}</script>", begin(program)?),
        ),
        (
            &format!("module_or_path: '{program}'"),
            "module_or_path: clipletProgram".to_owned(),
        ),
    ] {
        if html.matches(instead_of).count() != 1 {
            return Err(format!("The page should have `{instead_of}` once.").into());
        }
        html = html.replace(instead_of, &put);
    }
    Ok(html)
}

/// The elements of the page that name a script of the engine.
const SCRIPTS: [(&str, &str); 2] = [("worker", "href"), ("start", "src")];

/// The page with the addresses of the engine's scripts in the elements that are there for them.
/// `name` gives the name of the script that is called so.
fn with_engine(html: &str, name: impl Fn(&str) -> Result<String>) -> Result<String> {
    let mut html = html.to_owned();
    for (called, attribute) in SCRIPTS {
        let empty = format!("data-engine=\"{called}\" {attribute}=\"\"");
        if html.matches(&empty).count() != 1 {
            return Err(format!(
                "index.html should have one element with `{empty}`, for the engine's script of that name."
            )
            .into());
        }
        html = html.replace(&empty, &format!("{attribute}=\"engine/{}\"", name(called)?));
    }
    Ok(html)
}

/// The element of the page that names the book.
const BOOK: &str = r#"<link rel="help" href="book/index.html""#;

/// The page without the element that names the book.
fn without_book(html: &str) -> Result<String> {
    let parts = html
        .split_once(BOOK)
        .and_then(|(before, rest)| Some((before, rest.split_once('>')?.1)));
    let (before, after) =
        parts.ok_or_else(|| format!("index.html should have an element `{BOOK} …>`."))?;
    Ok(format!("{before}{after}"))
}

/// The page for the inside of other people's pages.
const EMBEDDED: &str = "embed.html";

/// The page, as it is inside other people's pages: the same program, which is told so by an
/// attribute, and nothing that is about a page of its own.
fn embedded(html: &str) -> Result<String> {
    let mut html = html.to_owned();
    for (beginning, end, instead) in [
        ("<html ", ">", "<html lang=\"en\" data-embed>"),
        ("<meta name=\"theme-color\"", ">", ""),
        ("<meta name=\"theme-color\"", ">", ""),
        ("<link rel=\"apple-touch-icon\"", ">", ""),
        (
            "<link rel=\"manifest\"",
            ">",
            "<meta name=\"robots\" content=\"noindex\">",
        ),
    ] {
        let found = html.split_once(beginning).and_then(|(before, rest)| {
            let (_, after) = rest.split_once(end)?;
            Some(format!("{before}{instead}{after}"))
        });
        html = found.ok_or_else(|| {
            format!(
                "index.html should have an element `{beginning}…`, for {EMBEDDED} to go without."
            )
        })?;
    }
    Ok(html)
}

/// The page with its Content-Security-Policy in the element that is there for it. It names the
/// scripts that stand in the page: trunk writes one, which starts the page's program.
fn with_policy(html: &str, policy: impl Fn(&[String]) -> String) -> Result<String> {
    let (empty, filled) = ("data-policy content=\"\"", "content=\"");
    if html.matches(empty).count() != 1 {
        return Err(
            format!("index.html should have one element with `{empty}`, for the policy.").into(),
        );
    }
    let policy = policy(&html::script_hashes(html));
    Ok(html.replace(empty, &format!("{filled}{policy}\"")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_names_the_scripts_of_the_page() {
        let html = r#"<meta data-policy content=""/><script src="a.js"></script><script type="module">go()</script>"#;
        let filled = with_policy(html, policy::for_page).unwrap();
        // The hash of `go()`, as a browser names it when it refuses to run that.
        let hash = "'sha256-5KYv+PUboo5h+0+YAtGRPbwv5d/QxzHslP4YGnUaxRw='";
        assert!(filled.contains(hash), "{filled}");
        assert!(filled.starts_with("<meta content=\"default-src 'none'; "));
        assert!(with_policy(&filled, policy::for_page).is_err());
        let embedded = with_policy(html, policy::for_embedded_page).unwrap();
        assert!(embedded.contains("frame-src 'none'") && embedded.contains(hash));
    }

    #[test]
    fn the_page_inside_others_has_the_same_program_and_says_so() {
        let html = r##"<html lang="en"><head><meta name="theme-color" media="x" content="#fff"><meta name="theme-color"
            content="#000"><link rel="apple-touch-icon" href="i.png"><link rel="manifest" href="m"><script>go()</script>"##;
        let expected = r#"<html lang="en" data-embed><head><meta name="robots" content="noindex"><script>go()</script>"#;
        assert_eq!(embedded(html).unwrap(), expected);
        assert!(embedded("<html lang=\"en\">").is_err());
    }

    #[test]
    fn the_page_is_given_the_engine_s_scripts() {
        let name = |called: &str| Ok(format!("{called}-1.js"));
        let html = r#"<link data-engine="worker" href=""/><script data-engine="start" src=""></script><p>"#;
        let filled =
            r#"<link href="engine/worker-1.js"/><script src="engine/start-1.js"></script><p>"#;
        assert_eq!(with_engine(html, name).unwrap(), filled);
        assert!(with_engine(r#"<link data-engine="worker" href=""/>"#, name).is_err());
        assert!(with_engine(filled, name).is_err());
    }

    #[test]
    fn the_page_s_program_is_fetched_by_its_first_script_alone() {
        let begin = |program: &str| Ok(format!("begin('{program}');"));
        let html = r#"<script data-begin></script><script>init({ module_or_path: './a.wasm' })</script><link rel="preload" href="./a.wasm" as="fetch"><p>"#;
        let expected = "<script>\nbegin('./a.wasm');</script><script>init({ module_or_path: clipletProgram })</script><p>";
        assert_eq!(with_beginning(html, begin).unwrap(), expected);
        assert!(with_beginning(expected, begin).is_err());
        assert!(with_beginning(r#"<link rel="preload" href="./a.wasm">"#, begin).is_err());
    }

    #[test]
    fn a_page_without_a_book_names_none() {
        let html =
            r#"<head><link rel="help" href="book/index.html" title="The book"/><meta/></head>"#;
        let without = without_book(html).unwrap();
        assert_eq!(without, "<head><meta/></head>");
        assert!(without_book(&without).is_err());
    }

    #[test]
    fn the_files_that_trunk_reads_are_found() {
        let html =
            r#"<link rel="icon" href="no.svg"><link data-trunk rel="css" href="style.css" /><p>"#;
        assert_eq!(assets(html).collect::<Vec<_>>(), ["style.css"]);
    }
}
