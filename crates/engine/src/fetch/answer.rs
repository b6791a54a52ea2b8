//! One request, and the bytes that come of it.

use std::cell::Cell;
use std::rc::Rc;

use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, ReadableStreamDefaultReader, RequestCache, RequestInit, Response};

use super::super::global::scope;
use super::super::source::Version;
use super::super::tasks::{Abort, Task, now};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Asked {
    /// The file.
    Whole,
    /// A part of it: from `first` on, up to but not including `end` if there is one.
    Part { first: u64, end: Option<u64> },
}

/// Why there is nothing, or nothing more.
#[derive(Debug)]
pub(super) enum DownloadError {
    /// The task was cancelled.
    Cancelled,
    /// No answer.
    Unreachable,
    /// An answer of another kind. `wait`: milliseconds after which the server wants to be asked
    /// again.
    Status { code: u16, wait: Option<f64> },
    /// A web page, which no model is.
    WebPage,
    /// The connection broke.
    Broken,
    /// Nothing came for a long time.
    Silence,
}

/// An answer whose bytes are being read.
pub(super) struct Answer<'a> {
    task: &'a Task,
    body: ReadableStreamDefaultReader,
    watch: Watch,
    _abort: Abort<'a>,
    pub(super) version: Version,
    /// The answer is a part of the file, as it was asked for.
    pub(super) is_part: bool,
    /// What comes was compressed, so that its places and its length are not the file's. Of another
    /// origin's answer a page sees this only if the server says so.
    pub(super) is_compressed: bool,
    /// Where that part begins, where the server lets the page see it.
    pub(super) first: Option<u64>,
    /// Bytes of the whole file, where they can be known. An answer that was compressed has another
    /// `Content-Length`, so that says nothing for certain of a whole file.
    pub(super) total: Option<u64>,
    /// The same where `total` says nothing, but not for certain: for showing progress.
    pub(super) total_hint: Option<u64>,
    /// How long the answer is as it was sent: compressed, if it was.
    pub(super) length: Option<u64>,
}

impl<'a> Answer<'a> {
    /// Asks, and waits for the answer to begin. A server that is silent for `silence` milliseconds,
    /// now or later, is given up.
    pub(super) async fn to(
        task: &'a Task,
        url: &str,
        asked: Asked,
        silence: f64,
    ) -> Result<Self, DownloadError> {
        let abort = task.abort();
        let watch = Watch::begin(&abort, silence);
        let options = RequestInit::new();
        // The store keeps it; the browser's cache need not keep a second copy.
        options.set_cache(RequestCache::NoStore);
        options.set_signal(abort.signal().as_ref());
        if let (Asked::Part { first, end }, Ok(headers)) = (asked, Headers::new()) {
            // In this form it needs no permission, and has the browser ask for the bytes as they
            // are, uncompressed.
            let last = end.map_or(String::new(), |end| (end - 1).to_string());
            // Neither name nor value can be refused.
            let _ = headers.set("Range", &format!("bytes={first}-{last}"));
            options.set_headers(&headers);
        }
        let promise = scope().fetch_with_str_and_init(url, &options);
        let Ok(response) = JsFuture::from(promise).await else {
            return Err(watch.judge(task, DownloadError::Unreachable));
        };
        watch.feed();
        let response: Response = response.unchecked_into();
        let headers = response.headers();
        if !response.ok() {
            return Err(DownloadError::Status {
                code: response.status(),
                wait: header(&headers, "retry-after").and_then(|text| retry_after(&text)),
            });
        }
        // Said by its type, so that a log-in page in the place of a part is no part.
        if header(&headers, "content-type").is_some_and(|kind| kind.starts_with("text/html")) {
            return Err(DownloadError::WebPage);
        }
        let body = response.body().ok_or(DownloadError::Broken)?;
        let is_part = response.status() == 206;
        let is_compressed = header(&headers, "content-encoding")
            .is_some_and(|coding| !coding.trim().eq_ignore_ascii_case("identity"));
        let length = header(&headers, "content-length").and_then(|text| text.parse::<u64>().ok());
        let range = header(&headers, "content-range").and_then(|text| content_range(&text));
        let (first, total) = match (is_part, range, asked) {
            (true, Some((first, total)), _) => (Some(first), total),
            // A part that ends before what was asked for, or with the file, tells where the file
            // ends.
            (true, None, Asked::Part { first, end }) => {
                let ends = length.map(|length| first + length);
                (None, ends.filter(|&ends| end.is_none_or(|end| ends < end)))
            }
            _ => (None, None),
        };
        Ok(Self {
            task,
            body: body.get_reader().unchecked_into(),
            watch,
            _abort: abort,
            version: Version::new(header(&headers, "etag"), header(&headers, "last-modified")),
            is_part,
            is_compressed,
            first,
            total: total.filter(|_| !is_compressed),
            // Only what was asked for by its place, browsers ask for as it is. Whether the rest was
            // compressed, they may not say.
            total_hint: length.filter(|_| !is_part && !is_compressed && asked != Asked::Whole),
            length,
        })
    }

