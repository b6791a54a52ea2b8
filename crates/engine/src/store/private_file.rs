//! One file of the origin private file system, through its synchronous handle, which only workers
//! have.
//!
//! <https://fs.spec.whatwg.org/#api-filesystemsyncaccesshandle>. A handle is exclusive: while one
//! tab has a file open, another cannot open it. Model files are opened under a
//! [`Lock`](super::Lock) only, so that another tab waits.

use std::cell::Cell;
use std::io::{Error, Read, Seek, SeekFrom, Write};

use js_sys::{Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, DomException, FileSystemDirectoryHandle, FileSystemFileHandle,
    FileSystemGetDirectoryOptions, FileSystemGetFileOptions, FileSystemReadWriteOptions,
    FileSystemSyncAccessHandle,
};

use super::super::global::scope;
use super::super::tasks;
use super::position::sought;

/// Where a file lies whose name does not say it, as `pictures/name` does.
const FOLDER: &str = "models";

/// How often, and after how many milliseconds, it is tried again to open a file that is open.
/// Whoever asks has the file's [`Lock`](super::Lock), so nobody works with the file any more; but
/// the handles of a tab that was closed or loaded anew live on for a moment, which is long on a
/// busy machine. To give up early would be to fetch a model that is there.
const ATTEMPTS: u32 = 100;
const WAIT: i32 = 100;

/// An open file; it is closed when dropped.
pub(in super::super) struct PrivateFile {
    handle: FileSystemSyncAccessHandle,
    position: u64,
    length: u64,
}

impl PrivateFile {
    /// Opens a file that is there. None if it is not, if another tab has it open, or if there is no
    /// such file system.
    pub(super) async fn open(name: &str) -> Option<Self> {
        let (folder, name) = place(name).await?;
        Self::from_handle(folder.get_file_handle(name), ATTEMPTS).await
    }

    /// Opens a file, which is empty if there was none. None as above.
    pub(super) async fn open_or_create(name: &str) -> Option<Self> {
        let options = FileSystemGetFileOptions::new();
        options.set_create(true);
        let (folder, name) = place(name).await?;
        let file = folder.get_file_handle_with_options(name, &options);
        Self::from_handle(file, ATTEMPTS).await
    }

    /// The same for a file that another tab may well have open for as long as it lives.
    pub(super) async fn open_or_create_at_once(name: &str) -> Option<Self> {
        Self::open_or_create_within(name, 1).await
    }

    /// The same, and it is tried so often: the handles of a tab that is gone live on for a moment.
    pub(super) async fn open_or_create_within(name: &str, attempts: u32) -> Option<Self> {
        let options = FileSystemGetFileOptions::new();
        options.set_create(true);
        let (folder, name) = place(name).await?;
        let file = folder.get_file_handle_with_options(name, &options);
        Self::from_handle(file, attempts).await
    }

    async fn from_handle(promise: Promise, mut attempts: u32) -> Option<Self> {
        let file: FileSystemFileHandle = settled(promise).await?;
        // Not all browsers that have the file system have this.
        if !Reflect::has(&file, &"createSyncAccessHandle".into()).unwrap_or_default() {
            return None;
        }
        let handle: FileSystemSyncAccessHandle = loop {
            match JsFuture::from(file.create_sync_access_handle()).await {
                Ok(handle) => break handle.unchecked_into(),
                Err(error) if attempts > 1 && is_open_elsewhere(&error).await => {
                    attempts -= 1;
                    tasks::timer(WAIT.into()).await;
                }
                Err(_) => return None,
            }
        };
        let length = handle.get_size().ok()? as u64;
        Some(Self {
            handle,
            position: 0,
            length,
        })
    }

    /// Removes a file that is not open. Gives whether it is gone.
    pub(super) async fn remove(name: &str) -> bool {
        let Some((folder, name)) = place(name).await else {
            return true;
        };
        match JsFuture::from(folder.remove_entry(name)).await {
            Ok(_) => true,
            Err(error) => is_named(&error, "NotFoundError"),
        }
    }

    /// The names of all files of models, in no order.
    pub(super) async fn names() -> Vec<String> {
        Self::names_in(FOLDER).await
    }

    /// The names of all files in a folder, in no order, without the folder's.
    pub(super) async fn names_in(folder_name: &str) -> Vec<String> {
        let mut names = Vec::new();
        let Some(folder) = folder(folder_name).await else {
            return names;
        };
        let all = folder.keys();
        while let Ok(next) = all.next() {
            let next = JsFuture::from(next).await.unwrap_or_default();
            let value = Reflect::get(&next, &"value".into()).unwrap_or_default();
            let Some(name) = value.as_string() else { break };
            names.push(name);
        }
        names
    }

