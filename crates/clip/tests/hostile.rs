//! Damaged and foreign files are refused with a sentence: no panic, and no more memory than the
//! file's own size justifies.

// The fixtures are read from a disk.
#![cfg(not(target_arch = "wasm32"))]

mod common;
#[path = "common/memory.rs"]
mod memory;

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use cliplet_clip::gguf::Gguf;
use cliplet_clip::{Arithmetic, Clip, Error, ImageEncoder};
use common::gguf::{ARRAY, BOOL, F32, File, STRING, Tensor, U32, string};
use memory::alone;

/// Reads a model from these bytes, and fails if that takes too much memory.
fn read(what: &str, bytes: &[u8]) -> Result<Clip, Error> {
    let (result, used) = memory::measured(|| Clip::read(&mut Cursor::new(bytes), Arithmetic::Fast));
    let limit = 4 * bytes.len() + (16 << 20);
    assert!(
        used <= limit,
        "{what}: {used} bytes of memory for a file of {}",
        bytes.len()
    );
    result
}

/// Reads a model that cannot be one, and returns the sentence it is refused with.
fn refused(what: &str, bytes: &[u8]) -> String {
    match read(what, bytes) {
        Err(Error::Model(_)) => {}
        Err(error) => panic!("{what}: the model is not said to be what is wrong: {error:?}"),
        Ok(_) => panic!("{what}: accepted"),
    }
    let sentence = read(what, bytes).err().unwrap().to_string();
    common::assert_sentence(what, &sentence);
    sentence
}

fn golden(name: &str) -> Vec<u8> {
    std::fs::read(common::fixture(&format!("golden/{name}.gguf"))).unwrap()
}

/// A small model with a tokenizer.json, and one without, in version 2 of the format.
const MODELS: [&str; 2] = ["q4_1-gelu", "q8_0-quick-bare-v2"];

/// Where the tensors' data begin.
fn header_length(bytes: &[u8]) -> usize {
    bytes.len() - File::parse(bytes).data.len()
}

/// A good file with one thing wrong.
fn spoilt(what: &str, spoil: impl FnOnce(&mut File)) -> String {
    let mut file = File::parse(&golden(MODELS[0]));
    spoil(&mut file);
    let sentence = refused(what, &file.write());
    println!("{what}: {sentence}");
    sentence
}

