//! A safetensors file that is on its way.

use super::safetensors::{Header, NumberType};
use crate::Error;

/// A safetensors file whose bytes arrive one after the other: how far it has come, and little else.
#[derive(Debug)]
pub struct Source {
    /// For sentences.
    pub(super) name: String,
    /// The byte that is wanted next.
    pub(super) position: u64,
    pub(super) stage: Stage,
}

#[derive(Debug)]
pub(super) enum Stage {
    /// What has come of the header and the length before it.
    Header(Header),
    Data(Data),
}

#[derive(Debug)]
pub(super) struct Data {
    /// Bytes before the first tensor.
    pub(super) header: u64,
    /// Bytes of the whole file.
    pub(super) length: u64,
    /// In the order in which they stand; those of a model alone.
    pub(super) wanted: Vec<Wanted>,
    /// The first of them that has not wholly come.
    pub(super) next: usize,
    /// The beginning of a block whose end has not come.
    pub(super) partial: Vec<u8>,
}

/// A tensor of the file that goes into the model.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// Its place among the conversion's.
    pub(super) tensor: usize,
    pub(super) number_type: NumberType,
    /// Its first byte in the file, and the byte behind its last.
    pub(super) begin: u64,
    pub(super) end: u64,
    /// Its bytes that become one block.
    pub(super) block: usize,
}

impl Source {
    /// A file of which nothing has come yet. `name` is what it is called in sentences.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            position: 0,
            stage: Stage::Header(Header::default()),
        }
    }

    /// The byte that is wanted next: all before it have been taken.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The byte up to which all that the model needs has been handed to the output, where another
    /// [`super::Conversion`] can go on ([`super::Conversion::resume`]). At most some hundred bytes
    /// before [`Source::position`]; 0 while the header comes.
    pub fn written(&self) -> u64 {
        match &self.stage {
            Stage::Header(_) => 0,
            Stage::Data(data) => self.position - data.partial.len() as u64,
        }
    }

    /// Passes if the file may end here as far as its header goes: what else is missing is for
    /// [`super::Conversion::finish`] to say.
    ///
    /// # Errors
    /// [`Error::Model`] if its header has not wholly come.
    pub fn check_end(&self) -> Result<(), Error> {
        match &self.stage {
            Stage::Header(header) => Err(header.ended(&self.name)),
            Stage::Data(_) => Ok(()),
        }
    }

    /// Bytes up to the first tensor, as soon as they have come: those that
    /// [`super::Conversion::resume`] needs again.
    pub fn header_length(&self) -> Option<u64> {
        match &self.stage {
            Stage::Header(_) => None,
            Stage::Data(data) => Some(data.header),
        }
    }

    /// Bytes of the whole file, as soon as its header has come.
    pub fn length(&self) -> Option<u64> {
        match &self.stage {
            Stage::Header(_) => None,
            Stage::Data(data) => Some(data.length),
        }
    }
}
