//! Pictures: from the bytes of a file to upright RGB pixels.
//!
//! The decoder, which there is with the feature `decoder`, is for where no browser is, and for what
//! a browser refuses. Unlike `PIL.Image.convert("RGB")`, which drops the alpha channel and so
//! brings out colours that nobody sees, transparent pictures are laid over white: what is scored is
//! what is shown.

#[cfg(feature = "decoder")]
mod colour;
#[cfg(feature = "decoder")]
mod decode;
mod ending;
#[cfg(feature = "decoder")]
mod jpeg_extent;
#[cfg(feature = "decoder")]
mod jpeg_in_tiff;
mod kind;
mod limit;
#[cfg(feature = "decoder")]
mod orientation;
#[cfg(feature = "decoder")]
mod tiff;

use crate::Error;
pub use cliplet_kernels::pixels::{Channels, Turn, append_rgb};
#[cfg(feature = "decoder")]
pub use decode::{decode, decode_at_most, is_decoding};
pub use ending::{CutOff, SHORT, TAIL, cut_off, may_be_cut_off};
pub use kind::{HEAD, unsupported};
pub use limit::MAX_PIXELS;

/// An upright picture of sRGB pixels.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
    incomplete: bool,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({} x {})", self.width, self.height)
    }
}

impl Picture {
    /// From `3 * width * height` bytes: rows from top to bottom, pixels from left to right, red,
    /// green, blue.
    ///
    /// # Errors
    /// [`Error::EmptyPicture`] without a pixel, [`Error::PictureTooLarge`] above [`MAX_PIXELS`],
    /// and [`Error::UnreadablePicture`] if the number of bytes is another one.
    pub fn new(width: u32, height: u32, rgb: Vec<u8>) -> Result<Self, Error> {
        check_size(width, height)?;
        if rgb.len() as u64 != 3 * u64::from(width) * u64::from(height) {
            return Err(Error::UnreadablePicture(format!(
                "{} bytes cannot be {width} x {height} pixels",
                rgb.len()
            )));
        }
        Ok(Self {
            width,
            height,
            rgb,
            incomplete: false,
        })
    }

    /// The same picture, of which it is known that the end of its file is missing.
    pub fn incomplete(self) -> Self {
        Self {
            incomplete: true,
            ..self
        }
    }

    /// Whether the end of its file is missing, so that some of its pixels are made up.
    pub fn is_incomplete(&self) -> bool {
        self.incomplete
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
