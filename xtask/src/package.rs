//! `cliplet.js`: the engine for other people's pages, beside the built page and as an npm package.
//!
//! It is written in the modules of `js/cliplet`, which are joined here into one, with the addresses
//! of the engine's files in it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::catalogue;
use crate::engine::{self, Choice};
use crate::files;
use crate::script;
use crate::step::{Result, quiet, step};
use crate::tools::{self, on_path};
use crate::workspace::Workspace;

/// The modules, each behind those that it imports. The last one's exports are those of the whole.
const MODULES: [&str; 7] = [
    "errors.js",
    "files.js",
    "images.js",
    "reader.js",
    "models.js",
    "worker.js",
    "cliplet.js",
];

/// The names of the module and of its types, wherever they lie: people write them into their pages.
pub const FIXED_NAMES: [&str; 2] = ["cliplet.js", "cliplet.d.ts"];

/// What is packed of `public/`, beside the models that come with it: the list of models, their
/// cards, and the licence of the starter's image tower.
const OF_PUBLIC: [&str; 4] = [
    "models.json",
    "models/laion-vit-b-32-card.json",
    "models/starter-card.md",
    "models/LICENSE-APACHE",
];

/// Writes the module and its types into a folder that has, or will have, the engine and the models
/// beside them.
pub fn write_module(workspace: &Workspace, to: &Path) -> Result {
    let mut modules = Vec::new();
    for name in MODULES {
        modules.push((name, script::read(workspace, &format!("cliplet/{name}"))?));
    }
    let engine = files::files_below(&engine::directory(workspace))?;
    let engine = engine.iter().filter_map(|name| name.to_str());
    // The script that starts the worker is the page's own.
    let engine = engine.filter(|name| !name.starts_with("start-"));
    let mut paths: Vec<String> = engine.map(|name| format!("engine/{name}")).collect();
    paths.push("models.json".to_owned());
    paths.extend(catalogue::models_beside(&workspace.root.join("public"))?);
    let worker = format!("engine/{}", engine::script_name(workspace, "worker")?);
    let values = [
        ("__CLIPLET_FILES__", addresses(&paths)),
        ("__CLIPLET_WORKER_PATH__", json!(worker).to_string()),
    ];
    let text = script::fill("cliplet/*.js", &join(&modules)?, &values)?;
    files::write(&to.join("cliplet.js"), text)?;
    copy_types(workspace, "cliplet/cliplet.d.ts", to)
}

/// Copies types of `js/` into a folder.
pub fn copy_types(workspace: &Workspace, path: &str, to: &Path) -> Result {
    let from = workspace.root.join(script::SOURCE).join(path);
    let (_, name) = path.rsplit_once('/').unwrap_or(("", path));
    files::write(&to.join(name), files::read(&from)?)
}

/// Builds the package: its folder, and the archive that `npm publish` would send. Gives the
/// archive's path.
pub fn pack(workspace: &Workspace, choice: &Choice) -> Result<PathBuf> {
    let tools = tools::for_building(workspace)?;
    engine::build(workspace, &tools, &choice.builds(&tools)?)?;
    let folder = workspace.target.join("pack/cliplet");
    step("Writing the npm package", || write(workspace, &folder))?;
    if on_path("npm").is_none() {
        return Err(format!(
            "The package is in {}, but there is no npm to make an archive of it. On Debian, `apt-get install npm` as root \
             brings it.",
            folder.display()
        )
        .into());
    }
    step("Packing it", || archive(workspace, &folder))
}

/// Writes the package's folder.
fn write(workspace: &Workspace, folder: &Path) -> Result {
    files::empty_directory(folder)?;
    let copy = |from: PathBuf, name: &str| files::write(&folder.join(name), files::read(&from)?);
    for file in files::files_below(&engine::directory(workspace))? {
        let name = file.to_string_lossy();
        if !name.starts_with("start-") {
            copy(
                engine::directory(workspace).join(&file),
                &format!("engine/{name}"),
            )?;
        }
    }
    for name in OF_PUBLIC {
        copy(workspace.root.join("public").join(name), name)?;
    }
    for name in catalogue::models_beside(&workspace.root.join("public"))? {
        copy(workspace.root.join("public").join(&name), &name)?;
    }
    for name in ["LICENSE", "NOTICE"] {
        copy(workspace.root.join(name), name)?;
    }
    let source = workspace.root.join(script::SOURCE).join("cliplet");
    copy(source.join("README.md"), "README.md")?;
    let description = script::fill(
        "cliplet/package.json",
        &String::from_utf8_lossy(&files::read(&source.join("package.json"))?),
        &[("__CLIPLET_VERSION__", env!("CARGO_PKG_VERSION").to_owned())],
    )?;
    files::write(&folder.join("package.json"), description)?;
    write_module(workspace, folder)
}

