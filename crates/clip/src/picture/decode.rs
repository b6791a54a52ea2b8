//! From the bytes of a file to a picture, by `image` and `tiff`: upright, in sRGB, over white.

use std::cell::Cell;
use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, RgbImage};
use moxcms::{ColorProfile, DataColorSpace};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::colour::{self, Model};
use super::jpeg_extent::Extent;
use super::{CutOff, MAX_PIXELS, Picture, check_size_at_most, cut_off, kind, orientation, tiff};
use crate::Error;

/// Decodes a TIFF or JPEG file, or with the feature `web-formats` a BMP, GIF (its first frame), PNG
/// or WebP file too, turned upright as its EXIF orientation says, with its colours converted to
/// sRGB as its profile says. A JPEG whose end is missing is [incomplete](Picture::is_incomplete),
/// as long as half of it is there.
///
/// # Errors
/// [`Error::EmptyPicture`], [`Error::UnsupportedPicture`], [`Error::UnreadablePicture`] and
/// [`Error::PictureTooLarge`].
pub fn decode(file: &[u8]) -> Result<Picture, Error> {
    decode_at_most(file, MAX_PIXELS)
}

/// The same for pictures of at most so many pixels, of which there are never more than
/// [`MAX_PIXELS`]. In memory are at most some eight bytes for each of them, whatever the file says
/// of itself.
///
/// # Errors
/// As [`decode`].
pub fn decode_at_most(file: &[u8], most: u64) -> Result<Picture, Error> {
    if file.is_empty() {
        return Err(Error::EmptyPicture);
    }
    DECODING.set(true);
    // zune-jpeg 0.5.15 panics over some damaged JPEGs. In a browser, where a panic ends everything,
    // this is a program of its own.
    let decoded = std::panic::catch_unwind(|| decode_unguarded(file, most));
    DECODING.set(false);
    let decoded = decoded.unwrap_or_else(|_| {
        Err(Error::UnreadablePicture(
            "it is damaged, in a way that the decoder is not prepared for".to_owned(),
        ))
    });
    decoded.map_err(|error| match error {
        Error::UnreadablePicture(_) => {
            kind::unsupported(&file[..file.len().min(kind::HEAD)]).unwrap_or(error)
        }
        error => error,
    })
}

