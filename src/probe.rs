//! Asks the browser and the host what they give, to tell people of it. Nothing else of the page
//! depends on what is found here: whoever uses a thing finds out by using it.
//!
//! Nobody is asked for a permission, and nothing is changed.

use js_sys::{Array, Function, Object, Promise, Reflect, WebAssembly};
use leptos::prelude::window;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{RequestCache, RequestInit, Response};

use crate::browser;
use crate::state::capabilities::{Camera, Capabilities, ServiceWorker};

/// A module of WebAssembly with one function, which gives `i8x16.splat` of 0.
const SIMD: [u8; 29] = [
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b, 0x03,
    0x02, 0x01, 0x00, 0x0a, 0x08, 0x01, 0x06, 0x00, 0x41, 0x00, 0xfd, 0x0f, 0x0b,
];

/// A module of WebAssembly with one function, which gives `i32x4.relaxed_dot_i8x16_i7x16_add_s` of
/// its three arguments.
const RELAXED_SIMD: [u8; 37] = [
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x01, 0x60, 0x03, 0x7b, 0x7b, 0x7b,
    0x01, 0x7b, 0x03, 0x02, 0x01, 0x00, 0x0a, 0x0d, 0x01, 0x0b, 0x00, 0x20, 0x00, 0x20, 0x01, 0x20,
    0x02, 0xfd, 0x93, 0x02, 0x0b,
];

/// The two headers of a host that isolate a page, and the values that do.
const ISOLATION: [(&str, &[&str]); 2] = [
    ("Cross-Origin-Opener-Policy", &["same-origin"]),
    (
        "Cross-Origin-Embedder-Policy",
        &["require-corp", "credentialless"],
    ),
];

/// Asks for everything.
pub async fn capabilities() -> Capabilities {
    Capabilities {
        secure: is_true("isSecureContext"),
        isolated: browser::is_isolated(),
        sharing: find("SharedArrayBuffer").is_function() && opens_channels(),
        simd: is_valid(&SIMD),
        relaxed: is_valid(&RELAXED_SIMD),
        cores: find("navigator.hardwareConcurrency")
            .as_f64()
            .unwrap_or(1.0) as u32,
        service_worker: service_worker().await,
        private_files: answers("navigator.storage.getDirectory", &[]).await,
        cache: answers("caches.keys", &[]).await,
        persistent: browser::is_storage_persistent().await,
        available: available().await,
        camera: camera().await,
        host_isolates: host_isolates().await,
    }
}

/// Whether the page may have channels to others of its origin, as threads have to it.
fn opens_channels() -> bool {
    let Ok(channel) = find("BroadcastChannel").dyn_into::<Function>() else {
        return false;
    };
    let opened = Reflect::construct(&channel, &Array::of1(&"cliplet-probe".into()));
    opened.is_ok_and(|channel| {
        let close = Reflect::get(&channel, &"close".into());
        let close = close
            .ok()
            .and_then(|close| close.dyn_into::<Function>().ok());
        // It would keep the page from being kept for the way back.
        close.is_some_and(|close| close.call0(&channel).is_ok())
    })
}

fn is_valid(module: &[u8]) -> bool {
    let bytes = js_sys::Uint8Array::from(module);
    WebAssembly::validate(&bytes).unwrap_or(false)
}

async fn service_worker() -> ServiceWorker {
    if !find("navigator.serviceWorker.controller").is_falsy() {
        ServiceWorker::InCharge
    } else if answers("navigator.serviceWorker.getRegistrations", &[]).await {
        ServiceWorker::Able
    } else {
        ServiceWorker::None
    }
}

/// Bytes that the site may still take.
async fn available() -> Option<u64> {
    let estimate = call("navigator.storage.estimate", &[]).await.ok()?;
    let number = |name: &str| Reflect::get(&estimate, &name.into()).ok()?.as_f64();
    let left = number("quota")? - number("usage").unwrap_or(0.0);
    Some(left.max(0.0) as u64)
}

async fn camera() -> Camera {
    let Ok(devices) = call("navigator.mediaDevices.enumerateDevices", &[]).await else {
        return Camera::NoWay;
    };
    let is_camera = |device: JsValue| {
        Reflect::get(&device, &"kind".into()).is_ok_and(|kind| kind == "videoinput")
    };
    if !Array::from(&devices).iter().any(is_camera) {
        return Camera::NotFound;
    }
    let wanted = Object::new();
    Reflect::set(&wanted, &"name".into(), &"camera".into()).ok();
    // Not every browser knows a permission of this name.
    let state = match call("navigator.permissions.query", &[wanted.into()]).await {
        Ok(status) => Reflect::get(&status, &"state".into()).unwrap_or_default(),
        Err(_) => JsValue::UNDEFINED,
    };
    if state == "denied" {
        Camera::Refused
    } else {
        Camera::Found
    }
}

/// Whether the host itself sends the headers that isolate a page. A service worker answers for
/// whole files alone, so this question reaches the host.
async fn host_isolates() -> Option<bool> {
    let options = RequestInit::new();
    options.set_method("HEAD");
    options.set_cache(RequestCache::NoStore);
    let answer = window().fetch_with_str_and_init("./", &options);
    let answer: Response = JsFuture::from(answer).await.ok()?.dyn_into().ok()?;
    let sends = |(name, values): &(&str, &[&str])| {
        let sent = answer.headers().get(name).ok().flatten();
        sent.is_some_and(|sent| values.contains(&sent.trim()))
    };
    answer.ok().then(|| ISOLATION.iter().all(sends))
}

/// A thing of the window, named as in a program; undefined where it is missing.
fn find(path: &str) -> JsValue {
    path.split('.')
        .try_fold(JsValue::from(window()), |object, name| {
            Reflect::get(&object, &name.into()).ok()
        })
        .unwrap_or_default()
}

fn is_true(path: &str) -> bool {
    find(path).is_truthy()
}

/// Calls a method of a thing of the window, and waits for what it gives.
async fn call(path: &str, arguments: &[JsValue]) -> Result<JsValue, JsValue> {
    let (owner, _) = path.rsplit_once('.').unwrap_or(("", path));
    let method: Function = find(path).dyn_into()?;
    let given = method.apply(&find(owner), &arguments.iter().collect())?;
    JsFuture::from(Promise::resolve(&given)).await
}

/// Whether a method is there and does not fail.
async fn answers(path: &str, arguments: &[JsValue]) -> bool {
    call(path, arguments).await.is_ok()
}
