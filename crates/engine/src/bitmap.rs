//! What decoding and reading back have in common: bitmaps and canvases of the browser, and what
//! errors mean there.

use cliplet_clip::Error;
use js_sys::{Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, ImageBitmap, OffscreenCanvas, OffscreenCanvasRenderingContext2d};

use super::global::scope;
use cliplet_protocol::messages::Failure;

/// A picture file as the browser decodes it, if it does.
pub(super) async fn browser_bitmap(file: &Blob) -> Option<ImageBitmap> {
    let promise = scope().create_image_bitmap_with_blob(file).ok()?;
    JsFuture::from(promise).await.ok()?.dyn_into().ok()
}

/// A context that is read from, not shown.
pub(super) fn context(
    canvas: &OffscreenCanvas,
) -> Result<OffscreenCanvasRenderingContext2d, Failure> {
    let options = Object::new();
    Reflect::set(&options, &"willReadFrequently".into(), &JsValue::TRUE).map_err(internal)?;
    canvas
        .get_context_with_context_options("2d", &options)
        .map_err(internal)?
        .and_then(|context| context.dyn_into().ok())
        .ok_or_else(|| Failure::Internal {
            message: "This browser gives a worker no canvas.".to_owned(),
        })
}

/// What an error of a picture is to the page.
pub(super) fn failure(error: Error) -> Failure {
    match error {
        Error::EmptyPicture => Failure::EmptyPicture,
        Error::PictureTooLarge { width, height, .. } => Failure::PictureTooLarge { width, height },
        Error::UnsupportedPicture { what, advice } => Failure::UnsupportedPicture { what, advice },
        _ => Failure::UnreadablePicture,
    }
}

/// An error of the browser that nothing a visitor does can cause.
pub(super) fn internal(error: JsValue) -> Failure {
    Failure::Internal {
        message: format!("{error:?}"),
    }
}
