//! A server on the loopback interface that plays the network: the built page as `cargo xtask serve`
//! serves it, with files put in the place of others, and with every kind of bad connection.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::env;
use std::fs;
use std::io::{self, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{self, Body, BodyDataStream, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use cliplet_server::{Server, Site, text};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::{StreamExt, stream};
use percent_encoding::percent_decode_str;
use tokio::time::sleep;

use crate::{engine_file, page_directory};

/// What is wrong with the answers for one file. There may be several things at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// No more than this many bytes a second.
    Slow {
        /// The rate, for each answer by itself.
        bytes_per_second: u64,
    },
    /// The connection breaks after this many bytes of the body.
    Cut {
        /// How many arrive.
        after: u64,
    },
    /// Nothing of the body arrives, and the connection stays open.
    Hang,
    /// Another status, and no file.
    Status(u16),
    /// The file comes with this media type.
    MediaType(&'static str),
    /// The file comes with this header besides.
    Header(&'static str, &'static str),
    /// There are no parts of the file: whoever asks for one gets the whole.
    NoRanges,
    /// The answer says that it has so many bytes, whatever it has.
    Length(u64),
    /// The answer does not say how long it is.
    NoLength,
    /// The whole file comes in gzip's format, so that the answer's length is not the file's. Parts
    /// come as they are.
    Gzip,
    /// The file lies elsewhere on this server.
    MovedTo(&'static str),
}

/// A port that no server of this process has had before: what a browser has kept of a site is for
/// no other.
fn listen() -> TcpListener {
    static TAKEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    loop {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let address = listener.local_addr().expect("it listens somewhere");
        if lock(&TAKEN).insert(address.port()) {
            return listener;
        }
    }
}

/// How often a slow or hanging answer looks whether its fault still holds.
const TICK: Duration = Duration::from_millis(20);

/// How long before a connection breaks. hyper forgets what it has not written by then.
const FLUSH: Duration = Duration::from_millis(100);

/// The most that is sent at once, in bytes.
const PIECE: u64 = 16 * 1024;

/// A request that came.
#[derive(Clone, Debug)]
pub struct RecordedRequest {
    /// Percent-decoded, without the query.
    path: String,
    headers: HeaderMap,
}

impl RecordedRequest {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// A running server. Paths in its methods are relative to [`TestServer::url`].
pub struct TestServer {
    network: Arc<Network>,
    running: Mutex<Option<Server>>,
    name: &'static str,
    port: u16,
    base: String,
}

/// What requests are answered from.
struct Network {
    /// The built page, if this server has it.
    page: Option<Site>,
    /// Files that hide those of the page.
    overlay: Site,
    overlay_directory: PathBuf,
    base: String,
    faults: Mutex<HashMap<String, Vec<Fault>>>,
    /// What is wrong with the next answers alone, a fault for each.
    passing_faults: Mutex<HashMap<String, VecDeque<Fault>>>,
    /// Bytes of bodies that were sent.
    served: Mutex<HashMap<String, u64>>,
    requests: Mutex<Vec<RecordedRequest>>,
    /// Pages of every origin may read the answers.
    open: AtomicBool,
    /// Pages of other origins see no header but those that all may see.
    reticent: AtomicBool,
    /// The answers lack the headers that a host has to be told to send.
    bare: AtomicBool,
}

impl TestServer {
    /// Serves the built page at the root.
    pub fn with_page() -> Self {
        Self::with_page_below("/")
    }

    /// Serves the built page below a path, which begins and ends with `/`; nothing lies elsewhere.
    pub fn with_page_below(base: &str) -> Self {
        Self::start(Some(&page_directory()), base)
    }

    /// Serves nothing but what is [put](Self::put) there, to pages of every origin.
    pub fn elsewhere() -> Self {
        let server = Self::start(None, "/");
        server.open_to_all();
        server
    }

    /// Serves a directory at the root.
    pub fn of(directory: &Path) -> Self {
        Self::start(Some(directory), "/")
    }

    /// Serves nothing but what is [put](Self::put) there, as an ordinary host does: no headers, and
    /// nothing for pages of other origins. It has another name than the other servers, so that
    /// browsers take it for another site.
    pub fn ordinary_site() -> Self {
        let mut server = Self::start(None, "/");
        server.name = "localhost";
        server.set_no_headers();
        server
    }

    fn start(page: Option<&Path>, base: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "cliplet-server-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::SeqCst)
        );
        let overlay_directory = env::temp_dir().join(name);
        fs::create_dir_all(&overlay_directory).expect("there is room for files");
        let site = |directory: &Path| {
            Site::below(directory, base).unwrap_or_else(|error| {
                panic!(
                    "the page at {} cannot be served: {error}",
                    directory.display()
                )
            })
        };
        let network = Arc::new(Network {
            page: page.map(|directory| site(directory).guarded()),
            overlay: match page {
                Some(_) => site(&overlay_directory).guarded(),
                None => site(&overlay_directory),
            },
            overlay_directory,
            base: base.to_owned(),
            faults: Mutex::default(),
            passing_faults: Mutex::default(),
            served: Mutex::default(),
            requests: Mutex::default(),
            open: AtomicBool::new(false),
            reticent: AtomicBool::new(false),
            bare: AtomicBool::new(false),
        });
        let server = serve(listen(), &network);
        let port = server.address().port();
        Self {
            network,
            running: Mutex::new(Some(server)),
            name: "127.0.0.1",
            port,
            base: base.to_owned(),
        }
    }

    /// Where the page lies.
    pub fn url(&self) -> String {
        format!("http://{}:{}{}", self.name, self.port, self.base)
    }

    /// Puts a file at a path, in the place of the page's own if there is one.
    pub fn put(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let file = self.file(path);
        fs::create_dir_all(file.parent().expect("a file lies in a directory"))
            .expect("it can be made");
        fs::write(file, bytes).expect("the file can be written");
    }

    /// Lets a script run before all others, in the page, in its widget, in the engine's worker and
    /// in its threads, in every browser.
    ///
    /// It is a classic script in a document, and the beginning of a module in a worker.
    pub fn run_before_scripts(&self, script: &str) {
        let page = page_directory();
        let read = |path: &str| fs::read_to_string(page.join(path)).expect("the page has the file");
        self.put("before-scripts.js", script);
        for document in ["index.html", "embed.html"] {
            let before = "<head><script src=\"before-scripts.js\"></script>";
            self.put(document, read(document).replacen("<head>", before, 1));
        }
        for beginning in ["worker-", "thread-"] {
            let path = engine_file(beginning, ".js");
            self.put(&path, format!("{script}\n{}", read(&path)));
        }
    }

    /// Where a file lies that was [put](Self::put) there.
    pub fn file(&self, path: &str) -> PathBuf {
        self.network.overlay_directory.join(path)
    }

    /// From now on, and for answers under way, this is wrong with a file.
    pub fn set_fault(&self, path: &str, fault: Fault) {
        self.set_faults(path, &[fault]);
    }

    /// From now on, and for answers under way, all this is wrong with a file.
    pub fn set_faults(&self, path: &str, faults: &[Fault]) {
        lock(&self.network.faults).insert(path.to_owned(), faults.to_vec());
    }

    /// The next answers have one fault each, besides those that all have.
    pub fn set_passing_faults(&self, path: &str, faults: &[Fault]) {
        lock(&self.network.passing_faults)
            .insert(path.to_owned(), faults.iter().copied().collect());
    }

    /// How many bytes of a file have been sent so far, over and over or not.
    pub fn bytes_served(&self, path: &str) -> u64 {
        lock(&self.network.served).get(path).copied().unwrap_or(0)
    }

    /// From now on, pages of every origin may read the answers, as those of a host of models or
    /// scripts.
    pub fn open_to_all(&self) {
        self.network.open.store(true, Ordering::SeqCst);
    }

    /// From now on, pages of other origins see no more of answers than browsers show of all.
    pub fn show_no_headers(&self) {
        self.network.reticent.store(true, Ordering::SeqCst);
    }

    /// From now on, and for answers under way, nothing is wrong with a file.
    pub fn clear_fault(&self, path: &str) {
        lock(&self.network.faults).remove(path);
    }

    /// From now on this is a host where no headers can be set: pages are not cross-origin isolated,
    /// and workers have no Content-Security-Policy.
    pub fn set_no_headers(&self) {
        self.network.bare.store(true, Ordering::SeqCst);
    }

    /// The files asked for so far whose paths begin so, each once, sorted.
    pub fn files_asked_for(&self, beginning: &str) -> Vec<String> {
        let requests = lock(&self.network.requests);
        let files = requests
            .iter()
            .filter_map(|request| request.path.strip_prefix(&self.base))
            .filter(|path| path.starts_with(beginning))
            .map(str::to_owned);
        files.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The requests for a file so far.
    pub fn requests(&self, path: &str) -> Vec<RecordedRequest> {
        let path = format!("{}{path}", self.base);
        lock(&self.network.requests)
            .iter()
            .filter(|request| request.path == path)
            .cloned()
            .collect()
    }

    /// Goes off the network: cuts what is under way and refuses connections.
    pub fn stop(&self) {
        *lock(&self.running) = None;
    }

    /// Comes back at the same address.
    pub fn start_again(&self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).expect("the port is still free");
        *lock(&self.running) = Some(serve(listener, &self.network));
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.stop();
        let _ = fs::remove_dir_all(&self.network.overlay_directory);
    }
}

fn serve(listener: TcpListener, network: &Arc<Network>) -> Server {
    let network = Arc::clone(network);
    let router = Router::new().fallback(async move |request| respond(network, request).await);
    Server::start(listener, router).expect("the server starts")
}

async fn respond(network: Arc<Network>, request: Request) -> Response {
    let (request, _) = request.into_parts();
    let path = percent_decode_str(request.uri.path()).decode_utf8_lossy();
    lock(&network.requests).push(RecordedRequest {
        path: path.to_string(),
        headers: request.headers.clone(),
    });
    let path = path
        .strip_prefix(&network.base)
        .unwrap_or_default()
        .to_owned();
    let passing = lock(&network.passing_faults)
        .get_mut(&path)
        .and_then(VecDeque::pop_front);
    let faults: Vec<Fault> = network.faults(&path).into_iter().chain(passing).collect();
    let mut response = network.answer(request, &faults).await;
    let headers = response.headers_mut();
    if network.bare.load(Ordering::SeqCst) {
        for name in [
            "cross-origin-opener-policy",
            "cross-origin-embedder-policy",
            "cross-origin-resource-policy",
            "content-security-policy",
        ] {
            headers.remove(name);
        }
    }
    if network.open.load(Ordering::SeqCst) {
        open_to_all(headers, network.reticent.load(Ordering::SeqCst));
    }
    let announced = headers.get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse().ok());
    response.map(|body| {
        let body = FaultyBody {
            network,
            path,
            passing,
            announced: announced.unwrap_or(0),
            body: body.into_data_stream(),
            read: Bytes::new(),
            given: 0,
        };
        Body::from_stream(stream::try_unfold(body, FaultyBody::next))
    })
}

/// Lets pages of other origins read the response, as public hosts of models do.
fn open_to_all(headers: &mut HeaderMap, reticent: bool) {
    set_header(headers, "access-control-allow-origin", "*");
    set_header(headers, "cross-origin-resource-policy", "cross-origin");
    if reticent {
        headers.remove(header::ACCESS_CONTROL_EXPOSE_HEADERS);
    } else {
        let shown = "Content-Length, Content-Range, ETag, Retry-After";
        set_header(headers, "access-control-expose-headers", shown);
    }
}

/// Puts a body into gzip's format.
async fn gzipped(body: Body) -> Vec<u8> {
    let bytes = body::to_bytes(body, usize::MAX).await;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&bytes.expect("a file can be read"))
        .and_then(|()| gzip.finish())
        .expect("memory can be written to")
}

/// Gives a header this value in the place of any other.
fn set_header(headers: &mut HeaderMap, name: &str, value: &'static str) {
    let name = HeaderName::try_from(name).expect("it is a name");
    headers.insert(name, HeaderValue::from_static(value));
}

impl Network {
    async fn file(&self, request: &Parts) -> Response {
        let response = self.overlay.respond(request).await;
        match &self.page {
            Some(page) if response.status() == StatusCode::NOT_FOUND => page.respond(request).await,
            _ => response,
        }
    }

    fn faults(&self, path: &str) -> Vec<Fault> {
        lock(&self.faults).get(path).cloned().unwrap_or_default()
    }

    /// The file, with what is wrong before its bytes are sent.
    async fn answer(&self, mut request: Parts, faults: &[Fault]) -> Response {
        if faults.contains(&Fault::NoRanges) {
            request.headers.remove(header::RANGE);
        }
        let mut response = None;
        for fault in faults {
            match fault {
                Fault::Status(status) => {
                    let status = StatusCode::from_u16(*status).expect("it is a status");
                    response = Some(text(status, "This answer is a test's doing."));
                }
                Fault::MovedTo(path) => {
                    let location = format!("{}{path}", self.base);
                    let moved = (StatusCode::FOUND, [(header::LOCATION, location)]);
                    response = Some(moved.into_response());
                }
                _ => {}
            }
        }
        let mut response = match response {
            Some(response) => response,
            None => self.file(&request).await,
        };
        if let Some(length) = response.body().size_hint().exact()
            && response.status() != StatusCode::NOT_MODIFIED
        {
            let headers = response.headers_mut();
            headers
                .entry(header::CONTENT_LENGTH)
                .or_insert(length.into());
        }
        for fault in faults {
            if *fault == Fault::Gzip && response.status() == StatusCode::OK {
                let (parts, body) = response.into_parts();
                let gzip = gzipped(body).await;
                response = Response::from_parts(parts, Body::empty());
                let headers = response.headers_mut();
                headers.insert(header::CONTENT_LENGTH, gzip.len().into());
                set_header(headers, "content-encoding", "gzip");
                *response.body_mut() = gzip.into();
            }
            let headers = response.headers_mut();
            match *fault {
                Fault::MediaType(media_type) => set_header(headers, "content-type", media_type),
                Fault::Header(name, value) => set_header(headers, name, value),
                Fault::NoRanges => {
                    headers.remove(header::ACCEPT_RANGES);
                }
                Fault::Length(length) => {
                    headers.insert(header::CONTENT_LENGTH, length.into());
                }
                Fault::NoLength => {
                    headers.remove(header::CONTENT_LENGTH);
                }
                _ => {}
            }
        }
        response
    }
}

/// A body with what is wrong with it at the moment. It does not say how long it is: the response's
/// headers do, rightly or not.
struct FaultyBody {
    network: Arc<Network>,
    path: String,
    /// What is wrong with this answer alone.
    passing: Option<Fault>,
    /// How long the headers say that it is, in bytes.
    announced: u64,
    body: BodyDataStream,
    /// Read, and not given yet.
    read: Bytes,
    given: u64,
}

impl FaultyBody {
    /// The next bytes. An error breaks the connection.
    async fn next(mut self) -> io::Result<Option<(Bytes, Self)>> {
        let room = loop {
            let faults = self.network.faults(&self.path).into_iter();
            let mut room = PIECE;
            let mut hangs = false;
            let mut pause = Duration::ZERO;
            for fault in faults.chain(self.passing) {
                match fault {
                    Fault::Hang => hangs = true,
                    Fault::Slow { bytes_per_second } => {
                        let at_a_time = bytes_per_second * TICK.as_millis() as u64 / 1000;
                        room = room.min(at_a_time.max(1));
                        pause = Duration::from_secs_f64(room as f64 / bytes_per_second as f64);
                    }
                    Fault::Cut { after } if self.given >= after => {
                        sleep(FLUSH).await;
                        return Err(io::ErrorKind::ConnectionAborted.into());
                    }
                    Fault::Cut { after } => room = room.min(after - self.given),
                    _ => {}
                }
            }
            if hangs {
                sleep(TICK).await;
                continue;
            }
            // Even a pause of no length would last until the clock's next tick.
            if !pause.is_zero() {
                sleep(pause).await;
            }
            break room;
        };
        while self.read.is_empty() {
            match self.body.next().await {
                Some(read) => self.read = read.map_err(io::Error::other)?,
                None => {
                    if self.given < self.announced {
                        sleep(FLUSH).await;
                    }
                    return Ok(None);
                }
            }
        }
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        let bytes = self.read.split_to(room.min(self.read.len()));
        let given = bytes.len() as u64;
        self.given += given;
        let mut served = lock(&self.network.served);
        *served.entry(self.path.clone()).or_default() += given;
        drop(served);
        Ok(Some((bytes, self)))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
