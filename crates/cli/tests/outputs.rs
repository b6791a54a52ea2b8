//! What is written, and over what: nothing that is read or was not named, links and pipes as they
//! are, and nothing half done.

#![cfg(unix)]

mod common;

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use common::{fresh_folder, lines, repository, starter, stderr, stdout};

/// A folder with two pictures in a folder.
fn pictures(name: &str) -> PathBuf {
    let folder = fresh_folder(name);
    fs::create_dir(folder.join("pictures")).unwrap();
    for (from, to) in [("bee.jpg", "a.jpg"), ("rocket.jpg", "b.jpg")] {
        let from = repository("public/samples").join(from);
        fs::copy(from, folder.join("pictures").join(to)).unwrap();
    }
    folder
}

/// `cliplet` in a folder, with arguments as a shell parts them.
fn cliplet(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cliplet"));
    command.current_dir(folder);
    for argument in arguments.split_whitespace() {
        match argument {
            "MODEL" => command.arg("--model").arg(starter()),
            _ => command.arg(argument),
        };
    }
    command
}

fn run(folder: &Path, arguments: &str) -> Output {
    cliplet(folder, arguments).output().unwrap()
}

/// Runs what must be refused with a sentence that has a word, and must leave all files as they are.
fn refused(folder: &Path, arguments: &str, word: &str) {
    let before = contents(folder);
    let output = run(folder, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments}");
    let sentence = stderr(&output);
    assert!(
        sentence.starts_with("cliplet: ") && sentence.contains(word),
        "{arguments}: {sentence}"
    );
    assert_eq!(contents(folder), before, "{arguments}");
}

/// All regular files of a folder, with what is in them.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<(PathBuf, Vec<u8>)> = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(contents(&path));
        } else if path.is_file() {
            let bytes = fs::read(&path).unwrap();
            files.push((path, bytes));
        }
    }
    files.sort();
    files
}

fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn names_of_rows_replace_nothing_that_was_not_named() {
    let folder = pictures("row-names");
    fs::write(folder.join("e.txt"), "my own\nnotes\n").unwrap();
    refused(&folder, "embed MODEL --out e.npy pictures", "--paths");
    // A file of names that was named is replaced, and so is the .npy.
    for _ in 0..2 {
        stdout(&run(
            &folder,
            "embed MODEL --out e.npy --paths rows.txt pictures",
        ));
        assert_eq!(
            fs::read_to_string(folder.join("rows.txt")).unwrap(),
            "pictures/a.jpg\npictures/b.jpg\n"
        );
    }
    // Two lines and two rows are not enough: nobody wrote these together.
    refused(&folder, "embed MODEL --out e.npy pictures", "e.txt");

    // What was written by the same command is replaced by it, with more rows as well.
    stdout(&run(&folder, "embed MODEL --out f.npy pictures"));
    fs::copy(
        folder.join("pictures/a.jpg"),
        folder.join("pictures/aa.jpg"),
    )
    .unwrap();
    stdout(&run(&folder, "embed MODEL --out f.npy pictures"));
    assert_eq!(
        fs::read_to_string(folder.join("f.txt")).unwrap(),
        "pictures/a.jpg\npictures/aa.jpg\npictures/b.jpg\n"
    );
    // Until somebody changes it.
    fs::write(folder.join("f.txt"), "1\n2\n3\n").unwrap();
    refused(&folder, "embed MODEL --out f.npy pictures", "f.txt");
    stdout(&run(
        &folder,
        "embed MODEL --out f.npy --paths f.txt pictures",
    ));
    refused(
        &folder,
        "embed MODEL --out g.npy --paths g.npy pictures",
        "Two outputs",
    );
    refused(
        &folder,
        "embed MODEL --format npy --out g.txt pictures",
        "Two outputs",
    );
    let output = run(&folder, "embed MODEL --out g.csv --paths g.txt pictures");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn inputs_are_never_replaced() {
    let folder = pictures("inputs");
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
    write("list.txt", "pictures/a.jpg\n");
    write("labels.txt", "bee\nrocket\n");
    write("templates.txt", "a {}\n");
    write("texts.txt", "a bee\n");
    fs::copy(starter(), folder.join("model.gguf")).unwrap();
    fs::hard_link(folder.join("list.txt"), folder.join("hard.csv")).unwrap();
    symlink("labels.txt", folder.join("link.csv")).unwrap();
    fs::hard_link(folder.join("pictures/b.jpg"), folder.join("picture.csv")).unwrap();
    for (arguments, word) in [
        (
            "embed MODEL --files-from list.txt --out list.npy",
            "list.txt is read",
        ),
        (
            "embed MODEL --files-from list.txt --out hard.csv",
            "list.txt is read",
        ),
        (
            "embed MODEL --format csv --files-from list.txt --out pictures/../list.txt",
            "is read",
        ),
        (
            "embed MODEL --texts-file texts.txt --out texts.npy",
            "texts.txt is read",
        ),
        (
            "embed MODEL --format jsonl --out pictures/a.jpg pictures/a.jpg",
            "a.jpg is read",
        ),
        (
            "embed MODEL --format jsonl --out pictures/a.jpg --image pictures/a.jpg",
            "a.jpg is read",
        ),
        (
            "embed MODEL --out picture.csv pictures",
            "pictures/b.jpg is read",
        ),
        (
            "embed --model model.gguf --format csv --out model.gguf pictures",
            "model.gguf is read",
        ),
        (
            "embed MODEL --files-from list.txt --out e.npy --paths list.txt",
            "list.txt is read",
        ),
        (
            "classify MODEL --labels-file labels.txt --out link.csv pictures",
            "labels.txt is read",
        ),
        (
            "classify MODEL --labels bee --template-file templates.txt --format text --out templates.txt pictures",
            "templates.txt is read",
        ),
        ("convert model.gguf model.gguf", "model.gguf is read"),
    ] {
        refused(&folder, arguments, word);
    }
    assert!(folder.join("link.csv").is_symlink());
}

#[test]
fn a_model_is_not_converted_into_its_own_files() {
    let folder = fresh_folder("convert-in-place");
    let model = folder.join("model");
    fs::create_dir(&model).unwrap();
    let original = repository("crates/clip/tests/fixtures/hugging_face/f32-old");
    for entry in fs::read_dir(original).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), model.join(entry.file_name())).unwrap();
    }
    for arguments in [
        "convert model model/model.safetensors",
        "convert model model/config.json",
        "convert model/model.safetensors model/model.safetensors",
        "convert model/model.safetensors model/tokenizer.json",
    ] {
        refused(&folder, arguments, "is read");
    }
    // One of an earlier run may be replaced.
    for _ in 0..2 {
        stdout(&run(&folder, "convert model model/model.gguf"));
    }
    refused(
        &folder,
        "convert model/model.gguf ./model/model.gguf",
        "is read",
    );
    refused(&folder, "convert model /dev/null", "no regular file");
    assert!(
        fs::metadata("/dev/null")
            .unwrap()
            .file_type()
            .is_char_device()
    );
}