/// Makes the archive beside the folder.
fn archive(workspace: &Workspace, folder: &Path) -> Result<PathBuf> {
    let mut command = workspace.command("npm");
    command
        .args(["pack", "--ignore-scripts", "--loglevel=error"])
        .arg("--pack-destination")
        .arg(folder.with_file_name(""))
        .current_dir(folder);
    let printed = quiet(&mut command, "Is the installation of npm whole?")?;
    let name = printed.lines().last().unwrap_or_default().trim();
    let archive = folder.with_file_name(name);
    if name.ends_with(".tgz") && archive.is_file() {
        Ok(archive)
    } else {
        Err(format!("npm says that it has packed `{name}`, which is no archive.").into())
    }
}

/// An object with the address of each file. Each is written out, since bundlers look for just this.
/// Vite would put a short script into the module itself, as a `data:` address, which a strict
/// Content-Security-Policy allows no worker.
fn addresses(paths: &[String]) -> String {
    let mut object = "{\n".to_owned();
    for path in paths {
        let query = if path.ends_with(".js") {
            "?no-inline"
        } else {
            ""
        };
        let (path, relative) = (json!(path), json!(format!("./{path}{query}")));
        object.push_str(&format!(
            "  {path}: new URL({relative}, import.meta.url),\n"
        ));
    }
    object.push('}');
    object
}

/// One module out of several: without their imports of each other, and with the exports of the last
/// one alone. Every import stands in a line of its own, and no two modules have something of the
/// same name.
fn join(modules: &[(&str, String)]) -> Result<String> {
    let mut joined = String::new();
    let mut names = HashSet::new();
    for (at, (name, text)) in modules.iter().enumerate() {
        let is_last = at + 1 == modules.len();
        joined.push_str(&format!("// ---- {name} ----\n\n"));
        for line in text.lines() {
            if let Some(import) = line.strip_prefix("import ") {
                let from = import.split_once(" from \"./");
                let from = from.and_then(|(_, file)| file.strip_suffix("\";"));
                if !from.is_some_and(|from| modules[..at].iter().any(|(name, _)| *name == from)) {
                    return Err(format!(
                        "js/cliplet/{name} has an import that cannot be joined: {line}"
                    )
                    .into());
                }
                continue;
            }
            if let Some(declared) = declared(line)
                && !names.insert(declared)
            {
                return Err(format!(
                    "js/cliplet/{name} declares `{declared}`, as another module does: joined, they share their names"
                )
                .into());
            }
            let line = match line.strip_prefix("export ") {
                Some(exported) if !is_last => exported,
                _ => line,
            };
            joined.push_str(line);
            joined.push('\n');
        }
        joined.push('\n');
    }
    Ok(joined)
}

/// The name that a line declares for its whole module, if it declares one.
fn declared(line: &str) -> Option<&str> {
    let line = line.strip_prefix("export ").unwrap_or(line);
    let line = line.strip_prefix("async ").unwrap_or(line);
    let mut words = ["const ", "let ", "function ", "class "].into_iter();
    let rest = words.find_map(|word| line.strip_prefix(word))?;
    let name = rest.split(|c: char| !c.is_alphanumeric() && !"_$".contains(c));
    name.into_iter().next().filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_joined() {
        let modules = [
            ("a.js", "export const a = 1;\n".to_owned()),
            (
                "b.js",
                "import { a } from \"./a.js\";\n\nexport { a };\nexport const b = a;\n".to_owned(),
            ),
        ];
        let joined = join(&modules).unwrap();
        assert_eq!(
            joined,
            "// ---- a.js ----\n\nconst a = 1;\n\n// ---- b.js ----\n\n\nexport { a };\nexport const b = a;\n\n"
        );
        let elsewhere = [("a.js", "import b from \"b\";\n".to_owned())];
        assert!(join(&elsewhere).is_err());
        let behind = [
            ("a.js", "import { b } from \"./b.js\";\n".to_owned()),
            ("b.js", String::new()),
        ];
        assert!(join(&behind).is_err());
        let alike = [
            ("a.js", "const A = 1;\n".to_owned()),
            ("b.js", "export async function A() {}\n".to_owned()),
        ];
        assert!(join(&alike).is_err());
    }

    #[test]
    fn addresses_are_written_as_bundlers_find_them() {
        let addresses = addresses(&["engine/a-1.js".to_owned(), "models.json".to_owned()]);
        assert_eq!(
            addresses,
            "{\n  \"engine/a-1.js\": new URL(\"./engine/a-1.js?no-inline\", import.meta.url),\n  \"models.json\": \
             new URL(\"./models.json\", import.meta.url),\n}"
        );
    }

    #[test]
    fn the_version_stands_once_in_the_package() {
        let description = include_str!("../../js/cliplet/package.json");
        assert_eq!(description.matches("\"__CLIPLET_VERSION__\"").count(), 1);
    }
}
