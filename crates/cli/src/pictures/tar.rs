//! Pictures in tar archives, as webdataset lays them out: the files of a sample stand one behind
//! the other and have one name up to the first full stop, `000123.jpg`, `000123.cls`, `000123.txt`.
//! A link to a file of the archive is that file under a name of its own.
//!
//! The layout is that of <https://github.com/webdataset/webdataset>; the archive's own reader is
//! the crate tar.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

use flate2::read::MultiGzDecoder;
use tar::{Archive, Entries, Entry, EntryType};

use super::is_picture;
use super::list::{is_system, path_of_bytes};
use crate::stop::Stop;

/// The largest file that is read from an archive: pictures are some megabytes, and archives say how
/// large what follows is.
const MAX_BYTES: u64 = 1 << 30;
/// Links that are followed from one to the next.
const MOST_LINKS: usize = 40;

/// A file of an archive.
#[derive(Debug)]
pub(crate) struct Member {
    /// The archive's path, and behind it the file's own.
    pub(crate) path: PathBuf,
    /// The name that all files of a sample share.
    pub(crate) key: OsString,
    /// What follows it.
    pub(crate) extension: String,
    /// What was read of it, or why nothing was.
    pub(crate) bytes: Result<Vec<u8>, String>,
}

/// Walks over the files of an archive, in order, that are of some kinds.
pub(crate) struct Members {
    path: PathBuf,
    archive: Archive<Box<dyn Read>>,
}

impl Members {
    /// Opens an archive.
    pub(crate) fn open(path: &Path) -> Result<Self, Stop> {
        let file = crate::model::open(path)?;
        Ok(Self {
            path: path.to_owned(),
            archive: Archive::new(unpacked(file).map_err(|error| Stop::unreadable(path, &error))?),
        })
    }

    /// Its pictures, and the files with one of these extensions. After an error nothing follows:
    /// what stands behind a place that makes no sense cannot be found. An archive without a picture
    /// ends in a sentence that says so.
    pub(crate) fn iter<'a>(
        &'a mut self,
        extensions: &'a [&'a str],
    ) -> Result<impl Iterator<Item = Result<Member, String>> + 'a, Stop> {
        let path = &self.path;
        let entries = self
            .archive
            .entries()
            .map_err(|error| Stop::unreadable(path, &error))?;
        Ok(Iter {
            path,
            entries: Some(entries),
            extensions,
            index: None,
            has_pictures: false,
        })
    }
}

struct Iter<'a> {
    path: &'a Path,
    /// None at the end.
    entries: Option<Entries<'a, Box<dyn Read>>>,
    extensions: &'a [&'a str],
    /// Made when the first link is met.
    index: Option<Index>,
    has_pictures: bool,
}

impl Iterator for Iter<'_> {
    type Item = Result<Member, String>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let member = match self.entries.as_mut()?.next() {
                Some(Ok(entry)) => self.member(entry),
                Some(Err(error)) => {
                    self.entries = None;
                    let path = self.path.display();
                    return Some(Err(format!("{path} is damaged or cut off: {error}.")));
                }
                None => {
                    self.entries = None;
                    let path = self.path.display();
                    let empty = || Err(format!("{path} has no pictures in it."));
                    return (!self.has_pictures).then(empty);
                }
            };
            if let Some(member) = member {
                self.has_pictures |= is_picture(&member.path);
                return Some(Ok(member));
            }
        }
    }
}

impl Iter<'_> {
    /// A file, if it is one that is looked for.
    fn member(&mut self, mut entry: Entry<Box<dyn Read>>) -> Option<Member> {
        let own = tidy(&path_of_bytes(&entry.path_bytes()));
        if own.components().any(|part| is_system(&part)) {
            return None;
        }
        let (key, extension) = key_and_extension(&own)?;
        if !is_picture(&own) && !self.extensions.contains(&&extension[..]) {
            return None;
        }
        let read = match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                let size = entry.size();
                read(&mut entry, size)
            }
            EntryType::Directory => return None,
            kind @ (EntryType::Link | EntryType::Symlink) => {
                let target = entry.link_name_bytes().unwrap_or_default();
                let target = target_of(&own, kind, &target);
                self.linked(target)
            }
            _ => Err("it is no regular file".to_owned()),
        };
        let path = self.path.join(&own);
        Some(Member {
            bytes: read.map_err(|what| format!("{} could not be read: {what}.", path.display())),
            path,
            key,
            extension,
        })
    }

    /// The bytes of the file that a link leads to.
    fn linked(&mut self, target: PathBuf) -> Result<Vec<u8>, String> {
        let index = match &mut self.index {
            Some(index) => index,
            none => none.insert(Index::of(self.path).map_err(|error| error.to_string())?),
        };
        index.read(target)
    }
}

/// The files of an archive by their names, for what links lead to.
struct Index {
    archive: PathBuf,
    entries: HashMap<PathBuf, Indexed>,
}

enum Indexed {
    /// Where its bytes begin in the archive, unpacked, and how many they are.
    File(u64, u64),
    Link(PathBuf),
    /// What cannot be read this way.
    Other,
}

