//! From pictures to embeddings: read and decoded on all threads, and encoded some at a time, which is quicker than one by one.

use std::fs;
use std::mem;
use std::path::PathBuf;

use cliplet_clip::{ImageEncoder, picture};
use rayon::prelude::*;

use crate::pictures::{Members, Unit};
use crate::stop::Stop;

/// Pictures that are decoded together. Each is some hundred kilobytes when it is ready, and as large as it is while it is decoded.
const BATCH: usize = 16;
/// Of these, those that are encoded together: more take more memory, and hardly less time.
const TOGETHER: usize = 4;

/// A picture that waits, and what its embedding is for.
pub(crate) struct Pending<T> {
    pub(crate) tag: T,
    pub(crate) path: PathBuf,
    /// Its file's bytes, if they have been read, or why they could not be.
    pub(crate) bytes: Option<Result<Vec<u8>, String>>,
}

/// What became of a picture: its embedding, or a sentence that says why there is none.
pub(crate) type Embedded = Result<Vec<f32>, String>;

/// Takes pictures one by one, and hands their embeddings to `done` in the same order, some later.
pub(crate) struct Batches<'a, T, F> {
    encoder: &'a ImageEncoder,
    waiting: Vec<Pending<T>>,
    done: F,
}

impl<'a, T: Send + Sync, F: FnMut(Pending<T>, Embedded) -> Result<(), Stop>> Batches<'a, T, F> {
    pub(crate) fn new(encoder: &'a ImageEncoder, done: F) -> Self {
        Self {
            encoder,
            waiting: Vec::new(),
            done,
        }
    }

    /// Takes a picture.
    pub(crate) fn push(&mut self, picture: Pending<T>) -> Result<(), Stop> {
        self.waiting.push(picture);
        match self.waiting.len() < BATCH {
            true => Ok(()),
            false => self.flush(),
        }
    }

    /// Does those that still wait.
    pub(crate) fn flush(&mut self) -> Result<(), Stop> {
        let waiting = mem::take(&mut self.waiting);
        let encoder = self.encoder;
        let mut pixels: Vec<Result<Vec<f32>, String>> = waiting
            .par_iter()
            .map(|picture| ready(encoder, picture))
            .collect();
        let of_good: Vec<Vec<f32>> = pixels
            .iter_mut()
            .filter_map(|pixels| pixels.as_mut().ok())
            .map(mem::take)
            .collect();
        let mut embeddings = Vec::with_capacity(of_good.len());
        for together in of_good.chunks(TOGETHER) {
            embeddings.extend(encoder.encode_batch(together).map_err(Stop::failed)?);
        }
        let mut embeddings = embeddings.into_iter();
        for (picture, pixels) in waiting.into_iter().zip(pixels) {
            let embedded = pixels.map(|_| embeddings.next().expect("there is one a picture"));
            (self.done)(picture, embedded)?;
        }
        Ok(())
    }
}

/// A picture as the model takes it, or why it cannot be had.
fn ready<T>(encoder: &ImageEncoder, picture: &Pending<T>) -> Result<Vec<f32>, String> {
    let path = picture.path.display();
    let read;
    let bytes = match &picture.bytes {
        Some(Ok(bytes)) => bytes,
        Some(Err(sentence)) => return Err(sentence.clone()),
        None => {
            read = fs::read(&picture.path)
                .map_err(|error| format!("{path} could not be read: {error}."))?;
            &read
        }
    };
    picture::decode(bytes)
        .and_then(|picture| encoder.preprocess(&picture))
        .map_err(|error| format!("{path}: {error}"))
}

/// Does all pictures of files and archives. Of an archive that breaks off, `done` is told as of a picture that cannot be used.
pub(crate) fn each(
    encoder: &ImageEncoder,
    units: &[Unit],
    done: impl FnMut(Pending<()>, Embedded) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let mut batches = Batches::new(encoder, done);
    for unit in units {
        match unit {
            Unit::File(path) => batches.push(Pending {
                tag: (),
                path: path.clone(),
                bytes: None,
            })?,
            Unit::Tar(path) => {
                let mut members = match Members::open(path) {
                    Ok(members) => members,
                    Err(Stop::Failed(sentence)) => {
                        batches.push(Pending {
                            tag: (),
                            path: path.clone(),
                            bytes: Some(Err(sentence)),
                        })?;
                        continue;
                    }
                    Err(other) => return Err(other),
                };
                for member in members.iter(&[])? {
                    batches.push(match member {
                        Ok(member) => Pending {
                            tag: (),
                            path: member.path,
                            bytes: Some(member.bytes),
                        },
                        Err(sentence) => Pending {
                            tag: (),
                            path: path.clone(),
                            bytes: Some(Err(sentence)),
                        },
                    })?;
                }
            }
        }
    }
    batches.flush()
}
