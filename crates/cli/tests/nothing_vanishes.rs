//! Whatever was named is done, or named in a sentence with the exit status 1; only what systems
//! leave in folders is passed over.

#![cfg(unix)]

mod common;

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use common::{fresh_folder, lines, repository, starter, stderr, stdout};
use serde_json::Value;
use tar::{Builder, EntryType, Header};

fn sample(name: &str) -> Vec<u8> {
    fs::read(repository("public/samples").join(name)).unwrap()
}

fn put(folder: &Path, name: &str, bytes: &[u8]) {
    let to = folder.join(name);
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::write(to, bytes).unwrap();
}

fn cliplet(folder: &Path, command: &[&str]) -> Command {
    let mut cliplet = Command::new(env!("CARGO_BIN_EXE_cliplet"));
    cliplet.current_dir(folder);
    with_model(&mut cliplet, command);
    cliplet
}

/// The arguments, with the model behind the command.
fn with_model(cliplet: &mut Command, command: &[&str]) {
    let place = 1 + usize::from(command[0] == "eval");
    cliplet
        .args(&command[..place])
        .arg("--model")
        .arg(starter())
        .args(&command[place..]);
}

fn run(folder: &Path, command: &[&str]) -> Output {
    cliplet(folder, command).output().unwrap()
}

fn embed(folder: &Path, arguments: &[&str]) -> Output {
    run(folder, &[&["embed"], arguments].concat())
}

fn rows(output: &Output) -> Vec<Value> {
    lines(&String::from_utf8(output.stdout.clone()).unwrap())
}

fn names(output: &Output) -> Vec<String> {
    let name = |row: &Value| row["image"].as_str().unwrap().to_owned();
    rows(output).iter().map(name).collect()
}

/// Checks that these are done, each of those is said in a line of its own, and the status is the
/// right one.
fn check(output: &Output, done: &[&str], said: &[&str]) {
    assert_eq!(names(output), done, "{}", stderr(output));
    let sentences = stderr(output);
    assert_eq!(sentences.lines().count(), said.len(), "{sentences}");
    for word in said {
        assert!(sentences.contains(word), "{word}: {sentences}");
    }
    let status = i32::from(!said.is_empty());
    assert_eq!(output.status.code(), Some(status), "{sentences}");
}

/// Classes as folders, beside and in which several systems have been.
fn tree(folder: &Path) {
    let (bee, rocket) = (sample("bee.jpg"), sample("rocket.jpg"));
    for (name, bytes) in [
        ("cat/a.jpg", &bee[..]),
        ("cat/._a.jpg", b"AppleDouble"),
        ("cat/Thumbs.db", b"thumbs"),
        ("cat/@eaDir/a.jpg/SYNOFILE_THUMB_M.jpg", &bee),
        ("dog/b.jpg", &rocket),
        ("dog/.hidden.jpg", &rocket),
        (".DS_Store", b"store"),
        (".ipynb_checkpoints/a-checkpoint.jpg", &bee),
        (".thumbnails/x.jpg", &bee),
        ("@eaDir/a.jpg/SYNOFILE_THUMB_M.jpg", &bee),
        ("__MACOSX/cat/._a.jpg", b"AppleDouble"),
        ("__MACOSX/cat/b.jpg", &bee),
    ] {
        put(folder, &format!("tree/{name}"), bytes);
    }
}

