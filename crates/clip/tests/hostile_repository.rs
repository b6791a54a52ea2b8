//! Damaged and foreign repositories are refused with a sentence: no panic, and no more memory than
//! a header's own size justifies.

// The fixtures are read from a disk.
#![cfg(not(target_arch = "wasm32"))]

mod common;
#[path = "common/memory.rs"]
mod memory;

use std::io::Cursor;

use cliplet_clip::Error;
use cliplet_clip::gguf::WeightType;
use cliplet_clip::hugging_face::{Conversion, Source};
use common::repository::{Files, config_with};
use memory::alone;
use serde_json::{Map, Value, json};

const CASE: &str = "f32-old";

fn weights() -> Vec<u8> {
    std::fs::read(common::fixture(&format!(
        "hugging_face/{CASE}/model.safetensors"
    )))
    .unwrap()
}

/// The header of a safetensors file, and the bytes of its tensors.
fn split(bytes: &[u8]) -> (Map<String, Value>, &[u8]) {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    (header, &bytes[8 + length..])
}

fn joined(header: &str, data: &[u8]) -> Vec<u8> {
    let length = (header.len() as u64).to_le_bytes();
    [&length[..], header.as_bytes(), data].concat()
}

/// Converts a file in pieces, and fails if that takes too much memory.
fn convert(what: &str, bytes: &[u8], piece: usize) -> Result<(), Error> {
    let mut conversion = Conversion::new(&Files::read(CASE).borrow(), WeightType::Q8_0).unwrap();
    let mut out = Cursor::new(Vec::with_capacity(conversion.length() as usize));
    conversion.begin(&mut out).unwrap();
    let mut source = Source::new("model.safetensors");
    let (result, used) = memory::measured(|| {
        for piece in bytes.chunks(piece) {
            conversion.push(&mut source, piece, &mut out)?;
        }
        conversion.finish(&mut out)
    });
    // A batch of weights and what becomes of it; a header, and the tensors that it names.
    let header = source.header_length().unwrap_or(bytes.len() as u64) as usize;
    let limit = 300_000 + 12 * header.min(1 << 20);
    assert!(
        used <= limit,
        "{what}: {used} bytes of memory for a header of {header}"
    );
    result
}

/// Converts a file that cannot be converted, and returns the sentence it is refused with.
fn refused(what: &str, bytes: &[u8]) -> String {
    let error = convert(what, bytes, 1 << 16).expect_err(what);
    assert!(matches!(error, Error::Model(_)), "{what}: {error:?}");
    let sentence = error.to_string();
    common::assert_sentence(what, &sentence);
    println!("{what}: {sentence}");
    sentence
}

/// The good file with another header.
fn spoilt(what: &str, spoil: impl FnOnce(&mut Map<String, Value>)) -> String {
    let bytes = weights();
    let (mut header, data) = split(&bytes);
    spoil(&mut header);
    refused(what, &joined(&Value::Object(header).to_string(), data))
}

const TENSOR: &str = "visual_projection.weight";

#[test]
fn what_is_spoilt_below_is_good_before() {
    let _alone = alone();
    let bytes = weights();
    let (header, data) = split(&bytes);
    assert!(header.contains_key(TENSOR));
    convert("as it is", &bytes, 1 << 16).unwrap();
    let again = joined(&Value::Object(header).to_string(), data);
    convert("written again", &again, 1000).unwrap();
}

#[test]
fn files_cut_off_anywhere() {
    let _alone = alone();
    let bytes = weights();
    for length in (0..200).chain((0..200).map(|part| bytes.len() * part / 200)) {
        refused(&format!("{length} bytes"), &bytes[..length]);
    }
}

