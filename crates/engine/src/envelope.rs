//! How a message crosses `postMessage`: as an object `{ message, blob }`, where `message` is a plain object made by `serde` and
//! `blob`, if it is there, a file that travels beside it without being copied.

use js_sys::{Object, Reflect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Blob;

const MESSAGE: &str = "message";
const BLOB: &str = "blob";

/// The object to post.
///
/// # Errors
/// If the message cannot be an object, which is a defect of its type.
pub fn seal(message: &impl Serialize, blob: Option<&Blob>) -> Result<JsValue, JsValue> {
    let message = message.serialize(&serde_wasm_bindgen::Serializer::json_compatible())?;
    let envelope = Object::new();
    Reflect::set(&envelope, &MESSAGE.into(), &message)?;
    if let Some(blob) = blob {
        Reflect::set(&envelope, &BLOB.into(), blob)?;
    }
    Ok(envelope.into())
}

/// The message in an object that was posted, and the file beside it.
///
/// # Errors
/// If the object is none that [`seal`] has made of such a message.
pub fn open<T: DeserializeOwned>(envelope: &JsValue) -> Result<(T, Option<Blob>), JsValue> {
    let message = Reflect::get(envelope, &MESSAGE.into())?;
    let blob = Reflect::get(envelope, &BLOB.into())?.dyn_into().ok();
    Ok((serde_wasm_bindgen::from_value(message)?, blob))
}
