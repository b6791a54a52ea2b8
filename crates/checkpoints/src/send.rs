//! The way of a checkpoint's tensors into a conversion.
//!
//! A conversion takes safetensors files of transformers' names while they arrive. So that is what
//! is made here of every other file: a header, then the tensors' bytes, read when they are due. Of
//! a tensor that is stored as it is wanted, no more than a piece is in memory.

use std::io::{Read, Seek, Write};
use std::ops::Range;

use cliplet_clip::Error;
use cliplet_clip::hugging_face::shared::{TWICE, quoted};
use cliplet_clip::hugging_face::{Conversion, Source};
use serde_json::{Map, json};

use crate::{Checkpoint, Tensor, unusable};

/// Bytes that are read at once.
const CHUNK: u64 = 1 << 20;

/// The largest tensor that is turned in memory: projections have some million numbers.
const MAX_TURNED: u64 = 256 << 20;

/// A tensor as transformers has it, and what it is of a checkpoint's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// transformers' name.
    pub name: String,
    /// Which of the checkpoint's tensors.
    pub tensor: usize,
    /// Rows of that, if not all.
    pub rows: Option<Range<u64>>,
    /// It is a matrix whose columns are the rows that are wanted.
    pub turned: bool,
}

/// The pieces of a checkpoint that has transformers' own names.
pub fn as_transformers<R>(checkpoint: &Checkpoint<R>) -> Vec<Piece> {
    let tensors = checkpoint.tensors.iter().enumerate();
    tensors
        .map(|(tensor, found)| Piece {
            name: found.name.clone(),
            tensor,
            rows: None,
            turned: false,
        })
        .collect()
}

/// Sends pieces of a checkpoint into a conversion. `progress` is told of bytes that have been sent.
///
/// # Errors
/// As [`Conversion::push`], and [`Error::Io`] if the checkpoint cannot be read.
pub fn send<R: Read + Seek, W: Write + Seek>(
    checkpoint: &mut Checkpoint<R>,
    pieces: &[Piece],
    conversion: &mut Conversion,
    out: &mut W,
    mut progress: impl FnMut(u64),
) -> Result<(), Error> {
    let mut header = Map::new();
    let mut places = Vec::new();
    let mut at = 0;
    for piece in pieces {
        let tensor = &checkpoint.tensors[piece.tensor];
        let place = Place::of(piece, tensor)?;
        let end = at + place.bytes;
        let entry =
            json!({"dtype": tensor.numbers.name(), "shape": place.dims, "data_offsets": [at, end]});
        if header.insert(piece.name.clone(), entry).is_some() {
            return Err(unusable(format!(
                "The file {}: its tensor {} {TWICE}",
                quoted(&checkpoint.name),
                quoted(&tensor.name)
            )));
        }
        at = end;
        places.push(place);
    }
    let header = serde_json::Value::Object(header).to_string();
    let mut source = Source::new(checkpoint.name.clone());
    conversion.push(&mut source, &(header.len() as u64).to_le_bytes(), out)?;
    conversion.push(&mut source, header.as_bytes(), out)?;
    let mut bytes = Vec::new();
    for place in places {
        if let Some([rows, columns]) = place.turned {
            bytes.resize(place.bytes as usize, 0);
            checkpoint.read(place.begin, &mut bytes)?;
            let turned = turned(&bytes, rows as usize, columns as usize);
            conversion.push(&mut source, &turned, out)?;
            progress(place.bytes);
            continue;
        }
        let mut at = 0;
        while at < place.bytes {
            let chunk = CHUNK.min(place.bytes - at);
            bytes.resize(chunk as usize, 0);
            checkpoint.read(place.begin + at, &mut bytes)?;
            conversion.push(&mut source, &bytes, out)?;
            progress(chunk);
            at += chunk;
        }
    }
    Ok(())
}

/// Where a piece's bytes are, and what they are when they are sent.
struct Place {
    begin: u64,
    bytes: u64,
    dims: Vec<u64>,
    /// Rows and columns as they are stored.
    turned: Option<[u64; 2]>,
}

impl Place {
    fn of(piece: &Piece, tensor: &Tensor) -> Result<Self, Error> {
        let about = |what: &str| {
            unusable(format!(
                "The tensor {:?} has the dimensions {:?}, and {what}",
                tensor.name, tensor.dims
            ))
        };
        let mut dims = tensor.dims.clone();
        let (mut begin, mut bytes) = (tensor.begin, tensor.bytes());
        if let Some(rows) = &piece.rows {
            let first = dims.first_mut().ok_or_else(|| about("should have rows"))?;
            if rows.end > *first {
                return Err(about("should have more rows"));
            }
            let row = bytes / *first;
            *first = rows.end - rows.start;
            begin += rows.start * row;
            bytes = *first * row;
        }
        let mut turned = None;
        if piece.turned {
            let [rows, columns] = dims[..] else {
                return Err(about("should be a matrix"));
            };
            if bytes > MAX_TURNED {
                return Err(about("is too large to be turned"));
            }
            dims = vec![columns, rows];
            turned = Some([rows, columns]);
        }
        Ok(Self {
            begin,
            bytes,
            dims,
            turned,
        })
    }
}

/// A matrix of numbers of some bytes each, its columns become rows.
fn turned(bytes: &[u8], rows: usize, columns: usize) -> Vec<u8> {
    let size = bytes.len().checked_div(rows * columns).unwrap_or(0);
    let mut turned = Vec::with_capacity(bytes.len());
    for column in 0..columns {
        for row in 0..rows {
            turned.extend_from_slice(&bytes[(row * columns + column) * size..][..size]);
        }
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_is_turned() {
        let matrix = [1u8, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0];
        assert_eq!(turned(&matrix, 2, 3), [1, 0, 4, 0, 2, 0, 5, 0, 3, 0, 6, 0]);
        assert!(turned(&[], 0, 3).is_empty());
    }
}