#[test]
fn what_is_no_safetensors_file() {
    let _alone = alone();
    for (start, named) in [
        (&b"<!DOCTYPE html><html>Not found</html>"[..], "web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (b"PK\x03\x04\x00\x00\x08\x08", "pickle"),
        (b"\x80\x02\x8a\x0al\xfc\x9c\x46", "pickle"),
        (b"GGUF\x03\0\0\0", "GGUF"),
        (b"Entry not found", "safetensors format"),
        (&[0; 100], "safetensors format"),
        (&[0xff; 100], "safetensors format"),
    ] {
        let sentence = refused(&format!("{start:?}"), start);
        assert!(sentence.contains(named), "{start:?}: {sentence}");
    }
    for length in [
        0,
        1,
        (1 << 20) + 1,
        1 << 32,
        1 << 62,
        i64::MAX as u64,
        u64::MAX,
    ] {
        let mut bytes = weights();
        bytes[..8].copy_from_slice(&length.to_le_bytes());
        refused(&format!("a header of {length} bytes"), &bytes);
    }
}

#[test]
fn headers_that_make_no_sense() {
    let _alone = alone();
    let deep = format!("{{\"a\":{}", "[".repeat(500_000));
    let wide = format!(
        "{{\"a\":{{\"dtype\":\"F32\",\"shape\":[{}1]",
        "1,".repeat(400_000)
    );
    let many: Vec<String> = (0..15_000)
        .map(|i| {
            format!(
                "\"{i}\":{{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[{i},{}]}}",
                i + 1
            )
        })
        .collect();
    let many = format!("{{{}}}", many.join(","));
    for header in [
        "  ",
        "{}",
        "[]",
        "null",
        "{\"a\":1}",
        "{\"a\":{}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}",
        "{\"\u{7}\":{\"dtype\":\"\\n\",\"shape\":[1],\"data_offsets\":[0,4]}}",
        "{\"__metadata__\":{}}",
        "{\"model.layers.0.weight\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
        &deep,
        &wide,
        &many,
    ] {
        refused(&format!("{header:.60}"), &joined(header, &[0; 16]));
    }
    let utf8 = joined("{\"a?\":1}", &[])
        .iter()
        .map(|&b| if b == b'?' { 0xff } else { b })
        .collect::<Vec<u8>>();
    refused("a name that is no UTF-8", &utf8);
    for (name, named) in [
        ("visual.layer1.0.conv1.weight", "ResNet"),
        ("visual.conv1.weight", "OpenCLIP"),
        ("model.embed_tokens.weight", "model.embed_tokens.weight"),
    ] {
        let entry = json!({ name: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} });
        let sentence = refused(name, &joined(&entry.to_string(), &[0; 4]));
        assert!(sentence.contains(named), "{sentence}");
    }
}

#[test]
fn tensors_over_each_other_or_beyond_the_end() {
    let _alone = alone();
    for offsets in [
        json!([0, 0]),
        json!([0, 6144]),
        json!([4, 0]),
        json!([1_u64 << 40, (1_u64 << 40) + 6144]),
        json!([u64::MAX - 6144, u64::MAX]),
        json!([u64::MAX, u64::MAX]),
        json!([-4, 0]),
        json!([0.0, 6144.0]),
        json!(null),
    ] {
        spoilt(&format!("offsets {offsets}"), |header| {
            header[TENSOR]["data_offsets"] = offsets.clone()
        });
    }
    // One that the model does not need, over one that it does, and a gap.
    let sentence = spoilt("an overlap", |header| {
        let offsets = header[TENSOR]["data_offsets"].clone();
        let number_type = header[TENSOR]["dtype"].clone();
        let shape = header[TENSOR]["shape"].clone();
        let entry = json!({"dtype": number_type, "shape": shape, "data_offsets": offsets});
        header.insert("extra".to_owned(), entry);
    });
    assert!(sentence.contains("begin"), "{sentence}");
    spoilt("a gap", |header| drop(header.remove(TENSOR)));
    let bytes = weights();
    for behind in [1, 5000] {
        let longer = [&bytes[..], &vec![0; behind]].concat();
        let sentence = refused("bytes behind the last tensor", &longer);
        assert!(sentence.contains("behind"), "{sentence}");
    }
}

#[test]
fn tensors_of_another_type_or_shape() {
    let _alone = alone();
    for number_type in [
        "F16",
        "F64",
        "I32",
        "F8_E4M3",
        "Q8_0",
        "",
        "f32",
        "\n",
        &"F".repeat(10_000),
    ] {
        spoilt(&format!("numbers of type {number_type:.20}"), |header| {
            header[TENSOR]["dtype"] = json!(number_type);
        });
    }
    let sentence = spoilt("whole numbers", |header| {
        header[TENSOR]["dtype"] = json!("I32")
    });
    assert!(
        sentence.contains("\"I32\"") && sentence.contains(TENSOR),
        "{sentence}"
    );
    let bytes = weights();
    let (header, _) = split(&bytes);
    for (name, entry) in header
        .iter()
        .filter(|(name, _)| !name.contains("position_ids"))
    {
        let Some(shape) = entry["shape"].as_array() else {
            continue;
        };
        let shape: Vec<u64> = shape.iter().map(|dim| dim.as_u64().unwrap()).collect();
        let elements: u64 = shape.iter().product();
        for other in [
            vec![elements],
            vec![1, elements],
            vec![elements, 1],
            shape.iter().copied().chain([1, 1]).collect(),
            shape.iter().map(|dim| dim + 1).chain([2]).collect(),
            vec![u64::MAX, 2],
            vec![0],
            vec![1; 2000],
        ] {
            // A scale may have one dimension or none.
            if other == shape || (name == "logit_scale" && other == [1]) {
                continue;
            }
            let sentence = spoilt(
                &format!("{name} of {:?}", &other[..other.len().min(9)]),
                |header| {
                    header[name]["shape"] = json!(other);
                },
            );
            assert!(sentence.contains(name), "{sentence}");
        }
    }
}