#[test]
fn what_is_spoilt_below_is_good_before() {
    let _alone = alone();
    for name in MODELS {
        let bytes = golden(name);
        let written = File::parse(&bytes).write();
        assert!(written == bytes, "{name} is not written as it was read");
        let clip = read(name, &bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(clip.encode_text("a cat").is_ok());
    }
}

#[test]
fn files_cut_off_in_their_header() {
    let _alone = alone();
    for name in MODELS {
        let bytes = golden(name);
        for length in 0..header_length(&bytes) {
            if let Ok(_) | Err(Error::Io(_) | Error::Compute(_)) = read(name, &bytes[..length]) {
                panic!("{name}: not refused when cut to {length} bytes");
            }
        }
    }
}

#[test]
fn files_cut_off_anywhere() {
    let _alone = alone();
    for name in MODELS {
        let bytes = golden(name);
        for part in 0..200 {
            let length = bytes.len() * part / 200;
            refused(&format!("{name}, {length} bytes"), &bytes[..length]);
        }
    }
}

#[test]
fn what_is_no_gguf() {
    let _alone = alone();
    let bytes = golden(MODELS[0]);
    for start in [
        &b""[..],
        b"G",
        b"GGU",
        b"GGUX",
        b"ggml",
        b"lmgg",
        b"tjgg",
        b"PK\x03\x04",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0",
        b"<!DOCTYPE html><html>Not found</html>",
        b"version https://git-lfs.github.com/spec/v1\n",
        b"Entry not found",
    ] {
        let what = format!("a file that begins with {start:?}");
        refused(&what, start);
        let mut whole = start.to_vec();
        whole.extend(bytes.iter().skip(start.len()));
        if start.len() >= 4 {
            refused(&what, &whole);
        }
    }
    refused("zeros", &[0; 5000]);
    refused("ones", &[0xff; 5000]);
    refused(
        "the magic and ones",
        &[&b"GGUF"[..], &[0xff; 5000]].concat(),
    );
    refused(
        "the magic, version 3 and ones",
        &[&b"GGUF\x03\0\0\0"[..], &[0xff; 5000]].concat(),
    );
    refused(
        "the magic, version 3 and zeros",
        &[&b"GGUF\x03\0\0\0"[..], &[0; 5000]].concat(),
    );
}

#[test]
fn other_versions() {
    let _alone = alone();
    for version in [0, 1, 4, 99, u32::MAX, 3u32.swap_bytes()] {
        spoilt(&format!("version {version:#x}"), |file| {
            file.version = version
        });
    }
}

#[test]
fn absurd_counts() {
    let _alone = alone();
    for count in [1 << 20, 1 << 32, 1 << 40, 1 << 60, u64::MAX] {
        spoilt(&format!("{count} tensors"), |file| {
            file.counts = Some((count, file.keys.len() as u64))
        });
        spoilt(&format!("{count} keys"), |file| {
            file.counts = Some((file.tensors.len() as u64, count))
        });
    }
    spoilt("one tensor more than there is", |file| {
        file.counts = Some((file.tensors.len() as u64 + 1, file.keys.len() as u64));
    });
    spoilt("one key more than there is", |file| {
        file.counts = Some((file.tensors.len() as u64, file.keys.len() as u64 + 1));
    });
    spoilt("no tensors", |file| {
        file.counts = Some((0, file.keys.len() as u64))
    });
    spoilt("no keys", |file| file.keys.clear());
}

#[test]
fn absurd_lengths_in_the_metadata() {
    let _alone = alone();
    // All are the first key, so that what follows them is read as their contents.
    let first = |what: &str, value_type: u32, value: Vec<u8>| {
        spoilt(what, |file| {
            file.keys
                .insert(0, ("general.first".into(), value_type, value))
        });
    };
    for length in [
        1 << 20,
        1 << 31,
        1 << 40,
        1 << 62,
        i64::MAX as u64,
        u64::MAX,
    ] {
        first(
            &format!("a string of {length} bytes"),
            STRING,
            length.to_le_bytes().to_vec(),
        );
        for element_type in 0..=12u32 {
            let mut value = element_type.to_le_bytes().to_vec();
            value.extend(length.to_le_bytes());
            first(
                &format!("a list of {length} values of type {element_type}"),
                ARRAY,
                value,
            );
        }
        // The first key's length, behind the magic, the version and the counts.
        let mut bytes = golden(MODELS[0]);
        bytes[24..32].copy_from_slice(&length.to_le_bytes());
        refused(&format!("a key of {length} bytes"), &bytes);
    }
    for value_type in [13, 255, 999, u32::MAX] {
        first(&format!("value type {value_type}"), value_type, vec![0; 8]);
        first(
            &format!("a list of value type {value_type}"),
            ARRAY,
            [&value_type.to_le_bytes()[..], &1u64.to_le_bytes(), &[0; 8]].concat(),
        );
    }
    // A list in a list in a list: deep enough to overflow the stack of a reader that follows.
    let mut nested = Vec::new();
    for _ in 0..200_000 {
        nested.extend(ARRAY.to_le_bytes());
        nested.extend(1u64.to_le_bytes());
    }
    nested.extend(U32.to_le_bytes());
    nested.extend(0u64.to_le_bytes());
    first("nested lists", ARRAY, nested);
}

#[test]
fn absurd_tensors() {
    let _alone = alone();
    let name = "v.blk.0.attn_q.weight";
    for dims in [
        vec![],
        vec![0],
        vec![0, 0],
        vec![64, 0],
        vec![64, u64::MAX],
        vec![1 << 32, 1 << 32],
        vec![1 << 62, 4],
        vec![1 << 40, 1],
        vec![1 << 31, 1 << 31, 1 << 31, 1 << 31],
        vec![64, 64, 1, 1, 1],
        vec![1; 100],
        vec![33, 64],
    ] {
        spoilt(&format!("dimensions {dims:?}"), |file| {
            file.tensor(name).dims = dims
        });
    }
    for type_id in [4, 5, 9, 10, 12, 14, 16, 30, 99, u32::MAX] {
        spoilt(&format!("weights of type {type_id}"), |file| {
            file.tensor(name).type_id = type_id
        });
    }
    for offset in [1, 31, 1 << 40, 1 << 63, u64::MAX - 31, u64::MAX] {
        spoilt(&format!("offset {offset}"), |file| {
            file.tensor(name).offset = offset
        });
    }
    spoilt("a name that is no UTF-8", |file| {
        // Kept as long as it was; every byte is one that UTF-8 has not.
        let entry = string(name);
        let bytes = file.write();
        let at = bytes
            .windows(entry.len())
            .position(|window| window == entry)
            .unwrap();
        let mut spoilt = bytes.clone();
        spoilt[at + 8..at + entry.len()].fill(0xff);
        refused("a name that is no UTF-8", &spoilt);
        file.tensor(name).name = String::new();
    });
}

#[test]
fn absurd_alignments() {
    let _alone = alone();
    for alignment in [0, 3, 31, 1 << 31, u32::MAX] {
        spoilt(&format!("alignment {alignment}"), |file| {
            file.set_u32("general.alignment", alignment)
        });
    }
    spoilt("alignment as a string", |file| {
        file.set_string("general.alignment", "32")
    });
    spoilt("alignment as a number with a fraction", |file| {
        file.set_f32("general.alignment", 32.0)
    });
}

/// Keys that a file may lack.
const OPTIONAL: [&str; 4] = [
    "general.",
    "clip.logit_scale",
    "tokenizer.huggingface.json",
    "tokenizer.ggml.tokens",
];

#[test]
fn keys_that_are_missing_or_of_another_type() {
    let _alone = alone();
    let file = File::parse(&golden(MODELS[0]));
    let mut required = 0;
    for (key, ..) in &file.keys {
        let read_as_text = key.starts_with("general.") || key.starts_with("tokenizer.");
        if !OPTIONAL.iter().any(|optional| key.starts_with(optional)) {
            let sentence = spoilt(&format!("without {key}"), |file| file.remove(key));
            assert!(sentence.contains(key), "{sentence}");
            required += 1;
        }
        if !read_as_text {
            spoilt(&format!("{key} as a string"), |file| {
                file.set_string(key, "1")
            });
            spoilt(&format!("{key} as an empty list"), |file| {
                file.set(
                    key,
                    ARRAY,
                    [&F32.to_le_bytes()[..], &0u64.to_le_bytes()].concat(),
                );
            });
        }
    }
    assert!(required >= 18, "{required} keys are required");
    for value in [2, 255] {
        spoilt(&format!("a truth value of {value}"), |file| {
            file.set("clip.use_gelu", BOOL, vec![value]);
        });
    }
    spoilt("neither tokenizer.json nor tokens", |file| {
        file.remove("tokenizer.huggingface.json");
        file.remove("tokenizer.ggml.tokens");
    });
}

#[test]
fn numbers_no_model_can_have() {
    let _alone = alone();
    for tower in ["text", "vision"] {
        for (key, values) in [
            (
                "embedding_length",
                &[0, 1, 32, 63, 65, 1 << 20, u32::MAX][..],
            ),
            ("feed_forward_length", &[0, 1, 255, 512, 1 << 31, u32::MAX]),
            ("block_count", &[0, 3, 100, 1 << 20, u32::MAX]),
            ("projection_dim", &[0, 1, 33, 64, 1 << 31, u32::MAX]),
            (
                "attention.head_count",
                &[0, 3, 5, 63, 65, 128, 1 << 31, u32::MAX],
            ),
        ] {
            for &value in values {
                let key = format!("clip.{tower}.{key}");
                spoilt(&format!("{key} = {value}"), |file| {
                    file.set_u32(&key, value)
                });
            }
        }
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -1.0] {
            let key = format!("clip.{tower}.attention.layer_norm_epsilon");
            spoilt(&format!("{key} = {value}"), |file| {
                file.set_f32(&key, value)
            });
        }
        let key = format!("clip.has_{tower}_encoder");
        spoilt(&format!("{key} = false"), |file| {
            file.set(&key, BOOL, vec![0])
        });
    }
    for value in [0, 1, 76, 78, 1 << 20, u32::MAX] {
        spoilt(&format!("context_length = {value}"), |file| {
            file.set_u32("clip.text.context_length", value)
        });
    }
    for value in [0, 1, 31, 33, 64, 1 << 16, u32::MAX] {
        spoilt(&format!("image_size = {value}"), |file| {
            file.set_u32("clip.vision.image_size", value)
        });
    }
    for value in [0, 1, 4, 7, 16, 64, u32::MAX] {
        spoilt(&format!("patch_size = {value}"), |file| {
            file.set_u32("clip.vision.patch_size", value)
        });
    }
    for value in [f32::NAN, f32::INFINITY, 0.0, -1.0] {
        spoilt(&format!("logit_scale = {value}"), |file| {
            file.set_f32("clip.logit_scale", value)
        });
    }
    let floats = |values: &[f32]| {
        let mut bytes = F32.to_le_bytes().to_vec();
        bytes.extend((values.len() as u64).to_le_bytes());
        bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        bytes
    };
    for values in [
        &[0.5, 0.5][..],
        &[0.5; 4],
        &[0.5, f32::NAN, 0.5],
        &[f32::INFINITY, 0.5, 0.5],
    ] {
        for key in ["clip.vision.image_mean", "clip.vision.image_std"] {
            spoilt(&format!("{key} = {values:?}"), |file| {
                file.set(key, ARRAY, floats(values))
            });
        }
    }
    for values in [[0.0, 0.5, 0.5], [0.5, -0.5, 0.5]] {
        let key = "clip.vision.image_std";
        spoilt(&format!("{key} = {values:?}"), |file| {
            file.set(key, ARRAY, floats(&values))
        });
    }
}

