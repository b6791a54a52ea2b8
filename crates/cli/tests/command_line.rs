//! The program as a person runs it: arguments in, lines and exit status out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A file of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

fn cliplet(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cliplet"))
        .args(arguments)
        .output()
        .unwrap()
}

fn with_starter(command: &str, arguments: &[&str]) -> Output {
    let model = repository("public/models/starter.gguf");
    let mut all = vec![command, "--model", model.to_str().unwrap()];
    all.extend(arguments);
    cliplet(&all)
}

/// The samples of the page: file, labels, and the label that fits best.
fn samples() -> Vec<(String, String, String)> {
    let text = fs::read_to_string(repository("public/samples/samples.json")).unwrap();
    let samples: Value = serde_json::from_str(&text).unwrap();
    samples
        .as_array()
        .unwrap()
        .iter()
        .map(|sample| {
            let file = repository("public/samples").join(sample["file"].as_str().unwrap());
            let labels: Vec<&str> = sample["labels"]
                .as_array()
                .unwrap()
                .iter()
                .map(|label| label.as_str().unwrap())
                .collect();
            (
                file.to_str().unwrap().to_owned(),
                labels.join(", "),
                sample["best"].as_str().unwrap().to_owned(),
            )
        })
        .collect()
}

fn json_lines(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", sentence(output));
    lines(output)
}

fn lines(output: &Output) -> Vec<Value> {
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn sentence(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn samples_are_classified_best_first() {
    for (file, labels, best) in samples() {
        for reference in [&[] as &[&str], &["--reference"]] {
            let mut arguments = vec!["--json", "--labels", &labels];
            arguments.extend(reference);
            arguments.push(&file);
            let lines = json_lines(&with_starter("classify", &arguments));
            assert_eq!(lines[0]["image"], file);
            let results = lines[0]["results"].as_array().unwrap();
            assert_eq!(results.len(), labels.split(',').count());
            assert_eq!(results[0]["label"], best, "{file}");
            let scores: Vec<f64> = results
                .iter()
                .map(|r| r["score"].as_f64().unwrap())
                .collect();
            assert!(scores.is_sorted_by(|a, b| a >= b));
            assert!((scores.iter().sum::<f64>() - 1.0).abs() < 1e-4);
            assert!(
                results
                    .iter()
                    .all(|r| r["cosine"].as_f64().unwrap().abs() <= 1.0)
            );
        }
    }
}

#[test]
fn embeddings_come_in_the_order_given_and_have_unit_length() {
    let (file, ..) = &samples()[0];
    let output = with_starter(
        "embed",
        &["--text", "a cat", "--image", file, "--text", "a dog"],
    );
    let lines = json_lines(&output);
    assert_eq!(lines[0]["text"], "a cat");
    assert_eq!(lines[1]["image"], *file);
    assert_eq!(lines[2]["text"], "a dog");
    for line in &lines {
        let embedding = line["embedding"].as_array().unwrap();
        let length: f64 = embedding.iter().map(|x| x.as_f64().unwrap().powi(2)).sum();
        assert!((length - 1.0).abs() < 1e-5);
    }
}

#[test]
fn usage_errors_are_sentences_and_exit_with_2() {
    let (file, ..) = &samples()[0];
    for arguments in [
        &["--labels", " , ,", file] as &[&str],
        &["--labels", "cat", "--template", "a photo", file],
        &["--labels", "cat"],
    ] {
        let output = with_starter("classify", arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!sentence(&output).is_empty());
        assert!(output.stdout.is_empty());
    }
    assert_eq!(with_starter("embed", &[]).status.code(), Some(2));
    assert_eq!(cliplet(&["sing"]).status.code(), Some(2));
}

#[test]
fn files_that_cannot_be_used_are_sentences_and_exit_with_1() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let text = folder.join("words.jpg");
    fs::write(&text, "not a picture").unwrap();
    let empty = folder.join("empty.png");
    fs::write(&empty, "").unwrap();
    let missing = folder.join("missing.png");
    for path in [&text, &empty, &missing] {
        let path = path.to_str().unwrap();
        let output = with_starter("classify", &["--labels", "cat", path]);
        assert_eq!(output.status.code(), Some(1));
        assert!(
            sentence(&output).starts_with("cliplet: "),
            "{}",
            sentence(&output)
        );
        assert!(sentence(&output).contains(path));
    }
    let (file, ..) = &samples()[0];
    let arguments = [
        "classify",
        "--labels",
        "cat",
        "--model",
        text.to_str().unwrap(),
        file,
    ];
    let output = cliplet(&arguments);
    assert_eq!(output.status.code(), Some(1));
    assert!(sentence(&output).contains("GGUF"), "{}", sentence(&output));
}

#[test]
fn a_picture_that_cannot_be_used_does_not_keep_the_others_from_being_done() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let bad = folder.join("no-picture.jpg");
    fs::write(&bad, "not a picture").unwrap();
    let bad = bad.to_str().unwrap();
    let (first, ..) = &samples()[0];
    let (second, ..) = &samples()[1];

    let images = ["--json", "--labels", "cat, dog", first, bad, second];
    let output = with_starter("classify", &images);
    assert_eq!(output.status.code(), Some(1));
    assert!(sentence(&output).contains(bad), "{}", sentence(&output));
    let of = |line: &Value| line["image"].clone();
    let done: Vec<Value> = lines(&output).iter().map(of).collect();
    assert_eq!(done, [first.as_str(), second]);

    let output = with_starter("embed", &["--image", bad, "--text", "a cat"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(lines(&output).len(), 1);
    assert_eq!(lines(&output)[0]["text"], "a cat");
}

#[test]
fn a_text_whose_end_is_left_out_is_told() {
    let long = "word ".repeat(100);
    let (file, ..) = &samples()[0];
    for (command, arguments) in [
        ("embed", &["--text", &long] as &[&str]),
        ("classify", &["--labels", &long, file]),
    ] {
        let output = with_starter(command, arguments);
        assert!(output.status.success(), "{command}");
        assert!(
            sentence(&output).contains("is too long for the model"),
            "{command}: {}",
            sentence(&output)
        );
    }
}

#[cfg(unix)]
#[test]
fn a_file_name_that_is_no_text_is_no_obstacle() {
    use std::os::unix::ffi::OsStringExt;

    let name = std::ffi::OsString::from_vec(b"caf\xe9.jpg".to_vec());
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::copy(&samples()[0].0, &path).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_cliplet"))
        .args(["classify", "--json", "--labels", "cat", "--model"])
        .arg(repository("public/models/starter.gguf"))
        .arg(&path)
        .output()
        .unwrap();
    let line = &json_lines(&output)[0];
    assert!(
        line["image"].as_str().unwrap().ends_with("caf\u{fffd}.jpg"),
        "{line}"
    );
}
