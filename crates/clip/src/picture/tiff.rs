//! TIFFs, of which there are many kinds: each is read, or refused by what it is.
//!
//! TIFF 6.0 (Adobe, 1992) and BigTIFF; the crate tiff decompresses. It gives the samples as they
//! lie in the file, and what these mean is found out here: shades, colours, a palette's numbers,
//! inks, L*a*b*, luma and chroma.

use std::borrow::Cow;
use std::io::Cursor;

use image::metadata::Orientation;
use moxcms::ColorProfile;
use tiff::decoder::{BufferLayoutPreference, Decoder, DecodingResult, Limits};
use tiff::tags::Tag;

use super::colour::{self, Model};
use super::{check_size_at_most, jpeg_in_tiff, kind};
use crate::Error;

/// What a TIFF holds: its first picture.
pub(super) struct Tiff {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) samples: Vec<u8>,
    pub(super) model: Model,
    pub(super) profile: Option<ColorProfile>,
    pub(super) orientation: Orientation,
}

// https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf, section 8, and the registered ones
// behind it.
const NEW_SUBFILE_TYPE: u16 = 254;
const COMPRESSION: u16 = 259;
const PHOTOMETRIC: u16 = 262;
const MAKE: u16 = 271;
const SUB_IFDS: u16 = 330;
const DNG_VERSION: u16 = 50706;

/// Whether a file is a TIFF or a BigTIFF.
pub(super) fn is_tiff(file: &[u8]) -> bool {
    [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"]
        .iter()
        .any(|beginning| file.starts_with(*beginning))
}

/// Reads a TIFF of at most so many pixels.
///
/// # Errors
/// [`Error::UnsupportedPicture`] for kinds that are not read, [`Error::UnreadablePicture`] and
/// [`Error::PictureTooLarge`].
pub(super) fn read(file: &[u8], most: u64) -> Result<Tiff, Error> {
    let directory = Directory::of(file)
        .ok_or_else(|| Error::UnreadablePicture("its directory lies behind its end".to_owned()))?;
    directory.refuse_raw()?;
    let compression = directory.value(COMPRESSION).unwrap_or(1);
    if let Some(name) = unread_compression(compression) {
        return Err(unread(&format!("compressed with {name}")));
    }
    let meaning = Meaning::of(directory.value(PHOTOMETRIC), compression)?;
    let file = match meaning.read_as() {
        None => Cow::Borrowed(file),
        Some(photometric) => Cow::Owned(directory.with(PHOTOMETRIC, photometric)?),
    };
    jpeg_in_tiff::check(&file)?;
    let mut decoder = Decoder::new(Cursor::new(&file[..])).map_err(unreadable)?;
    let (width, height) = decoder.dimensions().map_err(unreadable)?;
    check_size_at_most(width, height, most)?;

    // Before the limits of the pixels hold, which are those of a tag too.
    let profile = decoder.find_tag(Tag::IccProfile).ok().flatten();
    let profile = profile.and_then(|profile| colour::of_icc(&profile.into_u8_vec().ok()?));
    let orientation: Option<u8> = decoder.find_tag_unsigned(Tag::Orientation).ok().flatten();
    let colours = match meaning {
        Meaning::Palette => decoder.get_tag_u16_vec(Tag::ColorMap).map_err(unreadable)?,
        _ => Vec::new(),
    };
    let layout = Layout::of(&mut decoder, meaning)?;
    let pixels = u64::from(width) * u64::from(height);
    let mut limits = Limits::default();
    let all = pixels.saturating_mul(layout.bytes_each()).min(8 * most);
    limits.decoding_buffer_size = all as usize;
    limits.intermediate_buffer_size = (8 * most).saturating_sub(all) as usize;
    limits.ifd_value_size = limits.intermediate_buffer_size;
    let mut decoder = decoder.with_limits(limits);
    let mut result = DecodingResult::U8(Vec::new());
    let lies = decoder
        .read_image_to_buffer(&mut result)
        .map_err(unreadable)?;
    if result.as_buffer(0).as_bytes().len() < lies.complete_len {
        return Err(Error::PictureTooLarge {
            width,
            height,
            most,
        });
    }
    let samples = eight_bits(result, layout.bits, width as usize, layout.in_a_row(&lies))?;
    let planes = lies.planes.max(1);
    let samples = layout.pixels(samples, &colours, planes, pixels as usize)?;

    Ok(Tiff {
        width,
        height,
        samples,
        model: layout.model(),
        profile,
        orientation: orientation
            .and_then(Orientation::from_exif)
            .unwrap_or(Orientation::NoTransforms),
    })
}

/// The error for a kind of TIFF that is not read.
fn unread(what: &str) -> Error {
    Error::unsupported_picture(
        format!("a TIFF {what}, which cannot be read here"),
        "Save it as JPEG or PNG, and use that",
    )
}

fn unreadable(error: tiff::TiffError) -> Error {
    match error {
        tiff::TiffError::UnsupportedError(error) => {
            unread(&format!("of a kind that is not known ({error})"))
        }
        error => Error::UnreadablePicture(error.to_string()),
    }
}

/// The method, if it is none of those that are read.
fn unread_compression(method: u64) -> Option<Cow<'static, str>> {
    Some(Cow::Borrowed(match method {
        1 | 4 | 5 | 7 | 8 | 32773 | 32946 => return None,
        2 => "CCITT run lengths",
        3 => "CCITT group 3",
        6 => "the JPEG of TIFF 6.0",
        34661 => "JBIG",
        34676 | 34677 => "SGI LogLuv",
        33003 | 33005 | 34712 => "JPEG 2000",
        34887 => "LERC",
        34925 => "LZMA",
        50000 => "Zstandard",
        50001 => "WebP",
        50002 | 52546 => "JPEG XL",
        other => return Some(Cow::Owned(format!("method {other}"))),
    }))
}

