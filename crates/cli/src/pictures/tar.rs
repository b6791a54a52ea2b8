//! Pictures in tar archives, as webdataset lays them out: the files of a sample stand one behind the other and have one name up to the
//! first full stop, `000123.jpg`, `000123.cls`, `000123.txt`.
//!
//! The layout is that of <https://github.com/webdataset/webdataset>; the archive's own reader is the crate tar.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use tar::{Archive, Entries};

use super::is_picture;
use crate::stop::Stop;

/// The largest file that is read from an archive: pictures are some megabytes, and archives say how large what follows is.
const MAX_BYTES: u64 = 1 << 30;

/// A file of an archive.
#[derive(Debug)]
pub(crate) struct Member {
    /// The archive's path, and behind it the file's own.
    pub(crate) path: PathBuf,
    /// The name that all files of a sample share.
    pub(crate) key: String,
    /// What follows it.
    pub(crate) extension: String,
    /// What was read of it, or why nothing was.
    pub(crate) bytes: Result<Vec<u8>, String>,
}

/// Walks over the files of an archive, in order, that are of some kinds.
pub(crate) struct Members {
    path: PathBuf,
    archive: Archive<BufReader<File>>,
}

impl Members {
    /// Opens an archive.
    pub(crate) fn open(path: &Path) -> Result<Self, Stop> {
        let file = crate::model::open(path)?;
        Ok(Self {
            path: path.to_owned(),
            archive: Archive::new(BufReader::with_capacity(1 << 18, file)),
        })
    }

    /// Its pictures, and the files with one of these extensions. After an error nothing follows: what stands behind a place that makes
    /// no sense cannot be found.
    pub(crate) fn iter<'a>(
        &'a mut self,
        extensions: &'a [&'a str],
    ) -> Result<impl Iterator<Item = Result<Member, String>> + 'a, Stop> {
        let path = &self.path;
        let entries: Entries<'a, _> = self
            .archive
            .entries()
            .map_err(|error| Stop::unreadable(path, &error))?;
        let mut broken = false;
        Ok(entries
            .map_while(move |entry| {
                if broken {
                    return None;
                }
                broken = entry.is_err();
                Some(entry)
            })
            .filter_map(move |entry| {
                let damaged = |error| format!("{} is damaged or cut off: {error}.", path.display());
                let mut entry = match entry {
                    Ok(entry) => entry,
                    Err(error) => return Some(Err(damaged(error))),
                };
                if !entry.header().entry_type().is_file() {
                    return None;
                }
                let own = match entry.path() {
                    Ok(own) => own.into_owned(),
                    Err(error) => return Some(Err(damaged(error))),
                };
                let (key, extension) = key_and_extension(&own)?;
                if !is_picture(&own) && !extensions.contains(&&extension[..]) {
                    return None;
                }
                let size = entry.size();
                let name = path.join(&own);
                let mut bytes = Vec::new();
                let read = match size <= MAX_BYTES {
                    // Grows with what comes, not with what is said to come.
                    true => entry
                        .read_to_end(&mut bytes)
                        .map_err(|error| error.to_string())
                        .and_then(|read| match read as u64 == size {
                            true => Ok(bytes),
                            false => Err("the archive is cut off".to_owned()),
                        }),
                    false => Err(format!("it has {size} bytes")),
                };
                Some(Ok(Member {
                    bytes: read
                        .map_err(|what| format!("{} could not be read: {what}.", name.display())),
                    path: name,
                    key,
                    extension,
                }))
            }))
    }
}

/// The name of a sample, with its folder, and what follows the first full stop.
fn key_and_extension(path: &Path) -> Option<(String, String)> {
    let name = path.file_name()?.to_str()?;
    let (stem, extension) = name.split_once('.')?;
    let folder = path.parent()?.to_str()?;
    // What macOS puts beside every file.
    if stem.is_empty() {
        return None;
    }
    Some((format!("{folder}/{stem}"), extension.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_named_up_to_the_first_full_stop() {
        let of = |path: &str| key_and_extension(Path::new(path));
        assert_eq!(
            of("a/0001.jpg"),
            Some(("a/0001".to_owned(), "jpg".to_owned()))
        );
        assert_eq!(
            of("0001.seg.PNG"),
            Some(("/0001".to_owned(), "seg.png".to_owned()))
        );
        assert_eq!(of("a/._0001.jpg"), None);
        assert_eq!(of("README"), None);
    }
}
