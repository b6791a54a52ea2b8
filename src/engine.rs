//! The worker, as the rest of the page sees it: requests that end, with progress, and that can be
//! cancelled.
//!
//! The only caller of the worker. What a request or its answer means is not its business.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::marker::PhantomData;
use std::rc::Rc;

use cliplet_protocol::envelope;
use cliplet_protocol::messages::{
    Ask, Cancel, Failure, FromWorker, PictureTaken, Progress, Reply, Request, RequestId, Response,
    TakePixels, ToWorker,
};
use cliplet_protocol::query::PictureId;
use futures_channel::oneshot;
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use crate::state::capabilities::Running;

#[wasm_bindgen]
extern "C" {
    /// A worker, as `start.js` of the engine starts it.
    #[derive(Clone)]
    type StartedWorker;

    /// Gives the worker that was started with the page, and after that new ones. Missing if the
    /// script has not arrived.
    #[wasm_bindgen(catch, js_name = startClipletEngine)]
    fn start_worker() -> Result<StartedWorker, JsValue>;

    #[wasm_bindgen(method)]
    fn listen(this: &StartedWorker, message: &JsValue, failure: &JsValue);

    #[wasm_bindgen(method, catch)]
    fn post(this: &StartedWorker, message: &JsValue) -> Result<(), JsValue>;

    #[wasm_bindgen(method)]
    fn end(this: &StartedWorker);
}

/// How a request ended, if not well.
#[derive(Clone, Debug, PartialEq)]
pub enum Ended {
    /// The engine could not do it.
    Failed(Failure),
    /// The page cancelled it.
    Cancelled,
}

/// What becomes of the worker itself.
#[derive(Clone, Debug, PartialEq)]
pub enum EngineStatus {
    /// It listens.
    Listening(Running),
    /// It could not be started: no script, or a browser that cannot run it.
    NotStarted(String),
    /// It broke while it ran. Every model and picture in it is gone; [`Engine::start`] gives a new
    /// one.
    Died(String),
}

/// How a request ends: with an answer and the file that travelled beside it, if there was one.
type End = Result<(Response, Option<Blob>), Ended>;

/// A request under way, which is answered with an `Answer`.
pub struct Call<Answer> {
    /// For [`Engine::cancel`].
    pub id: RequestId,
    end: oneshot::Receiver<End>,
    answer: PhantomData<Answer>,
}

impl<Answer: TryFrom<Response>> Call<Answer> {
    /// Waits for the end.
    pub async fn end(self) -> Result<Answer, Ended> {
        self.end_with_file().await.map(|(answer, _)| answer)
    }

    /// Waits for the end. A file is the one that travelled beside the answer.
    pub async fn end_with_file(self) -> Result<(Answer, Option<Blob>), Ended> {
        let (response, file) = self.end.await.unwrap_or(Err(Ended::Cancelled))?;
        match response.try_into() {
            Ok(answer) => Ok((answer, file)),
            Err(_) => Err(Ended::Failed(Failure::Internal {
                message: "the engine has answered something else than it was asked".to_owned(),
            })),
        }
    }
}

/// One question at a time: asking another one cancels the one before, whose end is no longer heard.
#[derive(Clone, Default)]
pub struct Latest(Rc<Cell<Option<RequestId>>>);

impl Latest {
    /// Asks, and hands the end to `then`, unless it is cancelled or something else is asked
    /// meanwhile.
    pub fn ask<R: Ask>(
        &self,
        engine: &Engine,
        request: R,
        then: impl FnOnce(Result<R::Answer, Ended>) + 'static,
    ) where
        R::Answer: 'static,
    {
        self.cancel(engine);
        self.follow(engine.ask(request), then);
    }

    /// The same for a request that was made already, after the one before was cancelled.
    pub fn follow<Answer: TryFrom<Response> + 'static>(
        &self,
        call: Call<Answer>,
        then: impl FnOnce(Result<Answer, Ended>) + 'static,
    ) {
        let (id, latest) = (call.id, Rc::clone(&self.0));
        latest.set(Some(id));
        leptos::task::spawn_local(async move {
            let end = call.end().await;
            if latest.get() == Some(id) {
                latest.set(None);
                then(end);
            }
        });
    }

    /// Cancels what was asked last.
    pub fn cancel(&self, engine: &Engine) {
        if let Some(request) = self.0.take() {
            engine.cancel(request);
        }
    }

    /// Whether there is no answer yet to what was asked last.
    pub fn is_under_way(&self) -> bool {
        self.0.get().is_some()
    }
}

