//! Files and directories, with failures as sentences.

use std::fs;
use std::path::{Path, PathBuf};

use crate::step::Result;

/// All files below a directory, relative to it, sorted.
pub fn files_below(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut directories = vec![PathBuf::new()];
    while let Some(relative) = directories.pop() {
        let path = directory.join(&relative);
        let unreadable =
            |error| format!("The directory {} cannot be read: {error}.", path.display());
        for entry in fs::read_dir(&path).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let relative = relative.join(entry.file_name());
            if entry.path().is_dir() {
                directories.push(relative)
            } else {
                files.push(relative)
            }
        }
    }
    files.sort();
    Ok(files)
}

/// A file's content.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| format!("{} cannot be read: {error}.", path.display()).into())
}

/// Writes a file, and the directories above it.
pub fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Result {
    let directory = path.parent().expect("a file lies in a directory");
    let written = fs::create_dir_all(directory).and_then(|()| fs::write(path, bytes));
    written.map_err(|error| format!("{} cannot be written: {error}.", path.display()).into())
}

/// Empties a directory, or makes it.
pub fn empty_directory(directory: &Path) -> Result {
    if directory.exists() {
        fs::remove_dir_all(directory)
            .map_err(|error| format!("{} cannot be emptied: {error}.", directory.display()))?;
    }
    fs::create_dir_all(directory)
        .map_err(|error| format!("{} cannot be made: {error}.", directory.display()).into())
}

/// Copies all files below one directory into another.
pub fn copy_directory(from: &Path, to: &Path) -> Result {
    for file in files_below(from)? {
        write(&to.join(&file), read(&from.join(&file))?)?;
    }
    Ok(())
}
