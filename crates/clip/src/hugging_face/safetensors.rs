//! The header of a safetensors file: which tensors it holds, and where.
//!
//! The format is that of <https://github.com/huggingface/safetensors>: the length of the header, eight bytes, then a JSON object
//! of tensors, then their bytes, one behind the other. The crate of that name reads it too, but wants offsets that fit a usize,
//! which in a browser ends at 4 GiB, and takes the last of two tensors of one name.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::Error;
use crate::error::quoted;

/// Bytes before the header, which say how long it is.
pub(super) const LENGTH: usize = 8;

/// The headers of the largest CLIPs have 200,000 bytes.
const MAX_HEADER: u64 = 1 << 20;

/// A tensor of the file.
#[derive(Debug)]
pub struct Entry {
    /// As the file names it.
    pub name: String,
    /// As the file names it.
    pub number_type: String,
    /// Outermost first.
    pub dims: Vec<u64>,
    /// Its first byte, counted from the end of the header.
    pub begin: u64,
    /// The byte behind its last, counted likewise.
    pub end: u64,
}

/// Types of numbers that weights may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberType {
    /// 32 bits.
    F32,
    /// 16 bits, half precision.
    F16,
    /// 16 bits, the upper half of an f32.
    Bf16,
}

impl NumberType {
    /// By its name in the format.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "F32" => Some(Self::F32),
            "F16" => Some(Self::F16),
            "BF16" => Some(Self::Bf16),
            _ => None,
        }
    }

    /// Bytes of one number.
    pub fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }
}

/// Bytes of one number of a type that the format has and that are whole bytes.
fn bytes_of(number_type: &str) -> Option<u64> {
    match number_type {
        "BOOL" | "U8" | "I8" => Some(1),
        "U16" | "I16" | "F16" | "BF16" => Some(2),
        "U32" | "I32" | "F32" => Some(4),
        "U64" | "I64" | "F64" | "C64" => Some(8),
        _ if number_type.starts_with("F8_") => Some(1),
        _ => None,
    }
}

/// How many bytes of header follow the first eight.
pub(super) fn header_length(file: &str, first: [u8; LENGTH]) -> Result<usize, Error> {
    let what = match &first {
        [b'<', ..] => "a web page",
        [b'v', b'e', b'r', b's', ..] => "a placeholder of Git LFS, not the model itself",
        [b'P', b'K', 3, 4, ..] | [0x80, 2..=5, ..] => {
            "a pickle of PyTorch, which can run code of its own and is not read"
        }
        [b'G', b'G', b'U', b'F', ..] => "a GGUF, which needs no conversion",
        _ => {
            let length = u64::from_le_bytes(first);
            return match (2..=MAX_HEADER).contains(&length) {
                true => Ok(length as usize),
                false => Err(Error::model(format!(
                    "The file {} is not in the safetensors format: its header would have {length} bytes",
                    quoted(file)
                ))),
            };
        }
    };
    Err(Error::model(format!("The file {} is {what}", quoted(file))))
}

/// The length of the header of a whole file, with the eight bytes before it, and the file's tensors.
///
/// # Errors
/// [`Error::Model`] if it is no safetensors file or is damaged; [`Error::Io`].
#[cfg(feature = "terminal")]
pub fn read_header(
    file: &str,
    reader: &mut impl std::io::Read,
) -> Result<(u64, Vec<Entry>), Error> {
    let mut first = [0; LENGTH];
    let mut header = Vec::new();
    let cut = |_| Error::model(format!("The file {} is cut off", quoted(file)));
    reader.read_exact(&mut first).map_err(cut)?;
    header.resize(header_length(file, first)?, 0);
    reader.read_exact(&mut header).map_err(cut)?;
    let length = LENGTH + header.len();
    Ok((length as u64, entries(file, &header)?))
}

/// The tensors of a header, in the order in which they stand: without gaps, none over another, and none twice.
pub(super) fn entries(file: &str, header: &[u8]) -> Result<Vec<Entry>, Error> {
    let damaged =
        |what: &str| Error::model(format!("The file {} is damaged: {what}", quoted(file)));
    let Entries(mut entries) = serde_json::from_slice(header)
        .map_err(|error| damaged(&format!("its header ends in {}", place(&error))))?;
    entries.sort_by_key(|entry| (entry.begin, entry.end));
    let mut names = HashSet::new();
    let mut end = 0;
    for entry in &entries {
        let about = |what: &str| damaged(&format!("its tensor {} {what}", quoted(&entry.name)));
        if !names.insert(&entry.name) {
            return Err(about("is there twice"));
        }
        if entry.begin != end || entry.end < entry.begin {
            return Err(about("does not begin where the one before it ends"));
        }
        end = entry.end;
        let elements = entry
            .dims
            .iter()
            .try_fold(1u64, |product, &dim| product.checked_mul(dim));
        let elements = elements.ok_or_else(|| about("has dimensions that make no sense"))?;
        let expected = match bytes_of(&entry.number_type) {
            Some(bytes) => elements.checked_mul(bytes),
            // Of a type that is younger than this code; whether it is needed is seen later.
            None => Some(end - entry.begin),
        };
        if expected != Some(end - entry.begin) {
            return Err(about("has more or fewer bytes than its dimensions"));
        }
    }
    if end > i64::MAX as u64 / 2 {
        return Err(damaged("its tensors would end beyond any disk"));
    }
    Ok(entries)
}

/// Where serde_json gave up. What it says itself may repeat any part of the file.
fn place(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        serde_json::error::Category::Data => "an entry that makes no sense",
        serde_json::error::Category::Eof => "the middle of an entry",
        _ => "what is no JSON",
    };
    format!("{kind}, at its byte {}", error.column())
}

/// The object of a header, in its own order, with what occurs twice.
struct Entries(Vec<Entry>);

#[derive(Deserialize)]
struct Value {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut entries = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    if name == "__metadata__" {
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    }
                    let value: Value = map.next_value()?;
                    let (begin, end) = value.data_offsets;
                    entries.push(Entry {
                        name,
                        number_type: value.dtype,
                        dims: value.shape,
                        begin,
                        end,
                    });
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(Object)
    }
}
