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
    let without_labels = with_starter("classify", &[file]);
    assert_eq!(without_labels.status.code(), Some(2));
    let named = sentence(&without_labels);
    assert!(
        named.contains("--labels ") && named.contains("--labels-file "),
        "{named}"
    );
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
fn a_picture_that_its_decoder_panics_over_is_one_that_cannot_be_used() {
    let bad = "crates/fuzz-inputs/regressions/picture/jpeg-that-zune-jpeg-panics-over.jpg";
    let bad = repository(bad);
    let (good, ..) = &samples()[0];
    let output = with_starter("embed", &[bad.to_str().unwrap(), good]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(lines(&output).len(), 1);
    let sentence = sentence(&output);
    assert!(sentence.contains("damaged"), "{sentence}");
    assert_eq!(sentence.trim_end().lines().count(), 1, "{sentence}");
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

/// A folder as a repository of the Hugging Face Hub has it.
fn a_repository(name: &str) -> PathBuf {
    repository("crates/clip/tests/fixtures/hugging_face").join(name)
}

/// A new folder for a test's files.
fn fresh_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn convert(arguments: &[&str], folder: &Path, out: &Path) -> Output {
    let mut all = vec!["convert"];
    all.extend(arguments);
    all.extend([folder.to_str().unwrap(), out.to_str().unwrap()]);
    cliplet(&all)
}

#[test]
fn a_converted_repository_is_a_model() {
    let folder = fresh_folder("converted");
    for (name, logit_scale) in [
        ("f32-old", 50.0),
        ("f16-sharded", 100.0),
        ("bf16-sparse", 14.5),
    ] {
        let out = folder.join(format!("{name}.gguf"));
        let output = convert(&[], &a_repository(name), &out);
        assert!(output.status.success(), "{}", sentence(&output));
        assert!(output.stdout.is_empty());

        let info = json_lines(&cliplet(&["info", "--json", out.to_str().unwrap()])).remove(0);
        assert_eq!(info["bytes"], fs::metadata(&out).unwrap().len());
        assert!(
            (info["logit_scale"].as_f64().unwrap() - logit_scale).abs() < 0.5,
            "{info}"
        );
        assert_eq!(info["text_tower"]["vocabulary"], 768);
        assert_eq!(info["has_tokenizer"], true);
        assert!(info["weights"]["q8_0"].as_u64().unwrap() > 30_000, "{info}");

        let output = cliplet(&["embed", "--model", out.to_str().unwrap(), "--text", "a cat"]);
        assert!(json_lines(&output)[0]["embedding"].is_array());
    }
    // Nothing else is left behind.
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 3);
}

#[test]
fn weights_are_of_the_type_that_is_asked_for() {
    let folder = fresh_folder("weights");
    let out = folder.join("model.gguf");
    let mut sizes = Vec::new();
    for weights in ["q4_0", "q8_0", "f16", "f32"] {
        // Each replaces the one before it.
        let output = convert(&["--weights", weights], &a_repository("f16-sharded"), &out);
        assert!(output.status.success(), "{}", sentence(&output));
        let text = cliplet(&["info", out.to_str().unwrap()]);
        let text = String::from_utf8(text.stdout).unwrap();
        assert!(
            text.contains(weights) && text.contains("28 x 28 pixels"),
            "{text}"
        );
        sizes.push(fs::metadata(&out).unwrap().len());
    }
    assert!(sizes.is_sorted(), "{sizes:?}");
    let output = convert(&["--weights", "q5_k"], &a_repository("f16-sharded"), &out);
    assert_eq!(output.status.code(), Some(2));
    assert!(sentence(&output).contains("q8_0"), "{}", sentence(&output));
}

#[test]
fn what_cannot_be_converted_is_a_sentence_and_leaves_what_was_there() {
    let folder = fresh_folder("unconvertible");
    let out = folder.join("model.gguf");
    fs::write(&out, "precious").unwrap();
    let copy = |name: &str| {
        let to = folder.join(name);
        let _ = fs::remove_dir_all(&to);
        fs::create_dir(&to).unwrap();
        for entry in fs::read_dir(a_repository("f32-old")).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
        to
    };
    let without = |file: &str| {
        let to = copy(&format!("without {file}"));
        fs::remove_file(to.join(file)).unwrap();
        to
    };
    let other = copy("a language model");
    fs::write(other.join("config.json"), "{\"model_type\":\"llama\"}").unwrap();
    let cut = copy("cut off");
    let weights = fs::read(cut.join("model.safetensors")).unwrap();
    fs::write(cut.join("model.safetensors"), &weights[..weights.len() / 2]).unwrap();
    for (repository, named) in [
        (without("config.json"), "config.json"),
        (
            without("preprocessor_config.json"),
            "preprocessor_config.json",
        ),
        (without("tokenizer.json"), "tokenizer.json"),
        (without("model.safetensors"), "model.safetensors"),
        (other, "llama"),
        (cut, "cut off"),
        (folder.join("nowhere"), "nowhere"),
    ] {
        let before = fs::read_dir(&folder).unwrap().count();
        let output = convert(&[], &repository, &out);
        assert_eq!(output.status.code(), Some(1), "{named}");
        let sentence = sentence(&output);
        assert!(
            sentence.starts_with("cliplet: ") && sentence.contains(named),
            "{sentence}"
        );
        assert_eq!(fs::read(&out).unwrap(), b"precious", "{named}");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), before, "{named}");
    }
    let nowhere = folder.join("nowhere/model.gguf");
    let output = convert(&[], &a_repository("f32-old"), &nowhere);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        sentence(&output).contains("could not be written"),
        "{}",
        sentence(&output)
    );
}

