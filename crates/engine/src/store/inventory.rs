//! What a person sees of the store: which files are there, how large they are, how much room is
//! left; and deleting.

use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::StorageEstimate;

use super::super::global::scope;
use super::cache::CachedFile;
use super::journal::{EXTENSION, Record};
use super::lock::Lock;
use super::private_file::PrivateFile;
use super::prompts;
use cliplet_protocol::catalogue::ModelEntry;
use cliplet_protocol::messages::{Failure, StoredFile, StoredFiles};

/// All files, and the room there is.
pub(in super::super) async fn files() -> StoredFiles {
    tidy_up().await;
    let files = stored().await;
    let room = Room::now().await;
    StoredFiles {
        files,
        used: room.as_ref().map(|room| room.used),
        available: room.as_ref().map(|room| room.available),
    }
}

/// All files, by their names.
async fn stored() -> Vec<StoredFile> {
    let mut files = Vec::new();
    for name in PrivateFile::names().await {
        let Some(file) = name.strip_suffix(EXTENSION) else {
            continue;
        };
        let text = PrivateFile::peek(&name).await.unwrap_or_default();
        let Some((record, _)) = Record::read(&text) else {
            continue;
        };
        let whole = record.whole.as_ref().map(|whole| whole.bytes);
        let arrived = record.bytes();
        files.push(StoredFile {
            name: file.to_owned(),
            model: record.header.label.model,
            revision: record.header.label.revision,
            title: record.header.label.title,
            bytes: whole.unwrap_or(arrived),
            total: whole.or(record.header.total),
            whole: whole.is_some(),
        });
    }
    for (name, label, bytes) in CachedFile::all().await {
        files.push(StoredFile {
            name,
            model: label.model,
            revision: label.revision,
            title: label.title,
            bytes,
            total: Some(bytes),
            whole: true,
        });
    }
    files.sort_by(|one, other| one.name.cmp(&other.name));
    files
}

/// Deletes a file that a person wants to be rid of, with what was kept beside it.
///
/// # Errors
/// [`Failure::FileInUse`].
pub(in super::super) async fn delete(name: &str) -> Result<(), Failure> {
    let _lock = Lock::try_take(name).await.ok_or(Failure::FileInUse)?;
    if !remove(name).await {
        return Err(Failure::FileInUse);
    }
    for other in PrivateFile::names().await {
        if prompts::belongs_to(&other, name) {
            // One that another tab has open goes when that tab does: see `tidy_up`.
            PrivateFile::remove(&other).await;
        }
    }
    Ok(())
}

/// Deletes what is kept of other revisions of a model. One that another tab has open stays, and is
/// listed as its own.
pub(in super::super) async fn delete_other_revisions(model: &ModelEntry) {
    for file in stored().await {
        if file.model == model.id && file.revision != model.revision {
            let _ = delete(&file.name).await;
        }
    }
}

/// Removes a file whose lock the caller has. Gives whether it is gone.
pub(in super::super) async fn remove(name: &str) -> bool {
    CachedFile::remove(name).await;
    // The journal last: while it is there, what is left of the file is known to be something.
    PrivateFile::remove(name).await && PrivateFile::remove(&format!("{name}{EXTENSION}")).await
}

/// Removes files that have lost their journal, and what was kept beside files that are gone. What
/// another tab has open stays.
async fn tidy_up() {
    let names = PrivateFile::names().await;
    for name in &names {
        let file = prompts::file_of(name).unwrap_or(name);
        let has_journal = names
            .iter()
            .any(|other| other.strip_suffix(EXTENSION) == Some(file));
        if name.ends_with(EXTENSION) || has_journal {
            continue;
        }
        if let Some(_lock) = Lock::try_take(file).await {
            PrivateFile::remove(name).await;
        }
    }
}

/// How many bytes more the browser would have to give than it does, for a file that takes `wanted`
/// more; 0 if it has room or does not say.
pub(super) async fn missing_room(wanted: u64) -> u64 {
    let room = Room::now().await;
    room.map_or(0, |room| wanted.saturating_sub(room.available))
}

/// What the browser says of the room for this site, which is an estimate.
struct Room {
    used: u64,
    available: u64,
}

impl Room {
    async fn now() -> Option<Self> {
        // Without an origin, as in a sandbox, there is no room at all; and Firefox, asked there,
        // runs what waits for its turn while the call is still under way, which is more than Rust's
        // futures can bear.
        if scope().origin() == "null" {
            return None;
        }
        // Missing outside secure contexts.
        let storage = scope().navigator().storage();
        if JsValue::from(&storage).is_undefined() {
            return None;
        }
        let estimate = JsFuture::from(storage.estimate().ok()?).await.ok()?;
        let estimate = StorageEstimate::from(estimate);
        let (used, quota) = (estimate.get_usage()?, estimate.get_quota()?);
        Some(Self {
            used: used as u64,
            available: (quota - used).max(0.0) as u64,
        })
    }
}
