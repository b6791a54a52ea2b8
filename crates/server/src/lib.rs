//! A small HTTP server for a folder on this machine. `cargo xtask serve`, `cliplet serve` and the
//! browser tests use it.
//!
//! hyper reads requests and writes responses, axum calls the handler, and tower-http's `ServeFile`
//! sends files and parts of them. What is ours: which file a URL names, entity tags, and the
//! headers of the built page ([`Site`]); its Content-Security-Policy ([`policy`]), part of which
//! only headers can say; and the thread that all this runs on ([`Server`]), so that callers need
//! not be async. Faults made on purpose are not here: the browser tests answer from a router of
//! their own, around [`Site::respond`].

#![forbid(unsafe_code)]

pub mod policy;
mod site;

pub use site::Site;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::Router;
use axum::body::HttpBody;
use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::runtime;
use tokio::sync::oneshot;

/// How long a connection may sit idle between two requests before it is closed.
const IDLE: Duration = Duration::from_secs(60);

/// Longest request line and headers together, in bytes. What is read at once may be longer.
const MAX_HEAD: usize = 64 * 1024;

/// A running server. It stops when dropped.
pub struct Server {
    address: SocketAddr,
    /// The server stops when this is dropped.
    running: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts to answer `GET` and `HEAD` requests that arrive at `listener`, on a thread of its
    /// own. Other requests do not reach the router.
    ///
    /// # Errors
    /// If the system gives no thread or no events of the listener.
    pub fn start(listener: TcpListener, router: impl Into<Router>) -> io::Result<Self> {
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let router = router.into().layer(middleware::from_fn(refuse_writes));
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let guard = runtime.enter();
        let listener = tokio::net::TcpListener::from_std(listener)?;
        drop(guard);
        let (running, stopped) = oneshot::channel::<()>();
        let thread = thread::Builder::new().spawn(move || {
            runtime.spawn(accept(listener, router));
            // An error says that the other end was dropped.
            let _ = runtime.block_on(stopped);
            // Drops the listener and every connection, without waiting for files that are read.
            runtime.shutdown_background();
        })?;
        Ok(Self {
            address,
            running: Some(running),
            thread: Some(thread),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Blocks for as long as the program runs.
    pub fn wait(mut self) {
        self.join();
    }

    /// Stops listening and cuts every open connection.
    pub fn stop(&mut self) {
        self.running = None;
        self.join();
    }

    fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic of that thread has been printed already.
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Serves each connection by a task. `axum::serve` would not close idle ones.
async fn accept(listener: tokio::net::TcpListener, router: Router) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Typically too many open files: give the open connections a moment to end.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            // Only answers that come a little later without it.
            let _ = stream.set_nodelay(true);
            // A client that goes away mid-answer is everyday life in a browser.
            let _ = http1::Builder::new()
                // A client may say that no more requests follow, and wait for the answer.
                .half_close(true)
                .timer(TokioTimer::new())
                .header_read_timeout(IDLE)
                .max_buf_size(MAX_HEAD)
                .title_case_headers(true)
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// Refuses requests that would change something, or that bring a body.
async fn refuse_writes(request: Request, next: Next) -> Response {
    if !request.body().is_end_stream() {
        let sentence = "Requests with a body are not answered here.";
        let response = text(StatusCode::PAYLOAD_TOO_LARGE, sentence);
        return ([(header::CONNECTION, "close")], response).into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let sentence = "Only GET and HEAD are answered here.";
        let response = text(StatusCode::METHOD_NOT_ALLOWED, sentence);
        return ([(header::ALLOW, "GET, HEAD")], response).into_response();
    }
    next.run(request).await
}

/// A response of plain text, for people.
pub fn text(status: StatusCode, sentence: &str) -> Response {
    (status, format!("{sentence}\n")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use std::io::{Read, Write};
    use std::net::{Shutdown, TcpStream};
    use tower_http::services::ServeFile;

    fn start(router: impl Into<Router>) -> Server {
        Server::start(TcpListener::bind("127.0.0.1:0").unwrap(), router).unwrap()
    }

    /// A server that says what it has been asked.
    fn echo() -> Server {
        start(Router::new().fallback(async |request: Request| {
            let range = &request.headers()["range"];
            format!("{} {range:?}", request.uri())
        }))
    }

    /// What the server has said by the time that it closes the connection, if that says all this
    /// and no more.
    fn answer_to(server: &Server, text: &str) -> String {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        // A server that has read enough may close the connection in the middle of any of these;
        // what has come counts.
        let _ = stream.write_all(text.as_bytes());
        let _ = stream.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8(answer).unwrap()
    }

    #[test]
    fn requests_are_read_one_after_the_other() {
        let request = "GET /a%20b/c.js?x=1 HTTP/1.1\r\nHost: here\r\nrange: bytes=0-1\r\n\r\n";
        let answer = answer_to(&echo(), &request.repeat(2));
        let body = "\r\n\r\n/a%20b/c.js?x=1 \"bytes=0-1\"";
        assert_eq!(answer.matches(body).count(), 2, "{answer}");
        let older = request.replace("HTTP/1.1", "HTTP/1.0");
        let answer = answer_to(&echo(), &older.repeat(2));
        assert_eq!(answer.matches(body).count(), 1, "{answer}");
    }

    #[test]
    fn a_closed_connection_is_no_request() {
        assert_eq!(answer_to(&echo(), ""), "");
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let site = start(Site::new(&std::env::temp_dir()).unwrap());
        let status = |text: &str| {
            let answer = answer_to(&site, text);
            let status = answer.split(' ').nth(1).map(str::to_owned);
            status.unwrap_or_else(|| "none".to_owned())
        };
        assert_eq!(status("hello\r\n\r\n"), "400");
        assert_eq!(status("GET / HTTP/1.1\r\nHost: here\r\n"), "none");
        assert_eq!(status("GET /%zz HTTP/1.1\r\n\r\n"), "400");
        assert_eq!(status("GET /%+1 HTTP/1.1\r\n\r\n"), "400");
        assert_eq!(status("GET /% HTTP/1.1\r\n\r\n"), "400");
        assert_eq!(status("GET /%ff HTTP/1.1\r\n\r\n"), "400");
        let with_body = "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n";
        assert_eq!(status(with_body), "413");
        let in_chunks = "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(status(in_chunks), "413");
        let long = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(4 * MAX_HEAD));
        // The connection is closed with much of that unread, and the answer is lost now and then.
        let mut answers = (0..20).map(|_| status(&long));
        assert_eq!(answers.find(|status| status != "none").unwrap(), "431");
    }

    /// A server of this text, which says that it has so many bytes.
    fn serve_text(text: &str, length: Option<u64>) -> Server {
        let name = format!("cliplet-server-{}-{}", std::process::id(), length.is_some());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        let says = move |mut response: Response| async move {
            let headers = response.headers_mut();
            headers.remove(header::CONTENT_LENGTH);
            headers
                .extend(length.map(|length| (header::CONTENT_LENGTH, HeaderValue::from(length))));
            response
        };
        let router = Router::new().fallback_service(ServeFile::new(path));
        start(router.layer(middleware::map_response(says)))
    }

    #[test]
    fn a_body_that_ends_early_cuts_the_connection() {
        let server = serve_text("abc", Some(5));
        let request = "GET / HTTP/1.1\r\nHost: here\r\n\r\n";
        let mut stream = TcpStream::connect(server.address()).unwrap();
        // The connection stays open on this side.
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        // Whether it is closed or reset is the system's.
        let _ = stream.read_to_string(&mut answer);
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        assert!("abc".starts_with(body), "{answer}");
    }

    #[test]
    fn a_body_of_unknown_length_is_sent_in_chunks() {
        let server = serve_text("abc", None);
        let (_, head, body) = ask(&server, "GET", "/", "");
        assert!(head.contains("Transfer-Encoding: chunked\r\n"), "{head}");
        assert!(!head.contains("Content-Length"), "{head}");
        assert_eq!(body, "3\r\nabc\r\n0\r\n\r\n");
    }

    #[test]
    fn a_server_that_stops_cuts_open_connections() {
        let mut server = echo();
        let mut stream = TcpStream::connect(server.address()).unwrap();
        let request = "GET / HTTP/1.1\r\nHost: here\r\nrange: bytes=0-1\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut first = [0; 4];
        stream.read_exact(&mut first).unwrap();
        assert_eq!(&first, b"HTTP");
        server.stop();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        assert!(TcpStream::connect(server.address()).is_err());
    }

    /// Sends one request on a connection of its own; gives the status line, the headers and the
    /// body.
    pub(crate) fn ask(
        server: &Server,
        method: &str,
        path: &str,
        headers: &str,
    ) -> (u16, String, String) {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n{headers}\r\n"
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_owned(), body.to_owned())
    }
}
