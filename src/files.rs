//! Files from and to this device: the files in what was dropped, folders among it, and files that
//! are saved.
//!
//! <https://wicg.github.io/entries-api/>. What a folder holds is asked for in pieces, so that
//! thousands of files block nothing.

use std::time::Duration;

use js_sys::{Array, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobPropertyBag, DataTransfer, File, FileSystemDirectoryEntry, FileSystemEntry,
    FileSystemFileEntry, HtmlAnchorElement, Url,
};

use crate::state::collection::is_system_file;

/// A file, and where it lies below what was dropped or chosen, such as `animals/cat/tom.jpg`.
#[derive(Clone)]
pub struct Found {
    /// The browser's handle of it.
    pub file: File,
    /// Its path, without a slash at the beginning, where it is known; otherwise the file may [say
    /// it](path_in_folder).
    pub path: Option<String>,
}

/// What was dropped, if there is a folder among it: to be [walked](walk). Only while the event
/// lasts.
pub fn folders(transfer: &DataTransfer) -> Option<Vec<FileSystemEntry>> {
    let items = transfer.items();
    let entries = (0..items.length()).filter_map(|at| items.get(at)?.webkit_get_as_entry().ok()?);
    let entries: Vec<FileSystemEntry> = entries.collect();
    let has_folder = entries.iter().any(FileSystemEntry::is_directory);
    has_folder.then_some(entries)
}

/// All files in what was dropped, no more than `most`. Gives besides the name of the first that
/// could not be read, if one could not.
pub async fn walk(entries: Vec<FileSystemEntry>, most: usize) -> (Vec<Found>, Option<String>) {
    let mut found = Vec::new();
    let mut unread = None;
    let mut open: Vec<FileSystemEntry> = entries;
    // The next is at the end, so that a folder's files come in the order of the folder.
    open.reverse();
    while let Some(entry) = open.pop() {
        if found.len() >= most {
            break;
        }
        let path = entry.full_path().trim_start_matches('/').to_owned();
        if is_system_file(&path) {
            continue;
        }
        if entry.is_directory() {
            match children(entry.unchecked_ref()).await {
                Ok(mut children) => {
                    children.sort_by_key(FileSystemEntry::name);
                    open.extend(children.into_iter().rev());
                }
                Err(_) => drop(unread.get_or_insert(entry.name())),
            }
        } else {
            match file(entry.unchecked_ref()).await {
                Ok(file) => found.push(Found {
                    file,
                    path: Some(path),
                }),
                Err(_) => drop(unread.get_or_insert(entry.name())),
            }
        }
    }
    (found, unread)
}

async fn children(folder: &FileSystemDirectoryEntry) -> Result<Vec<FileSystemEntry>, JsValue> {
    let reader = folder.create_reader();
    let mut children = Vec::new();
    loop {
        let some = settled(|resolve, reject| {
            reader.read_entries_with_callback_and_callback(resolve, reject)
        })
        .await?;
        let some: Array = some.unchecked_into();
        if some.length() == 0 {
            return Ok(children);
        }
        children.extend(some.iter().map(FileSystemEntry::unchecked_from_js));
    }
}

async fn file(entry: &FileSystemFileEntry) -> Result<File, JsValue> {
    let file = settled(|resolve, reject| {
        entry.file_with_callback_and_callback(resolve, reject);
        Ok(())
    });
    Ok(file.await?.unchecked_into())
}

/// What comes of a call that takes two functions, for its result and for its failure.
async fn settled(
    call: impl FnOnce(&js_sys::Function, &js_sys::Function) -> Result<(), JsValue>,
) -> Result<JsValue, JsValue> {
    let mut call = Some(call);
    let promise = Promise::new(&mut |resolve, reject| {
        let called = call.take().map(|call| call(&resolve, &reject));
        if let Some(Err(error)) = called {
            reject.call1(&JsValue::UNDEFINED, &error).ok();
        }
    });
    JsFuture::from(promise).await
}

/// Where a chosen file lies below the folder that was chosen; its name alone where no folder was.
pub fn path_in_folder(file: &File) -> String {
    let path = Reflect::get(file, &"webkitRelativePath".into()).unwrap_or_default();
    let path = path.as_string().filter(|path| !path.is_empty());
    path.unwrap_or_else(|| file.name())
}

/// Whether a field for files can ask for a folder.
pub fn can_choose_folder() -> bool {
    let document = leptos::prelude::document();
    let field = document.create_element("input");
    field.is_ok_and(|field| Reflect::has(&field, &"webkitdirectory".into()).unwrap_or_default())
}

/// A file with this text in it.
///
/// # Errors
/// The browser's, if it has no room for it.
pub fn text_file(text: &str, media_type: &str) -> Result<Blob, JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type(media_type);
    Blob::new_with_str_sequence_and_options(&Array::of1(&text.into()), &options)
}

/// Lets the browser save a file under this name.
///
/// # Errors
/// The browser's, if it does not let the page do that.
pub fn save(file: &Blob, name: &str) -> Result<(), JsValue> {
    /// Until then the browser has begun to read it.
    const WHILE: Duration = Duration::from_secs(60);
    let url = Url::create_object_url_with_blob(file)?;
    let link: HtmlAnchorElement = leptos::prelude::document()
        .create_element("a")?
        .unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    leptos::prelude::set_timeout(move || drop(Url::revoke_object_url(&url)), WHILE);
    Ok(())
}
