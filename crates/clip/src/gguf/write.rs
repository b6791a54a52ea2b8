//! The header of a new file. All of it, and where each tensor will stand, is known before there is
//! a single weight, so that tensors can be written in whatever order they arrive.

use super::weights::WeightType;

/// How a file begins.
pub(crate) const MAGIC: [u8; 4] = *b"GGUF";

const VERSION: u32 = 3;

/// Magic, version, number of tensors, number of keys.
const FIXED: usize = 4 + 4 + 8 + 8;

/// Tensors begin at multiples of this: the format's default, which the file need not name.
const ALIGNMENT: u64 = 32;

/// Value types of the format.
const U32: u32 = 4;
const F32: u32 = 6;
const BOOL: u32 = 7;
const STRING: u32 = 8;
const ARRAY: u32 = 9;

/// Collects keys and tensors, in the order in which they will stand.
#[derive(Default)]
pub(crate) struct HeaderWriter {
    keys: Vec<u8>,
    number_of_keys: u64,
    tensors: Vec<u8>,
    number_of_tensors: u64,
    data_length: u64,
}

/// A whole header.
pub(crate) struct Header {
    /// The file up to its first tensor.
    pub(crate) bytes: Vec<u8>,
    /// Bytes of the whole file.
    pub(crate) file_length: u64,
}

impl HeaderWriter {
    pub(crate) fn bool(&mut self, key: &str, value: bool) {
        self.key(key, BOOL);
        self.keys.push(u8::from(value));
    }

    pub(crate) fn u32(&mut self, key: &str, value: u32) {
        self.key(key, U32);
        self.keys.extend(value.to_le_bytes());
    }

    /// Returns where in the file the value stands.
    pub(crate) fn f32(&mut self, key: &str, value: f32) -> u64 {
        self.key(key, F32);
        let place = FIXED + self.keys.len();
        self.keys.extend(value.to_le_bytes());
        place as u64
    }

    pub(crate) fn string(&mut self, key: &str, value: &str) {
        self.key(key, STRING);
        append_string(&mut self.keys, value);
    }

    pub(crate) fn floats(&mut self, key: &str, values: &[f32]) {
        self.list(key, F32, values.len());
        self.keys
            .extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }

    pub(crate) fn strings(&mut self, key: &str, values: &[String]) {
        self.list(key, STRING, values.len());
        for value in values {
            append_string(&mut self.keys, value);
        }
    }

    fn list(&mut self, key: &str, element_type: u32, elements: usize) {
        self.key(key, ARRAY);
        self.keys.extend(element_type.to_le_bytes());
        self.keys.extend((elements as u64).to_le_bytes());
    }

    fn key(&mut self, key: &str, value_type: u32) {
        append_string(&mut self.keys, key);
        self.keys.extend(value_type.to_le_bytes());
        self.number_of_keys += 1;
    }

    /// A tensor of these dimensions, outermost first, the last a whole number of blocks. Returns
    /// where its bytes begin, counted from the end of the header.
    pub(crate) fn tensor(&mut self, name: &str, dims: &[usize], weights: WeightType) -> u64 {
        append_string(&mut self.tensors, name);
        self.tensors.extend((dims.len() as u32).to_le_bytes());
        for &dim in dims.iter().rev() {
            self.tensors.extend((dim as u64).to_le_bytes());
        }
        self.tensors.extend(weights.id().to_le_bytes());
        let offset = self.data_length;
        self.tensors.extend(offset.to_le_bytes());
        self.number_of_tensors += 1;
        let elements: u64 = dims.iter().map(|&dim| dim as u64).product();
        let bytes = elements / weights.block() as u64 * weights.block_bytes() as u64;
        self.data_length = (offset + bytes).next_multiple_of(ALIGNMENT);
        offset
    }

    pub(crate) fn finish(self) -> Header {
        let mut bytes =
            Vec::with_capacity(FIXED + self.keys.len() + self.tensors.len() + ALIGNMENT as usize);
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(self.number_of_tensors.to_le_bytes());
        bytes.extend(self.number_of_keys.to_le_bytes());
        bytes.extend(self.keys);
        bytes.extend(self.tensors);
        bytes.resize(bytes.len().next_multiple_of(ALIGNMENT as usize), 0);
        Header {
            file_length: bytes.len() as u64 + self.data_length,
            bytes,
        }
    }
}

/// A string as the format has it: its length, then its bytes.
fn append_string(to: &mut Vec<u8>, text: &str) {
    to.extend((text.len() as u64).to_le_bytes());
    to.extend(text.as_bytes());
}