impl Index {
    fn of(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other(
                "it is a link, which only an archive that is a regular file can be searched for",
            ));
        }
        let entries = if is_compressed(&file)? {
            Self::entries(Archive::new(unpacked(file)?).entries()?)
        } else {
            // Without a look at the bytes of the files.
            Self::entries(Archive::new(BufReader::new(file)).entries_with_seek()?)
        };
        Ok(Self {
            archive: path.to_owned(),
            entries,
        })
    }

    fn entries(archive: Entries<impl Read>) -> HashMap<PathBuf, Indexed> {
        let mut entries = HashMap::new();
        // What is behind a place that makes no sense cannot be found, which is said when the walk
        // comes there.
        for entry in archive.map_while(Result::ok) {
            let own = tidy(&path_of_bytes(&entry.path_bytes()));
            let indexed = match entry.header().entry_type() {
                EntryType::Regular | EntryType::Continuous => {
                    Indexed::File(entry.raw_file_position(), entry.size())
                }
                kind @ (EntryType::Link | EntryType::Symlink) => {
                    let target = entry.link_name_bytes().unwrap_or_default();
                    Indexed::Link(target_of(&own, kind, &target))
                }
                _ => Indexed::Other,
            };
            // As a file that is unpacked later replaces one before it.
            entries.insert(own, indexed);
        }
        entries
    }

    /// What follows a place of the archive. A compressed one is unpacked up to there for every
    /// link.
    fn from(&self, place: u64) -> io::Result<Box<dyn Read>> {
        let mut file = File::open(&self.archive)?;
        if is_compressed(&file)? {
            let mut bytes = unpacked(file)?;
            io::copy(&mut bytes.by_ref().take(place), &mut io::sink())?;
            return Ok(bytes);
        }
        file.seek(SeekFrom::Start(place))?;
        Ok(Box::new(file))
    }

    fn read(&self, mut target: PathBuf) -> Result<Vec<u8>, String> {
        let first = target.clone();
        for _ in 0..MOST_LINKS {
            match self.entries.get(&target) {
                Some(Indexed::Link(next)) => target.clone_from(next),
                Some(&Indexed::File(place, size)) => {
                    let bytes = self.from(place).map_err(|error| error.to_string())?;
                    return read(&mut bytes.take(size), size);
                }
                Some(Indexed::Other) | None => {
                    return Err(format!(
                        "it is a link to {}, which is no file of the archive",
                        first.display()
                    ));
                }
            }
        }
        Err("it is a link that leads round in a circle".to_owned())
    }
}

/// The bytes of a file.
fn read(from: &mut impl Read, size: u64) -> Result<Vec<u8>, String> {
    if size > MAX_BYTES {
        return Err(format!("it has {size} bytes"));
    }
    let mut bytes = Vec::new();
    // Grows with what comes, not with what is said to come.
    match from.read_to_end(&mut bytes) {
        Ok(read) if read as u64 == size => Ok(bytes),
        Ok(_) => Err("the archive is cut off".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// How a file begins that is compressed by gzip (RFC 1952, 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Whether a regular file, of which nothing has been read yet, is compressed by gzip.
fn is_compressed(mut file: &File) -> io::Result<bool> {
    let mut first = Vec::new();
    file.take(GZIP.len() as u64).read_to_end(&mut first)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(first == GZIP)
}

/// An archive's bytes, also of one that is compressed as a whole by gzip, whatever it is called.
fn unpacked(file: File) -> io::Result<Box<dyn Read>> {
    let mut file = BufReader::with_capacity(1 << 18, file);
    Ok(if file.fill_buf()?.starts_with(&GZIP) {
        Box::new(BufReader::new(MultiGzDecoder::new(file)))
    } else {
        Box::new(file)
    })
}

/// A name without what leads nowhere: a slash or `./` at the beginning, `folder/..` within.
fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => tidy.push(name),
            Component::ParentDir => drop(tidy.pop()),
            _ => {}
        }
    }
    tidy
}

/// Where a link of an archive leads: symbolic ones are seen from their own folder, others from the
/// outermost.
fn target_of(own: &Path, kind: EntryType, target: &[u8]) -> PathBuf {
    let target = path_of_bytes(target);
    match own.parent() {
        Some(folder) if kind == EntryType::Symlink => tidy(&folder.join(target)),
        _ => tidy(&target),
    }
}

/// The name of a sample, with its folder, and what follows the first full stop. A full stop that a
/// name begins with is not meant.
fn key_and_extension(path: &Path) -> Option<(OsString, String)> {
    let name = path.file_name()?.as_encoded_bytes();
    let stop = 1 + name.get(1..)?.iter().position(|&byte| byte == b'.')?;
    let (stem, extension) = (&name[..stop], &name[stop + 1..]);
    let key = path.with_file_name(path_of_bytes(stem)).into_os_string();
    let extension = String::from_utf8_lossy(extension).to_ascii_lowercase();
    Some((key, extension))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_named_up_to_the_first_full_stop() {
        let of = |path: &str| key_and_extension(Path::new(path));
        let some = |key: &str, extension: &str| Some((key.into(), extension.to_owned()));
        assert_eq!(of("a/0001.jpg"), some("a/0001", "jpg"));
        assert_eq!(of("0001.seg.PNG"), some("0001", "seg.png"));
        assert_eq!(of("a/.0001.jpg"), some("a/.0001", "jpg"));
        assert_eq!(of("README"), None);
        assert_eq!(of(".jpg"), None);
    }

    #[test]
    fn links_are_seen_from_where_they_are() {
        let symbolic =
            |own: &str, to: &str| target_of(own.as_ref(), EntryType::Symlink, to.as_bytes());
        assert_eq!(symbolic("a/b.jpg", "c.jpg"), Path::new("a/c.jpg"));
        assert_eq!(symbolic("a/b.jpg", "../d/c.jpg"), Path::new("d/c.jpg"));
        let hard = target_of("a/b.jpg".as_ref(), EntryType::Link, b"./d/c.jpg");
        assert_eq!(hard, Path::new("d/c.jpg"));
    }
}
