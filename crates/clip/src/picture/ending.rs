//! Whether a file's end is there, of the kinds of pictures whose bytes say so.
//!
//! Decoders differ in what they make of a file that is cut off: one refuses it, another fills what
//! is missing with grey. So that a page and a terminal answer alike, this is found out before they
//! are asked.

use crate::Error;

/// Bytes of a file's end that [`may_be_cut_off`] looks at. What cameras and phones append to a
/// picture is longer only where it is a video.
pub const TAIL: usize = 4096;
/// Files that are no longer are looked at as a whole: in the last bytes of a longer one, no preview
/// of its metadata lies.
pub const SHORT: usize = 1 << 17;

/// A file without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutOff {
    /// How much of a JPEG is there remains to be found out.
    Jpeg,
    /// Another kind, of which a part is not read.
    Other(&'static str),
}

impl CutOff {
    /// Why the file is refused.
    pub fn error(self) -> Error {
        let what = match self {
            Self::Jpeg => "a JPEG of which more than half is missing".to_owned(),
            Self::Other(kind) => format!("a {kind} that is cut off: its end is missing"),
        };
        Error::unsupported_picture(what, "Copy or download it again")
    }
}

/// Whether a file of more than [`SHORT`] bytes, of which `head` and `tail` are the first and the
/// last [`TAIL`], may be cut off, so that [`cut_off`] has to look at all of it. That is so of very
/// few.
pub fn may_be_cut_off(head: &[u8], tail: &[u8], length: u64) -> bool {
    match Kind::of(head) {
        // No byte of the picture itself is 0xff and then another than 0: ITU-T T.81, F.1.2.3.
        Some(Kind::Jpeg) => !has(tail, b"\xff\xd9"),
        Some(Kind::Png) => !has(tail, b"IEND"),
        Some(Kind::Gif) => tail.last() != Some(&GIF_TRAILER),
        Some(Kind::WebP) => is_cut_webp(head, length),
        None => false,
    }
}

/// Whether the end of a picture is missing: of a JPEG its last marker, of an animated GIF that of
/// its first picture.
pub fn cut_off(file: &[u8]) -> Option<CutOff> {
    if file.len() > SHORT
        && !may_be_cut_off(&file[..TAIL], &file[file.len() - TAIL..], file.len() as u64)
    {
        return None;
    }
    let (is_whole, cut_off) = match Kind::of(file)? {
        Kind::Jpeg => (jpeg_ends(file), CutOff::Jpeg),
        Kind::Png => (has(file, b"IEND"), CutOff::Other("PNG")),
        Kind::Gif => (first_gif_ends(file).is_some(), CutOff::Other("GIF")),
        Kind::WebP => (!is_cut_webp(file, file.len() as u64), CutOff::Other("WebP")),
    };
    (!is_whole).then_some(cut_off)
}

enum Kind {
    Jpeg,
    Png,
    Gif,
    WebP,
}

impl Kind {
    fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            [
                b'R',
                b'I',
                b'F',
                b'F',
                _,
                _,
                _,
                _,
                b'W',
                b'E',
                b'B',
                b'P',
                ..,
            ] => Some(Self::WebP),
            _ => None,
        }
    }
}

fn has<const N: usize>(bytes: &[u8], marker: &[u8; N]) -> bool {
    bytes.windows(N).any(|window| window == marker)
}

/// By the length that the container says of itself, without what is in front of it.
fn is_cut_webp(head: &[u8], length: u64) -> bool {
    let said = head[4..]
        .first_chunk()
        .map(|&bytes| u32::from_le_bytes(bytes));
    said.is_none_or(|said| length < u64::from(said) + 8)
}

