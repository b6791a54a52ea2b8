//! Repositories as Hugging Face transformers writes them become GGUFs that give the embeddings that
//! transformers computes, and that are, byte for byte, what gguf's own writer makes of them,
//! however their bytes arrive. The repositories are written by `tools/make_repositories.py`.

// The fixtures are read from a disk.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::io::{self, Cursor, Seek, SeekFrom, Write};

use candle_core::Device;
use cliplet_clip::config::Activation;
use cliplet_clip::gguf::WeightType;
use cliplet_clip::hugging_face::{Conversion, SAFETENSORS_INDEX, Source, shards};
use cliplet_clip::{Arithmetic, Clip, Error, preprocess};
use common::repository::{Files, config_with};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

/// One entry of `cases.json`.
#[derive(Deserialize)]
struct Case {
    name: String,
    files: Vec<String>,
    quick_gelu: bool,
    logit_scale: f32,
    image_size: usize,
    prompts: Vec<Prompt>,
    sha256: std::collections::HashMap<String, String>,
}

#[derive(Deserialize)]
struct Prompt {
    text: String,
    ids: Vec<u32>,
}

impl Case {
    fn all() -> Vec<Self> {
        common::json("hugging_face/cases.json")
    }

    fn named(name: &str) -> Self {
        Self::all()
            .into_iter()
            .find(|case| case.name == name)
            .unwrap()
    }

    fn repository(&self) -> Files {
        Files::read(&self.name)
    }

    /// The safetensors files, in order.
    fn weights(&self) -> Vec<(String, Vec<u8>)> {
        let read = |name: &String| {
            let path = common::fixture(&format!("hugging_face/{}/{name}", self.name));
            (name.clone(), std::fs::read(path).unwrap())
        };
        self.files.iter().map(read).collect()
    }

