//! A file that becomes the one that is wanted when it is whole, and is gone if it does not. Pipes
//! and devices are written as it goes.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::unfinished::Unfinished;
use crate::stop::Stop;

/// A file of rows.
#[derive(Debug, PartialEq)]
pub(crate) struct FileDestination {
    pub(crate) path: PathBuf,
    /// The file of names beside an .npy, if it was named.
    pub(crate) names: Option<PathBuf>,
    /// Another folder for what is unfinished.
    pub(crate) by_way_of: Option<PathBuf>,
}

impl FileDestination {
    pub(super) fn create(&self, path: &Path) -> Result<NewFile, Stop> {
        match &self.by_way_of {
            Some(folder) => NewFile::create_by_way_of(folder, path),
            None => NewFile::create(path),
        }
    }
}

/// A file that is being written.
pub(crate) struct NewFile {
    /// As it was asked for.
    path: PathBuf,
    to: To,
}

enum To {
    /// A file beside the one that is wanted.
    Beside {
        file: BufWriter<Unfinished>,
        /// Where it goes when it is whole.
        place: PathBuf,
    },
    /// What is no regular file.
    Straight(BufWriter<File>),
}

impl NewFile {
    /// Begins a file that will be at `path`. A link stays a link, and what it points to is written.
    pub(crate) fn create(path: &Path) -> Result<Self, Stop> {
        let place = Place::of(path)?;
        let folder = folder_of(place.path()).to_owned();
        Self::begin(path, place, &folder)
    }

    /// The same with another folder for the file as long as it is unfinished, on the same file
    /// system.
    pub(crate) fn create_by_way_of(folder: &Path, path: &Path) -> Result<Self, Stop> {
        Self::begin(path, Place::of(path)?, folder)
    }

    /// The same for a format that is not written from its beginning to its end.
    pub(crate) fn create_seekable(path: &Path, format: &str) -> Result<Self, Stop> {
        let new = Self::create(path)?;
        new.must_be_seekable(format)?;
        Ok(new)
    }

    fn begin(path: &Path, place: Place, folder: &Path) -> Result<Self, Stop> {
        let unwritable = |error| Stop::unwritable(path, &error);
        let to = match place {
            Place::File(place) => To::Beside {
                file: BufWriter::new(Unfinished::create_in(folder).map_err(unwritable)?),
                place,
            },
            // What a shell has opened may hold something already.
            Place::Stream(stream) => {
                let file = OpenOptions::new().append(true).open(stream);
                To::Straight(BufWriter::new(file.map_err(unwritable)?))
            }
        };
        Ok(Self {
            path: path.to_owned(),
            to,
        })
    }

    /// An error if this is no regular file, with a sentence that names the format.
    pub(crate) fn must_be_seekable(&self, format: &str) -> Result<(), Stop> {
        match &self.to {
            To::Beside { .. } => Ok(()),
            To::Straight(_) => Err(Stop::not_seekable(&self.path, format)),
        }
    }

    /// A file without a name, beside this one. It is gone when it is closed.
    pub(crate) fn scratch(&self) -> Result<File, Stop> {
        let file = match &self.to {
            To::Beside { place, .. } => tempfile::tempfile_in(folder_of(place)),
            To::Straight(_) => tempfile::tempfile(),
        };
        file.map_err(|error| Stop::unwritable(&self.path, &error))
    }

    /// Puts the file where it is wanted.
    pub(crate) fn keep(self) -> Result<(), Stop> {
        self.keep_from(None)
    }

    /// The same, as if it had been written at some time.
    pub(crate) fn keep_from(mut self, modified: Option<SystemTime>) -> Result<(), Stop> {
        let unwritable = |error: io::Error| Stop::unwritable(&self.path, &error);
        self.to.flush().map_err(unwritable)?;
        let To::Beside { file, place } = self.to else {
            return Ok(());
        };
        let file = file
            .into_inner()
            .map_err(|error| unwritable(error.into_error()))?;
        if let Some(modified) = modified {
            file.file().set_modified(modified).map_err(unwritable)?;
        }
        file.file().sync_all().map_err(unwritable)?;
        let before = permissions(&place);
        file.persist(&place, before).map_err(unwritable)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Those of a file that will be replaced.
fn permissions(path: &Path) -> Option<Permissions> {
    Some(fs::metadata(path).ok()?.permissions())
}

impl Write for To {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Beside { file, .. } => file.write(bytes),
            Self::Straight(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Beside { file, .. } => file.flush(),
            Self::Straight(file) => file.flush(),
        }
    }
}

impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file().flush()
    }
}

impl Seek for Unfinished {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file().seek(to)
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

impl Seek for NewFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match &mut self.to {
            To::Beside { file, .. } => file.seek(to),
            To::Straight(file) => file.seek(to),
        }
    }
}

/// What an output's name stands for.
#[derive(Debug, PartialEq)]
pub(super) enum Place {
    /// A regular file, or one that is not there yet, behind all links.
    File(PathBuf),
    /// A pipe, a device, or what another program has opened: it is written, and never replaced.
    Stream(PathBuf),
}

impl Place {
    /// Follows links.
    pub(super) fn of(path: &Path) -> Result<Self, Stop> {
        // As many as Linux follows.
        const MOST_LINKS: usize = 40;
        let mut place = path.to_owned();
        for _ in 0..MOST_LINKS {
            let metadata = match fs::symlink_metadata(&place) {
                Ok(metadata) => metadata,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Ok(Self::File(place));
                }
                Err(error) => return Err(Stop::unwritable(path, &error)),
            };
            if metadata.is_dir() {
                return Err(Stop::Failed(format!(
                    "{} is a folder: name a file in it.",
                    path.display()
                )));
            }
            if metadata.is_file() {
                return Ok(Self::File(place));
            }
            if !metadata.is_symlink() || is_open_file(&place) {
                return Ok(Self::Stream(place));
            }
            let link = fs::read_link(&place).map_err(|error| Stop::unwritable(path, &error))?;
            place = folder_of(&place).join(link);
        }
        Err(Stop::Failed(format!(
            "{} could not be written: it is a link that leads round in a circle.",
            path.display()
        )))
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Stream(path) => path,
        }
    }
}

/// Whether a link stands for a file that a program has opened: `/dev/stdout` and a shell's `>(…)`
/// lead to such ones.
fn is_open_file(link: &Path) -> bool {
    let folder = fs::canonicalize(folder_of(link));
    folder.is_ok_and(|folder| folder.starts_with("/proc") && folder.ends_with("fd"))
}

/// The folder that a path lies in.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}
