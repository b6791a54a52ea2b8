//! Pictures: from the bytes of a file to upright RGB pixels.
//!
//! The decoder, which there is with the feature `decoder`, is for where no browser is, and for what a browser refuses. Unlike
//! `PIL.Image.convert("RGB")`, which drops the alpha channel and so brings out colours that nobody sees, transparent pictures are laid over
//! white: what is scored is what is shown.

#[cfg(feature = "decoder")]
mod decode;
#[cfg(feature = "decoder")]
mod jpeg_in_tiff;

use crate::Error;
#[cfg(feature = "decoder")]
pub use decode::{decode, decode_at_most, is_decoding};

/// The most pixels a picture may have: three bytes each, and two copies, must fit a 32-bit address space.
pub const MAX_PIXELS: u64 = 200_000_000;

/// An upright picture of sRGB pixels.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({} x {})", self.width, self.height)
    }
}

impl Picture {
    /// From `3 * width * height` bytes: rows from top to bottom, pixels from left to right, red, green, blue.
    ///
    /// # Errors
    /// [`Error::EmptyPicture`] without a pixel, [`Error::PictureTooLarge`] above [`MAX_PIXELS`], and
    /// [`Error::UnreadablePicture`] if the number of bytes is another one.
    pub fn new(width: u32, height: u32, rgb: Vec<u8>) -> Result<Self, Error> {
        check_size(width, height)?;
        if rgb.len() as u64 != 3 * u64::from(width) * u64::from(height) {
            return Err(Error::UnreadablePicture(format!(
                "{} bytes cannot be {width} x {height} pixels",
                rgb.len()
            )));
        }
        Ok(Self { width, height, rgb })
    }

    /// Pixels across; at least 1.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Pixels down; at least 1.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The pixels, as [`Picture::new`] takes them.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }
}

/// Refuses pictures without pixels and pictures of more than [`MAX_PIXELS`].
///
/// # Errors
/// [`Error::EmptyPicture`] and [`Error::PictureTooLarge`].
pub fn check_size(width: u32, height: u32) -> Result<(), Error> {
    check_size_at_most(width, height, MAX_PIXELS)
}

fn check_size_at_most(width: u32, height: u32, most: u64) -> Result<(), Error> {
    let most = most.min(MAX_PIXELS);
    match u64::from(width) * u64::from(height) {
        0 => Err(Error::EmptyPicture),
        pixels if pixels <= most => Ok(()),
        _ => Err(Error::PictureTooLarge {
            width,
            height,
            most,
        }),
    }
}

/// Appends pixels of red, green, blue and alpha, which is not premultiplied, to RGB pixels, laid over white.
pub fn append_over_white(rgb: &mut Vec<u8>, rgba: &[u8]) {
    let (pixels, _) = rgba.as_chunks::<4>();
    let begin = rgb.len();
    // Filled in place: pushing byte by byte takes several times as long.
    rgb.resize(begin + 3 * pixels.len(), 0);
    let (to, _) = rgb[begin..].as_chunks_mut::<3>();
    for (to, &[red, green, blue, alpha]) in to.iter_mut().zip(pixels) {
        *to = match alpha {
            255 => [red, green, blue],
            _ => [red, green, blue].map(|channel| over_white(channel, alpha)),
        };
    }
}

/// `channel * alpha + white * (1 - alpha)`, rounded to nearest.
fn over_white(channel: u8, alpha: u8) -> u8 {
    let (channel, alpha) = (u32::from(channel), u32::from(alpha));
    ((channel * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn transparent_pixels_lie_over_white() {
        assert_eq!(over_white(0, 128), 127);
        let mut rgb = vec![1, 2, 3];
        append_over_white(&mut rgb, &[200, 100, 0, 255, 0, 0, 0, 0, 0, 255, 0, 128]);
        assert_eq!(rgb, [1, 2, 3, 200, 100, 0, 255, 255, 255, 127, 255, 127]);
    }
}
