//! The wire format: reading a request, writing a response. Bodies of requests are not supported.

use std::io::{self, BufRead, Cursor, Read, Write};

/// Longest request line and headers together, in bytes.
const MAX_HEAD: u64 = 64 * 1024;

/// A request's line and headers.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET` or `HEAD`; anything else does not reach a handler.
    pub method: String,
    /// Percent-decoded, without the query; begins with `/`.
    pub path: String,
    /// The same as it came.
    pub raw_path: String,
    /// What follows the `?`, as it came; empty without one.
    pub query: String,
    /// Names in lower case, in the order they came.
    pub headers: Vec<(String, String)>,
    pub(super) keep_alive: bool,
}

impl Request {
    /// The value of the first header of this name (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(header, _)| header == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Where a response's bytes come from.
pub type Body = Box<dyn Read + Send>;

/// A response. A body that ends before `length` bytes cuts the connection, so that the client sees a broken transfer.
pub struct Response {
    /// HTTP status code.
    pub status: u16,
    /// In the order they are sent. `Content-Length` is not among them.
    pub headers: Vec<(String, String)>,
    /// Length of the body in bytes, as the client is told. `None`: it is not told, and the body is sent in chunks.
    pub length: Option<u64>,
    /// The body.
    pub body: Body,
}

impl Response {
    /// A response of this media type.
    pub fn bytes(status: u16, media_type: &str, bytes: Vec<u8>) -> Self {
        let length = bytes.len() as u64;
        Self::stream(status, media_type, length, Box::new(Cursor::new(bytes)))
    }

    /// A response whose body is read while it is sent.
    pub fn stream(status: u16, media_type: &str, length: u64, body: Body) -> Self {
        Self {
            status,
            headers: vec![("Content-Type".to_owned(), media_type.to_owned())],
            length: Some(length),
            body,
        }
    }

    /// A response of plain text, for people.
    pub fn text(status: u16, sentence: &str) -> Self {
        Self::bytes(
            status,
            "text/plain; charset=utf-8",
            format!("{sentence}\n").into_bytes(),
        )
    }

