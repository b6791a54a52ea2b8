//! The model that the arguments name, whole or one tower of it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use cliplet_clip::gguf::Gguf;
use cliplet_clip::{Arithmetic, Clip, Error, ImageEncoder, TextEncoder};
use sha2::{Digest, Sha256};

use crate::stop::{Stop, say};

#[derive(Debug, Args)]
pub(crate) struct ModelArguments {
    /// A model: a GGUF file as clip.cpp writes it.
    #[arg(long, value_name = "FILE")]
    pub(crate) model: PathBuf,
    /// Compute in f32 over dequantised weights: slower, and exact.
    #[arg(long)]
    pub(crate) reference: bool,
}

impl ModelArguments {
    pub(crate) fn arithmetic(&self) -> Arithmetic {
        arithmetic(self.reference)
    }
}

/// By whether the exact one is asked for.
pub(crate) fn arithmetic(reference: bool) -> Arithmetic {
    if reference {
        Arithmetic::Reference
    } else {
        Arithmetic::Fast
    }
}

/// Reads a model of two towers.
pub(crate) fn whole(arguments: &ModelArguments) -> Result<Clip, Stop> {
    at(&arguments.model, arguments.arithmetic())
}

/// The same of a path.
pub(crate) fn at(path: &Path, arithmetic: Arithmetic) -> Result<Clip, Stop> {
    let mut file = open(path)?;
    Clip::read(&mut file, arithmetic).map_err(|error| Stop::Failed(about(path, &error)))
}

/// The towers that a file has, of those that are wanted.
pub(crate) struct Towers {
    pub(crate) images: Option<ImageEncoder>,
    pub(crate) texts: Option<TextEncoder>,
}

/// Reads the towers that are wanted, one of which the file need not have if the other is not.
pub(crate) fn towers(
    arguments: &ModelArguments,
    wants_images: bool,
    wants_texts: bool,
) -> Result<Towers, Stop> {
    let path = &arguments.model;
    let mut file = open(path)?;
    let arithmetic = arguments.arithmetic();
    let mut read = || -> Result<Towers, Error> {
        let mut file = Gguf::open(&mut file)?;
        for (wanted, key, tower) in [
            (wants_images, "clip.has_vision_encoder", "image"),
            (wants_texts, "clip.has_text_encoder", "text"),
        ] {
            if wanted && !file.metadata().bool(key)? {
                return Err(Error::Model(format!("The file holds no {tower} tower")));
            }
        }
        Ok(Towers {
            images: if wants_images {
                Some(ImageEncoder::read(&mut file, arithmetic)?)
            } else {
                None
            },
            texts: if wants_texts {
                Some(TextEncoder::read(&mut file, arithmetic)?)
            } else {
                None
            },
        })
    };
    read().map_err(|error| Stop::Failed(about(path, &error)))
}

/// Texts that are encoded together: what their beginnings have in common is computed once.
const BATCH: usize = 64;

/// The embeddings of texts, each with what stands for it in what is said if its end had to be left
/// out.
pub(crate) fn embed_texts(
    encoder: &TextEncoder,
    texts: &[(String, String)],
    mut done: impl FnMut(usize),
) -> Result<Vec<Vec<f32>>, Stop> {
    let mut embeddings = Vec::with_capacity(texts.len());
    for batch in texts.chunks(BATCH) {
        let mut tokens = Vec::with_capacity(batch.len());
        for (text, name) in batch {
            let of_text = encoder.tokenizer().encode(text).map_err(Stop::failed)?;
            if of_text.cut {
                say(&format!(
                    "The {name} is too long for the model; its end is left out."
                ));
            }
            tokens.push(of_text.ids);
        }
        let ids: Vec<&[u32]> = tokens.iter().map(Vec::as_slice).collect();
        embeddings.extend(encoder.encode_token_lists(&ids).map_err(Stop::failed)?);
        done(batch.len());
    }
    Ok(embeddings)
}

/// Opens a file that must be there.
pub(crate) fn open(path: &Path) -> Result<File, Stop> {
    if path.is_dir() {
        return Err(Stop::Failed(format!(
            "{0} is a folder. If it holds a CLIP, make a file of it: cliplet convert {0} model.gguf",
            path.display()
        )));
    }
    File::open(path)
        .map_err(|error| Stop::Failed(format!("{} could not be opened: {error}.", path.display())))
}

/// What is wrong, and with which file.
pub(crate) fn about(path: &Path, error: &Error) -> String {
    format!("{}: {error}", path.display())
}

/// The SHA-256 of a file, in hexadecimal digits: which model this is, whatever it is called.
pub(crate) fn sha256(path: &Path) -> Result<String, Stop> {
    let mut file = open(path)?;
    let mut hasher = Sha256::new();
    io::copy(&mut file, &mut hasher).map_err(|error| Stop::unreadable(path, &error))?;
    Ok(hexadecimal(&hasher.finalize()))
}

/// Bytes as hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
