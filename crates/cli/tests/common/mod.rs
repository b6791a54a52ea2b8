//! What the tests of the program share: how it is run, and where files are.

#![allow(dead_code, reason = "each test uses a part of this")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A file of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

/// A file below `tests/fixtures`.
pub fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(path)
}

/// The model that comes with the page.
pub fn starter() -> PathBuf {
    repository("public/models/starter.gguf")
}

/// A model of 224 pixels and patches of 32, as most have, with random weights. Beside it lies what
/// transformers computes with it.
pub fn real_shape() -> PathBuf {
    repository("crates/clip/tests/fixtures/vit-224/model.gguf")
}

/// Runs the program.
pub fn cliplet(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cliplet"))
        .args(arguments)
        .output()
        .unwrap()
}

/// The same, with arguments of which some are paths.
pub fn cliplet_with(arguments: &[&dyn AsRef<std::ffi::OsStr>]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cliplet"))
        .args(arguments.iter().map(|argument| argument.as_ref()))
        .output()
        .unwrap()
}

/// A new folder for a test's files.
pub fn fresh_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// What stdout says, which must be all there.
pub fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", stderr(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What stderr says.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Lines of JSON.
pub fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// What `cliplet eval` says of a task with the starter, as JSON. The first argument is the task.
pub fn eval(arguments: &[&dyn AsRef<std::ffi::OsStr>]) -> Value {
    let (task, rest) = arguments.split_first().unwrap();
    let starter = starter();
    let mut all: Vec<&dyn AsRef<std::ffi::OsStr>> =
        vec![&"eval", *task, &"--json", &"--model", &starter];
    all.extend(rest);
    lines(&stdout(&cliplet_with(&all))).remove(0)
}