#[test]
fn what_systems_leave_in_folders_is_passed_over_everywhere() {
    let folder = fresh_folder("system-files");
    tree(&folder);
    let done = ["tree/cat/a.jpg", "tree/dog/.hidden.jpg", "tree/dog/b.jpg"];
    check(&embed(&folder, &["tree"]), &done, &[]);
    for pattern in ["tree/*/*.jpg", "tree/*", "tree/**/*.jpg"] {
        let output = embed(&folder, &[pattern]);
        let mut found = names(&output);
        found.sort();
        assert_eq!(found, done, "{pattern}: {}", stderr(&output));
        assert!(output.status.success(), "{pattern}");
    }
    // What is named itself is meant.
    for named in [
        "tree/.thumbnails/x.jpg",
        "tree/.thumbnails",
        "tree/.thumbnails/*.jpg",
        "tree/.thumbnails/*",
    ] {
        check(&embed(&folder, &[named]), &["tree/.thumbnails/x.jpg"], &[]);
    }
    fs::write(folder.join("list"), "tree/.thumbnails/x.jpg\n").unwrap();
    let output = embed(&folder, &["--files-from", "list"]);
    check(&output, &["tree/.thumbnails/x.jpg"], &[]);
    let output = embed(&folder, &["tree/cat/._a.jpg"]);
    check(&output, &[], &["._a.jpg"]);

    let zero_shot = |data: &[&str]| -> Value {
        let output = run(&folder, &[&["eval", "zero-shot", "--json"], data].concat());
        lines(&stdout(&output)).remove(0)
    };
    let outcome = zero_shot(&["tree"]);
    assert_eq!(outcome["classes"], 2, "{outcome}");
    assert_eq!(outcome["pictures"], 3);
    assert_eq!(outcome["unusable"], 0);

    // As an archive.
    let mut builder = Builder::new(File::create(folder.join("tree.tar")).unwrap());
    builder.append_dir_all("tree", folder.join("tree")).unwrap();
    builder.finish().unwrap();
    let output = embed(&folder, &["tree.tar"]);
    let mut found = names(&output);
    found.sort();
    assert_eq!(found, done.map(|name| format!("tree.tar/{name}")));
    assert!(output.status.success(), "{}", stderr(&output));
    let mut builder = Builder::new(File::create(folder.join("classes.tar")).unwrap());
    for (name, bytes) in [
        ("._1.jpg", &b"AppleDouble"[..]),
        ("._1.cls", b"AppleDouble"),
        ("1.jpg", &sample("bee.jpg")),
        ("1.cls", b"0"),
    ] {
        member(&mut builder, name.as_bytes(), EntryType::Regular, bytes, "");
    }
    builder.finish().unwrap();
    fs::write(folder.join("names.txt"), "bee\nrocket\n").unwrap();
    let outcome = zero_shot(&["--classes", "names.txt", "classes.tar"]);
    assert_eq!(
        (&outcome["pictures"], &outcome["unusable"]),
        (&1.into(), &0.into())
    );
}

/// Adds a file, a link or whatever it is to an archive, under a name of any bytes.
fn member(builder: &mut Builder<File>, name: &[u8], kind: EntryType, bytes: &[u8], link: &str) {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
    header.set_cksum();
    builder.append(&header, bytes).unwrap();
}

