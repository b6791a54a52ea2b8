//! One tab at a time reads or writes a file (Web Locks), and the others hear how far it is
//! (BroadcastChannel).
//!
//! <https://w3c.github.io/web-locks/>. A lock goes with the tab that has it, however that ends.
//! Where a browser has no such locks, the file system's own handles keep tabs apart, less politely.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{BroadcastChannel, MessageEvent};

use super::super::global::scope;
use super::super::tasks::{Stopped, Task};

#[wasm_bindgen]
extern "C" {
    type LockManager;

    #[wasm_bindgen(method, catch)]
    fn request(
        this: &LockManager,
        name: &str,
        options: &Object,
        granted: &Function,
    ) -> Result<Promise, JsValue>;
}

const CHANNEL: &str = "cliplet-store";

/// The right to read and write a file, until it is dropped.
pub(in super::super) struct Lock {
    /// None where the browser has no locks.
    release: Option<Function>,
}

impl Lock {
    /// Waits for the lock of a file. While another tab has it, `watch` hears what that one
    /// [tells](tell_other_tabs).
    ///
    /// # Errors
    /// [`Stopped::Cancelled`].
    pub(in super::super) async fn take(
        task: &Task,
        file: &str,
        watch: impl Fn(u64, Option<u64>) + 'static,
    ) -> Result<Self, Stopped> {
        if let Some(lock) = Self::try_take(file).await {
            return Ok(lock);
        }
        let _watching = Watching::begin(file, watch);
        let options = Object::new();
        if let Some(signal) = task.signal() {
            set(&options, "signal", &signal);
        }
        let lock = request(file, &options).await;
        task.check_cancelled()?;
        Ok(lock.unwrap_or(Self { release: None }))
    }

    /// The lock of a file, unless somebody has it.
    pub(in super::super) async fn try_take(file: &str) -> Option<Self> {
        let options = Object::new();
        set(&options, "ifAvailable", &JsValue::TRUE);
        match request(file, &options).await {
            Ok(lock) => Some(lock),
            Err(error) if error.is_null() => None,
            // No locks in this browser, or none for this page.
            Err(_) => Some(Self { release: None }),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(release) = &self.release {
            // Resolving a promise cannot fail.
            let _ = release.call0(&JsValue::UNDEFINED);
        }
    }
}

/// Waits until nobody has a lock of this name. Comes back at once where the browser has none.
pub(in super::super) async fn wait_until_free(name: &str) {
    drop(request(name, &Object::new()).await);
}

/// Asks for a lock and waits for it.
///
/// # Errors
/// `null` if it is not to be had, otherwise what the browser says.
async fn request(file: &str, options: &Object) -> Result<Lock, JsValue> {
    let locks = Reflect::get(&scope().navigator(), &"locks".into())?;
    if !locks.is_object() {
        return Err(JsValue::UNDEFINED);
    }
    let mut release = None;
    // The lock is held until this promise, which the browser is given with the answer, is resolved.
    let held = Promise::new(&mut |resolve, _| release = Some(resolve));
    let answer: Rc<RefCell<Option<Function>>> = Rc::default();
    let granted = Promise::new(&mut |resolve, _| {
        answer.replace(Some(resolve));
    });
    let callback = Closure::once_into_js(move |lock: JsValue| {
        if let Some(answer) = answer.take() {
            let _ = answer.call1(&JsValue::UNDEFINED, &lock);
        }
        if lock.is_null() {
            JsValue::UNDEFINED
        } else {
            held.into()
        }
    });
    let requested = locks.unchecked_into::<LockManager>().request(
        &format!("cliplet:{file}"),
        options,
        callback.unchecked_ref(),
    )?;
    // Whichever comes first: that it was granted or not, or an exception instead.
    let first = Promise::race(&js_sys::Array::of2(&granted, &requested));
    let lock = JsFuture::from(first).await?;
    if lock.is_null() {
        return Err(JsValue::NULL);
    }
    Ok(Lock { release })
}

/// Tells tabs that wait for a file how far it is.
pub(in super::super) fn tell_other_tabs(file: &str, received: u64, total: Option<u64>) {
    thread_local! {
        static OPEN: Option<BroadcastChannel> = BroadcastChannel::new(CHANNEL).ok();
    }
    OPEN.with(|channel| {
        if let Some(channel) = channel {
            let total = total.map_or(JsValue::NULL, |total| (total as f64).into());
            let message = js_sys::Array::of3(&file.into(), &(received as f64).into(), &total);
            // Nobody depends on it.
            let _ = channel.post_message(&message);
        }
    });
}

/// Listens to what other tabs tell.
struct Watching {
    channel: Option<BroadcastChannel>,
    _heard: Closure<dyn Fn(MessageEvent)>,
}

impl Watching {
    fn begin(file: &str, watch: impl Fn(u64, Option<u64>) + 'static) -> Self {
        let file = file.to_owned();
        let heard = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            let message = js_sys::Array::from(&event.data());
            if message.get(0).as_string().as_ref() == Some(&file)
                && let Some(received) = message.get(1).as_f64()
            {
                watch(
                    received as u64,
                    message.get(2).as_f64().map(|total| total as u64),
                );
            }
        });
        let channel = BroadcastChannel::new(CHANNEL).ok();
        if let Some(channel) = &channel {
            channel.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        }
        Self {
            channel,
            _heard: heard,
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        if let Some(channel) = &self.channel {
            channel.set_onmessage(None);
            channel.close();
        }
    }
}

fn set(object: &Object, name: &str, value: &JsValue) {
    // A plain object takes any value.
    let _ = Reflect::set(object, &name.into(), value);
}
