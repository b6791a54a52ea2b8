//! Standard input, which can be read once: a list of paths, or one picture.

use std::borrow::Cow;
use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::OnceLock;

/// How standard input is named.
const NAME: &str = "-";

/// Whether a path means standard input.
pub(crate) fn is_named(path: &Path) -> bool {
    path == Path::new(NAME)
}

/// The bytes of a file, or of standard input.
pub(crate) fn read(path: &Path) -> io::Result<Cow<'static, [u8]>> {
    static BYTES: OnceLock<Result<Vec<u8>, (io::ErrorKind, String)>> = OnceLock::new();
    if !is_named(path) {
        return fs::read(path).map(Cow::Owned);
    }
    let read = BYTES.get_or_init(|| {
        let mut bytes = Vec::new();
        let read = io::stdin().lock().read_to_end(&mut bytes);
        read.map(|_| bytes)
            .map_err(|error| (error.kind(), error.to_string()))
    });
    match read {
        Ok(bytes) => Ok(Cow::Borrowed(bytes)),
        Err((kind, what)) => Err(io::Error::new(*kind, what.clone())),
    }
}

/// Whether bytes are those of a picture and no list of paths, by how they begin.
pub(super) fn is_picture(bytes: &[u8]) -> bool {
    match bytes {
        [0xff, 0xd8, 0xff, ..]
        | [0x89, b'P', b'N', b'G', b'\r', b'\n', ..]
        | [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..]
        | [b'I', b'I', b'*', 0, ..]
        | [b'M', b'M', 0, b'*', ..]
        // AVIF and HEIC.
        | [0, 0, 0, _, b'f', b't', b'y', b'p', ..] => true,
        // A path may begin with these two letters.
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => true,
        [b'R', b'I', b'F', b'F', _, _, _, _, rest @ ..] => rest.starts_with(b"WEBP"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_no_lists() {
        for (bytes, expected) in [
            (&b"\xff\xd8\xff\xe0\0\x10JFIF"[..], true),
            (b"\x89PNG\r\n\x1a\n", true),
            (b"GIF89a\x01\0", true),
            (b"RIFF\x24\0\0\0WEBPVP8 ", true),
            (b"BM\x36\x03\0\0\0\0\0\0\x36\0", true),
            (b"II*\0\x08\0\0\0", true),
            (b"\0\0\0\x1cftypavif", true),
            (b"BMW/cat.jpg\n", false),
            (b"RIFF/WEBP.webp\n", false),
            (b"GIFs/a.gif\n", false),
            (b"cat.jpg\0dog.jpg\0", false),
            (b"", false),
        ] {
            assert_eq!(is_picture(bytes), expected, "{bytes:?}");
        }
    }
}
