//! What is measured is what was counted by hand.

mod common;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use common::{
    cliplet_with, eval, fresh_folder, lines, real_shape, repository, starter, stderr, stdout,
};
use serde_json::Value;

/// The classes of the folder below, in alphabetical order, and their pictures.
const CLASSES: [(&str, &[&str]); 5] = [
    ("a_bee", &["bee.jpg"]),
    ("bridge", &["bridge.jpg", "rocket.jpg"]),
    ("fruit", &["fruit.jpg"]),
    ("panda", &["panda.jpg"]),
    // One picture is in the wrong place, so that not everything is right.
    ("rocket", &["rocket.jpg", "bee.jpg", "fruit.jpg"]),
];

fn classes(folder: &Path) -> PathBuf {
    let data = folder.join("data");
    for (class, pictures) in CLASSES {
        fs::create_dir_all(data.join(class)).unwrap();
        for picture in pictures {
            let from = repository("public/samples").join(picture);
            fs::copy(from, data.join(class).join(picture)).unwrap();
        }
    }
    data
}

#[test]
fn zero_shot_is_what_classify_says() {
    let folder = fresh_folder("zero-shot");
    let data = classes(&folder);
    let names = "a bee, bridge, fruit, panda, rocket";
    let (mut first, mut recalls) = (0, 0.0);
    for (class, pictures) in CLASSES {
        let class = class.replace('_', " ");
        let mut right = 0;
        for picture in pictures {
            let path = repository("public/samples").join(picture);
            let output = cliplet_with(&[
                &"classify",
                &"--json",
                &"--model",
                &starter(),
                &"--labels",
                &names,
                &path,
            ]);
            let row = lines(&stdout(&output)).remove(0);
            right += usize::from(row["results"][0]["label"] == class);
        }
        first += right;
        recalls += right as f64 / pictures.len() as f64;
    }
    assert!(
        (3..8).contains(&first),
        "{first} are right, which tells nothing"
    );
    let result = eval(&[&"zero-shot", &data]);
    assert_eq!(result["pictures"], 8);
    assert_eq!(result["classes"], 5);
    assert_eq!(result["top1"].as_f64().unwrap(), first as f64 / 8.0);
    assert_eq!(result["top5"], 1.0);
    let mean = result["mean_per_class_recall"].as_f64().unwrap();
    assert!((mean - recalls / 5.0).abs() < 1e-12);
    assert_eq!(result["recalls"][0]["class"], "a bee");
    assert_eq!(result["model_sha256"].as_str().unwrap().len(), 64);
    assert_eq!(result["templates"][0], "a photo of a {}");

    // The same as archives, with names from a file.
    fs::write(folder.join("names.txt"), names.replace(", ", "\n")).unwrap();
    let mut builder = tar::Builder::new(File::create(folder.join("data.tar")).unwrap());
    let mut number = 0;
    for (class, (_, pictures)) in CLASSES.iter().enumerate() {
        for picture in *pictures {
            let path = repository("public/samples").join(picture);
            // Either may come first.
            let cls = folder.join("cls");
            fs::write(&cls, format!("{class}\n")).unwrap();
            let mut files = [(cls, "cls"), (path, "jpg")];
            if class.is_multiple_of(2) {
                files.reverse();
            }
            for (path, extension) in files {
                let name = format!("{number:04}.{extension}");
                builder.append_path_with_name(path, name).unwrap();
            }
            number += 1;
        }
    }
    builder.finish().unwrap();
    let classes = folder.join("names.txt");
    let of_archive = eval(&[
        &"zero-shot",
        &"--classes",
        &classes,
        &folder.join("data.tar"),
    ]);
    for key in ["top1", "top5", "mean_per_class_recall", "recalls"] {
        assert_eq!(of_archive[key], result[key], "{key}");
    }
    let of_names = eval(&[&"zero-shot", &"--classes", &classes, &data]);
    assert_eq!(of_names["recalls"], result["recalls"]);

    let table = cliplet_with(&[&"eval", &"zero-shot", &"--model", &starter(), &data]);
    let table = stdout(&table);
    let top1 = format!("{:.2} %", 100.0 * first as f64 / 8.0);
    assert!(table.contains("top-1") && table.contains(&top1), "{table}");
}

