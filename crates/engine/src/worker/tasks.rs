//! Requests under way: cancelling them, and letting other messages in while they work.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use js_sys::Promise;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, AbortSignal, MessageChannel};

use super::port;
use crate::messages::{Failure, Progress, Reply, RequestId};

/// Why a request ended without being done.
#[derive(Debug)]
pub(super) enum Stopped {
    /// It cannot be done.
    Failed(Failure),
    /// The page does not want it any more.
    Cancelled,
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// All requests that have not ended yet.
#[derive(Default)]
pub(super) struct Tasks {
    open: RefCell<HashMap<RequestId, Rc<Task>>>,
}

impl Tasks {
    pub(super) fn begin(&self, id: RequestId) -> Rc<Task> {
        let task = Rc::new(Task::new(id));
        self.open.borrow_mut().insert(id, Rc::clone(&task));
        task
    }

    pub(super) fn end(&self, id: RequestId) {
        self.open.borrow_mut().remove(&id);
    }

    /// Asks a request to stop; nothing happens if it has ended.
    pub(super) fn cancel(&self, id: RequestId) {
        if let Some(task) = self.open.borrow().get(&id) {
            task.cancel();
        }
    }
}

/// How long work may go on without letting other messages in, and how often progress is told, in milliseconds.
const SLICE: f64 = 16.0;
const PROGRESS_EVERY: f64 = 100.0;

/// One request under way.
pub(super) struct Task {
    id: RequestId,
    cancelled: Cell<bool>,
    /// Aborts a fetch that the task waits for.
    abort: Option<AbortController>,
    slice_began: Cell<f64>,
    told: Cell<f64>,
}

impl Task {
    fn new(id: RequestId) -> Self {
        Self {
            id,
            cancelled: Cell::new(false),
            abort: AbortController::new().ok(),
            slice_began: Cell::new(now()),
            told: Cell::new(f64::NEG_INFINITY),
        }
    }

    fn cancel(&self) {
        self.cancelled.set(true);
        if let Some(abort) = &self.abort {
            abort.abort();
        }
    }

    /// For a fetch that is to end with the task.
    pub(super) fn signal(&self) -> Option<AbortSignal> {
        self.abort.as_ref().map(AbortController::signal)
    }

    /// Whether the page has cancelled it.
    pub(super) fn go_on(&self) -> Result<(), Stopped> {
        match self.cancelled.get() {
            true => Err(Stopped::Cancelled),
            false => Ok(()),
        }
    }

    /// Between two pieces of work: lets other messages in if the last time was a while ago, a cancellation among them.
    pub(super) async fn breathe(&self) -> Result<(), Stopped> {
        if now() - self.slice_began.get() > SLICE {
            let_messages_in().await;
            self.slice_began.set(now());
        }
        self.go_on()
    }

    /// The same, at once: before a piece of work that takes long.
    pub(super) async fn breathe_deeply(&self) -> Result<(), Stopped> {
        let_messages_in().await;
        self.slice_began.set(now());
        self.go_on()
    }

    /// Tells the page how far it is.
    pub(super) fn tell(&self, progress: Progress) {
        self.told.set(now());
        port::reply(self.id, Reply::Progress(progress), None);
    }

    /// The same, unless it was told of progress just now.
    pub(super) fn tell_now_and_then(&self, progress: impl FnOnce() -> Progress) {
        if now() - self.told.get() >= PROGRESS_EVERY {
            self.tell(progress());
        }
    }
}

/// Milliseconds since some fixed moment.
fn now() -> f64 {
    js_sys::Date::now()
}

/// Comes back after the messages that have arrived by now. A promise alone would come back before them, and a timer is held
/// up for milliseconds by the browser.
async fn let_messages_in() {
    let Ok(channel) = MessageChannel::new() else {
        return;
    };
    let promise = Promise::new(&mut |resolve, _| {
        let back = Closure::once_into_js(move || {
            // Resolving a promise that waits cannot fail.
            let _ = resolve.call0(&wasm_bindgen::JsValue::UNDEFINED);
        });
        channel.port1().set_onmessage(Some(back.unchecked_ref()));
    });
    if channel
        .port2()
        .post_message(&wasm_bindgen::JsValue::UNDEFINED)
        .is_ok()
    {
        let _ = JsFuture::from(promise).await;
    }
    channel.port1().close();
}
