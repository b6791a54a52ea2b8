//! What runs inside the worker: it takes requests one by one as they come, and works on each as a task of its own, so that
//! a picture can be scored while a model is still arriving.
//!
//! `engine` does what is asked; `model` and `pictures` hold what it knows; `fetch` and `store` bring model files in, and
//! `ranges` says which parts of one are there; `decode` makes pixels of a picture file; `tasks` lets work be cancelled; `port` speaks to the page. What is not
//! here: arithmetic, which is `cliplet-clip`'s.

mod conversion;
mod decode;
mod engine;
mod fetch;
mod model;
mod pictures;
mod port;
mod ranges;
mod store;
mod tasks;

use std::rc::Rc;

use js_sys::WebAssembly::RuntimeError;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{MessageEvent, PromiseRejectionEvent};

use crate::messages::{FromWorker, Reply, Request};
use engine::Engine;
use tasks::Stopped;

/// Starts to listen to the page, and says so to it, with the name of this build of the engine and how many threads compute.
/// Called once, on the worker's own thread, when the other threads are there: what is computed sooner would be computed
/// without them, now and later.
pub fn start(build: String, threads: u32) {
    report_crashes();
    let engine = Rc::new(Engine::default());
    let listener = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        take(&engine, &event);
    });
    port::scope().set_onmessage(Some(listener.as_ref().unchecked_ref()));
    listener.forget();
    port::post(&FromWorker::Listening { build, threads });
}

/// Tells the page of a panic, and of what ends the program without one: memory that is not to be had.
fn report_crashes() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        port::post(&FromWorker::Crashed {
            message: info.to_string(),
        });
    }));
    let listener = Closure::<dyn Fn(PromiseRejectionEvent)>::new(|event: PromiseRejectionEvent| {
        // Other rejections are of promises that nobody waits for.
        if let Some(trap) = event.reason().dyn_ref::<RuntimeError>() {
            port::post(&FromWorker::Crashed {
                message: trap.message().into(),
            });
        }
    });
    // A global without events could not have taken messages either.
    let _ = port::scope()
        .add_event_listener_with_callback("unhandledrejection", listener.as_ref().unchecked_ref());
    listener.forget();
}

fn take(engine: &Rc<Engine>, event: &MessageEvent) {
    let (message, beside) = match port::read(event) {
        Ok(read) => read,
        Err(error) => return port::complain(&error),
    };
    if let Request::Cancel { request } = message.request {
        return engine.tasks.cancel(request);
    }
    let engine = Rc::clone(engine);
    wasm_bindgen_futures::spawn_local(async move {
        let task = engine.tasks.begin(message.id);
        let end = match engine.answer(&task, message.request, beside).await {
            Ok((done, preview)) => (Reply::Done(done), preview),
            Err(Stopped::Failed(failure)) => (Reply::Failed(failure), None),
            Err(Stopped::Cancelled) => (Reply::Cancelled, None),
        };
        engine.tasks.end(message.id);
        port::reply(message.id, end.0, end.1.as_ref());
        engine.tidy_up();
    });
}
