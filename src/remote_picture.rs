//! A picture from somebody else's site. The only caller of sites that are neither the page's own
//! nor a model's.

use std::time::Duration;

use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use leptos::prelude::window;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, ReferrerPolicy, RequestCredentials, RequestInit, RequestMode, Response};

use crate::browser::{self, Timer};

/// How long is waited for a site that sends nothing.
const PATIENCE: Duration = Duration::from_secs(30);

#[wasm_bindgen]
extern "C" {
    type AbortController;

    #[wasm_bindgen(constructor)]
    fn new() -> AbortController;

    #[wasm_bindgen(method)]
    fn abort(this: &AbortController);

    #[wasm_bindgen(method, getter)]
    fn signal(this: &AbortController) -> JsValue;

    type Stream;

    #[wasm_bindgen(method, catch, js_name = getReader)]
    fn reader(this: &Stream) -> Result<Reader, JsValue>;

    type Reader;

    #[wasm_bindgen(method, catch)]
    fn read(this: &Reader) -> Result<Promise, JsValue>;
}

/// Why a picture did not come.
#[derive(Clone, Debug, PartialEq)]
pub enum FetchError {
    /// There is no network.
    Offline,
    /// The site does not let this page read it, or there is no such site. A page is not told which.
    Refused,
    /// The site answered with this status.
    Status(u16),
    /// A web page came instead of a picture.
    WebPage,
    /// Something else came, of this media type.
    OtherKind(String),
    /// Nothing came.
    Empty,
    /// It has more bytes than are taken.
    TooLarge,
    /// The connection broke.
    Broken,
    /// The site sends nothing.
    Silent,
}

/// Fetches a picture of at most so many bytes: without cookies, and without telling the site where
/// from. Redirects are followed, as far as each step allows this page to read it. It ends early
/// where `goes_on` says so.
///
/// # Errors
/// [`FetchError`].
pub async fn fetch_picture(
    url: &str,
    most: u64,
    goes_on: impl Fn() -> bool,
) -> Result<Blob, FetchError> {
    let abort = Abort::default();
    let options = RequestInit::new();
    options.set_mode(RequestMode::Cors);
    options.set_credentials(RequestCredentials::Omit);
    options.set_referrer_policy(ReferrerPolicy::NoReferrer);
    Reflect::set(&options, &"signal".into(), &abort.controller.signal()).ok();
    let answer = abort
        .within(window().fetch_with_str_and_init(url, &options))
        .await?
        .map_err(|_| {
            if browser::is_online() {
                FetchError::Refused
            } else {
                FetchError::Offline
            }
        })?;
    let response: Response = answer.dyn_into().map_err(|_| FetchError::Broken)?;
    if !response.ok() {
        return Err(FetchError::Status(response.status()));
    }
    let header = |name: &str| {
        response
            .headers()
            .get(name)
            .ok()
            .flatten()
            .unwrap_or_default()
    };
    let kind = header("content-type");
    let kind = kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match kind.as_str() {
        "text/html" | "application/xhtml+xml" => return Err(FetchError::WebPage),
        kind if may_be_picture(kind) => {}
        _ => return Err(FetchError::OtherKind(kind)),
    }
    // Of a compressed answer it is the compressed length, which is no more.
    if header("content-length")
        .parse()
        .is_ok_and(|length: u64| length > most)
    {
        return Err(FetchError::TooLarge);
    }
    let body = Reflect::get(&response, &"body".into())
        .ok()
        .filter(JsValue::is_object);
    let stream: Stream = body.ok_or(FetchError::Empty)?.unchecked_into();
    let reader = stream.reader().map_err(|_| FetchError::Broken)?;
    let pieces = Array::new();
    let mut received = 0;
    while goes_on() {
        let read = reader.read().map_err(|_| FetchError::Broken)?;
        let piece = abort.within(read).await?.map_err(|_| FetchError::Broken)?;
        let Some(bytes) = Reflect::get(&piece, &"value".into())
            .ok()
            .and_then(|value| value.dyn_into::<Uint8Array>().ok())
        else {
            break;
        };
        received += u64::from(bytes.length());
        if received > most {
            return Err(FetchError::TooLarge);
        }
        pieces.push(&bytes);
    }
    if received == 0 {
        return Err(FetchError::Empty);
    }
    let options = Object::new();
    Reflect::set(&options, &"type".into(), &kind.into()).ok();
    Blob::new_with_u8_array_sequence_and_options(&pieces, options.unchecked_ref())
        .map_err(|_| FetchError::Broken)
}

/// Whether there may be a picture in a file of this media type. Many servers do not know better
/// than to say "bytes".
fn may_be_picture(kind: &str) -> bool {
    kind.is_empty()
        || kind.starts_with("image/")
        || matches!(kind, "application/octet-stream" | "binary/octet-stream")
}

/// Ends a request that takes too long, and in any case when it is dropped.
struct Abort {
    controller: AbortController,
    timer: Timer,
}

impl Default for Abort {
    fn default() -> Self {
        Self {
            controller: AbortController::new(),
            timer: Timer::default(),
        }
    }
}

impl Abort {
    /// What a promise gives, unless that takes too long.
    async fn within(&self, promise: Promise) -> Result<Result<JsValue, JsValue>, FetchError> {
        let controller: AbortController = JsValue::from(&self.controller).unchecked_into();
        let late = std::rc::Rc::new(std::cell::Cell::new(false));
        let is_late = late.clone();
        self.timer.set(PATIENCE, move || {
            is_late.set(true);
            controller.abort();
        });
        let given = JsFuture::from(promise).await;
        self.timer.clear();
        if late.get() {
            Err(FetchError::Silent)
        } else {
            Ok(given)
        }
    }
}

impl Drop for Abort {
    fn drop(&mut self) {
        self.timer.clear();
        self.controller.abort();
    }
}