#[test]
fn manual_pages_replace_manual_pages_alone() {
    let folder = fresh_folder("manual");
    fs::create_dir(folder.join("man1")).unwrap();
    fs::write(folder.join("man1/cliplet-embed.1"), "my own notes").unwrap();
    refused(&folder, "man man1", "cliplet-embed.1");
    fs::remove_file(folder.join("man1/cliplet-embed.1")).unwrap();
    for _ in 0..2 {
        stdout(&run(&folder, "man man1"));
        let page = fs::read_to_string(folder.join("man1/cliplet-embed.1")).unwrap();
        assert!(page.contains("--out-folder") || page.contains("\\-\\-out\\-folder"));
    }
    assert!(folder.join("man1/cliplet.1").exists());
    assert!(folder.join("man1/cliplet-eval-zero-shot.1").exists());
}

#[test]
fn links_stay_links_and_permissions_stay_as_they_are() {
    let folder = pictures("links");
    fs::create_dir(folder.join("deep")).unwrap();
    fs::write(folder.join("deep/target.csv"), "old").unwrap();
    fs::set_permissions(
        folder.join("deep/target.csv"),
        PermissionsExt::from_mode(0o640),
    )
    .unwrap();
    symlink("deep/target.csv", folder.join("one.csv")).unwrap();
    symlink("one.csv", folder.join("two.csv")).unwrap();
    symlink("deep/new.csv", folder.join("dangling.csv")).unwrap();
    symlink("loop.csv", folder.join("loop.csv")).unwrap();
    let expected = stdout(&run(&folder, "embed MODEL --format csv pictures"));
    for (out, target) in [
        ("two.csv", "deep/target.csv"),
        ("dangling.csv", "deep/new.csv"),
    ] {
        stdout(&run(&folder, &format!("embed MODEL --out {out} pictures")));
        assert!(folder.join(out).is_symlink(), "{out}");
        assert_eq!(fs::read_to_string(folder.join(target)).unwrap(), expected);
        assert!(!folder.join(target).is_symlink());
    }
    assert!(folder.join("one.csv").is_symlink());
    let mode = fs::metadata(folder.join("deep/target.csv")).unwrap().mode();
    assert_eq!(mode & 0o777, 0o640);
    refused(&folder, "embed MODEL --out loop.csv pictures", "circle");
    refused(
        &folder,
        "embed MODEL --format csv --out deep pictures",
        "is a folder",
    );
}

