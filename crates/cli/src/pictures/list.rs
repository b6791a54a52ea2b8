//! From what the command line names to a list of files and archives.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::stop::{Stop, say};

/// One thing to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// A picture.
    File(PathBuf),
    /// A tar archive of pictures.
    Tar(PathBuf),
}

impl Unit {
    fn new(path: PathBuf) -> Self {
        match has_extension(&path, &["tar"]) {
            true => Self::Tar(path),
            false => Self::File(path),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Tar(path) => path,
        }
    }
}

/// What pictures in folders and archives are called.
const EXTENSIONS: [&str; 9] = [
    "jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "jfif",
];

/// Whether a file in a folder or an archive is meant to be a picture, by its name.
pub(crate) fn is_picture(path: &Path) -> bool {
    has_extension(path, &EXTENSIONS)
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| {
        extensions
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known))
    })
}

/// Everything that is named, in order. What is in a folder comes in alphabetical order.
pub(super) fn expand(images: &[PathBuf], lists: &[PathBuf]) -> Result<Vec<Unit>, Stop> {
    let mut units = Vec::new();
    for image in images {
        if image == Path::new("-") {
            listed(image, &mut units)?;
        } else if image.is_dir() {
            below(image, &mut units)?;
        } else if !image.exists() && is_pattern(image) {
            matching(image, &mut units)?;
        } else {
            units.push(Unit::new(image.clone()));
        }
    }
    for list in lists {
        listed(list, &mut units)?;
    }
    Ok(units)
}

/// A path a line, none of which is a pattern or a folder.
fn listed(list: &Path, units: &mut Vec<Unit>) -> Result<(), Stop> {
    let mut bytes = Vec::new();
    match list == Path::new("-") {
        true => io::stdin().lock().read_to_end(&mut bytes).map(drop),
        false => fs::File::open(list).and_then(|mut file| file.read_to_end(&mut bytes).map(drop)),
    }
    .map_err(|error| Stop::unreadable(list, &error))?;
    for line in bytes.split(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !line.is_empty() {
            units.push(Unit::new(path_of_bytes(line)));
        }
    }
    Ok(())
}

/// A path from its bytes.
#[cfg(unix)]
pub(crate) fn path_of_bytes(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;

    std::ffi::OsStr::from_bytes(bytes).into()
}

/// A path from its bytes.
#[cfg(not(unix))]
pub(crate) fn path_of_bytes(bytes: &[u8]) -> PathBuf {
    String::from_utf8_lossy(bytes).into_owned().into()
}

fn below(folder: &Path, units: &mut Vec<Unit>) -> Result<(), Stop> {
    let before = units.len();
    for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name() {
        let entry = match entry {
            Ok(entry) => entry,
            // A link that leads round in a circle, or a folder that may not be read.
            Err(error) => {
                say(&format!(
                    "A part of {} is left out: {error}.",
                    folder.display()
                ));
                continue;
            }
        };
        let path = entry.path();
        if entry.file_type().is_file() && (is_picture(path) || has_extension(path, &["tar"])) {
            units.push(Unit::new(entry.into_path()));
        }
    }
    if units.len() == before {
        return Err(Stop::Failed(format!(
            "{} has no pictures in it.",
            folder.display()
        )));
    }
    Ok(())
}

fn is_pattern(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '['])
}

fn matching(pattern: &Path, units: &mut Vec<Unit>) -> Result<(), Stop> {
    let text = pattern.to_string_lossy();
    let paths = glob::glob(&text)
        .map_err(|error| Stop::Usage(format!("{text} is no pattern for files: {error}.")))?;
    let before = units.len();
    for path in paths.flatten().filter(|path| path.is_file()) {
        units.push(Unit::new(path));
    }
    match units.len() == before {
        true => Err(Stop::Failed(format!(
            "There is no file that matches {text}."
        ))),
        false => Ok(()),
    }
}
