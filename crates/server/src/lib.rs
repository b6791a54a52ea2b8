//! A small HTTP/1.1 server for the loopback interface: one thread per connection, no dependencies. `cargo xtask serve`, `cliplet serve` and
//! the browser tests use it.
//!
//! What lives here: the listener ([`Server`]), the wire format (`http`), the answer to "which file is this URL" ([`Site`]), and the built
//! page's Content-Security-Policy ([`policy`]), part of which only headers can say. What does not: faults made on purpose. The browser
//! tests wrap a handler of their own around [`Site::respond`] for those.

#![forbid(unsafe_code)]

mod http;
mod media_type;
pub mod policy;
mod site;

pub use http::{Body, Request, Response};
pub use site::Site;

use std::collections::HashMap;
use std::io::{self, BufReader};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Answers one request.
pub type Handler = Arc<dyn Fn(&Request) -> Response + Send + Sync>;

/// How long a connection may sit idle between two requests before it is closed.
const IDLE: Duration = Duration::from_secs(60);

/// A running server. It stops when dropped.
pub struct Server {
    address: SocketAddr,
    connections: Arc<Connections>,
    acceptor: Option<JoinHandle<()>>,
}

/// What the accepting thread and [`Server::stop`] share.
struct Connections {
    stopping: AtomicBool,
    /// By the client's address, which is unique among open connections.
    open: Mutex<HashMap<SocketAddr, TcpStream>>,
}

impl Connections {
    fn open(&self) -> MutexGuard<'_, HashMap<SocketAddr, TcpStream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Server {
    /// Starts to answer what arrives at `listener`.
    ///
    /// # Errors
    /// If the listener's own address cannot be read.
    pub fn start(listener: TcpListener, handler: Handler) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let connections = Arc::new(Connections {
            stopping: AtomicBool::new(false),
            open: Mutex::default(),
        });
        let acceptor = thread::spawn({
            let connections = Arc::clone(&connections);
            move || accept(&listener, &connections, &handler)
        });
        Ok(Self {
            address,
            connections,
            acceptor: Some(acceptor),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Blocks until the server stops, which it does on its own only when the listener breaks.
    pub fn wait(mut self) {
        if let Some(acceptor) = self.acceptor.take() {
            // A panic of that thread has been printed already.
            let _ = acceptor.join();
        }
    }

    /// Stops listening and cuts every open connection.
    pub fn stop(&mut self) {
        self.connections.stopping.store(true, Ordering::SeqCst);
        // Wakes `accept`, which then sees the flag and drops the listener.
        let _ = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
        for (_, stream) in self.connections.open().drain() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn accept(listener: &TcpListener, connections: &Arc<Connections>, handler: &Handler) {
    for stream in listener.incoming() {
        if connections.stopping.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else {
            // Typically too many open files: give the open connections a moment to end.
            thread::sleep(Duration::from_millis(50));
            continue;
        };
        let (Ok(peer), Ok(clone)) = (stream.peer_addr(), stream.try_clone()) else {
            continue;
        };
        connections.open().insert(peer, clone);
        let connections = Arc::clone(connections);
        let handler = Arc::clone(handler);
        thread::spawn(move || {
            // A client that goes away mid-answer is everyday life in a browser.
            let _ = serve(&stream, &handler);
            let _ = stream.shutdown(Shutdown::Both);
            connections.open().remove(&peer);
        });
    }
}

/// Answers the requests of one connection until either side closes it.
fn serve(stream: &TcpStream, handler: &Handler) -> io::Result<()> {
    stream.set_read_timeout(Some(IDLE))?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while let Some(request) = http::read_request(&mut reader)? {
        let response = match request {
            Ok(request) => {
                let response = match request.method.as_str() {
                    "GET" | "HEAD" => handler(&request),
                    _ => Response::text(405, "Only GET and HEAD are answered here.")
                        .with_header("Allow", "GET, HEAD"),
                };
                http::write_response(stream, &request, response)?;
                if request.keep_alive {
                    continue;
                } else {
                    return Ok(());
                }
            }
            Err(refusal) => refusal,
        };
        return http::write_refusal(stream, response);
    }
    Ok(())
}
