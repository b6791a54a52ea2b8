//! The scripts of `examples/` do what the book says, in the local mode of what they are for. Where
//! GNU parallel or Ray is not on this machine, its test says so and ends; `CLIPLET_RAY_PYTHON` may
//! name a Python that has Ray.

#![cfg(all(unix, feature = "parquet"))]

mod common;

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use arrow_array::cast::AsArray;
use common::{fresh_folder, repository, starter};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// Where the program is, and what else is on the path.
fn path() -> OsString {
    let programs = Path::new(env!("CARGO_BIN_EXE_cliplet")).parent().unwrap();
    let path = env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(programs.to_owned()).chain(env::split_paths(&path));
    env::join_paths(path).unwrap()
}

/// A folder with seven pictures, whose names a shell must not take apart.
fn pictures(name: &str) -> (PathBuf, BTreeSet<String>) {
    let folder = fresh_folder(name).join("two words");
    fs::create_dir(&folder).unwrap();
    let names = (0..7).map(|i| {
        let path = folder.join(format!("picture {i}.jpg"));
        fs::copy(repository("public/samples/bee.jpg"), &path).unwrap();
        path.to_str().unwrap().to_owned()
    });
    let names = names.collect();
    (folder, names)
}

/// The paths in all Parquet files of a folder, each of which must be there once.
fn embedded(folder: &Path) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_none_or(|extension| extension != "parquet")
        {
            continue;
        }
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap());
        for batch in reader.unwrap().build().unwrap() {
            let batch = batch.unwrap();
            assert!(batch.column_by_name("embedding").is_some());
            let column = batch.column_by_name("path").unwrap();
            for path in column.as_string::<i32>().iter() {
                assert!(paths.insert(path.unwrap().to_owned()));
            }
        }
    }
    paths
}

fn run(command: &mut Command) {
    let output = command.env("PATH", path()).output().unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn there_is(program: &str) -> bool {
    let is_there = env::split_paths(&path()).any(|folder| folder.join(program).is_file());
    if !is_there {
        eprintln!("There is no {program} here, so that its example was not run.");
    }
    is_there
}

#[test]
fn parallel_does_all_shards() {
    if !there_is("parallel") {
        return;
    }
    let (folder, names) = pictures("parallel");
    let out = folder.with_file_name("embeddings");
    for _ in 0..2 {
        run(Command::new(repository("examples/parallel.sh"))
            .args([&starter(), &out])
            .arg("3")
            .arg(&folder));
        assert_eq!(embedded(&out), names);
    }
}

#[test]
fn an_array_of_jobs_does_all_shards() {
    let (folder, names) = pictures("slurm");
    let out = folder.with_file_name("embeddings");
    // As Slurm starts them, one after the other.
    for task in 0..3 {
        run(Command::new(repository("examples/slurm.sh"))
            .args([&starter(), &out, &folder])
            .env("SLURM_ARRAY_TASK_ID", task.to_string())
            .env("SLURM_ARRAY_TASK_COUNT", "3")
            .env("SLURM_CPUS_PER_TASK", "1"));
    }
    assert_eq!(embedded(&out), names);
}

#[test]
fn ray_data_does_all_pictures() {
    let Some(python) = env::var_os("CLIPLET_RAY_PYTHON") else {
        eprintln!("CLIPLET_RAY_PYTHON names no Python, so that Ray's example was not run.");
        return;
    };
    let (folder, names) = pictures("ray");
    let out = folder.with_file_name("embeddings");
    run(Command::new(python)
        .arg(repository("examples/ray_data.py"))
        .args([&starter(), &out, &folder])
        .env("RAY_USAGE_STATS_ENABLED", "0"));
    assert_eq!(embedded(&out), names);
}
