//! JPEGs in TIFFs (TIFF Technical Note 2, Compression 7): one in each strip or tile, each with a
//! size of its own.
//!
//! The decoder makes room for that size before it compares it with the TIFF's: a file of 700 bytes
//! and 99 pixels took 760 MB.

use std::io::Cursor;

use tiff::TiffResult;
use tiff::decoder::Decoder;
use tiff::tags::{CompressionMethod, Tag};

use crate::Error;

/// Pixels that all JPEGs may have together for each of the picture's, whose strips and tiles may
/// hang over its edges and be one for each channel.
const FOR_EACH: u64 = 8;
/// Pixels that they may have besides: a small picture may lie in a large tile.
const BESIDES: u64 = 1 << 20;
/// Bytes of a frame's header up to its sides.
const HEADER: usize = 9;

/// Passes if no JPEG in a TIFF is much larger than the picture.
///
/// # Errors
/// [`Error::UnreadablePicture`], also where the file is no TIFF.
pub(super) fn check(file: &[u8]) -> Result<(), Error> {
    let fit = jpegs_fit(file).map_err(|error| Error::UnreadablePicture(error.to_string()))?;
    if fit {
        Ok(())
    } else {
        Err(Error::UnreadablePicture(
            "the JPEGs in it are larger than itself".to_owned(),
        ))
    }
}

fn jpegs_fit(file: &[u8]) -> TiffResult<bool> {
    let mut decoder = Decoder::new(Cursor::new(file))?;
    let compression: Option<u16> = decoder.find_tag_unsigned(Tag::Compression)?;
    if compression != Some(CompressionMethod::ModernJPEG.to_u16()) {
        return Ok(true);
    }
    let (width, height) = decoder.dimensions()?;
    let tables = match decoder.find_tag(Tag::JPEGTables)? {
        Some(tables) => tables.into_u8_vec()?,
        None => Vec::new(),
    };
    let mut largest = largest(&tables);
    let mut count = 0;
    for (offsets, lengths) in [
        (Tag::StripOffsets, Tag::StripByteCounts),
        (Tag::TileOffsets, Tag::TileByteCounts),
    ] {
        let offsets: Vec<u64> = decoder.find_tag_unsigned_vec(offsets)?.unwrap_or_default();
        let lengths: Vec<u64> = decoder.find_tag_unsigned_vec(lengths)?.unwrap_or_default();
        count += offsets.len() as u64;
        let mut parts: Vec<(u64, u64)> = offsets.into_iter().zip(lengths).collect();
        parts.sort_unstable();
        // Where several have the same bytes, these are looked at once, but for a header that begins
        // in them and ends behind.
        let mut seen: u64 = 0;
        for (offset, length) in parts {
            let end = offset.saturating_add(length).min(file.len() as u64);
            let begin = offset.max(seen.saturating_sub(HEADER as u64 - 1));
            let part = |begin: u64| {
                let part = file.get(begin as usize..end as usize);
                part.unwrap_or_default()
            };
            largest = largest.max(self::largest(&seam(&tables, part(offset))));
            if seen < end {
                largest = largest.max(self::largest(part(begin)));
                seen = end;
            }
        }
    }
    let picture = u64::from(width) * u64::from(height);
    Ok(largest.saturating_mul(count) <= FOR_EACH * picture + BESIDES)
}

/// What a header can lie in that begins in the tables and ends in a part. The decoder puts the
/// tables before each part, without the end of the one and the beginning of the other, a marker of
/// two bytes each.
fn seam(tables: &[u8], part: &[u8]) -> Vec<u8> {
    let before = &tables[..tables.len().saturating_sub(2)];
    let before = &before[before.len().saturating_sub(HEADER - 1)..];
    let behind = part.get(2..).unwrap_or_default();
    [before, &behind[..behind.len().min(HEADER - 1)]].concat()
}

/// Pixels of the largest JPEG that begins in these bytes, by its frame header (ITU-T T.81, B.2.2).
/// Behind the headers no marker can be mistaken for one.
fn largest(bytes: &[u8]) -> u64 {
    let frames = bytes.windows(HEADER).filter_map(|header| match header {
        // DHT, JPG and DAC lie among the frames' markers.
        [0xff, 0xc4 | 0xc8 | 0xcc, ..] => None,
        [0xff, 0xc0..=0xcf, _, _, _, sides @ ..] => {
            let side = |at: usize| u64::from(u16::from_be_bytes([sides[at], sides[at + 1]]));
            Some(side(0) * side(2))
        }
        _ => None,
    });
    frames.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const TIFF: &[u8] = include_bytes!("../../../fuzz-inputs/seeds/picture/jpeg.tif");

    #[test]
    fn a_jpeg_of_the_tiff_s_own_size_passes() {
        assert!(largest(TIFF) > 0);
        check(TIFF).unwrap();
    }

    #[test]
    fn a_larger_one_is_refused() {
        let frame = TIFF.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
        let mut file = TIFF.to_vec();
        file[frame + 5..frame + 9].copy_from_slice(&[0x3e, 0x80, 0x3e, 0x80]);
        let refused = check(&file).unwrap_err().to_string();
        assert!(refused.contains("larger than itself"), "{refused}");
    }

    #[test]
    fn a_header_that_begins_in_the_tables_is_seen() {
        let header = [0xff, 0xc0, 0, 17, 8, 0x3e, 0x80, 0x3e, 0x80];
        for at in 0..=HEADER {
            let (before, behind) = header.split_at(at);
            let tables = [&[0xff, 0xd8, 0xff, 0xdb, 0, 2][..], before, &[0xff, 0xd9]].concat();
            let part = [&[0xff, 0xd8][..], behind, &[3, 1, 0x11, 0]].concat();
            let seen = [&tables[..], &seam(&tables, &part), &part].map(largest);
            assert!(seen.into_iter().max() >= Some(16_000 * 16_000), "{at}");
        }
        assert!(seam(&[], &[0xff]).is_empty());
    }

    #[test]
    fn what_is_no_tiff_is_refused() {
        assert!(check(b"II*\0").is_err());
    }
}
