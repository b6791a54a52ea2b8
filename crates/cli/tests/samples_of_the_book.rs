//! The book's samples for a terminal do what the book says.

#![cfg(unix)]

use std::env;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use cliplet_book::{Document, Sample, chapters, repository};

/// How far a number behind a point may be from the one in the book: processors round differently.
const TOLERANCE: f64 = 1.0;

#[test]
fn samples_run_and_print_what_stands_below_them() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    symlink(repository("public"), here.join("public")).unwrap();
    // Stands in for LAION's repository, and is laid out like it.
    symlink(
        repository("crates/clip/tests/fixtures/hugging_face/f32-old"),
        here.join("CLIP-ViT-B-32-laion2B-s34B-b79K"),
    )
    .unwrap();

    let (mut run, mut compared) = (0, 0);
    for sample in chapters().iter().flat_map(with_outputs) {
        let (sample, output) = sample;
        let printed = self::run(&sample, here);
        run += 1;
        if let Some(output) = output {
            assert!(
                is_alike(&printed, &output.code),
                "{}: this was printed\n{printed}",
                output.place
            );
            compared += 1;
        }
    }
    assert!(run > 5 && compared > 1, "{run} run, {compared} compared");
}

/// The samples of a chapter that run `cliplet`, each with what stands below it as its output, if
/// anything does.
fn with_outputs(chapter: &Document) -> Vec<(Sample, Option<Sample>)> {
    let mut samples: Vec<(Sample, Option<Sample>)> = Vec::new();
    for sample in chapter.samples() {
        if sample.is_marked("output") {
            let last = samples.last_mut().filter(|(_, output)| output.is_none());
            let (_, output) = last.unwrap_or_else(|| panic!("{}: of what?", sample.place));
            *output = Some(sample);
        } else if sample.language == "sh"
            && !sample.is_exempt()
            && sample.code.starts_with("cliplet ")
        {
            samples.push((sample, None));
        }
    }
    samples
}

/// Runs a sample as a person does who has `cliplet` on the path.
fn run(sample: &Sample, folder: &Path) -> String {
    let programs = Path::new(env!("CARGO_BIN_EXE_cliplet")).parent().unwrap();
    let path = env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(programs.to_owned()).chain(env::split_paths(&path));
    let output = Command::new("sh")
        .args(["-euc", &sample.code])
        .current_dir(folder)
        .env("PATH", env::join_paths(path).unwrap())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}: {}",
        sample.place,
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Whether both are the same words, and numbers with a point nearly the same.
fn is_alike(printed: &str, expected: &str) -> bool {
    let words =
        |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
    let (printed, expected) = (words(printed), words(expected));
    let number = |word: &str| -> Option<f64> { word.contains('.').then(|| word.parse().ok())? };
    printed.len() == expected.len()
        && printed
            .iter()
            .zip(&expected)
            .all(|(a, b)| match (number(a), number(b)) {
                (Some(a), Some(b)) => (a - b).abs() <= TOLERANCE,
                _ => a == b,
            })
}

#[test]
fn outputs_are_compared_word_by_word() {
    assert!(is_alike("a\n  60.60 %  car\n", "a\n60.10 % car"));
    assert!(!is_alike("60.60 % car", "62.60 % car"));
    assert!(!is_alike("60.60 % car", "60.60 % cat"));
    assert!(!is_alike("8 blocks", "9 blocks"));
    assert!(!is_alike("60.60 % car", "60.60 % car and more"));
}
