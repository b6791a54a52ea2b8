//! Pictures of sizes that resizing once refused, and of every kind, reach a model of the usual
//! shape as transformers prepares them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::collection::{labels_of, wait_for_labels_of};
use crate::harness::references::Reference;
use crate::harness::world::{World, real_shape};
use crate::harness::{DROP_ZONE, ERROR, Kind, Need, Options, Page, STATUS, lacks};

const MODEL: &str = "Real";

fn world() -> World {
    World::with_models(&[(MODEL, &real_shape())])
}

/// A page on which the model answers.
fn visit(world: &World, kind: Kind) -> Page {
    let options = Options {
        kind,
        ..Options::default()
    };
    let (page, _) = world.visit_with(&options);
    page.wait_for_text(STATUS, "Real CLIP is ready");
    page
}

/// The pictures of the sizes in question.
fn sizes() -> Vec<Reference> {
    let mut all = Reference::of_real_shape();
    all.retain(|reference| reference.picture.starts_with("tests/pictures/sizes/"));
    assert_eq!(all.len(), 4);
    all
}

fn are_scored_however_they_come(kind: Kind, ways: &[fn(&Page, &Path)]) {
    if lacks(&[Need::Browser(kind)]) {
        return;
    }
    let world = world();
    let page = visit(&world, kind);
    let sizes = sizes();
    page.set_labels(&sizes[0].labels());
    for way in ways {
        for reference in &sizes {
            way(&page, &reference.file());
            reference.wait_for_scores(&page);
            assert!(!page.has(ERROR), "{}", reference.picture);
        }
    }
}

const WAYS: [fn(&Page, &Path); 3] = [
    |page, file| page.choose_file(file),
    |page, file| page.drop_file(DROP_ZONE, file),
    |page, file| {
        page.leave_field();
        page.paste_file(file, "image/jpeg");
    },
];

#[test]
fn they_are_scored_however_they_come_in_chromium() {
    are_scored_however_they_come(Kind::Chromium, &WAYS);
}

#[test]
fn they_are_scored_however_they_come_in_webkit() {
    are_scored_however_they_come(Kind::WebKit, &WAYS);
}

#[test]
fn they_are_scored_in_firefox() {
    // It pastes nothing that a script hands it.
    are_scored_however_they_come(Kind::Firefox, &WAYS[..2]);
}

#[test]
fn a_collection_reads_all_of_them() {
    let world = world();
    let page = visit(&world, Kind::default());
    let sizes = sizes();
    page.set_labels(&sizes[0].labels());
    let folder: PathBuf = sizes[0].file().parent().unwrap().to_owned();
    page.drop_file(DROP_ZONE, &folder);
    page.wait_for_text("[data-testid=collection-count]", "4 pictures");
    let names: Vec<String> = sizes
        .iter()
        .map(|reference| {
            reference
                .file()
                .file_name()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    // Of a picture whose best labels are nearly alike, either may stand first.
    let wanted: Vec<(&str, &str)> = names
        .iter()
        .zip(&sizes)
        .filter_map(|(name, reference)| Some((&name[..], reference.clearly_best()?)))
        .collect();
    assert!(wanted.len() >= 3, "{wanted:?}");
    wait_for_labels_of(&page, &wanted);
    page.wait_until("a label on every picture", Duration::from_secs(30), || {
        let labels = labels_of(&page);
        names
            .iter()
            .all(|name| labels[name].is_string())
            .then_some(())
    });
    let count = page.text("[data-testid=collection-count]").unwrap();
    assert!(!count.contains("unreadable"), "{count}");
}

fn embeddings_are_those_of_transformers(kind: Kind) {
    if lacks(&[Need::Browser(kind)]) {
        return;
    }
    let world = world();
    let references = Reference::of_real_shape();
    for (at, reference) in references.iter().enumerate() {
        world.page.put(
            &format!("picture-{at}"),
            fs::read(reference.file()).unwrap(),
        );
    }
    world.page.put(
        "host.html",
        "<!DOCTYPE html><meta charset=utf-8><title>Somebody's page</title>
         <script type=module>
           import { Cliplet } from './cliplet.js';
           globalThis.Cliplet = Cliplet;
         </script>",
    );
    let options = Options {
        kind,
        ..Options::default()
    };
    let page = Page::open_at_with(&world.page, "host.html", &options);
    page.wait_until("the module", Duration::from_secs(30), || {
        (page.script("return typeof Cliplet", []) == "function").then_some(())
    });
    let embeddings = page.script(
        "const clip = await Cliplet.load({ model: arguments[0] });
         const embeddings = [];
         for (let at = 0; at < arguments[1]; at++) {
             const bytes = await (await fetch(`picture-${at}`)).arrayBuffer();
             const [embedding] = await clip.embedImages([new Blob([bytes])]);
             embeddings.push(Array.from(embedding));
         }
         return embeddings",
        [json!(MODEL), json!(references.len())],
    );
    for (reference, embedding) in references.iter().zip(embeddings.as_array().unwrap()) {
        let embedding: Vec<f64> = embedding
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_f64)
            .collect();
        assert_eq!(embedding.len(), reference.embedding.len());
        let cosine: f64 = embedding
            .iter()
            .zip(&reference.embedding)
            .map(|(a, b)| a * b)
            .sum();
        println!("{}: {cosine}", reference.picture);
        assert!(cosine >= 0.999, "{}: {cosine}", reference.picture);
    }
}

#[test]
fn embeddings_are_those_of_transformers_in_chromium() {
    embeddings_are_those_of_transformers(Kind::Chromium);
}

#[test]
fn embeddings_are_those_of_transformers_in_firefox() {
    embeddings_are_those_of_transformers(Kind::Firefox);
}

#[test]
fn embeddings_are_those_of_transformers_in_webkit() {
    embeddings_are_those_of_transformers(Kind::WebKit);
}
