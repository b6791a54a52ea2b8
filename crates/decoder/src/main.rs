//! The decoder of pictures that browsers refuse: a program of its own, which the engine's worker
//! fetches when the first such picture comes.
//!
//! What lives here: what JavaScript calls. What does not: the decoder, which is `cliplet-clip`'s,
//! and what is made of a picture, which is the engine's. By itself it can be started anew after
//! each picture, which frees its memory, and it may break down over one that its decoder is not
//! prepared for: only that picture is lost.

#![forbid(unsafe_code)]

use cliplet_clip::Error;
use cliplet_clip::picture;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;

fn main() {}

/// Decodes a file. `[width, height, rgb, incomplete]`; of a picture with too many pixels
/// `[width, height]`, of a kind that is not read `[what it is, what to do]`, and `[]` of what
/// cannot be read.
#[wasm_bindgen]
pub fn decode(file: &[u8]) -> Array {
    match picture::decode(file) {
        Ok(picture) => Array::of4(
            &picture.width().into(),
            &picture.height().into(),
            &Uint8Array::from(picture.rgb()),
            &picture.is_incomplete().into(),
        ),
        Err(Error::UnsupportedPicture { what, advice }) => Array::of2(&what.into(), &advice.into()),
        Err(Error::PictureTooLarge { width, height, .. }) => {
            Array::of2(&width.into(), &height.into())
        }
        Err(_) => Array::new(),
    }
}
