//! Embeddings as numpy's own format, version 1.0 (`numpy/lib/format.py`): a header, then f32, row
//! by row. The names of what they are of are in a text file beside it, one a line, in the same
//! order.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::file::{FileDestination, NewFile, Place};
use super::row::{Row, Rows};
use crate::stop::Stop;

/// Bytes before the first number: a multiple of 64, and room for any number of rows.
const HEADER: usize = 128;

/// Where the names go.
pub(super) fn names_of(file: &FileDestination) -> PathBuf {
    match &file.names {
        Some(names) => names.clone(),
        None => file.path.with_extension("txt"),
    }
}

/// Refuses a pipe, and names in a file that is there and was not named, unless it was written with
/// the .npy that is replaced.
pub(super) fn may_be_written(file: &FileDestination) -> Result<(), Stop> {
    if let Place::Stream(_) = Place::of(&file.path)? {
        return Err(Stop::not_seekable(&file.path, "npy"));
    }
    let names = names_of(file);
    let is_free = file.names.is_some()
        || fs::symlink_metadata(&names).is_err()
        || are_of_one_run(&file.path, &names).unwrap_or(false);
    if is_free {
        Ok(())
    } else {
        Err(Stop::Failed(format!(
            "The names of the rows would replace {}, which is there already: --paths {0} says that they may, or --paths names \
             another file.",
            names.display()
        )))
    }
}

/// Whether a file of names was written with an .npy, and not touched since: it has as many lines as
/// that has rows, and was modified at the same moment.
fn are_of_one_run(numbers: &Path, names: &Path) -> io::Result<bool> {
    let of_names = fs::symlink_metadata(names)?;
    let mut numbers = File::open(numbers)?;
    if !of_names.is_file() || of_names.modified()? != numbers.metadata()?.modified()? {
        return Ok(false);
    }
    let mut header = [0; HEADER];
    numbers.read_exact(&mut header)?;
    let lines = BufReader::new(File::open(names)?).split(b'\n').count();
    let shape = format!("'shape': ({lines}, ");
    Ok(String::from_utf8_lossy(&header).contains(&shape))
}

pub(super) fn rows(width: usize, numbers: NewFile, names: NewFile) -> Result<Box<dyn Rows>, Stop> {
    let mut rows = NpyRows {
        width,
        rows: 0,
        numbers,
        names,
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
        // One time for both says that they belong together.
        let now = Some(SystemTime::now());
        self.names.keep_from(now)?;
        self.numbers.keep_from(now)
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
