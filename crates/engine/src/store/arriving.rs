//! A file that is being written, until it is whole and right.

use std::io::{Cursor, Read, Seek, SeekFrom};

use js_sys::Uint8Array;
use sha2::{Digest, Sha256};

use super::super::ranges::Ranges;
use super::super::source::{Source, Version};
use super::super::tasks::{Stopped, Task, now};
use super::cache::{CacheWriter, CachedFile};
use super::inventory::missing_room;
use super::journal::{Header, Journal, Label, WholeFile};
use super::model_file::ModelFile;
use super::private_file::PrivateFile;
use cliplet_protocol::messages::Failure;

/// What has been written is noted in the journal after so many bytes or milliseconds: this is what
/// a crash can cost.
const NOTED_EVERY_BYTES: u64 = 4 << 20;
const NOTED_EVERY: f64 = 1_000.0;

/// How exactly it is found out how many bytes there is room for.
const ROOM_TO_WITHIN: u64 = 1 << 20;

/// Bytes that are hashed at a time, and after each piece that arrives at most.
const HASHED_AT_A_TIME: usize = 1 << 20;

/// A file that is arriving. When it is dropped before it is whole, what has arrived stays where the
/// browser has a file system.
pub(in super::super) struct Arriving {
    name: String,
    label: Label,
    url: String,
    place: Place,
    have: Ranges,
    version: Option<Version>,
    total: Option<u64>,
    hash: Option<Hash>,
}

enum Place {
    Private(Parts),
    Cached(CacheWriter),
    Held(Vec<u8>),
}

/// In the private file system: the file, and its journal.
struct Parts {
    file: PrivateFile,
    journal: Journal,
    /// What the file has and the journal does not say.
    unnoted: Ranges,
    noted: f64,
}

/// The SHA-256 of a file's beginning.
struct Hash {
    sha: Sha256,
    bytes: u64,
}

impl Arriving {
    /// Begins a file that is held in memory alone.
    pub(in super::super) fn in_memory(name: &str, label: &Label, source: &Source) -> Self {
        Self {
            name: name.to_owned(),
            label: label.clone(),
            url: source.url.clone(),
            place: Place::Held(Vec::new()),
            have: Ranges::default(),
            version: None,
            total: None,
            hash: source.sha256.as_ref().map(|_| Hash::new()),
        }
    }

    /// Goes on with what there is of the file of this name, if that comes from the same place, and
    /// otherwise begins.
    pub(in super::super) async fn open(name: &str, label: &Label, source: &Source) -> Self {
        let mut arriving = Self::in_memory(name, label, source);
        if let (Some(mut file), Some((mut journal, record))) = (
            PrivateFile::open_or_create(name).await,
            Journal::open(name).await,
        ) {
            let record = record.filter(|record| {
                let same_length = match (source.bytes, record.header.total) {
                    (Some(wanted), Some(begun)) => wanted == begun,
                    _ => true,
                };
                same_length && record.header.url == source.url && record.have.end() <= file.length()
            });
            let ready = match record {
                Some(record) => {
                    arriving.have = record.have;
                    arriving.version = Some(record.header.version);
                    arriving.total = record.header.total;
                    true
                }
                None => journal.clear().and_then(|()| file.truncate(0)).is_ok(),
            };
            if ready {
                arriving.place = Place::Private(Parts {
                    file,
                    journal,
                    unnoted: Ranges::default(),
                    noted: now(),
                });
                return arriving;
            }
        }
        if let Some(cache) = CacheWriter::begin(name).await {
            arriving.place = Place::Cached(cache);
        }
        arriving
    }

    /// What there is.
    pub(in super::super) fn have(&self) -> &Ranges {
        &self.have
    }

    /// Which version of the file it is of.
    pub(in super::super) fn version(&self) -> Option<&Version> {
        self.version.as_ref()
    }

    /// How long it will be, if that was known when it was begun.
    pub(in super::super) fn total(&self) -> Option<u64> {
        self.total
    }

