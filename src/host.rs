//! The page around, where Cliplet is shown inside one: its `embed.js` says what it wants and hears
//! what comes of it.
//!
//! The only caller of the page around, which nobody here trusts. It is listened to once outside the
//! port that it hands over, and there only itself; what it sends is a text, or a file that was
//! asked for. What a text means is not this module's business (`state::embed`).

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use futures_channel::oneshot;
use js_sys::Array;
use leptos::prelude::{set_timeout, window};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, MessageEvent, MessagePort, Window};

use crate::browser;
use crate::state::embed::messages::ToHost;

const HELLO: &str = "cliplet:hello:";
const CONNECT: &str = "cliplet:connect";

/// How long is waited for the first settings: they come by return, if at all.
const FIRST_WITHIN: Duration = Duration::from_secs(5);
/// How long is waited for a picture's bytes.
const PICTURE_WITHIN: Duration = Duration::from_secs(30);
/// Between one change of settings and the next, in milliseconds. Of those that come in the meantime
/// the last one holds.
const BETWEEN: f64 = 50.0;

struct Inner {
    parent: Window,
    port: RefCell<Option<MessagePort>>,
    origin: RefCell<Option<String>>,
    /// The last text that has come, until it is taken.
    latest: RefCell<Option<String>>,
    scheduled: Cell<bool>,
    last_taken: Cell<f64>,
    first: RefCell<Option<oneshot::Sender<String>>>,
    settings: RefCell<Rc<dyn Fn(String)>>,
    pictures: RefCell<HashMap<String, oneshot::Sender<Option<Blob>>>>,
}

/// The page around. Clones are the same one.
#[derive(Clone)]
pub struct Host(Rc<Inner>);

impl Host {
    /// Says hello to the page around, and gives its first settings once they come. `None` where
    /// none is there that listens: the frame's address has no token then.
    pub async fn greet() -> Option<(Self, String)> {
        let hash = window().location().hash().ok()?;
        let token = hash.strip_prefix('#').filter(|token| !token.is_empty())?;
        let parent = window().parent().ok()??;
        if parent == window() {
            return None;
        }
        let (first, settings) = oneshot::channel();
        let host = Self(Rc::new(Inner {
            parent,
            port: RefCell::default(),
            origin: RefCell::default(),
            latest: RefCell::default(),
            scheduled: Cell::default(),
            last_taken: Cell::new(-BETWEEN),
            first: RefCell::new(Some(first)),
            settings: RefCell::new(Rc::new(|_| {})),
            pictures: RefCell::default(),
        }));
        host.listen();
        // The token is all there is in it, and of use to the page around alone.
        let hello = format!("{HELLO}{token}");
        host.0.parent.post_message(&hello.into(), "*").ok()?;
        let waiting = host.clone();
        set_timeout(move || drop(waiting.0.first.take()), FIRST_WITHIN);
        Some((host, settings.await.ok()?))
    }

    /// `settings` hears each text with settings that comes from now on, or the last of those that
    /// come close together.
    pub fn on_settings(&self, settings: impl Fn(String) + 'static) {
        self.0.settings.replace(Rc::new(settings));
    }

    /// Says something to the page around.
    pub fn say(&self, message: &ToHost) {
        if let Some(port) = &*self.0.port.borrow() {
            port.post_message(&message.to_json().into()).ok();
        }
    }

    /// Whether a picture lies at the host of the page around, which can read it whether or not that
    /// host lets others do so.
    pub fn is_its_own(&self, url: &str) -> bool {
        let origin = web_sys::Url::new(url).map(|url| url.origin());
        origin.is_ok_and(|origin| self.0.origin.borrow().as_ref() == Some(&origin))
    }

    /// The bytes of a picture, as the page around reads them. `None` if it cannot.
    pub async fn picture(&self, url: &str) -> Option<Blob> {
        let (end, file) = oneshot::channel();
        self.0.pictures.borrow_mut().insert(url.to_owned(), end);
        self.say(&ToHost::Picture {
            url: url.to_owned(),
        });
        let (host, asked) = (self.clone(), url.to_owned());
        set_timeout(
            move || drop(host.0.pictures.borrow_mut().remove(&asked)),
            PICTURE_WITHIN,
        );
        file.await.ok().flatten()
    }

    /// Waits for the page around to hand over its port.
    fn listen(&self) {
        let host = self.clone();
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            let is_parent = event.source().is_some_and(|source| {
                JsValue::from(source) == JsValue::from(host.0.parent.clone())
            });
            let connects = || event.data().as_string().as_deref() == Some(CONNECT);
            if !is_parent || host.0.port.borrow().is_some() || !connects() {
                return;
            }
            let ports: Array = event.ports().unchecked_into();
            if let Ok(port) = ports.get(0).dyn_into::<MessagePort>() {
                host.0.origin.replace(Some(event.origin()));
                host.take_port(port);
            }
        });
        window()
            .add_event_listener_with_callback("message", on_message.as_ref().unchecked_ref())
            .ok();
        on_message.forget();
    }

    fn take_port(&self, port: MessagePort) {
        let host = self.clone();
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            let data = event.data();
            match data.as_string() {
                Some(text) => host.heard(text),
                None => host.given(&data),
            }
        });
        // This also starts it.
        port.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        on_message.forget();
        self.0.port.replace(Some(port));
    }

    /// Settings have come. However fast they come, they are taken one at a time, and the browser
    /// draws in between.
    fn heard(&self, text: String) {
        self.0.latest.replace(Some(text));
        if self.0.scheduled.replace(true) {
            return;
        }
        let wait = (self.0.last_taken.get() + BETWEEN - browser::now()).max(0.0);
        let host = self.clone();
        set_timeout(
            move || host.take_latest(),
            Duration::from_secs_f64(wait / 1_000.0),
        );
    }

    fn take_latest(&self) {
        self.0.scheduled.set(false);
        self.0.last_taken.set(browser::now());
        let Some(text) = self.0.latest.take() else {
            return;
        };
        match self.0.first.take() {
            Some(first) => drop(first.send(text)),
            None => {
                let settings = self.0.settings.borrow().clone();
                settings(text);
            }
        }
    }

    /// A picture has come: its address and its file, or `null`.
    fn given(&self, data: &JsValue) {
        if !Array::is_array(data) {
            return;
        }
        let data = Array::from(data);
        let asked = data
            .get(0)
            .as_string()
            .and_then(|url| self.0.pictures.borrow_mut().remove(&url));
        if let Some(asked) = asked {
            asked.send(data.get(1).dyn_into().ok()).ok();
        }
    }
}
