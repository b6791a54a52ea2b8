//! The service worker's script, with the list of the page's files in it.

use std::collections::BTreeMap;
use std::path::Path;

use cliplet_server::policy;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::book;
use crate::catalogue;
use crate::engine::BUILDS;
use crate::files;
use crate::package;
use crate::script;
use crate::step::Result;
use crate::workspace::Workspace;

/// The script's name in `js/` and in the page. It holds no hash: browsers ask for this very address
/// to find out about new versions.
const NAME: &str = "service-worker.js";

/// Paths relative to the page, each with the SHA-256 of its file in hexadecimal digits.
type Files = BTreeMap<String, String>;

/// The page's files, by when a visitor needs them.
#[derive(Debug, Default, PartialEq)]
struct Lists {
    page: Files,
    /// By the builds' places in [`BUILDS`].
    builds: Vec<Files>,
    models: Files,
    later: Files,
}

/// Writes the script into the finished page, for the files that lie there.
pub fn write(workspace: &Workspace, page: &Path) -> Result {
    let models = catalogue::models_beside(page)?;
    let mut lists = Lists {
        builds: vec![Files::new(); BUILDS.len()],
        ..Lists::default()
    };
    for file in files::files_below(page)? {
        // Whoever comes for the page has no need of the book.
        if file.starts_with(book::DIRECTORY) {
            continue;
        }
        let path = path(&file)?;
        // The engine for other people's pages is nothing to this one.
        if path != NAME && !package::FIXED_NAMES.contains(&&*path) {
            let hash = Sha256::digest(files::read(&page.join(&file))?);
            let hash = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            lists.add(path, hash, &models);
        }
    }
    let text = filled(&script::read(workspace, NAME)?, &lists)?;
    files::write(&page.join(NAME), text)
}

/// A file's path as a part of its address.
fn path(file: &Path) -> Result<String> {
    let names = file.iter().map(|name| name.to_string_lossy());
    let path = names.collect::<Vec<_>>().join("/");
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/".contains(&byte);
    if path.bytes().all(is_plain) {
        Ok(path)
    } else {
        Err(format!(
            "The file {path} of the page should have a name of plain letters, digits, `-`, `.` and `_`."
        )
        .into())
    }
}

impl Lists {
    fn add(&mut self, path: String, hash: String, models: &[String]) {
        let file = path.strip_prefix("engine/").unwrap_or_default();
        let is_for_threads = file.starts_with("thread-") || file.starts_with("threads-");
        let mut of_a_build = false;
        for (build, files) in BUILDS.iter().zip(&mut self.builds) {
            if is_of_build(file, build.name) || (is_for_threads && build.threads) {
                files.insert(path.clone(), hash.clone());
                of_a_build = true;
            }
        }
        if of_a_build {
            return;
        }
        // Few visits need it, but one without a network may.
        let is_beside = file.starts_with("decoder-") || file.starts_with("reader-");
        let is_picture = path.starts_with("samples/") && path.ends_with(".jpg");
        // Whoever chooses one on a visit without a network has to find it.
        let is_of_labels = path.starts_with("label-sets/") || path.starts_with("templates/");
        let list = if models.contains(&path) {
            &mut self.models
        } else if is_beside
            || is_of_labels
            || (is_picture && !path.starts_with("samples/thumbnails/"))
        {
            &mut self.later
        } else {
            &mut self.page
        };
        list.insert(path, hash);
    }
}

/// Whether a file of the engine is this build's: `engine-NAME-` and a hash, which has no hyphen.
fn is_of_build(file: &str, name: &str) -> bool {
    let rest = file
        .strip_prefix("engine-")
        .and_then(|file| file.strip_prefix(name)?.strip_prefix('-'));
    rest.is_some_and(|rest| !rest.contains('-'))
}