#[test]
fn tensors_that_are_missing_or_of_another_shape() {
    let _alone = alone();
    for Tensor { name, dims, .. } in &File::parse(&golden(MODELS[0])).tensors {
        let sentence = spoilt(&format!("without {name}"), |file| {
            file.tensors.retain(|tensor| tensor.name != *name);
        });
        assert!(sentence.contains(name), "{sentence}");
        let shapes = [
            // One row less, half as wide, turned, and flat: none of them is more than the file
            // holds.
            dims[..dims.len() - 1]
                .iter()
                .copied()
                .chain([dims[dims.len() - 1] - 1])
                .collect(),
            [dims[0] / 2]
                .into_iter()
                .chain(dims[1..].iter().copied())
                .collect(),
            dims.iter().rev().copied().collect(),
            vec![dims.iter().product()],
            dims.iter().copied().chain([1]).collect::<Vec<u64>>(),
        ];
        for shape in shapes.iter().filter(|shape| *shape != dims) {
            spoilt(&format!("{name} of {shape:?}"), |file| {
                file.tensor(name).dims = shape.clone()
            });
        }
    }
}

#[test]
fn tokenizers_that_make_no_sense() {
    let _alone = alone();
    let key = "tokenizer.huggingface.json";
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for json in [
        "",
        "{}",
        "null",
        "[]",
        "{\"version\":\"1.0\"}",
        "\u{feff}{}",
        "{\"model\":{\"type\":\"BPE\"}}",
        &deep,
    ] {
        spoilt(&format!("tokenizer.json {:.40}", json), |file| {
            file.set_string(key, json)
        });
    }
    spoilt("a tokenizer.json cut off", |file| {
        let (_, _, value) = file.keys.iter().find(|(name, ..)| name == key).unwrap();
        let json = String::from_utf8(value[8..].to_vec()).unwrap();
        file.set_string(key, &json[..json.len() / 2]);
    });

    let tokens = common::fixture("tokens/clip-vocabulary.txt");
    let tokens = std::fs::read_to_string(tokens).unwrap();
    let tokens: Vec<&str> = tokens.lines().collect();
    let good = [&tokens[..766], &tokens[49_406..]].concat();
    let bare = |what: &str, tokens: &[&str]| {
        spoilt(what, |file| {
            file.remove(key);
            file.set_strings("tokenizer.ggml.tokens", tokens.iter().copied());
        });
    };
    bare("no tokens", &[]);
    bare("more tokens than embeddings", &tokens);
    bare("no special tokens", &good[..766]);
    bare("no end of text", &good[..767]);
    bare("a token twice", &[&good[..700], &good[699..]].concat());
    bare("empty tokens", &vec![""; 768]);
    bare(
        "the end of text in the middle",
        &[&good[767..], &good[..767]].concat(),
    );
}

