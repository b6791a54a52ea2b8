//! From the bytes of a file to a picture, by `image`. Like Pillow, it does not convert colours by an embedded profile.

use std::cell::Cell;
use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};

use super::{
    Channels, MAX_PIXELS, Picture, append_rgb, check_size_at_most, jpeg_in_tiff, orientation,
};
use crate::Error;

/// Decodes a TIFF file, or with the feature `web-formats` a BMP, GIF (its first frame), JPEG, PNG or WebP file too, turned
/// upright as its EXIF orientation says.
///
/// # Errors
/// [`Error::EmptyPicture`], [`Error::UnreadablePicture`] and [`Error::PictureTooLarge`].
pub fn decode(file: &[u8]) -> Result<Picture, Error> {
    decode_at_most(file, MAX_PIXELS)
}

/// The same for pictures of at most so many pixels, of which there are never more than [`MAX_PIXELS`]. In memory are at most some
/// eight bytes for each of them, whatever the file says of itself.
///
/// # Errors
/// As [`decode`].
pub fn decode_at_most(file: &[u8], most: u64) -> Result<Picture, Error> {
    if file.is_empty() {
        return Err(Error::EmptyPicture);
    }
    DECODING.set(true);
    // zune-jpeg 0.5.15 panics over some damaged JPEGs. In a browser, where a panic ends everything, this is a program of its own.
    let decoded = std::panic::catch_unwind(|| decode_unguarded(file, most));
    DECODING.set(false);
    decoded.unwrap_or_else(|_| {
        Err(Error::UnreadablePicture(
            "it is damaged, in a way that the decoder is not prepared for".to_owned(),
        ))
    })
}

thread_local! {
    static DECODING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is in the middle of decoding a picture. A panic then becomes an [`Error::UnreadablePicture`], and a program may want to
/// keep quiet about it.
pub fn is_decoding() -> bool {
    DECODING.get()
}

fn decode_unguarded(file: &[u8], most: u64) -> Result<Picture, Error> {
    let unreadable = |error: image::ImageError| Error::UnreadablePicture(error.to_string());
    let mut reader = ImageReader::new(Cursor::new(file)).with_guessed_format()?;
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(8 * most.min(MAX_PIXELS));
    reader.limits(limits);
    let format = reader.format();
    if format == Some(ImageFormat::Tiff) {
        jpeg_in_tiff::check(file)?;
    }
    let mut decoder = reader.into_decoder().map_err(unreadable)?;
    let (width, height) = decoder.dimensions();
    check_size_at_most(width, height, most)?;
    let orientation = orientation::of(file, format, &mut decoder);
    let mut image = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    image.apply_orientation(orientation);
    let (width, height) = (image.width(), image.height());
    Picture::new(width, height, rgb_over_white(image))
}

fn rgb_over_white(image: DynamicImage) -> Vec<u8> {
    if !image.color().has_alpha() {
        return image.into_rgb8().into_raw();
    }
    let mut rgb = Vec::new();
    append_rgb(&mut rgb, &image.into_rgba8(), Channels::Rgba);
    rgb
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
        // After the start-of-image marker: an APP1 segment with a TIFF of one entry, orientation 6 (turn right).
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
            Err(Error::UnreadablePicture(_))
        ));
        let png = encode(
            RgbImage::from_pixel(64, 64, Rgb([1, 2, 3])),
            ImageFormat::Png,
        );
        assert!(matches!(
            decode(&png[..png.len() / 2]),
            Err(Error::UnreadablePicture(_))
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
