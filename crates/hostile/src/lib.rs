//! What is done with hostile files, one function each: it must end, in a result or an error.
//!
//! What lives here: the functions, and the right files that wrong ones begin as. What does not: the fuzzer (`fuzz/`), and the tests
//! that run them with files that are nearly right (`tests/`).

use std::fs;
use std::io::{self, Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use cliplet_checkpoints as checkpoints;
use cliplet_clip::gguf::WeightType;
use cliplet_clip::hugging_face::{Conversion, Repository, Source};
use cliplet_clip::tokenizer::Tokenizer;
use cliplet_clip::{Arithmetic, Clip, picture};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A target: its name, and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 5] = [
    ("gguf", gguf),
    ("safetensors", safetensors),
    ("tokenizer", tokenizer),
    ("pickle", pickle),
    ("picture", picture),
];

/// Texts that tokenizers find difficult.
const TEXTS: [&str; 4] = [
    "a photo of a cat",
    "Ünïcödé  \n 1234",
    "🦜👩‍👩‍👧‍👦",
    "<|endoftext|>'s",
];

/// Reads a model, and encodes a text with it if it is one.
pub fn gguf(bytes: &[u8]) {
    if let Ok(clip) = Clip::read(&mut Cursor::new(bytes), Arithmetic::Fast) {
        let _ = clip.encode_text(TEXTS[0]);
    }
}

/// Converts a file of weights for a repository whose small files are right: in two pieces, and as a checkpoint in both layouts.
pub fn safetensors(bytes: &[u8]) {
    static FILES: OnceLock<[Vec<u8>; 3]> = OnceLock::new();
    let [config, preprocessor_config, tokenizer] = FILES.get_or_init(|| {
        ["config.json", "preprocessor_config.json", "tokenizer.json"]
            .map(|name| read(&transformers().join(name)))
    });
    let repository = Repository {
        config: Some(config),
        preprocessor_config: Some(preprocessor_config),
        tokenizer: Some(tokenizer),
    };
    let conversion =
        || Conversion::new(&repository, WeightType::Q4_0).expect("the files are right");
    let mut out = Cursor::new(Vec::new());
    let mut pushed = conversion();
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
                &mut conversion(),
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

/// Reads what PyTorch saves: the bytes as a pickle, as the pickle of an archive with some files, and as an archive.
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

/// Decodes a picture.
pub fn picture(bytes: &[u8]) {
    let _ = picture::decode(bytes);
}

/// Right files for a target, that wrong ones begin as.
pub fn seeds(target: &str) -> Vec<PathBuf> {
    let repository = repository();
    let below = |folder: &str, extensions: &[&str]| -> Vec<PathBuf> {
        let mut found: Vec<PathBuf> = fs::read_dir(repository.join(folder))
            .expect("the fixtures are there")
            .map(|entry| entry.expect("they can be listed").path())
            .filter(|path| {
                let extension = path.extension().unwrap_or_default();
                extensions.iter().any(|known| *known == extension)
            })
            .collect();
        found.sort();
        found
    };
    match target {
        "gguf" => below("crates/clip/tests/fixtures/golden", &["gguf"]),
        "safetensors" => vec![
            transformers().join("model.safetensors"),
            repository
                .join("crates/cli/tests/fixtures/open_clip/plain/open_clip_model.safetensors"),
        ],
        "tokenizer" => vec![transformers().join("tokenizer.json")],
        "pickle" => {
            let open_clip = repository.join("crates/cli/tests/fixtures/open_clip");
            let mut found = vec![
                open_clip.join("pickle/pytorch_model.bin"),
                open_clip.join("custom-text/open_clip_pytorch_model.bin"),
                open_clip.join("training/epoch_1.pt"),
            ];
            found.extend(below("crates/hostile/seeds", &["pkl"]));
            found
        }
        "picture" => below(
            "tests/pictures",
            &["jpg", "png", "webp", "gif", "bmp", "tif", "tiff"],
        ),
        other => panic!("there is no target {other}"),
    }
}

/// The bytes of a file of the repository.
pub fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A small CLIP as transformers lays it out.
fn transformers() -> PathBuf {
    repository().join("crates/clip/tests/fixtures/hugging_face/f32-old")
}
