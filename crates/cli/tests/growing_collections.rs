//! Collections in folders: what is in them is what was named last, after every change, and readers
//! of such folders read them.

#![cfg(all(unix, feature = "parquet"))]

mod common;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, SystemTime};
use std::{env, io};

use common::{fresh_folder, lines, repository, starter, stderr, stdout};
use serde_json::Value;

const BEE: &str = "bee.jpg";
const ROCKET: &str = "rocket.jpg";

fn put(folder: &Path, name: &str, sample: &str) {
    let to = folder.join(name);
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(repository("public/samples").join(sample), to).unwrap();
}

fn embed(folder: &Path, arguments: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cliplet"));
    command.current_dir(folder).args(["embed", "--model"]);
    command.arg(starter()).args(arguments.split_whitespace());
    command.output().unwrap()
}

/// The data of a collection, with the embeddings of each path, which must be there once.
fn rows(folder: &Path) -> BTreeMap<String, Value> {
    let mut rows = BTreeMap::new();
    for path in parts(folder).iter().filter(|path| path.is_file()) {
        for line in lines(&fs::read_to_string(path).unwrap()) {
            let name = line["image"].as_str().unwrap().to_owned();
            let before = rows.insert(name.clone(), line["embedding"].clone());
            assert!(before.is_none(), "{name} is there twice");
        }
    }
    rows
}

/// All that is in a folder.
fn parts(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut parts: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    parts.sort();
    parts
}

fn names(rows: &BTreeMap<String, Value>) -> Vec<&str> {
    rows.keys().map(String::as_str).collect()
}

const JOB: &str = "--out-folder parts --format jsonl --part 2 pictures";

#[test]
fn a_folder_that_changes_is_followed() {
    let folder = fresh_folder("changes");
    for name in ["b", "c", "d", "e", "f"] {
        put(&folder, &format!("pictures/{name}.jpg"), BEE);
    }
    stdout(&embed(&folder, JOB));
    let (out, pictures) = (folder.join("parts"), folder.join("pictures"));
    let before = parts(&out);
    assert_eq!((before.len(), rows(&out).len()), (3, 5));
    for part in &before {
        // As it was at the beginning, however it is written again.
        let file = File::options().append(true).open(part).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    }
    let untouched = || {
        let modified = |part: &&PathBuf| {
            let modified = fs::metadata(part).and_then(|metadata| metadata.modified());
            modified.is_ok_and(|modified| modified == SystemTime::UNIX_EPOCH)
        };
        before.iter().filter(modified).count()
    };

    // One that comes first.
    put(&folder, "pictures/a.jpg", ROCKET);
    stdout(&embed(&folder, JOB));
    assert_eq!((rows(&out).len(), untouched()), (6, 3));
    let first = rows(&out)["pictures/b.jpg"].clone();
    assert_ne!(rows(&out)["pictures/a.jpg"], first);

    // One that is another now, under its old name and with its old time: another length is enough.
    let time = fs::metadata(pictures.join("b.jpg")).unwrap().modified();
    put(&folder, "pictures/b.jpg", ROCKET);
    let file = File::options()
        .append(true)
        .open(pictures.join("b.jpg"))
        .unwrap();
    file.set_modified(time.unwrap()).unwrap();
    stdout(&embed(&folder, JOB));
    assert_eq!((rows(&out).len(), untouched()), (6, 2));
    let all = rows(&out);
    assert_eq!(all["pictures/b.jpg"], all["pictures/a.jpg"]);

    // One of the same length, and newer.
    let file = File::options()
        .append(true)
        .open(pictures.join("f.jpg"))
        .unwrap();
    file.set_modified(SystemTime::now() + Duration::from_secs(5))
        .unwrap();
    stdout(&embed(&folder, JOB));
    assert_eq!((rows(&out).len(), untouched()), (6, 1));

    // One that is gone, and one that was moved.
    fs::remove_file(pictures.join("d.jpg")).unwrap();
    fs::rename(pictures.join("e.jpg"), pictures.join("g.jpg")).unwrap();
    stdout(&embed(&folder, JOB));
    let left = ["a", "b", "c", "f", "g"].map(|name| format!("pictures/{name}.jpg"));
    assert_eq!(names(&rows(&out)), left);

    // Named twice, it is there once.
    stdout(&embed(&folder, &format!("{JOB} pictures/a.jpg")));
    assert_eq!(names(&rows(&out)), left);
    // Nothing lies about.
    let beside = parts(&folder.join("parts.cliplet"));
    assert_eq!(beside.len(), parts(&out).len() + 1);
}

