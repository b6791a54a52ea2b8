//! Embeddings as safetensors: a matrix `embeddings`, and in the metadata, under `names`, a JSON
//! list of what its rows are of.
//!
//! How long the header is depends on the names, which are known last. So the numbers wait in a file
//! of their own.

use std::fs::File;
use std::io::{self, Seek, Write};

use serde_json::json;

use super::file::NewFile;
use super::row::{Row, Rows};
use crate::stop::Stop;

pub(super) fn rows(width: usize, file: NewFile) -> Result<Box<dyn Rows>, Stop> {
    Ok(Box::new(SafetensorsRows {
        width,
        names: Vec::new(),
        numbers: file.scratch()?,
        file,
    }))
}

struct SafetensorsRows {
    width: usize,
    names: Vec<String>,
    numbers: File,
    file: NewFile,
}

impl SafetensorsRows {
    fn put_together(&mut self) -> io::Result<()> {
        let rows = self.names.len();
        let header = json!({
            "__metadata__": {"names": json!(self.names).to_string()},
            "embeddings": {"dtype": "F32", "shape": [rows, self.width], "data_offsets": [0, 4 * rows * self.width]},
        });
        let mut header = header.to_string();
        // The numbers begin at a multiple of eight.
        header.extend(std::iter::repeat_n(
            ' ',
            header.len().next_multiple_of(8) - header.len(),
        ));
        self.file.write_all(&(header.len() as u64).to_le_bytes())?;
        self.file.write_all(header.as_bytes())?;
        self.numbers.rewind()?;
        io::copy(&mut self.numbers, &mut self.file)?;
        Ok(())
    }
}

impl Rows for SafetensorsRows {
    fn row(&mut self, row: &Row) -> Result<(), Stop> {
        self.names.push(row.source.name().to_owned());
        let numbers = row.embedding.iter().flatten();
        let bytes: Vec<u8> = numbers.flat_map(|number| number.to_le_bytes()).collect();
        let written = self.numbers.write_all(&bytes);
        written.map_err(|error| Stop::unwritable(self.file.path(), &error))
    }

    fn finish(mut self: Box<Self>) -> Result<(), Stop> {
        let written = self.put_together();
        written.map_err(|error| Stop::unwritable(self.file.path(), &error))?;
        self.file.keep()
    }
}