/// What the samples mean (TIFF's PhotometricInterpretation).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Grey,
    Palette,
    Rgb,
    Cmyk,
    YCbCr,
    /// With a* and b* as signed numbers.
    CieLab,
    IccLab,
}

impl Meaning {
    fn of(photometric: Option<u64>, compression: u64) -> Result<Self, Error> {
        Ok(match photometric {
            Some(0 | 1) => Self::Grey,
            Some(2) => Self::Rgb,
            Some(3) => Self::Palette,
            Some(4) => return Err(unread("that is a mask for another picture")),
            Some(5) => Self::Cmyk,
            Some(6) => Self::YCbCr,
            Some(8) => Self::CieLab,
            Some(9) => Self::IccLab,
            Some(10) => return Err(unread("in the L*a*b* of fax machines")),
            Some(32844 | 32845) => return Err(unread("in LogLuv")),
            Some(other) => return Err(unread(&format!("of the colours number {other}"))),
            None if compression == 4 => Self::Grey,
            None => {
                return Err(Error::UnreadablePicture(
                    "it does not say what its numbers mean".to_owned(),
                ));
            }
        })
    }

    /// What the library is told where it does not know a meaning: it then gives the very numbers.
    fn read_as(self) -> Option<u16> {
        match self {
            Self::Palette => Some(1),
            Self::CieLab | Self::IccLab => Some(2),
            _ => None,
        }
    }
}

/// How samples lie in a pixel.
struct Layout {
    meaning: Meaning,
    /// Of a sample.
    bits: u8,
    /// In each pixel, as the library gives them: not all that are in the file.
    samples: usize,
    /// The last one used says how opaque the pixel is.
    has_alpha: bool,
    /// The others are multiplied by that one.
    is_premultiplied: bool,
}