    /// A response without a body.
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            length: Some(0),
            body: Box::new(io::empty()),
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// Reads the next request. `None`: the client has closed the connection. `Some(Err(_))`: what to answer to something
/// that is no request; the connection is of no use after that.
pub(super) fn read_request(
    reader: &mut impl BufRead,
) -> io::Result<Option<Result<Request, Response>>> {
    let mut head = reader.take(MAX_HEAD);
    let mut line = String::new();
    if head.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Ok(Some(Err(Response::text(
            400,
            "That is not an HTTP request.",
        ))));
    };

    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if head.read_line(&mut line)? == 0 {
            let refusal = match head.limit() {
                0 => Response::text(431, "The request's headers are too long."),
                _ => Response::text(400, "The request ended early."),
            };
            return Ok(Some(Err(refusal)));
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    let (raw_path, query) = target.split_once('?').unwrap_or((target, ""));
    let Some(path) = percent_decode(raw_path).filter(|path| path.starts_with('/')) else {
        return Ok(Some(Err(Response::text(
            400,
            "That address cannot be read.",
        ))));
    };
    let mut request = Request {
        method: method.to_owned(),
        path,
        raw_path: raw_path.to_owned(),
        query: query.to_owned(),
        headers,
        keep_alive: version == "HTTP/1.1",
    };
    if request
        .header("connection")
        .is_some_and(|value| value.eq_ignore_ascii_case("close"))
    {
        request.keep_alive = false;
    }
    if request
        .header("content-length")
        .is_some_and(|length| length != "0")
        || request.header("transfer-encoding").is_some()
    {
        // Its body would be taken for the next request.
        return Ok(Some(Err(Response::text(
            413,
            "Requests with a body are not answered here.",
        ))));
    }
    Ok(Some(Ok(request)))
}

/// Decodes `%41` and the like. `None`: broken escapes, or bytes that are not UTF-8.
fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'%' {
            let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
            // `from_str_radix` would also take a sign.
            if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return None;
            }
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

/// Sends a response; the body only if the request asks for one.
pub(super) fn write_response(
    stream: impl Write,
    request: &Request,
    response: Response,
) -> io::Result<()> {
    let with_body = request.method != "HEAD" && !matches!(response.status, 204 | 304);
    write(stream, response, with_body, request.keep_alive)
}

/// Sends the answer to something that was no request.
pub(super) fn write_refusal(stream: impl Write, response: Response) -> io::Result<()> {
    write(stream, response, true, false)
}

fn write(
    mut stream: impl Write,
    mut response: Response,
    with_body: bool,
    keep_alive: bool,
) -> io::Result<()> {
    let mut head = format!(
        "HTTP/1.1 {} {}\r\n",
        response.status,
        reason(response.status)
    );
    for (name, value) in &response.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !matches!(response.status, 204 | 304) {
        head.push_str(&match response.length {
            Some(length) => format!("Content-Length: {length}\r\n"),
            None => "Transfer-Encoding: chunked\r\n".to_owned(),
        });
    }
    head.push_str(if keep_alive {
        "\r\n"
    } else {
        "Connection: close\r\n\r\n"
    });
    stream.write_all(head.as_bytes())?;
    match response.length {
        _ if !with_body => {}
        Some(length) => {
            let sent = io::copy(&mut response.body.by_ref().take(length), &mut stream)?;
            if sent < length {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        None => write_chunks(&mut stream, &mut response.body)?,
    }
    stream.flush()
}

/// Sends a body without saying before how long it is. An error of the body ends it without its end.
fn write_chunks(mut stream: impl Write, mut body: impl Read) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = body.read(&mut buffer)?;
        write!(stream, "{read:x}\r\n")?;
        stream.write_all(&buffer[..read])?;
        stream.write_all(b"\r\n")?;
        if read == 0 {
            return Ok(());
        }
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        206 => "Partial Content",
        302 => "Found",
        304 => "Not Modified",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        416 => "Range Not Satisfiable",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Status",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Request, u16> {
        read_request(&mut text.as_bytes())
            .unwrap()
            .unwrap()
            .map_err(|refusal| refusal.status)
    }

    #[test]
    fn a_request_is_read() {
        let request =
            read("GET /a%20b/c.js?x=1 HTTP/1.1\r\nHost: here\r\nRange: bytes=0-1\r\n\r\n").unwrap();
        assert_eq!(
            (request.method.as_str(), request.path.as_str()),
            ("GET", "/a b/c.js")
        );
        assert_eq!(request.query, "x=1");
        assert_eq!(request.header("range"), Some("bytes=0-1"));
        assert!(request.keep_alive);
    }

    #[test]
    fn a_closed_connection_is_no_request() {
        assert!(read_request(&mut "".as_bytes()).unwrap().is_none());
    }

    #[test]
    fn what_is_no_request_is_refused() {
        assert_eq!(read("hello\r\n\r\n").unwrap_err(), 400);
        assert_eq!(read("GET / HTTP/1.1\r\nHost: here\r\n").unwrap_err(), 400);
        assert_eq!(read("GET /%zz HTTP/1.1\r\n\r\n").unwrap_err(), 400);
        assert_eq!(read("GET /%+1 HTTP/1.1\r\n\r\n").unwrap_err(), 400);
        assert_eq!(
            read("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n").unwrap_err(),
            413
        );
        let long = format!(
            "GET / HTTP/1.1\r\nX: {}\r\n\r\n",
            "x".repeat(MAX_HEAD as usize)
        );
        assert_eq!(read(&long).unwrap_err(), 431);
    }

    #[test]
    fn a_body_that_ends_early_is_an_error() {
        let request = read("GET / HTTP/1.0\r\n\r\n").unwrap();
        let mut sent = Vec::new();
        let response = Response::stream(200, "text/plain", 5, Box::new("abc".as_bytes()));
        assert!(write_response(&mut sent, &request, response).is_err());
        assert!(sent.ends_with(b"\r\n\r\nabc"));
    }

    #[test]
    fn a_body_of_unknown_length_is_sent_in_chunks() {
        let request = read("GET / HTTP/1.1\r\n\r\n").unwrap();
        let mut sent = Vec::new();
        let mut response = Response::stream(200, "text/plain", 0, Box::new("abc".as_bytes()));
        response.length = None;
        write_response(&mut sent, &request, response).unwrap();
        let sent = String::from_utf8(sent).unwrap();
        assert!(sent.contains("Transfer-Encoding: chunked\r\n"), "{sent}");
        assert!(!sent.contains("Content-Length"), "{sent}");
        assert!(sent.ends_with("\r\n\r\n3\r\nabc\r\n0\r\n\r\n"), "{sent}");
    }
}