#[test]
fn convolutional_towers_are_described_and_not_converted() {
    let model = repository("crates/fuzz-inputs/seeds/gguf/efficientnet.gguf");
    let model = model.to_str().unwrap();
    let text = String::from_utf8(cliplet(&["info", model]).stdout).unwrap();
    for part in [
        "3 blocks in 2 stages of widths 3, 4",
        "6 keys of width 5",
        "8 x 8 pixels",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(!text.contains("missing"), "{text}");
    let info = json_lines(&cliplet(&["info", "--json", model])).remove(0);
    let tower = &info["image_tower"];
    assert_eq!(tower["architecture"], "efficientnet-lite");
    assert_eq!(tower["stages"][1]["blocks"], 2);
    assert_eq!(tower["image_size"], 8);
    let out = std::env::temp_dir().join(format!("cliplet-{}.gguf", std::process::id()));
    let output = cliplet(&["convert", model, out.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let sentence = sentence(&output);
    assert!(sentence.contains("efficientnet-lite"), "{sentence}");
    assert!(!out.exists());
}

#[test]
fn info_is_about_models_alone() {
    let starter = repository("public/models/starter.gguf");
    let output = cliplet(&["info", starter.to_str().unwrap()]);
    let text = String::from_utf8(output.stdout).unwrap();
    for part in ["image tower", "text tower", "logit scale", "q8_0", "bytes"] {
        assert!(text.contains(part), "{text}");
    }
    let picture = repository("public/samples").join(&samples()[0].0);
    let output = cliplet(&["info", picture.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(sentence(&output).contains("GGUF"), "{}", sentence(&output));
    assert_eq!(cliplet(&["info", "nowhere.gguf"]).status.code(), Some(1));
}

#[cfg(unix)]
#[test]
fn a_converted_model_may_be_read_by_whoever_may_read_other_files() {
    use std::os::unix::fs::PermissionsExt;

    let folder = fresh_folder("permissions");
    let (plain, out) = (folder.join("plain"), folder.join("model.gguf"));
    fs::write(&plain, "").unwrap();
    assert!(
        convert(&[], &a_repository("f32-old"), &out)
            .status
            .success()
    );
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&out), mode(&plain));
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

/// A file that the tests of pictures have too.
fn kind(name: &str) -> String {
    let path = repository("tests/pictures/kinds").join(name);
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_cut_picture_is_done_and_said_to_be_incomplete() {
    let (cut, whole) = (
        kind("baseline-mostly.jpg"),
        kind("baseline-without-end.jpg"),
    );
    for arguments in [
        &["classify", "--json", "--labels", "cat, fruit"] as &[&str],
        &["embed"],
    ] {
        let output = with_starter(arguments[0], &[&arguments[1..], &[&cut, &whole]].concat());
        let rows = json_lines(&output);
        assert_eq!(rows[0]["incomplete"], true);
        assert_eq!(
            rows[1].get("incomplete"),
            None,
            "its marker alone is missing"
        );
        let said = sentence(&output);
        assert!(
            said.contains(&cut) && said.contains("the end of its file is missing"),
            "{said}"
        );
        assert!(!said.contains(&whole), "{said}");
    }
    let little = kind("progressive-little.jpg");
    let output = with_starter("embed", &[&little]);
    assert_eq!(output.status.code(), Some(1));
    assert!(sentence(&output).contains("more than half is missing"));
}

#[test]
fn what_is_no_picture_is_named_by_its_first_bytes() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, named) in [
        (
            "phone.jpg",
            &b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"[..],
            "a HEIC picture",
        ),
        ("new.jpg", b"\xff\x0a\xfa\x1f", "a JPEG XL picture"),
        (
            "drawing.png",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            "an SVG drawing",
        ),
        (
            "page.png",
            b"<!doctype html><title>Not found</title>",
            "a web page",
        ),
        ("scan.jpg", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "a PDF document"),
        (
            "clip.jpg",
            b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
            "an MP4 video",
        ),
        (
            "raw.tif",
            b"II*\0\x10\0\0\0CR\x02\0\0\0\0\0\0\0",
            "a camera's raw file (CR2)",
        ),
        (
            "pointer.jpg",
            b"version https://git-lfs.github.com/spec/v1\n",
            "git lfs pull",
        ),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let output = with_starter("embed", &[path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1), "{name}");
        let said = sentence(&output);
        assert!(said.contains(name) && said.contains(named), "{said}");
    }
}