thread_local! {
    static DECODING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is in the middle of decoding a picture. A panic then becomes an
/// [`Error::UnreadablePicture`], and a program may want to keep quiet about it.
pub fn is_decoding() -> bool {
    DECODING.get()
}

fn decode_unguarded(file: &[u8], most: u64) -> Result<Picture, Error> {
    let most = most.min(MAX_PIXELS);
    let missing = Missing::of(file, most)?;
    let decoded = match &missing {
        None if tiff::is_tiff(file) => of_tiff(file, most)?,
        None => by_image(file, most)?,
        // At the marker of the end, the decoder stops looking for more.
        Some(missing) => by_image(&[&file[..missing.from], b"\xff\xd9"].concat(), most)?,
    };
    let mut rgb = colour::rgb_over_white(decoded.samples, decoded.model, decoded.profile.as_ref());
    if let Some(missing) = &missing {
        let there = missing.rows.saturating_mul(3 * decoded.width as usize);
        rgb.iter_mut()
            .skip(there)
            .for_each(|channel| *channel = GREY);
    }
    let image = RgbImage::from_raw(decoded.width, decoded.height, rgb);
    let image = image
        .ok_or_else(|| Error::UnreadablePicture("it has fewer bytes than pixels".to_owned()))?;
    let mut image = DynamicImage::ImageRgb8(image);
    image.apply_orientation(decoded.orientation);
    let (width, height) = (image.width(), image.height());
    let picture = Picture::new(width, height, image.into_rgb8().into_raw())?;
    Ok(match missing {
        Some(_) => picture.incomplete(),
        None => picture,
    })
}

/// What stands where a JPEG's pixels are missing, as most programs show it: decoders leave other
/// things there.
const GREY: u8 = 128;

/// What is missing at the end of a JPEG.
struct Missing {
    /// From this row on, pixels.
    rows: usize,
    /// From this byte on, what could be of use.
    from: usize,
}

impl Missing {
    /// `None` if nothing is missing.
    ///
    /// # Errors
    /// [`Error::UnsupportedPicture`] if it is too much: of a JPEG more than half, of others
    /// anything.
    fn of(file: &[u8], most: u64) -> Result<Option<Self>, Error> {
        let extent = match cut_off(file) {
            None => return Ok(None),
            Some(CutOff::Jpeg) => Extent::of(file, most),
            Some(other) => return Err(other.error()),
        };
        match extent {
            Some(Extent::Whole) => Ok(None),
            Some(Extent::Part { share, .. }) if share < 0.5 => Err(CutOff::Jpeg.error()),
            Some(Extent::Part { rows, bytes, .. }) => Ok(Some(Self { rows, from: bytes })),
            // Whatever is wrong with it, the decoder says it.
            None => Ok(Some(Self {
                rows: usize::MAX,
                from: file.len(),
            })),
        }
    }
}

/// What a decoder gives: not upright yet, and in the file's own colours.
struct Decoded {
    width: u32,
    height: u32,
    samples: Vec<u8>,
    model: Model,
    profile: Option<ColorProfile>,
    orientation: Orientation,
}

fn of_tiff(file: &[u8], most: u64) -> Result<Decoded, Error> {
    let tiff = tiff::read(file, most)?;
    Ok(Decoded {
        width: tiff.width,
        height: tiff.height,
        samples: tiff.samples,
        model: tiff.model,
        profile: tiff.profile,
        orientation: tiff.orientation,
    })
}

fn by_image(file: &[u8], most: u64) -> Result<Decoded, Error> {
    let unreadable = |error: image::ImageError| Error::UnreadablePicture(error.to_string());
    let mut reader = ImageReader::new(Cursor::new(file)).with_guessed_format()?;
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(8 * most);
    reader.limits(limits);
    let format = reader.format();
    let mut decoder = reader.into_decoder().map_err(unreadable)?;
    let (width, height) = decoder.dimensions();
    check_size_at_most(width, height, most)?;
    let orientation = orientation::of(file, format, &mut decoder);
    // A broken profile costs the colours, not the picture.
    let profile = decoder.icc_profile().unwrap_or_default();
    let profile = match format {
        Some(ImageFormat::Png) => colour::of_png(file, profile),
        _ => profile.and_then(|profile| colour::of_icc(&profile)),
    };
    let is_inks = |profile: &ColorProfile| profile.color_space == DataColorSpace::Cmyk;
    if format == Some(ImageFormat::Jpeg)
        && profile.as_ref().is_some_and(is_inks)
        && let Some(samples) = inks(file)
    {
        return Ok(Decoded {
            width,
            height,
            samples,
            model: Model::Cmyk,
            profile,
            orientation,
        });
    }
    let image = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    let (samples, model) = match (image.color().has_color(), image.color().has_alpha()) {
        (false, false) => (image.into_luma8().into_raw(), Model::Grey),
        (false, true) => (image.into_luma_alpha8().into_raw(), Model::GreyAlpha),
        (true, false) => (image.into_rgb8().into_raw(), Model::Rgb),
        (true, true) => (image.into_rgba8().into_raw(), Model::Rgba),
    };
    Ok(Decoded {
        width,
        height,
        samples,
        model,
        profile,
        orientation,
    })
}

/// The amounts of ink in a JPEG of CMYK or YCCK, of which `image` gives nothing but colours.
fn inks(file: &[u8]) -> Option<Vec<u8>> {
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(file), options);
    decoder.decode_headers().ok()?;
    let space = decoder.input_colorspace()?;
    if !matches!(space, ColorSpace::CMYK | ColorSpace::YCCK) {
        return None;
    }
    decoder.set_options(options.jpeg_set_out_colorspace(space));
    let mut samples = decoder.decode().ok()?;
    for pixel in samples.as_chunks_mut::<4>().0 {
        // Adobe's programs, and all others since, write how much light is left.
        pixel[3] = 255 - pixel[3];
        match space {
            ColorSpace::YCCK => {
                let mut colours = [pixel[0], pixel[1], pixel[2]];
                colour::rgb_of_ycbcr(&mut colours);
                pixel[..3].copy_from_slice(&colours);
            }
            _ => pixel[..3].iter_mut().for_each(|ink| *ink = 255 - *ink),
        }
    }
    Some(samples)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Luma, Rgb, RgbImage, Rgba, RgbaImage};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn encode(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        image.into().write_to(&mut file, format).unwrap();
        file.into_inner()
    }

    #[test]
    fn a_transparent_picture_lies_over_white() {
        let mut image = RgbaImage::from_pixel(2, 1, Rgba([200, 100, 0, 255]));
        image.put_pixel(1, 0, Rgba([0, 0, 0, 0]));
        let picture = decode(&encode(image, ImageFormat::Png)).unwrap();
        assert_eq!(picture.rgb(), [200, 100, 0, 255, 255, 255]);
    }

    #[test]
    fn sixteen_bits_and_grey_become_eight_and_rgb() {
        let image = image::ImageBuffer::from_pixel(3, 2, Luma([0x8080u16]));
        let picture = decode(&encode(image, ImageFormat::Png)).unwrap();
        assert_eq!((picture.width(), picture.height()), (3, 2));
        assert!(picture.rgb().iter().all(|&channel| channel == 0x80));
    }

    #[test]
    fn the_orientation_of_exif_is_applied() {
        let mut image = RgbImage::from_pixel(16, 8, Rgb([0, 0, 0]));
        for y in 0..8 {
            for x in 0..8 {
                image.put_pixel(x, y, Rgb([255, 255, 255]));
            }
        }
        let jpeg = encode(image, ImageFormat::Jpeg);
        // After the start-of-image marker: an APP1 segment with a TIFF of one entry, orientation 6
        // (turn right).
        let exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        let mut turned = jpeg[..2].to_vec();
        turned.extend([0xff, 0xe1]);
        turned.extend(((exif.len() + 2) as u16).to_be_bytes());
        turned.extend(exif);
        turned.extend(&jpeg[2..]);
        let picture = decode(&turned).unwrap();
        assert_eq!((picture.width(), picture.height()), (8, 16));
        assert!(picture.rgb()[0] > 200, "the white half is above");
        assert!(*picture.rgb().last().unwrap() < 50);
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        assert!(matches!(decode(b""), Err(Error::EmptyPicture)));
        assert!(matches!(
            decode(b"just some words in a file called .jpg"),
            Err(Error::UnsupportedPicture { .. })
        ));
        assert!(matches!(
            decode(b"\x01\x02\x03\x04"),
            Err(Error::UnreadablePicture(_))
        ));
        let png = encode(
            RgbImage::from_pixel(64, 64, Rgb([1, 2, 3])),
            ImageFormat::Png,
        );
        assert!(matches!(
            decode(&png[..png.len() / 2]),
            Err(Error::UnsupportedPicture { .. })
        ));
    }

    #[test]
    fn a_picture_that_claims_to_be_huge_is_refused_before_it_is_allocated() {
        let mut png = encode(RgbImage::new(1, 1), ImageFormat::Png);
        png[16..20].copy_from_slice(&20_000u32.to_be_bytes());
        png[20..24].copy_from_slice(&20_000u32.to_be_bytes());
        // The header's checksum covers the size; without a right one the decoder stops before it.
        let checksum = crc32(&png[12..29]);
        png[29..33].copy_from_slice(&checksum.to_be_bytes());
        assert!(matches!(
            decode(&png),
            Err(Error::PictureTooLarge {
                width: 20_000,
                height: 20_000,
                most: MAX_PIXELS,
            })
        ));
    }

    /// CRC-32 of PNG (ISO 3309), bit by bit.
    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0u32, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte), |crc, _| {
                (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
            })
        })
    }
}
