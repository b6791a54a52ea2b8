//! Files of weights, as tensors under names.

use std::io::{Read, Seek, SeekFrom};

use cliplet_clip::Error;
use cliplet_clip::hugging_face::shared::NumberType;

/// The type of a tensor's numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// One that weights can have.
    Weights(NumberType),
    /// Another one, by its name in the file, and its bytes a number.
    Other(String, u64),
}

impl Numbers {
    /// Bytes of one number.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Weights(number_type) => number_type.bytes() as u64,
            Self::Other(_, bytes) => *bytes,
        }
    }

    /// As safetensors files call the type.
    pub fn name(&self) -> &str {
        match self {
            Self::Weights(NumberType::F32) => "F32",
            Self::Weights(NumberType::F16) => "F16",
            Self::Weights(NumberType::Bf16) => "BF16",
            Self::Other(name, _) => name,
        }
    }
}

/// A tensor of a file, little-endian and row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// As the file names it.
    pub name: String,
    /// Of its numbers.
    pub numbers: Numbers,
    /// Outermost first.
    pub dims: Vec<u64>,
    /// Its first byte in the file.
    pub begin: u64,
}

impl Tensor {
    /// Of the whole tensor. A reader of files has seen that the product is a number and within its
    /// file.
    pub fn bytes(&self) -> u64 {
        self.dims.iter().product::<u64>() * self.numbers.bytes()
    }
}

/// A file of weights: its tensors, in the order in which they stand, and where their bytes are
/// read.
pub struct Checkpoint<R> {
    /// For sentences.
    pub name: String,
    /// All tensors, whatever they are for.
    pub tensors: Vec<Tensor>,
    reader: R,
}

impl<R: Read + Seek> Checkpoint<R> {
    pub(crate) fn new(name: &str, tensors: Vec<Tensor>, reader: R) -> Self {
        Self {
            name: name.to_owned(),
            tensors,
            reader,
        }
    }

    /// Fills `bytes` with what stands in the file from `place` on.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn read(&mut self, place: u64, bytes: &mut [u8]) -> Result<(), Error> {
        self.reader.seek(SeekFrom::Start(place))?;
        Ok(self.reader.read_exact(bytes)?)
    }
}
