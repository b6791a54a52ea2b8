//! A walk over a GGUF's header that believes nothing: every count, length, dimension and offset is
//! compared with the file's own length before anything is allocated for it.
//!
//! candle's reader has bounds of its own, but takes a metadata array's elements at 32 bytes each,
//! multiplies dimensions without looking, and divides by the file's alignment. What passes here is
//! safe to hand to it.

use std::io::{Read, Seek, SeekFrom};

use candle_core::quantized::GgmlDType;

use crate::{Error, file_kind};

/// Bounds far above any CLIP: the largest vocabularies have 250,000 entries, the largest models
/// some 2,000 tensors.
const MAX_KEYS: u64 = 4096;
pub(crate) const MAX_TENSORS: u64 = 16_384;
pub(crate) const MAX_ARRAY_ELEMENTS: u64 = 1 << 18;
const MAX_NAME: u64 = 1024;
const MAX_DIMENSIONS: u32 = 4;
const MAX_ALIGNMENT: u32 = 1 << 16;

const DEFAULT_ALIGNMENT: u64 = 32;
const ALIGNMENT_KEY: &str = "general.alignment";

/// Passes if candle may read the file; the reader stands at its beginning.
pub(super) fn check<R: Read + Seek>(reader: &mut R) -> Result<(), Error> {
    let length = reader.seek(SeekFrom::End(0))?;
    reader.rewind()?;
    let mut first = Vec::new();
    reader
        .by_ref()
        .take(file_kind::ENOUGH as u64)
        .read_to_end(&mut first)?;
    reader.rewind()?;
    if !first.starts_with(b"GGUF") {
        return Err(Error::model(not_gguf(&first)));
    }
    let mut walk = Walk {
        reader,
        position: 0,
        length,
        array_elements: 0,
    };
    walk.skip(b"GGUF".len() as u64)?;
    match walk.u32()? {
        2 | 3 => {}
        // The other byte order.
        0x0200_0000 | 0x0300_0000 => {
            return Err(Error::model(
                "The file is a big-endian GGUF, and only little-endian ones can be read",
            ));
        }
        version => {
            return Err(Error::model(format!(
                "The file is a GGUF of version {version}, and only versions 2 and 3 can be read"
            )));
        }
    }
    let tensors = walk.bounded("number of tensors", MAX_TENSORS)?;
    let keys = walk.bounded("number of keys", MAX_KEYS)?;
    let mut alignment = DEFAULT_ALIGNMENT;
    for _ in 0..keys {
        let key = walk.name()?;
        let value_type = walk.u32()?;
        if key == ALIGNMENT_KEY {
            alignment = walk.alignment(value_type)?;
        } else {
            walk.value(value_type)?;
        }
    }
    let mut ends = Vec::new();
    for _ in 0..tensors {
        ends.push(walk.tensor(alignment)?);
    }
    let data = walk.position.next_multiple_of(alignment);
    for (name, end) in ends {
        if data.checked_add(end).is_none_or(|end| end > length) {
            return Err(Error::model(format!(
                "The file is cut off: its tensor \"{name}\" lies beyond its end"
            )));
        }
    }
    Ok(())
}

fn not_gguf(first: &[u8]) -> String {
    if first.starts_with(&[0; 4]) {
        return "The file is not a model in the GGUF format, or its conversion has not been finished"
            .to_owned();
    }
    match file_kind::of(first) {
        Some(kind) => format!("The file is no GGUF: it is {kind}"),
        None => "The file is not a model in the GGUF format".to_owned(),
    }
}

/// A reader that knows how much is left, and where it stands.
struct Walk<'a, R> {
    reader: &'a mut R,
    position: u64,
    length: u64,
    array_elements: u64,
}

