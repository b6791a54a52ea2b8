//! A model file that is whole, wherever the browser keeps it, and what it is called.

use std::io::{Cursor, Read, Result, Seek, SeekFrom};

use super::super::source::Source;
use super::cache::CachedFile;
use super::journal::Journal;
use super::private_file::PrivateFile;
use cliplet_protocol::catalogue::ModelEntry;

/// A whole model file, to be read once.
pub(in super::super) enum ModelFile {
    /// In the origin private file system.
    Kept(PrivateFile),
    /// In the Cache API.
    Cached(CachedFile),
    /// In memory alone.
    Held(Cursor<Vec<u8>>),
}

impl ModelFile {
    /// The whole file of this name, if it is kept. One that was not compared with this source's
    /// length and SHA-256 is not taken for whole.
    pub(in super::super) async fn kept(name: &str, source: &Source) -> Option<Self> {
        if let Some(file) = Self::kept_privately(name, source).await {
            return Some(Self::Kept(file));
        }
        // A browser that has a file system may have refused it when the file was written.
        let file = CachedFile::open(name).await?;
        let fits = source.bytes.is_none_or(|bytes| file.length() == bytes);
        fits.then_some(Self::Cached(file))
    }

    async fn kept_privately(name: &str, source: &Source) -> Option<PrivateFile> {
        let (_, record) = Journal::open(name).await?;
        let whole = record?.whole?;
        let file = PrivateFile::open(name).await?;
        let fits = whole.bytes == file.length()
            && source.bytes.is_none_or(|bytes| bytes == whole.bytes)
            && (source.sha256.is_none() || source.sha256 == whole.sha256);
        fits.then_some(file)
    }

    /// Whether it will be here on the next visit.
    pub(in super::super) fn is_kept(&self) -> bool {
        !matches!(self, Self::Held(_))
    }
}

/// The name of a model's file in the store.
pub(in super::super) fn file_name(model: &ModelEntry) -> String {
    let plain = |text: &str| -> String {
        text.chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect()
    };
    format!("{}.{}.gguf", plain(&model.id), plain(&model.revision))
}

impl Read for ModelFile {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        match self {
            Self::Kept(file) => file.read(buffer),
            Self::Cached(file) => file.read(buffer),
            Self::Held(bytes) => bytes.read(buffer),
        }
    }
}

impl Seek for ModelFile {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        match self {
            Self::Kept(file) => file.seek(to),
            Self::Cached(file) => file.seek(to),
            Self::Held(bytes) => bytes.seek(to),
        }
    }
}