#[test]
fn what_is_in_the_folder_and_not_named_is_not_thrown_away() {
    let folder = fresh_folder("strangers");
    for name in ["one/a.jpg", "one/b.jpg", "two/c.jpg"] {
        put(&folder, name, BEE);
    }
    let out = folder.join("parts");
    let job = |more: &str| {
        embed(
            &folder,
            &format!("--out-folder parts --format jsonl {more}"),
        )
    };
    stdout(&job("one"));
    let before = parts(&out);
    for (arguments, word) in [
        ("two", "one/a.jpg"),
        ("one/a.jpg", "one/b.jpg"),
        // The same pictures by another name.
        ("./one", "one/a.jpg"),
        ("--shard 0/2 one", "number of shards"),
        ("--reference one", "other labels or settings"),
    ] {
        let output = job(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments}");
        let sentence = stderr(&output);
        assert!(sentence.contains(word), "{arguments}: {sentence}");
        assert!(sentence.contains("another folder"), "{sentence}");
        assert_eq!(parts(&out), before, "{arguments}");
    }
    let output = embed(&folder, "--out-folder parts --format csv one");
    assert!(stderr(&output).contains("another format"));
    let other = repository("crates/clip/tests/fixtures/golden/f32-gelu.gguf");
    let output = Command::new(env!("CARGO_BIN_EXE_cliplet"))
        .current_dir(&folder)
        .args(["embed", "--out-folder", "parts", "--format", "jsonl", "one"])
        .arg("--model")
        .arg(other)
        .output()
        .unwrap();
    assert!(stderr(&output).contains("another model"));
    assert_eq!(parts(&out), before);

    stdout(&job("one two"));
    assert_eq!(names(&rows(&out)), ["one/a.jpg", "one/b.jpg", "two/c.jpg"]);
    stdout(&job("--prune one/a.jpg two"));
    assert_eq!(names(&rows(&out)), ["one/a.jpg", "two/c.jpg"]);

    // Parts that nobody knows.
    fs::rename(&out, folder.join("moved")).unwrap();
    let output = embed(&folder, "--out-folder moved --format jsonl one two");
    assert!(stderr(&output).contains("does not say of what"));
    // A folder that was emptied is free for anything.
    fs::create_dir(&out).unwrap();
    stdout(&embed(
        &folder,
        "--out-folder parts --format jsonl --reference one",
    ));
    assert_eq!(rows(&out).len(), 2);
    // Where nothing can be put beside the folder, what is known of it is in it.
    fs::write(folder.join("inside.cliplet"), "mine").unwrap();
    let job = "--out-folder inside --format jsonl one";
    stdout(&embed(&folder, job));
    put(&folder, "one/aa.jpg", ROCKET);
    stdout(&embed(&folder, job));
    let inside = folder.join("inside");
    assert!(inside.join("_cliplet/collection.json").is_file());
    assert_eq!(rows(&inside).len(), 3);
    assert_eq!(fs::read(folder.join("inside.cliplet")).unwrap(), b"mine");
    fs::remove_file(folder.join("one/aa.jpg")).unwrap();
    // A name that is taken.
    put(&folder, "taken.cliplet/mine.jpg", BEE);
    let output = embed(&folder, "--out-folder taken --format jsonl one");
    assert!(stderr(&output).contains("something else in it"));
}