    /// Whether bytes may come in any order. Otherwise each piece must begin where the last has
    /// ended.
    pub(in super::super) fn takes_any_order(&self) -> bool {
        matches!(self.place, Place::Private(_))
    }

    /// Sets room aside for a file of `total` bytes, so that it cannot run out before all of it is
    /// there. What browsers say of the room there is may be far from what they give.
    ///
    /// # Errors
    /// [`Failure::NoRoom`].
    pub(in super::super) async fn reserve(&mut self, total: u64) -> Result<(), Failure> {
        let wanted = total.saturating_sub(self.have.bytes());
        let missing = match &mut self.place {
            Place::Private(parts) => parts.reserve(self.have.end(), total),
            Place::Cached(_) => missing_room(wanted).await,
            Place::Held(_) => 0,
        };
        match missing {
            0 => Ok(()),
            missing => Err(Failure::NoRoom {
                missing: Some(missing),
            }),
        }
    }

    /// Forgets what there is.
    ///
    /// # Errors
    /// [`Failure::Internal`] if the file system refuses.
    pub(in super::super) fn begin_anew(&mut self) -> Result<(), Failure> {
        match &mut self.place {
            Place::Private(parts) => {
                parts.unnoted = Ranges::default();
                // The journal first: it must never say more than is there.
                let cleared = parts.journal.clear().and_then(|()| parts.file.truncate(0));
                cleared.map_err(|error| internal(format!("{error:?}")))?;
            }
            Place::Cached(cache) => cache.begin_anew(),
            Place::Held(bytes) => bytes.clear(),
        }
        self.have = Ranges::default();
        self.version = None;
        self.total = None;
        self.hash = self.hash.as_ref().map(|_| Hash::new());
        Ok(())
    }

    /// Says of which version the bytes are that come now. Said again, it changes nothing.
    pub(in super::super) fn describe(&mut self, version: Option<&Version>, total: Option<u64>) {
        if self.version.is_some() {
            return;
        }
        let version = version.cloned().unwrap_or_default();
        self.version = Some(version.clone());
        self.total = total;
        if let Place::Private(parts) = &mut self.place {
            let header = Header {
                label: self.label.clone(),
                url: self.url.clone(),
                version,
                total,
            };
            // Without a journal the file is fetched again after a crash.
            let _ = parts.journal.begin(&header);
        }
    }

    /// Puts bytes in their place.
    ///
    /// # Errors
    /// [`Failure::NoRoom`] and [`Failure::OutOfMemory`]; what was there before is still there.
    pub(in super::super) fn write(&mut self, at: u64, bytes: &Uint8Array) -> Result<(), Failure> {
        let end = at + u64::from(bytes.length());
        match &mut self.place {
            Place::Private(parts) => {
                let written = parts.file.write_at(at, bytes);
                written.map_err(|_| Failure::NoRoom { missing: None })?;
                parts.unnoted.insert(at..end);
                if parts.unnoted.bytes() >= NOTED_EVERY_BYTES || now() - parts.noted > NOTED_EVERY {
                    parts.note();
                }
            }
            Place::Cached(cache) => {
                cache.write(bytes);
                if let Some(hash) = &mut self.hash {
                    hash.add(&bytes.to_vec());
                }
            }
            Place::Held(held) => hold(held, bytes)?,
        }
        self.have.insert(at..end);
        self.hash_more(HASHED_AT_A_TIME)
    }

    /// What is to be waited for before more is written, where there is something.
    pub(in super::super) fn ready(
        &self,
    ) -> Option<impl Future<Output = Result<(), Failure>> + use<>> {
        match &self.place {
            Place::Cached(cache) => Some(cache.ready()),
            _ => None,
        }
    }

    /// Goes on with the SHA-256, from what the file has rather than from what came.
    fn hash_more(&mut self, most: usize) -> Result<(), Failure> {
        let Some(hash) = &mut self.hash else {
            return Ok(());
        };
        let most = (self.have.beginning() - hash.bytes).min(most as u64) as usize;
        match &mut self.place {
            Place::Private(parts) => {
                let mut buffer = vec![0; most];
                let read = parts.file.seek(SeekFrom::Start(hash.bytes));
                let read = read.and_then(|_| parts.file.read_exact(&mut buffer));
                read.map_err(|error| internal(error.to_string()))?;
                hash.add(&buffer);
            }
            Place::Held(held) => {
                let begin = hash.bytes as usize;
                hash.add(&held[begin..begin + most]);
            }
            Place::Cached(_) => {}
        }
        Ok(())
    }

