//! What is given to the program: model and picture files from the disk, and texts.

use std::fs::File;
use std::path::Path;

use cliplet_clip::picture::{self, Picture};
use cliplet_clip::{Clip, Error};

use crate::arguments::ModelArguments;
use crate::{Stop, say};

/// Reads the model.
pub(crate) fn model(arguments: &ModelArguments) -> Result<Clip, Stop> {
    let path = &arguments.model;
    let mut file = open(path)?;
    Clip::read(&mut file, arguments.arithmetic()).map_err(|error| Stop::Failed(about(path, &error)))
}

/// Opens a file that must be there.
pub(crate) fn open(path: &Path) -> Result<File, Stop> {
    File::open(path)
        .map_err(|error| Stop::Failed(format!("{} could not be opened: {error}.", path.display())))
}

/// Reads a picture. Why one cannot be used is said here, since the others are to be done all the same.
pub(crate) fn picture(path: &Path) -> Option<Picture> {
    let read = std::fs::read(path)
        .map_err(|error| format!("{} could not be read: {error}.", path.display()))
        .and_then(|bytes| picture::decode(&bytes).map_err(|error| about(path, &error)));
    read.inspect_err(|sentence| say(sentence)).ok()
}

/// Texts that are encoded together: what their beginnings have in common is computed once.
const BATCH: usize = 64;

/// The embeddings of texts, each with what stands for it in what is said if its end had to be left out.
pub(crate) fn texts(clip: &Clip, texts: &[(&str, String)]) -> Result<Vec<Vec<f32>>, Stop> {
    let mut embeddings = Vec::with_capacity(texts.len());
    for batch in texts.chunks(BATCH) {
        let mut tokens = Vec::with_capacity(batch.len());
        for (text, name) in batch {
            let of_text = clip.tokenizer().encode(text).map_err(Stop::failed)?;
            if of_text.cut {
                say(&format!(
                    "The {name} is too long for the model; its end is left out."
                ));
            }
            tokens.push(of_text.ids);
        }
        let ids: Vec<&[u32]> = tokens.iter().map(Vec::as_slice).collect();
        embeddings.extend(clip.encode_token_lists(&ids).map_err(Stop::failed)?);
    }
    Ok(embeddings)
}

/// What is wrong, and with which file.
pub(crate) fn about(path: &Path, error: &Error) -> String {
    format!("{}: {error}", path.display())
}