#[test]
fn a_run_without_a_single_row_replaces_nothing() {
    let folder = pictures("no-rows");
    fs::write(folder.join("e.csv"), "precious").unwrap();
    refused(
        &folder,
        "embed MODEL --out e.csv missing.jpg",
        "missing.jpg",
    );
    fs::write(folder.join("pictures/a.jpg"), "no picture").unwrap();
    fs::write(folder.join("pictures/b.jpg"), "no picture").unwrap();
    refused(&folder, "embed MODEL --out e.csv pictures", "b.jpg");
    refused(
        &folder,
        "classify MODEL --labels bee --out e.csv pictures",
        "b.jpg",
    );
    // With a single one it is a result.
    let output = run(&folder, "embed MODEL --out e.csv --text bee missing.jpg");
    assert_eq!(output.status.code(), Some(1));
    assert_ne!(fs::read(folder.join("e.csv")).unwrap(), b"precious");
}

#[test]
fn pipes_and_devices_are_written_as_they_are() {
    let folder = pictures("streams");
    let pipe = folder.join("pipe");
    fifo(&pipe);
    for format in ["jsonl", "csv", "parquet", "safetensors"] {
        let file = format!("file.{format}");
        stdout(&run(&folder, &format!("embed MODEL --out {file} pictures")));
        let reader = {
            let pipe = pipe.clone();
            thread::spawn(move || fs::read(pipe).unwrap())
        };
        let arguments = format!("embed MODEL --format {format} --out pipe pictures");
        stdout(&run(&folder, &arguments));
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
        assert_eq!(
            reader.join().unwrap(),
            fs::read(folder.join(file)).unwrap(),
            "{format}"
        );
    }
    let expected = fs::read(folder.join("file.csv")).unwrap();
    for out in ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "-"] {
        let arguments = format!("embed MODEL --format csv --out {out} pictures");
        let output = run(&folder, &arguments);
        assert_eq!(stdout(&output).into_bytes(), expected, "{out}");
        // What is in a file that the shell goes on with stays there.
        let mut file = File::create(folder.join("log")).unwrap();
        file.write_all(b"before\n").unwrap();
        let inode = file.metadata().unwrap().ino();
        let status = cliplet(&folder, &arguments).stdout(file).status();
        assert!(status.unwrap().success());
        assert_eq!(fs::metadata(folder.join("log")).unwrap().ino(), inode);
        let log = fs::read(folder.join("log")).unwrap();
        assert_eq!(log, [b"before\n", &expected[..]].concat(), "{out}");
    }
    let arguments = "embed MODEL --format csv --out /dev/null pictures";
    stdout(&run(&folder, arguments));
    let null = fs::metadata("/dev/null").unwrap();
    assert!(null.file_type().is_char_device());

    // A link to a pipe is a pipe.
    symlink("pipe", folder.join("link")).unwrap();
    for out in ["pipe", "link", "/dev/null", "/dev/stdout"] {
        let arguments = format!("embed MODEL --format npy --out {out} --paths p.txt pictures");
        refused(&folder, &arguments, "no regular file");
    }
    // Whoever reads a pipe may have enough of it.
    let reader = {
        let pipe = pipe.clone();
        thread::spawn(move || drop(File::open(pipe).unwrap()))
    };
    let output = run(
        &folder,
        "embed MODEL --format jsonl --out pipe --files-from list",
    );
    assert_eq!(output.status.code(), Some(1), "there is no list");
    let many = "pictures ".repeat(100);
    let output = run(
        &folder,
        &format!("embed MODEL --format jsonl --out pipe {many}"),
    );
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(output.stderr.is_empty(), "{}", stderr(&output));
    reader.join().unwrap();
}

#[test]
fn nothing_needs_the_folder_for_temporary_files() {
    let folder = pictures("temporary");
    for out in [
        "e.csv",
        "e.jsonl",
        "e.npy",
        "e.safetensors",
        #[cfg(feature = "parquet")]
        "e.parquet",
    ] {
        let output = cliplet(&folder, &format!("embed MODEL --out {out} pictures"))
            .env("TMPDIR", folder.join("nowhere"))
            .output()
            .unwrap();
        stdout(&output);
        assert!(folder.join(out).exists());
    }
    let output = cliplet(&folder, "embed MODEL --out-folder parts pictures")
        .env("TMPDIR", folder.join("nowhere"))
        .output()
        .unwrap();
    stdout(&output);
    let output = cliplet(&folder, "convert")
        .arg(repository(
            "crates/clip/tests/fixtures/hugging_face/f32-old",
        ))
        .arg("model.gguf")
        .env("TMPDIR", folder.join("nowhere"))
        .output()
        .unwrap();
    stdout(&output);
}