impl Layout {
    fn of(decoder: &mut Decoder<Cursor<&[u8]>>, meaning: Meaning) -> Result<Self, Error> {
        let mut numbers = |tag| -> Result<Vec<u16>, Error> {
            let numbers = decoder.find_tag_unsigned_vec(tag).map_err(unreadable)?;
            Ok(numbers.unwrap_or_default())
        };
        let samples = usize::from(numbers(Tag::SamplesPerPixel)?.first().copied().unwrap_or(1));
        let bits = numbers(Tag::BitsPerSample)?.first().copied().unwrap_or(1);
        let format = numbers(Tag::SampleFormat)?.first().copied().unwrap_or(1);
        let extra = numbers(Tag::ExtraSamples)?;
        let subsampling = numbers(Tag::ChromaSubsampling)?;
        let compression = numbers(Tag::Compression)?.first().copied().unwrap_or(1);
        let is_read = match (format, meaning) {
            (1 | 4, Meaning::Grey) => matches!(bits, 1 | 2 | 4 | 8 | 16),
            (1, Meaning::Palette) => matches!(bits, 1 | 2 | 4 | 8),
            (1, Meaning::YCbCr) => bits == 8,
            (1, _) => matches!(bits, 8 | 16),
            (2, Meaning::CieLab) => matches!(bits, 8 | 16),
            (3, Meaning::Grey | Meaning::Rgb) => matches!(bits, 32 | 64),
            _ => false,
        };
        if !is_read {
            return Err(unread(&match format {
                2 => "of signed numbers".to_owned(),
                3 => format!("in floating point of {bits} bits"),
                5 | 6 => "of complex numbers".to_owned(),
                _ => format!("with {bits} bits a sample"),
            }));
        }
        if meaning == Meaning::YCbCr && compression != 7 && subsampling != [1, 1] {
            return Err(unread("in YCbCr with fewer samples for colour"));
        }
        let least = match meaning {
            Meaning::Grey | Meaning::Palette => 1,
            Meaning::Rgb | Meaning::YCbCr | Meaning::CieLab | Meaning::IccLab => 3,
            Meaning::Cmyk => 4,
        };
        if samples < least || (meaning == Meaning::Grey && samples > 2) {
            return Err(unread(&format!("of {samples} bands")));
        }
        // Of unspecified ones, none is meant to be seen.
        let has_alpha = matches!(meaning, Meaning::Grey | Meaning::Rgb)
            && samples > least
            && matches!(extra.first(), Some(1 | 2));
        Ok(Self {
            meaning,
            bits: bits as u8,
            samples: decoder
                .colortype()
                .map_err(unreadable)?
                .num_samples()
                .into(),
            has_alpha,
            is_premultiplied: extra.first() == Some(&1),
        })
    }

    fn bytes_each(&self) -> u64 {
        (self.samples as u64 * u64::from(self.bits)).div_ceil(8)
    }

    /// Samples in a row of a plane.
    fn in_a_row(&self, lies: &BufferLayoutPreference) -> usize {
        match lies.planes {
            0 | 1 => self.samples,
            _ => 1,
        }
    }

    fn model(&self) -> Model {
        match (self.meaning, self.has_alpha) {
            (Meaning::Grey, false) => Model::Grey,
            (Meaning::Grey, true) => Model::GreyAlpha,
            (Meaning::Rgb, true) => Model::Rgba,
            (Meaning::Rgb | Meaning::Palette | Meaning::YCbCr, _) => Model::Rgb,
            (Meaning::Cmyk, _) => Model::Cmyk,
            (Meaning::CieLab | Meaning::IccLab, _) => Model::Lab,
        }
    }