/// Walks over the segments and scans to the marker of the end (ITU-T T.81, B.1.1). What a file has
/// behind it does not count.
fn jpeg_ends(file: &[u8]) -> bool {
    let mut rest = &file[2..];
    while let Some(at) = rest.iter().position(|&byte| byte == 0xff) {
        let Some(&marker) = rest.get(at + 1) else {
            return false;
        };
        let behind = match marker {
            0xd9 => return true,
            // One of several bytes 0xff that stand before a marker.
            0xff => at + 1,
            0 | 1 | 0xd0..=0xd8 => at + 2,
            _ => match rest.get(at + 2..at + 4) {
                Some(length) => at + 2 + usize::from(u16::from_be_bytes([length[0], length[1]])),
                None => return false,
            },
        };
        let Some(next) = rest.get(behind..) else {
            return false;
        };
        rest = next;
    }
    false
}

const GIF_TRAILER: u8 = 0x3b;

/// Walks over the blocks to the end of the first picture's data (GIF89a, appendix B).
fn first_gif_ends(file: &[u8]) -> Option<()> {
    let table = |flags: u8| match flags & 0x80 {
        0 => 0,
        _ => 6 << (flags & 7),
    };
    let mut rest = file.get(13 + table(*file.get(10)?)..)?;
    loop {
        let is_picture = match rest.first()? {
            0x2c => true,
            0x21 => false,
            // Whatever that is: nothing is missing before it.
            _ => return Some(()),
        };
        rest = if is_picture {
            rest.get(11 + table(*rest.get(9)?)..)?
        } else {
            rest.get(2..)?
        };
        loop {
            let length = usize::from(*rest.first()?);
            rest = rest.get(1 + length..)?;
            if length == 0 {
                break;
            }
        }
        if is_picture {
            return Some(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const FILES: [&[u8]; 7] = [
        include_bytes!("../../../fuzz-inputs/seeds/picture/baseline.jpg"),
        include_bytes!("../../../fuzz-inputs/seeds/picture/progressive.jpg"),
        include_bytes!("../../../fuzz-inputs/seeds/picture/rgba.png"),
        include_bytes!("../../../fuzz-inputs/seeds/picture/lossy.webp"),
        include_bytes!("../../../fuzz-inputs/seeds/picture/lossless.webp"),
        include_bytes!("../../../fuzz-inputs/seeds/picture/animated.gif"),
        include_bytes!("../../../fuzz-inputs/seeds/picture/interlaced.gif"),
    ];

    /// As a reader does that has only the head and the tail.
    fn may_be_cut(file: &[u8]) -> bool {
        let tail = &file[file.len().saturating_sub(TAIL)..];
        may_be_cut_off(&file[..file.len().min(TAIL)], tail, file.len() as u64)
    }

    #[test]
    fn whole_files_are_whole_whatever_follows() {
        for file in FILES {
            assert_eq!(cut_off(file), None);
            assert!(!may_be_cut(file));
            let followed = [file, &[0; 2 * TAIL]].concat();
            assert_eq!(cut_off(&followed), None);
        }
        assert_eq!(cut_off(b"BM, of which nothing is known"), None);
    }

    #[test]
    fn cut_files_are_seen() {
        for (at, file) in FILES.into_iter().enumerate() {
            // An animation whose later pictures are missing is as good as whole.
            let ends = if at == 5 {
                file.len() / 6
            } else {
                file.len() - 9
            };
            for end in [ends, file.len() / 8] {
                let cut = &file[..end.max(14)];
                assert!(cut_off(cut).is_some(), "{at}: {end}");
                assert!(may_be_cut(cut), "{at}: {end}");
            }
        }
    }

    #[test]
    fn a_preview_in_the_metadata_is_not_the_picture() {
        let inner = FILES[0];
        let mut file = vec![0xff, 0xd8, 0xff, 0xe1];
        file.extend(((inner.len() + 2) as u16).to_be_bytes());
        file.extend(inner);
        assert_eq!(cut_off(&file), Some(CutOff::Jpeg));
        file.extend(&inner[2..]);
        assert_eq!(cut_off(&file), None);
    }
}