#[test]
fn every_picture_of_an_archive_is_done_or_said() {
    use EntryType::{Block, Continuous, Directory, Fifo, Link, Regular, Symlink};

    let folder = fresh_folder("all-of-an-archive");
    let (bee, rocket) = (sample("bee.jpg"), sample("rocket.jpg"));
    let mut builder = Builder::new(File::create(folder.join("a.tar")).unwrap());
    let b = &mut builder;
    member(b, b"./", Directory, b"", "");
    // To what comes later.
    member(b, b"./early.jpg", Symlink, b"", "deep/rocket.jpg");
    member(b, b"./bee.jpg", Regular, &bee, "");
    member(b, b"./deep/rocket.jpg", Regular, &rocket, "");
    member(b, b"./hard.jpg", Link, b"", "./deep/rocket.jpg");
    member(b, b"./deep/up.jpg", Symlink, b"", "../bee.jpg");
    member(b, b"./chain.jpg", Symlink, b"", "hard.jpg");
    member(b, b"./blob", Regular, &rocket, "");
    member(b, b"./named.jpg", Symlink, b"", "blob");
    member(b, b"/absolute.jpg", Regular, &bee, "");
    member(b, b"./bad\xff.jpg", Regular, &bee, "");
    member(b, b"./other.jpg", Continuous, &rocket, "");
    // What cannot be done.
    member(b, b"./dangling.jpg", Symlink, b"", "nowhere.jpg");
    member(b, b"./outside.jpg", Symlink, b"", "/etc/passwd");
    member(b, b"./round.jpg", Symlink, b"", "round.jpg");
    member(b, b"./pipe.jpg", Fifo, b"", "");
    member(b, b"./device.jpg", Block, b"", "");
    // What is not looked for.
    member(b, b"./dangling.txt", Symlink, b"", "nowhere.txt");
    member(b, b"./folder.jpg/", Directory, b"", "");
    // Names of more than a hundred bytes, in both ways to write them.
    let long = format!("{}.jpg", "l".repeat(300));
    let mut header = Header::new_gnu();
    header.set_size(bee.len() as u64);
    header.set_mode(0o644);
    b.append_data(&mut header, &long, &bee[..]).unwrap();
    let mut pax = vec![b'p'; 300];
    pax.extend(b"\xfe.jpg");
    b.append_pax_extensions([("path", &pax[..])]).unwrap();
    member(b, b"short.jpg", Regular, &rocket, "");
    b.append_pax_extensions([("linkpath", long.as_bytes())])
        .unwrap();
    member(b, b"to-long.jpg", Symlink, b"", "cut");
    builder.finish().unwrap();

    let output = embed(&folder, &["a.tar"]);
    let pax = format!("{}\u{fffd}.jpg", "p".repeat(300));
    let done = [
        ("early.jpg", &rocket),
        ("bee.jpg", &bee),
        ("deep/rocket.jpg", &rocket),
        ("hard.jpg", &rocket),
        ("deep/up.jpg", &bee),
        ("chain.jpg", &rocket),
        ("named.jpg", &rocket),
        ("absolute.jpg", &bee),
        ("bad\u{fffd}.jpg", &bee),
        ("other.jpg", &rocket),
        (&long, &bee),
        (&pax, &rocket),
        ("to-long.jpg", &bee),
    ];
    let expected: Vec<String> = done
        .iter()
        .map(|(name, _)| format!("a.tar/{name}"))
        .collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check(
        &output,
        &expected,
        &[
            "a.tar/dangling.jpg could not be read: it is a link to nowhere.jpg, which is no file of the archive",
            "a.tar/outside.jpg",
            "a.tar/round.jpg could not be read: it is a link that leads round in a circle",
            "a.tar/pipe.jpg could not be read: it is no regular file",
            "a.tar/device.jpg",
        ],
    );
    // Each is the picture that it leads to.
    put(&folder, "bee.jpg", &bee);
    put(&folder, "rocket.jpg", &rocket);
    let plain = rows(&embed(&folder, &["bee.jpg", "rocket.jpg"]));
    for (row, (name, bytes)) in rows(&output).iter().zip(done) {
        let place = usize::from(*bytes == rocket);
        assert_eq!(row["embedding"], plain[place]["embedding"], "{name}");
    }
}