#[test]
fn what_cannot_be_read_for_a_while_stays() {
    let folder = fresh_folder("away");
    put(&folder, "a.jpg", BEE);
    put(&folder, "b.jpg", ROCKET);
    fs::write(folder.join("list"), "a.jpg\nb.jpg\nc.jpg\n").unwrap();
    let job = || {
        embed(
            &folder,
            "--out-folder parts --format jsonl --files-from list",
        )
    };
    let out = folder.join("parts");
    // Twice, as what is not done is said as long as it is not done.
    for _ in 0..2 {
        let output = job();
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains("c.jpg"), "{}", stderr(&output));
        assert_eq!(names(&rows(&out)), ["a.jpg", "b.jpg"]);
    }
    fs::rename(folder.join("a.jpg"), folder.join("away")).unwrap();
    let output = job();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("what was made of it stays"));
    assert_eq!(names(&rows(&out)), ["a.jpg", "b.jpg"]);
    fs::rename(folder.join("away"), folder.join("a.jpg")).unwrap();
    put(&folder, "c.jpg", BEE);
    assert!(stdout(&job()).is_empty());
    assert_eq!(names(&rows(&out)), ["a.jpg", "b.jpg", "c.jpg"]);
}

fn archive(path: &Path, members: &[(&str, &str)]) {
    let mut builder = tar::Builder::new(File::create(path).unwrap());
    for (name, sample) in members {
        let sample = repository("public/samples").join(sample);
        builder.append_path_with_name(sample, name).unwrap();
    }
    builder.finish().unwrap();
}

#[test]
fn archives_that_change_are_read_again() {
    let folder = fresh_folder("archives-change");
    let job = || embed(&folder, "--out-folder parts --format jsonl a.tar b.tar");
    let out = folder.join("parts");
    File::create(folder.join("a.tar")).unwrap();
    archive(&folder.join("b.tar"), &[("1.jpg", BEE)]);
    for _ in 0..2 {
        let output = job();
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains("a.tar has no pictures"));
        assert_eq!(names(&rows(&out)), ["b.tar/1.jpg"]);
        assert_eq!(parts(&out).len(), 1, "a part of no rows has no file");
    }
    archive(&folder.join("a.tar"), &[("1.jpg", ROCKET)]);
    stdout(&job());
    assert_eq!(names(&rows(&out)), ["a.tar/1.jpg", "b.tar/1.jpg"]);
    let before = rows(&out);
    archive(&folder.join("b.tar"), &[("1.jpg", ROCKET), ("2.jpg", BEE)]);
    stdout(&job());
    let after = rows(&out);
    assert_eq!(names(&after), ["a.tar/1.jpg", "b.tar/1.jpg", "b.tar/2.jpg"]);
    assert_eq!(after["b.tar/1.jpg"], after["a.tar/1.jpg"]);
    assert_eq!(after["b.tar/2.jpg"], before["b.tar/1.jpg"]);
    // One that is damaged gives what it had, and is whole when it is mended.
    let whole = fs::read(folder.join("b.tar")).unwrap();
    let cut = whole.len() - 12_000;
    fs::write(folder.join("b.tar"), &whole[..cut]).unwrap();
    let output = job();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("b.tar"), "{}", stderr(&output));
    fs::write(folder.join("b.tar"), whole).unwrap();
    stdout(&job());
    assert_eq!(rows(&out), after);
}

#[test]
fn machines_share_a_folder_and_a_crash_costs_a_part() {
    let folder = fresh_folder("machines");
    let picture = |i: usize| format!("pictures/{i}.jpg");
    (0..9).for_each(|i| put(&folder, &picture(i), BEE));
    let out = folder.join("parts");
    let all_shards = || -> Vec<Output> {
        // All at once.
        let children: Vec<_> = (0..3)
            .map(|shard| {
                Command::new(env!("CARGO_BIN_EXE_cliplet"))
                    .current_dir(&folder)
                    .args(["embed", "--model"])
                    .arg(starter())
                    .args(JOB.split_whitespace())
                    .args(["--shard", &format!("{shard}/3")])
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped())
                    .spawn()
                    .unwrap()
            })
            .collect();
        let ends = children.into_iter().map(|child| child.wait_with_output());
        ends.collect::<io::Result<_>>().unwrap()
    };
    all_shards().iter().for_each(|output| drop(stdout(output)));
    assert_eq!(rows(&out).len(), 9);
    (9..12).for_each(|i| put(&folder, &picture(i), BEE));
    fs::remove_file(folder.join(picture(4))).unwrap();
    all_shards().iter().for_each(|output| drop(stdout(output)));
    assert_eq!(rows(&out).len(), 11);

    // As after a crash: a part that was recorded and not written, one that was written and whose
    // elder is still there, and what was begun.
    let before = rows(&out);
    let all = parts(&out);
    let elder = all[1].with_file_name(
        all[1]
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .replace("-part-0", "-part-9"),
    );
    let record = |part: &Path| {
        let name = part.file_name().unwrap().to_str().unwrap();
        folder.join("parts.cliplet").join(format!("{name}.json"))
    };
    fs::copy(&all[1], &elder).unwrap();
    fs::copy(record(&all[1]), record(&elder)).unwrap();
    fs::remove_file(&all[0]).unwrap();
    fs::write(folder.join("parts.cliplet/.cliplet-x.part"), "half").unwrap();
    all_shards().iter().for_each(|output| drop(stdout(output)));
    assert_eq!(rows(&out), before);
    assert_eq!(parts(&out), all);
    // A record that cannot be read.
    fs::write(record(&all[0]), "{").unwrap();
    all_shards().iter().for_each(|output| drop(stdout(output)));
    assert_eq!(rows(&out), before);
}

