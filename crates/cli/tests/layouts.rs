//! Models in every layout become GGUFs that give the embeddings of the program that they are from. The fixtures are written by
//! `tools/make_open_clip.py` and `tools/make_repositories.py`.

mod common;

use std::fs::{self, File};
use std::path::Path;

use candle_core::Device;
use cliplet_clip::config::Activation;
use cliplet_clip::gguf::Gguf;
use cliplet_clip::{Arithmetic, Clip, preprocess};
use common::{cliplet_with, fixture, fresh_folder, lines, repository, starter, stderr, stdout};
use serde::Deserialize;

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
                let quick = config.vision.encoder.activation == Activation::QuickGelu;
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
    let whole = starter();
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
    let whole = starter();
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
