//! The lines to pages: messages to and from JavaScript objects.

use std::cell::RefCell;

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, MessageEvent, MessagePort};

use super::global::scope;
use super::pixels::Pixels;
use cliplet_protocol::envelope;
use cliplet_protocol::messages::{FromWorker, Reply, RequestId, ToWorker};

/// What may travel beside a message of the page.
#[derive(Default)]
pub(super) struct Attachments {
    pub(super) file: Option<Blob>,
    pub(super) pixels: Option<Pixels>,
    pub(super) port: Option<MessagePort>,
}

/// A message of the page, and what is beside it.
pub(super) fn read(event: &MessageEvent) -> Result<(ToWorker, Attachments), JsValue> {
    let data = event.data();
    let (message, file) = envelope::open(&data)?;
    let pixels = Pixels::of(envelope::pixels(&data));
    let port = envelope::port(&data).dyn_into().ok();
    Ok((message, Attachments { file, pixels, port }))
}

/// Where what is for one page goes.
#[derive(Clone)]
pub(super) enum PagePort {
    /// To the page that has started the worker.
    Owner,
    /// To another one.
    Guest(MessagePort),
}

impl PagePort {
    /// Sends a message without a file.
    pub(super) fn post(&self, message: &FromWorker) {
        self.send(message, None);
    }

    /// Sends a reply, with a file beside it where there is one.
    pub(super) fn reply(&self, id: RequestId, reply: Reply, blob: Option<&Blob>) {
        self.send(&FromWorker::Reply { id, reply }, blob);
    }

    fn send(&self, message: &FromWorker, blob: Option<&Blob>) {
        let sent = envelope::seal(message, blob).and_then(|object| match self {
            Self::Owner => scope().post_message(&object),
            Self::Guest(port) => port.post_message(&object),
        });
        if let Err(error) = sent {
            complain(&error);
        }
    }
}

thread_local! {
    static GUESTS: RefCell<Vec<MessagePort>> = const { RefCell::new(Vec::new()) };
}

/// From now on a page hears of what [all](tell_all) are told.
pub(super) fn add_guest(port: &MessagePort) {
    GUESTS.with_borrow_mut(|guests| guests.push(port.clone()));
}

/// The other way round.
pub(super) fn remove_guest(port: &MessagePort) {
    GUESTS.with_borrow_mut(|guests| guests.retain(|other| other != port));
}

/// Tells every page something, in whatever state the worker is.
pub(super) fn tell_all(message: &FromWorker) {
    PagePort::Owner.post(message);
    GUESTS.with(|guests| {
        for port in guests.try_borrow().iter().flat_map(|guests| guests.iter()) {
            PagePort::Guest(port.clone()).post(message);
        }
    });
}

/// Says on the console that a message could not be read or sent: only a defect of Cliplet's can
/// cause that.
pub(super) fn complain(error: &JsValue) {
    web_sys::console::error_1(error);
}
