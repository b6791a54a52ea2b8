//! A directory as a web site: which file a URL names, and the headers that go with it.

use std::fs::Metadata;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::UNIX_EPOCH;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use tower_http::services::ServeFile;

use crate::policy;
use crate::text;

/// How much of a file is read at a time, in bytes.
const CHUNK: usize = 256 * 1024;

/// A directory, served below a path.
#[derive(Clone, Debug)]
pub struct Site {
    root: PathBuf,
    base: String,
    /// The directory is the built page, and answers have the headers that are for its files.
    guarded: bool,
}

impl Site {
    /// The directory `root` as the whole site.
    ///
    /// # Errors
    /// If there is no such directory.
    pub fn new(root: &Path) -> io::Result<Self> {
        Self::below(root, "/")
    }

    /// The directory `root` at `base`, which begins and ends with `/`; nothing is elsewhere.
    ///
    /// # Errors
    /// If there is no such directory.
    pub fn below(root: &Path, base: &str) -> io::Result<Self> {
        assert!(
            base.starts_with('/') && base.ends_with('/'),
            "a base path begins and ends with a slash: {base}"
        );
        Ok(Self {
            root: root.canonicalize()?,
            base: base.to_owned(),
            guarded: false,
        })
    }

    /// The same directory as the built page: with what only headers can say of its
    /// Content-Security-Policy, and of who else may use its files.
    #[must_use]
    pub fn guarded(self) -> Self {
        Self {
            guarded: true,
            ..self
        }
    }

    /// Answers `GET` and `HEAD`.
    pub async fn respond(&self, request: &Parts) -> Response {
        let raw_path = request.uri.path();
        let mut name = None;
        let mut response = match decode(raw_path).map(|path| self.find(&path)) {
            Some(Found::File(path)) => {
                name = path
                    .file_name()
                    .map(|name| name.to_string_lossy().into_owned());
                send_file(&path, request).await
            }
            Some(Found::Directory) => {
                let location = format!("{raw_path}/");
                (
                    StatusCode::PERMANENT_REDIRECT,
                    [(header::LOCATION, location)],
                )
                    .into_response()
            }
            Some(Found::Nothing) => not_found(),
            None => text(StatusCode::BAD_REQUEST, "That address cannot be read."),
        };
        isolate(response.headers_mut());
        if self.guarded {
            guard(response.headers_mut(), name.as_deref());
        }
        response
    }

    fn find(&self, path: &str) -> Found {
        // A second slash would make the redirect above lead to another host.
        let Some(relative) = path
            .strip_prefix(&self.base)
            .filter(|relative| !relative.starts_with('/'))
        else {
            return if format!("{path}/") == self.base {
                Found::Directory
            } else {
                Found::Nothing
            };
        };
        // Plain names only: no `..`, no `//`, no drive letters or backslashes.
        let is_plain = |name: &str| {
            let mut components = Path::new(name).components();
            matches!(
                (components.next(), components.next()),
                (Some(Component::Normal(_)), None)
            ) && !name.contains(['\\', '\0'])
        };
        let mut names: Vec<&str> = relative.split('/').collect();
        if let Some(last @ &mut "") = names.last_mut() {
            *last = "index.html";
        }
        if !names.iter().all(|name| is_plain(name)) {
            return Found::Nothing;
        }
        // Follows links, so that none leads out of the directory.
        match self.root.join(names.join("/")).canonicalize() {
            Ok(file) if !file.starts_with(&self.root) => Found::Nothing,
            Ok(file) if file.is_dir() => Found::Directory,
            Ok(file) => Found::File(file),
            Err(_) => Found::Nothing,
        }
    }
}

impl From<Site> for Router {
    fn from(site: Site) -> Self {
        Self::new().fallback(async move |request: Request| {
            let (request, _) = request.into_parts();
            site.respond(&request).await
        })
    }
}

enum Found {
    File(PathBuf),
    /// The same address with a slash at its end names something.
    Directory,
    Nothing,
}

fn not_found() -> Response {
    text(StatusCode::NOT_FOUND, "There is nothing here.")
}