/// What llama.cpp writes for a language model: the same format, some of the same names.
#[test]
fn a_language_model() {
    let _alone = alone();
    let mut file = File::new();
    file.set_string("general.architecture", "llama");
    file.set_string("general.name", "A language model");
    for (key, value) in [
        ("llama.block_count", 1),
        ("llama.context_length", 2048),
        ("llama.embedding_length", 64),
        ("llama.feed_forward_length", 128),
        ("llama.attention.head_count", 4),
    ] {
        file.set_u32(key, value);
    }
    file.set_strings(
        "tokenizer.ggml.tokens",
        ["<unk>", "<s>", "</s>", "a"].into_iter(),
    );
    let names = [
        "token_embd.weight",
        "blk.0.attn_q.weight",
        "blk.0.attn_k.weight",
        "output.weight",
    ];
    for (i, name) in names.into_iter().enumerate() {
        let offset = i as u64 * 64 * 64 * 4;
        file.tensors.push(Tensor {
            name: name.into(),
            dims: vec![64, 64],
            type_id: 0,
            offset,
        });
    }
    file.data = vec![0; names.len() * 64 * 64 * 4];
    let sentence = refused("a language model", &file.write());
    assert!(sentence.contains("llama"), "{sentence}");

    file.remove("general.architecture");
    refused("a language model that does not say so", &file.write());
    file.set_string("general.architecture", "clip");
    refused("a language model that says it is a CLIP", &file.write());
}