    fn conversion(&self, weights: WeightType) -> Conversion {
        Conversion::new(&self.repository().borrow(), weights)
            .unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// Converted in one go.
    fn converted(&self, weights: WeightType) -> Vec<u8> {
        let mut conversion = self.conversion(weights);
        let mut out = Cursor::new(Vec::new());
        conversion.begin(&mut out).unwrap();
        for (name, bytes) in self.weights() {
            let mut source = Source::new(name);
            conversion.push(&mut source, &bytes, &mut out).unwrap();
            assert_eq!(source.length(), Some(bytes.len() as u64));
            assert_eq!(source.written(), bytes.len() as u64);
        }
        conversion.finish(&mut out).unwrap();
        let bytes = out.into_inner();
        assert_eq!(bytes.len() as u64, conversion.length());
        bytes
    }
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
fn embeddings_are_those_of_transformers() {
    for case in Case::all() {
        let path = common::fixture(&format!("hugging_face/{}/expected.safetensors", case.name));
        let expected = candle_core::safetensors::load(path, &Device::Cpu).unwrap();
        let rows = |name: &str| expected[name].to_vec2::<f32>().unwrap();
        let pictures: Vec<Vec<u8>> = expected["pictures"]
            .flatten_from(1)
            .and_then(|pictures| pictures.to_vec2())
            .unwrap();
        for (weights, arithmetic, least) in [
            (WeightType::F32, Arithmetic::Reference, 0.999_999),
            // The patch convolution is rounded to half precision in all of these.
            (WeightType::F16, Arithmetic::Reference, 0.999_99),
            (WeightType::Q8_0, Arithmetic::Reference, 0.999),
            (WeightType::Q8_0, Arithmetic::Fast, 0.999),
            // Four bits cost a random model as narrow as these much. That they are the right ones
            // is the next test's.
            (WeightType::Q4_0, Arithmetic::Reference, 0.9),
        ] {
            let what = format!("{}, {weights}, {arithmetic:?}", case.name);
            let clip = Clip::read(&mut Cursor::new(case.converted(weights)), arithmetic)
                .unwrap_or_else(|error| panic!("{what}: {error}"));
            let vision = &clip.config().vision;
            assert_eq!(vision.image_size, case.image_size, "{what}");
            let quick = vision.vit().unwrap().encoder.activation == Activation::QuickGelu;
            assert_eq!(quick, case.quick_gelu, "{what}");
            assert_eq!(clip.config().logit_scale, case.logit_scale, "{what}");
            for (rgb, expected) in pictures.iter().zip(rows("image_embeddings")) {
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

/// Where the embedding is read off the highest token, what one prompt ends with may be in the
/// middle of another one.
#[test]
fn prompts_with_learnt_words_together_are_what_each_is_alone() {
    for case in ["f16-words", "f16-words-legacy"].map(Case::named) {
        let file = case.converted(WeightType::F16);
        let read = || Clip::read(&mut Cursor::new(&file), Arithmetic::Fast).unwrap();
        let (together, alone) = (read(), read());
        let mut prompts: Vec<&[u32]> = case.prompts.iter().map(|prompt| &prompt.ids[..]).collect();
        let beginnings = prompts.clone();
        let beginnings = beginnings
            .iter()
            .flat_map(|ids| (1..ids.len()).map(|end| &ids[..end]));
        prompts.extend(beginnings);
        prompts.reverse();
        for _ in 0..2 {
            let embeddings = together.encode_token_lists(&prompts).unwrap();
            assert_eq!(embeddings.len(), prompts.len());
            for (ids, embedding) in prompts.iter().zip(&embeddings) {
                let what = format!("{}, {ids:?}", case.name);
                let by_itself = read().encode_tokens(ids).unwrap();
                assert!(cosine(embedding, &by_itself) > 0.999_999, "{what}");
                // One after the other, with what is remembered of those before.
                let remembered = alone.encode_tokens(ids).unwrap();
                assert!(cosine(&remembered, &by_itself) > 0.999_999, "{what}, again");
            }
        }
    }
}

/// What a configuration says of the end of text changes nothing but what is said of it, unless it
/// is 2.
#[test]
fn the_end_of_text_is_the_tokenizer_s() {
    let case = Case::named("f16-words");
    let remarks = |end: serde_json::Value| {
        let files = config_with(&case.repository(), "text_config/eos_token_id", end);
        let conversion = Conversion::new(&files.borrow(), WeightType::F16).unwrap();
        conversion.remarks().join(" ")
    };
    for end in [json!(767), json!(null), json!(2)] {
        assert_eq!(remarks(end), "");
    }
    let remark = remarks(json!(5));
    assert!(
        remark.contains("token 5") && remark.contains("767"),
        "{remark}"
    );
}

/// Another writer and another quantiser, from the same weights.
#[test]
fn files_are_those_of_gguf_itself() {
    for case in Case::all() {
        for weights in WeightType::ALL {
            let sha256: String = Sha256::digest(case.converted(weights))
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            let expected = &case.sha256[&weights.to_string()];
            assert_eq!(&sha256, expected, "{}, {weights}", case.name);
        }
    }
}

/// xorshift64 (Marsaglia, 2003).
struct Random(u64);

impl Random {
    fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 as usize % bound
    }
}

#[test]
fn pieces_of_any_size_give_the_same_file() {
    for case in Case::all() {
        for weights in [WeightType::Q8_0, WeightType::F16] {
            let expected = case.converted(weights);
            let mut random = Random::new();
            for most in [1, 3, 31, 128, 4096, 100_000] {
                let mut conversion = case.conversion(weights);
                let mut out = Cursor::new(Vec::new());
                conversion.begin(&mut out).unwrap();
                for (name, bytes) in case.weights() {
                    let mut source = Source::new(name);
                    let mut rest = &bytes[..];
                    while !rest.is_empty() {
                        let (piece, after) = rest.split_at(rest.len().min(1 + random.below(most)));
                        conversion.push(&mut source, piece, &mut out).unwrap();
                        rest = after;
                        assert_eq!(source.position() as usize, bytes.len() - rest.len());
                        assert!(
                            source.position() - source.written() < 128 || source.written() == 0
                        );
                    }
                }
                conversion.finish(&mut out).unwrap();
                let what = format!("{}, {weights}, pieces of up to {most} bytes", case.name);
                assert!(out.into_inner() == expected, "{what}");
            }
        }
    }
}

#[test]
fn files_in_any_order_or_at_once_give_the_same_file() {
    let case = Case::named("f16-sharded");
    let expected = case.converted(WeightType::Q8_0);
    let index = common::fixture(&format!("hugging_face/{}/{SAFETENSORS_INDEX}", case.name));
    assert_eq!(shards(&std::fs::read(index).unwrap()).unwrap(), case.files);

    let mut files = case.weights();
    assert!(files.len() > 2);
    for _ in 0..files.len() {
        files.rotate_left(1);
        let mut conversion = case.conversion(WeightType::Q8_0);
        let mut out = Cursor::new(Vec::new());
        conversion.begin(&mut out).unwrap();
        for (name, bytes) in &files {
            conversion
                .push(&mut Source::new(name), bytes, &mut out)
                .unwrap();
        }
        conversion.finish(&mut out).unwrap();
        assert!(
            out.into_inner() == expected,
            "beginning with {}",
            files[0].0
        );
    }

    let mut conversion = case.conversion(WeightType::Q8_0);
    let mut out = Cursor::new(Vec::new());
    conversion.begin(&mut out).unwrap();
    let mut sources: Vec<(Source, &[u8])> = files
        .iter()
        .map(|(name, bytes)| (Source::new(name), &bytes[..]))
        .collect();
    let mut random = Random::new();
    while sources.iter().any(|(_, rest)| !rest.is_empty()) {
        let chosen = random.below(sources.len());
        let (source, rest) = &mut sources[chosen];
        let (piece, after) = rest.split_at(rest.len().min(random.below(3000)));
        conversion.push(source, piece, &mut out).unwrap();
        *rest = after;
    }
    conversion.finish(&mut out).unwrap();
    assert!(out.into_inner() == expected, "all at once");
}

/// All is forgotten but the output, the header and how far it was.
#[test]
fn what_breaks_off_is_gone_on_with() {
    for case in Case::all() {
        let weights = WeightType::Q4_0;
        let expected = case.converted(weights);
        let files = case.weights();
        let mut random = Random::new();
        for _ in 0..40 {
            let mut out = Cursor::new(Vec::new());
            let mut conversion = case.conversion(weights);
            conversion.begin(&mut out).unwrap();
            let mut written = vec![(0, 0); files.len()];
            let mut done = false;
            while !done {
                // Some bytes of every file, then a break.
                for ((name, bytes), written) in files.iter().zip(&mut written) {
                    let mut source = Source::new(name);
                    let (header, at) = *written;
                    conversion
                        .push(&mut source, &bytes[..header], &mut out)
                        .unwrap();
                    if header > 0 {
                        conversion.resume(&mut source, at as u64).unwrap();
                    }
                    assert_eq!(source.position() as usize, at);
                    let piece = random.below(bytes.len());
                    let end = bytes.len().min(at + piece);
                    conversion
                        .push(&mut source, &bytes[at..end], &mut out)
                        .unwrap();
                    let header = source.header_length().unwrap_or(0) as usize;
                    *written = (header, source.written() as usize);
                }
                done = files
                    .iter()
                    .zip(&written)
                    .all(|((_, bytes), (_, at))| *at == bytes.len());
                if done {
                    conversion.finish(&mut out).unwrap()
                } else {
                    assert!(conversion.finish(&mut out).is_err());
                    conversion = case.conversion(weights);
                }
            }
            assert!(out.into_inner() == expected, "{}", case.name);
        }
    }
}

#[test]
fn what_was_not_written_up_to_is_not_gone_on_with() {
    let case = Case::named("f32-old");
    let (name, bytes) = &case.weights()[0];
    let mut out = Cursor::new(Vec::new());
    let mut resumed = |pushed: usize, at: u64| {
        let mut conversion = case.conversion(WeightType::Q8_0);
        let mut source = Source::new(name);
        conversion
            .push(&mut source, &bytes[..pushed], &mut out)
            .unwrap();
        conversion.resume(&mut source, at)
    };
    let length = bytes.len() as u64;
    assert!(resumed(0, 0).is_err());
    assert!(resumed(100, 100).is_err());
    assert!(resumed(50_000, 10_000).is_err());
    assert!(resumed(50_000, length + 1).is_err());
    assert!(resumed(50_000, u64::MAX).is_err());
    assert!(resumed(50_000, length).is_ok());
    let sentence = resumed(50_000, length - 1).unwrap_err().to_string();
    assert!(sentence.contains(name), "{sentence}");
}

#[test]
fn a_file_that_is_not_finished_is_no_model() {
    let case = Case::named("f32-old");
    let (name, bytes) = &case.weights()[0];
    let mut conversion = case.conversion(WeightType::F32);
    let mut out = Cursor::new(Vec::new());
    conversion.begin(&mut out).unwrap();
    let begun = |out: &Cursor<Vec<u8>>| {
        assert_eq!(out.get_ref().len() as u64, conversion.length());
        let error = Clip::read(&mut Cursor::new(out.get_ref()), Arithmetic::Fast).err();
        error.unwrap().to_string()
    };
    assert!(begun(&out).contains("not been finished"), "{}", begun(&out));
    let mut source = Source::new(name);
    conversion
        .push(&mut source, &bytes[..bytes.len() - 1], &mut out)
        .unwrap();
    conversion.check_headers().unwrap();
    let sentence = conversion.finish(&mut out).unwrap_err().to_string();
    assert!(sentence.contains("cut off"), "{sentence}");
    conversion
        .push(&mut source, &bytes[bytes.len() - 1..], &mut out)
        .unwrap();
    conversion.finish(&mut out).unwrap();
    assert!(Clip::read(&mut out, Arithmetic::Fast).is_ok());
}

#[test]
fn what_is_missing_is_named() {
    let case = Case::named("f16-sharded");
    let mut conversion = case.conversion(WeightType::Q8_0);
    let mut out = Cursor::new(Vec::new());
    for (name, bytes) in &case.weights()[1..] {
        conversion
            .push(&mut Source::new(name), bytes, &mut out)
            .unwrap();
    }
    for result in [conversion.check_headers(), conversion.finish(&mut out)] {
        let sentence = result.unwrap_err().to_string();
        assert!(sentence.contains("text_model."), "{sentence}");
    }

    // The same file twice.
    let (name, bytes) = &case.weights()[1];
    let error = conversion.push(&mut Source::new(name), bytes, &mut out);
    let sentence = error.unwrap_err().to_string();
    assert!(sentence.contains("another file"), "{sentence}");
}

/// A full disk is no damaged model, and where there is room again, it goes on.
#[test]
fn an_output_that_fails_loses_nothing() {
    struct Full(Cursor<Vec<u8>>, usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.1 == 0 {
                return Err(io::Error::other("the disk is full"));
            }
            // A part of what is asked for, as a disk does it.
            let part = bytes.len().min(self.1);
            self.1 -= part;
            self.0.write(&bytes[..part])
        }
        fn flush(&mut self) -> io::Result<()> {
            self.0.flush()
        }
    }
    impl Seek for Full {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.0.seek(to)
        }
    }
    let case = Case::named("f32-old");
    let (name, bytes) = &case.weights()[0];
    let expected = case.converted(WeightType::Q8_0);
    let mut conversion = case.conversion(WeightType::Q8_0);
    let mut out = Full(Cursor::new(Vec::new()), usize::MAX);
    conversion.begin(&mut out).unwrap();
    let mut source = Source::new(name);
    let (mut random, mut failures) = (Random::new(), 0);
    while (source.position() as usize) < bytes.len() {
        out.1 = random.below(5000);
        let from = source.position() as usize;
        let to = bytes.len().min(from + random.below(20_000));
        match conversion.push(&mut source, &bytes[from..to], &mut out) {
            Ok(()) => {}
            Err(Error::Output(error)) => {
                assert!(
                    Error::Output(error)
                        .to_string()
                        .contains("the disk is full")
                );
                failures += 1;
            }
            Err(error) => panic!("{error}"),
        }
    }
    out.1 = usize::MAX;
    // The last piece may have been taken without being written.
    conversion.push(&mut source, &[], &mut out).unwrap();
    conversion.finish(&mut out).unwrap();
    assert!(failures > 10, "{failures}");
    assert!(out.0.into_inner() == expected);
}

/// What a repository is refused with.
fn refused(files: &Files) -> String {
    match Conversion::new(&files.borrow(), WeightType::Q8_0) {
        Err(Error::Model(reason)) => Error::Model(reason).to_string(),
        Err(error) => panic!("{error:?}"),
        Ok(_) => panic!("accepted"),
    }
}

#[test]
fn what_is_no_clip_is_named() {
    let good = Case::named("f16-sharded").repository();
    for (config, named) in [
        (
            json!({"model_type": "siglip", "architectures": ["SiglipModel"]}),
            "SigLIP",
        ),
        (json!({"model_type": "blip"}), "BLIP"),
        (
            json!({"model_type": "llama", "architectures": ["LlamaForCausalLM"]}),
            "\"llama\"",
        ),
        (json!({"model_type": "chinese_clip"}), "Chinese-CLIP"),
        (
            json!({"model_type": "clip_vision_model"}),
            "only the image tower",
        ),
        (
            json!({"model_type": "clip", "architectures": ["CLIPVisionModelWithProjection"]}),
            "only the image tower",
        ),
        (
            json!({"model_type": "clip", "architectures": ["CLIPTextModel"]}),
            "only the text tower",
        ),
        (
            json!({"model_type": "clip", "architectures": ["CLIPForImageClassification"]}),
            "image classifier",
        ),
        (
            json!({"model_cfg": {"embed_dim": 1024, "vision_cfg": {"layers": [3, 4, 6, 3]}}}),
            "ResNet",
        ),
        (
            json!({"model_cfg": {"embed_dim": 512, "vision_cfg": {"layers": 12}}}),
            "OpenCLIP",
        ),
        (json!({"hidden_size": 4}), "does not say of what type"),
    ] {
        let files = Files {
            config: Some(config.to_string().into()),
            ..good.clone()
        };
        let sentence = refused(&files);
        assert!(sentence.contains(named), "{config}: {sentence}");
        // It is said before anything else is missed.
        let alone = Files {
            preprocessor_config: None,
            tokenizer: None,
            ..files
        };
        assert_eq!(refused(&alone), sentence);
    }
}

#[test]
fn files_that_are_missing_are_named() {
    let good = Case::named("f16-sharded").repository();
    let without_config = Files {
        config: None,
        ..good.clone()
    };
    assert!(refused(&without_config).contains("config.json"));
    let without_preprocessor = Files {
        preprocessor_config: None,
        ..good.clone()
    };
    assert!(refused(&without_preprocessor).contains("preprocessor_config.json"));
    let without_tokenizer = Files {
        tokenizer: None,
        ..good
    };
    assert!(refused(&without_tokenizer).contains("tokenizer.json"));
}

#[test]
fn configurations_that_cannot_be_are_refused_by_their_key() {
    let good = Case::named("f16-sharded").repository();
    for (path, value, named) in [
        (
            "text_config/hidden_act",
            json!("quick_gelu"),
            "different activation functions",
        ),
        (
            "text_config/hidden_act",
            json!("gelu_new"),
            "text_config.hidden_act",
        ),
        (
            "vision_config/hidden_act",
            json!(3),
            "vision_config.hidden_act",
        ),
        ("vision_config/num_channels", json!(4), "num_channels"),
        (
            "vision_config/hidden_size",
            json!(0),
            "vision_config.hidden_size",
        ),
        (
            "vision_config/hidden_size",
            json!(-64),
            "vision_config.hidden_size",
        ),
        (
            "vision_config/hidden_size",
            json!(1e300),
            "vision_config.hidden_size",
        ),
        (
            "vision_config/hidden_size",
            json!("64"),
            "vision_config.hidden_size",
        ),
        ("vision_config/hidden_size", json!(63), "attention heads"),
        ("vision_config/patch_size", json!(13), "patches"),
        (
            "vision_config/patch_size",
            json!([14, 7]),
            "must be a square",
        ),
        ("vision_config/image_size", json!(42), "28 x 28"),
        ("text_config/layer_norm_eps", json!(-1), "below zero"),
        ("text_config/layer_norm_eps", json!(1e39), "layer_norm_eps"),
        (
            "text_config/num_hidden_layers",
            json!(100_000),
            "num_hidden_layers",
        ),
        ("text_config/num_hidden_layers", json!(1024), "1025 blocks"),
        (
            "text_config/max_position_embeddings",
            json!(1),
            "max_position_embeddings",
        ),
        ("text_config/vocab_size", json!(767), "token 767"),
        ("text_config/vocab_size", json!(u64::MAX), "vocab_size"),
        ("projection_dim", json!(1 << 20), "projection_dim"),
        ("text_config", json!([]), "text_config"),
    ] {
        let files = config_with(&good, path, value.clone());
        let sentence = refused(&files);
        assert!(sentence.contains(named), "{path} = {value}: {sentence}");
    }
}

#[test]
fn preparations_that_cannot_be_are_refused_and_others_remarked_on() {
    let good = Case::named("f16-sharded").repository();
    let with = |changes: serde_json::Value| {
        let mut config: serde_json::Value =
            serde_json::from_slice(good.preprocessor_config.as_ref().unwrap()).unwrap();
        let changes = changes.as_object().unwrap().clone();
        config.as_object_mut().unwrap().extend(changes);
        let preprocessor_config = Some(config.to_string().into());
        Files {
            preprocessor_config,
            ..good.clone()
        }
    };
    for (changes, named) in [
        (json!({"do_resize": false}), "do_resize"),
        (json!({"do_rescale": false}), "rescale_factor"),
        (json!({"rescale_factor": 1}), "rescale_factor"),
        (json!({"do_center_crop": false}), "do_center_crop"),
        (json!({"crop_size": 32}), "32 x 32"),
        (
            json!({"crop_size": {"height": 28, "width": 14}}),
            "crop_size",
        ),
        (json!({"size": {"longest_edge": 28}}), "size"),
        (json!({"image_mean": [0.5]}), "image_mean"),
        (json!({"image_mean": [0.5, "a", 0.5]}), "image_mean"),
        (json!({"image_std": [0.5, 0, 0.5]}), "standard deviation"),
    ] {
        let sentence = refused(&with(changes.clone()));
        assert!(sentence.contains(named), "{changes}: {sentence}");
    }
    for (changes, remark) in [
        (json!({}), None),
        (json!({"size": 28, "crop_size": 28}), None),
        (
            json!({"size": 32}),
            Some("resizes the shorter side of a picture to 32"),
        ),
        (json!({"resample": 2}), Some("another filter")),
        (
            json!({"do_center_crop": false, "size": {"height": 28, "width": 28}}),
            Some("squeezes"),
        ),
    ] {
        let conversion = Conversion::new(&with(changes.clone()).borrow(), WeightType::Q8_0);
        let remarks = conversion.unwrap().remarks().join(" ");
        match remark {
            Some(remark) => assert!(remarks.contains(remark), "{changes}: {remarks}"),
            None => assert_eq!(remarks, "", "{changes}"),
        }
    }
    // Without a mean and a standard deviation, colours stay as they are; transformers 5 nests the
    // pictures' part.
    let nested: serde_json::Value = serde_json::from_slice(
        with(json!({"do_normalize": false}))
            .preprocessor_config
            .as_ref()
            .unwrap(),
    )
    .unwrap();
    let nested = json!({"processor_class": "CLIPProcessor", "image_processor": nested});
    let files = Files {
        preprocessor_config: Some(nested.to_string().into()),
        ..good.clone()
    };
    let mut conversion = Conversion::new(&files.borrow(), WeightType::Q8_0).unwrap();
    let mut out = Cursor::new(Vec::new());
    conversion.begin(&mut out).unwrap();
    for (name, bytes) in Case::named("f16-sharded").weights() {
        conversion
            .push(&mut Source::new(name), &bytes, &mut out)
            .unwrap();
    }
    conversion.finish(&mut out).unwrap();
    let clip = Clip::read(&mut out, Arithmetic::Fast).unwrap();
    assert_eq!(clip.config().vision.image_mean, [0.0; 3]);
    assert_eq!(clip.config().vision.image_std, [1.0; 3]);
}
