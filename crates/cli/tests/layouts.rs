//! Models in every layout become GGUFs that give the embeddings of the program that they are from.
//! The fixtures are written by `tools/make_open_clip.py` and `tools/make_repositories.py`.

mod common;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use candle_core::Device;
use cliplet_clip::config::Activation;
use cliplet_clip::gguf::Gguf;
use cliplet_clip::{Arithmetic, Clip, preprocess};
use common::{cliplet_with, fixture, fresh_folder, lines, real_shape, repository, stderr, stdout};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// One entry of `cases.json`.
#[derive(Deserialize)]
struct Case {
    name: String,
    files: Vec<String>,
    quick_gelu: bool,
    logit_scale: f32,
    prompts: Vec<Prompt>,
}

#[derive(Deserialize)]
struct Prompt {
    text: String,
    ids: Vec<u32>,
}

fn cases() -> Vec<Case> {
    let text = fs::read_to_string(fixture("open_clip/cases.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn convert(weights: &str, tower: &str, from: &Path, to: &Path) -> Vec<u8> {
    let output = cliplet_with(&[
        &"convert",
        &"--weights",
        &weights,
        &"--tower",
        &tower,
        &from,
        &to,
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    fs::read(to).unwrap()
}

fn refused(from: &Path, to: &Path) -> String {
    let output = cliplet_with(&[&"convert", &from, &to]);
    assert_eq!(output.status.code(), Some(1), "{}", from.display());
    assert!(!to.exists());
    let sentence = stderr(&output);
    assert!(
        sentence.starts_with("cliplet: ") && sentence.trim_end().lines().count() == 1,
        "{sentence}"
    );
    sentence
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        let products = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b));
        products.sum()
    };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn embeddings_are_those_of_open_clip() {
    let folder = fresh_folder("open-clip");
    for case in cases() {
        let from = fixture("open_clip").join(&case.name);
        let expected =
            candle_core::safetensors::load(from.join("expected.safetensors"), &Device::Cpu)
                .unwrap();
        let rows = |name: &str| expected[name].to_vec2::<f32>().unwrap();
        let pictures: Vec<Vec<u8>> = expected["pictures"]
            .flatten_from(1)
            .and_then(|pictures| pictures.to_vec2())
            .unwrap();
        for file in &case.files {
            for (weights, arithmetic, least) in [
                ("f32", Arithmetic::Reference, 0.999_999),
                // The patch convolution is rounded to half precision in these.
                ("f16", Arithmetic::Reference, 0.999_9),
                ("q8_0", Arithmetic::Fast, 0.998),
            ] {
                let what = format!("{}/{file}, {weights}", case.name);
                let gguf = folder.join("model.gguf");
                convert(weights, "both", &from.join(file), &gguf);
                let clip = Clip::read(&mut File::open(&gguf).unwrap(), arithmetic).unwrap();
                let config = clip.config();
                let vit = config.vision.vit().unwrap();
                let quick = vit.encoder.activation == Activation::QuickGelu;
                assert_eq!(quick, case.quick_gelu, "{what}");
                let scale = config.logit_scale / case.logit_scale;
                assert!((scale - 1.0).abs() < 1e-3, "{what}: {scale}");
                for (rgb, expected) in pictures.iter().zip(rows("image_embeddings")) {
                    let vision = &config.vision;
                    let pixels = preprocess::normalise(rgb, &vision.image_mean, &vision.image_std);
                    let cosine = cosine(&clip.encode_pixels(pixels).unwrap(), &expected);
                    assert!(cosine >= least, "{what}, a picture: {cosine}");
                }
                for (prompt, expected) in case.prompts.iter().zip(rows("text_embeddings")) {
                    let tokens = clip.tokenizer().encode(&prompt.text).unwrap();
                    assert_eq!(tokens.ids, prompt.ids, "{what}, {:?}", prompt.text);
                    let cosine = cosine(&clip.encode_text(&prompt.text).unwrap(), &expected);
                    assert!(cosine >= least, "{what}, {:?}: {cosine}", prompt.text);
                }
            }
        }
    }
}

#[test]
fn one_model_in_two_files_becomes_one_gguf() {
    let folder = fresh_folder("two-files");
    let plain = fixture("open_clip/plain");
    let [a, b, c] = [
        "open_clip_model.safetensors",
        "open_clip_pytorch_model.bin",
        "",
    ]
    .map(|file| {
        convert(
            "q8_0",
            "both",
            &plain.join(file),
            &folder.join("model.gguf"),
        )
    });
    assert!(a == b && a == c);

    // A repository of transformers with its weights as a pickle.
    let repository = repository("crates/clip/tests/fixtures/hugging_face/f32-old");
    let pickled = folder.join("pickled");
    fs::create_dir(&pickled).unwrap();
    for file in ["config.json", "preprocessor_config.json", "tokenizer.json"] {
        fs::copy(repository.join(file), pickled.join(file)).unwrap();
    }
    let pickle = "pytorch_model.bin";
    fs::copy(
        fixture("open_clip/pickle").join(pickle),
        pickled.join(pickle),
    )
    .unwrap();
    let of_pickle = convert("f32", "both", &pickled, &folder.join("a.gguf"));
    let of_safetensors = convert("f32", "both", &repository, &folder.join("b.gguf"));
    assert!(of_pickle == of_safetensors);
}

/// A copy of the repository with learnt words, changed.
fn with_words(name: &str, change: &dyn Fn(&Path)) -> PathBuf {
    let to = fresh_folder(name);
    let from = repository("crates/clip/tests/fixtures/hugging_face/f16-words");
    for file in [
        "config.json",
        "preprocessor_config.json",
        "tokenizer.json",
        "model.safetensors",
    ] {
        fs::copy(from.join(file), to.join(file)).unwrap();
    }
    change(&to);
    to
}

/// A safetensors file with another header.
fn with_header(path: &Path, change: &dyn Fn(Map<String, Value>) -> Map<String, Value>) {
    let bytes = fs::read(path).unwrap();
    let (old, data) = bytes[8..].split_at(length_of(&bytes));
    let header = Value::Object(change(serde_json::from_slice(old).unwrap())).to_string();
    let length = (header.len() as u64).to_le_bytes();
    fs::write(path, [&length, header.as_bytes(), data].concat()).unwrap();
}

fn length_of(bytes: &[u8]) -> usize {
    u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize
}

#[test]
fn what_trainings_put_around_a_model_changes_nothing() {
    let out = fresh_folder("wrapped").join("model.gguf");
    let plain = with_words("plain", &|_| ());
    let expected = convert("f16", "both", &plain, &out);
    let renamed = |to: &'static dyn Fn(&str) -> String| {
        move |folder: &Path| {
            with_header(&folder.join("model.safetensors"), &|header| {
                let entries = header.into_iter();
                let renamed = entries.map(|(name, entry)| match &name[..] {
                    "__metadata__" => (name, entry),
                    _ => (to(&name), entry),
                });
                renamed.collect()
            });
        }
    };
    type Wrapper = &'static dyn Fn(&str) -> String;
    let wrappers: [(&str, Wrapper); 5] = [
        ("compiled", &|name: &str| format!("_orig_mod.{name}")),
        ("distributed", &|name: &str| format!("module.{name}")),
        ("lightning", &|name: &str| format!("model._orig_mod.{name}")),
        ("averaged", &|name: &str| format!("ema_model.module.{name}")),
        ("part-compiled", &|name: &str| {
            name.replace("text_model.", "text_model._orig_mod.")
        }),
    ];
    for (name, to) in wrappers {
        let folder = with_words(name, &renamed(to));
        assert!(convert("f16", "both", &folder, &out) == expected, "{name}");
    }
    let pickled = with_words("pickled-training", &|folder| {
        fs::remove_file(folder.join("model.safetensors")).unwrap();
        let from = repository("crates/clip/tests/fixtures/hugging_face/f16-words/wrapped.bin");
        fs::copy(from, folder.join("pytorch_model.bin")).unwrap();
    });
    assert!(convert("f16", "both", &pickled, &out) == expected);

    fs::remove_file(&out).unwrap();
    // Two sets of weights: nobody can tell which one is wanted.
    let from = repository("crates/clip/tests/fixtures/hugging_face/f16-words/averaged.bin");
    fs::copy(from, pickled.join("pytorch_model.bin")).unwrap();
    let sentence = refused(&pickled, &out);
    assert!(
        sentence.contains("model") && sentence.contains("\"ema_model\""),
        "{sentence}"
    );
    let both = with_words("both", &|folder| {
        let path = folder.join("model.safetensors");
        with_header(&path, &|mut header| {
            let entry = header["logit_scale"].clone();
            let end = header
                .values()
                .filter_map(|entry| entry["data_offsets"][1].as_u64())
                .max()
                .unwrap();
            let mut average = entry;
            average["data_offsets"] = json!([end, end + 2]);
            header.insert("ema_model.logit_scale".to_owned(), average);
            header
        });
        let mut bytes = fs::read(&path).unwrap();
        bytes.extend([0, 0]);
        fs::write(path, bytes).unwrap();
    });
    let sentence = refused(&both, &out);
    assert!(
        sentence.contains("logit_scale") && sentence.contains("twice"),
        "{sentence}"
    );
}

#[test]
fn metadata_of_any_size_changes_nothing() {
    let out = fresh_folder("metadata").join("model.gguf");
    let plain = with_words("without-metadata", &|_| ());
    let expected = convert("f16", "both", &plain, &out);
    // As programs that train adapters write it: what they were told, as JSON in a text.
    for size in [1 << 20, 5 << 20] {
        let folder = with_words("with-metadata", &|folder| {
            with_header(&folder.join("model.safetensors"), &|mut header| {
                let history = r#"{"}\\": ["]}"#.repeat(size / 12);
                header.insert(
                    "__metadata__".to_owned(),
                    json!({"format": "pt", "history": history}),
                );
                header
            });
        });
        let length = length_of(&fs::read(folder.join("model.safetensors")).unwrap());
        assert!(length > size, "{length}");
        assert!(convert("f16", "both", &folder, &out) == expected, "{size}");
    }
}

/// transformers gives the same ids from these files, as `tools/make_repositories.py` sees to.
#[test]
fn vocabulary_and_merges_make_a_tokenizer() {
    let out = fresh_folder("older-tokenizer").join("model.gguf");
    let text = fs::read_to_string(repository(
        "crates/clip/tests/fixtures/hugging_face/cases.json",
    ));
    let cases: Vec<Value> = serde_json::from_str(&text.unwrap()).unwrap();
    let case = cases
        .iter()
        .find(|case| case["name"] == "f16-words")
        .unwrap();
    let split = |folder: &Path| {
        let path = folder.join("tokenizer.json");
        let tokenizer: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        fs::remove_file(path).unwrap();
        let model = &tokenizer["model"];
        let merges = model["merges"].as_array().unwrap().iter();
        let merges = merges.map(|merge| match merge {
            Value::String(merge) => merge.clone(),
            pair => format!(
                "{} {}",
                pair[0].as_str().unwrap(),
                pair[1].as_str().unwrap()
            ),
        });
        let merges: Vec<String> = merges.collect();
        let added = tokenizer["added_tokens"].as_array().unwrap().iter();
        let added: Map<String, Value> = added
            .filter(|token| token["id"].as_u64() > Some(767))
            .map(|token| {
                (
                    token["content"].as_str().unwrap().to_owned(),
                    token["id"].clone(),
                )
            })
            .collect();
        assert!(merges.len() > 200 && added.len() == 4);
        fs::write(folder.join("vocab.json"), model["vocab"].to_string()).unwrap();
        let merges = format!("#version: 0.2\n{}\n", merges.join("\n"));
        fs::write(folder.join("merges.txt"), merges).unwrap();
        fs::write(
            folder.join("added_tokens.json"),
            Value::Object(added).to_string(),
        )
        .unwrap();
    };
    let folder = with_words("vocabulary-and-merges", &split);
    convert("f16", "both", &folder, &out);
    let clip = Clip::read(&mut File::open(&out).unwrap(), Arithmetic::Fast).unwrap();
    let prompts: Vec<Prompt> = serde_json::from_value(case["prompts"].clone()).unwrap();
    assert!(prompts.len() > 12);
    for Prompt { text, ids } in prompts {
        assert_eq!(clip.tokenizer().encode(&text).unwrap().ids, ids, "{text}");
    }
    fs::remove_file(&out).unwrap();
    fs::remove_file(folder.join("merges.txt")).unwrap();
    let sentence = refused(&folder, &out);
    assert!(sentence.contains("merges.txt"), "{sentence}");
    fs::write(folder.join("merges.txt"), "a b c\n").unwrap();
    assert!(refused(&folder, &out).contains("no pair of tokens"));
    fs::write(folder.join("merges.txt"), "a b\n").unwrap();
    fs::write(folder.join("vocab.json"), "{\"a\": 0}").unwrap();
    assert!(refused(&folder, &out).contains("startoftext"));
}

/// What lies in the place of a model's file, and what is said of it.
#[test]
fn what_lies_there_instead_is_named() {
    let out = fresh_folder("instead").join("model.gguf");
    let weights = |bytes: &'static [u8]| {
        move |folder: &Path| fs::write(folder.join("model.safetensors"), bytes).unwrap()
    };
    let small = |name: &'static str, text: &'static str| {
        move |folder: &Path| fs::write(folder.join(name), text).unwrap()
    };
    let without = |name: &'static str, other: &'static str| {
        move |folder: &Path| {
            fs::remove_file(folder.join(name)).unwrap();
            fs::write(folder.join(other), "{}").unwrap();
        }
    };
    const LFS: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
    const INDEX: &str = r#"{"weight_map": {"a": "model-00001-of-00002.safetensors"}}"#;
    let adapter = |folder: &Path| {
        with_header(&folder.join("model.safetensors"), &|header| {
            let entries = header
                .into_iter()
                .filter(|(name, _)| name != "__metadata__");
            let names =
                entries.map(|(name, entry)| (format!("base_model.{name}.lora_A.weight"), entry));
            names.collect()
        });
    };
    let cut = |folder: &Path| {
        let path = folder.join("model.safetensors");
        let bytes = fs::read(&path).unwrap();
        fs::write(path, &bytes[..bytes.len() - 1]).unwrap();
    };
    for (change, named) in [
        (&weights(b"") as &dyn Fn(&Path), "is empty"),
        (&weights(b"\x10\0\0"), "cut off"),
        (&cut, "cut off"),
        (
            &weights(b"<!doctype html><title>Log in</title>"),
            "web page",
        ),
        (&weights(LFS.as_bytes()), "git lfs pull"),
        (
            &weights(b"\x1f\x8b\x08\0\0\0\0\0\0\x03abc"),
            "unpack it first",
        ),
        (&weights(b"\x08\x07\x12\x07pytorch\x1a\x052.0.0"), "ONNX"),
        (&weights(b"\x1c\0\0\0TFL3\x14\0\x20\0"), "TensorFlow Lite"),
        (
            &weights(b"\x08\x04\x12\x8f\x01\x0a\x1c\x0a\x05image"),
            "Core ML",
        ),
        (&weights(b"GGUF\x03\0\0\0"), "is a GGUF"),
        (
            &weights(b"PK\x03\x04\x14\0\0\0\x08\0"),
            "no file of PyTorch's",
        ),
        (&adapter, "adapter (LoRA)"),
        (&small("config.json", ""), "config.json is empty"),
        (
            &small("config.json", LFS),
            "config.json is a placeholder of Git LFS",
        ),
        (&small("config.json", "<html>"), "config.json is a web page"),
        (
            &small("tokenizer.json", LFS),
            "tokenizer.json is a placeholder of Git LFS",
        ),
        (&small("tokenizer.json", ""), "tokenizer.json is empty"),
        (
            &small("config.json", r#"{"model_type": "siglip"}"#),
            "SigLIP",
        ),
        (&small("config.json", r#"{"model_type": "blip"}"#), "BLIP"),
        (
            &without("config.json", "adapter_config.json"),
            "adapter (LoRA)",
        ),
        (&without("model.safetensors", "tf_model.h5"), "TensorFlow"),
        (&without("model.safetensors", "model.onnx"), "ONNX"),
        (
            &without("model.safetensors", "README.md"),
            "no weights that can be read",
        ),
        (
            &without("config.json", "clip.gguf"),
            "name its clip.gguf itself",
        ),
        (
            &|folder| {
                fs::remove_file(folder.join("model.safetensors")).unwrap();
                fs::write(folder.join("model.safetensors.index.json"), INDEX).unwrap();
            },
            "lacks model-00001-of-00002.safetensors",
        ),
        (
            &|folder| fs::remove_file(folder.join("tokenizer.json")).unwrap(),
            "vocab.json",
        ),
    ] {
        let sentence = refused(&with_words("case", change), &out);
        assert!(sentence.contains(named), "{named}: {sentence}");
    }

    // A file alone.
    let folder = fresh_folder("alone");
    for (name, bytes, named) in [
        (
            "model.onnx",
            &b"\x08\x07\x12\x07pytorch\x1a"[..],
            "an ONNX model",
        ),
        ("model.gguf", b"", "is empty"),
        ("model.gguf", b"<html>", "a web page"),
        ("model.bin", LFS.as_bytes(), "git lfs pull"),
    ] {
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap();
        let sentence = refused(&path, &out);
        assert!(sentence.contains(named), "{name}: {sentence}");
    }
    let alone = folder.join("model.safetensors");
    let whole = repository("crates/clip/tests/fixtures/hugging_face/f16-words/model.safetensors");
    fs::copy(whole, &alone).unwrap();
    let sentence = refused(&alone, &out);
    assert!(sentence.contains("must lie beside it"), "{sentence}");

    // Where a GGUF is wanted.
    let words = with_words("a-folder", &|_| ());
    fs::write(folder.join("cat.jpg"), b"\xff\xd8\xff\xe0").unwrap();
    for (model, named) in [
        (words.clone(), "cliplet convert"),
        (alone, "weights in the safetensors format"),
        (words.join("config.json"), "is JSON"),
        (folder.join("model.onnx"), "an ONNX model"),
        (folder.join("cat.jpg"), "a picture"),
    ] {
        let output = cliplet_with(&[&"info", &model]);
        assert_eq!(output.status.code(), Some(1), "{}", model.display());
        assert!(stderr(&output).contains(named), "{}", stderr(&output));
    }
}

#[test]
fn a_gguf_becomes_another() {
    let folder = fresh_folder("gguf-to-gguf");
    let repository = repository("crates/clip/tests/fixtures/hugging_face/bf16-sparse");
    let exact = folder.join("exact.gguf");
    let f32 = convert("f32", "both", &repository, &exact);
    for weights in ["f32", "f16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0"] {
        let again = convert(weights, "both", &exact, &folder.join("again.gguf"));
        let at_once = convert(weights, "both", &repository, &folder.join("at-once.gguf"));
        assert!(again == at_once, "{weights}");
    }
    assert!(f32 == fs::read(&exact).unwrap());

    // Which token an embedding is read off stays as it is.
    let legacy = common::repository("crates/clip/tests/fixtures/hugging_face/f16-words-legacy");
    let at_once = convert("q8_0", "both", &legacy, &folder.join("at-once.gguf"));
    convert("f16", "both", &legacy, &exact);
    assert!(convert("q8_0", "both", &exact, &folder.join("again.gguf")) == at_once);

    // A file with neither merges nor a logit scale, as clip.cpp publishes them, gets both.
    let bare = common::repository("crates/clip/tests/fixtures/golden/q8_0-quick-bare-v2.gguf");
    let whole = folder.join("whole.gguf");
    convert("q8_0", "both", &bare, &whole);
    let read =
        |path: &Path| Clip::read(&mut File::open(path).unwrap(), Arithmetic::Reference).unwrap();
    let (bare, whole) = (read(&bare), read(&whole));
    for text in ["a photo of a cat", "Ünïcödé, 3 words!"] {
        let ids = |clip: &Clip| clip.tokenizer().encode(text).unwrap().ids;
        assert_eq!(ids(&bare), ids(&whole));
        let cosine = cosine(
            &bare.encode_text(text).unwrap(),
            &whole.encode_text(text).unwrap(),
        );
        assert!(cosine > 0.9999, "{cosine}");
    }
    assert_eq!(bare.config(), whole.config());
}

#[test]
fn f32_is_exact() {
    let folder = fresh_folder("exact");
    let from = repository("crates/clip/tests/fixtures/hugging_face/f32-old");
    let gguf = folder.join("model.gguf");
    convert("f32", "both", &from, &gguf);
    let stored =
        candle_core::safetensors::load(from.join("model.safetensors"), &Device::Cpu).unwrap();
    let mut file = File::open(&gguf).unwrap();
    let mut gguf = Gguf::open(&mut file).unwrap();
    let tensors = gguf.tensors();
    assert!(tensors.len() > 40);
    let config = Clip::read(
        &mut File::open(folder.join("model.gguf")).unwrap(),
        Arithmetic::Reference,
    )
    .unwrap();
    let names = cliplet_clip::hugging_face::shared::tensors(config.config(), 768).unwrap();
    for name in names {
        let numbers = |tensor: candle_core::Tensor| -> Vec<u32> {
            let numbers = tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            numbers.into_iter().map(f32::to_bits).collect()
        };
        let read = numbers(gguf.dequantised(&name.name, &name.dims).unwrap());
        let original = numbers(stored[&name.source].clone());
        assert!(read == original, "{}", name.name);
    }
}

#[test]
fn one_tower_is_enough_for_what_it_can_do() {
    let folder = fresh_folder("one-tower");
    let whole = real_shape();
    let picture = repository("public/samples/bee.jpg");
    let f32 = folder.join("both.gguf");
    convert("q8_0", "both", &whole, &f32);
    let embed = |model: &Path, what: &str, of: &Path| {
        cliplet_with(&[&"embed", &"--model", &model, &what, &of])
    };
    let (image, text) = (folder.join("image.gguf"), folder.join("text.gguf"));
    convert("q8_0", "image", &whole, &image);
    convert("q8_0", "text", &whole, &text);
    let a_cat = Path::new("a cat");
    for (model, other, what, of) in [
        (&image, &text, "--image", picture.as_path()),
        (&text, &image, "--text", a_cat),
    ] {
        assert_eq!(
            stdout(&embed(model, what, of)),
            stdout(&embed(&f32, what, of))
        );
        let output = embed(other, what, of);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains("tower"), "{}", stderr(&output));
    }
    let output = cliplet_with(&[
        &"classify",
        &"--model",
        &image,
        &"--labels",
        &"cat",
        &picture,
    ]);
    assert_eq!(output.status.code(), Some(1));
    let info =
        |model: &Path| lines(&stdout(&cliplet_with(&[&"info", &"--json", &model]))).remove(0);
    assert_eq!(info(&image)["text_tower"], serde_json::Value::Null);
    assert_eq!(info(&image)["missing"][0], "a text tower");
    assert_eq!(info(&text)["image_tower"], serde_json::Value::Null);
    assert_eq!(info(&f32)["missing"].as_array().unwrap().len(), 0);
    let bytes = |model: &Path| fs::metadata(model).unwrap().len();
    assert!(bytes(&image) + bytes(&text) < bytes(&f32) + 100_000);
}

#[test]
fn one_tower_can_be_converted_again() {
    let folder = fresh_folder("one-tower-again");
    let whole = real_shape();
    let again = folder.join("again.gguf");
    let direct = folder.join("direct.gguf");
    for (tower, other) in [("image", "text"), ("text", "image")] {
        let alone = folder.join(format!("{tower}.gguf"));
        convert("f32", tower, &whole, &alone);
        // To another type, it is what the whole file gives for this tower.
        let expected = convert("q4_0", tower, &whole, &direct);
        assert!(convert("q4_0", tower, &alone, &again) == expected);
        // If no tower is named, it is the one that is there.
        let output = cliplet_with(&[&"convert", &"--weights", &"q4_0", &alone, &again]);
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(fs::read(&again).unwrap() == expected);
        for missing in [other, "both"] {
            let output = cliplet_with(&[&"convert", &"--tower", &missing, &alone, &again]);
            assert_eq!(output.status.code(), Some(1));
            let sentence = format!("The model has no {other} tower.");
            assert!(stderr(&output).contains(&sentence), "{}", stderr(&output));
        }
        assert!(fs::read(&again).unwrap() == expected, "it is untouched");
    }
}

#[test]
fn what_is_no_such_model_is_a_sentence() {
    let folder = fresh_folder("no-such-model");
    let out = folder.join("out.gguf");
    let copy = |change: &dyn Fn(&Path)| {
        let to = folder.join("case");
        let _ = fs::remove_dir_all(&to);
        fs::create_dir(&to).unwrap();
        for entry in fs::read_dir(fixture("open_clip/plain")).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
        fs::remove_file(to.join("open_clip_model.safetensors")).unwrap();
        change(&to);
        to
    };
    let pickle = "open_clip_pytorch_model.bin";
    let changed = |from: &'static [u8], to: &'static [u8]| {
        move |folder: &Path| {
            let mut bytes = fs::read(folder.join(pickle)).unwrap();
            let at = bytes.windows(from.len()).position(|window| window == from);
            let at = at.unwrap();
            bytes[at..at + to.len()].copy_from_slice(to);
            fs::write(folder.join(pickle), bytes).unwrap();
        }
    };
    let cut = |folder: &Path| {
        let bytes = fs::read(folder.join(pickle)).unwrap();
        fs::write(folder.join(pickle), &bytes[..bytes.len() / 2]).unwrap();
    };
    let legacy = |folder: &Path| {
        fs::copy(fixture("open_clip/pickle/legacy.bin"), folder.join(pickle)).unwrap();
    };
    for (change, named) in [
        (&cut as &dyn Fn(&Path), "cut off"),
        (&legacy, "version 1.6"),
        (
            &|folder| fs::remove_file(folder.join("tokenizer.json")).unwrap(),
            "tokenizer.json",
        ),
        (
            &|folder| fs::remove_file(folder.join(pickle)).unwrap(),
            pickle,
        ),
        // The same length, so that the archive stays whole.
        (
            &changed(
                b"torch._utils\n_rebuild_tensor_v2",
                b"posix.system\n_rebuild_tensor_v2",
            ),
            "call",
        ),
        (&changed(b"FloatStorage", b"CharmStorage"), "storage"),
        (
            &changed(b"visual.proj", b"visual.nope"),
            "visual_projection",
        ),
    ] {
        let sentence = refused(&copy(change), &out);
        assert!(sentence.contains(named), "{sentence}");
    }
    // A model of another kind in a folder of OpenCLIP's.
    let coca = copy(&|folder| {
        let config = "{\"model_cfg\":{\"vision_cfg\":{},\"text_cfg\":{},\"multimodal_cfg\":{}}}";
        fs::write(folder.join("open_clip_config.json"), config).unwrap();
    });
    assert!(refused(&coca, &out).contains("CoCa"));
}
