//! Bytes over the network, as they arrive.
//!
//! A fetch begins at the beginning and ends with the file; going on where an earlier one broke off will start here.

use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStreamDefaultReader, RequestCache, RequestInit, Response};

use super::port;
use super::tasks::{Stopped, Task};
use crate::messages::Failure;

/// A response whose body is being read.
pub(super) struct Download<'a> {
    task: &'a Task,
    body: ReadableStreamDefaultReader,
    received: u64,
    total: u64,
}

impl<'a> Download<'a> {
    /// Asks for a file of `total` bytes.
    ///
    /// # Errors
    /// [`Failure::Unreachable`] and [`Failure::HttpStatus`].
    pub(super) async fn begin(task: &'a Task, url: &str, total: u64) -> Result<Self, Stopped> {
        let options = RequestInit::new();
        // The store keeps it; the browser's cache need not keep a second copy.
        options.set_cache(RequestCache::NoStore);
        options.set_signal(task.signal().as_ref());
        let promise = port::scope().fetch_with_str_and_init(url, &options);
        let response: Response = match JsFuture::from(promise).await {
            Ok(response) => response.unchecked_into(),
            Err(_) => {
                task.go_on()?;
                return Err(Failure::Unreachable.into());
            }
        };
        if !response.ok() {
            return Err(Failure::HttpStatus {
                code: response.status(),
            }
            .into());
        }
        let body = response.body().ok_or(Failure::Interrupted {
            received: 0,
            total: Some(total),
        })?;
        Ok(Self {
            task,
            body: body.get_reader().unchecked_into(),
            received: 0,
            total,
        })
    }

    /// Bytes so far.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// The next bytes; none at the end of the file.
    ///
    /// # Errors
    /// [`Failure::Interrupted`] if the connection breaks or the file ends too soon, and [`Failure::UnusableModel`] if it goes
    /// on for too long.
    pub(super) async fn next(&mut self) -> Result<Option<Uint8Array>, Stopped> {
        let result = JsFuture::from(self.body.read()).await;
        self.task.go_on()?;
        let interrupted = Failure::Interrupted {
            received: self.received,
            total: Some(self.total),
        };
        let Ok(result) = result else {
            return Err(interrupted.into());
        };
        let chunk = Reflect::get(&result, &"value".into())
            .ok()
            .and_then(|value| value.dyn_into::<Uint8Array>().ok());
        let Some(chunk) = chunk else {
            return match self.received == self.total {
                true => Ok(None),
                false => Err(interrupted.into()),
            };
        };
        self.received += u64::from(chunk.length());
        if self.received > self.total {
            return Err(Failure::UnusableModel {
                reason: format!(
                    "The server sends more than the {} bytes that the file should have.",
                    self.total
                ),
            }
            .into());
        }
        Ok(Some(chunk))
    }
}

impl Drop for Download<'_> {
    /// Lets go of the connection, also when the file is not wanted to its end.
    fn drop(&mut self) {
        let cancelled = JsFuture::from(self.body.cancel());
        // A connection that has broken cannot be cancelled, which is no news.
        wasm_bindgen_futures::spawn_local(async { drop(cancelled.await) });
    }
}