/// The script with what is in the lists.
fn filled(text: &str, lists: &Lists) -> Result<String> {
    let builds: Vec<Value> = BUILDS
        .iter()
        .zip(&lists.builds)
        // A page may have been built without some.
        .filter(|(_, files)| files.keys().any(|path| path.starts_with("engine/engine-")))
        .map(|(build, files)| {
            json!({
                "name": build.name,
                "relaxed": build.relaxed,
                "threads": build.threads,
                "files": files,
            })
        })
        .collect();
    let values = [
        ("__CLIPLET_PAGE_FILES__", json!(lists.page)),
        ("__CLIPLET_BUILD_FILES__", json!(builds)),
        ("__CLIPLET_MODEL_FILES__", json!(lists.models)),
        ("__CLIPLET_LATER_FILES__", json!(lists.later)),
        ("__CLIPLET_WORKER_POLICY__", json!(policy::for_workers())),
    ];
    script::fill(
        NAME,
        text,
        &values.map(|(name, value)| (name, value.to_string())),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(lists: &Lists) -> String {
        filled(include_str!("../../js/service-worker.js"), lists).unwrap()
    }

    fn paths(files: &Files) -> Vec<&str> {
        files.keys().map(String::as_str).collect()
    }

    #[test]
    fn files_are_listed_by_when_they_are_needed() {
        let models = ["models/small.gguf".to_owned()];
        let mut lists = Lists {
            builds: vec![Files::new(); BUILDS.len()],
            ..Lists::default()
        };
        for path in [
            "index.html",
            "engine/worker-1.js",
            "engine/thread-1.js",
            "engine/engine-relaxed-1.js",
            "engine/engine-relaxed-threads-1_bg.wasm",
            "models/small.gguf",
            "samples/cat.jpg",
            "samples/thumbnails/cat.jpg",
            "label-sets/birds.txt",
            "templates/three.txt",
        ] {
            lists.add(path.to_owned(), "1".to_owned(), &models);
        }
        let of_page = [
            "engine/worker-1.js",
            "index.html",
            "samples/thumbnails/cat.jpg",
        ];
        assert_eq!(paths(&lists.page), of_page);
        assert_eq!(paths(&lists.models), ["models/small.gguf"]);
        assert_eq!(
            paths(&lists.later),
            [
                "label-sets/birds.txt",
                "samples/cat.jpg",
                "templates/three.txt"
            ]
        );
        for (build, files) in BUILDS.iter().zip(&lists.builds) {
            let expected: &[&str] = match build.name {
                "relaxed-threads" => &[
                    "engine/engine-relaxed-threads-1_bg.wasm",
                    "engine/thread-1.js",
                ],
                "simd128-threads" => &["engine/thread-1.js"],
                "relaxed" => &["engine/engine-relaxed-1.js"],
                _ => &[],
            };
            assert_eq!(paths(files), expected, "{}", build.name);
        }
        let script = script(&lists);
        assert!(script.contains(r#""name":"relaxed""#));
        assert!(!script.contains(r#""name":"simd128-threads""#));
    }

    #[test]
    fn the_book_is_not_kept() {
        let page = std::env::temp_dir().join(format!("cliplet-page-{}", std::process::id()));
        for (file, text) in [
            ("models.json", r#"{"models": []}"#),
            ("index.html", "page"),
            ("book/a chapter.html", "book"),
        ] {
            files::write(&page.join(file), text).unwrap();
        }
        write(&Workspace::find().unwrap(), &page).unwrap();
        let script = String::from_utf8(files::read(&page.join(NAME)).unwrap()).unwrap();
        std::fs::remove_dir_all(&page).unwrap();
        assert!(script.contains("\"index.html\""));
        assert!(!script.contains("chapter"));
    }

    #[test]
    fn the_script_changes_with_every_file() {
        let lists = |hash: &str| Lists {
            page: [("index.html".to_owned(), hash.to_owned())].into(),
            ..Lists::default()
        };
        assert_ne!(script(&lists("1")), script(&lists("2")));
    }

    #[test]
    fn names_that_an_address_writes_otherwise_are_refused() {
        assert_eq!(path(Path::new("a-b/c_d.js")).unwrap(), "a-b/c_d.js");
        assert!(path(Path::new("a b.js")).is_err());
    }
}
