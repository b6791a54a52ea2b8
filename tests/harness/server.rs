//! A server on the loopback interface that plays the network: the built page as `cargo xtask serve` serves it, with
//! files put in the place of others, and with every kind of bad connection.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fs;
use std::io::{self, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::page_directory;
use xtask::server::{Body, Handler, Request, Response, Server, Site};

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
    /// The whole file comes in gzip's format, so that the answer's length is not the file's. Parts come as they are.
    Gzip,
    /// The file lies elsewhere on this server.
    MovedTo(&'static str),
}

/// How often a slow or hanging answer looks whether its fault still holds.
const TICK: Duration = Duration::from_millis(20);

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
    requests: Mutex<Vec<Request>>,
    /// Pages of every origin may read the answers.
    open: AtomicBool,
    /// Pages of other origins see no header but those that all may see.
    reticent: AtomicBool,
    /// The answers lack the headers that a host has to be told to send.
    bare: AtomicBool,
    /// Answers under way end when the server has stopped.
    stopped: AtomicBool,
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

    /// Serves nothing but what is [put](Self::put) there, as an ordinary host does: no headers, and nothing for pages of other
    /// origins. It has another name than the other servers, so that browsers take it for another site.
    pub fn ordinary_site() -> Self {
        let mut server = Self::start(None, "/");
        server.name = "localhost";
        server.set_no_headers();
        server
    }

    fn start(page: Option<&Path>, base: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "server-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::SeqCst)
        );
        let overlay_directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&overlay_directory).expect("the target directory can be written to");
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
            stopped: AtomicBool::new(false),
        });
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let server = serve(listener, &network);
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

    /// From now on, pages of every origin may read the answers, as those of a host of models or scripts.
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

    /// From now on this is a host where no headers can be set: pages are not cross-origin isolated, and workers have no
    /// Content-Security-Policy.
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
    pub fn requests(&self, path: &str) -> Vec<Request> {
        let path = format!("{}{path}", self.base);
        lock(&self.network.requests)
            .iter()
            .filter(|request| request.path == path)
            .cloned()
            .collect()
    }

    /// Goes off the network: cuts what is under way and refuses connections.
    pub fn stop(&self) {
        self.network.stopped.store(true, Ordering::SeqCst);
        *lock(&self.running) = None;
    }

    /// Comes back at the same address.
    pub fn start_again(&self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).expect("the port is still free");
        self.network.stopped.store(false, Ordering::SeqCst);
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
    let handler: Handler = Arc::new(move |request| respond(&network, request));
    Server::start(listener, handler).expect("the server starts")
}

fn respond(network: &Arc<Network>, request: &Request) -> Response {
    lock(&network.requests).push(request.clone());
    let path = request
        .path
        .strip_prefix(&network.base)
        .unwrap_or_default()
        .to_owned();
    let passing = lock(&network.passing_faults)
        .get_mut(&path)
        .and_then(VecDeque::pop_front);
    let faults: Vec<Fault> = network.faults(&path).into_iter().chain(passing).collect();
    let mut response = network.answer(request, &faults);
    if network.bare.load(Ordering::SeqCst) {
        for name in [
            "Cross-Origin-Opener-Policy",
            "Cross-Origin-Embedder-Policy",
            "Cross-Origin-Resource-Policy",
            "Content-Security-Policy",
        ] {
            set_header(&mut response, name, None);
        }
    }
    if network.open.load(Ordering::SeqCst) {
        open_to_all(&mut response, network.reticent.load(Ordering::SeqCst));
    }
    let body = Faulty {
        network: Arc::clone(network),
        path,
        passing,
        body: response.body,
        given: 0,
    };
    response.body = Box::new(body);
    response
}

/// Lets pages of other origins read the response, as public hosts of models do.
fn open_to_all(response: &mut Response, reticent: bool) {
    let shown = (!reticent).then_some("Content-Length, Content-Range, ETag, Retry-After");
    for (name, value) in [
        ("Access-Control-Allow-Origin", Some("*")),
        ("Access-Control-Expose-Headers", shown),
        ("Cross-Origin-Resource-Policy", Some("cross-origin")),
    ] {
        set_header(response, name, value);
    }
}