    /// The samples that count, side by side, as the model has them.
    fn pixels(
        &self,
        samples: Vec<u8>,
        colours: &[u16],
        planes: usize,
        pixels: usize,
    ) -> Result<Vec<u8>, Error> {
        if self.meaning == Meaning::Palette {
            return Ok(palette(&samples, colours, self.samples, self.bits));
        }
        let each = self.model().samples();
        let (of_pixel, of_sample) = match planes {
            1 => (self.samples, 1),
            _ => (1, pixels),
        };
        let mut all = samples;
        if of_pixel != each || of_sample != 1 {
            let samples = (0..pixels * each).map(|at| {
                let (pixel, sample) = (at / each, at % each);
                all.get(pixel * of_pixel + sample * of_sample).copied()
            });
            all = samples.collect::<Option<_>>().unwrap_or_default();
        }
        if all.len() != pixels * each {
            return Err(Error::UnreadablePicture(
                "it has fewer samples than pixels".to_owned(),
            ));
        }
        if self.has_alpha && self.is_premultiplied {
            for pixel in all.chunks_exact_mut(each) {
                if let Some((alpha, colours)) = pixel.split_last_mut() {
                    let alpha = u16::from(*alpha).max(1);
                    colours.iter_mut().for_each(|colour| {
                        *colour = (u16::from(*colour) * 255 / alpha).min(255) as u8
                    });
                }
            }
        }
        match self.meaning {
            Meaning::YCbCr => all
                .as_chunks_mut()
                .0
                .iter_mut()
                .for_each(colour::rgb_of_ycbcr),
            Meaning::CieLab => {
                let lab = all.as_chunks_mut::<3>().0.iter_mut();
                lab.for_each(|[_, a, b]| (*a, *b) = (*a ^ 0x80, *b ^ 0x80));
            }
            _ => {}
        }
        Ok(all)
    }
}

/// Samples of eight bits each, whatever they have in the file. Rows of smaller ones begin with a
/// byte.
fn eight_bits(
    result: DecodingResult,
    bits: u8,
    width: usize,
    in_a_row: usize,
) -> Result<Vec<u8>, Error> {
    let of_float = |share: f64| {
        if (0.0..=1.0).contains(&share) {
            Ok((share * 255.0).round() as u8)
        } else {
            Err(unread(
                "in floating point with numbers that are not from 0 to 1",
            ))
        }
    };
    match result {
        DecodingResult::U8(samples) if bits < 8 => {
            let row = width * in_a_row;
            let most = (1u16 << bits) - 1;
            let a_byte = usize::from(8 / bits);
            let mut all = Vec::with_capacity(samples.len() * a_byte);
            for packed in samples.chunks(row.div_ceil(a_byte)) {
                let row = (0..row).map_while(|at| {
                    let shift = 8 - usize::from(bits) * (at % a_byte + 1);
                    Some(u16::from(*packed.get(at / a_byte)?) >> shift & most)
                });
                all.extend(row.map(|sample| (sample * 255 / most) as u8));
            }
            Ok(all)
        }
        DecodingResult::U8(samples) => Ok(samples),
        DecodingResult::U16(samples) => Ok(samples
            .into_iter()
            .map(|sample| ((u32::from(sample) + 128) / 257) as u8)
            .collect()),
        DecodingResult::I8(samples) => Ok(samples.into_iter().map(|sample| sample as u8).collect()),
        DecodingResult::I16(samples) => Ok(samples
            .into_iter()
            .map(|sample| (sample >> 8) as u8)
            .collect()),
        DecodingResult::F32(samples) => samples
            .into_iter()
            .map(|share| of_float(share.into()))
            .collect(),
        DecodingResult::F64(samples) => samples.into_iter().map(of_float).collect(),
        _ => Err(unread(&format!("with {bits} bits a sample"))),
    }
}

/// The colours behind a palette's numbers: three lists, of 16 bits for each colour (TIFF 6.0,
/// section 5).
fn palette(samples: &[u8], colours: &[u16], in_a_pixel: usize, bits: u8) -> Vec<u8> {
    // Some writers have put bytes there.
    let shift = if colours.iter().all(|&colour| colour < 256) {
        0
    } else {
        8
    };
    let each = colours.len() / 3;
    let most = (1usize << bits.min(8)) - 1;
    let mut rgb = Vec::with_capacity(3 * samples.len());
    for &sample in samples.iter().step_by(in_a_pixel) {
        let index = usize::from(sample) * most / 255;
        for list in 0..3 {
            let colour = colours.get(list * each..).and_then(|list| list.get(index));
            rgb.push((colour.copied().unwrap_or(0) >> shift) as u8);
        }
    }
    rgb
}