/// A path without percent-encoding. `None`: broken escapes, which `percent_decode_str` would leave
/// as they are, or bytes that are not UTF-8.
fn decode(path: &str) -> Option<String> {
    let is_escape = |rest: &str| {
        let digits = rest.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if !path.split('%').skip(1).all(is_escape) {
        return None;
    }
    Some(percent_decode_str(path).decode_utf8().ok()?.into_owned())
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

/// Says what makes a page cross-origin isolated, which threads in WebAssembly need.
fn isolate(headers: &mut HeaderMap) {
    for (name, value) in [
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-embedder-policy", "require-corp"),
        ("cross-origin-resource-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
    ] {
        set(headers, HeaderName::from_static(name), value);
    }
}

/// The page for the inside of other people's pages.
const EMBEDDED: &str = "embed.html";

/// Adds the part of the Content-Security-Policy that is for a file of this type: any script may
/// become a worker. Other people's pages may use all files but the pages that are meant to stand
/// alone; they are the same for everybody.
fn guard(headers: &mut HeaderMap, name: Option<&str>) {
    let is_page = |name: &str| name.ends_with(".html") && name != EMBEDDED;
    if name.is_some_and(|name| !is_page(name)) {
        let policy = HeaderName::from_static("cross-origin-resource-policy");
        set(headers, policy, "cross-origin");
        set(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    }
    let media_type = headers.get(header::CONTENT_TYPE);
    let media_type = media_type.and_then(|value| value.to_str().ok()?.split(';').next());
    let policy = match media_type {
        Some("text/html") if name == Some(EMBEDDED) => return,
        Some("text/html") => policy::FRAMES.to_owned(),
        Some("text/javascript") => policy::for_workers(),
        _ => return,
    };
    let policy = HeaderValue::try_from(policy).expect("policies are ASCII");
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
}

/// Sends a file or a part of it, by `ServeFile`. That knows dates alone, which change no oftener
/// than once a second: entity tags stand in their place.
async fn send_file(path: &Path, request: &Parts) -> Response {
    let metadata = match tokio::fs::metadata(path).await {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return not_found(),
        Err(error) => return unreadable(&error),
    };
    let etag = etag(&metadata);
    let sent = |name| {
        request
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let known = sent(header::IF_NONE_MATCH).is_some_and(|known| {
        let mut tags = known.split(',').map(str::trim);
        tags.any(|tag| tag == etag || tag == "*")
    });
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        // A range of another version of the file is of no use to the client: it gets the whole
        // file.
        let same_version = sent(header::IF_RANGE).is_none_or(|version| version == etag);
        let range = sent(header::RANGE).filter(|_| same_version);
        let range = range.and_then(|range| range_of(range, metadata.len()));
        read_file(path, request, range).await
    };
    let headers = response.headers_mut();
    let etag = HeaderValue::try_from(etag).expect("an entity tag is ASCII");
    headers.insert(header::ETAG, etag);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let caching = if is_hashed(&name) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    set(headers, header::CACHE_CONTROL, caching);
    set(headers, header::ACCEPT_RANGES, "bytes");
    response
}

/// The file, or the one range of it, without validators.
async fn read_file(path: &Path, request: &Parts, range: Option<String>) -> Response {
    let mut asked = Request::new(Body::empty());
    *asked.method_mut() = request.method.clone();
    if let Some(range) = range {
        let range = HeaderValue::try_from(range).expect("a range is ASCII");
        asked.headers_mut().insert(header::RANGE, range);
    }
    let mut file = ServeFile::new(path).with_buf_chunk_size(CHUNK);
    let mut response = match file.try_call(asked).await {
        Ok(response) => response.map(Body::new),
        Err(error) => return unreadable(&error),
    };
    let status = response.status();
    let headers = response.headers_mut();
    headers.remove(header::LAST_MODIFIED);
    match status {
        StatusCode::OK | StatusCode::PARTIAL_CONTENT => {
            let media_type = HeaderValue::try_from(media_type(path)).expect("it is ASCII");
            headers.insert(header::CONTENT_TYPE, media_type);
            response
        }
        StatusCode::RANGE_NOT_SATISFIABLE => {
            let length = headers.remove(header::CONTENT_RANGE);
            let mut refusal = text(status, "The file has no such bytes.");
            refusal
                .headers_mut()
                .extend(length.map(|length| (header::CONTENT_RANGE, length)));
            refusal
        }
        // There is such a file: it may not be read.
        _ => unreadable(&io::ErrorKind::PermissionDenied.into()),
    }
}

fn unreadable(error: &io::Error) -> Response {
    let sentence = format!("The file cannot be read: {error}.");
    text(StatusCode::INTERNAL_SERVER_ERROR, &sentence)
}

/// The media type of a file by its extension. `mime_guess` does not say that texts are in UTF-8,
/// and takes TypeScript's declarations for videos.
fn media_type(path: &Path) -> String {
    let guess = match path.extension().and_then(|extension| extension.to_str()) {
        Some("map") => Some("application/json"),
        Some("mjs") => Some("text/javascript"),
        Some("ts") => None,
        _ => mime_guess::from_path(path).first_raw(),
    };
    match guess.unwrap_or("application/octet-stream") {
        text if text.starts_with("text/") => format!("{text}; charset=utf-8"),
        other => other.to_owned(),
    }
}

/// Changes whenever the file does.
fn etag(metadata: &Metadata) -> String {
    // Not every file system knows when.
    let modified = metadata.modified().ok();
    let modified = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let modified = modified.unwrap_or_default().as_nanos();
    format!("\"{:x}-{modified:x}\"", metadata.len())
}

/// Whether the name holds a hash of the content: 16 hexadecimal digits after a hyphen, at the end
/// of the name or before `_bg`, as `cargo xtask engine` writes it, or a few less, as trunk leaves
/// out zeros at the front.
fn is_hashed(name: &str) -> bool {
    let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
    let stem = stem.strip_suffix("_bg").unwrap_or(stem);
    stem.rsplit_once('-').is_some_and(|(_, hash)| {
        (12..=16).contains(&hash.len())
            && hash
                .bytes()
                .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// A `Range` header for a file of `length` bytes as `ServeFile` is to see it. `None`: the whole
/// file is sent, as RFC 9110 allows where a header makes no sense or lists several ranges.
/// `ServeFile` refuses these, and suffixes that are longer than the file, and sends a byte of empty
/// files.
fn range_of(header: &str, length: u64) -> Option<String> {
    let (first, last) = header.strip_prefix("bytes=")?.trim().split_once('-')?;
    let number = |text: &str| {
        text.parse::<u64>()
            .ok()
            .filter(|_| text.bytes().all(|digit| digit.is_ascii_digit()))
    };
    match (number(first), number(last)) {
        (Some(first), Some(last)) if last < first => None,
        (Some(_), None) if !last.is_empty() => None,
        (Some(_), _) if length == 0 => Some("bytes=-0".to_owned()),
        (Some(first), Some(last)) => Some(format!("bytes={first}-{last}")),
        (Some(first), None) => Some(format!("bytes={first}-")),
        (None, Some(suffix)) if first.is_empty() => Some(format!("bytes=-{}", suffix.min(length))),
        _ => None,
    }
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::Server;
    use crate::tests::ask;
    use std::fs;
    use std::net::{TcpListener, TcpStream};
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        let (server, directory) = start("/");
        let part = |range: &str| {
            let range = format!("Range: {range}\r\n");
            let (status, head, body) = ask(&server, "GET", "/sub/data.bin", &range);
            let length = format!("Content-Length: {}\r\n", body.len());
            assert!(head.contains(&length), "{range}{head}");
            match status {
                206 => assert!(head.contains("Content-Range: bytes "), "{range}{head}"),
                416 => assert!(head.contains("Content-Range: bytes */10"), "{range}{head}"),
                _ => assert!(!head.contains("Content-Range"), "{range}{head}"),
            }
            (status, body)
        };
        let bytes = |bytes: &str| (206, bytes.to_owned());
        assert_eq!(part("bytes=0-3"), bytes("0123"));
        assert_eq!(part("bytes=4-"), bytes("456789"));
        assert_eq!(part("bytes=4-99"), bytes("456789"));
        assert_eq!(part("bytes=-3"), bytes("789"));
        assert_eq!(part("bytes=-30"), bytes("0123456789"));
        let unsatisfiable = (416, "The file has no such bytes.\n".to_owned());
        for range in ["bytes=10-", "bytes=10-12", "bytes=-0"] {
            assert_eq!(part(range), unsatisfiable, "{range}");
        }
        for whole in [
            "bytes=3-1",
            "bytes=0-1,3-4",
            "bytes=-",
            "bytes=a-b",
            "bytes=0-b",
            "lines=0-1",
            "bytes=+1-2",
        ] {
            assert_eq!(part(whole), (200, "0123456789".to_owned()), "{whole}");
        }
        for range in ["bytes=-1", "bytes=0-", "bytes=0-0"] {
            let range = format!("Range: {range}\r\n");
            let (status, head, _) = ask(&server, "GET", "/empty", &range);
            assert_eq!(status, 416, "{range}");
            assert!(head.contains("Content-Range: bytes */0"), "{head}");
        }
        drop(server);
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn media_types_are_those_that_browsers_want() {
        for (name, media_type) in [
            ("a.avif", "image/avif"),
            ("a.css", "text/css; charset=utf-8"),
            ("a.csv", "text/csv; charset=utf-8"),
            ("a.gif", "image/gif"),
            ("a.HTML", "text/html; charset=utf-8"),
            ("a.ico", "image/x-icon"),
            ("a.jpeg", "image/jpeg"),
            ("a.jpg", "image/jpeg"),
            ("a.js", "text/javascript; charset=utf-8"),
            ("a.mjs", "text/javascript; charset=utf-8"),
            ("a.json", "application/json"),
            ("a.js.map", "application/json"),
            ("a.md", "text/markdown; charset=utf-8"),
            ("a.png", "image/png"),
            ("a.svg", "image/svg+xml"),
            ("a.txt", "text/plain; charset=utf-8"),
            ("a.wasm", "application/wasm"),
            ("a.webmanifest", "application/manifest+json"),
            ("a.webp", "image/webp"),
            ("a.woff2", "font/woff2"),
            ("a.d.ts", "application/octet-stream"),
            ("a.gguf", "application/octet-stream"),
            ("a.safetensors", "application/octet-stream"),
            ("a", "application/octet-stream"),
        ] {
            assert_eq!(super::media_type(Path::new(name)), media_type, "{name}");
        }
    }

    #[test]
    fn hashed_names_are_told_apart() {
        assert!(is_hashed("cliplet-page-0123456789abcdef.js"));
        assert!(is_hashed("cliplet-page-0123456789abcdef_bg.wasm"));
        assert!(is_hashed("style-0123456789abcdef.css"));
        assert!(is_hashed("style-123456789abcdef.css"));
        for plain in [
            "index.html",
            "models.json",
            "starter.gguf",
            "a-0123456789abcdeg.js",
            "0123456789abcdef.js",
        ] {
            assert!(!is_hashed(plain), "{plain}");
        }
    }

    /// A served directory with `index.html`, `empty`, `sub/data.bin`, `sub/index.html`, and a
    /// secret beside the directory.
    fn start(base: &str) -> (Server, PathBuf) {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let directory = std::env::temp_dir().join(format!(
            "cliplet-site-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::SeqCst)
        ));
        let root = directory.join("root");
        fs::create_dir_all(root.join("sub")).unwrap();
        fs::write(directory.join("secret"), "secret").unwrap();
        fs::write(root.join("index.html"), "home").unwrap();
        fs::write(root.join("empty"), "").unwrap();
        fs::write(root.join("sub/index.html"), "sub").unwrap();
        fs::write(root.join("sub/data.bin"), "0123456789").unwrap();
        #[cfg(unix)]
        let _ = std::os::unix::fs::symlink(directory.join("secret"), root.join("link"));
        let site = Site::below(&root, base).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        (Server::start(listener, site).unwrap(), directory)
    }

    #[test]
    fn files_are_served_and_nothing_else() {
        let (server, directory) = start("/");
        let (status, head, body) = ask(&server, "GET", "/", "");
        assert_eq!((status, body.as_str()), (200, "home"));
        assert!(
            head.contains("Content-Type: text/html; charset=utf-8\r\n"),
            "{head}"
        );
        assert!(
            head.contains("Cross-Origin-Embedder-Policy: require-corp"),
            "{head}"
        );
        assert!(head.contains("Cache-Control: no-cache"), "{head}");
        assert_eq!(ask(&server, "GET", "/sub/", "").2, "sub");
        let (status, head, _) = ask(&server, "GET", "/sub", "");
        assert_eq!(status, 308);
        assert!(head.contains("Location: /sub/"), "{head}");
        for path in [
            "/../secret",
            "/%2e%2e/secret",
            "/sub/../../secret",
            "//secret",
            "//sub",
            "/link",
            "/nothing",
            "/sub//data.bin",
        ] {
            assert_eq!(ask(&server, "GET", path, "").0, 404, "{path}");
        }
        let (status, head, _) = ask(&server, "DELETE", "/", "");
        assert_eq!(status, 405);
        assert!(head.contains("Allow: GET, HEAD\r\n"), "{head}");

        let (status, head, body) = ask(&server, "HEAD", "/sub/data.bin", "");
        assert_eq!((status, body.as_str()), (200, ""));
        assert!(head.contains("Content-Length: 10"), "{head}");
        let (status, head, body) = ask(&server, "GET", "/sub/data.bin", "Range: bytes=2-4\r\n");
        assert_eq!((status, body.as_str()), (206, "234"));
        assert!(head.contains("Content-Range: bytes 2-4/10"), "{head}");
        let (status, head, _) = ask(&server, "GET", "/sub/data.bin", "Range: bytes=20-\r\n");
        assert_eq!(status, 416);
        assert!(head.contains("Content-Range: bytes */10"), "{head}");
        let etag = head
            .lines()
            .find_map(|line| line.strip_prefix("Etag: "))
            .unwrap();
        let known = format!("If-None-Match: \"other\", {etag}\r\n");
        let (status, head, body) = ask(&server, "GET", "/sub/data.bin", &known);
        assert_eq!((status, body.as_str()), (304, ""));
        assert!(!head.contains("Content-Length"), "{head}");
        let same_version = format!("Range: bytes=2-4\r\nIf-Range: {etag}\r\n");
        assert_eq!(ask(&server, "GET", "/sub/data.bin", &same_version).0, 206);
        let other_version = "Range: bytes=2-4\r\nIf-Range: \"other\"\r\n";
        assert_eq!(ask(&server, "GET", "/sub/data.bin", other_version).0, 200);
        drop(server);
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn other_people_s_pages_may_use_what_is_meant_for_them() {
        let headers = |name: &str, media_type: &'static str| {
            let mut headers = HeaderMap::new();
            set(&mut headers, header::CONTENT_TYPE, media_type);
            isolate(&mut headers);
            guard(&mut headers, Some(name));
            headers
        };
        let value = |headers: &HeaderMap, name: &str| {
            let value = headers.get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        let (corp, cors, csp) = (
            "Cross-Origin-Resource-Policy",
            "Access-Control-Allow-Origin",
            "Content-Security-Policy",
        );
        for name in ["embed.js", "cliplet.js", "models.json"] {
            let headers = headers(name, "application/octet-stream");
            assert_eq!(value(&headers, corp).unwrap(), "cross-origin", "{name}");
            assert_eq!(value(&headers, cors).unwrap(), "*", "{name}");
        }
        let page = headers("index.html", "text/html");
        assert_eq!(value(&page, corp).unwrap(), "same-origin");
        assert_eq!(value(&page, cors), None);
        assert_eq!(value(&page, csp).unwrap(), policy::FRAMES);
        let embedded = headers("embed.html", "text/html");
        assert_eq!(value(&embedded, corp).unwrap(), "cross-origin");
        assert_eq!(value(&embedded, csp), None);
    }

    #[test]
    fn a_site_can_lie_below_a_path() {
        let (mut server, directory) = start("/some/where/");
        assert_eq!(ask(&server, "GET", "/some/where/", "").2, "home");
        assert_eq!(ask(&server, "GET", "/some/where", "").0, 308);
        assert_eq!(ask(&server, "GET", "/", "").0, 404);
        server.stop();
        assert!(TcpStream::connect(server.address()).is_err());
        fs::remove_dir_all(directory).unwrap();
    }
}