    /// Compares the file, of which all is there, with what is known of it, and keeps it as whole.
    ///
    /// # Errors
    /// [`Failure::WrongLength`] and [`Failure::WrongHash`], after which the file is to be deleted,
    /// [`Failure::NoRoom`], and [`Failure::Internal`] if the file system refuses.
    pub(in super::super) async fn finish(
        mut self,
        task: &Task,
        source: &Source,
    ) -> Result<ModelFile, Stopped> {
        let bytes = self.have.beginning();
        if let Some(expected) = source.bytes.filter(|&expected| expected != bytes) {
            let found = Some(bytes);
            return Err(Failure::WrongLength { expected, found }.into());
        }
        while self.hash.as_ref().is_some_and(|hash| hash.bytes < bytes) {
            task.yield_if_due().await?;
            self.hash_more(HASHED_AT_A_TIME)?;
        }
        let sha256 = self.hash.take().map(Hash::finish);
        if sha256.is_some() && sha256 != source.sha256.as_deref().map(str::to_ascii_lowercase) {
            return Err(Failure::WrongHash.into());
        }
        match std::mem::replace(&mut self.place, Place::Held(Vec::new())) {
            Place::Private(mut parts) => {
                parts.note();
                let ended = parts.journal.end(&WholeFile { bytes, sha256 });
                ended.map_err(|_| Failure::NoRoom { missing: None })?;
                let rewound = parts.file.rewind();
                rewound.map_err(|error| internal(error.to_string()))?;
                Ok(ModelFile::Kept(parts.file))
            }
            Place::Cached(cache) => {
                cache.finish(&self.label).await?;
                let file = CachedFile::open(&self.name).await;
                let file =
                    file.ok_or_else(|| internal("the cache has lost the file".to_owned()))?;
                Ok(ModelFile::Cached(file))
            }
            Place::Held(bytes) => Ok(ModelFile::Held(Cursor::new(bytes))),
        }
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        if let Place::Private(parts) = &mut self.place {
            parts.note();
        }
    }
}

impl Parts {
    /// Makes the file `total` bytes long. Gives how many bytes there is no room for; the file is
    /// then as long as it has to be for what it has, up to `end`.
    fn reserve(&mut self, end: u64, total: u64) -> u64 {
        if self.file.length() >= total || self.file.truncate(total).is_ok() {
            return 0;
        }
        let (mut fits, mut too_long) = (end, total);
        while too_long - fits > ROOM_TO_WITHIN {
            let middle = fits.midpoint(too_long);
            match self.file.truncate(middle) {
                Ok(()) => fits = middle,
                Err(_) => too_long = middle,
            }
        }
        // A file that gets shorter needs no room.
        let _ = self.file.truncate(end);
        total - fits
    }

    /// Notes in the journal what has been written since the last time. If the journal has no more
    /// room, it is fetched again.
    fn note(&mut self) {
        self.file.flush();
        let _ = self.journal.add_ranges(self.unnoted.iter());
        self.unnoted = Ranges::default();
        self.noted = now();
    }
}

impl Hash {
    fn new() -> Self {
        Self {
            sha: Sha256::new(),
            bytes: 0,
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        self.sha.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    fn finish(self) -> String {
        let digest = self.sha.finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn hold(held: &mut Vec<u8>, bytes: &Uint8Array) -> Result<(), Failure> {
    let (begin, length) = (held.len(), bytes.length() as usize);
    held.try_reserve(length)
        .map_err(|_| Failure::OutOfMemory { wanted: None })?;
    held.resize(begin + length, 0);
    bytes.copy_to(&mut held[begin..]);
    Ok(())
}

fn internal(message: String) -> Failure {
    Failure::Internal { message }
}
