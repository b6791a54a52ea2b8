//! The header of a safetensors file: which tensors it holds, and where.
//!
//! The format is that of <https://github.com/huggingface/safetensors>: the length of the header,
//! eight bytes, then a JSON object of tensors, then their bytes, one behind the other. The crate of
//! that name reads it too, but wants offsets that fit a usize, which in a browser ends at 4 GiB,
//! and takes the last of two tensors of one name.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::error::quoted;
use crate::{Error, file_kind};

/// Bytes before the header, which say how long it is.
const LENGTH: usize = 8;

/// As many as the format's own library takes. Nearly all of a large one is metadata.
const MAX_HEADER: u64 = 100_000_000;

/// Bytes of a header without its metadata. Those of the largest CLIPs have 200,000.
const MAX_ENTRIES: usize = 4 << 20;

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

/// A header that is on its way. Nothing is kept of its metadata, which may be megabytes and which
/// no model needs.
#[derive(Debug, Default)]
pub(super) struct Header {
    /// Bytes that have come, those before the header among them.
    come: u64,
    first: [u8; LENGTH],
    json: Slim,
}

impl Header {
    /// Takes what belongs to it, and returns how many bytes that were.
    ///
    /// # Errors
    /// [`Error::Model`] if it is the header of no safetensors file.
    pub(super) fn push(&mut self, file: &str, bytes: &[u8]) -> Result<usize, Error> {
        let mut taken = 0;
        while let Some(byte) = bytes.get(taken)
            && self.come < LENGTH as u64
        {
            self.first[self.come as usize] = *byte;
            self.come += 1;
            taken += 1;
        }
        if self.come < LENGTH as u64 {
            return Ok(taken);
        }
        let left = self.length(file)? - self.come;
        let json = &bytes[taken..];
        let json = &json[..left.min(json.len() as u64) as usize];
        if self.come == LENGTH as u64 && json.first().is_some_and(|&first| first != b'{') {
            return Err(self.foreign(file, json));
        }
        self.json.push(json);
        if self.json.kept.len() > MAX_ENTRIES {
            return Err(Error::model(format!(
                "The file {} has more tensors than a CLIP",
                quoted(file)
            )));
        }
        self.come += json.len() as u64;
        Ok(taken + json.len())
    }

    /// Its length with the bytes before it, and its tensors, if all of it has come.
    ///
    /// # Errors
    /// As [`entries`].
    pub(super) fn entries(&self, file: &str) -> Result<Option<(u64, Vec<Entry>)>, Error> {
        if self.come < LENGTH as u64 || self.come < self.length(file)? {
            return Ok(None);
        }
        Ok(Some((self.come, entries(file, &self.json.kept)?)))
    }

    /// What there is to say of a file that ends here.
    pub(super) fn ended(&self, file: &str) -> Error {
        let first = self.first.get(..self.come as usize).unwrap_or_default();
        let kind = if self.come < LENGTH as u64 {
            file_kind::of(first)
        } else {
            None
        };
        let kind = kind.unwrap_or("cut off");
        Error::model(format!("The file {} is {kind}", quoted(file)))
    }

    /// Bytes of the whole header, with those before it.
    fn length(&self, file: &str) -> Result<u64, Error> {
        let length = u64::from_le_bytes(self.first);
        if (2..=MAX_HEADER).contains(&length) {
            Ok(LENGTH as u64 + length)
        } else {
            Err(self.foreign(file, &[]))
        }
    }

    /// What the file is instead, of which `next` follows.
    fn foreign(&self, file: &str, next: &[u8]) -> Error {
        let file = quoted(file);
        let next = &next[..next.len().min(file_kind::ENOUGH)];
        Error::model(match file_kind::of(&[&self.first, next].concat()) {
            Some(kind) => format!("The file {file} is {kind}"),
            None => format!(
                "The file {file} is not in the safetensors format: its header would have {} bytes",
                u64::from_le_bytes(self.first)
            ),
        })
    }
}

