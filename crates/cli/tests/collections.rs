//! Many pictures: however they are named, into whatever format, in one go or in parts.

mod common;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::SystemTime;

use candle_core::Device;
use common::{cliplet_with, fresh_folder, lines, repository, starter, stderr, stdout};
use serde_json::Value;

/// A folder with some pictures, one below another folder, and what is none.
fn pictures(name: &str) -> PathBuf {
    let folder = fresh_folder(name);
    let pictures = folder.join("pictures");
    fs::create_dir_all(pictures.join("deeper")).unwrap();
    for (from, to) in [
        ("bee.jpg", "a.jpg"),
        ("rocket.jpg", "b.JPG"),
        ("bee.jpg", "deeper/c.jpg"),
        ("rocket.jpg", "z.jpg"),
    ] {
        let from = repository("public/samples").join(from);
        fs::copy(from, pictures.join(to)).unwrap();
    }
    fs::write(pictures.join("notes.md"), "not a picture").unwrap();
    folder
}

fn embed(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cliplet"))
        .current_dir(folder)
        .args(["embed", "--model"])
        .arg(starter())
        .args(arguments)
        .output()
        .unwrap()
}

fn names(text: &str) -> Vec<String> {
    lines(text)
        .iter()
        .map(|line| line["image"].as_str().unwrap().to_owned())
        .collect()
}

fn embedding(line: &Value) -> Vec<f32> {
    let numbers = line["embedding"].as_array().unwrap();
    numbers.iter().map(|x| x.as_f64().unwrap() as f32).collect()
}

/// A tar archive as webdataset lays it out.
fn archive(path: &Path, members: &[(&str, &[u8])]) {
    let mut builder = tar::Builder::new(File::create(path).unwrap());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.finish().unwrap();
}

fn sample(name: &str) -> Vec<u8> {
    fs::read(repository("public/samples").join(name)).unwrap()
}

#[test]
fn pictures_may_be_named_in_many_ways() {
    let folder = pictures("named");
    let all = [
        "pictures/a.jpg",
        "pictures/b.JPG",
        "pictures/deeper/c.jpg",
        "pictures/z.jpg",
    ];
    let by_folder = stdout(&embed(&folder, &["pictures"]));
    assert_eq!(names(&by_folder), all);
    assert_eq!(stdout(&embed(&folder, &all)), by_folder);
    let pattern = stdout(&embed(&folder, &["pictures/?.jpg"]));
    assert_eq!(names(&pattern), ["pictures/a.jpg", "pictures/z.jpg"]);

    fs::write(folder.join("list.txt"), all.join("\r\n") + "\n\n").unwrap();
    let by_list = stdout(&embed(&folder, &["--files-from", "list.txt"]));
    assert_eq!(by_list, by_folder);
    for arguments in [&["-"][..], &["--files-from", "-"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_cliplet"))
            .current_dir(&folder)
            .args(["embed", "--model"])
            .arg(starter())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(all.join("\n").as_bytes()).unwrap();
        drop(stdin);
        assert_eq!(stdout(&child.wait_with_output().unwrap()), by_folder);
    }
    for (arguments, status, what) in [
        (&["nothing/*.jpg"][..], 1, "matches"),
        (&["[a.jpg"], 2, "pattern"),
        (&["--files-from", "nowhere.txt"], 1, "nowhere.txt"),
        (&["--shard", "3/3", "pictures"], 2, "I/N"),
    ] {
        let output = embed(&folder, arguments);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}");
        assert!(stderr(&output).contains(what), "{}", stderr(&output));
    }
    fs::create_dir(folder.join("empty")).unwrap();
    let output = embed(&folder, &["empty"]);
    assert!(stderr(&output).contains("no pictures"));
}