#[test]
fn a_tensor_that_is_there_twice() {
    let _alone = alone();
    let bytes = weights();
    let (header, data) = split(&bytes);
    let entry = format!("\"{TENSOR}\":{}", header[TENSOR]);
    let text = Value::Object(header).to_string();
    assert!(text.contains(&entry));
    let twice = text.replace(&entry, &format!("{entry},{entry}"));
    let sentence = refused("the same entry twice", &joined(&twice, data));
    assert!(
        sentence.contains("twice") || sentence.contains("begin"),
        "{sentence}"
    );
    let empty = format!("\"{TENSOR}\":{{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}");
    let twice = text.replace(&entry, &format!("{empty},{entry}"));
    let sentence = refused("an empty one of the same name", &joined(&twice, data));
    assert!(sentence.contains("twice"), "{sentence}");
}

#[test]
fn weights_that_are_no_numbers() {
    let _alone = alone();
    let bytes = weights();
    let (header, data) = split(&bytes);
    let data_begins = bytes.len() - data.len();
    for (name, entry) in header
        .iter()
        .filter(|(name, _)| !name.contains("position_ids"))
    {
        let Some(begin) = entry["data_offsets"][0].as_u64() else {
            continue;
        };
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut spoilt = bytes.clone();
            spoilt[data_begins + begin as usize..][..4].copy_from_slice(&value.to_le_bytes());
            let sentence = refused(&format!("{value} in {name}"), &spoilt);
            assert!(sentence.contains(name), "{sentence}");
        }
    }
    // A number that half precision cannot hold, as a weight and as an exponent.
    for (name, value) in [
        ("vision_model.embeddings.patch_embedding.weight", 7e4f32),
        ("logit_scale", 100.0),
        ("logit_scale", -1000.0),
    ] {
        let begin = header[name]["data_offsets"][0].as_u64().unwrap() as usize;
        let mut spoilt = bytes.clone();
        spoilt[data_begins + begin..][..4].copy_from_slice(&value.to_le_bytes());
        refused(&format!("{value} in {name}"), &spoilt);
    }
}

/// One byte of the header changed: mostly refused, sometimes another good file, never a panic.
#[test]
fn a_header_with_one_wrong_byte() {
    let _alone = alone();
    let bytes = weights();
    let header = bytes.len() - split(&bytes).1.len();
    let (mut refusals, mut state) = (0, 0x9e37_79b9_7f4a_7c15u64);
    let mut random = || {
        // xorshift64 (Marsaglia, 2003).
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for _ in 0..2000 {
        let at = random() as usize % header;
        let mut spoilt = bytes.clone();
        spoilt[at] ^= 1 << (random() % 8);
        if let Err(error) = convert(&format!("byte {at}"), &spoilt, 1 << 16) {
            common::assert_sentence(&format!("byte {at}"), &error.to_string());
            refusals += 1;
        }
    }
    assert!(refusals > 1000, "{refusals} of 2000");
}

/// The small files: no panic, whatever stands in them.
#[test]
fn small_files_that_make_no_sense() {
    let _alone = alone();
    let good = Files::read(CASE);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for text in [
        "",
        "{",
        "null",
        "[]",
        "3",
        "\"clip\"",
        "\u{feff}{}",
        "<html>",
        &deep,
    ] {
        let text = text.as_bytes().to_vec();
        for files in [
            Files {
                config: Some(text.clone()),
                ..good.clone()
            },
            Files {
                preprocessor_config: Some(text.clone()),
                ..good.clone()
            },
            Files {
                tokenizer: Some(text.clone()),
                ..good.clone()
            },
        ] {
            let what = String::from_utf8_lossy(&text[..text.len().min(20)]).into_owned();
            let (result, used) =
                memory::measured(|| Conversion::new(&files.borrow(), WeightType::Q4_0));
            let error = result.err().unwrap_or_else(|| panic!("{what}: accepted"));
            assert!(matches!(error, Error::Model(_)), "{what}: {error:?}");
            common::assert_sentence(&what, &error.to_string());
            assert!(used < 16 << 20, "{what}: {used} bytes");
        }
    }
    let not_utf8 = Files {
        tokenizer: Some(vec![b'"', 0xff, b'"']),
        ..good.clone()
    };
    assert!(Conversion::new(&not_utf8.borrow(), WeightType::Q4_0).is_err());

    // Every key of every kind that it cannot be; what the model does not need may be anything.
    let config: Value = serde_json::from_slice(good.config.as_ref().unwrap()).unwrap();
    let mut paths: Vec<String> = config.as_object().unwrap().keys().cloned().collect();
    for tower in ["text_config_dict", "vision_config_dict"] {
        let keys = config[tower].as_object().unwrap().keys();
        paths.extend(keys.map(|key| format!("{tower}/{key}")));
    }
    for path in paths {
        for value in [
            json!({}),
            json!([]),
            json!("\n"),
            json!(-1),
            json!(1e308),
            json!(u64::MAX),
            json!(true),
            Value::Null,
        ] {
            let files = config_with(&good, &path, value.clone());
            let what = format!("{path} = {value}");
            let (result, used) =
                memory::measured(|| Conversion::new(&files.borrow(), WeightType::Q4_0));
            if let Err(error) = result {
                common::assert_sentence(&what, &error.to_string());
            }
            assert!(used < 64 << 20, "{what}: {used} bytes");
        }
    }
}
