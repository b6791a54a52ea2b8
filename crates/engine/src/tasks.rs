//! Requests under way: cancelling them, and letting other messages in while they work.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use js_sys::Promise;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, AbortSignal, MessageChannel};

use super::global::scope;
use super::port::PagePort;
use cliplet_protocol::messages::{Failure, Progress, Reply, RequestId};

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

/// All requests of one page that have not ended yet.
pub(super) struct Tasks {
    port: PagePort,
    open: RefCell<HashMap<RequestId, Rc<Task>>>,
}

impl Tasks {
    /// Those of a page, which hears how far they are.
    pub(super) fn of(port: PagePort) -> Self {
        Self {
            port,
            open: RefCell::default(),
        }
    }

    pub(super) fn begin(&self, id: RequestId) -> Rc<Task> {
        let task = Rc::new(Task::new(id, self.port.clone()));
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

    /// Asks all of them to stop.
    pub(super) fn cancel_all(&self) {
        for task in self.open.borrow().values() {
            task.cancel();
        }
    }
}

/// How long work may go on without letting other messages in, and how often progress is told, in
/// milliseconds.
const SLICE: f64 = 16.0;
const PROGRESS_EVERY: f64 = 100.0;

/// One request under way.
pub(super) struct Task {
    id: RequestId,
    port: PagePort,
    cancelled: Cell<bool>,
    /// Aborts what the task waits for.
    abort: Option<AbortController>,
    /// Abort the requests that are under way.
    requests: RefCell<Vec<AbortController>>,
    slice_began: Cell<f64>,
    told: Cell<f64>,
}

impl Task {
    fn new(id: RequestId, port: PagePort) -> Self {
        Self {
            id,
            port,
            cancelled: Cell::new(false),
            abort: AbortController::new().ok(),
            requests: RefCell::default(),
            slice_began: Cell::new(now()),
            told: Cell::new(f64::NEG_INFINITY),
        }
    }

    fn cancel(&self) {
        self.cancelled.set(true);
        for abort in self.abort.iter().chain(&*self.requests.borrow()) {
            abort.abort();
        }
    }

    /// For something that is to end with the task.
    pub(super) fn signal(&self) -> Option<AbortSignal> {
        self.abort.as_ref().map(AbortController::signal)
    }

    /// For a request that is to end with the task, or before.
    pub(super) fn abort(&self) -> Abort<'_> {
        let controller = AbortController::new().ok();
        if let Some(controller) = &controller {
            self.requests.borrow_mut().push(controller.clone());
        }
        Abort {
            task: self,
            controller,
        }
    }

    /// Waits some milliseconds, or until the page cancels the task.
    pub(super) async fn sleep(&self, milliseconds: f64) -> Result<(), Stopped> {
        const AT_A_TIME: f64 = 200.0;
        let end = now() + milliseconds;
        while now() < end {
            timer((end - now()).min(AT_A_TIME)).await;
            self.check_cancelled()?;
        }
        Ok(())
    }

    /// Whether the page has cancelled it.
    pub(super) fn check_cancelled(&self) -> Result<(), Stopped> {
        if self.cancelled.get() {
            Err(Stopped::Cancelled)
        } else {
            Ok(())
        }
    }

    /// Between two pieces of work: lets other messages in if the last time was a while ago, a
    /// cancellation among them.
    pub(super) async fn yield_if_due(&self) -> Result<(), Stopped> {
        if now() - self.slice_began.get() > SLICE {
            let_messages_in().await;
            self.slice_began.set(now());
        }
        self.check_cancelled()
    }

    /// The same, at once: before a piece of work that takes long.
    pub(super) async fn yield_now(&self) -> Result<(), Stopped> {
        let_messages_in().await;
        self.slice_began.set(now());
        self.check_cancelled()
    }

    /// Tells the page how far it is.
    pub(super) fn tell(&self, progress: Progress) {
        self.told.set(now());
        self.progress_sender().tell(progress);
    }

    /// For somebody who tells the page how far it is.
    pub(super) fn progress_sender(&self) -> ProgressSender {
        ProgressSender {
            id: self.id,
            port: self.port.clone(),
        }
    }

    /// The same, unless it was told of progress just now.
    pub(super) fn tell_now_and_then(&self, progress: impl FnOnce() -> Progress) {
        if self.is_time_to_tell() {
            self.tell(progress());
        }
    }

    /// Whether the page was told of progress a while ago.
    pub(super) fn is_time_to_tell(&self) -> bool {
        now() - self.told.get() >= PROGRESS_EVERY
    }
}

/// Tells the page how far a request is, as long as that has not ended.
pub(super) struct ProgressSender {
    id: RequestId,
    port: PagePort,
}

impl ProgressSender {
    pub(super) fn tell(&self, progress: Progress) {
        self.port.reply(self.id, Reply::Progress(progress), None);
    }
}

/// Ends a request when it is dropped, or with its task.
pub(super) struct Abort<'a> {
    task: &'a Task,
    controller: Option<AbortController>,
}

impl Abort<'_> {
    /// What the request listens to.
    pub(super) fn signal(&self) -> Option<AbortSignal> {
        self.controller.as_ref().map(AbortController::signal)
    }

    /// For somebody else who may end the request.
    pub(super) fn controller(&self) -> Option<AbortController> {
        self.controller.clone()
    }
}

impl Drop for Abort<'_> {
    fn drop(&mut self) {
        if let Some(controller) = &self.controller {
            controller.abort();
            self.task
                .requests
                .borrow_mut()
                .retain(|other| other != controller);
        }
    }
}

/// Comes back after some milliseconds.
pub(super) async fn timer(milliseconds: f64) {
    let promise = Promise::new(&mut |resolve, _| {
        // A worker without timers would not run at all.
        let _ = scope()
            .set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, milliseconds as i32);
    });
    let _ = JsFuture::from(promise).await;
}

/// Milliseconds since some fixed moment.
pub(super) fn now() -> f64 {
    js_sys::Date::now()
}

/// Comes back after the messages that have arrived by now. A promise alone would come back before
/// them, and a timer is held up for milliseconds by the browser.
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