    /// The next bytes; none at the end of the answer.
    pub(super) async fn next(&mut self) -> Result<Option<Uint8Array>, DownloadError> {
        let result = JsFuture::from(self.body.read()).await;
        let result = result.map_err(|_| self.watch.judge(self.task, DownloadError::Broken))?;
        if self.task.check_cancelled().is_err() {
            return Err(DownloadError::Cancelled);
        }
        self.watch.feed();
        Ok(Reflect::get(&result, &"value".into())
            .ok()
            .and_then(|value| value.dyn_into::<Uint8Array>().ok()))
    }
}

/// Looks after a request, and aborts it when nothing has come for a while.
struct Watch {
    fed: Rc<Cell<f64>>,
    gave_up: Rc<Cell<bool>>,
    timer: Option<i32>,
    _look: Closure<dyn Fn()>,
}

impl Watch {
    fn begin(abort: &Abort, silence: f64) -> Self {
        let (fed, gave_up) = (Rc::new(Cell::new(now())), Rc::new(Cell::new(false)));
        let look = Closure::<dyn Fn()>::new({
            let (fed, gave_up, controller) = (fed.clone(), gave_up.clone(), abort.controller());
            move || {
                if now() - fed.get() > silence {
                    gave_up.set(true);
                    if let Some(controller) = &controller {
                        controller.abort();
                    }
                }
            }
        });
        let timer = scope().set_interval_with_callback_and_timeout_and_arguments_0(
            look.as_ref().unchecked_ref(),
            (silence / 8.0) as i32,
        );
        Self {
            fed,
            gave_up,
            timer: timer.ok(),
            _look: look,
        }
    }

    fn feed(&self) {
        self.fed.set(now());
    }

    /// Why a request has ended that seems to have ended for this reason.
    fn judge(&self, task: &Task, seems: DownloadError) -> DownloadError {
        match () {
            () if task.check_cancelled().is_err() => DownloadError::Cancelled,
            () if self.gave_up.get() => DownloadError::Silence,
            () => seems,
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(timer) = self.timer {
            scope().clear_interval_with_handle(timer);
        }
    }
}

fn header(headers: &Headers, name: &str) -> Option<String> {
    headers.get(name).ok().flatten()
}

/// Milliseconds, of seconds or a date.
fn retry_after(text: &str) -> Option<f64> {
    let wait = match text.trim().parse::<f64>() {
        Ok(seconds) => 1_000.0 * seconds,
        Err(_) => js_sys::Date::new(&JsValue::from_str(text)).get_time() - now(),
    };
    wait.is_finite().then_some(wait.max(0.0))
}

/// The first byte and the length of the whole file, of `bytes 0-9/100`; the length may be `*`.
fn content_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, _) = range.split_once('-')?;
    Some((first.trim().parse().ok()?, total.trim().parse().ok()))
}

#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    fn ranges_of_answers_are_read() {
        assert_eq!(content_range("bytes 5-9/100"), Some((5, Some(100))));
        assert_eq!(content_range("bytes 5-9/*"), Some((5, None)));
        for odd in ["", "bytes", "bytes */100", "items 5-9/100", "bytes -5/100"] {
            assert_eq!(content_range(odd), None, "{odd}");
        }
    }

    #[wasm_bindgen_test]
    fn waits_are_seconds_or_dates() {
        assert_eq!(retry_after("3"), Some(3_000.0));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:28:00 GMT"), Some(0.0));
        assert_eq!(retry_after("soon"), None);
    }
}
