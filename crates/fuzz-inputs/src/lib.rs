//! What is done with hostile files, one function each: it must end, in a result or an error.
//!
//! What lives here: the functions, the right files that wrong ones begin as, and what pictures of
//! all sizes are compared with (`generated`, `pillow`). What does not: the fuzzer (`fuzz/`), and
//! the tests that run them with files that are nearly right (`tests/`).

#![forbid(unsafe_code)]

pub mod generated;
pub mod pillow;

use std::fs;
use std::io::{self, Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use cliplet_checkpoints as checkpoints;
use cliplet_clip::config::Config;
use cliplet_clip::gguf::{Gguf, WeightType};
use cliplet_clip::hugging_face::{Conversion, Repository, Source};
use cliplet_clip::text::TextTower;
use cliplet_clip::tokenizer::Tokenizer;
use cliplet_clip::{Arithmetic, Clip, Error, ImageEncoder, picture, preprocess};
use generated::Generated;
use pillow::Expected;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A target: its name, and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 6] = [
    ("gguf", gguf),
    ("safetensors", safetensors),
    ("tokenizer", tokenizer),
    ("pickle", pickle),
    ("picture", picture),
    ("sizes", sizes),
];

/// Texts that tokenizers find difficult.
const TEXTS: [&str; 4] = [
    "a photo of a cat",
    "Ünïcödé  \n 1234",
    "🦜👩‍👩‍👧‍👦",
    "<|endoftext|>'s",
];

/// Reads a model, and encodes a picture and a text with it if it is one. Its tokenizer, which takes
/// fifty times as long as everything else and has a target of its own, is read of one file in
/// fifty.
pub fn gguf(bytes: &[u8]) {
    let sum = bytes.iter().fold(0u32, |sum, &byte| {
        sum.wrapping_mul(31).wrapping_add(byte.into())
    });
    if sum.is_multiple_of(50) {
        if let Ok(clip) = Clip::read(&mut Cursor::new(bytes), Arithmetic::Fast) {
            let _ = clip.encode_text(TEXTS[0]);
        }
        return;
    }
    let _ = towers(bytes);
}

/// Both towers without the tokenizer.
fn towers(bytes: &[u8]) -> Result<(), Error> {
    let mut reader = Cursor::new(bytes);
    let mut file = Gguf::open(&mut reader)?;
    let config = Config::from_metadata(file.metadata())?;
    let images = ImageEncoder::read(&mut file, Arithmetic::Fast)?;
    let side = config.vision.image_size;
    // What is not in the file is not to take its time: a position for each patch is.
    if side <= 64 {
        let pixels = vec![0.5; 3 * side * side];
        images.contributions(&pixels)?;
        images.encode_pixels(pixels)?;
    }
    let texts = TextTower::read(
        &mut file,
        &config.text,
        1,
        config.projection_dim,
        Arithmetic::Fast,
    )?;
    texts.forward(&[&[0, 1]])?;
    Ok(())
}

/// Converts a file of weights for a repository whose small files are right: in two pieces, and as a
/// checkpoint in both layouts.
pub fn safetensors(bytes: &[u8]) {
    static CONVERSION: LazyLock<Conversion> = LazyLock::new(|| {
        let [config, preprocessor_config, tokenizer] =
            ["config.json", "preprocessor_config.json", "tokenizer.json"]
                .map(|name| read(&files("seeds/repository").join(name)));
        let repository = Repository {
            config: Some(&config),
            preprocessor_config: Some(&preprocessor_config),
            tokenizer: Some(&tokenizer),
        };
        Conversion::new(&repository, WeightType::F16).expect("the files are right")
    });
    let mut out = Cursor::new(Vec::new());
    let mut pushed = CONVERSION.clone();
    let mut source = Source::new("model.safetensors");
    let (first, rest) = bytes.split_at(bytes.len() / 3);
    if pushed.push(&mut source, first, &mut out).is_ok() {
        let _ = pushed.push(&mut source, rest, &mut out);
    }
    let _ = pushed.finish(&mut out);
    if let Ok(mut checkpoint) = checkpoints::safetensors::open("file", Cursor::new(bytes)) {
        for pieces in [
            checkpoints::as_transformers(&checkpoint),
            checkpoints::open_clip::pieces(&checkpoint),
        ] {
            let _ = checkpoints::send(
                &mut checkpoint,
                &pieces,
                &mut CONVERSION.clone(),
                &mut out,
                |_| {},
            );
        }
    }
}

