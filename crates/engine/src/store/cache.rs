//! Files in the Cache API, for browsers without a private file system: whole ones only, each
//! written from its beginning.

use std::io::{Error, Read, Seek, SeekFrom};

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    Blob, Cache, FileReaderSync, Headers, Response, ResponseInit, TransformStream,
    WritableStreamDefaultWriter,
};

use super::super::global::scope;
use super::journal::Label;
use super::position::sought;
use cliplet_protocol::messages::Failure;

/// The cache's name. It is not the service worker's.
const CACHE: &str = "cliplet-models";

/// Where the label is, percent-encoded, as headers take no other letters.
const LABEL: &str = "X-Cliplet-Label";

/// A whole file, which the browser keeps outside of memory.
pub(in super::super) struct CachedFile {
    blob: Blob,
    reader: FileReaderSync,
    position: u64,
}

impl CachedFile {
    /// The file of this name, if it is there.
    pub(super) async fn open(name: &str) -> Option<Self> {
        let response = found(&cache().await?, name).await?;
        let blob: Blob = JsFuture::from(response.blob().ok()?)
            .await
            .ok()?
            .unchecked_into();
        Some(Self {
            blob,
            reader: FileReaderSync::new().ok()?,
            position: 0,
        })
    }

    /// Bytes in the file.
    pub(super) fn length(&self) -> u64 {
        self.blob.size() as u64
    }

    /// All files: their names, labels and lengths.
    pub(super) async fn all() -> Vec<(String, Label, u64)> {
        let mut files = Vec::new();
        let Some(cache) = cache().await else {
            return files;
        };
        let keys = JsFuture::from(cache.keys()).await.unwrap_or_default();
        for key in js_sys::Array::from(&keys) {
            let url = key.unchecked_into::<web_sys::Request>().url();
            let name = url.rsplit('/').next().unwrap_or_default().to_owned();
            let Some(response) = found(&cache, &name).await else {
                continue;
            };
            let label = response.headers().get(LABEL).ok().flatten();
            let label = label.and_then(|text| js_sys::decode_uri_component(&text).ok());
            let label = label.and_then(|text| serde_json::from_str(&String::from(text)).ok());
            let file = Self::open(&name).await;
            if let (Some(label), Some(file)) = (label, file) {
                files.push((name, label, file.length()));
            }
        }
        files
    }

    /// Removes a file. Nothing happens if there is none.
    pub(super) async fn remove(name: &str) {
        if let Some(cache) = cache().await {
            let _ = JsFuture::from(cache.delete_with_str(&key(name))).await;
        }
    }
}

impl Read for CachedFile {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let end = (self.position + buffer.len() as u64).min(self.length());
        if end <= self.position {
            return Ok(0);
        }
        let bytes = self
            .blob
            .slice_with_f64_and_f64(self.position as f64, end as f64)
            .and_then(|slice| self.reader.read_as_array_buffer(&slice))
            .map_err(|error| Error::other(format!("{error:?}")))?;
        let bytes = Uint8Array::new(&bytes);
        let read = bytes.length() as usize;
        bytes.copy_to(&mut buffer[..read]);
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for CachedFile {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.position = sought(self.position, self.length(), to)?;
        Ok(self.position)
    }
}

/// A file that is being put into the cache. Nothing is kept of one that is dropped before it is
/// finished.
pub(super) struct CacheWriter {
    cache: Cache,
    name: String,
    /// Into what the cache reads meanwhile.
    stream: Stream,
}

struct Stream {
    writer: WritableStreamDefaultWriter,
    kept: Promise,
}

impl CacheWriter {
    /// Begins an empty file. None where there is no such cache.
    pub(super) async fn begin(name: &str) -> Option<Self> {
        let cache = cache().await?;
        // Under another name, so that nobody takes a part for the whole. An empty file first: a
        // cache that takes none would have the stream wait for ever.
        let nothing = Response::new().ok()?;
        let taken = cache.put_with_str(&key(&arriving(name)), &nothing);
        JsFuture::from(taken).await.ok()?;
        let stream = Stream::begin(&cache, &arriving(name)).ok()?;
        let name = name.to_owned();
        Some(Self {
            cache,
            name,
            stream,
        })
    }