    /// The text of a small file, which another tab may have open. None if it cannot be read.
    pub(super) async fn peek(name: &str) -> Option<String> {
        let file: FileSystemFileHandle = {
            let (folder, name) = place(name).await?;
            settled(folder.get_file_handle(name)).await?
        };
        let file: Blob = settled(file.get_file()).await?;
        JsFuture::from(file.text()).await.ok()?.as_string()
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
    pub(super) fn append(&mut self, bytes: &Uint8Array) -> Result<(), JsValue> {
        let length = self.length;
        let written = self.write_at(length, bytes);
        if written.is_err() {
            self.handle.truncate_with_f64(length as f64)?;
        }
        written
    }

    /// Puts bytes at a position, which may lie behind the end, straight from JavaScript's memory.
    ///
    /// # Errors
    /// If there is no room; what was there before is still there.
    pub(super) fn write_at(&mut self, position: u64, bytes: &Uint8Array) -> Result<(), JsValue> {
        let written = self
            .handle
            .write_with_js_u8_array_and_options(bytes, &at(position))?;
        // Chromium says, in a private window, that it has written some 2^64 bytes where it had no
        // room for any.
        if written != f64::from(bytes.length()) {
            return Err("another number of bytes was written".into());
        }
        self.length = self.length.max(position + u64::from(bytes.length()));
        Ok(())
    }

    /// Asks for what was written to reach the disk. A browser that cannot loses it at worst to a
    /// crash of the machine.
    pub(super) fn flush(&self) {
        let _ = self.handle.flush();
    }
}

fn at(position: u64) -> FileSystemReadWriteOptions {
    let options = FileSystemReadWriteOptions::new();
    options.set_at(position as f64);
    options
}

/// The folder of a file, and its name there.
async fn place(name: &str) -> Option<(FileSystemDirectoryHandle, &str)> {
    let (folder_name, name) = name.split_once('/').unwrap_or((FOLDER, name));
    Some((folder(folder_name).await?, name))
}

async fn folder(name: &str) -> Option<FileSystemDirectoryHandle> {
    let storage = scope().navigator().storage();
    // Missing outside secure contexts, and without this in older browsers, where asking for it
    // would throw.
    if !Reflect::get(&storage, &"getDirectory".into()).is_ok_and(|method| method.is_function()) {
        return None;
    }
    let root: FileSystemDirectoryHandle = settled(storage.get_directory()).await?;
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(true);
    settled(root.get_directory_handle_with_options(name, &options)).await
}

/// Whether a file could not be opened as somebody else has it open. Safari has no error for that
/// alone, and gives the same one where it never opens any file.
async fn is_open_elsewhere(error: &JsValue) -> bool {
    is_named(error, "NoModificationAllowedError")
        || is_named(error, "InvalidStateError") && opens_files().await
}

/// Where a file lies that nobody else knows, to see whether it can be opened.
const TRIAL_FOLDER: &str = "trial";

/// Whether files can be opened here at all. It is found out once.
async fn opens_files() -> bool {
    thread_local! {
        static FOUND: Cell<Option<bool>> = const { Cell::new(None) };
    }
    if let Some(found) = FOUND.get() {
        return found;
    }
    let found = opens_a_file().await.unwrap_or(false);
    FOUND.set(Some(found));
    found
}

async fn opens_a_file() -> Option<bool> {
    let folder = folder(TRIAL_FOLDER).await?;
    let name = js_sys::Math::random().to_string();
    let options = FileSystemGetFileOptions::new();
    options.set_create(true);
    let file: FileSystemFileHandle =
        settled(folder.get_file_handle_with_options(&name, &options)).await?;
    let opened = JsFuture::from(file.create_sync_access_handle()).await;
    if let Ok(handle) = &opened {
        handle.unchecked_ref::<FileSystemSyncAccessHandle>().close();
    }
    let _ = JsFuture::from(folder.remove_entry(&name)).await;
    Some(opened.is_ok())
}

/// Whether an exception has this name.
fn is_named(error: &JsValue, name: &str) -> bool {
    error
        .dyn_ref::<DomException>()
        .is_some_and(|error| error.name() == name)
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

impl Write for PrivateFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // A copy outside WebAssembly's memory, which may be shared.
        let written = self.write_at(self.position, &Uint8Array::from(bytes));
        written.map_err(|error| Error::other(format!("{error:?}")))?;
        self.position += bytes.len() as u64;
        Ok(bytes.len())
    }

    /// See the method of the same name, which waits for the disk: too much for every time that
    /// somebody flushes.
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Seek for PrivateFile {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.position = sought(self.position, self.length, to)?;
        Ok(self.position)
    }
}

impl Drop for PrivateFile {
    fn drop(&mut self) {
        self.handle.close();
    }
}