/// Reads a `tokenizer.json`, and encodes some texts with it if it is one.
pub fn tokenizer(bytes: &[u8]) {
    let Ok(json) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(tokenizer) = Tokenizer::from_json(json, 49_408, 77) {
        for text in TEXTS {
            let _ = tokenizer.encode(text);
        }
        let _ = tokenizer.to_json();
    }
}

/// Reads what PyTorch saves: the bytes as a pickle, as the pickle of an archive with some files,
/// and as an archive.
pub fn pickle(bytes: &[u8]) {
    let _ = checkpoints::pickle::read(bytes);
    let archive = archive(bytes).expect("an archive in memory can be written");
    for bytes in [&archive[..], bytes] {
        let Ok(mut checkpoint) = checkpoints::pytorch::open("file", Cursor::new(bytes)) else {
            continue;
        };
        for tensor in checkpoint.tensors.clone() {
            assert!(tensor.begin + tensor.bytes() <= bytes.len() as u64);
            let mut read = vec![0; tensor.bytes() as usize];
            checkpoint
                .read(tensor.begin, &mut read)
                .expect("what a file is said to hold is in it");
        }
    }
}

/// A pickle in an archive as PyTorch writes it.
fn archive(pickle: &[u8]) -> io::Result<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in [
        ("archive/data.pkl", pickle),
        ("archive/data/0", &[0; 64]),
        ("archive/data/1", &[1; 4096]),
    ] {
        archive.start_file(name, stored)?;
        archive.write_all(bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// Decodes a picture of few pixels. A small file may be a large picture, rightly so: a colour alone
/// takes no bytes.
pub fn picture(bytes: &[u8]) {
    let _ = picture::decode_at_most(bytes, 1 << 14);
}

/// Decodes a picture of some size and orientation, resizes and crops it for a model of some size,
/// and compares it with what Pillow makes of it. The bytes are [`Generated::from_bytes`]'s.
pub fn sizes(bytes: &[u8]) {
    const MOST: u32 = 1 << 15;
    let Some(generated) = Generated::from_bytes(bytes, MOST) else {
        return;
    };
    let upright = generated.upright();
    let decoded = picture::decode_at_most(&generated.file(), MOST.into());
    let decoded = decoded.unwrap_or_else(|error| panic!("{generated:?}: {error}"));
    assert!(decoded == upright, "{generated:?} is not upright");
    let ours = preprocess::resize_and_crop(&decoded, generated.image_size);
    let ours = ours.unwrap_or_else(|error| panic!("{generated:?}: {error}"));
    let difference = Expected::new(&upright, generated.image_size).compare(&ours, 250);
    assert!(difference.is_allowed(), "{generated:?}: {difference:?}");
}

/// Whether a panic would be caught, and become an error.
pub fn is_decoding_a_picture() -> bool {
    picture::is_decoding()
}

/// Right files for a target, that wrong ones begin as. `tools/make_seeds.py` writes them.
pub fn seeds(target: &str) -> Vec<PathBuf> {
    listed(&files("seeds").join(target))
}

/// What a target was found to do wrong.
pub fn regressions(target: &str) -> Vec<PathBuf> {
    let folder = files("regressions").join(target);
    if folder.exists() {
        listed(&folder)
    } else {
        Vec::new()
    }
}

fn listed(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("it can be listed").path())
        .collect();
    found.sort();
    found
}

/// The bytes of a file.
pub fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Where this crate's files are.
fn files(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}
