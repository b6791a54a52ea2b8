//! What is written, and where to: rows in one of several formats, to stdout, to a file, or to a
//! folder of parts.
//!
//! A file appears under its name when it is whole; until then, and if anything goes wrong, what was
//! there before stays. Nothing is written over that is read, or that was not named.

mod file;
mod format;
mod guard;
mod lines;
mod npy;
#[cfg(feature = "parquet")]
mod parquet;
mod row;
mod safetensors;
mod unfinished;

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

pub(crate) use file::{FileDestination, NewFile};
pub(crate) use format::Format;
pub(crate) use guard::refuse_inputs;
pub(crate) use row::{Columns, LabelResult, Row, Rows, Source, json_line};

use crate::stop::Stop;

#[derive(Debug, Args)]
pub(crate) struct OutputArguments {
    /// The format; without it, what the name of the file to write ends in says it.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// A file to write instead of stdout, which - stands for. It appears when it is whole. A pipe
    /// is written as it goes.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Where the names of an .npy's rows go; without it, into a .txt beside it, which must not be
    /// there yet unless it was written with the .npy that is replaced.
    #[arg(long, value_name = "FILE", requires = "out")]
    paths: Option<PathBuf>,
    /// A folder to write in parts, for large collections. The same command again goes on where it
    /// stopped, and does what is new or has changed.
    #[arg(long, value_name = "FOLDER", conflicts_with = "out")]
    out_folder: Option<PathBuf>,
    /// Pictures of a part; each tar archive is a part of its own.
    #[arg(long, value_name = "N", default_value = "10000", value_parser = clap::value_parser!(u32).range(1..))]
    part: u32,
    /// Leave out of the folder what was written to it before and is not named now.
    #[arg(long, requires = "out_folder")]
    prune: bool,
}

/// Where rows go.
#[derive(Debug, PartialEq)]
pub(crate) enum Destination {
    Stdout,
    File(FileDestination),
    Folder(FolderDestination),
}

/// A folder of parts.
#[derive(Debug, PartialEq)]
pub(crate) struct FolderDestination {
    pub(crate) folder: PathBuf,
    /// Of a part.
    pub(crate) pictures: usize,
    /// What is in the folder and was not named is left out of it.
    pub(crate) prune: bool,
}

impl OutputArguments {
    /// Where to, and in which format, `default` if nothing says it.
    pub(crate) fn destination(&self, default: Format) -> Result<(Destination, Format), Stop> {
        let destination = match (&self.out, &self.out_folder) {
            (Some(file), _) if file == Path::new("-") => Destination::Stdout,
            (Some(file), _) => Destination::File(FileDestination {
                path: file.clone(),
                names: self.paths.clone(),
                by_way_of: None,
            }),
            (None, Some(folder)) => Destination::Folder(FolderDestination {
                folder: folder.clone(),
                pictures: self.part as usize,
                prune: self.prune,
            }),
            (None, None) => Destination::Stdout,
        };
        let format = match (self.format, &destination) {
            (Some(format), _) => format,
            (None, Destination::Stdout) => default,
            (None, Destination::File(file)) => Format::of(&file.path).ok_or_else(|| {
                Stop::Usage(format!(
                    "The name {} does not say in which format to write: it should end in .csv, .jsonl, .npy, .safetensors or \
                     .parquet, or --format says it.",
                    file.path.display()
                ))
            })?,
            (None, Destination::Folder(_)) => if cfg!(feature = "parquet") {
Format::Parquet
} else {
Format::Jsonl
},
        };
        let is_lines = matches!(format, Format::Text | Format::Jsonl | Format::Csv);
        if destination == Destination::Stdout && !is_lines {
            return Err(Stop::Usage(format!(
                "--format {} wants a file to write: --out FILE or --out-folder FOLDER.",
                format.extension()
            )));
        }
        if self.paths.is_some() && format != Format::Npy {
            return Err(Stop::Usage(
                "--paths is for .npy alone: every other format has the names in it.".to_owned(),
            ));
        }
        if format == Format::Parquet && !cfg!(feature = "parquet") {
            return Err(Stop::Usage(
                "This cliplet was built without Parquet.".to_owned(),
            ));
        }
        Ok((destination, format))
    }
}

impl Destination {
    /// Refuses to write over what is read, and over what was not named: before the work, not after
    /// it.
    pub(crate) fn check<'a>(
        &self,
        format: Format,
        inputs: impl IntoIterator<Item = &'a Path>,
    ) -> Result<(), Stop> {
        let Self::File(file) = self else {
            return Ok(());
        };
        match format {
            Format::Npy => {
                refuse_inputs(&[&file.path, &npy::names_of(file)], inputs)?;
                npy::may_be_written(file)
            }
            _ => refuse_inputs(&[&file.path], inputs),
        }
    }

    /// Where rows go, all into one.
    pub(crate) fn rows(&self, format: Format, columns: Columns) -> Result<Box<dyn Rows>, Stop> {
        match self {
            Self::Stdout => lines::rows(io::stdout().lock(), format, columns),
            Self::File(file) => to_file(file, format, columns),
            Self::Folder(_) => Err(Stop::Usage(
                "A folder is written in parts, and of pictures alone.".to_owned(),
            )),
        }
    }
}

/// Rows to a file that appears when they are all there.
pub(crate) fn to_file(
    file: &FileDestination,
    format: Format,
    columns: Columns,
) -> Result<Box<dyn Rows>, Stop> {
    let new = |columns| {
        only_embeddings(columns, format).and_then(|width| Ok((width, file.create(&file.path)?)))
    };
    match format {
        Format::Text | Format::Jsonl | Format::Csv => {
            lines::rows(file.create(&file.path)?, format, columns)
        }
        Format::Npy => {
            let (width, numbers) = new(columns)?;
            npy::rows(width, numbers, file.create(&npy::names_of(file))?)
        }
        Format::Safetensors => {
            let (width, new) = new(columns)?;
            safetensors::rows(width, new)
        }
        #[cfg(feature = "parquet")]
        Format::Parquet => parquet::rows(file.create(&file.path)?, columns),
        #[cfg(not(feature = "parquet"))]
        Format::Parquet => unreachable!("the arguments have been looked at"),
    }
}

/// The numbers of an embedding, for formats that have nothing else.
fn only_embeddings(columns: Columns, format: Format) -> Result<usize, Stop> {
    match columns {
        Columns {
            has_results: false,
            embedding: Some(width),
        } => Ok(width),
        _ => Err(Stop::Usage(format!(
            "--format {} is for embeddings alone: `cliplet embed` writes it.",
            format.extension()
        ))),
    }
}
