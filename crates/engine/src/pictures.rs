//! The pictures that the page has handed over. What is kept is the file; pixels only until the next
//! encoding, since one large photograph takes a hundred megabytes of them, unless there is no file.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use cliplet_clip::picture::Picture;
use js_sys::{Object, Uint8Array};
use sha2::{Digest, Sha256};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, SubtleCrypto};

use super::global::scope;
use cliplet_protocol::messages::Failure;
use cliplet_protocol::query::PictureId;

/// SHA-256 of a picture's file, or what [`unlike_others`] gives for one without.
pub(super) type ContentHash = [u8; 32];

/// Where a picture's pixels come from.
#[derive(Clone)]
pub(super) enum Source {
    /// To be decoded once more.
    File(Blob),
    /// They are all there is.
    Pixels(Rc<Picture>),
}

/// One picture.
pub(super) struct TakenPicture {
    pub(super) source: Source,
    pub(super) hash: ContentHash,
    /// What was decoded of its file, if that is still here.
    pub(super) pixels: Option<Rc<Picture>>,
}

/// All of them.
pub(super) type Pictures = HashMap<PictureId, TakenPicture>;

/// Bytes hashed at a time, and the most that the browser is asked to hash, which it only does of
/// what lies in memory as a whole.
const SLICE: f64 = 4_194_304.0;

/// Reads a file and hashes it: the browser does that on a thread of its own, with the processor's
/// instructions for it.
pub(super) async fn hash(file: &Blob) -> Result<ContentHash, Failure> {
    let unreadable = |_| Failure::UnreadablePicture;
    if file.size() <= SLICE
        && let Some(subtle) = subtle()
    {
        let bytes = JsFuture::from(file.array_buffer())
            .await
            .map_err(unreadable)?;
        if let Some(hash) = by_browser(&subtle, bytes.unchecked_ref()).await {
            return Ok(hash);
        }
    }
    let mut hasher = Sha256::new();
    let mut at = 0.0;
    while at < file.size() {
        let slice = file
            .slice_with_f64_and_f64(at, at + SLICE)
            .map_err(unreadable)?;
        hasher.update(bytes(&slice).await?);
        at += SLICE;
    }
    Ok(hasher.finalize().into())
}

/// None in a page without a secure origin, where browsers do not hash.
fn subtle() -> Option<SubtleCrypto> {
    let subtle = scope().crypto().ok()?.subtle();
    (!subtle.is_undefined()).then_some(subtle)
}

async fn by_browser(subtle: &SubtleCrypto, bytes: &Object) -> Option<ContentHash> {
    let promise = subtle
        .digest_with_str_and_buffer_source("SHA-256", bytes)
        .ok()?;
    let hash = JsFuture::from(promise).await.ok()?;
    Uint8Array::new(&hash).to_vec().try_into().ok()
}

/// In the place of a hash, for pixels: hashing those of a video would take longer than they are of
/// use.
pub(super) fn unlike_others() -> ContentHash {
    thread_local! {
        static COUNT: Cell<u64> = const { Cell::new(0) };
    }
    let count = COUNT.get() + 1;
    COUNT.set(count);
    // No SHA-256 that anybody has seen begins with so many zeros.
    let mut hash = [0; 32];
    hash[24..].copy_from_slice(&count.to_be_bytes());
    hash
}

/// A file's bytes.
pub(super) async fn bytes(file: &Blob) -> Result<Vec<u8>, Failure> {
    let buffer = JsFuture::from(file.array_buffer())
        .await
        .map_err(|_| Failure::UnreadablePicture)?;
    Ok(Uint8Array::new(&buffer).to_vec())
}
