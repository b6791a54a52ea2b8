//! Which way up a picture is stored, as the metadata of its file say.
//!
//! `image` takes the last of several EXIF blocks of a JPEG, none behind a PNG's pixels, and none of
//! a WebP file that begins as one in a JPEG does. Here it is the first block of the file, wherever
//! it lies, as for browsers and Pillow.

use image::metadata::Orientation;
use image::{ImageDecoder, ImageFormat};

/// What an EXIF block begins with in a JPEG (CIPA DC-008-2024, 4.7.2.2), and by mistake in other
/// files.
const EXIF: &[u8] = b"Exif\0\0";

/// How the stored pixels have to be turned for the picture of a file to be upright. A broken EXIF
/// block costs the orientation, not the picture.
pub(super) fn of(
    file: &[u8],
    format: Option<ImageFormat>,
    decoder: &mut impl ImageDecoder,
) -> Orientation {
    let orientation = match format {
        Some(ImageFormat::Jpeg) => in_jpeg(file).and_then(in_exif),
        Some(ImageFormat::Png) => in_png(file).and_then(in_exif),
        Some(ImageFormat::WebP) => {
            let exif = decoder.exif_metadata().ok().flatten();
            exif.as_deref().and_then(in_exif)
        }
        _ => decoder.orientation().ok(),
    };
    orientation.unwrap_or(Orientation::NoTransforms)
}

fn in_exif(block: &[u8]) -> Option<Orientation> {
    Orientation::from_exif_chunk(block.strip_prefix(EXIF).unwrap_or(block))
}

/// The first EXIF block of a JPEG: an application segment before its pixels (ITU-T T.81, B.1.1).
fn in_jpeg(file: &[u8]) -> Option<&[u8]> {
    const START_OF_SCAN: u8 = 0xda;
    const END_OF_IMAGE: u8 = 0xd9;
    const APP1: u8 = 0xe1;
    let mut rest = file.get(2..)?;
    loop {
        let (&marker, behind) = rest.strip_prefix(&[0xff])?.split_first()?;
        rest = match marker {
            // More of these may come before a marker.
            0xff => &rest[1..],
            START_OF_SCAN | END_OF_IMAGE => return None,
            // Markers that stand alone.
            0x01 | 0xd0..=0xd8 => behind,
            _ => {
                let (length, _) = behind.split_first_chunk()?;
                let length = usize::from(u16::from_be_bytes(*length));
                let segment = behind.get(2..length)?;
                if marker == APP1 && segment.starts_with(EXIF) {
                    return Some(segment);
                }
                &behind[length..]
            }
        };
    }
}

/// The first EXIF block of a PNG: a chunk before or behind its pixels
/// (<https://www.w3.org/TR/png-3/#eXIf>).
fn in_png(file: &[u8]) -> Option<&[u8]> {
    const SIGNATURE: usize = 8;
    const CHECKSUM: usize = 4;
    let mut rest = file.get(SIGNATURE..)?;
    loop {
        let (length, behind) = rest.split_first_chunk()?;
        let (kind, behind) = behind.split_first_chunk::<4>()?;
        let (data, behind) = behind.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        if kind == b"eXIf" {
            return Some(data);
        }
        rest = behind.get(CHECKSUM..)?;
    }
}
