//! The service worker, as the rest of the page sees it: it keeps the page for visits without a
//! network, and holds a newer version of the page until that is wanted.
//!
//! The only caller of the service worker, whose script `cargo xtask finish` makes. What is shown of
//! it is not decided here.

use std::cell::Cell;
use std::rc::Rc;

use js_sys::{JSON, Reflect};
use leptos::prelude::{document, window};
use serde::Serialize;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    MessageEvent, RegistrationOptions, ServiceWorker, ServiceWorkerContainer,
    ServiceWorkerRegistration, ServiceWorkerState, ServiceWorkerUpdateViaCache,
};

use crate::browser;
use crate::engine::describe;

/// The script, beside the page.
const SCRIPT: &str = "service-worker.js";

/// How often a page that stays open asks for a newer version, in milliseconds. Each visit does so
/// anyway.
const ASK_AGAIN: f64 = 60.0 * 60.0 * 1000.0;

/// What a visit without a network would need beside the page itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InUse {
    /// The engine's build.
    pub build: String,
    /// The page is cross-origin isolated. Where it is not, the service worker sees to it that the
    /// next visit is.
    pub isolated: bool,
    /// The SHA-256 of each model that the engine keeps.
    pub stored: Vec<String>,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum News {
    /// All that a visit without a network needs is kept.
    Complete,
    /// A newer version of the page is kept, and waits until it is wanted.
    NewVersion,
    /// The newer version cannot be taken while other pages of this one are open.
    OtherPages,
}

/// The service worker. Clones are the same one.
#[derive(Clone)]
pub struct ServiceWorkers {
    registration: ServiceWorkerRegistration,
    news: Rc<dyn Fn(News)>,
}

impl ServiceWorkers {
    /// Registers the service worker. `news` hears what becomes of it. `None` where the browser has
    /// none, as for pages that are not served over HTTPS or from this machine, or does not take
    /// this one: the page does without.
    pub async fn register(news: impl Fn(News) + 'static) -> Option<Self> {
        let container = container()?;
        let options = RegistrationOptions::new();
        options.set_update_via_cache(ServiceWorkerUpdateViaCache::None);
        let registering = container.register_with_options(SCRIPT, &options);
        let registration = match JsFuture::from(registering).await {
            Ok(registration) => registration.unchecked_into(),
            Err(error) => {
                let why = describe(&error);
                leptos::logging::warn!("Nothing is kept for visits without a network: {why}");
                return None;
            }
        };
        let workers = Self {
            registration,
            news: Rc::new(news),
        };
        workers.listen(&container);
        Some(workers)
    }

    /// Listens for as long as the page lives.
    fn listen(&self, container: &ServiceWorkerContainer) {
        let news = Rc::clone(&self.news);
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            let says = |what: &str| {
                Reflect::get(&event.data(), &what.into()).is_ok_and(|value| value.is_truthy())
            };
            if says("complete") {
                news(News::Complete);
            } else if says("others") {
                news(News::OtherPages);
            }
        });
        container.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        on_message.forget();

        if self.registration.waiting().is_some() && self.registration.active().is_some() {
            (self.news)(News::NewVersion);
        }
        self.watch_what_is_coming();
        let workers = self.clone();
        let on_update = Closure::<dyn Fn()>::new(move || workers.watch_what_is_coming());
        self.registration
            .set_onupdatefound(Some(on_update.as_ref().unchecked_ref()));
        on_update.forget();

        let registration = self.registration.clone();
        let asked = Cell::new(browser::now());
        let on_visible = Closure::<dyn Fn()>::new(move || {
            if !document().hidden() && browser::now() - asked.get() > ASK_AGAIN {
                asked.set(browser::now());
                // Without a network there is no answer, and none is missed.
                drop(registration.update());
            }
        });
        document()
            .add_event_listener_with_callback(
                "visibilitychange",
                on_visible.as_ref().unchecked_ref(),
            )
            .ok();
        on_visible.forget();
    }

    /// Says so when a version that is being collected is whole, and not the first.
    fn watch_what_is_coming(&self) {
        let Some(coming) = self.registration.installing() else {
            return;
        };
        if self.registration.active().is_none() {
            return;
        }
        let news = Rc::clone(&self.news);
        on_state(&coming, move |state| {
            if state == ServiceWorkerState::Installed {
                news(News::NewVersion);
            }
        });
    }

    /// Says what the page uses, so that it is kept. [`News::Complete`] is the answer.
    pub fn tell(&self, in_use: &InUse) {
        let message = serde_json::to_string(in_use).unwrap_or_default();
        self.post(&format!("{{\"inUse\":{message}}}"), &self.all());
    }

    /// Takes the newer version: loads the page again as soon as that is in force.
    /// [`News::OtherPages`] is the answer if it cannot be now.
    pub fn take_new_version(&self) {
        match self.registration.waiting() {
            Some(waiting) => {
                on_state(&waiting, |state| {
                    if state == ServiceWorkerState::Activated {
                        browser::reload();
                    }
                });
                self.post("{\"take\":true}", &[waiting]);
            }
            // Another page was quicker.
            None => browser::reload(),
        }
    }

    fn all(&self) -> Vec<ServiceWorker> {
        let workers = [
            self.registration.installing(),
            self.registration.waiting(),
            self.registration.active(),
        ];
        workers.into_iter().flatten().collect()
    }

    fn post(&self, message: &str, workers: &[ServiceWorker]) {
        if let Ok(message) = JSON::parse(message) {
            for worker in workers {
                worker.post_message(&message).ok();
            }
        }
    }
}

/// Missing where the browser has no service workers, or not for this page.
fn container() -> Option<ServiceWorkerContainer> {
    let container = Reflect::get(&window().navigator(), &"serviceWorker".into()).ok()?;
    container.dyn_into().ok()
}

fn on_state(worker: &ServiceWorker, changed: impl Fn(ServiceWorkerState) + 'static) {
    let of = worker.clone();
    let closure = Closure::<dyn Fn()>::new(move || changed(of.state()));
    worker.set_onstatechange(Some(closure.as_ref().unchecked_ref()));
    closure.forget();
}
