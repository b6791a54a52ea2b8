//! Pictures that are stored in each of EXIF's orientations, in each format that can say so, and
//! what transformers computes for them when they are upright (`tools/make_orientations.py`).

#![allow(dead_code, reason = "each test uses a part of this")]

use std::io::Cursor;
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder, RgbImage};
use serde::Deserialize;

/// Formats whose files may say how they are to be turned, by their extensions.
pub const FORMATS: [&str; 4] = ["jpg", "png", "webp", "tif"];

/// Cosines of embeddings of the same picture, and of that picture and the turned one, are on either
/// side of these.
pub const SAME: f64 = 0.999;
pub const OTHER: f64 = 0.99;

/// By how much scores of the same picture may differ at most, in an engine that computes with eight
/// bits. Those of the turned one differ by twice as much at least, which the script sees to.
pub const SAME_SCORE: f64 = 0.04;

/// The tag of EXIF and TIFF.
const ORIENTATION: u16 = 0x0112;

#[derive(Deserialize)]
struct References {
    photograph: String,
    labels: Vec<String>,
    cuts: Vec<Cut>,
    files: Vec<File>,
}

#[derive(Deserialize)]
struct Cut {
    name: String,
    /// Left, top, width and height.
    cut: [u32; 4],
    embedding: Vec<f64>,
    scores: Vec<f64>,
}

#[derive(Deserialize)]
struct File {
    name: String,
    embedding: Vec<f64>,
}

/// An upright picture, with the embedding that it has.
pub struct Upright {
    /// `wide`, `square` or `tall`.
    pub name: String,
    pub picture: RgbImage,
    pub embedding: Vec<f64>,
    /// Of [`labels`], in their order.
    pub scores: Vec<f64>,
}

/// A file, with the embedding of its picture when it is upright.
pub struct Stored {
    pub name: String,
    pub file: Vec<u8>,
    pub embedding: Vec<f64>,
}

fn references(fixtures: &Path) -> References {
    let json = std::fs::read(fixtures.join("orientation/references.json")).unwrap();
    serde_json::from_slice(&json).unwrap()
}

/// The labels that pictures have scores of.
pub fn labels(fixtures: &Path) -> Vec<String> {
    references(fixtures).labels
}

/// The three upright pictures. `fixtures` is the folder of this crate's fixtures.
pub fn uprights(fixtures: &Path) -> Vec<Upright> {
    let References {
        photograph, cuts, ..
    } = references(fixtures);
    let photograph = image::open(fixtures.join(photograph)).unwrap().into_rgb8();
    let upright = |Cut {
                       name,
                       cut: [left, top, width, height],
                       embedding,
                       scores,
                   }| Upright {
        picture: image::imageops::crop_imm(&photograph, left, top, width, height).to_image(),
        name,
        embedding,
        scores,
    };
    cuts.into_iter().map(upright).collect()
}

/// Each upright picture in each orientation and format, and the files that show one picture and
/// were made elsewhere.
pub fn all(fixtures: &Path) -> Vec<Stored> {
    let mut all = Vec::new();
    for Upright {
        name,
        picture,
        embedding,
        ..
    } in uprights(fixtures)
    {
        for orientation in 1..=8 {
            for format in FORMATS {
                all.push(Stored {
                    name: format!("{name}-{orientation}.{format}"),
                    file: file(&picture, orientation, format),
                    embedding: embedding.clone(),
                });
            }
        }
    }
    for File { name, embedding } in references(fixtures).files {
        all.push(Stored {
            file: std::fs::read(fixtures.join("orientation").join(&name)).unwrap(),
            name,
            embedding,
        });
    }
    all
}

