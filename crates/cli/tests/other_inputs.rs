//! Pictures that come otherwise than as files: on standard input, and in archives that are
//! compressed.

mod common;

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use common::{cliplet_with, fresh_folder, lines, repository, starter, stderr, stdout};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

/// Runs the program with bytes on its standard input.
fn fed(bytes: &[u8], arguments: &[&str]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_cliplet"))
        .args([arguments[0], "--model"])
        .arg(starter())
        .args(&arguments[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that ends early reads no more of it.
    let _ = child.stdin.take().unwrap().write_all(bytes);
    child.wait_with_output().unwrap()
}

fn rows(output: &Output) -> Vec<Value> {
    lines(&stdout(output))
}

#[test]
fn a_picture_on_standard_input_is_done_as_a_file_is() {
    for (name, arguments) in [
        (
            "public/samples/bee.jpg",
            &["classify", "--labels", "bee, rocket", "--json"][..],
        ),
        ("tests/pictures/transparent.png", &["embed"]),
        ("tests/pictures/picture.webp", &["embed"]),
        ("tests/pictures/animated.gif", &["embed"]),
        ("tests/pictures/picture.tiff", &["embed"]),
    ] {
        let path = repository(name);
        let bytes = fs::read(&path).unwrap();
        let path = path.to_str().unwrap();
        let of_file = rows(&fed(b"", &[arguments, &[path]].concat()));
        for input in [&["-"][..], &["--files-from", "-"]] {
            let mut of_input = rows(&fed(&bytes, &[arguments, input].concat()));
            assert_eq!(of_input.len(), 1, "{name}");
            assert_eq!(of_input[0]["image"], "-", "{name}");
            of_input[0]["image"] = of_file[0]["image"].clone();
            assert_eq!(of_input, of_file, "{name}");
        }
    }
    // One that is damaged is named as it is given.
    let bee = fs::read(repository("public/samples/bee.jpg")).unwrap();
    let output = fed(&bee[..40], &["embed", "-"]);
    assert_eq!(output.status.code(), Some(1));
    let sentence = stderr(&output);
    assert!(sentence.starts_with("cliplet: -: "), "{sentence}");
    // A list is a list.
    let bee = repository("public/samples/bee.jpg");
    let list = format!("{0}\n{0}\n", bee.display());
    assert_eq!(rows(&fed(list.as_bytes(), &["embed", "-"])).len(), 2);
}

#[test]
fn a_picture_on_standard_input_is_no_part_of_a_collection() {
    let folder = fresh_folder("parts-of-input");
    let bee = fs::read(repository("public/samples/bee.jpg")).unwrap();
    let to = ["embed", "--out-folder", folder.to_str().unwrap(), "-"];
    let output = fed(&bee, &to);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("standard input"),
        "{}",
        stderr(&output)
    );
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

fn archive() -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for name in ["bee.jpg", "rocket.jpg"] {
        let mut file = File::open(repository("public/samples").join(name)).unwrap();
        builder.append_file(name, &mut file).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn archives_compressed_by_gzip_are_read() {
    let folder = fresh_folder("gzip");
    let embed = |of: &Path| cliplet_with(&[&"embed", &"--model", &starter(), &of]);
    let vectors = |output: &Output| -> Vec<Value> {
        let rows = rows(output).into_iter();
        rows.map(|row| row["embedding"].clone()).collect()
    };
    let plain = folder.join("plain.tar");
    let whole = archive();
    fs::write(&plain, &whole).unwrap();
    let expected = vectors(&embed(&plain));
    assert_eq!(expected.len(), 2);
    let (first, rest) = whole.split_at(10_000);
    for (name, bytes) in [
        ("shard.tar.gz", gzip(&whole)),
        ("shard.tgz", gzip(&whole)),
        ("SHARD.TAR.GZ", gzip(&whole)),
        // As `pigz` and `cat a.gz b.gz` make them: one stream behind the other.
        ("two.tar.gz", [gzip(first), gzip(rest)].concat()),
        // What a name says matters less than what is there.
        ("compressed.tar", gzip(&whole)),
        ("plain.tar.gz", whole.clone()),
    ] {
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap();
        let output = embed(&path);
        assert_eq!(vectors(&output), expected, "{name}");
        let image = rows(&output)[0]["image"].as_str().unwrap().to_owned();
        assert!(
            image.ends_with("bee.jpg") && image.contains(name),
            "{image}"
        );
    }
    // In a folder they are found as plain ones are.
    let found = vectors(&embed(&folder));
    assert_eq!(found.len(), 7 * 2);
    // One that is cut off says so.
    let cut = folder.join("cut.tar.gz");
    let bytes = gzip(&whole);
    fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    let output = embed(&cut);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("cut.tar.gz"),
        "{}",
        stderr(&output)
    );
}