/// JSON without what is in `__metadata__`, as its bytes come.
#[derive(Debug, Default)]
struct Slim {
    kept: Vec<u8>,
    depth: u32,
    in_string: bool,
    is_escaped: bool,
    /// Where the key begins that is not over, of the outermost object.
    key: Option<usize>,
    is_metadata: bool,
}

impl Slim {
    fn push(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            let was_kept = !(self.is_metadata && self.depth > 1);
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' if self.in_string => self.is_escaped = true,
                b'"' => self.in_string = !self.in_string,
                _ if self.in_string => {}
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                b':' if self.depth == 1 => {
                    let key = self.key.take().and_then(|key| self.kept.get(key..));
                    self.is_metadata =
                        key.is_some_and(|key| key.trim_ascii() == b"\"__metadata__\"");
                }
                b',' if self.depth == 1 => self.is_metadata = false,
                _ => {}
            }
            // Of the metadata's object, its braces stay.
            if was_kept || !(self.is_metadata && self.depth > 1) {
                self.kept.push(byte);
            }
            if self.depth == 1 && !self.in_string && matches!(byte, b'{' | b',') {
                self.key = Some(self.kept.len());
            }
        }
    }
}

/// The length of the header of a whole file, with the eight bytes before it, and the file's
/// tensors.
///
/// # Errors
/// [`Error::Model`] if it is no safetensors file or is damaged; [`Error::Io`].
#[cfg(feature = "terminal")]
pub fn read_header(
    file: &str,
    reader: &mut impl std::io::Read,
) -> Result<(u64, Vec<Entry>), Error> {
    let mut header = Header::default();
    let mut bytes = vec![0; 1 << 16];
    loop {
        let read = reader.read(&mut bytes)?;
        if read == 0 {
            return Err(header.ended(file));
        }
        header.push(file, &bytes[..read])?;
        if let Some(whole) = header.entries(file)? {
            return Ok(whole);
        }
    }
}

/// The tensors of a header, in the order in which they stand: without gaps, none over another, and
/// none twice.
fn entries(file: &str, header: &[u8]) -> Result<Vec<Entry>, Error> {
    let damaged =
        |what: &str| Error::model(format!("The file {} is damaged: {what}", quoted(file)));
    let Entries(mut entries) = serde_json::from_slice(header)
        .map_err(|error| damaged(&format!("its header has {}", what(&error))))?;
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

/// Why serde_json gave up. What it says itself may repeat any part of the file.
fn what(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Data => "an entry that makes no sense",
        _ => "what is no JSON",
    }
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

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn slim(text: &str, piece: usize) -> String {
        let mut slim = Slim::default();
        for bytes in text.as_bytes().chunks(piece) {
            slim.push(bytes);
        }
        String::from_utf8(slim.kept).unwrap()
    }

    #[test]
    fn nothing_is_kept_of_metadata() {
        for (text, kept) in [
            (
                r#"{"__metadata__":{"a":"}{\"","b":"\\\\"},"t":{"x":[1,2]}}"#,
                r#"{"__metadata__":{},"t":{"x":[1,2]}}"#,
            ),
            (
                r#"{ "t" : {"__metadata__": {"x": 1}} , "__metadata__" : {"a": ["}"]} }"#,
                r#"{ "t" : {"__metadata__": {"x": 1}} , "__metadata__" : {} }"#,
            ),
            (
                r#"{"a:\"":{"b":"__metadata__"},"__metadata__":"c","d":{"e":1}}"#,
                r#"{"a:\"":{"b":"__metadata__"},"__metadata__":"c","d":{"e":1}}"#,
            ),
            ("]]}}{", "]]}}{"),
        ] {
            for piece in [1, 2, 3, 1000] {
                assert_eq!(slim(text, piece), kept);
            }
        }
    }
}