#[test]
fn an_archive_without_pictures_is_said() {
    let folder = fresh_folder("no-pictures");
    put(&folder, "a.jpg", &sample("bee.jpg"));
    File::create(folder.join("nothing.tar")).unwrap();
    let builder = Builder::new(File::create(folder.join("empty.tar")).unwrap());
    builder.into_inner().unwrap();
    let mut builder = Builder::new(File::create(folder.join("texts.tar")).unwrap());
    member(&mut builder, b"a.txt", EntryType::Regular, b"a bee", "");
    member(&mut builder, b"1.cls", EntryType::Regular, b"0", "");
    builder.finish().unwrap();
    let archives = ["nothing.tar", "empty.tar", "texts.tar", "missing.tar"];
    let output = embed(&folder, &[&archives[..], &["a.jpg"]].concat());
    check(&output, &["a.jpg"], &archives);

    fs::write(folder.join("names.txt"), "bee\nrocket\n").unwrap();
    let mut builder = Builder::new(File::create(folder.join("one.tar")).unwrap());
    // A class that is a link as well.
    for (name, kind, bytes, link) in [
        ("1.cls", EntryType::Regular, &b"0"[..], ""),
        ("1.jpg", EntryType::Regular, &sample("bee.jpg"), ""),
        ("2.jpg", EntryType::Link, b"", "1.jpg"),
        ("2.cls", EntryType::Symlink, b"", "1.cls"),
        ("3.jpg", EntryType::Symlink, b"", "nowhere.jpg"),
        ("3.cls", EntryType::Regular, b"0", ""),
    ] {
        member(&mut builder, name.as_bytes(), kind, bytes, link);
    }
    builder.finish().unwrap();
    let eval = ["eval", "zero-shot", "--json", "--classes", "names.txt"];
    let output = run(&folder, &[&eval[..], &archives, &["one.tar"]].concat());
    assert_eq!(output.status.code(), Some(1));
    let outcome = &rows(&output)[0];
    assert_eq!(outcome["pictures"], 2, "{}", stderr(&output));
    assert_eq!(outcome["unusable"], 5);
    for name in archives.iter().chain(&["3.jpg"]) {
        assert!(stderr(&output).contains(name), "{}", stderr(&output));
    }
}

#[test]
fn what_cannot_be_looked_at_is_said() {
    let folder = fresh_folder("unreadable");
    let bee = sample("bee.jpg");
    put(&folder, "pictures/class/a.jpg", &bee);
    put(
        &folder,
        "pictures/class/phone.heic",
        b"no picture of this kind",
    );
    put(&folder, "pictures/class/notes.txt", b"notes");
    let link = |to: &str, name: &str| symlink(to, folder.join(name)).unwrap();
    link("..", "pictures/class/round");
    link("nowhere.jpg", "pictures/class/gone.jpg");
    link("nowhere", "pictures/class/gone-folder");
    // Not looked for.
    link("nowhere.txt", "pictures/class/gone.txt");
    link("nowhere", "pictures/class/._gone.jpg");
    let pipe = folder.join("pictures/class/pipe.jpg");
    assert!(Command::new("mkfifo").arg(pipe).status().unwrap().success());
    let said = [
        "round could not be read: it is a link to",
        "gone.jpg",
        "gone-folder",
        "pipe.jpg",
        "phone.heic",
    ];
    check(
        &embed(&folder, &["pictures"]),
        &["pictures/class/a.jpg"],
        &said,
    );
    // In parts, each time.
    for _ in 0..2 {
        let output = embed(
            &folder,
            &["--out-folder", "parts", "--format", "jsonl", "pictures"],
        );
        check(&output, &[], &said);
    }
    // Paths that lead through a file, or are too long for the system.
    let long = "x".repeat(300) + ".jpg";
    let output = embed(
        &folder,
        &["pictures/class/a.jpg", "pictures/class/a.jpg/b.jpg", &long],
    );
    check(&output, &["pictures/class/a.jpg"], &["a.jpg/b.jpg", "xxx"]);

    // What should be a class.
    link("nowhere", "pictures/gone-class");
    link("pictures", "pictures/round-class");
    put(&folder, "pictures/classless.jpg", &bee);
    put(&folder, "pictures/README.md", b"about these pictures");
    let output = run(&folder, &["eval", "zero-shot", "--json", "pictures"]);
    assert_eq!(output.status.code(), Some(1));
    let outcome = &rows(&output)[0];
    assert_eq!(outcome["pictures"], 1, "{}", stderr(&output));
    assert_eq!(outcome["unusable"], said.len() as u64 + 3);
    for word in said
        .iter()
        .chain(&["gone-class", "round-class", "classless.jpg"])
    {
        assert!(
            stderr(&output).contains(word),
            "{word}: {}",
            stderr(&output)
        );
    }
    assert!(!stderr(&output).contains("README"));
}

