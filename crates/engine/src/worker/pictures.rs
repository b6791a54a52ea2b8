//! The pictures that the page has handed over. What is kept is the file; pixels only until the next encoding, since one
//! large photograph takes a hundred megabytes of them.

use std::collections::HashMap;
use std::rc::Rc;

use cliplet_clip::picture::Picture;
use js_sys::Uint8Array;
use sha2::{Digest, Sha256};
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use crate::messages::{Failure, PictureId};

/// SHA-256 of a picture's file.
pub(super) type ContentHash = [u8; 32];

/// One picture.
pub(super) struct TakenPicture {
    pub(super) file: Blob,
    pub(super) hash: ContentHash,
    /// Its pixels, if they are still here.
    pub(super) pixels: Option<Rc<Picture>>,
}

/// All of them.
pub(super) type Pictures = HashMap<PictureId, TakenPicture>;

/// Bytes hashed at a time.
const SLICE: f64 = 4_194_304.0;

/// Reads a file piece by piece and hashes it.
pub(super) async fn hash(file: &Blob) -> Result<ContentHash, Failure> {
    let unreadable = |_| Failure::UnreadablePicture;
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

/// A file's bytes.
pub(super) async fn bytes(file: &Blob) -> Result<Vec<u8>, Failure> {
    let buffer = JsFuture::from(file.array_buffer())
        .await
        .map_err(|_| Failure::UnreadablePicture)?;
    Ok(Uint8Array::new(&buffer).to_vec())
}
