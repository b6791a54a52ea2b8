//! Text as other programs save it, and lists of labels as people have them, are read as the page
//! reads them.

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{
    cliplet_with, eval, fixture, fresh_folder, lines, repository, starter, stderr, stdout,
};
use serde_json::Value;

/// The table that the parser's own tests and those of the page read too.
const LISTS: &str = include_str!("../../protocol/tests/fixtures/label-lists.json");

/// A text as UTF-16 with a byte order mark, as Windows saves "Unicode".
fn utf16(text: &str) -> Vec<u8> {
    let units = format!("\u{feff}{text}");
    units.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The labels that a picture is compared with, sorted.
fn labels(output: &std::process::Output) -> Vec<String> {
    let row = lines(&stdout(output)).remove(0);
    let results = row["results"].as_array().unwrap();
    let labels = results.iter().map(|result| &result["label"]);
    let mut labels: Vec<String> = labels
        .map(|label| label.as_str().unwrap().to_owned())
        .collect();
    labels.sort();
    labels
}

fn classify(arguments: &[&dyn AsRef<std::ffi::OsStr>]) -> std::process::Output {
    let (starter, picture) = (starter(), repository("public/samples/bee.jpg"));
    let mut all: Vec<&dyn AsRef<std::ffi::OsStr>> =
        vec![&"classify", &"--json", &"--model", &starter, &picture];
    all.extend(arguments);
    cliplet_with(&all)
}

fn sorted(labels: &Value) -> Vec<String> {
    let labels = labels.as_array().unwrap().iter();
    let mut labels: Vec<String> = labels
        .map(|label| label.as_str().unwrap().to_owned())
        .collect();
    labels.sort();
    labels
}

#[test]
fn a_list_is_the_same_on_the_command_line_and_in_a_file() {
    let folder = fresh_folder("label-lists");
    let cases: Vec<Value> = serde_json::from_str(LISTS).unwrap();
    for (number, case) in cases.iter().enumerate() {
        let (text, about) = (case["text"].as_str().unwrap(), &case["about"]);
        let expected = sorted(&case["labels"]);
        let file = folder.join(format!("{number}.txt"));
        // In one encoding and the other.
        let bytes = match number % 2 {
            0 => text.as_bytes().to_vec(),
            _ => utf16(text),
        };
        fs::write(&file, bytes).unwrap();
        let in_file = classify(&[&"--labels-file", &file]);
        let typed = classify(&[&format!("--labels={text}")]);
        for output in [in_file, typed] {
            if expected.is_empty() {
                assert_eq!(output.status.code(), Some(2), "{about}");
            } else {
                assert_eq!(labels(&output), expected, "{about}");
            }
        }
    }
}

#[test]
fn labels_come_from_stdin_too() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_cliplet"))
        .args(["classify", "--json", "--labels-file", "-", "--model"])
        .args([starter(), repository("public/samples/bee.jpg")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, &utf16("- a bee\r\n- a cat\r\n")).unwrap();
    drop(stdin);
    assert_eq!(
        labels(&child.wait_with_output().unwrap()),
        ["a bee", "a cat"]
    );
}

#[test]
fn files_of_labels_that_other_programs_save_are_read() {
    for (file, expected) in [
        ("bom.txt", &["cat", "dog"] as &[&str]),
        ("u16.txt", &["cat", "dog"]),
        ("mac.txt", &["bird", "cat", "dog"]),
    ] {
        let path = fixture("text").join(file);
        assert_eq!(labels(&classify(&[&"--labels-file", &path])), expected);
    }
}

#[test]
fn a_line_of_several_labels_is_said() {
    let folder = fresh_folder("lines-of-labels");
    let file = folder.join("labels.txt");
    fs::write(&file, "chair, folding\ncat\n").unwrap();
    let output = classify(&[&"--labels-file", &file]);
    assert_eq!(labels(&output), ["cat", "chair", "folding"]);
    assert!(stderr(&output).contains("2 lines hold 3 labels"));
    fs::write(&file, "\"chair, folding\"\ncat\n").unwrap();
    let output = classify(&[&"--labels-file", &file]);
    assert_eq!(labels(&output), ["cat", "chair, folding"]);
    assert_eq!(stderr(&output), "");
}

#[test]
fn templates_prompts_captions_and_class_names_are_read_so_too() {
    let folder = fresh_folder("text-of-others");
    let write = |name: &str, bytes: Vec<u8>| {
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    // Two templates, with the line end of old Macintoshes between them.
    let templates = write(
        "templates.txt",
        utf16("a photo of a {}\ra drawing of a {}\r"),
    );
    let of_file = classify(&[&"--labels", &"bee, cat", &"--template-file", &templates]);
    let of_arguments = classify(&[
        &"--labels",
        &"bee, cat",
        &"--template",
        &"a photo of a {}",
        &"--template",
        &"a drawing of a {}",
    ]);
    assert_eq!(stdout(&of_file), stdout(&of_arguments));

    let prompts = write("prompts.txt", utf16("a cat\r\n\r\nein Bär\r\n"));
    let output = cliplet_with(&[&"embed", &"--model", &starter(), &"--texts-file", &prompts]);
    let texts: Vec<Value> = lines(&stdout(&output));
    let texts: Vec<&Value> = texts.iter().map(|row| &row["text"]).collect();
    assert_eq!(texts, ["a cat", "ein Bär"]);

    for picture in ["bee.jpg", "panda.jpg"] {
        let from = repository("public/samples").join(picture);
        fs::copy(from, folder.join(picture)).unwrap();
    }
    let objects = "{\"image\":\"bee.jpg\",\"caption\":\"a bee\"}\r\n{\"image\":\"panda.jpg\",\"captions\":[\"a panda\",\"a bear\"]}\r\n";
    let table = "bee.jpg\ta bee\rpanda.jpg\ta panda\rpanda.jpg\ta bear\r";
    for (name, bytes) in [
        ("captions.jsonl", format!("\u{feff}{objects}").into_bytes()),
        ("captions-16.jsonl", utf16(objects)),
        ("captions.tsv", table.as_bytes().to_vec()),
        ("captions-16.tsv", utf16(table)),
    ] {
        let captions = write(name, bytes);
        let result = eval(&[&"retrieval", &"--captions", &captions]);
        assert_eq!(
            (&result["pictures"], &result["captions"]),
            (&Value::from(2), &Value::from(3)),
            "{name}"
        );
    }

    let data = folder.join("data");
    for class in ["a", "b", "c"] {
        fs::create_dir_all(data.join(class)).unwrap();
        let from = repository("public/samples/bee.jpg");
        fs::copy(from, data.join(class).join("bee.jpg")).unwrap();
    }
    let classes = fixture("text/mac.txt");
    let result = eval(&[&"zero-shot", &"--classes", &classes, &data]);
    let recalls = result["recalls"].as_array().unwrap().iter();
    let names: Vec<&Value> = recalls.map(|recall| &recall["class"]).collect();
    assert_eq!(names, ["cat", "dog", "bird"]);
}

#[test]
fn what_is_no_text_is_a_sentence() {
    let folder = fresh_folder("no-text");
    let sentence = |bytes: &[u8]| {
        let file: &Path = &folder.join("labels.txt");
        fs::write(file, bytes).unwrap();
        let output = classify(&[&"--labels-file", &file]);
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        stderr(&output)
    };
    // As Windows-1252 has it.
    let said = sentence(b"cat\nna\xefve\n");
    assert!(
        said.contains("labels.txt") && said.contains("line 2") && said.contains("save it as UTF-8"),
        "{said}"
    );
    let picture = fs::read(repository("public/samples/bee.jpg")).unwrap();
    assert!(sentence(&picture).contains("is not text"));
}

#[test]
fn both_apostrophes_have_one_embedding() {
    let output = cliplet_with(&[
        &"embed",
        &"--model",
        &starter(),
        &"--text",
        &"a child's “toy”",
        &"--text",
        &"a child’s \"toy\"",
        &"--text",
        &"a child&rsquo;s &quot;ｔｏｙ&quot;",
        &"--text",
        &"a child toy",
    ]);
    let rows = lines(&stdout(&output));
    assert_eq!(rows[0]["embedding"], rows[1]["embedding"]);
    assert_eq!(rows[0]["embedding"], rows[2]["embedding"]);
    assert_ne!(rows[0]["embedding"], rows[3]["embedding"]);
    // What is written is what was given.
    assert_eq!(rows[1]["text"], "a child’s \"toy\"");
}