    /// Begins once more.
    pub(super) fn begin_anew(&mut self) {
        if let Ok(stream) = Stream::begin(&self.cache, &arriving(&self.name)) {
            self.stream = stream;
        }
    }

    /// Adds bytes to the end.
    pub(super) fn write(&self, bytes: &Uint8Array) {
        // If it cannot be written, `ready` says so.
        ignore(self.stream.writer.write_with_chunk(bytes));
    }

    /// Waits until more can be taken.
    ///
    /// # Errors
    /// [`Failure::NoRoom`].
    pub(super) fn ready(&self) -> impl Future<Output = Result<(), Failure>> + use<> {
        // If the cache gives up, nobody reads what is written any more.
        let ready = [&self.stream.writer.ready(), &self.stream.kept];
        let ready = JsFuture::from(Promise::race(&ready.into_iter().collect::<js_sys::Array>()));
        async {
            let ready = ready.await;
            ready
                .map(drop)
                .map_err(|_| Failure::NoRoom { missing: None })
        }
    }

    /// Keeps the file.
    ///
    /// # Errors
    /// [`Failure::NoRoom`].
    pub(super) async fn finish(self, label: &Label) -> Result<(), Failure> {
        let kept = self.keep(label).await;
        CachedFile::remove(&arriving(&self.name)).await;
        kept.map_err(|_| Failure::NoRoom { missing: None })
    }

    async fn keep(&self, label: &Label) -> Result<(), JsValue> {
        JsFuture::from(self.stream.writer.close()).await?;
        JsFuture::from(self.stream.kept.clone()).await?;
        let arrived = found(&self.cache, &arriving(&self.name)).await;
        let arrived = arrived.ok_or("the cache has lost the file")?;
        let label = serde_json::to_string(label).map_err(|error| error.to_string())?;
        let headers = Headers::new()?;
        headers.set(LABEL, &String::from(js_sys::encode_uri_component(&label)))?;
        let init = ResponseInit::new();
        init.set_headers(&headers);
        let whole =
            Response::new_with_opt_readable_stream_and_init(arrived.body().as_ref(), &init)?;
        JsFuture::from(self.cache.put_with_str(&key(&self.name), &whole)).await?;
        Ok(())
    }
}

impl Stream {
    fn begin(cache: &Cache, name: &str) -> Result<Self, JsValue> {
        let stream = TransformStream::new()?;
        let response = Response::new_with_opt_readable_stream(Some(&stream.readable()))?;
        Ok(Self {
            kept: cache.put_with_str(&key(name), &response),
            writer: stream.writable().get_writer()?,
        })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // Nothing happens to one that was closed; for another one, the cache then keeps nothing.
        ignore(self.writer.abort());
        ignore(self.kept.clone());
    }
}

fn arriving(name: &str) -> String {
    format!("{name}.part")
}

/// The key of a file in the cache: an address, of which nothing is fetched. It is relative to that
/// of the worker's script, unless that has none that keys can be relative to, as where the engine
/// comes from another origin.
fn key(name: &str) -> String {
    let scope = scope();
    let protocol = scope.location().protocol();
    if protocol.starts_with("http") {
        name.to_owned()
    } else {
        format!("{}/{name}", scope.origin())
    }
}

/// Lets a promise go on, whatever becomes of it.
fn ignore(promise: Promise) {
    let promise = JsFuture::from(promise);
    spawn_local(async { drop(promise.await) });
}

async fn cache() -> Option<Cache> {
    // Missing outside secure contexts.
    let caches = scope().caches().ok()?;
    if JsValue::from(&caches).is_undefined() {
        return None;
    }
    let cache = JsFuture::from(caches.open(CACHE)).await.ok()?;
    Some(cache.unchecked_into())
}

async fn found(cache: &Cache, name: &str) -> Option<Response> {
    let response = JsFuture::from(cache.match_with_str(&key(name)))
        .await
        .ok()?;
    response.dyn_into().ok()
}
