//! Names for files that are no picture of a kind that is read, by their first bytes.
//!
//! The signatures are those of the formats' specifications, most of which
//! <https://en.wikipedia.org/wiki/List_of_file_signatures> lists. They name what could not be
//! decoded, and decide nothing else.

use crate::Error;

/// Bytes of a file's beginning that tell its kind.
pub const HEAD: usize = 4096;

/// What to do about a file depends on this.
#[derive(Clone, Copy)]
enum Sort {
    Picture,
    Raw,
    Video,
    Document,
    Archive,
    WebPage,
    GitLfs,
    Zeros,
    Other,
}

impl Sort {
    fn advice(self) -> &'static str {
        match self {
            Self::Picture => "Save it as JPEG or PNG, and use that",
            Self::Raw => "Export it as JPEG or PNG from a photo program, and use that",
            Self::Video => "Save a frame of it as JPEG or PNG, and use that",
            Self::Document => "Save its page as JPEG or PNG, and use that",
            Self::Archive => "Unpack it, and use the pictures in it",
            Self::WebPage => {
                "Its server may have sent this instead of the picture: open the picture in a browser and save it from there"
            }
            Self::GitLfs => "Fetch the picture with git lfs pull",
            Self::Zeros => "It was not copied whole: copy or download it again",
            Self::Other => "Use a JPEG or PNG",
        }
    }
}

/// Where a signature lies, the signature, and what begins so.
type Signature = (usize, &'static [u8], &'static str, Sort);

/// The first that fits names the file.
const SIGNATURES: &[Signature] = &[
    (8, b"CR\x02", "CR2", Sort::Raw),
    (0, b"IIRO", "ORF", Sort::Raw),
    (0, b"IIRS", "ORF", Sort::Raw),
    (0, b"MMOR", "ORF", Sort::Raw),
    (0, b"IIU\0", "RW2", Sort::Raw),
    (0, b"FUJIFILMCCD-RAW", "RAF", Sort::Raw),
    (0, b"\0MRM", "MRW", Sort::Raw),
    (0, b"FOVb", "X3F", Sort::Raw),
    (6, b"HEAPCCDR", "CRW", Sort::Raw),
    (0, b"\xff\x0a", "a JPEG XL picture", Sort::Picture),
    (4, b"JXL \r\n", "a JPEG XL picture", Sort::Picture),
    (4, b"jP  \r\n", "a JPEG 2000 picture", Sort::Picture),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 picture", Sort::Picture),
    (0, b"II\xbc\x01", "a JPEG XR picture", Sort::Picture),
    (0, b"8BPS", "a Photoshop file", Sort::Picture),
    (0, b"gimp xcf", "a GIMP file", Sort::Picture),
    (0, b"\0\0\x01\0", "an icon (ICO)", Sort::Picture),
    (0, b"\0\0\x02\0", "a cursor (CUR)", Sort::Picture),
    (0, b"\x76\x2f\x31\x01", "an OpenEXR picture", Sort::Picture),
    (0, b"#?RADIANCE", "a Radiance HDR picture", Sort::Picture),
    (0, b"DDS ", "a DDS texture", Sort::Picture),
    (0, b"qoif", "a QOI picture", Sort::Picture),
    (0, b"BPG\xfb", "a BPG picture", Sort::Picture),
    (0, b"\x8aMNG", "an MNG animation", Sort::Picture),
    (0, b"SIMPLE  =", "a FITS file", Sort::Picture),
    (128, b"DICM", "a DICOM file", Sort::Picture),
    (0, b"\xd7\xcd\xc6\x9a", "a WMF drawing", Sort::Picture),
    (40, b" EMF", "an EMF drawing", Sort::Picture),
    (0, b"AT&TFORM", "a DjVu document", Sort::Document),
    (0, b"%PDF-", "a PDF document", Sort::Document),
    (0, b"%!PS", "a PostScript document", Sort::Document),
    (0, b"\xc5\xd0\xd3\xc6", "an EPS drawing", Sort::Document),
    (0, b"{\\rtf", "an RTF document", Sort::Document),
    (
        0,
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an Office document",
        Sort::Document,
    ),
    (
        0,
        b"\x1a\x45\xdf\xa3",
        "a WebM or Matroska video",
        Sort::Video,
    ),
    (8, b"AVI ", "an AVI video", Sort::Video),
    (0, b"FLV\x01", "a Flash video", Sort::Video),
    (0, b"\0\0\x01\xba", "an MPEG video", Sort::Video),
    (0, b"\0\0\x01\xb3", "an MPEG video", Sort::Video),
    (
        0,
        b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
        "a Windows Media video",
        Sort::Video,
    ),
    (4, b"moov", "a QuickTime video", Sort::Video),
    (4, b"mdat", "a QuickTime video", Sort::Video),
    (4, b"wide", "a QuickTime video", Sort::Video),
    (0, b"OggS", "an Ogg recording", Sort::Other),
    (0, b"ID3", "a sound recording", Sort::Other),
    (0, b"fLaC", "a sound recording", Sort::Other),
    (8, b"WAVE", "a sound recording", Sort::Other),
    (0, b"PK\x05\x06", "an empty ZIP archive", Sort::Other),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", Sort::Archive),
    (0, b"Rar!\x1a\x07", "a RAR archive", Sort::Archive),
    (0, b"\x1f\x8b", "a gzip archive", Sort::Archive),
    (0, b"BZh", "a bzip2 archive", Sort::Archive),
    (0, b"\xfd7zXZ\0", "an xz archive", Sort::Archive),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard archive", Sort::Archive),
    (257, b"ustar", "a tar archive", Sort::Archive),
    (0, b"GGUF", "a model (GGUF)", Sort::Other),
    (
        0,
        b"\0\x05\x16\x07",
        "what macOS keeps beside a file",
        Sort::Other,
    ),
    (
        0,
        b"\x4c\0\0\0\x01\x14\x02\0",
        "a Windows shortcut",
        Sort::Other,
    ),
    (0, b"MZ", "a Windows program", Sort::Other),
    (0, b"\x7fELF", "a Linux program", Sort::Other),
    (
        0,
        b"version https://git-lfs",
        "a Git LFS pointer",
        Sort::GitLfs,
    ),
];