struct Waiting {
    progress: Rc<dyn Fn(RequestId, Progress)>,
    end: oneshot::Sender<End>,
}

struct Started {
    worker: StartedWorker,
    listening: bool,
    /// Posted as soon as the worker listens.
    unsent: Vec<JsValue>,
    _on_message: Closure<dyn FnMut(JsValue)>,
    _on_failure: Closure<dyn FnMut(String)>,
}

struct Inner {
    running: RefCell<Option<Started>>,
    /// What was asked before the first start; `None` from then on.
    early: RefCell<Option<Vec<JsValue>>>,
    waiting: RefCell<HashMap<RequestId, Waiting>>,
    last_id: Cell<RequestId>,
    life: RefCell<Rc<dyn Fn(EngineStatus)>>,
}

/// The worker. Clones are the same one.
#[derive(Clone)]
pub struct Engine(Rc<Inner>);

impl Engine {
    /// An engine that is not started yet. Requests may be made all the same: they are sent when it
    /// listens.
    #[expect(
        clippy::new_without_default,
        reason = "it is one of a kind, not a value"
    )]
    pub fn new() -> Self {
        Self(Rc::new(Inner {
            running: RefCell::new(None),
            early: RefCell::new(Some(Vec::new())),
            waiting: RefCell::new(HashMap::new()),
            last_id: Cell::new(0),
            life: RefCell::new(Rc::new(|_| {})),
        }))
    }

    /// `life` hears what becomes of the worker.
    pub fn on_status(&self, life: impl Fn(EngineStatus) + 'static) {
        self.0.life.replace(Rc::new(life));
    }

    fn tell(&self, life: EngineStatus) {
        let listener = self.0.life.borrow().clone();
        listener(life);
    }

    /// Takes over the worker that was started with the page, or starts a new one in the place of
    /// one that died. Requests may be made at once: they are sent when it listens.
    pub fn start(&self) {
        let early = self.0.early.take();
        if early.is_none() {
            self.end_all();
        }
        if let Err(error) = self.try_start(early.unwrap_or_default()) {
            self.end_all();
            self.tell(EngineStatus::NotStarted(describe(&error)));
        }
    }

    fn try_start(&self, unsent: Vec<JsValue>) -> Result<(), JsValue> {
        let worker = start_worker()?;
        let engine = self.clone();
        let on_message = Closure::new(move |message: JsValue| engine.heard(&message));
        let engine = self.clone();
        let on_failure = Closure::new(move |why: String| engine.ends(why));
        let (message, failure) = (on_message.as_ref().clone(), on_failure.as_ref().clone());
        self.0.running.replace(Some(Started {
            worker: worker.clone(),
            listening: false,
            unsent,
            _on_message: on_message,
            _on_failure: on_failure,
        }));
        // Calls them at once with what the worker has said already.
        worker.listen(&message, &failure);
        Ok(())
    }

    /// Makes a request.
    pub fn ask<R: Ask>(&self, request: R) -> Call<R::Answer> {
        self.ask_with_file(request, None)
    }

    /// Makes a request with a file beside it, where it needs one.
    pub fn ask_with_file<R: Ask>(&self, request: R, file: Option<&Blob>) -> Call<R::Answer> {
        self.send(request.into(), file, None, Rc::new(|_, _| {}))
    }

    /// Makes a request. `progress` hears its id and how far it is.
    pub fn ask_with_progress<R: Ask>(
        &self,
        request: R,
        progress: impl Fn(RequestId, Progress) + 'static,
    ) -> Call<R::Answer> {
        self.send(request.into(), None, None, Rc::new(progress))
    }

    fn send<Answer>(
        &self,
        request: Request,
        blob: Option<&Blob>,
        pixels: Option<&JsValue>,
        progress: Rc<dyn Fn(RequestId, Progress)>,
    ) -> Call<Answer> {
        let (id, end) = self.begin(request, blob, pixels, progress);
        Call {
            id,
            end,
            answer: PhantomData,
        }
    }

    fn begin(
        &self,
        request: Request,
        blob: Option<&Blob>,
        pixels: Option<&JsValue>,
        progress: Rc<dyn Fn(RequestId, Progress)>,
    ) -> (RequestId, oneshot::Receiver<End>) {
        let id = self.0.last_id.get() + 1;
        self.0.last_id.set(id);
        let (end, receiver) = oneshot::channel();
        match self.post(&ToWorker { id, request }, blob, pixels) {
            Ok(()) => {
                let waiting = Waiting { progress, end };
                self.0.waiting.borrow_mut().insert(id, waiting);
            }
            Err(error) => {
                let message = describe(&error);
                end.send(Err(Ended::Failed(Failure::Internal { message })))
                    .ok();
            }
        }
        (id, receiver)
    }

    /// Hands over pixels, an `ImageBitmap`, which is the worker's from then on.
    pub fn hand_over(&self, picture: PictureId, pixels: &JsValue) -> Call<PictureTaken> {
        let request = TakePixels { picture }.into();
        self.send(request, None, Some(pixels), Rc::new(|_, _| {}))
    }

    /// Asks the worker to stop working on a request; it still ends in its own time, most likely as
    /// cancelled.
    pub fn cancel(&self, request: RequestId) {
        if self.0.waiting.borrow().contains_key(&request) {
            // The id of a message that has no reply is of no use to anybody.
            let id = self.0.last_id.get() + 1;
            self.0.last_id.set(id);
            self.post(
                &ToWorker {
                    id,
                    request: Request::Cancel(Cancel { request }),
                },
                None,
                None,
            )
            .ok();
        }
    }

    fn post(
        &self,
        message: &ToWorker,
        blob: Option<&Blob>,
        pixels: Option<&JsValue>,
    ) -> Result<(), JsValue> {
        let message = envelope::seal(message, blob)?;
        if let Some(pixels) = pixels {
            envelope::put_pixels(&message, pixels)?;
        }
        match &mut *self.0.running.borrow_mut() {
            Some(running) if running.listening => running.worker.post(&message),
            Some(running) => {
                running.unsent.push(message);
                Ok(())
            }
            None => match &mut *self.0.early.borrow_mut() {
                Some(early) => {
                    early.push(message);
                    Ok(())
                }
                None => Err(JsValue::from_str("The engine is not running.")),
            },
        }
    }

    fn heard(&self, data: &JsValue) {
        let (message, blob) = match envelope::open(data) {
            Ok(opened) => opened,
            Err(error) => {
                leptos::logging::warn!("The engine said something unknown: {error:?}");
                return;
            }
        };
        match message {
            FromWorker::Listening { build, threads } => self.listens(Running { build, threads }),
            FromWorker::Crashed { message } => self.ends(message),
            FromWorker::Reply { id, reply } => self.replied(id, reply, blob),
        }
    }

    fn listens(&self, engine: Running) {
        if let Some(running) = &mut *self.0.running.borrow_mut() {
            running.listening = true;
            for message in running.unsent.drain(..) {
                running.worker.post(&message).ok();
            }
        }
        self.tell(EngineStatus::Listening(engine));
    }

    fn replied(&self, id: RequestId, reply: Reply, blob: Option<Blob>) {
        let end = match reply {
            Reply::Progress(progress) => {
                // Nothing is borrowed while it is called, for it may well cancel this request or
                // make another.
                let listener = self
                    .0
                    .waiting
                    .borrow()
                    .get(&id)
                    .map(|waiting| waiting.progress.clone());
                if let Some(listener) = listener {
                    listener(id, progress);
                }
                return;
            }
            Reply::Done(done) => Ok((done, blob)),
            Reply::Failed(failure) => Err(Ended::Failed(failure)),
            Reply::Cancelled => Err(Ended::Cancelled),
        };
        let waiting = self.0.waiting.borrow_mut().remove(&id);
        if let Some(waiting) = waiting {
            waiting.end.send(end).ok();
        }
    }

    fn ends(&self, why: String) {
        let was_listening = self
            .0
            .running
            .borrow()
            .as_ref()
            .is_some_and(|running| running.listening);
        self.end_all();
        self.tell(if was_listening {
            EngineStatus::Died(why)
        } else {
            EngineStatus::NotStarted(why)
        });
    }

    /// Ends the worker, and every request with it.
    fn end_all(&self) {
        // Dropped at the end of the event that may have brought us here: a closure must not free
        // itself while it runs.
        if let Some(running) = self.0.running.borrow_mut().take() {
            running.worker.end();
            leptos::prelude::queue_microtask(move || drop(running));
        }
        for (_, waiting) in self.0.waiting.borrow_mut().drain() {
            waiting.end.send(Err(Ended::Cancelled)).ok();
        }
    }
}

/// An exception in words.
pub fn describe(error: &JsValue) -> String {
    error
        .dyn_ref::<js_sys::Error>()
        .map(|error| String::from(error.message()))
        .or_else(|| error.as_string())
        .unwrap_or_else(|| format!("{error:?}"))
}
