//! One file of the origin private file system, through its synchronous handle, which only workers have.
//!
//! <https://fs.spec.whatwg.org/#api-filesystemsyncaccesshandle>. A handle is exclusive: while one tab has a file open,
//! another cannot open it.

use std::io::{Error, Read, Seek, SeekFrom};

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions,
    FileSystemGetFileOptions, FileSystemReadWriteOptions, FileSystemSyncAccessHandle,
};

use super::super::port;

const FOLDER: &str = "models";

/// An open file; it is closed when dropped.
pub(in super::super) struct PrivateFile {
    handle: FileSystemSyncAccessHandle,
    position: u64,
    length: u64,
}

impl PrivateFile {
    /// Opens a file that is there. None if it is not, if another tab has it open, or if there is no such file system.
    pub(super) async fn open(name: &str) -> Option<Self> {
        Self::from_handle(folder().await?.get_file_handle(name)).await
    }

    /// Opens a file, emptied. None as above.
    pub(super) async fn create(name: &str) -> Option<Self> {
        let mut file = Self::open_or_create(name).await?;
        file.truncate(0).ok()?;
        Some(file)
    }

    /// Opens a file, which is empty if there was none. None as above.
    pub(super) async fn open_or_create(name: &str) -> Option<Self> {
        let options = FileSystemGetFileOptions::new();
        options.set_create(true);
        Self::from_handle(folder().await?.get_file_handle_with_options(name, &options)).await
    }

    async fn from_handle(promise: Promise) -> Option<Self> {
        let file: FileSystemFileHandle = settled(promise).await?;
        let handle: FileSystemSyncAccessHandle = settled(file.create_sync_access_handle()).await?;
        let length = handle.get_size().ok()? as u64;
        Some(Self {
            handle,
            position: 0,
            length,
        })
    }

    /// Removes a file that is not open. Nothing happens if there is none.
    pub(super) async fn remove(name: &str) {
        if let Some(folder) = folder().await {
            let _ = JsFuture::from(folder.remove_entry(name)).await;
        }
    }

    /// Bytes in the file.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Keeps no more than its beginning, which is at most the whole.
    ///
    /// # Errors
    /// If the file system refuses.
    pub(super) fn truncate(&mut self, length: u64) -> Result<(), JsValue> {
        self.handle.truncate_with_f64(length as f64)?;
        self.length = length;
        Ok(())
    }

    /// Adds bytes to its end, straight from JavaScript's memory.
    ///
    /// # Errors
    /// If there is no room; what was there before is still there.
    pub(super) fn append(&mut self, chunk: &Uint8Array) -> Result<(), JsValue> {
        let written = self
            .handle
            .write_with_js_u8_array_and_options(chunk, &at(self.length))?;
        if written < f64::from(chunk.length()) {
            self.handle.truncate_with_f64(self.length as f64)?;
            return Err("short write".into());
        }
        self.length += u64::from(chunk.length());
        Ok(())
    }

    /// Asks for what was written to reach the disk. A browser that cannot loses it at worst to a crash of the machine.
    pub(super) fn flush(&self) {
        let _ = self.handle.flush();
    }
}

fn at(position: u64) -> FileSystemReadWriteOptions {
    let options = FileSystemReadWriteOptions::new();
    options.set_at(position as f64);
    options
}

async fn folder() -> Option<FileSystemDirectoryHandle> {
    // Missing outside secure contexts, where asking it for anything would throw.
    let storage = port::scope().navigator().storage();
    if JsValue::from(&storage).is_undefined() {
        return None;
    }
    let root: FileSystemDirectoryHandle = settled(storage.get_directory()).await?;
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(true);
    settled(root.get_directory_handle_with_options(FOLDER, &options)).await
}

async fn settled<T: JsCast>(promise: Promise) -> Option<T> {
    JsFuture::from(promise)
        .await
        .ok()
        .map(JsCast::unchecked_into)
}

impl Read for PrivateFile {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self
            .handle
            .read_with_u8_array_and_options(buffer, &at(self.position))
            .map_err(|error| Error::other(format!("{error:?}")))?;
        self.position += read as u64;
        Ok(read as usize)
    }
}

impl Seek for PrivateFile {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let (base, offset) = match to {
            SeekFrom::Start(position) => (position, 0),
            SeekFrom::Current(offset) => (self.position, offset),
            SeekFrom::End(offset) => (self.length, offset),
        };
        self.position = base
            .checked_add_signed(offset)
            .ok_or_else(|| Error::other("a position before the file's beginning"))?;
        Ok(self.position)
    }
}

impl Drop for PrivateFile {
    fn drop(&mut self) {
        self.handle.close();
    }
}