#[test]
fn archives_are_read_as_they_are() {
    let folder = pictures("archives");
    let (bee, rocket) = (sample("bee.jpg"), sample("rocket.jpg"));
    archive(
        &folder.join("shard-0.tar"),
        &[
            ("0001.jpg", &bee),
            ("0001.txt", b"a bee"),
            ("deeper/0002.jpg", &rocket),
            ("0003.jpg", b"no picture"),
            ("0004.jpg", &bee),
        ],
    );
    let output = embed(&folder, &["shard-0.tar"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("shard-0.tar/0003.jpg"));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        names(&text),
        [
            "shard-0.tar/0001.jpg",
            "shard-0.tar/deeper/0002.jpg",
            "shard-0.tar/0004.jpg"
        ]
    );
    let rows = lines(&text);
    let plain = lines(&stdout(&embed(&folder, &["pictures/a.jpg"])));
    assert_eq!(embedding(&rows[0]), embedding(&plain[0]));

    // One that breaks off gives what it had.
    let whole = fs::read(folder.join("shard-0.tar")).unwrap();
    let broken = &whole[..bee.len() + rocket.len() + 2000];
    fs::write(folder.join("broken.tar"), broken).unwrap();
    let output = embed(&folder, &["broken.tar", "pictures/a.jpg"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("broken.tar"),
        "{}",
        stderr(&output)
    );
    let done = names(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(done.first().unwrap(), "broken.tar/0001.jpg");
    assert_eq!(done.last().unwrap(), "pictures/a.jpg");
}

#[test]
fn every_format_has_the_same_numbers() {
    let folder = pictures("formats");
    let rows = lines(&stdout(&embed(&folder, &["pictures"])));
    let width = embedding(&rows[0]).len();

    let csv = stdout(&embed(&folder, &["--format", "csv", "pictures"]));
    let mut csv = csv.lines();
    assert!(csv.next().unwrap().starts_with("image,0,1,2,"));
    for (line, row) in csv.zip(&rows) {
        let mut fields = line.split(',');
        assert_eq!(fields.next().unwrap(), row["image"]);
        let numbers: Vec<f32> = fields.map(|field| field.parse().unwrap()).collect();
        assert_eq!(numbers, embedding(row));
    }

    stdout(&embed(&folder, &["--out", "e.npy", "pictures"]));
    let npy = candle_core::Tensor::read_npy(folder.join("e.npy")).unwrap();
    assert_eq!(npy.dims(), [4, width]);
    let listed = fs::read_to_string(folder.join("e.txt")).unwrap();
    stdout(&embed(&folder, &["--out", "e.safetensors", "pictures"]));
    let tensors =
        candle_core::safetensors::load(folder.join("e.safetensors"), &Device::Cpu).unwrap();
    let of_safetensors = tensors["embeddings"].to_vec2::<f32>().unwrap();
    for (i, row) in npy.to_vec2::<f32>().unwrap().iter().enumerate() {
        assert_eq!(row, &embedding(&rows[i]));
        assert_eq!(row, &of_safetensors[i]);
        assert_eq!(listed.lines().nth(i).unwrap(), rows[i]["image"]);
    }
    let bytes = fs::read(folder.join("e.safetensors")).unwrap();
    let length = u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
    assert!(length.is_multiple_of(8));
    let header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let names: Vec<String> =
        serde_json::from_str(header["__metadata__"]["names"].as_str().unwrap()).unwrap();
    assert_eq!(names.len(), 4);

    for arguments in [
        &["--format", "npy", "pictures"][..],
        &["--out", "e.xyz", "pictures"],
        &["--format", "text", "pictures"],
        &["--text", "a cat", "--out-folder", "parts"],
    ] {
        let output = embed(&folder, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn labels_come_best_first_as_csv_too() {
    let folder = pictures("csv");
    let classify = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_cliplet"))
            .current_dir(&folder)
            .args(["classify", "--model"])
            .arg(starter())
            .args(arguments)
            .output()
            .unwrap()
    };
    fs::write(
        folder.join("labels.txt"),
        "bee\n\"rocket, \"\"big\"\"\"\nbee\n",
    )
    .unwrap();
    fs::write(folder.join("templates.txt"), "a photo of a {}.\na {}\n").unwrap();
    let files = [
        "--labels-file",
        "labels.txt",
        "--template-file",
        "templates.txt",
    ];
    let csv = stdout(&classify(
        &[&files[..], &["--format", "csv", "pictures"]].concat(),
    ));
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    assert_eq!(
        reader.headers().unwrap(),
        vec!["image", "label", "score", "cosine"]
    );
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), 8);
    assert!(records.iter().any(|record| &record[1] == "rocket, \"big\""));

    let json = lines(&stdout(&classify(
        &[
            &files[..],
            &["--json", "--top", "1", "--embeddings", "pictures"],
        ]
        .concat(),
    )));
    assert_eq!(json.len(), 4);
    for (row, best) in json.iter().zip(records.chunks(2)) {
        let results = row["results"].as_array().unwrap();
        assert_eq!(results.len(), 1);
        assert_eq!(results[0]["label"], best[0][1]);
        let score: f32 = best[0][2].parse().unwrap();
        assert_eq!(results[0]["score"].as_f64().unwrap() as f32, score);
        assert!(row["embedding"].is_array());
    }
    // Two templates are not the same as either alone.
    let score = |arguments: &[&str]| {
        let row = lines(&stdout(&classify(arguments))).remove(0);
        row["results"][0]["cosine"].as_f64().unwrap()
    };
    let of_both = score(&[
        "--json",
        "--labels",
        "bee",
        "--template",
        "a photo of a {}.",
        "--template",
        "a {}",
        "pictures/a.jpg",
    ]);
    let of_one = score(&[
        "--json",
        "--labels",
        "bee",
        "--template",
        "a {}",
        "pictures/a.jpg",
    ]);
    assert_ne!(of_both, of_one);
}

#[test]
fn parts_of_a_collection_are_all_of_it() {
    let folder = pictures("shards");
    let all: Vec<String> = (0..12).map(|i| format!("pictures/copy-{i}.jpg")).collect();
    for name in &all {
        fs::copy(repository("public/samples/bee.jpg"), folder.join(name)).unwrap();
    }
    let mut found = Vec::new();
    for shard in ["0/3", "1/3", "2/3"] {
        let text = stdout(&embed(&folder, &["--shard", shard, "pictures"]));
        let of_shard = names(&text);
        // Naming others beside does not change what is in it.
        let again = stdout(&embed(
            &folder,
            &[
                &["--shard", shard][..],
                &all.iter().map(String::as_str).collect::<Vec<_>>(),
            ]
            .concat(),
        ));
        assert!(names(&again).iter().all(|name| of_shard.contains(name)));
        found.extend(of_shard);
    }
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 16);
}

#[test]
fn what_stopped_goes_on() {
    let folder = pictures("resumed");
    fs::write(folder.join("pictures/broken.jpg"), "no picture").unwrap();
    archive(
        &folder.join("shard.tar"),
        &[
            ("1.jpg", &sample("bee.jpg")),
            ("2.jpg", &sample("rocket.jpg")),
        ],
    );
    let job = [
        "--out-folder",
        "parts",
        "--format",
        "jsonl",
        "--part",
        "2",
        "pictures",
        "shard.tar",
    ];
    let parts = || -> Vec<PathBuf> {
        let mut parts: Vec<PathBuf> = fs::read_dir(folder.join("parts"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().unwrap() == "jsonl")
            .collect();
        parts.sort();
        parts
    };
    let output = embed(&folder, &job);
    assert_eq!(output.status.code(), Some(1));
    let first = stderr(&output);
    assert!(first.contains("broken.jpg"), "{first}");
    let written = parts();
    // Five files by two, and an archive.
    assert_eq!(written.len(), 4);
    let all: Vec<String> = written
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    assert_eq!(names(&all.concat()).len(), 6);

    // One part is lost, and the others are older than they could be.
    fs::remove_file(&written[1]).unwrap();
    for path in [&written[0], &written[2], &written[3]] {
        let file = File::options().append(true).open(path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    }
    let output = embed(&folder, &job);
    assert_eq!(
        output.status.code(),
        Some(1),
        "what is still broken is still said"
    );
    assert!(stderr(&output).contains("broken.jpg"));
    assert_eq!(parts(), written);
    for (path, text) in written.iter().zip(&all) {
        assert_eq!(&fs::read_to_string(path).unwrap(), text);
        let modified = fs::metadata(path).unwrap().modified().unwrap();
        assert_eq!(modified == SystemTime::UNIX_EPOCH, path != &written[1]);
    }
    // Another question is another collection.
    let output = embed(&folder, &[&["--reference"][..], &job].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("another folder"));
    assert_eq!(parts(), written);
}

#[test]
fn a_file_appears_when_it_is_whole_or_not_at_all() {
    let folder = pictures("whole");
    fs::write(folder.join("e.jsonl"), "precious").unwrap();
    let output = embed(
        &folder,
        &[
            "--out",
            "e.jsonl",
            "--image",
            "pictures/a.jpg",
            "nothing/*.jpg",
        ],
    );
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        fs::read_to_string(folder.join("e.jsonl")).unwrap(),
        "precious"
    );
    let output = embed(
        &folder,
        &[
            "--out",
            "e.jsonl",
            "missing.tar",
            "pictures/a.jpg",
            "missing.jpg",
        ],
    );
    assert_eq!(output.status.code(), Some(1));
    let text = fs::read_to_string(folder.join("e.jsonl")).unwrap();
    assert_eq!(names(&text), ["pictures/a.jpg"]);
    let left = fs::read_dir(&folder).unwrap().count();
    assert_eq!(left, 2, "nothing else is left behind");
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_has_a_list_of_a_fixed_size() {
    use arrow_array::cast::AsArray;
    use arrow_array::types::Float32Type;
    use arrow_schema::DataType;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    let folder = pictures("parquet");
    let output = cliplet_with(&[
        &"classify",
        &"--model",
        &starter(),
        &"--labels",
        &"bee, rocket, boat",
        &"--top",
        &"2",
        &"--embeddings",
        &"--out",
        &folder.join("t.parquet"),
        &folder.join("pictures"),
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    let rows = lines(&stdout(&embed(&folder, &["pictures"])));
    let file = File::open(folder.join("t.parquet")).unwrap();
    let mut reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .unwrap()
        .build()
        .unwrap();
    let batch = reader.next().unwrap().unwrap();
    assert_eq!(batch.num_rows(), 4);
    let width = embedding(&rows[0]).len();
    let embeddings = batch.column_by_name("embedding").unwrap();
    assert!(
        matches!(embeddings.data_type(), DataType::FixedSizeList(_, size) if *size as usize == width)
    );
    let embeddings = embeddings.as_fixed_size_list();
    let (paths, labels, scores) = (
        batch.column_by_name("path").unwrap().as_string::<i32>(),
        batch.column_by_name("labels").unwrap().as_list::<i32>(),
        batch.column_by_name("scores").unwrap().as_list::<i32>(),
    );
    for (i, row) in rows.iter().enumerate() {
        assert!(paths.value(i).ends_with(row["image"].as_str().unwrap()));
        let numbers = embeddings.value(i);
        let numbers = numbers.as_primitive::<Float32Type>();
        assert_eq!(numbers.values().to_vec(), embedding(row));
        let best = if paths.value(i).contains("/a.") || paths.value(i).contains("/c.") {
            "bee"
        } else {
            "rocket"
        };
        assert_eq!(labels.value(i).as_string::<i32>().value(0), best);
        let scores = scores.value(i);
        let scores = scores.as_primitive::<Float32Type>();
        assert!(scores.len() == 2 && scores.value(0) >= scores.value(1));
    }
}
