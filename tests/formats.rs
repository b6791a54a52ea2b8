//! Pictures with colour profiles, TIFFs of every kind and files that are cut off have the embedding
//! that transformers computes of what Pillow, LittleCMS and tifffile read, or are refused by what
//! they are. The files are written by `tools/make_kinds.py`; `crates/clip/tests/kinds.rs` reads the
//! same ones without a browser.

use std::fs;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::harness::{DROP_ZONE, ERROR, Kind, Need, Page, TestServer, lacks, picture, repository};
use crate::javascript::visit_in;

/// The least cosine to the embedding of transformers.
const NEAR: f64 = 0.999;

#[derive(Deserialize)]
struct Expected {
    file: String,
    #[serde(default)]
    embedding: Vec<f64>,
    #[serde(default)]
    incomplete: bool,
    /// What the sentence says of a file that is not read.
    refused: Option<String>,
}

/// What is wrong with what `cliplet.js` made of a file.
fn fault(expected: &Expected, found: &Value) -> Option<String> {
    let sentence = found["sentence"].as_str().unwrap_or_default();
    if let Some(named) = &expected.refused {
        let is_right = sentence.contains(named) && found["code"] == "unsupported-image";
        return (!is_right).then(|| found.to_string());
    }
    let Some(embedding) = found["embedding"].as_array() else {
        return Some(found.to_string());
    };
    let both = embedding.iter().zip(&expected.embedding);
    let cosine: f64 = both.map(|(a, b)| a.as_f64().unwrap() * b).sum();
    let is_right = cosine >= NEAR && found["incomplete"] == expected.incomplete;
    (!is_right).then(|| format!("cosine {cosine}, incomplete: {}", found["incomplete"]))
}

fn each_kind_is_read_as_others_read_it(kind: Kind) {
    if lacks(&[Need::Browser(kind)]) {
        return;
    }
    let server = TestServer::with_page();
    let folder = picture("kinds");
    let expected = fs::read(folder.join("kinds.json")).unwrap();
    let mut expected: Vec<Expected> = serde_json::from_slice(&expected).unwrap();
    if kind == Kind::Firefox {
        // It uses no profiles of inks, and lets gAMA count beside sRGB, against the standard of
        // PNG.
        expected.retain(|expected| !["inks.jpg", "srgb.png"].contains(&&expected.file[..]));
    }
    if kind == Kind::WebKit {
        // WebKitGTK converts no colours by a picture's profile.
        const PROFILED: [&str; 6] = [
            "adobe.webp",
            "grey.jpg",
            "grey.png",
            "inks.jpg",
            "pieces.jpg",
            "primaries.png",
        ];
        expected.retain(|expected| !PROFILED.contains(&&expected.file[..]));
    }
    for Expected { file, .. } in &expected {
        server.put(
            &format!("kinds/{file}"),
            fs::read(folder.join(file)).unwrap(),
        );
    }
    let model = repository("crates/clip/tests/fixtures/vit-224/model.gguf");
    server.put("kinds/model.gguf", fs::read(model).unwrap());
    let page = visit_in(kind, &server);
    let files: Vec<&str> = expected.iter().map(|expected| &expected.file[..]).collect();
    let found = page.script(
        "const clip = await Cliplet.load({ model: new URL('kinds/model.gguf', location).href });
         const found = [];
         for (const file of arguments[0]) {
             const blob = await (await fetch(`kinds/${file}`)).blob();
             found.push(await clip.embedImages([blob]).then(
                 ([embedding]) => ({ embedding: [...embedding], incomplete: embedding.incomplete ?? false }), told));
         }
         return found",
        [json!(files)],
    );
    let faults: Vec<String> = expected
        .iter()
        .zip(found.as_array().unwrap())
        .filter_map(|(expected, found)| {
            Some(format!("{}: {}", expected.file, fault(expected, found)?))
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn each_kind_is_read_as_others_read_it_in_chromium() {
    each_kind_is_read_as_others_read_it(Kind::Chromium);
}

#[test]
fn each_kind_is_read_as_others_read_it_in_firefox() {
    each_kind_is_read_as_others_read_it(Kind::Firefox);
}

#[test]
fn each_kind_is_read_as_others_read_it_in_webkit() {
    each_kind_is_read_as_others_read_it(Kind::WebKit);
}

fn a_cut_picture_is_scored_and_said_to_be_incomplete(kind: Kind) {
    if lacks(&[Need::Browser(kind)]) {
        return;
    }
    let server = TestServer::with_page();
    let page = Page::open_in(kind, &server);
    let labels = ["fruit", "rocket"];
    page.set_labels(&labels);
    let kinds = picture("kinds");
    page.choose_file(&kinds.join("progressive-mostly.jpg"));
    page.wait_for_text(".picture-note", "This picture is incomplete");
    let cut = page.wait_for_scores_of(&labels);
    page.choose_file(&kinds.join("progressive-without-end.jpg"));
    page.wait_for_none(".picture-note");
    page.wait_for_results("another picture's scores", |rows| *rows != cut[..]);
    let rows = page.wait_for_scores_of(&labels);
    page.choose_file(&kinds.join("progressive-little.jpg"));
    page.wait_for_text(ERROR, "a JPEG of which more than half is missing");
    assert_eq!(page.results(), rows, "the picture before stays");
}

#[test]
fn a_cut_picture_is_scored_and_said_to_be_incomplete_in_chromium() {
    a_cut_picture_is_scored_and_said_to_be_incomplete(Kind::Chromium);
}

#[test]
fn a_cut_picture_is_scored_and_said_to_be_incomplete_in_firefox() {
    a_cut_picture_is_scored_and_said_to_be_incomplete(Kind::Firefox);
}

#[test]
fn a_cut_picture_is_scored_and_said_to_be_incomplete_in_webkit() {
    a_cut_picture_is_scored_and_said_to_be_incomplete(Kind::WebKit);
}

#[test]
fn what_is_no_picture_is_named() {
    let server = TestServer::with_page();
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-pictures");
    fs::create_dir_all(&folder).unwrap();
    let page = Page::open(&server);
    page.wait_until_ready();
    for (name, bytes, sentence) in [
        (
            "phone.heic",
            &b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"[..],
            "is a HEIC picture, which cannot be read here",
        ),
        (
            "drawing.svg",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            "is an SVG drawing",
        ),
        (
            "scan.pdf",
            b"%PDF-1.7\n%\xe2\xe3\xcf\xd3",
            "is a PDF document, not a picture",
        ),
        (
            "holiday.mov",
            b"\0\0\0\x14ftypqt  \0\0\0\0qt  ",
            "is a QuickTime video, not a picture",
        ),
        (
            "gone.jpg",
            b"<!doctype html><title>Not found</title>",
            "is a web page, not a picture",
        ),
    ] {
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap();
        page.drop_file(DROP_ZONE, &path);
        page.wait_for_text(ERROR, name);
        page.wait_for_text(ERROR, sentence);
    }
}
