//! Rows as lines: for people, as JSON, as comma-separated values.

use std::io::{self, StdoutLock, Write};

use super::file::NewFile;
use super::format::Format;
use super::row::{Columns, Row, Rows, json_line};
use crate::stop::Stop;

/// Where lines go, and how that ends.
pub(super) trait Lines: Write {
    fn end(self) -> Result<(), Stop>;

    /// What an error of writing means.
    fn stop(&self, error: io::Error) -> Stop;
}

impl Lines for StdoutLock<'static> {
    fn end(mut self) -> Result<(), Stop> {
        Ok(self.flush()?)
    }

    fn stop(&self, error: io::Error) -> Stop {
        error.into()
    }
}

impl Lines for NewFile {
    fn end(self) -> Result<(), Stop> {
        self.keep()
    }

    fn stop(&self, error: io::Error) -> Stop {
        Stop::unwritable(self.path(), &error)
    }
}

pub(super) fn rows<L: Lines + 'static>(
    to: L,
    format: Format,
    columns: Columns,
) -> Result<Box<dyn Rows>, Stop> {
    let mut rows = LineRows {
        to,
        format,
        columns,
    };
    if format == Format::Csv {
        let names: Vec<String> = match columns.embedding {
            Some(width) if !columns.has_results => (0..width).map(|i| i.to_string()).collect(),
            _ => ["label", "score", "cosine"].map(str::to_owned).to_vec(),
        };
        rows.csv(|line| {
            line.write_field("image")?;
            line.write_record(&names)
        })?;
    }
    Ok(Box::new(rows))
}

struct LineRows<L> {
    to: L,
    format: Format,
    columns: Columns,
}

impl<L: Lines> LineRows<L> {
    /// Some lines of comma-separated values, quoted where they have to be.
    fn csv(
        &mut self,
        write: impl FnOnce(&mut csv::Writer<Vec<u8>>) -> csv::Result<()>,
    ) -> Result<(), Stop> {
        let mut lines = csv::Writer::from_writer(Vec::new());
        write(&mut lines).map_err(Stop::failed)?;
        let lines = lines.into_inner().map_err(Stop::failed)?;
        let written = self.to.write_all(&lines);
        written.map_err(|error| self.to.stop(error))
    }
}

impl<L: Lines> Rows for LineRows<L> {
    fn row(&mut self, row: &Row) -> Result<(), Stop> {
        let results = row.results.as_deref().unwrap_or_default();
        let written = match self.format {
            Format::Csv if self.columns.has_results => {
                return self.csv(|lines| {
                    for result in results {
                        let (score, cosine) = (result.score.to_string(), result.cosine.to_string());
                        lines.write_record([row.source.name(), result.label, &score, &cosine])?;
                    }
                    Ok(())
                });
            }
            Format::Csv => {
                return self.csv(|lines| {
                    lines.write_field(row.source.name())?;
                    let numbers = row.embedding.iter().flatten();
                    lines.write_record(numbers.map(f32::to_string))
                });
            }
            Format::Text => writeln!(self.to, "{}", row.source.name()).and_then(|()| {
                results.iter().try_for_each(|result| {
                    writeln!(self.to, "{:8.2} %  {}", 100.0 * result.score, result.label)
                })
            }),
            _ => json_line(&mut self.to, row),
        };
        written.map_err(|error| self.to.stop(error))
    }

    fn finish(self: Box<Self>) -> Result<(), Stop> {
        self.to.end()
    }
}
