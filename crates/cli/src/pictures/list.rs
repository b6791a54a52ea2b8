//! From what the command line names to a list of files and archives.

use std::io;
use std::path::{Component, Path, PathBuf};

use cliplet_protocol::system_files::{is_picture_name, is_system_name};
use walkdir::WalkDir;

use super::standard_input;
use crate::stop::Stop;
use crate::text_file;

/// One thing to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// A picture.
    File(PathBuf),
    /// A tar archive of pictures.
    Tar(PathBuf),
    /// What was named, or lies below what was named, and cannot be looked at, with a sentence that
    /// says why.
    Missing(PathBuf, String),
}

impl Unit {
    fn new(path: PathBuf) -> Self {
        if is_archive(&path) {
            Self::Tar(path)
        } else {
            Self::File(path)
        }
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Tar(path) | Self::Missing(path, _) => path,
        }
    }
}

/// Whether a file in a folder or an archive is meant to be a picture, by its name.
pub(crate) fn is_picture(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| is_picture_name(&name.to_string_lossy()))
}

/// Whether a file is a tar archive by its name, compressed by gzip or not.
pub(crate) fn is_archive(path: &Path) -> bool {
    let has = |path: &Path, wanted: &[&str]| {
        let own = path.extension().and_then(|extension| extension.to_str());
        own.is_some_and(|own| wanted.iter().any(|known| own.eq_ignore_ascii_case(known)))
    };
    let stem = path.file_stem().map(Path::new);
    has(path, &["tar", "tgz"]) || has(path, &["gz"]) && stem.is_some_and(|stem| has(stem, &["tar"]))
}

/// Whether a part of a path is what systems leave in people's folders.
pub(super) fn is_system(component: &Component) -> bool {
    is_system_name(&component.as_os_str().to_string_lossy())
}

/// How the paths of a list are parted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Separator {
    /// By line ends; or by NULs, if there is one, which no path has in it.
    Found,
    /// By NULs.
    Nul,
}

/// Everything that is named, in order. What is in a folder comes in alphabetical order.
pub(super) fn expand(
    images: &[PathBuf],
    lists: &[PathBuf],
    separator: Separator,
) -> Result<Vec<Unit>, Stop> {
    let mut units = Vec::new();
    for image in images {
        if standard_input::is_named(image) {
            listed(image, separator, &mut units)?;
        } else if image.is_dir() {
            let found = below(image, is_archive);
            if found.is_empty() {
                return Err(Stop::Failed(no_pictures(image)));
            }
            units.extend(found);
        } else if image.symlink_metadata().is_err() && is_pattern(image) {
            matching(image, &mut units)?;
        } else {
            units.push(Unit::new(image.clone()));
        }
    }
    for list in lists {
        listed(list, separator, &mut units)?;
    }
    Ok(units)
}

fn no_pictures(folder: &Path) -> String {
    format!("{} has no pictures in it.", folder.display())
}

/// A path each, none of which is a pattern or a folder; or a picture on standard input, as itself.
fn listed(list: &Path, separator: Separator, units: &mut Vec<Unit>) -> Result<(), Stop> {
    let bytes = standard_input::read(list).map_err(|error| Stop::unreadable(list, &error))?;
    if standard_input::is_named(list) && standard_input::is_picture(&bytes) {
        units.push(Unit::File(list.to_owned()));
        return Ok(());
    }
    // Only a byte order mark tells UTF-16 from short names with a NUL between them.
    let is_utf16 = matches!(bytes[..], [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
    let bytes = if is_utf16 && separator == Separator::Found {
        text_file::decode(list, &bytes)?.into_bytes().into()
    } else {
        bytes
    };
    let paths: Vec<&[u8]> = if separator == Separator::Nul || bytes.contains(&0) {
        bytes.split(|&byte| byte == 0).collect()
    } else {
        // Some editors begin a file with a mark of its encoding.
        bytes
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(&bytes)
            .split(|&byte| byte == b'\n')
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
            .collect()
    };
    let paths = paths.into_iter().filter(|path| !path.is_empty());
    units.extend(paths.map(|path| Unit::new(path_of_bytes(path))));
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

/// The pictures below a folder, without what systems leave there, and what else is `wanted`; and
/// what cannot be looked at.
pub(crate) fn below(folder: &Path, wanted: impl Fn(&Path) -> bool) -> Vec<Unit> {
    let mut units = Vec::new();
    let entries = WalkDir::new(folder)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| {
            entry.depth() == 0 || !is_system_name(&entry.file_name().to_string_lossy())
        });
    let is_wanted = |path: &Path| is_picture(path) || wanted(path);
    for entry in entries {
        match entry {
            Ok(entry) => {
                if is_wanted(entry.path()) {
                    // Others wait for somebody to write into them.
                    match entry.file_type() {
                        kind if kind.is_file() => units.push(Unit::new(entry.into_path())),
                        kind if kind.is_dir() => {}
                        _ => units.push(missing(entry.path(), "it is no regular file")),
                    }
                }
            }
            Err(error) => units.extend(unreadable(folder, &error, is_wanted)),
        }
    }
    units
}

/// What could not be looked at, unless it is nothing that is looked for, by its name.
fn unreadable(
    folder: &Path,
    error: &walkdir::Error,
    is_wanted: impl Fn(&Path) -> bool,
) -> Option<Unit> {
    let path = error.path().unwrap_or(folder);
    if let Some(ancestor) = error.loop_ancestor() {
        let sentence = format!("it is a link to {}, in which it lies", ancestor.display());
        return Some(missing(path, &sentence));
    }
    let names = path.strip_prefix(folder).unwrap_or(Path::new(""));
    let is_left_out = names.components().any(|name| is_system(&name));
    // A link to nothing may have been one to a folder.
    let is_dangling = path.is_symlink() && path.extension().is_some() && !is_wanted(path);
    let cause = error.io_error().map(io::Error::to_string);
    let cause = cause.unwrap_or_else(|| error.to_string());
    (!is_left_out && !is_dangling).then(|| missing(path, &cause))
}

fn missing(path: &Path, cause: &str) -> Unit {
    let sentence = format!("{} could not be read: {cause}.", path.display());
    Unit::Missing(path.to_owned(), sentence)
}

fn is_pattern(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '['])
}

fn matching(pattern: &Path, units: &mut Vec<Unit>) -> Result<(), Stop> {
    let text = pattern.to_string_lossy();
    let paths = glob::glob(&text)
        .map_err(|error| Stop::Usage(format!("{text} is no pattern for files: {error}.")))?;
    // A name that is spelled out is meant.
    let named: Vec<Component> = pattern
        .components()
        .filter(|part| !is_pattern(part.as_ref()))
        .collect();
    let before = units.len();
    for path in paths {
        let path = match path {
            Ok(path) => path,
            Err(error) => {
                units.push(missing(error.path(), &error.error().to_string()));
                continue;
            }
        };
        let mut parts = path.components();
        if parts.any(|part| is_system(&part) && !named.contains(&part)) {
            continue;
        }
        if path.is_dir() {
            match below(&path, is_archive) {
                found if found.is_empty() => {
                    units.push(Unit::Missing(path.clone(), no_pictures(&path)));
                }
                found => units.extend(found),
            }
        } else {
            units.push(Unit::new(path));
        }
    }
    if units.len() == before {
        Err(Stop::Failed(format!(
            "There is no file that matches {text}."
        )))
    } else {
        Ok(())
    }
}
