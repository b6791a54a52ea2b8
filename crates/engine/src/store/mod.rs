//! Model files in the browser: each is kept in the origin private file system under the id and revision of its model, and
//! read from there on the next visit, and so are the embeddings of prompts (`prompts`). Where the browser has no such file
//! system, the file is kept in the Cache API (`cache`), and where there is none either, it is held in memory for this visit.
//!
//! Beside each file lies its journal (`journal`), which says where the file comes from, which parts of it have been written,
//! and, in the end, that it is whole and right: a file is never taken for whole because of its length. `arriving` is
//! a file that is being written, `converting` one
//! that is being made of others. `pictures` keeps previews and embeddings of many pictures, in a folder of their own.
//! `lock` keeps tabs from writing one file at the same time. `shelf` is what a person sees of all
//! this: what is there, how large it is, and how much room is left. What is not here: where the bytes come from
//! ([`super::fetch`]).

mod arriving;
mod cache;
mod converting;
mod inventory;
mod journal;
mod lock;
mod pictures;
mod private_file;
mod prompts;

use std::io::{Cursor, Read, Seek, SeekFrom};

pub(super) use arriving::Arriving;
use cache::CachedFile;
pub(super) use converting::Converting;
use inventory::missing_room;
pub(super) use inventory::{delete, delete_other_revisions, files, remove};
use journal::Journal;
pub(super) use journal::Label;
pub(super) use lock::{Lock, tell_other_tabs, wait_until_free};
pub(super) use pictures::{EmbeddingFile, NewPicture, PictureFile, delete_pictures};
use private_file::PrivateFile;
pub(super) use prompts::{KeptPrompt, PromptFile};

use super::fetch::Source;
use cliplet_protocol::catalogue::ModelEntry;

/// A whole model file, to be read once.
pub(super) enum ModelFile {
    /// In the origin private file system.
    Kept(PrivateFile),
    /// In the Cache API.
    Cached(CachedFile),
    /// In memory alone.
    Held(Cursor<Vec<u8>>),
}

impl ModelFile {
    /// The whole file of this name, if it is kept. One that was not compared with this source's length and SHA-256 is not
    /// taken for whole.
    pub(super) async fn kept(name: &str, source: &Source) -> Option<Self> {
        if !PrivateFile::can_be_had().await {
            let file = CachedFile::open(name).await?;
            let fits = source.bytes.is_none_or(|bytes| file.length() == bytes);
            return fits.then_some(Self::Cached(file));
        }
        let (_, record) = Journal::open(name).await?;
        let whole = record?.whole?;
        let file = PrivateFile::open(name).await?;
        let fits = whole.bytes == file.length()
            && source.bytes.is_none_or(|bytes| bytes == whole.bytes)
            && (source.sha256.is_none() || source.sha256 == whole.sha256);
        fits.then_some(Self::Kept(file))
    }

    /// Whether it will be here on the next visit.
    pub(super) fn is_kept(&self) -> bool {
        !matches!(self, Self::Held(_))
    }
}

/// The name of a model's file in the store.
pub(super) fn file_name(model: &ModelEntry) -> String {
    let plain = |text: &str| -> String {
        text.chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect()
    };
    format!("{}.{}.gguf", plain(&model.id), plain(&model.revision))
}

impl Read for ModelFile {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Kept(file) => file.read(buffer),
            Self::Cached(file) => file.read(buffer),
            Self::Held(bytes) => bytes.read(buffer),
        }
    }
}

impl Seek for ModelFile {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        match self {
            Self::Kept(file) => file.seek(to),
            Self::Cached(file) => file.seek(to),
            Self::Held(bytes) => bytes.seek(to),
        }
    }
}

/// Where a reader of `length` bytes at `position` is after a seek.
fn sought(position: u64, length: u64, to: SeekFrom) -> std::io::Result<u64> {
    let (base, offset) = match to {
        SeekFrom::Start(position) => (position, 0),
        SeekFrom::Current(offset) => (position, offset),
        SeekFrom::End(offset) => (length, offset),
    };
    base.checked_add_signed(offset)
        .ok_or_else(|| std::io::Error::other("a position before the file's beginning"))
}
