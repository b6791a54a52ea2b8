//! Which pictures are to be done: files, folders, patterns and lists (`list`), and shards of tar
//! archives (`tar`).
//!
//! What does not live here: decoding them, which is `encode`'s.

mod list;
mod shard;
mod standard_input;
mod tar;

use std::path::{Path, PathBuf};

use clap::Args;

pub(crate) use list::{Unit, below, is_archive, is_picture, path_of_bytes};
pub(crate) use shard::Shard;
pub(crate) use standard_input::{is_named as is_standard_input, read};
pub(crate) use tar::{Member, Members};

use crate::stop::Stop;
use list::Separator;

#[derive(Debug, Args)]
pub(crate) struct PictureArguments {
    /// Pictures: files, folders with all that is below them, patterns such as 'shots/*.jpg', tar
    /// archives (webdataset's shards, also .tar.gz and .tgz), or - for a list or a picture on
    /// standard input.
    #[arg(value_name = "IMAGE")]
    pub(crate) images: Vec<PathBuf>,
    /// A file with a path a line, or - for standard input. May be given several times. Paths with a
    /// NUL between them are read as such.
    #[arg(long, value_name = "LIST")]
    pub(crate) files_from: Vec<PathBuf>,
    /// Lists have a NUL behind each path, as find -print0 writes them, and line ends belong to
    /// names.
    #[arg(short = '0', long)]
    pub(crate) null: bool,
    /// Only the I-th of N parts of these, counted from 0. Which part a path is in, only the path
    /// itself decides.
    #[arg(long, value_name = "I/N", value_parser = Shard::parse)]
    pub(crate) shard: Option<Shard>,
}

impl PictureArguments {
    /// Whether there is anything that could name a picture.
    pub(crate) fn is_empty(&self) -> bool {
        self.images.is_empty() && self.files_from.is_empty()
    }

    /// The files that are read: lists, and what is to be done.
    pub(crate) fn read<'a>(&'a self, units: &'a [Unit]) -> impl Iterator<Item = &'a Path> {
        let lists = self.files_from.iter().map(PathBuf::as_path);
        lists.chain(units.iter().map(Unit::path))
    }

    /// What is to be done, in order: files, archives whole, and what cannot be looked at.
    pub(crate) fn units(&self) -> Result<Vec<Unit>, Stop> {
        self.units_with(&[])
    }

    /// The same, with what another argument names before it.
    pub(crate) fn units_with(&self, named: &[PathBuf]) -> Result<Vec<Unit>, Stop> {
        if self.is_empty() && named.is_empty() {
            return Err(Stop::Usage(
                "There is no picture: name files, folders or archives, or a list with --files-from."
                    .to_owned(),
            ));
        }
        let separator = if self.null {
            Separator::Nul
        } else {
            Separator::Found
        };
        let images = [named, &self.images].concat();
        let mut units = list::expand(&images, &self.files_from, separator)?;
        if let Some(shard) = &self.shard {
            units.retain(|unit| shard.has(unit.path()));
        }
        Ok(units)
    }
}