/// What a file is that could not be decoded, by its first [`HEAD`] bytes, as an
/// [`Error::UnsupportedPicture`]. `None` where they begin no kind that is known, and where they
/// begin one that is read: such a file is damaged.
pub fn unsupported(head: &[u8]) -> Option<Error> {
    let known = SIGNATURES.iter().find(|(at, signature, ..)| {
        head.get(*at..)
            .is_some_and(|bytes| bytes.starts_with(signature))
    });
    let (what, sort) = match known {
        Some((_, _, what, sort)) => (*what, *sort),
        None => iso_media(head)
            .or_else(|| zip(head))
            .or_else(|| text(head))?,
    };
    let what = match sort {
        Sort::Raw => format!("a camera's raw file ({what}), which cannot be read here"),
        Sort::Picture => format!("{what}, which cannot be read here"),
        _ => format!("{what}, not a picture"),
    };
    Some(Error::unsupported_picture(what, sort.advice()))
}

/// A camera's raw file that is a TIFF by its signature.
#[cfg(feature = "decoder")]
pub(super) fn raw(name: &str) -> Error {
    let what = format!("a camera's raw file ({name}), which cannot be read here");
    Error::unsupported_picture(what, Sort::Raw.advice())
}

/// Files of boxes (ISO/IEC 14496-12, 4.3): the brands in the first one tell pictures from videos.
fn iso_media(head: &[u8]) -> Option<(&'static str, Sort)> {
    let length = u32::from_be_bytes(*head.first_chunk()?) as usize;
    let brands = head.strip_prefix(&head[..4])?.strip_prefix(b"ftyp")?;
    let brands = &brands[..brands.len().min(length.saturating_sub(8))];
    let has = |known: &[&[u8; 4]]| {
        let mut brands = brands.as_chunks::<4>().0.iter();
        brands.any(|brand| known.contains(&brand))
    };
    Some(if has(&[b"crx "]) {
        ("CR3", Sort::Raw)
    } else if has(&[b"avif", b"avis"]) {
        ("an AVIF picture", Sort::Picture)
    } else if has(&[
        b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1",
    ]) {
        ("a HEIC picture", Sort::Picture)
    } else if has(&[b"M4A ", b"M4B "]) {
        ("a sound recording", Sort::Other)
    } else if has(&[b"qt  "]) {
        ("a QuickTime video", Sort::Video)
    } else {
        ("an MP4 video", Sort::Video)
    })
}

