//! A file that becomes the one that is wanted when it is whole, and is gone if it does not.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::stop::Stop;

/// A file beside the one that is wanted.
pub(crate) struct NewFile {
    path: PathBuf,
    file: BufWriter<NamedTempFile>,
}

impl NewFile {
    /// Begins a file that will be at `path`.
    pub(crate) fn create(path: &Path) -> Result<Self, Stop> {
        let folder = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".cliplet-").suffix(".part");
        // As for any new file, and not for its owner alone, which is what temporary files have.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder
            .tempfile_in(folder)
            .map_err(|error| Stop::unwritable(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            file: BufWriter::new(file),
        })
    }

    /// Puts the file where it is wanted.
    pub(crate) fn keep(self) -> Result<(), Stop> {
        let Self { path, file } = self;
        let file = file
            .into_inner()
            .map_err(|error| Stop::unwritable(&path, error.error()))?;
        file.as_file()
            .sync_all()
            .map_err(|error| Stop::unwritable(&path, &error))?;
        file.persist(&path)
            .map_err(|error| Stop::unwritable(&path, &error.error))?;
        Ok(())
    }

    /// The same with another file, whose writer wants the bare one.
    #[cfg(feature = "parquet")]
    pub(crate) fn handle(&mut self) -> Result<File, Stop> {
        let handle = self.file.get_ref().as_file().try_clone();
        handle.map_err(|error| Stop::unwritable(&self.path, &error))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for NewFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}
