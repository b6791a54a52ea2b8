//! Model files in the browser: each is kept in the origin private file system under its id and revision, and read from there
//! on the next visit, and so are the embeddings of prompts (`prompts`). Where the browser has no such file system, or no room in it, the file is held in memory for this visit.
//!
//! A file is whole if it is as long as the catalogue says; anything else under its name is overwritten. Going on with what
//! is there, checking hashes, asking for room and clearing up will be added here. What is not here: where the bytes come from.

mod private_file;
mod prompts;

use std::io::{Cursor, Read, Seek, SeekFrom};

use js_sys::Uint8Array;
use private_file::PrivateFile;
pub(super) use prompts::PromptFile;

use crate::catalogue::ModelEntry;
use crate::messages::Failure;

/// A whole model file, to be read once.
pub(super) enum ModelFile {
    /// In the origin private file system.
    Kept(PrivateFile),
    /// In memory alone.
    Held(Cursor<Vec<u8>>),
}

impl ModelFile {
    /// The file as an earlier visit has kept it, if it did.
    pub(super) async fn kept(model: &ModelEntry) -> Option<Self> {
        let file = PrivateFile::open(&file_name(model)).await?;
        (file.length() == model.bytes).then_some(Self::Kept(file))
    }

    /// Whether it will be here on the next visit.
    pub(super) fn is_kept(&self) -> bool {
        matches!(self, Self::Kept(_))
    }
}

/// Forgets the file of a model.
pub(super) async fn remove(model: &ModelEntry) {
    PrivateFile::remove(&file_name(model)).await;
}

fn file_name(model: &ModelEntry) -> String {
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
            Self::Held(bytes) => bytes.read(buffer),
        }
    }
}

impl Seek for ModelFile {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        match self {
            Self::Kept(file) => file.seek(to),
            Self::Held(bytes) => bytes.seek(to),
        }
    }
}

/// A model file that is arriving.
pub(super) struct Arriving {
    name: String,
    file: ModelFile,
}

impl Arriving {
    /// Begins an empty file.
    pub(super) async fn begin(model: &ModelEntry) -> Self {
        let name = file_name(model);
        let file = match PrivateFile::create(&name).await {
            Some(file) => ModelFile::Kept(file),
            None => ModelFile::Held(Cursor::default()),
        };
        Self { name, file }
    }

    /// Adds bytes to its end. If the file system has no more room, what it has taken so far goes on in memory.
    ///
    /// # Errors
    /// [`Failure::OutOfMemory`] if there is no room there either.
    pub(super) async fn append(&mut self, chunk: &Uint8Array) -> Result<(), Failure> {
        let no_room = match &mut self.file {
            ModelFile::Kept(file) => file.append(chunk).is_err(),
            ModelFile::Held(_) => false,
        };
        if no_room {
            self.move_to_memory().await?;
        }
        if let ModelFile::Held(bytes) = &mut self.file {
            hold(bytes.get_mut(), chunk)?;
        }
        Ok(())
    }

    async fn move_to_memory(&mut self) -> Result<(), Failure> {
        let ModelFile::Kept(file) = &mut self.file else {
            return Ok(());
        };
        let mut bytes = Vec::new();
        bytes
            .try_reserve(file.length() as usize)
            .map_err(|_| Failure::OutOfMemory)?;
        file.rewind()
            .and_then(|()| file.read_to_end(&mut bytes))
            .map_err(|error| Failure::Internal {
                message: error.to_string(),
            })?;
        // Dropping the file closes it, and only a closed file can be removed.
        self.file = ModelFile::Held(Cursor::new(bytes));
        PrivateFile::remove(&self.name).await;
        Ok(())
    }

    /// The whole file, ready to be read from its beginning.
    ///
    /// # Errors
    /// [`Failure::Internal`] if the file system refuses.
    pub(super) fn finish(mut self) -> Result<ModelFile, Failure> {
        if let ModelFile::Kept(file) = &mut self.file {
            file.flush();
        }
        self.file.rewind().map_err(|error| Failure::Internal {
            message: error.to_string(),
        })?;
        Ok(self.file)
    }
}

fn hold(bytes: &mut Vec<u8>, chunk: &Uint8Array) -> Result<(), Failure> {
    let (begin, length) = (bytes.len(), chunk.length() as usize);
    bytes
        .try_reserve(length)
        .map_err(|_| Failure::OutOfMemory)?;
    bytes.resize(begin + length, 0);
    chunk.copy_to(&mut bytes[begin..]);
    Ok(())
}