/// Puts a body into gzip's format.
fn gzipped(mut body: Body) -> io::Result<Vec<u8>> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    io::copy(&mut body, &mut gzip)?;
    gzip.finish()
}

/// Gives a header this value in the place of any other, or takes it away.
fn set_header(response: &mut Response, name: &str, value: Option<&str>) {
    response.headers.retain(|(header, _)| header != name);
    if let Some(value) = value {
        response.headers.push((name.to_owned(), value.to_owned()));
    }
}

impl Network {
    fn file(&self, request: &Request) -> Response {
        let response = self.overlay.respond(request);
        match &self.page {
            Some(page) if response.status == 404 => page.respond(request),
            _ => response,
        }
    }

    fn faults(&self, path: &str) -> Vec<Fault> {
        lock(&self.faults).get(path).cloned().unwrap_or_default()
    }

    /// The file, with what is wrong before its bytes are sent.
    fn answer(&self, request: &Request, faults: &[Fault]) -> Response {
        let mut request = request.clone();
        if faults.contains(&Fault::NoRanges) {
            request.headers.retain(|(name, _)| name != "range");
        }
        let mut response = None;
        for fault in faults {
            match fault {
                Fault::Status(status) => {
                    response = Some(Response::text(*status, "This answer is a test's doing."));
                }
                Fault::MovedTo(path) => {
                    let location = format!("{}{path}", self.base);
                    response = Some(Response::empty(302).with_header("Location", &location));
                }
                _ => {}
            }
        }
        let mut response = response.unwrap_or_else(|| self.file(&request));
        for fault in faults {
            match *fault {
                Fault::MediaType(media_type) => {
                    set_header(&mut response, "Content-Type", Some(media_type));
                }
                Fault::Header(name, value) => set_header(&mut response, name, Some(value)),
                Fault::NoRanges => set_header(&mut response, "Accept-Ranges", None),
                Fault::Length(length) => response.length = Some(length),
                Fault::NoLength => response.length = None,
                Fault::Gzip if response.status == 200 => {
                    let body = std::mem::replace(&mut response.body, Box::new(io::empty()));
                    let gzip = gzipped(body).expect("a file can be read");
                    response.length = Some(gzip.len() as u64);
                    response.body = Box::new(io::Cursor::new(gzip));
                    set_header(&mut response, "Content-Encoding", Some("gzip"));
                }
                _ => {}
            }
        }
        response
    }
}

/// A body with what is wrong with it at the moment.
struct Faulty {
    network: Arc<Network>,
    path: String,
    /// What is wrong with this answer alone.
    passing: Option<Fault>,
    body: Body,
    given: u64,
}

impl Read for Faulty {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = loop {
            if self.network.stopped.load(Ordering::SeqCst) {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            let faults = self.network.faults(&self.path).into_iter();
            let mut room = u64::MAX;
            let mut hangs = false;
            let mut pause = Duration::ZERO;
            for fault in faults.chain(self.passing) {
                match fault {
                    Fault::Hang => hangs = true,
                    Fault::Slow { bytes_per_second } => {
                        let at_a_time = bytes_per_second * TICK.as_millis() as u64 / 1000;
                        room = room.min(at_a_time.clamp(1, buffer.len() as u64));
                        pause = Duration::from_secs_f64(room as f64 / bytes_per_second as f64);
                    }
                    // What ends early breaks the connection.
                    Fault::Cut { after } if self.given >= after => {
                        return Err(io::ErrorKind::ConnectionAborted.into());
                    }
                    Fault::Cut { after } => room = room.min(after - self.given),
                    _ => {}
                }
            }
            if hangs {
                thread::sleep(TICK);
            } else {
                thread::sleep(pause);
                break room;
            }
        };
        let room = usize::try_from(room)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let read = self.body.read(&mut buffer[..room])?;
        self.given += read as u64;
        *lock(&self.network.served)
            .entry(self.path.clone())
            .or_default() += read as u64;
        Ok(read)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