/// How many files there are that were not finished.
fn unfinished(folder: &Path) -> usize {
    let files = contents(folder);
    let is_part = |path: &Path| path.extension().is_some_and(|ending| ending == "part");
    files.iter().filter(|(path, _)| is_part(path)).count()
}

/// Waits until the program has begun to write.
fn until_it_writes(folder: &Path, child: &mut Child, files: usize) {
    let began = Instant::now();
    while unfinished(folder) < files {
        assert!(
            child.try_wait().unwrap().is_none(),
            "it ended before it wrote"
        );
        assert!(
            began.elapsed() < Duration::from_secs(300),
            "it never began to write"
        );
        thread::sleep(Duration::from_millis(20));
    }
}

/// Sends a signal. Returns whether there was still somebody to get it.
fn signal(child: &Child, name: &str) -> bool {
    let kill = format!("kill -s {name} {}", child.id());
    let output = Command::new("sh").args(["-c", &kill]).output().unwrap();
    output.status.success()
}

#[test]
fn a_signal_leaves_nothing_unfinished() {
    let folder = pictures("signals");
    // Nobody writes into this picture, so that the program waits for it with its output open.
    fifo(&folder.join("pictures/c.jpg"));
    fs::write(folder.join("e.jsonl"), "precious").unwrap();
    for (name, number, out, files) in [
        ("INT", 2, "--out e.jsonl", 1),
        ("TERM", 15, "--out e.npy", 2),
        ("HUP", 1, "--out e.csv", 1),
        ("INT", 2, "--out e.safetensors", 1),
        #[cfg(feature = "parquet")]
        ("TERM", 15, "--out e.parquet", 1),
        ("INT", 2, "--out-folder parts", 1),
    ] {
        let list = "pictures/a.jpg pictures/c.jpg";
        let mut child = cliplet(&folder, &format!("embed MODEL {out} {list}"))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        until_it_writes(&folder, &mut child, files);
        assert!(signal(&child, name));
        // Impatience changes nothing.
        signal(&child, "INT");
        let output = child.wait_with_output().unwrap();
        let ended_by = output.status.signal();
        assert!(
            ended_by == Some(number) || ended_by == Some(2),
            "{name}: {:?}",
            output.status
        );
        assert_eq!(unfinished(&folder), 0, "{name}: {out}");
    }
    assert_eq!(
        fs::read_to_string(folder.join("e.jsonl")).unwrap(),
        "precious"
    );
    for out in ["e.npy", "e.txt", "e.csv", "e.safetensors", "e.parquet"] {
        assert!(!folder.join(out).exists(), "{out}");
    }
    // A shell sees the usual status.
    let script = r#""$0" embed --model "$1" --out e.csv pictures/a.jpg pictures/c.jpg & child=$!
        until ls -A | grep -q '[.]part$'; do sleep 0.02; done
        kill -s TERM $child; wait $child; echo $?"#;
    let output = Command::new("sh")
        .current_dir(&folder)
        .args(["-c", script, env!("CARGO_BIN_EXE_cliplet")])
        .arg(starter())
        .output()
        .unwrap();
    assert_eq!(stdout(&output).trim(), "143");
    assert_eq!(unfinished(&folder), 0);
}

#[test]
fn a_signal_that_is_ignored_stays_ignored() {
    let folder = pictures("no-hang-up");
    let pipe = folder.join("pictures/c.jpg");
    fifo(&pipe);
    let mut child = Command::new("sh")
        .current_dir(&folder)
        .args(["-c", r#"trap "" HUP; exec "$0" "$@""#])
        .arg(env!("CARGO_BIN_EXE_cliplet"))
        .args(["embed", "--out", "e.jsonl", "--model"])
        .arg(starter())
        .args(["pictures/a.jpg", "pictures/c.jpg"])
        .spawn()
        .unwrap();
    until_it_writes(&folder, &mut child, 1);
    assert!(signal(&child, "HUP"));
    fs::write(&pipe, fs::read(folder.join("pictures/b.jpg")).unwrap()).unwrap();
    assert!(child.wait().unwrap().success());
    let text = fs::read_to_string(folder.join("e.jsonl")).unwrap();
    assert_eq!(lines(&text).len(), 2);
}
