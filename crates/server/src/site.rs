//! A directory as a web site: which file a URL names, and the headers that go with it.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::media_type;
use crate::policy;
use crate::{Request, Response};

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

    /// The same directory as the built page: with what only headers can say of its Content-Security-Policy, and of who else may
    /// use its files.
    #[must_use]
    pub fn guarded(self) -> Self {
        Self {
            guarded: true,
            ..self
        }
    }

    /// Answers `GET` and `HEAD`.
    pub fn respond(&self, request: &Request) -> Response {
        let mut name = None;
        let response = match self.find(&request.path) {
            Found::File(path) => {
                name = path
                    .file_name()
                    .map(|name| name.to_string_lossy().into_owned());
                send_file(&path, request).unwrap_or_else(|error| match error.kind() {
                    io::ErrorKind::NotFound => not_found(),
                    _ => Response::text(500, &format!("The file cannot be read: {error}.")),
                })
            }
            Found::Directory => {
                Response::empty(308).with_header("Location", &format!("{}/", request.raw_path))
            }
            Found::Nothing => not_found(),
        };
        match self.guarded {
            true => guarded(isolated(response), name.as_deref()),
            false => isolated(response),
        }
    }

    fn find(&self, path: &str) -> Found {
        // A second slash would make the redirect below lead to another host.
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
        let (directories, name) = relative.rsplit_once('/').unwrap_or(("", relative));
        let mut file = self.root.clone();
        for directory in directories.split('/').filter(|_| !directories.is_empty()) {
            if !is_plain(directory) {
                return Found::Nothing;
            }
            file.push(directory);
        }
        if name.is_empty() {
            file.push("index.html");
        } else if is_plain(name) {
            file.push(name);
        } else {
            return Found::Nothing;
        }
        // Follows links, so that none leads out of the directory.
        match file.canonicalize() {
            Ok(file) if !file.starts_with(&self.root) => Found::Nothing,
            Ok(file) if file.is_dir() => Found::Directory,
            Ok(file) => Found::File(file),
            Err(_) => Found::Nothing,
        }
    }
}

enum Found {
    File(PathBuf),
    /// The same address with a slash at its end names something.
    Directory,
    Nothing,
}

fn not_found() -> Response {
    Response::text(404, "There is nothing here.")
}

/// Adds what makes a page cross-origin isolated, which threads in WebAssembly need.
fn isolated(response: Response) -> Response {
    response
        .with_header("Cross-Origin-Opener-Policy", "same-origin")
        .with_header("Cross-Origin-Embedder-Policy", "require-corp")
        .with_header("Cross-Origin-Resource-Policy", "same-origin")
        .with_header("X-Content-Type-Options", "nosniff")
}

/// The page for the inside of other people's pages.
const EMBEDDED: &str = "embed.html";

/// Adds the part of the Content-Security-Policy that is for a file of this type: any script may become a worker. Other people's
/// pages may use all files but the pages that are meant to stand alone; they are the same for everybody.
fn guarded(mut response: Response, name: Option<&str>) -> Response {
    let is_page = |name: &str| name.ends_with(".html") && name != EMBEDDED;
    if name.is_some_and(|name| !is_page(name)) {
        let policy = "Cross-Origin-Resource-Policy";
        response.headers.retain(|(header, _)| header != policy);
        response = response
            .with_header(policy, "cross-origin")
            .with_header("Access-Control-Allow-Origin", "*");
    }
    let media_type = response
        .headers
        .iter()
        .find(|(name, _)| name == "Content-Type")
        .map_or("", |(_, value)| value);
    let policy = match media_type.split(';').next() {
        Some("text/html") if name == Some(EMBEDDED) => return response,
        Some("text/html") => policy::FRAMES.to_owned(),
        Some("text/javascript") => policy::for_workers(),
        _ => return response,
    };
    response.with_header("Content-Security-Policy", &policy)
}

fn send_file(path: &Path, request: &Request) -> io::Result<Response> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    let length = metadata.len();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let etag = etag(&metadata)?;
    let caching = if is_hashed(&name) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let with_validators = |response: Response| {
        response
            .with_header("ETag", &etag)
            .with_header("Cache-Control", caching)
            .with_header("Accept-Ranges", "bytes")
    };

    let known = request.header("if-none-match");
    if known.is_some_and(|known| {
        known
            .split(',')
            .any(|tag| tag.trim() == etag || tag.trim() == "*")
    }) {
        return Ok(with_validators(Response::empty(304)));
    }
    // A range of another version of the file is of no use to the client: it gets the whole file.
    let same_version = request
        .header("if-range")
        .is_none_or(|version| version == etag);
    let range = request.header("range").filter(|_| same_version);
    let response = match range.map_or(Range::Whole, |range| parse_range(range, length)) {
        Range::Whole => Response::stream(200, media_type::of(&name), length, Box::new(file)),
        Range::Part { first, last } => {
            file.seek(SeekFrom::Start(first))?;
            let part = last - first + 1;
            Response::stream(206, media_type::of(&name), part, Box::new(file.take(part)))
                .with_header("Content-Range", &format!("bytes {first}-{last}/{length}"))
        }
        Range::Unsatisfiable => Response::text(416, "The file has no such bytes.")
            .with_header("Content-Range", &format!("bytes */{length}")),
    };
    Ok(with_validators(response))
}

