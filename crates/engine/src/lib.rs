//! The engine: a dedicated worker around Cliplet's model. It takes requests one by one as they
//! come, and works on each as a task of its own, so that a picture can be scored while a model is
//! still arriving. The page that has started it may bring others.
//!
//! It is the only code that talks to both the model and the browser. `requests` does what a page
//! asks for. A `page_session` is a page, `session_state` what it has, with its `collection` of many
//! pictures, and `session_registry` what all pages share; `model`, `embedding` and `pictures` hold
//! what is known, and `scoring` makes scores of cosines. `fetch`, `store` and `conversion` bring
//! model files in, `source` says where one comes from, and `ranges` which parts of it are there.
//! `decode` makes pixels of a picture file, which `readback` gets out of the browser's `bitmap`;
//! `pixels` are those that the page hands over. `tasks` lets work be cancelled; `port` speaks to
//! pages, through the worker's `global` object. What is not here: the messages
//! (`cliplet-protocol`), arithmetic (`cliplet-clip`), and anything that a person sees (the page).

#![forbid(unsafe_code)]

mod bitmap;
mod canvas_check;
mod collection;
mod conversion;
mod decode;
mod embedding;
mod fetch;
mod global;
mod model;
mod page_session;
mod pictures;
mod pixels;
mod port;
mod preview;
mod ranges;
mod readback;
mod requests;
mod scoring;
mod session_registry;
mod session_state;
mod source;
mod store;
mod tasks;

use std::rc::Rc;

use js_sys::WebAssembly::RuntimeError;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{MessageEvent, PromiseRejectionEvent};

use cliplet_protocol::messages::{Cancel, FromWorker, Join, Reply, Request};
use global::scope;
use page_session::PageSession;
use port::{Attachments, PagePort};
use session_registry::SessionRegistry;
use tasks::Stopped;

/// Starts to listen to the page, and says so to it, with the name of this build of the engine and
/// how many threads compute. Called once, on the worker's own thread, when the other threads are
/// there: what is computed sooner would be computed without them, now and later.
pub fn start(build: String, threads: u32) {
    report_crashes();
    let worker = Rc::new(Worker {
        sessions: Rc::default(),
        listening: FromWorker::Listening { build, threads },
    });
    let listener = worker.begin(PagePort::Owner).1;
    scope().set_onmessage(Some(listener.as_ref().unchecked_ref()));
    listener.forget();
    PagePort::Owner.post(&worker.listening);
}

/// What a session's messages come in at.
type Listener = Closure<dyn Fn(MessageEvent)>;

struct Worker {
    sessions: Rc<SessionRegistry>,
    /// What every page hears first.
    listening: FromWorker,
}

impl Worker {
    /// Begins to work for a page.
    fn begin(self: &Rc<Self>, port: PagePort) -> (Rc<PageSession>, Listener) {
        let session = Rc::new(PageSession::new(port, &self.sessions));
        let (worker, of) = (Rc::clone(self), Rc::clone(&session));
        let listener = Closure::new(move |event: MessageEvent| worker.take(&of, &event));
        (session, listener)
    }

    /// Works for another page until that is gone.
    fn join(self: &Rc<Self>, attachments: Attachments, lock: String) {
        let Some(port) = attachments.port else {
            return port::complain(&"A page wants to join, and has sent no port.".into());
        };
        let (session, listener) = self.begin(PagePort::Guest(port.clone()));
        port.set_onmessage(Some(listener.as_ref().unchecked_ref()));
        port::add_guest(&port);
        session.port.post(&self.listening);
        wasm_bindgen_futures::spawn_local(async move {
            store::wait_until_free(&lock).await;
            port::remove_guest(&port);
            port.set_onmessage(None);
            port.close();
            session.end();
            drop(listener);
        });
    }

    /// Takes a message of a page.
    fn take(self: &Rc<Self>, session: &Rc<PageSession>, event: &MessageEvent) {
        let (message, attachments) = match port::read(event) {
            Ok(read) => read,
            Err(error) => return port::complain(&error),
        };
        match message.request {
            Request::Cancel(Cancel { request }) => return session.tasks.cancel(request),
            Request::Join(Join { lock }) => return self.join(attachments, lock),
            _ => {}
        }
        let session = Rc::clone(session);
        wasm_bindgen_futures::spawn_local(async move {
            let task = session.tasks.begin(message.id);
            let end = match session.answer(&task, message.request, attachments).await {
                Ok((done, preview)) => (Reply::Done(done), preview),
                Err(Stopped::Failed(failure)) => (Reply::Failed(failure), None),
                Err(Stopped::Cancelled) => (Reply::Cancelled, None),
            };
            session.tasks.end(message.id);
            session.port.reply(message.id, end.0, end.1.as_ref());
            session.tidy_up();
        });
    }
}

/// Tells all pages of a panic, and of what ends the program without one: memory that is not to be
/// had.
fn report_crashes() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        port::tell_all(&FromWorker::Crashed {
            message: info.to_string(),
        });
    }));
    let listener = Closure::<dyn Fn(PromiseRejectionEvent)>::new(|event: PromiseRejectionEvent| {
        // Other rejections are of promises that nobody waits for.
        if let Some(trap) = event.reason().dyn_ref::<RuntimeError>() {
            port::tell_all(&FromWorker::Crashed {
                message: trap.message().into(),
            });
        }
    });
    // A global without events could not have taken messages either.
    let _ = scope()
        .add_event_listener_with_callback("unhandledrejection", listener.as_ref().unchecked_ref());
    listener.forget();
}
