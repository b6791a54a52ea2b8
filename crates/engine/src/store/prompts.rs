//! Embeddings of prompts, kept from one visit to the next in a file beside the model's, so that a
//! known label costs nothing.
//!
//! The file begins with [`MAGIC`]. Each prompt is a record: the length of its text in bytes and the
//! numbers of its embedding (u32 each), one byte of marks ([`CUT`], [`ENSEMBLE`]), the text in
//! UTF-8, and the embedding (f32 each); all little-endian. What is no whole record at the end, as a
//! crash may leave it, is overwritten.

use std::io::Read;

use js_sys::Uint8Array;

use super::super::embedding::EncodedPrompt;
use super::model_file::file_name;
use super::private_file::PrivateFile;
use cliplet_protocol::catalogue::ModelEntry;

/// The number counts up when prompts are read in another way: embeddings of before are not mixed
/// with those of after.
const MAGIC: &[u8; 8] = b"cliplet2";

/// Bytes that are kept at most: some 4,000 prompts. Above that the file begins anew.
const MOST: u64 = 8 << 20;

/// The mark of a prompt that was longer than the model's context.
const CUT: u8 = 1;
/// The mark of several prompts, one a line, whose embedding is their mean.
const ENSEMBLE: u8 = 2;

/// A prompt and what is known of it.
#[derive(Debug, PartialEq)]
pub(in super::super) struct KeptPrompt {
    pub(in super::super) prompt: String,
    pub(in super::super) encoded: EncodedPrompt,
    /// These are several prompts, one a line, and their mean.
    pub(in super::super) ensemble: bool,
}

/// Behind the name of the model's file, and its length.
const EXTENSION: &str = ".prompts";

/// The name of the model's file that this file belongs to, if it is one of prompts.
pub(super) fn file_of(name: &str) -> Option<&str> {
    let (file, _) = name.strip_suffix(EXTENSION)?.rsplit_once('.')?;
    Some(file)
}

/// Whether a file holds prompts of a model's file.
pub(super) fn belongs_to(name: &str, file: &str) -> bool {
    file_of(name) == Some(file)
}

/// The file of one model. Without one, where the browser has no room or another tab has it open,
/// nothing is kept.
pub(in super::super) struct PromptFile(Option<PrivateFile>);

impl PromptFile {
    /// Opens the file of a model whose own file has `length` bytes, and gives what is in it:
    /// embeddings of `width` numbers.
    pub(in super::super) async fn open(
        model: &ModelEntry,
        length: u64,
        width: usize,
    ) -> (Self, Vec<KeptPrompt>) {
        let name = format!("{}.{}{EXTENSION}", file_name(model), length);
        let Some(mut file) = PrivateFile::open_or_create_at_once(&name).await else {
            return (Self(None), Vec::new());
        };
        let mut bytes = Vec::new();
        let readable = file.length() <= MOST && file.read_to_end(&mut bytes).is_ok();
        let (prompts, whole) = if readable {
            parse(&bytes, width)
        } else {
            (Vec::new(), 0)
        };
        if file.truncate(whole as u64).is_err() {
            return (Self(None), prompts);
        }
        (Self(Some(file)), prompts)
    }

    /// Keeps nothing from now on.
    pub(in super::super) fn close(&mut self) {
        self.0 = None;
    }

    /// Adds prompts.
    pub(in super::super) fn append(&mut self, prompts: &[KeptPrompt]) {
        let Some(file) = &mut self.0 else { return };
        let mut bytes = Vec::new();
        prompts.iter().for_each(|prompt| write(&mut bytes, prompt));
        if file.length() + bytes.len() as u64 > MOST && file.truncate(0).is_err() {
            self.0 = None;
            return;
        }
        if file.length() == 0 {
            bytes.splice(0..0, *MAGIC);
        }
        // A copy outside WebAssembly's memory, which may be shared. Where there is no more room, no
        // more is kept.
        if file.append(&Uint8Array::from(&bytes[..])).is_err() {
            self.0 = None;
        }
    }
}