#[test]
fn names_that_are_no_text_are_known_again() {
    let folder = fresh_folder("no-text");
    let name = std::ffi::OsString::from_vec(b"caf\xe9.jpg".to_vec());
    put(&folder, "pictures/a.jpg", BEE);
    fs::rename(
        folder.join("pictures/a.jpg"),
        folder.join("pictures").join(name),
    )
    .unwrap();
    stdout(&embed(&folder, JOB));
    let written = parts(&folder.join("parts"));
    stdout(&embed(&folder, JOB));
    assert_eq!(parts(&folder.join("parts")), written);
    assert_eq!(rows(&folder.join("parts")).len(), 1);
    // The folder itself may be a link.
    fs::create_dir(folder.join("elsewhere")).unwrap();
    symlink("elsewhere", folder.join("link")).unwrap();
    stdout(&embed(
        &folder,
        "--out-folder link/ --format jsonl pictures",
    ));
    assert_eq!(parts(&folder.join("elsewhere")).len(), 1);
    assert!(folder.join("elsewhere.cliplet").is_dir());
}

/// What DuckDB, Polars, pandas and pyarrow find in a folder of parts, each way that they can read
/// one.
#[test]
fn other_programs_read_the_folder() {
    let python = env::var_os("CLIPLET_PYTHON").expect(
        "CLIPLET_PYTHON must name a Python 3 that has what tools/requirements-readers.txt lists",
    );
    let folder = fresh_folder("readers");
    for name in ["a", "b", "c", "d", "e"] {
        put(&folder, &format!("pictures/{name}.jpg"), BEE);
    }
    fs::write(folder.join("pictures/broken.jpg"), "no picture").unwrap();
    File::create(folder.join("empty.tar")).unwrap();
    for format in ["parquet", "csv", "jsonl"] {
        let job = format!("--out-folder {format} --format {format} --part 2 pictures empty.tar");
        let read = || -> Vec<Value> {
            let output = Command::new(&python)
                .arg(repository("crates/cli/tests/read_collection.py"))
                .args([format, folder.join(format).to_str().unwrap()])
                .output()
                .unwrap();
            lines(&stdout(&output))
        };
        let check = |expected: &[&str]| {
            let found = read();
            let least = match format {
                "parquet" => 9,
                _ => 4,
            };
            assert!(found.len() >= least, "{found:?}");
            for reader in found {
                let paths = reader["paths"].as_array().unwrap();
                let paths: Vec<&str> = paths.iter().map(|path| path.as_str().unwrap()).collect();
                assert_eq!(paths, expected, "{}", reader["reader"]);
            }
        };
        assert_eq!(embed(&folder, &job).status.code(), Some(1));
        let mut expected = vec![
            "pictures/a.jpg",
            "pictures/b.jpg",
            "pictures/c.jpg",
            "pictures/d.jpg",
            "pictures/e.jpg",
        ];
        check(&expected);
        put(&folder, "pictures/aa.jpg", ROCKET);
        assert_eq!(embed(&folder, &job).status.code(), Some(1));
        expected.insert(1, "pictures/aa.jpg");
        check(&expected);
        fs::remove_file(folder.join("pictures/aa.jpg")).unwrap();
    }
}
