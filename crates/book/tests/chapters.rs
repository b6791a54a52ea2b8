//! What can be said of the book's files without a browser: the chapters are all there, links lead
//! somewhere, and every sample says what it is.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cliplet_book::{Document, chapters, repository};

/// What a fence may say, and what it may say behind that.
const LANGUAGES: [(&str, &[&str]); 15] = [
    ("apache", &[]),
    ("caddy", &[]),
    ("css", &[]),
    ("headers", &[]),
    ("html", &["not-run"]),
    ("js", &["not-run"]),
    ("json", &[]),
    ("jsx", &[]),
    ("nginx", &[]),
    ("rust", &[]),
    ("sh", &["not-run"]),
    ("text", &["output"]),
    ("toml", &[]),
    ("ts", &[]),
    ("yaml", &[]),
];

#[test]
fn every_chapter_is_in_the_summary_once() {
    let listed: Vec<String> = chapters().into_iter().map(|chapter| chapter.path).collect();
    let there: BTreeSet<String> = ["docs", "docs/decisions"]
        .into_iter()
        .flat_map(|folder| {
            let entries = fs::read_dir(repository(folder)).unwrap();
            let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            names.map(move |name| format!("{folder}/{name}"))
        })
        .filter(|path| path.ends_with(".md") && path != "docs/SUMMARY.md")
        .collect();
    assert_eq!(listed.iter().cloned().collect::<BTreeSet<_>>(), there);
    assert_eq!(listed.len(), there.len());
}

#[test]
fn links_between_files_lead_somewhere() {
    let mut documents = chapters();
    for path in [
        "README.md",
        "CHANGELOG.md",
        "crates/clip/README.md",
        "crates/kernels/README.md",
        "crates/protocol/README.md",
        "tools/README.md",
        "training/README.md",
    ] {
        documents.push(Document::read(path));
    }
    let mut broken = Vec::new();
    let mut seen = 0;
    for document in &documents {
        for link in document.links() {
            if link.address.contains("://") {
                let is_safe = link.address.starts_with("https://");
                // This machine is the one host that needs no HTTPS.
                if !is_safe && !link.address.starts_with("http://127.0.0.1") {
                    broken.push(format!("{}: {} is no HTTPS", link.place, link.address));
                }
                continue;
            }
            seen += 1;
            if !leads_somewhere(document, &link.address) {
                broken.push(format!("{}: {} leads nowhere", link.place, link.address));
            }
        }
    }
    assert!(seen > 20, "only {seen} links were found");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Whether there is a file where a link of a document leads, and in it the heading that it names.
/// Above `docs/` a book's chapter is in the page: `..` is the page itself, which in the repository
/// is its root.
fn leads_somewhere(document: &Document, address: &str) -> bool {
    let (path, anchor) = address.split_once('#').unwrap_or((address, ""));
    let directory = Path::new(&document.path).parent().unwrap();
    let target = match path {
        "" => document.path.clone(),
        path => directory.join(path).to_str().unwrap().to_owned(),
    };
    if !repository(&target).exists() {
        return false;
    }
    if anchor.is_empty() || !target.ends_with(".md") {
        return true;
    }
    let anchors = Document::read(&target).anchors();
    anchors.iter().any(|other| other == anchor)
}

#[test]
fn every_sample_says_what_it_is() {
    let mut faults = Vec::new();
    for sample in chapters().iter().flat_map(Document::samples) {
        let known = LANGUAGES
            .iter()
            .find(|(language, _)| *language == sample.language);
        match known {
            None => faults.push(format!(
                "{}: a sample in `{}`, of which nobody knows what to do with it",
                sample.place, sample.language
            )),
            Some((_, marks)) => {
                for mark in &sample.marks {
                    if !marks.contains(&mark.as_str()) {
                        faults.push(format!("{}: `{mark}` is no mark", sample.place));
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn samples_for_a_terminal_are_of_cliplet_or_of_xtask_or_exempt() {
    for sample in cliplet_book::samples_to_run(&["sh"]) {
        let commands = sample.commands();
        let is_all_of = |program: &str| commands.iter().all(|command| command.starts_with(program));
        assert!(
            !commands.is_empty() && (is_all_of("cliplet ") || is_all_of("cargo xtask ")),
            "{}: each command should be of `cliplet`, or each of `cargo xtask`",
            sample.place
        );
    }
}

/// Pictures of the page stand in HTML, one for each colour scheme.
#[test]
fn the_pictures_of_the_page_are_there_and_small() {
    for scheme in ["light", "dark"] {
        let name = format!("images/page-{scheme}.webp");
        let picture = fs::read(repository(&format!("docs/{name}"))).unwrap();
        assert!(
            picture.starts_with(b"RIFF") && picture.len() < 150_000,
            "{name}"
        );
        for (document, address) in [
            ("README.md", format!("\"docs/{name}\"")),
            ("docs/using.md", format!("\"{name}\"")),
        ] {
            assert!(
                Document::read(document).text().contains(&address),
                "{document}: {address}"
            );
        }
    }
}

/// A package has only what lies in its folder, where the licence may be a link to that of the
/// repository.
#[test]
fn libraries_bring_their_licence() {
    let read = |path: &str| fs::read_to_string(repository(path)).unwrap();
    for name in ["clip", "kernels", "protocol"] {
        assert_eq!(
            read(&format!("crates/{name}/LICENSE")),
            read("LICENSE"),
            "{name}"
        );
    }
}

/// Names of source files in code, of which a part of the path is enough.
#[test]
fn files_that_the_book_names_are_there() {
    let mut there = Vec::new();
    for folder in [
        "benches", "crates", "docs", "examples", "fuzz", "js", "public", "src", "tests", "tools",
        "training", "xtask",
    ] {
        files_below(&repository(folder), folder, &mut there);
    }
    let mut missing = Vec::new();
    let mut seen = 0;
    for document in chapters() {
        for name in document.code() {
            let is_source = [".rs", ".py"].iter().any(|kind| name.ends_with(kind));
            if !is_source || name.contains([' ', '*']) {
                continue;
            }
            seen += 1;
            if !there.iter().any(|path| path.ends_with(&format!("/{name}"))) {
                missing.push(format!("{}: {name}", document.path));
            }
        }
    }
    assert!(seen > 20, "only {seen} names were found");
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// All files below a folder, as `/` and their path in the repository. Builds are left out.
fn files_below(folder: &Path, name: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{name}/{}", entry.file_name().to_str().unwrap());
        if !entry.file_type().unwrap().is_dir() {
            found.push(format!("/{path}"));
        } else if !path.ends_with("/target") {
            files_below(&entry.path(), &path, found);
        }
    }
}