/// One byte of a header changed: mostly refused, sometimes another good file, never a panic.
#[test]
fn a_header_with_one_wrong_byte() {
    let _alone = alone();
    let bytes = golden(MODELS[1]);
    let header = header_length(&bytes);
    let (mut refusals, mut state) = (0, 0x9e37_79b9_7f4a_7c15u64);
    let mut random = || {
        // xorshift64 (Marsaglia, 2003).
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for _ in 0..4000 {
        let at = random() as usize % header;
        let mut spoilt = bytes.clone();
        spoilt[at] ^= 1 << (random() % 8);
        match read(&format!("byte {at}"), &spoilt) {
            Ok(clip) => {
                let _ = clip.encode_text("a cat, I'd say");
            }
            Err(_) => refusals += 1,
        }
    }
    assert!(refusals > 400, "{refusals} of 4000");
}

/// A file that cannot be read is no damaged model, and is said to be what it is.
#[test]
fn a_reader_that_fails() {
    struct Failing(Cursor<Vec<u8>>, u64);
    impl Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0.position() >= self.1 {
                return Err(io::Error::other("the disk is on fire"));
            }
            let left = (self.1 - self.0.position()).min(buffer.len() as u64) as usize;
            self.0.read(&mut buffer[..left])
        }
    }
    impl Seek for Failing {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.0.seek(to)
        }
    }
    let _alone = alone();
    let bytes = golden(MODELS[0]);
    for part in 0..20 {
        let until = (bytes.len() * part / 20) as u64;
        let mut reader = Failing(Cursor::new(bytes.clone()), until);
        let error = Clip::read(&mut reader, Arithmetic::Fast).err().unwrap();
        assert!(
            error.to_string().contains("the disk is on fire"),
            "after {until} bytes: {error}"
        );
    }
}

/// Reads an image tower that is alone in its file, and fails if that takes too much memory.
fn read_tower(what: &str, bytes: &[u8]) -> Result<ImageEncoder, Error> {
    let (result, used) = memory::measured(|| {
        let mut reader = Cursor::new(bytes);
        let mut file = Gguf::open(&mut reader)?;
        ImageEncoder::read(&mut file, Arithmetic::Fast)
    });
    let limit = 4 * bytes.len() + (1 << 20);
    assert!(used <= limit, "{what}: {used} bytes of memory");
    result
}

