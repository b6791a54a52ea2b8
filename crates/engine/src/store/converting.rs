//! A model file that is being made of others while these arrive, until it is whole.
//!
//! Where the browser has a file system, what has been made use of is noted in the journal, part by
//! part, so that a conversion goes on where it broke off. Elsewhere the file is made in memory, and
//! kept in the cache once it is whole.

use std::io::{self, Cursor, Seek, SeekFrom, Write};

use js_sys::Uint8Array;

use super::super::ranges::Ranges;
use super::super::source::Version;
use super::super::tasks::now;
use super::cache::{CacheWriter, CachedFile};
use super::inventory::missing_room;
use super::journal::{Header, Journal, Label, Part, WholeFile};
use super::model_file::ModelFile;
use super::private_file::PrivateFile;
use cliplet_protocol::messages::Failure;

/// What has been made use of is noted after so many bytes or milliseconds: this is what a crash can
/// cost.
const NOTED_EVERY_BYTES: u64 = 8 << 20;
const NOTED_EVERY: f64 = 1_000.0;

/// Bytes that are put into the cache at a time.
const CACHED_AT_A_TIME: usize = 4 << 20;

/// A file that is being made. When it is dropped before it is whole, what there is stays where the
/// browser has a file system.
pub(in super::super) struct Converting {
    name: String,
    header: Header,
    place: Place,
    parts: Vec<Part>,
    /// How much of the last part has been made use of and not been noted, and since when.
    unnoted: u64,
    noted: f64,
}

enum Place {
    Private { file: PrivateFile, journal: Journal },
    Held(Cursor<Vec<u8>>),
}

impl Converting {
    /// Goes on with what there is of the file of this name, if that is made of the same, and
    /// otherwise begins. `origin` says what it is made of, and how.
    pub(in super::super) async fn open(name: &str, label: &Label, origin: &str) -> Self {
        let mut converting = Self {
            name: name.to_owned(),
            header: Header {
                label: label.clone(),
                url: origin.to_owned(),
                version: Version::default(),
                total: None,
            },
            place: Place::Held(Cursor::default()),
            parts: Vec::new(),
            unnoted: 0,
            noted: now(),
        };
        if let (Some(file), Some((journal, record))) = (
            PrivateFile::open_or_create(name).await,
            Journal::open(name).await,
        ) {
            converting.place = Place::Private { file, journal };
            match record.filter(|record| record.header.url == origin && record.whole.is_none()) {
                Some(record) if !record.parts.is_empty() => converting.parts = record.parts,
                _ if converting.begin_anew().is_err() => {
                    converting.place = Place::Held(Cursor::default());
                }
                _ => {}
            }
        }
        converting
    }

