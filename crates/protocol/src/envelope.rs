//! How a message crosses `postMessage`: as an object `{ message, blob, pixels, port }`, where
//! `message` is a plain object made by `serde`. `blob`, if it is there, is a file that travels
//! beside it without being copied, `pixels` an `ImageBitmap` or `ImageData`, and `port` a
//! `MessagePort`.

use js_sys::{Object, Reflect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Blob;

const MESSAGE: &str = "message";
const BLOB: &str = "blob";
const PIXELS: &str = "pixels";
const PORT: &str = "port";

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

/// Puts pixels beside a message: an `ImageBitmap` or an `ImageData`.
///
/// # Errors
/// If the envelope is none that [`seal`] has made.
pub fn put_pixels(envelope: &JsValue, pixels: &JsValue) -> Result<(), JsValue> {
    Reflect::set(envelope, &PIXELS.into(), pixels).map(drop)
}

/// The pixels beside a message, as they came; `undefined` without any.
pub fn pixels(envelope: &JsValue) -> JsValue {
    Reflect::get(envelope, &PIXELS.into()).unwrap_or_default()
}

/// The port beside a message, as it came; `undefined` without one.
pub fn port(envelope: &JsValue) -> JsValue {
    Reflect::get(envelope, &PORT.into()).unwrap_or_default()
}

#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    use js_sys::Array;
    use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

    use super::*;
    use crate::messages::{
        Classify, FromWorker, LabelScore, PictureTaken, Progress, Reply, Request, Response, Scores,
        TakePixels, ToWorker,
    };
    use crate::query::{Candidate, LabelQuery};
    use crate::scoring::{Kind, Scoring};

    wasm_bindgen_test_configure!(run_in_browser);

    /// As `postMessage` does it: what cannot be cloned is an error.
    fn posted(envelope: &JsValue) -> JsValue {
        let clone: js_sys::Function = Reflect::get(&js_sys::global(), &"structuredClone".into())
            .unwrap()
            .unchecked_into();
        clone.call1(&JsValue::UNDEFINED, envelope).unwrap()
    }

    #[wasm_bindgen_test]
    fn messages_arrive_as_they_were_sent() {
        let request = ToWorker {
            id: 7,
            request: Request::Classify(Classify {
                picture: 1,
                query: LabelQuery {
                    labels: vec![
                        Candidate::new("cat"),
                        Candidate {
                            label: "Żółw 🐢".into(),
                            prompts: vec!["a {}".into()],
                        },
                    ],
                    templates: vec!["a photo of a {}".into()],
                    scoring: Scoring {
                        kind: Kind::Independent,
                        none_below: Some(0.5),
                        ..Scoring::default()
                    },
                },
            }),
        };
        let (opened, blob) = open::<ToWorker>(&posted(&seal(&request, None).unwrap())).unwrap();
        assert_eq!(opened, request);
        assert!(blob.is_none());
        for reply in [
            Reply::Cancelled,
            Reply::Progress(Progress::Downloading {
                received: 5_000_000_000,
                total: None,
            }),
            Reply::Done(Response::Scores(Scores {
                model: "m".into(),
                scores: vec![LabelScore {
                    cosine: 0.25,
                    score: 1.0,
                    cut: true,
                }],
                logit_scale: 100.0,
                neutral: None,
                fit: Some(0.25),
                none_fits: true,
            })),
        ] {
            let reply = FromWorker::Reply { id: 3, reply };
            let envelope = posted(&seal(&reply, None).unwrap());
            assert_eq!(open::<FromWorker>(&envelope).unwrap().0, reply);
        }
    }

    #[wasm_bindgen_test]
    fn a_file_travels_beside_a_message() {
        let blob = Blob::new_with_str_sequence(&Array::of1(&"bytes".into())).unwrap();
        let reply = FromWorker::Reply {
            id: 1,
            reply: Reply::Done(Response::PictureTaken(PictureTaken {
                width: 2,
                height: 1,
                incomplete: false,
            })),
        };
        let envelope = posted(&seal(&reply, Some(&blob)).unwrap());
        let (opened, file) = open::<FromWorker>(&envelope).unwrap();
        assert_eq!(opened, reply);
        assert_eq!(file.unwrap().size(), 5.0);
    }

    #[wasm_bindgen_test]
    fn pixels_travel_beside_a_message() {
        let request = ToWorker {
            id: 1,
            request: Request::TakePixels(TakePixels { picture: 2 }),
        };
        let envelope = seal(&request, None).unwrap();
        assert!(pixels(&envelope).is_undefined());
        put_pixels(&envelope, &"pixels".into()).unwrap();
        let envelope = posted(&envelope);
        assert_eq!(open::<ToWorker>(&envelope).unwrap().0, request);
        assert_eq!(pixels(&envelope), "pixels");
        assert!(pixels(&JsValue::NULL).is_undefined());
    }

    #[wasm_bindgen_test]
    fn what_is_no_message_is_refused() {
        for nonsense in [JsValue::NULL, "text".into(), Object::new().into()] {
            assert!(open::<ToWorker>(&nonsense).is_err());
        }
    }
}