#[test]
fn convolutional_towers_no_file_can_have() {
    let _alone = alone();
    let bytes = std::fs::read(common::fixture("efficientnet/f16-97.gguf")).unwrap();
    let good = File::parse(&bytes);
    assert!(read_tower("a good file", &bytes).is_ok());
    let spoilt = |what: &str, spoil: &dyn Fn(&mut File)| {
        let mut file = good.clone();
        spoil(&mut file);
        match read_tower(what, &file.write()) {
            Err(error @ Error::Model(_)) => {
                common::assert_sentence(what, &error.to_string());
                println!("{what}: {error}");
                error.to_string()
            }
            Err(error) => panic!("{what}: {error:?}"),
            Ok(_) => panic!("{what}: accepted"),
        }
    };
    let sentence = spoilt("another kind", &|file| {
        file.set_string("clip.vision.architecture", "perceiver");
    });
    assert!(sentence.contains("perceiver"), "{sentence}");
    let vision = good.keys.iter().map(|(key, ..)| key);
    let vision: Vec<&String> = vision
        .filter(|key| key.starts_with("clip.vision."))
        .collect();
    assert_eq!(vision.len(), 14);
    for key in vision {
        spoilt(&format!("no {key}"), &|file| file.remove(key));
        spoilt(&format!("{key} is no number"), &|file| {
            file.set(key, BOOL, vec![0])
        });
    }
    for (key, values) in [
        ("image_size", &[0, 2365, 1 << 14, u32::MAX][..]),
        ("projection_dim", &[0, 23, 1 << 20]),
        ("stem_width", &[0, 4, 6, 1 << 16, u32::MAX]),
        ("feature_width", &[0, 39, 41, 1 << 16, u32::MAX]),
        ("memory.count", &[0, 32, 34, 1 << 20, u32::MAX]),
    ] {
        for &value in values {
            spoilt(&format!("{key} = {value}"), &|file| {
                file.set_u32(&format!("clip.vision.{key}"), value);
            });
        }
    }
    for value in [f32::NAN, f32::INFINITY, 0.0, -1.0] {
        spoilt(&format!("sharpness = {value}"), &|file| {
            file.set_f32("clip.vision.memory.sharpness", value);
        });
    }
    let set = |file: &mut File, key: &str, values: &[u32]| {
        let mut bytes = U32.to_le_bytes().to_vec();
        bytes.extend((values.len() as u64).to_le_bytes());
        bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        file.set(&format!("clip.vision.stage.{key}"), ARRAY, bytes);
    };
    const KEYS: [&str; 5] = ["block_count", "expansion", "kernel_size", "stride", "width"];
    for key in KEYS {
        for values in [
            &[][..],
            &[1],
            &[1, 1],
            &[0, 1, 1],
            &[1, 1, 1, 1],
            &[1 << 16; 3],
            &[u32::MAX; 3],
            &[1; 17],
            &[1; 1000],
        ] {
            let what = format!("{key} = {:?} of {}", values.first(), values.len());
            spoilt(&what, &|file| set(file, key, values));
        }
    }
    // Each within its bounds, and together no tower.
    for (what, values) in [
        ("no stages", [&[][..]; 5]),
        (
            "sixteen stages of many blocks",
            [&[1024; 16], &[1; 16], &[1; 16], &[1; 16], &[8; 16]],
        ),
        (
            "a wide block",
            [&[1, 1], &[1, 64], &[3, 3], &[1, 1], &[1 << 16, 1]],
        ),
        ("a wide map", [&[1], &[64], &[3], &[1], &[8]]),
    ] {
        spoilt(what, &|file| {
            KEYS.iter()
                .zip(values)
                .for_each(|(key, values)| set(file, key, values));
            if what == "a wide map" {
                file.set_u32("clip.vision.stem_width", 1024);
                file.set_u32("clip.vision.image_size", 512);
            }
        });
    }
    for tensor in &good.tensors {
        let name = &tensor.name;
        let sentence = spoilt(&format!("no {name}"), &|file| {
            file.tensor(name).name = "v.another".to_owned();
        });
        assert!(sentence.contains(name), "{sentence}");
        spoilt(&format!("{name} of another shape"), &|file| {
            file.tensor(name).dims.push(1);
            file.tensor(name).dims.rotate_right(1);
        });
    }
}