/// Changes whenever the file does.
fn etag(metadata: &fs::Metadata) -> io::Result<String> {
    let modified = metadata
        .modified()?
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Ok(format!(
        "\"{:x}-{:x}\"",
        metadata.len(),
        modified.as_nanos()
    ))
}

/// Whether the name holds a hash of the content: 16 hexadecimal digits after a hyphen, at the end of the name or before
/// `_bg`, as `cargo xtask engine` writes it, or a few less, as trunk leaves out zeros at the front.
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

#[derive(Debug, PartialEq)]
enum Range {
    Whole,
    Part { first: u64, last: u64 },
    Unsatisfiable,
}

/// Reads a `Range` header for a file of `length` bytes. As RFC 9110 allows, headers that make no sense and lists of
/// several ranges are answered with the whole file.
fn parse_range(header: &str, length: u64) -> Range {
    let Some((first, last)) = header
        .strip_prefix("bytes=")
        .and_then(|range| range.trim().split_once('-'))
    else {
        return Range::Whole;
    };
    let number = |text: &str| {
        text.parse::<u64>()
            .ok()
            .filter(|_| text.bytes().all(|digit| digit.is_ascii_digit()))
    };
    match (number(first), number(last)) {
        (None, Some(0)) if first.is_empty() => Range::Unsatisfiable,
        (None, Some(_)) if first.is_empty() && length == 0 => Range::Unsatisfiable,
        (None, Some(suffix)) if first.is_empty() => Range::Part {
            first: length.saturating_sub(suffix),
            last: length - 1,
        },
        (Some(first), Some(last)) if last < first => Range::Whole,
        (Some(first), _) if first >= length && (last.is_empty() || number(last).is_some()) => {
            Range::Unsatisfiable
        }
        (Some(first), Some(last)) => Range::Part {
            first,
            last: last.min(length - 1),
        },
        (Some(first), None) if last.is_empty() => Range::Part {
            first,
            last: length - 1,
        },
        _ => Range::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Handler, Server};
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};
    use std::sync::Arc;

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        let part = |first, last| Range::Part { first, last };
        assert_eq!(parse_range("bytes=0-3", 10), part(0, 3));
        assert_eq!(parse_range("bytes=4-", 10), part(4, 9));
        assert_eq!(parse_range("bytes=4-99", 10), part(4, 9));
        assert_eq!(parse_range("bytes=-3", 10), part(7, 9));
        assert_eq!(parse_range("bytes=-30", 10), part(0, 9));
        assert_eq!(parse_range("bytes=10-", 10), Range::Unsatisfiable);
        assert_eq!(parse_range("bytes=10-12", 10), Range::Unsatisfiable);
        assert_eq!(parse_range("bytes=-0", 10), Range::Unsatisfiable);
        assert_eq!(parse_range("bytes=-1", 0), Range::Unsatisfiable);
        for whole in [
            "bytes=3-1",
            "bytes=0-1,3-4",
            "bytes=-",
            "bytes=a-b",
            "lines=0-1",
            "bytes=+1-2",
        ] {
            assert_eq!(parse_range(whole, 10), Range::Whole, "{whole}");
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

    /// A served directory with `index.html`, `sub/data.bin`, `sub/index.html`, and a secret beside the directory.
    fn start(base: &str) -> (Server, PathBuf) {
        let directory = std::env::temp_dir().join(format!(
            "cliplet-site-{}-{}",
            std::process::id(),
            base.len()
        ));
        let root = directory.join("root");
        fs::create_dir_all(root.join("sub")).unwrap();
        fs::write(directory.join("secret"), "secret").unwrap();
        fs::write(root.join("index.html"), "home").unwrap();
        fs::write(root.join("sub/index.html"), "sub").unwrap();
        fs::write(root.join("sub/data.bin"), "0123456789").unwrap();
        #[cfg(unix)]
        let _ = std::os::unix::fs::symlink(directory.join("secret"), root.join("link"));
        let site = Site::below(&root, base).unwrap();
        let handler: Handler = Arc::new(move |request| site.respond(request));
        (
            Server::start(TcpListener::bind("127.0.0.1:0").unwrap(), handler).unwrap(),
            directory,
        )
    }

    /// Sends one request on a connection of its own; gives the status line, the headers and the body.
    fn ask(server: &Server, method: &str, path: &str, headers: &str) -> (u16, String, String) {
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
        assert_eq!(ask(&server, "DELETE", "/", "").0, 405);

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
            .find_map(|line| line.strip_prefix("ETag: "))
            .unwrap();
        assert_eq!(
            ask(
                &server,
                "GET",
                "/sub/data.bin",
                &format!("If-None-Match: {etag}\r\n")
            )
            .0,
            304
        );
        let other_version = "Range: bytes=2-4\r\nIf-Range: \"other\"\r\n";
        assert_eq!(ask(&server, "GET", "/sub/data.bin", other_version).0, 200);
        drop(server);
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn other_people_s_pages_may_use_what_is_meant_for_them() {
        let headers = |name: &str, media_type: &'static str| {
            let response = isolated(Response::bytes(200, media_type, Vec::new()));
            guarded(response, Some(name)).headers
        };
        let value = |headers: &[(String, String)], name: &str| {
            let values: Vec<_> = headers
                .iter()
                .filter(|(header, _)| header == name)
                .collect();
            values.last().map(|(_, value)| value.clone())
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