#[test]
fn folders_that_may_not_be_read_are_said() {
    let folder = fresh_folder("forbidden");
    let bee = sample("bee.jpg");
    put(&folder, "data/open/a.jpg", &bee);
    put(&folder, "data/closed/b.jpg", &bee);
    let closed = folder.join("data/closed");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    // The superuser may read it all the same, unless that is taken away.
    let forbidden = |command: &[&str]| -> Output {
        let mut cliplet = match fs::read_dir(&closed) {
            Ok(_) => {
                let mut setpriv = Command::new("setpriv");
                setpriv
                    .arg("--bounding-set=-dac_override,-dac_read_search")
                    .arg(env!("CARGO_BIN_EXE_cliplet"));
                setpriv
            }
            Err(_) => Command::new(env!("CARGO_BIN_EXE_cliplet")),
        };
        with_model(&mut cliplet, command);
        cliplet.current_dir(&folder).output().unwrap()
    };
    let output = forbidden(&["embed", "data"]);
    let of_eval = forbidden(&["eval", "zero-shot", "--json", "data"]);
    let named = forbidden(&["embed", "data/closed", "data/open"]);
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
    check(&output, &["data/open/a.jpg"], &["data/closed"]);
    check(&named, &["data/open/a.jpg"], &["data/closed"]);
    assert_eq!(of_eval.status.code(), Some(1));
    let outcome = &rows(&of_eval)[0];
    assert_eq!(
        (&outcome["classes"], &outcome["unusable"]),
        (&2.into(), &1.into())
    );
    assert!(stderr(&of_eval).contains("data/closed"));
}

#[test]
fn lists_may_have_a_nul_behind_each_path() {
    let folder = fresh_folder("nul");
    let bee = sample("bee.jpg");
    put(&folder, "a.jpg", &bee);
    put(&folder, "two\nlines.jpg", &bee);
    let odd = std::ffi::OsString::from_vec(b"caf\xe9.jpg".to_vec());
    fs::write(folder.join(odd), &bee).unwrap();
    let done = ["a.jpg", "two\nlines.jpg", "caf\u{fffd}.jpg"];
    let list = b"a.jpg\0two\nlines.jpg\0caf\xe9.jpg\0";
    fs::write(folder.join("list"), list).unwrap();
    for option in [&["-0"][..], &["--null"], &[]] {
        let output = embed(&folder, &[option, &["--files-from", "list"]].concat());
        check(&output, &done, &[]);
        let mut child = cliplet(&folder, &[&["embed"], option, &["-"]].concat())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(list).unwrap();
        check(&child.wait_with_output().unwrap(), &done, &[]);
    }
    // One path has no NUL behind it, and is one with the option alone.
    fs::write(folder.join("list"), "two\nlines.jpg").unwrap();
    let output = embed(&folder, &["-0", "--files-from", "list"]);
    check(&output, &["two\nlines.jpg"], &[]);
    let output = embed(&folder, &["--files-from", "list"]);
    check(&output, &[], &["two", "lines.jpg"]);
    // A list as Windows' editors and its shell save it.
    let text = "\u{feff}a.jpg\r\n";
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for list in [text.as_bytes(), &little, &big] {
        fs::write(folder.join("list"), list).unwrap();
        let output = embed(&folder, &["--files-from", "list"]);
        check(&output, &["a.jpg"], &[]);
    }
}

#[test]
fn a_pattern_says_what_it_passes_over() {
    let folder = fresh_folder("patterns");
    let bee = sample("bee.jpg");
    put(&folder, "shots/a.jpg", &bee);
    put(&folder, "shots/more/b.jpg", &bee);
    fs::create_dir(folder.join("shots/empty")).unwrap();
    symlink("nowhere.jpg", folder.join("shots/gone.jpg")).unwrap();
    let output = embed(&folder, &["shots/*"]);
    check(
        &output,
        &["shots/a.jpg", "shots/more/b.jpg"],
        &["shots/empty has no pictures", "gone.jpg"],
    );
}