impl<R: Read + Seek> Walk<'_, R> {
    fn take(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.advance(bytes.len() as u64)?;
        Ok(self.reader.read_exact(bytes)?)
    }

    fn skip(&mut self, bytes: u64) -> Result<(), Error> {
        self.advance(bytes)?;
        // The file's length bounds it, and no file is longer than i64::MAX.
        Ok(self.reader.seek_relative(bytes as i64)?)
    }

    fn advance(&mut self, bytes: u64) -> Result<(), Error> {
        match self.position.checked_add(bytes) {
            Some(position) if position <= self.length => {
                self.position = position;
                Ok(())
            }
            _ => Err(Error::model(
                "The file is cut off: its header goes on beyond its end",
            )),
        }
    }

    fn u32(&mut self) -> Result<u32, Error> {
        let mut bytes = [0; 4];
        self.take(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn u64(&mut self) -> Result<u64, Error> {
        let mut bytes = [0; 8];
        self.take(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn bounded(&mut self, what: &str, most: u64) -> Result<u64, Error> {
        match self.u64()? {
            number if number <= most => Ok(number),
            number => Err(Error::model(format!(
                "The file is damaged: its {what} is {number}, and {most} is the most that makes sense"
            ))),
        }
    }

    /// A key or a tensor's name, read as candle reads it: lossily, without null bytes at its end.
    fn name(&mut self) -> Result<String, Error> {
        let length = self.bounded("length of a name", MAX_NAME)?;
        let mut bytes = vec![0; length as usize];
        self.take(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        Ok(text.trim_end_matches('\0').to_owned())
    }

    fn alignment(&mut self, value_type: u32) -> Result<u64, Error> {
        const U32: u32 = 4;
        if value_type != U32 {
            return Err(Error::model(format!(
                "The file is damaged: its alignment has the value type {value_type}"
            )));
        }
        match self.u32()? {
            value if value.is_power_of_two() && value <= MAX_ALIGNMENT => Ok(u64::from(value)),
            value => Err(Error::model(format!(
                "The file is damaged: its alignment is {value}, which is no sensible power of two"
            ))),
        }
    }

    fn value(&mut self, value_type: u32) -> Result<(), Error> {
        const BOOL: u32 = 7;
        const STRING: u32 = 8;
        const ARRAY: u32 = 9;
        match value_type {
            BOOL => self.bool(),
            STRING => self.string(),
            ARRAY => {
                let element_type = self.u32()?;
                let elements = self.u64()?;
                self.array_elements = self.array_elements.saturating_add(elements);
                if self.array_elements > MAX_ARRAY_ELEMENTS {
                    return Err(Error::model(format!(
                        "The file's metadata has a list of {elements} entries, and at most {MAX_ARRAY_ELEMENTS} can be read"
                    )));
                }
                match element_type {
                    BOOL => (0..elements).try_for_each(|_| self.bool()),
                    STRING => (0..elements).try_for_each(|_| self.string()),
                    ARRAY => Err(Error::model(
                        "The file's metadata has a list of lists, which no CLIP has",
                    )),
                    _ => self.skip(scalar_size(element_type)? * elements),
                }
            }
            _ => self.skip(scalar_size(value_type)?),
        }
    }

    fn bool(&mut self) -> Result<(), Error> {
        let mut byte = [0];
        self.take(&mut byte)?;
        match byte {
            [0 | 1] => Ok(()),
            [other] => Err(Error::model(format!(
                "The file is damaged: a truth value in its metadata is {other}"
            ))),
        }
    }

    fn string(&mut self) -> Result<(), Error> {
        let length = self.u64()?;
        self.skip(length)
    }

    /// A tensor's entry: its name, and where its bytes end, counted from the beginning of the
    /// tensors' data.
    fn tensor(&mut self, alignment: u64) -> Result<(String, u64), Error> {
        let name = self.name()?;
        let damaged = |what: &str| {
            Error::model(format!(
                "The file is damaged: its tensor \"{name}\" has {what}"
            ))
        };
        let dimensions = self.u32()?;
        if !(1..=MAX_DIMENSIONS).contains(&dimensions) {
            return Err(damaged(&format!("{dimensions} dimensions")));
        }
        let mut elements = 1u64;
        let mut row = 1;
        for dimension in 0..dimensions {
            let size = self.u64()?;
            if dimension == 0 {
                row = size;
            }
            elements = elements
                .checked_mul(size)
                .filter(|&elements| elements > 0 && usize::try_from(elements).is_ok())
                .ok_or_else(|| damaged("dimensions that make no sense"))?;
        }
        let type_id = self.u32()?;
        let offset = self.u64()?;
        let weight_type = weight_type(type_id).ok_or_else(|| {
            Error::model(format!(
                "The file's tensor \"{name}\" has weights of GGML's type {type_id}, and only f32, f16, q4_0, q4_1, q5_0, \
                 q5_1 and q8_0 can be read"
            ))
        })?;
        let block = weight_type.block_size() as u64;
        if !row.is_multiple_of(block) {
            return Err(damaged("rows that are no whole number of blocks"));
        }
        if !offset.is_multiple_of(alignment) {
            return Err(damaged("an offset that is not aligned"));
        }
        (elements / block)
            .checked_mul(weight_type.type_size() as u64)
            .and_then(|bytes| bytes.checked_add(offset))
            .map(|end| (name.clone(), end))
            .ok_or_else(|| damaged("a size that makes no sense"))
    }
}

/// Bytes of a metadata value that is a number.
fn scalar_size(value_type: u32) -> Result<u64, Error> {
    match value_type {
        0 | 1 => Ok(1),
        2 | 3 => Ok(2),
        4..=6 => Ok(4),
        10..=12 => Ok(8),
        other => Err(Error::model(format!(
            "The file is damaged: its metadata has the value type {other}"
        ))),
    }
}

/// The types of weights that clip.cpp writes, by their numbers in ggml.h.
fn weight_type(type_id: u32) -> Option<GgmlDType> {
    match type_id {
        0 => Some(GgmlDType::F32),
        1 => Some(GgmlDType::F16),
        2 => Some(GgmlDType::Q4_0),
        3 => Some(GgmlDType::Q4_1),
        6 => Some(GgmlDType::Q5_0),
        7 => Some(GgmlDType::Q5_1),
        8 => Some(GgmlDType::Q8_0),
        _ => None,
    }
}
