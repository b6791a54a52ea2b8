//! From pictures to embeddings: on every thread some pictures at a time, which are read, decoded
//! and encoded there one after the other.
//!
//! So no thread waits for another, as it would if all worked on one picture, and while one decodes,
//! another encodes. Only where there are fewer pictures than threads do all of these share the work
//! on one.

use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use cliplet_clip::{ImageEncoder, picture};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::pictures::{self, Members, Unit};
use crate::stop::Stop;

/// Pictures that are encoded together: more take more memory, and hardly less time.
const TOGETHER: usize = 4;
/// How many times that many each thread gets before results are handed on.
const TURNS: usize = 4;
/// Bytes of archives that may wait in memory.
const MOST_BYTES: usize = 1 << 26;

/// A picture that waits, and what its embedding is for.
pub(crate) struct Pending<T> {
    pub(crate) tag: T,
    pub(crate) path: PathBuf,
    /// Its file's bytes, if they have been read, or why they could not be.
    pub(crate) bytes: Option<Result<Vec<u8>, String>>,
}

/// What became of a picture: its embedding, or a sentence that says why there is none.
pub(crate) type Embedded = Result<Embedding, String>;

/// A picture's embedding.
pub(crate) struct Embedding {
    pub(crate) vector: Vec<f32>,
    /// The end of the picture's file is missing.
    pub(crate) incomplete: bool,
}

impl Embedding {
    /// What is to be said of it.
    pub(crate) fn note(&self, path: &Path) -> Option<String> {
        self.incomplete.then(|| {
            format!(
                "{}: The picture is incomplete: the end of its file is missing. What is there is used.",
                path.display()
            )
        })
    }
}

/// Takes pictures one by one, and hands their embeddings to `done` in the same order, some later.
pub(crate) struct Batches<'a, T, F> {
    encoder: &'a ImageEncoder,
    /// Pools of one thread each, in which nothing is shared out.
    lanes: Vec<ThreadPool>,
    waiting: Vec<Pending<T>>,
    /// Of those that wait.
    bytes: usize,
    done: F,
}

impl<'a, T: Send + Sync, F: FnMut(Pending<T>, Embedded) -> Result<(), Stop>> Batches<'a, T, F> {
    pub(crate) fn new(encoder: &'a ImageEncoder, done: F) -> Result<Self, Stop> {
        let lanes = (0..rayon::current_num_threads())
            .map(|_| ThreadPoolBuilder::new().num_threads(1).build())
            .collect::<Result<_, _>>()
            .map_err(|error| Stop::Failed(format!("No threads could be started: {error}.")))?;
        Ok(Self {
            encoder,
            lanes,
            waiting: Vec::new(),
            bytes: 0,
            done,
        })
    }

    /// Takes a picture.
    pub(crate) fn push(&mut self, picture: Pending<T>) -> Result<(), Stop> {
        if let Some(Ok(bytes)) = &picture.bytes {
            self.bytes += bytes.len();
        }
        self.waiting.push(picture);
        let enough = self.lanes.len() * TOGETHER * TURNS;
        if self.waiting.len() < enough && self.bytes < MOST_BYTES {
            Ok(())
        } else {
            self.flush()
        }
    }

    /// Does those that still wait.
    pub(crate) fn flush(&mut self) -> Result<(), Stop> {
        let waiting = mem::take(&mut self.waiting);
        self.bytes = 0;
        let embedded = if waiting.len() < self.lanes.len() {
            together(self.encoder, &waiting)?
        } else {
            self.side_by_side(&waiting)?
        };
        for (picture, embedded) in waiting.into_iter().zip(embedded) {
            (self.done)(picture, embedded)?;
        }
        Ok(())
    }

    /// Each thread takes the next ones when it is done with some.
    fn side_by_side(&self, pictures: &[Pending<T>]) -> Result<Vec<Embedded>, Stop> {
        let size = pictures.len().div_ceil(self.lanes.len()).min(TOGETHER);
        let some: Vec<&[Pending<T>]> = pictures.chunks(size).collect();
        let next = AtomicUsize::new(0);
        let found = Mutex::new(Vec::with_capacity(some.len()));
        thread::scope(|scope| {
            for lane in &self.lanes {
                let (encoder, some, next, found) = (self.encoder, &some, &next, &found);
                scope.spawn(move || {
                    lane.install(|| {
                        loop {
                            let place = next.fetch_add(1, Ordering::Relaxed);
                            let Some(some) = some.get(place) else { break };
                            let embedded = together(encoder, some);
                            let mut found = found.lock().expect("nobody panics with it");
                            found.push((place, embedded));
                        }
                    });
                });
            }
        });
        let mut found = found.into_inner().expect("nobody panics with it");
        found.sort_by_key(|(place, _)| *place);
        let mut embedded = Vec::with_capacity(pictures.len());
        for (_, some) in found {
            embedded.extend(some?);
        }
        Ok(embedded)
    }
}

/// Decodes some pictures, and encodes those that can be.
fn together<T>(encoder: &ImageEncoder, pictures: &[Pending<T>]) -> Result<Vec<Embedded>, Stop> {
    let mut embedded: Vec<Embedded> = pictures
        .iter()
        .map(|picture| ready(encoder, picture))
        .collect();
    let of_good: Vec<Vec<f32>> = embedded
        .iter_mut()
        .filter_map(|pixels| pixels.as_mut().ok())
        .map(|pixels| mem::take(&mut pixels.vector))
        .collect();
    if !of_good.is_empty() {
        let embeddings = encoder.encode_batch(&of_good).map_err(Stop::failed)?;
        let good = embedded
            .iter_mut()
            .filter_map(|embedded| embedded.as_mut().ok());
        good.zip(embeddings).for_each(|(to, from)| to.vector = from);
    }
    Ok(embedded)
}

/// A picture as the model takes it in the place of its embedding, or why it cannot be had.
fn ready<T>(encoder: &ImageEncoder, picture: &Pending<T>) -> Embedded {
    let path = picture.path.display();
    let read;
    let bytes: &[u8] = match &picture.bytes {
        Some(Ok(bytes)) => bytes,
        Some(Err(sentence)) => return Err(sentence.clone()),
        None => {
            read = pictures::read(&picture.path)
                .map_err(|error| format!("{path} could not be read: {error}."))?;
            &read
        }
    };
    picture::decode(bytes)
        .and_then(|picture| {
            Ok(Embedding {
                vector: encoder.preprocess(&picture)?,
                incomplete: picture.is_incomplete(),
            })
        })
        .map_err(|error| format!("{path}: {error}"))
}

/// Does all pictures of files and archives. Of an archive that breaks off, `done` is told as of a
/// picture that cannot be used.
pub(crate) fn each<'a>(
    encoder: &ImageEncoder,
    units: impl IntoIterator<Item = &'a Unit>,
    done: impl FnMut(Pending<()>, Embedded) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let mut batches = Batches::new(encoder, done)?;
    for unit in units {
        match unit {
            Unit::File(path) => batches.push(Pending {
                tag: (),
                path: path.clone(),
                bytes: None,
            })?,
            Unit::Missing(path, sentence) => batches.push(Pending {
                tag: (),
                path: path.clone(),
                bytes: Some(Err(sentence.clone())),
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
