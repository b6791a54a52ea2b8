//! Pictures of any size and orientation, made from a few numbers. `tools/make_sizes.py` makes the
//! same ones.

use std::io::Cursor;

use cliplet_clip::picture::Picture;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

/// A picture of coloured squares, and the model that it is for.
#[derive(Clone, Copy, Debug)]
pub struct Generated {
    /// Pixels across, as stored.
    pub width: u32,
    /// Pixels down, as stored.
    pub height: u32,
    /// EXIF's, 1 to 8.
    pub orientation: u8,
    /// Pixels of a square's side. With 1, the picture is noise.
    pub grain: u32,
    /// Other numbers give other colours.
    pub seed: u32,
    /// The model's pixels a side.
    pub image_size: usize,
}

impl Generated {
    /// From the bytes that a fuzzer changes: numbers of two bytes, the lower first, and some of
    /// one. The picture has at most `most` pixels. `None` if there are too few bytes.
    pub fn from_bytes(bytes: &[u8], most: u32) -> Option<Self> {
        let [w0, w1, h0, h1, s0, s1, orientation, grain, seed, ..] = *bytes else {
            return None;
        };
        let number = |low, high, most| 1 + u32::from(u16::from_le_bytes([low, high])) % most;
        let width = number(w0, w1, 4096.min(most));
        Some(Self {
            width,
            height: number(h0, h1, 4096.min(most / width)),
            orientation: 1 + orientation % 8,
            grain: 1 + u32::from(grain) % 64,
            seed: seed.into(),
            image_size: number(s0, s1, 512) as usize,
        })
    }

    /// The pixels as they are stored, row by row.
    pub fn stored(&self) -> Vec<u8> {
        let places = (0..self.height).flat_map(|y| (0..self.width).map(move |x| (x, y)));
        places.flat_map(|(x, y)| self.pixel(x, y)).collect()
    }

    /// A PNG with EXIF.
    pub fn file(&self) -> Vec<u8> {
        // A TIFF of one entry.
        let mut exif = *b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x01\0\0\0\0\0\0\0";
        exif[18] = self.orientation;
        let mut file = Cursor::new(Vec::new());
        let mut encoder = PngEncoder::new_with_quality(
            &mut file,
            CompressionType::Uncompressed,
            FilterType::NoFilter,
        );
        encoder
            .set_exif_metadata(exif.to_vec())
            .expect("PNG has EXIF");
        encoder
            .write_image(
                &self.stored(),
                self.width,
                self.height,
                ExtendedColorType::Rgb8,
            )
            .expect("a picture in memory can be written");
        file.into_inner()
    }

    /// What a person sees.
    pub fn upright(&self) -> Picture {
        let (width, height) = match self.orientation {
            1..=4 => (self.width, self.height),
            _ => (self.height, self.width),
        };
        let (right, bottom) = (width - 1, height - 1);
        let stored = |x: u32, y: u32| match self.orientation {
            2 => (right - x, y),
            3 => (right - x, bottom - y),
            4 => (x, bottom - y),
            5 => (y, x),
            6 => (y, right - x),
            7 => (bottom - y, right - x),
            8 => (bottom - y, x),
            _ => (x, y),
        };
        let places = (0..height).flat_map(|y| (0..width).map(move |x| stored(x, y)));
        let rgb = places.flat_map(|(x, y)| self.pixel(x, y)).collect();
        Picture::new(width, height, rgb).expect("as many as there are")
    }

    fn pixel(&self, x: u32, y: u32) -> [u8; 3] {
        let (column, row) = (x / self.grain, y / self.grain);
        [0u32, 1, 2].map(|channel| {
            let mut mixed = column.wrapping_mul(0x9e37_79b1)
                ^ row.wrapping_mul(0x85eb_ca77)
                ^ channel.wrapping_mul(0xc2b2_ae3d)
                ^ self.seed.wrapping_mul(0x27d4_eb2f);
            mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x2c1b_3c6d);
            mixed = (mixed ^ (mixed >> 12)).wrapping_mul(0x297a_2d39);
            ((mixed ^ (mixed >> 15)) >> 24) as u8
        })
    }
}
