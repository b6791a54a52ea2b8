//! With a model of 224 pixels, pictures whose sizes resizing once refused, and all others, get the
//! embeddings that transformers computes.

mod common;

use std::fs;

use common::{cliplet_with, fresh_folder, lines, real_shape, repository, stdout};
use serde_json::Value;

/// What `tools/make_embeddings.py` has written of the pictures that the terminal decodes.
fn references() -> Vec<Value> {
    let text = fs::read_to_string(real_shape().with_file_name("references.json")).unwrap();
    let Value::Array(mut entries) = serde_json::from_str::<Value>(&text).unwrap()["entries"].take()
    else {
        panic!("references.json has entries")
    };
    entries.retain(|entry| !path(entry).ends_with(".avif"));
    entries
}

fn path(entry: &Value) -> &str {
    entry["picture"].as_str().unwrap()
}

/// Those of the sizes in question.
fn sizes() -> Vec<Value> {
    let mut entries = references();
    entries.retain(|entry| path(entry).starts_with("tests/pictures/sizes/"));
    assert_eq!(entries.len(), 4);
    entries
}

fn numbers(value: &Value) -> Vec<f64> {
    let numbers = value.as_array().unwrap().iter();
    numbers.map(|number| number.as_f64().unwrap()).collect()
}

#[test]
fn embeddings_are_those_of_transformers() {
    let references = references();
    let files: Vec<_> = references
        .iter()
        .map(|entry| repository(path(entry)))
        .collect();
    let model = real_shape();
    let mut arguments: Vec<&dyn AsRef<std::ffi::OsStr>> = vec![&"embed", &"--model", &model];
    for file in &files {
        arguments.push(&"--image");
        arguments.push(file);
    }
    let rows = lines(&stdout(&cliplet_with(&arguments)));
    assert_eq!(rows.len(), references.len());
    for (row, reference) in rows.iter().zip(&references) {
        let (ours, theirs) = (numbers(&row["embedding"]), numbers(&reference["embedding"]));
        assert_eq!(ours.len(), theirs.len());
        let cosine: f64 = ours.iter().zip(&theirs).map(|(a, b)| a * b).sum();
        assert!(cosine >= 0.999, "{}: {cosine}", path(reference));
    }
}

#[test]
fn scores_are_those_of_transformers() {
    // In exact arithmetic: the model is far more sensitive than a trained one.
    for entry in sizes() {
        let labels: Vec<String> = serde_json::from_value(entry["labels"].clone()).unwrap();
        let output = cliplet_with(&[
            &"classify",
            &"--json",
            &"--reference",
            &"--model",
            &real_shape(),
            &"--labels",
            &labels.join(", "),
            &repository(path(&entry)),
        ]);
        let row = lines(&stdout(&output)).remove(0);
        let results = row["results"].as_array().unwrap();
        for (label, expected) in labels.iter().zip(numbers(&entry["scores"])) {
            let result = results
                .iter()
                .find(|result| result["label"] == **label)
                .unwrap();
            let score = result["score"].as_f64().unwrap();
            assert!(
                (score - expected).abs() < 0.01,
                "{}, {label}: {score}",
                path(&entry)
            );
        }
    }
}

#[test]
fn eval_counts_each_of_them() {
    let folder = fresh_folder("picture-sizes");
    for entry in sizes() {
        let scores = numbers(&entry["scores"]);
        let best = (0..scores.len())
            .max_by(|&a, &b| scores[a].total_cmp(&scores[b]))
            .unwrap();
        let class = folder.join(entry["labels"][best].as_str().unwrap());
        fs::create_dir_all(&class).unwrap();
        let file = repository(path(&entry));
        fs::copy(&file, class.join(file.file_name().unwrap())).unwrap();
    }
    let output = cliplet_with(&[
        &"eval",
        &"zero-shot",
        &"--json",
        &"--model",
        &real_shape(),
        &folder,
    ]);
    let result = lines(&stdout(&output)).remove(0);
    assert_eq!(result["pictures"], 4);
    assert_eq!(result["unusable"], 0);
    // Each lies in the folder of its best label, of which fewer are offered.
    assert_eq!(result["top1"], 1.0);
}
