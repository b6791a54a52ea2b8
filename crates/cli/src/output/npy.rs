//! Embeddings as numpy's own format, version 1.0 (`numpy/lib/format.py`): a header, then f32, row by row. The names of what they are of are
//! in a text file beside it, one a line, in the same order.

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use super::{Columns, Format, NewFile, Row, Rows, only_embeddings};
use crate::stop::Stop;

/// Bytes before the first number: a multiple of 64, and room for any number of rows.
const HEADER: usize = 128;

pub(super) fn rows(path: &Path, columns: Columns) -> Result<Box<dyn Rows>, Stop> {
    let mut rows = NpyRows {
        width: only_embeddings(columns, Format::Npy)?,
        rows: 0,
        numbers: NewFile::create(path)?,
        names: NewFile::create(&path.with_extension("txt"))?,
    };
    let header = header(0, rows.width);
    rows.write(&header)?;
    Ok(Box::new(rows))
}

struct NpyRows {
    width: usize,
    rows: usize,
    numbers: NewFile,
    names: NewFile,
}

impl NpyRows {
    fn write(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let written = self.numbers.write_all(bytes);
        written.map_err(|error| Stop::unwritable(self.numbers.path(), &error))
    }
}

impl Rows for NpyRows {
    fn row(&mut self, row: &Row) -> Result<(), Stop> {
        let numbers = row.embedding.iter().flatten();
        let bytes: Vec<u8> = numbers.flat_map(|number| number.to_le_bytes()).collect();
        self.write(&bytes)?;
        self.rows += 1;
        // A name of two lines would be two names.
        let name = row.source.name().replace(['\n', '\r'], " ");
        let written = writeln!(self.names, "{name}");
        written.map_err(|error| Stop::unwritable(self.names.path(), &error))
    }

    fn finish(mut self: Box<Self>) -> Result<(), Stop> {
        let header = header(self.rows, self.width);
        let to_header = self.numbers.seek(SeekFrom::Start(0));
        to_header.map_err(|error| Stop::unwritable(self.numbers.path(), &error))?;
        self.write(&header)?;
        self.names.keep()?;
        self.numbers.keep()
    }
}

fn header(rows: usize, width: usize) -> Vec<u8> {
    let description =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {width}), }}");
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend(((HEADER - 10) as u16).to_le_bytes());
    header.extend(description.as_bytes());
    header.resize(HEADER - 1, b' ');
    header.push(b'\n');
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_of_one_length() {
        for rows in [0, 7, usize::MAX] {
            let header = header(rows, 65_536);
            assert_eq!(header.len(), HEADER);
            assert!(header.ends_with(b" \n"));
        }
    }
}