/// The product of two unit vectors.
pub fn cosine(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// A file of this format that stores an upright picture in this orientation, and says so.
pub fn file(upright: &RgbImage, orientation: u16, format: &str) -> Vec<u8> {
    let stored = stored(upright, orientation);
    let exif = exif(orientation, Order::Little);
    let mut file = Vec::new();
    match format {
        "jpg" => write(JpegEncoder::new_with_quality(&mut file, 95), &stored, exif),
        "png" => write(PngEncoder::new(&mut file), &stored, exif),
        "webp" => write(WebPEncoder::new_lossless(&mut file), &stored, exif),
        "tif" => file = tiff(&stored, orientation, Order::Little),
        _ => panic!("{format}"),
    }
    file
}

fn write(mut encoder: impl ImageEncoder, picture: &RgbImage, exif: Vec<u8>) {
    encoder.set_exif_metadata(exif).unwrap();
    let (width, height) = picture.dimensions();
    encoder
        .write_image(picture, width, height, ExtendedColorType::Rgb8)
        .unwrap();
}

/// What is stored of an upright picture, by what EXIF says of row 0 and column 0 (CIPA DC-008-2024,
/// 4.6.5.1.6).
pub fn stored(upright: &RgbImage, orientation: u16) -> RgbImage {
    let (width, height) = upright.dimensions();
    // Whether the rows are the upright picture's columns; whether row 0 is at its bottom or right;
    // and column 0 likewise.
    let (crossed, row_last, column_last) = match orientation {
        1 => (false, false, false),
        2 => (false, false, true),
        3 => (false, true, true),
        4 => (false, true, false),
        5 => (true, false, false),
        6 => (true, true, false),
        7 => (true, true, true),
        8 => (true, false, true),
        _ => panic!("{orientation}"),
    };
    let (columns, rows) = if crossed {
        (height, width)
    } else {
        (width, height)
    };
    RgbImage::from_fn(columns, rows, |column, row| {
        let column = if column_last {
            columns - 1 - column
        } else {
            column
        };
        let row = if row_last { rows - 1 - row } else { row };
        let (x, y) = if crossed {
            (row, column)
        } else {
            (column, row)
        };
        *upright.get_pixel(x, y)
    })
}

/// In which order the bytes of a number lie.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    Little,
    Big,
}

impl Order {
    fn short(self, number: u16) -> [u8; 2] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }

    fn long(self, number: u32) -> [u8; 4] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }

    /// The header of a TIFF and its directory of short (3) or long (4) numbers: tag, type, how
    /// many, and the number or its place.
    fn tiff(self, entries: &[(u16, u16, u32, u32)]) -> Vec<u8> {
        let mut file = match self {
            Self::Little => b"II".to_vec(),
            Self::Big => b"MM".to_vec(),
        };
        file.extend(self.short(42));
        file.extend(self.long(8));
        file.extend(self.short(entries.len() as u16));
        for &(tag, kind, count, value) in entries {
            file.extend(self.short(tag));
            file.extend(self.short(kind));
            file.extend(self.long(count));
            match (kind, count) {
                (3, 1) => {
                    file.extend(self.short(value as u16));
                    file.extend([0, 0]);
                }
                _ => file.extend(self.long(value)),
            }
        }
        file.extend(self.long(0));
        file
    }
}

/// An EXIF block with nothing but the orientation.
pub fn exif(orientation: u16, order: Order) -> Vec<u8> {
    order.tiff(&[(ORIENTATION, 3, 1, orientation.into())])
}

/// An uncompressed TIFF file with this orientation.
pub fn tiff(stored: &RgbImage, orientation: u16, order: Order) -> Vec<u8> {
    const ENTRIES: u32 = 10;
    let bits_at = 8 + 2 + 12 * ENTRIES + 4;
    let pixels_at = bits_at + 6;
    let (width, height) = stored.dimensions();
    let entries: [_; ENTRIES as usize] = [
        (0x0100, 4, 1, width),
        (0x0101, 4, 1, height),
        // Bits of each channel; uncompressed; RGB.
        (0x0102, 3, 3, bits_at),
        (0x0103, 3, 1, 1),
        (0x0106, 3, 1, 2),
        // One strip.
        (0x0111, 4, 1, pixels_at),
        (ORIENTATION, 3, 1, orientation.into()),
        (0x0115, 3, 1, 3),
        (0x0116, 4, 1, height),
        (0x0117, 4, 1, 3 * width * height),
    ];
    let mut file = order.tiff(&entries);
    file.extend([8; 3].map(|bits| order.short(bits)).concat());
    file.extend(stored.as_raw());
    file
}

/// A JPEG with these segments behind its first marker: the number of each marker, and what is in
/// it.
pub fn with_segments(jpeg: &[u8], segments: &[(u8, &[u8])]) -> Vec<u8> {
    let mut file = jpeg[..2].to_vec();
    for (marker, data) in segments {
        file.extend([0xff, *marker]);
        file.extend((data.len() as u16 + 2).to_be_bytes());
        file.extend(*data);
    }
    file.extend(&jpeg[2..]);
    file
}

/// A picture's own bytes without any metadata: as [`file`] stores it in orientation 1, but for the
/// EXIF block.
pub fn plain_jpeg(picture: &RgbImage) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let encoder = JpegEncoder::new_with_quality(&mut file, 95);
    picture.write_with_encoder(encoder).unwrap();
    file.into_inner()
}