fn write(bytes: &mut Vec<u8>, kept: &KeptPrompt) {
    let EncodedPrompt { embedding, cut } = &kept.encoded;
    let mark = |is: bool, mark: u8| if is { mark } else { 0 };
    bytes.extend((kept.prompt.len() as u32).to_le_bytes());
    bytes.extend((embedding.len() as u32).to_le_bytes());
    bytes.push(mark(*cut, CUT) | mark(kept.ensemble, ENSEMBLE));
    bytes.extend(kept.prompt.as_bytes());
    bytes.extend(embedding.iter().flat_map(|number| number.to_le_bytes()));
}

/// All whole records with embeddings of `width` numbers, and how many bytes these and the beginning
/// take.
fn parse(bytes: &[u8], width: usize) -> (Vec<KeptPrompt>, usize) {
    let mut prompts = Vec::new();
    let Some(mut rest) = bytes.strip_prefix(MAGIC) else {
        return (prompts, 0);
    };
    while let Some((prompt, after)) = record(rest, width) {
        prompts.push(prompt);
        rest = after;
    }
    (prompts, bytes.len() - rest.len())
}

/// The first record, and what is behind it.
fn record(bytes: &[u8], width: usize) -> Option<(KeptPrompt, &[u8])> {
    let (length, bytes) = bytes.split_first_chunk::<4>()?;
    let (numbers, bytes) = bytes.split_first_chunk::<4>()?;
    let (&marks, bytes) = bytes.split_first()?;
    let (text, bytes) = bytes.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    if u32::from_le_bytes(*numbers) as usize != width || marks > CUT | ENSEMBLE {
        return None;
    }
    let (embedding, bytes) = bytes.split_at_checked(4 * width)?;
    let (numbers, _) = embedding.as_chunks::<4>();
    let embedding: Vec<f32> = numbers
        .iter()
        .map(|&number| f32::from_le_bytes(number))
        .collect();
    if !embedding.iter().all(|number| number.is_finite()) {
        return None;
    }
    let prompt = KeptPrompt {
        prompt: std::str::from_utf8(text).ok()?.to_owned(),
        encoded: EncodedPrompt {
            embedding: embedding.into(),
            cut: marks & CUT != 0,
        },
        ensemble: marks & ENSEMBLE != 0,
    };
    Some((prompt, bytes))
}

#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    fn some() -> [KeptPrompt; 2] {
        let kept = |prompt: &str, embedding: [f32; 2], cut, ensemble| KeptPrompt {
            prompt: prompt.to_owned(),
            encoded: EncodedPrompt {
                embedding: embedding.into(),
                cut,
            },
            ensemble,
        };
        [
            kept("a photo of a cat", [0.5, -0.25], false, false),
            kept("Żółw 🐢\na drawing", [1.0, 0.0], true, true),
        ]
    }

    fn file() -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        some().iter().for_each(|prompt| write(&mut bytes, prompt));
        bytes
    }

    #[wasm_bindgen_test]
    fn what_is_written_is_read() {
        let bytes = file();
        let (prompts, whole) = parse(&bytes, 2);
        assert_eq!(whole, bytes.len());
        assert_eq!(prompts, some());
    }

    #[wasm_bindgen_test]
    fn what_a_crash_leaves_is_read_as_far_as_it_is_whole() {
        let bytes = file();
        let (_, first) = parse(&bytes[..MAGIC.len() + 40], 2);
        for length in 0..bytes.len() {
            let (prompts, whole) = parse(&bytes[..length], 2);
            assert!(whole <= length && prompts.len() <= 1, "{length}");
            assert_eq!(prompts.len() == 1, length >= first, "{length}");
        }
    }

    #[wasm_bindgen_test]
    fn embeddings_of_another_width_and_foreign_files_are_not_read() {
        assert!(parse(&file(), 3).0.is_empty());
        assert_eq!(parse(b"something else", 2).1, 0);
        let mut huge = MAGIC.to_vec();
        huge.extend([0xff; 9]);
        assert!(parse(&huge, 2).0.is_empty());
    }
}