/// The first directory of a file, as far as kinds are told by it.
struct Directory<'a> {
    file: &'a [u8],
    is_big_endian: bool,
    /// Tag, type, and where the value lies, or where it is said where it lies.
    entries: Vec<(u16, u16, usize)>,
}

impl<'a> Directory<'a> {
    fn of(file: &'a [u8]) -> Option<Self> {
        let mut directory = Self {
            file,
            is_big_endian: file.starts_with(b"MM"),
            entries: Vec::new(),
        };
        let is_big = directory.number(2, 2)? == 43;
        let (at, count, entry) = if is_big {
            (directory.number(8, 8)?, 8, 20)
        } else {
            (directory.number(4, 4)?, 2, 12)
        };
        let at = usize::try_from(at).ok()?;
        let entries = usize::try_from(directory.number(at, count)?).ok()?;
        for place in 0..entries.min(1 << 16) {
            let at = at.checked_add(count + place * entry)?;
            let (tag, kind) = (directory.number(at, 2)?, directory.number(at + 2, 2)?);
            directory
                .entries
                .push((tag as u16, kind as u16, at + if is_big { 12 } else { 8 }));
        }
        Some(directory)
    }

    fn number(&self, at: usize, bytes: usize) -> Option<u64> {
        let bytes = self.file.get(at..at.checked_add(bytes)?)?;
        let add = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Some(if self.is_big_endian {
            bytes.iter().fold(0, add)
        } else {
            bytes.iter().rev().fold(0, add)
        })
    }

    fn has(&self, tag: u16) -> bool {
        self.entries.iter().any(|(known, ..)| *known == tag)
    }

    /// A whole number that stands in the directory itself.
    fn value(&self, tag: u16) -> Option<u64> {
        let (_, kind, at) = self.entries.iter().find(|(known, ..)| *known == tag)?;
        match kind {
            3 => self.number(*at, 2),
            4 => self.number(*at, 4),
            _ => None,
        }
    }

    /// The file with another value for a tag.
    fn with(&self, tag: u16, value: u16) -> Result<Vec<u8>, Error> {
        let mut file = self.file.to_vec();
        let entries = self.entries.iter().filter(|(known, ..)| *known == tag);
        for &(_, kind, at) in entries {
            let bytes = if kind == 4 { 4 } else { 2 };
            let value = u64::from(value);
            for place in 0..bytes {
                let shift = if self.is_big_endian {
                    bytes - 1 - place
                } else {
                    place
                };
                file[at + place] = (value >> (8 * shift)) as u8;
            }
        }
        Ok(file)
    }

    /// Raw files of most cameras are TIFFs whose first picture is a preview, or none at all.
    fn refuse_raw(&self) -> Result<(), Error> {
        let make = self.entries.iter().find(|(tag, ..)| *tag == MAKE);
        let make = make.and_then(|(_, _, at)| {
            let at = usize::try_from(self.number(*at, 4)?).ok()?;
            self.file.get(at..at + 5)
        });
        let name = match make {
            _ if self.has(DNG_VERSION) => "DNG",
            Some(b"NIKON") => "NEF",
            Some(b"SONY\0" | b"SONY ") => "ARW",
            Some(b"PENTA") => "PEF",
            Some(b"SAMSU") => "SRW",
            _ => "TIFF",
        };
        // A colour filter array and what is made of one, and the compressions of Sony, Nikon, Kodak
        // and Pentax.
        let has_raw = matches!(self.value(PHOTOMETRIC), Some(32803 | 34892))
            || matches!(self.value(COMPRESSION), Some(32767 | 34713 | 65000 | 65535));
        let has_preview = self
            .value(NEW_SUBFILE_TYPE)
            .is_some_and(|kind| kind & 1 == 1)
            && self.has(SUB_IFDS)
            && make.is_some();
        if self.has(DNG_VERSION) || has_raw || has_preview {
            Err(kind::raw(name))
        } else {
            Ok(())
        }
    }
}