#[test]
fn data_that_makes_no_sense_is_a_sentence() {
    let folder = fresh_folder("no-data");
    let data = classes(&folder);
    fs::write(folder.join("two.txt"), "one\ntwo\n").unwrap();
    fs::create_dir(folder.join("empty")).unwrap();
    fs::write(folder.join("data.tar"), "").unwrap();
    for (arguments, what) in [
        (vec!["--classes", "two.txt", "data"], "5 subfolders"),
        (vec!["empty"], "no subfolders"),
        (vec!["data.tar"], "--classes"),
        (vec!["two.txt", "data.tar"], "neither a folder nor"),
        (vec!["--classes", "two.txt", "data.tar"], "no picture"),
        (vec!["--classes", "three.txt", "data"], "three.txt"),
    ] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_cliplet"))
            .current_dir(&folder)
            .args(["eval", "zero-shot", "--model"])
            .arg(starter())
            .args(&arguments)
            .output()
            .unwrap();
        assert!(!output.status.success());
        assert!(
            stderr(&output).contains(what),
            "{arguments:?}: {}",
            stderr(&output)
        );
    }
    // A picture that cannot be read is left out of the count, and said.
    fs::write(data.join("panda/broken.jpg"), "no picture").unwrap();
    let output = cliplet_with(&[
        &"eval",
        &"zero-shot",
        &"--json",
        &"--model",
        &starter(),
        &data,
    ]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("broken.jpg"));
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&result["pictures"], &result["unusable"]),
        (&8.into(), &1.into())
    );
}

#[test]
fn pictures_are_found_by_their_captions() {
    let folder = fresh_folder("retrieval");
    let samples = repository("public/samples");
    let captions = [
        ("bee.jpg", "a photo of a bee"),
        ("bee.jpg", "an insect"),
        ("panda.jpg", "a photo of a panda"),
        // The wrong way round.
        ("fruit.jpg", "a photo of a rocket"),
        ("rocket.jpg", "a photo of fruit"),
    ];
    let list: String = captions
        .iter()
        .map(|(picture, caption)| format!("{}\t{caption}\n", samples.join(picture).display()))
        .collect();
    fs::write(folder.join("captions.tsv"), list).unwrap();
    let result = eval(&[&"retrieval", &"--captions", &folder.join("captions.tsv")]);
    assert_eq!(result["pictures"], 4);
    assert_eq!(result["captions"], 5);

    // By hand.
    let embed = |what: &str, of: &str| -> Vec<f64> {
        let output = cliplet_with(&[&"embed", &"--model", &starter(), &what, &of]);
        let row = lines(&stdout(&output)).remove(0);
        let numbers = row["embedding"].as_array().unwrap();
        numbers.iter().map(|x| x.as_f64().unwrap()).collect()
    };
    let pictures = ["bee.jpg", "panda.jpg", "fruit.jpg", "rocket.jpg"];
    let images: Vec<Vec<f64>> = pictures
        .iter()
        .map(|picture| embed("--image", samples.join(picture).to_str().unwrap()))
        .collect();
    let texts: Vec<Vec<f64>> = captions
        .iter()
        .map(|(_, caption)| embed("--text", caption))
        .collect();
    let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    let own = |caption: usize| {
        let is = |picture: &&str| *picture == captions[caption].0;
        pictures.iter().position(is).unwrap()
    };
    let found = (0..5).filter(|&caption| {
        let best = (0..4).max_by(|&a, &b| {
            dot(&images[a], &texts[caption]).total_cmp(&dot(&images[b], &texts[caption]))
        });
        best == Some(own(caption))
    });
    let expected = found.count() as f64 / 5.0;
    assert_eq!(result["text_to_image"]["at_1"].as_f64().unwrap(), expected);
    assert!(expected < 1.0 && expected > 0.0);
    assert_eq!(result["text_to_image"]["at_5"], 1.0);
    let found = (0..4).filter(|&picture| {
        let best = (0..5).max_by(|&a, &b| {
            dot(&images[picture], &texts[a]).total_cmp(&dot(&images[picture], &texts[b]))
        });
        best.is_some_and(|best| own(best) == picture)
    });
    let expected = found.count() as f64 / 4.0;
    assert_eq!(result["image_to_text"]["at_1"].as_f64().unwrap(), expected);

    // As JSON, with paths beside the file.
    fs::copy(samples.join("bee.jpg"), folder.join("bee.jpg")).unwrap();
    fs::write(
        folder.join("captions.jsonl"),
        "{\"image\":\"bee.jpg\",\"captions\":[\"a bee\",\"an insect\"]}\n\n{\"image\":\"bee.jpg\",\"caption\":\"a flower\"}\n",
    )
    .unwrap();
    let result = eval(&[&"retrieval", &"--captions", &folder.join("captions.jsonl")]);
    assert_eq!(
        (&result["pictures"], &result["captions"]),
        (&1.into(), &3.into())
    );
    fs::write(folder.join("captions.jsonl"), "bee.jpg a bee\n").unwrap();
    let output = cliplet_with(&[
        &"eval",
        &"retrieval",
        &"--model",
        &starter(),
        &"--captions",
        &folder.join("captions.jsonl"),
    ]);
    assert!(stderr(&output).contains("line 1"), "{}", stderr(&output));
}