/// ZIP archives, and documents that are some: OOXML names its list of contents, ODF its type.
fn zip(head: &[u8]) -> Option<(&'static str, Sort)> {
    if !head.starts_with(b"PK\x03\x04") {
        return None;
    }
    let has = |name: &[u8]| head.windows(name.len()).any(|bytes| bytes == name);
    if has(b"[Content_Types].xml") || has(b"mimetypeapplication/vnd.oasis") {
        Some(("an Office document", Sort::Document))
    } else {
        Some(("a ZIP archive", Sort::Archive))
    }
}

fn text(head: &[u8]) -> Option<(&'static str, Sort)> {
    const TEXT: (&str, Sort) = ("a text", Sort::Other);
    if !head.is_empty() && head.iter().all(|&byte| byte == 0) {
        return Some(("a file that begins with nothing but zeros", Sort::Zeros));
    }
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return Some(TEXT);
    }
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The last character may go on behind what is looked at.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    if text.contains(|character: char| character < ' ' && !"\t\n\x0c\r\x1b".contains(character)) {
        return None;
    }
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let begins = |tag: &str| {
        let beginning = text.as_bytes().get(..tag.len());
        beginning.is_some_and(|bytes| bytes.eq_ignore_ascii_case(tag.as_bytes()))
    };
    Some(match text {
        "" => return None,
        _ if begins("<!doctype html") || begins("<html") || begins("<head") => {
            ("a web page", Sort::WebPage)
        }
        _ if begins("<") && text.contains("<svg") => ("an SVG drawing", Sort::Picture),
        _ => TEXT,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn sentence(head: &[u8]) -> String {
        unsupported(head).unwrap().to_string()
    }

    #[test]
    fn each_kind_is_named() {
        let text: &[(&[u8], &str)] = &[
            (
                b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
                "a HEIC picture, which",
            ),
            (
                b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif",
                "an AVIF picture, which",
            ),
            (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "raw file (CR3)"),
            (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "a QuickTime video, not"),
            (b"\0\0\0\x18ftypisom\0\0\x02\0isommp41", "an MP4 video, not"),
            (b"II*\0\x10\0\0\0CR\x02\0", "raw file (CR2)"),
            (b"PK\x03\x04\x14\0\0\0 a/b.jpg", "Unpack it"),
            (
                b"PK\x03\x04\x14\0\0\0 [Content_Types].xml",
                "an Office document",
            ),
            (b"\n<!DOCTYPE html><title>404</title>", "a web page, not"),
            (b"<?xml version='1.0'?>\n<svg/>", "an SVG drawing, which"),
            (b"\xef\xbb\xbfjust words", "a text, not a picture"),
            (
                b"Gr\xc3\xbc\xc3\x9fe, cut in a character: \xc3",
                "a text, not",
            ),
            (
                b"version https://git-lfs.github.com/spec/v1\n",
                "git lfs pull",
            ),
            (&[0; 64], "nothing but zeros"),
        ];
        for (head, named) in text {
            let sentence = sentence(head);
            assert!(sentence.contains(named), "{sentence}");
            assert!(sentence.ends_with('.'), "{sentence}");
        }
        for (at, signature, what, _) in SIGNATURES {
            let file = [&vec![1; *at][..], signature, &[1; 64]].concat();
            assert!(sentence(&file).contains(what), "{what}");
        }
    }

    #[test]
    fn what_is_read_and_what_nobody_knows_have_no_name() {
        let heads: &[&[u8]] = &[
            b"",
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
            b"\xff\xd8\xff\xe0\0\x10JFIF\0",
            b"GIF89a\x01\0\x01\0\x80\0\0",
            b"RIFF\x24\0\0\0WEBPVP8 ",
            b"BM\x46\0\0\0\0\0\0\0",
            b"II*\0\x08\0\0\0\0\0",
            b"\x01\x02\x03\x04",
        ];
        for head in heads {
            assert!(unsupported(head).is_none(), "{head:?}");
        }
    }
}
