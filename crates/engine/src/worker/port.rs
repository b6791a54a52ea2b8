//! The line to the page: messages to and from JavaScript objects.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, DedicatedWorkerGlobalScope, MessageEvent};

use super::decode::Pixels;

use crate::envelope;
use crate::messages::{FromWorker, Reply, RequestId, ToWorker};

/// The worker's global object.
pub(super) fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// What may travel beside a message of the page.
#[derive(Default)]
pub(super) struct Beside {
    pub(super) file: Option<Blob>,
    pub(super) pixels: Option<Pixels>,
}

/// A message of the page, and what is beside it.
pub(super) fn read(event: &MessageEvent) -> Result<(ToWorker, Beside), JsValue> {
    let data = event.data();
    let (message, file) = envelope::open(&data)?;
    let pixels = Pixels::of(envelope::pixels(&data));
    Ok((message, Beside { file, pixels }))
}

/// Sends a message without a file.
pub(super) fn post(message: &FromWorker) {
    send(message, None);
}

/// Sends a reply, with a file beside it where there is one.
pub(super) fn reply(id: RequestId, reply: Reply, blob: Option<&Blob>) {
    send(&FromWorker::Reply { id, reply }, blob);
}

/// Says on the console that a message could not be read or sent: only a defect of Cliplet's can cause that.
pub(super) fn complain(error: &JsValue) {
    web_sys::console::error_1(error);
}

fn send(message: &FromWorker, blob: Option<&Blob>) {
    let sent = envelope::seal(message, blob).and_then(|object| scope().post_message(&object));
    if let Err(error) = sent {
        complain(&error);
    }
}
