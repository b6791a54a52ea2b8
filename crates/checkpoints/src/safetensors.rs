//! Safetensors files, whatever the names of their tensors.

use std::io::{Read, Seek, SeekFrom};

use cliplet_clip::Error;
use cliplet_clip::hugging_face::shared::{NumberType, quoted, read_header};

use crate::{Checkpoint, Numbers, Tensor, unusable};

/// Reads a file's header.
///
/// # Errors
/// [`Error::Model`] if it is no safetensors file, damaged or cut off; [`Error::Io`].
pub fn open<R: Read + Seek>(name: &str, mut reader: R) -> Result<Checkpoint<R>, Error> {
    let length = reader.seek(SeekFrom::End(0))?;
    reader.rewind()?;
    let (header, entries) = read_header(name, &mut reader)?;
    let end = header + entries.last().map_or(0, |entry| entry.end);
    if end > length {
        return Err(unusable(format!("The file {} is cut off", quoted(name))));
    }
    let tensors = entries
        .into_iter()
        .map(|entry| {
            let numbers = match NumberType::named(&entry.number_type) {
                Some(number_type) => Numbers::Weights(number_type),
                None => {
                    let count = entry.dims.iter().product::<u64>();
                    let bytes = (entry.end - entry.begin).checked_div(count);
                    Numbers::Other(entry.number_type, bytes.unwrap_or(0))
                }
            };
            Tensor {
                name: entry.name,
                numbers,
                dims: entry.dims,
                begin: header + entry.begin,
            }
        })
        .collect();
    Ok(Checkpoint::new(name, tensors, reader))
}