#[test]
fn a_probe_learns_what_it_is_shown() {
    let folder = fresh_folder("probe");
    let data = folder.join("data");
    for (class, picture) in [
        ("bees", "bee.jpg"),
        ("pandas", "panda.jpg"),
        ("rockets", "rocket.jpg"),
    ] {
        fs::create_dir_all(data.join(class)).unwrap();
        fs::copy(
            repository("public/samples").join(picture),
            data.join(class).join(picture),
        )
        .unwrap();
    }
    let result = eval(&[&"probe", &"--train", &data, &"--test", &data]);
    assert_eq!(result["top1"], 1.0);
    assert_eq!(result["train_pictures"], 3);
    // Names that say the contrary do not matter to it, where they are all that zero-shot has.
    let renamed = folder.join("renamed");
    fs::create_dir(&renamed).unwrap();
    for (from, to) in [("bees", "panda"), ("pandas", "rocket"), ("rockets", "bee")] {
        fs::rename(data.join(from), renamed.join(to)).unwrap();
    }
    let result = eval(&[&"probe", &"--train", &renamed, &"--test", &renamed]);
    assert_eq!(result["top1"], 1.0);
    assert!(eval(&[&"zero-shot", &renamed])["top1"].as_f64().unwrap() < 0.5);
    let other = classes(&folder);
    let output = cliplet_with(&[
        &"eval",
        &"probe",
        &"--model",
        &starter(),
        &"--train",
        &renamed,
        &"--test",
        &other,
    ]);
    assert!(stderr(&output).contains("not the same"));
}

#[test]
fn models_are_compared() {
    let folder = fresh_folder("compared");
    let data = classes(&folder);
    let small = folder.join("small.gguf");
    let output = cliplet_with(&[&"convert", &"--weights", &"q4_0", &real_shape(), &small]);
    assert!(output.status.success(), "{}", stderr(&output));
    let compare = |a: &Path, b: &Path| -> Value {
        let output = cliplet_with(&[
            &"compare",
            &"--json",
            &a,
            &b,
            &"--images",
            &data,
            &"--labels",
            &"bee, rocket, panda",
        ]);
        lines(&stdout(&output)).remove(0)
    };
    let itself = compare(&starter(), &starter());
    assert_eq!(itself["pictures"], 8);
    assert_eq!(itself["top1_agreement"], 1.0);
    assert_eq!(itself["largest_score_difference"], 0.0);
    assert!(itself["picture_cosine"]["least"].as_f64().unwrap() > 0.999_999);
    assert_eq!(itself["rank_correlation"]["least"], 1.0);
    let less = compare(&real_shape(), &small);
    let cosine = less["picture_cosine"]["mean"].as_f64().unwrap();
    assert!(cosine > 0.9 && cosine < 0.999_99, "{cosine}");
    assert_ne!(less["a"]["sha256"], less["b"]["sha256"]);
    // Models that have nothing in common are compared by what they say of labels alone.
    let other = repository("crates/clip/tests/fixtures/golden/f32-gelu.gguf");
    let other = compare(&starter(), &other);
    assert_eq!(other["picture_cosine"], Value::Null);
    let table = cliplet_with(&[
        &"compare",
        &real_shape(),
        &small,
        &"--labels",
        &"bee, rocket",
        &data,
    ]);
    assert!(stdout(&table).contains("same best label"));
}