    /// The files that have been made use of, each wholly but the last.
    pub(in super::super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Bytes that have been made use of.
    pub(in super::super) fn used(&self) -> u64 {
        self.parts.iter().map(|part| part.used.bytes()).sum()
    }

    /// Forgets what there is.
    ///
    /// # Errors
    /// [`Failure::NoRoom`] if there is not even room for a few lines.
    pub(in super::super) fn begin_anew(&mut self) -> Result<(), Failure> {
        self.parts.clear();
        self.unnoted = 0;
        match &mut self.place {
            Place::Private { file, journal } => {
                // The journal first: it must never say more than is there.
                let cleared = journal.clear().and_then(|()| file.truncate(0));
                let begun = cleared.and_then(|()| journal.begin(&self.header));
                begun.map_err(|_| Failure::NoRoom { missing: None })
            }
            Place::Held(held) => {
                held.get_mut().clear();
                Ok(())
            }
        }
    }

    /// Sets aside what the file will take.
    ///
    /// # Errors
    /// [`Failure::NoRoom`], and [`Failure::OutOfMemory`] where it is made in memory.
    pub(in super::super) async fn reserve(&mut self, bytes: u64) -> Result<(), Failure> {
        match &mut self.place {
            Place::Private { file, .. } => {
                if file.length() >= bytes || file.truncate(bytes).is_ok() {
                    return Ok(());
                }
                let missing = missing_room(bytes - file.length()).await;
                Err(Failure::NoRoom {
                    missing: Some(missing).filter(|&missing| missing > 0),
                })
            }
            Place::Held(held) => {
                let too_many = Failure::OutOfMemory {
                    wanted: Some(bytes),
                };
                let Ok(bytes) = usize::try_from(bytes) else {
                    return Err(too_many);
                };
                let held = held.get_mut();
                held.try_reserve_exact(bytes.saturating_sub(held.len()))
                    .map_err(|_| too_many)
            }
        }
    }

    /// Begins with the next file.
    ///
    /// # Errors
    /// [`Failure::NoRoom`].
    pub(in super::super) fn begin_part(
        &mut self,
        name: &str,
        version: Version,
    ) -> Result<(), Failure> {
        self.note();
        let part = Part {
            name: name.to_owned(),
            version,
            used: Ranges::default(),
        };
        if let Place::Private { journal, .. } = &mut self.place {
            let begun = journal.begin_part(&part);
            begun.map_err(|_| Failure::NoRoom { missing: None })?;
        }
        self.parts.push(part);
        Ok(())
    }

    /// Says that the last file has been made use of up to this byte, and that what came of it has
    /// been written.
    pub(in super::super) fn has_used(&mut self, end: u64) {
        let Some(part) = self.parts.last_mut() else {
            return;
        };
        let begun = part.used.end();
        if end <= begun {
            return;
        }
        part.used.insert(begun..end);
        self.unnoted += end - begun;
        if self.unnoted >= NOTED_EVERY_BYTES || now() - self.noted > NOTED_EVERY {
            self.note();
        }
    }

    /// Notes in the journal what has been made use of since the last time. If the journal has no
    /// more room, it is fetched again.
    fn note(&mut self) {
        self.noted = now();
        let unnoted = std::mem::take(&mut self.unnoted);
        if let (Place::Private { file, journal }, Some(part)) = (&mut self.place, self.parts.last())
            && unnoted > 0
        {
            PrivateFile::flush(file);
            let end = part.used.end();
            let _ = journal.add_ranges(std::iter::once(&(end - unnoted..end)));
        }
    }

    /// Keeps the file, which is whole.
    ///
    /// # Errors
    /// [`Failure::NoRoom`], and [`Failure::Internal`] if the file system refuses.
    pub(in super::super) async fn finish(mut self) -> Result<ModelFile, Failure> {
        self.note();
        match std::mem::replace(&mut self.place, Place::Held(Cursor::default())) {
            Place::Private {
                mut file,
                mut journal,
            } => {
                PrivateFile::flush(&file);
                let whole = WholeFile {
                    bytes: file.length(),
                    sha256: None,
                };
                let ended = journal.end(&whole);
                ended.map_err(|_| Failure::NoRoom { missing: None })?;
                file.rewind().map_err(|error| Failure::Internal {
                    message: error.to_string(),
                })?;
                Ok(ModelFile::Kept(file))
            }
            Place::Held(held) => {
                let bytes = held.into_inner();
                // A cache without room is no reason to give up what is here.
                let cached = self.cache(&bytes).await;
                Ok(cached.map_or_else(|| ModelFile::Held(Cursor::new(bytes)), ModelFile::Cached))
            }
        }
    }

    async fn cache(&self, bytes: &[u8]) -> Option<CachedFile> {
        let cache = CacheWriter::begin(&self.name).await?;
        for piece in bytes.chunks(CACHED_AT_A_TIME) {
            cache.write(&Uint8Array::from(piece));
            cache.ready().await.ok()?;
        }
        cache.finish(&self.header.label).await.ok()?;
        CachedFile::open(&self.name).await
    }
}

impl Drop for Converting {
    fn drop(&mut self) {
        self.note();
    }
}

impl Write for Converting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.place {
            Place::Private { file, .. } => file.write(bytes),
            Place::Held(held) => held.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Converting {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match &mut self.place {
            Place::Private { file, .. } => file.seek(to),
            Place::Held(held) => held.seek(to),
        }
    }
}
