//! A collection in a folder: parts of it, and beside the folder a record of what is in each part.
//!
//! The records are in a folder of their own, so that the collection's folder has nothing in it but
//! data: readers of whole folders, such as Polars, take every file for data, whatever it is called.
//! By the records the same command again finds what is done, what has changed and what is new: only
//! that is done, in parts of their own, and parts that no longer hold are removed once the new ones
//! are whole. Each machine with a `--shard` of its own looks after the parts of that shard alone,
//! so that several may write into one folder at once.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::model::hexadecimal;
use crate::output::{FileDestination, FolderDestination, Format, NewFile};
use crate::pictures::{Shard, Unit, is_standard_input};
use crate::stop::{Stop, say};

/// What all parts of a collection have in common.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Identity {
    /// The SHA-256 of the model's file.
    pub(crate) model: String,
    /// What is asked of the model.
    pub(crate) question: String,
    pub(crate) format: String,
    /// How many shards the paths are dealt out to; none without `--shard`.
    pub(crate) shards: Option<u64>,
}

impl Identity {
    /// What another collection has that this one has not.
    fn difference(&self, other: &Self) -> Option<&'static str> {
        [
            (self.model != other.model, "of another model"),
            (self.format != other.format, "in another format"),
            (self.shards != other.shards, "with another number of shards"),
            (
                self.question != other.question,
                "with other labels or settings",
            ),
        ]
        .into_iter()
        .find_map(|(differs, what)| differs.then_some(what))
    }
}

/// What is known of a part.
#[derive(Debug, Deserialize, Serialize)]
struct Record {
    /// A part without rows has no file.
    rows: usize,
    /// Why pictures could not be used: a sentence each.
    unusable: Vec<String>,
    files: Vec<Seen>,
}

/// A file as it was when its part was begun.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Seen {
    path: Name,
    /// None if it could not be opened.
    stamp: Option<Stamp>,
}

/// What changes when a file does.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
struct Stamp {
    bytes: u64,
    /// Nanoseconds since 1970.
    modified: u64,
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        Self::from(&metadata)
    }

    /// The same, none if the file cannot be opened.
    fn of_readable(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        // Opening others may wait for somebody.
        if metadata.is_file() {
            File::open(path).ok()?;
        }
        Self::from(&metadata)
    }

    fn from(metadata: &Metadata) -> Option<Self> {
        let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH);
        Some(Self {
            bytes: metadata.len(),
            modified: modified.map_or(0, |since| since.as_nanos() as u64),
        })
    }
}

/// A path: text, or the bytes of one that is no text.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
enum Name {
    Text(String),
    Bytes(Vec<u8>),
}

impl Name {
    fn of(path: &Path) -> Self {
        match path.to_str() {
            Some(text) => Self::Text(text.to_owned()),
            None => Self::Bytes(path.as_os_str().as_encoded_bytes().to_vec()),
        }
    }

    fn path(&self) -> PathBuf {
        match self {
            Self::Text(text) => text.into(),
            Self::Bytes(bytes) => crate::pictures::path_of_bytes(bytes),
        }
    }
}

/// What is to be done to a collection.
pub(crate) struct Collection<'a> {
    folder: PathBuf,
    records: PathBuf,
    identity: Identity,
    format: Format,
    /// What the names of all parts begin with that this run looks after.
    prefix: String,
    /// Parts that are to be written.
    parts: Vec<Vec<&'a Unit>>,
    /// Numbers of parts that are kept.
    numbers: HashSet<usize>,
    /// Names of parts that no longer hold.
    superseded: Vec<String>,
    /// Files whose part is kept.
    kept: u64,
    all_used: bool,
}

impl<'a> Collection<'a> {
    /// Looks at what is there, and says what of it could not be used.
    ///
    /// # Errors
    /// The folder holds another collection, or pictures that are not named; or a picture is on
    /// standard input.
    pub(crate) fn plan(
        destination: &FolderDestination,
        units: &'a [Unit],
        shard: Option<&Shard>,
        identity: Identity,
        format: Format,
    ) -> Result<Self, Stop> {
        if units.iter().any(|unit| is_standard_input(unit.path())) {
            return Err(Stop::Usage(
                "A picture on standard input has no file to be known by in a folder of parts: write it to a file with --out."
                    .to_owned(),
            ));
        }
        let folder = &destination.folder;
        let unwritable = |error: io::Error| Stop::unwritable(folder, &error);
        fs::create_dir_all(folder).map_err(unwritable)?;
        let folder = &fs::canonicalize(folder).map_err(unwritable)?;
        let records = open(folder, &identity)?;
        let mut collection = Self {
            folder: folder.clone(),
            records,
            identity,
            format,
            prefix: match shard {
                Some(Shard { index, count }) => format!("shard-{index}-of-{count}-part-"),
                None => "part-".to_owned(),
            },
            parts: Vec::new(),
            numbers: HashSet::new(),
            superseded: Vec::new(),
            kept: 0,
            all_used: true,
        };
        let left = collection.compare(units, destination.prune)?;
        collection.parts = parts(&left, destination.pictures);
        Ok(collection)
    }

    /// Finds out which parts hold. Returns what is in none of them.
    fn compare(&mut self, units: &'a [Unit], prune: bool) -> Result<Vec<&'a Unit>, Stop> {
        let mut pictures = Vec::new();
        for unit in units {
            match unit {
                // It may be a folder, and is nothing that a part can be kept for.
                Unit::Missing(_, sentence) => {
                    self.all_used = false;
                    say(sentence);
                }
                _ => pictures.push(unit),
            }
        }
        let named: HashMap<&Path, Option<Stamp>> = pictures
            .iter()
            .map(|unit| (unit.path(), Stamp::of(unit.path())))
            .collect();
        let mut done: HashSet<PathBuf> = HashSet::new();
        let mut strangers = Vec::new();
        // Whether something that is named is in it; whoever names nothing wants nothing else.
        let mut is_known = named.is_empty();
        for (name, record) in self.recorded()? {
            let Some(record) = record else {
                self.superseded.push(name);
                continue;
            };
            let paths: Vec<PathBuf> = record.files.iter().map(|seen| seen.path.path()).collect();
            let (mut holds, mut sentences) = (true, record.unusable);
            for (seen, path) in record.files.iter().zip(&paths) {
                match named.get(&**path) {
                    Some(now) => {
                        is_known = true;
                        let now = match seen.stamp {
                            Some(_) => *now,
                            None => Stamp::of_readable(path),
                        };
                        holds &= now.is_none() || now == seen.stamp;
                        if now.is_none() && seen.stamp.is_some() {
                            sentences.push(format!(
                                "{} is not there any more, or cannot be read; what was made of it stays.",
                                path.display()
                            ));
                        }
                    }
                    None => {
                        holds = false;
                        strangers.push(path.clone());
                    }
                }
                holds &= !done.contains(path);
            }
            if holds {
                let number = name.strip_prefix(&self.prefix).and_then(number);
                self.numbers.extend(number);
                self.kept += paths.len() as u64;
                done.extend(paths);
                self.all_used &= sentences.is_empty();
                sentences.iter().for_each(|sentence| say(sentence));
            } else {
                self.superseded.push(name)
            }
        }
        if !prune {
            self.refuse_strangers(&strangers, is_known)?;
        }
        let mut left = Vec::new();
        for unit in pictures {
            // A path that is named twice is one row.
            if done.insert(unit.path().to_owned()) {
                left.push(unit);
            }
        }
        Ok(left)
    }

    /// Pictures that are in the collection and were not named are left out of it if they are gone.
    /// Otherwise it is not known what is meant: that nothing but what was named is to be in it, or
    /// that this is another collection.
    fn refuse_strangers(&self, strangers: &[PathBuf], is_known: bool) -> Result<(), Stop> {
        let is_gone = |path: &&PathBuf| matches!(path.try_exists(), Ok(false));
        let stranger = if is_known {
            strangers.iter().find(|path| !is_gone(path))
        } else {
            // Nothing that is named is in it.
            strangers.first()
        };
        match stranger {
            Some(path) => Err(Stop::Failed(format!(
                "{} holds pictures that this command does not name, such as {}: name these too, take another folder, or leave them \
                 out of it with --prune.",
                self.folder.display(),
                path.display()
            ))),
            None => Ok(()),
        }
    }

    /// The parts that this run looks after, in order, each with its record if there is one that
    /// fits.
    fn recorded(&self) -> Result<Vec<(String, Option<Record>)>, Stop> {
        let is_own = |name: &String| name.starts_with(&self.prefix);
        let data: HashSet<String> = names_in(&self.folder)?.into_iter().filter(is_own).collect();
        let mut parts: HashSet<String> = data
            .iter()
            // The names beside an .npy.
            .filter(|name| Path::new(name).extension() == Some(self.format.extension().as_ref()))
            .cloned()
            .collect();
        let recorded = names_in(&self.records)?;
        let recorded = recorded.iter().filter_map(|name| name.strip_suffix(RECORD));
        parts.extend(recorded.map(str::to_owned).filter(is_own));
        let mut parts: Vec<(String, Option<Record>)> = parts
            .into_iter()
            .map(|name| {
                let record = fs::read(self.record(&name)).ok();
                let record = record.and_then(|bytes| serde_json::from_slice(&bytes).ok());
                // A record is written before its part.
                let record =
                    record.filter(|record: &Record| (record.rows > 0) == data.contains(&name));
                (name, record)
            })
            .collect();
        parts.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(parts)
    }

    fn record(&self, part: &str) -> PathBuf {
        self.records.join(format!("{part}{RECORD}"))
    }

    /// Parts that are to be written.
    pub(crate) fn parts(&self) -> &[Vec<&'a Unit>] {
        &self.parts
    }

    /// How many files were done before.
    pub(crate) fn kept(&self) -> u64 {
        self.kept
    }

    /// Begins a part.
    pub(crate) fn part(&self, place: usize) -> Part<'_> {
        let units = &self.parts[place];
        let files = units.iter().map(|unit| Seen {
            path: Name::of(unit.path()),
            stamp: Stamp::of_readable(unit.path()),
        });
        let files: Vec<Seen> = files.collect();
        let mut hasher = Sha256::new();
        hasher.update(format!("{:?}", self.identity));
        for (unit, seen) in units.iter().zip(&files) {
            hasher.update(unit.path().as_os_str().as_encoded_bytes());
            hasher.update(format!("\0{:?}", seen.stamp));
        }
        let hash = hexadecimal(&hasher.finalize()[..8]);
        // So a part that is made anew takes the place of the one before it, on each of several
        // machines.
        let mut free = (0..).filter(|number| !self.numbers.contains(number));
        let number = free.nth(place).unwrap_or_default();
        let prefix = &self.prefix;
        Part {
            name: format!("{prefix}{number:06}-{hash}.{}", self.format.extension()),
            collection: self,
            files,
        }
    }

    /// Removes what no longer holds, after all parts are written. Returns whether everything could
    /// be used.
    pub(crate) fn finish(self, written: &HashSet<String>) -> Result<bool, Stop> {
        for name in self
            .superseded
            .iter()
            .filter(|name| !written.contains(*name))
        {
            let part = self.folder.join(name);
            remove(&part)?;
            if self.format == Format::Npy {
                remove(&part.with_extension("txt"))?;
            }
            remove(&self.record(name))?;
        }
        Ok(self.all_used)
    }
}

/// A part that is being written.
pub(crate) struct Part<'a> {
    pub(crate) name: String,
    collection: &'a Collection<'a>,
    files: Vec<Seen>,
}

impl Part<'_> {
    /// Where its rows go.
    pub(crate) fn destination(&self) -> FileDestination {
        FileDestination {
            path: self.collection.folder.join(&self.name),
            names: None,
            by_way_of: Some(self.collection.records.clone()),
        }
    }

    /// Says what is in it, before it gets its name.
    pub(crate) fn record(&self, rows: usize, unusable: Vec<String>) -> Result<(), Stop> {
        let record = Record {
            rows,
            unusable,
            files: self.files.clone(),
        };
        write_json(&self.collection.record(&self.name), &record)
    }
}

/// What records end in.
const RECORD: &str = ".json";
/// What says which collection it is, among the records.
const COLLECTION: &str = "collection.json";

/// Finds the records of the collection in a folder, or begins a collection.
fn open(folder: &Path, identity: &Identity) -> Result<PathBuf, Stop> {
    // Before the records are looked for: another machine makes these first.
    let has_parts = names_in(folder)?.iter().any(|name| is_part(name));
    let records = records_of(folder)?;
    let file = records.join(COLLECTION);
    let there = || match fs::read(&file) {
        Ok(bytes) => Ok(serde_json::from_slice::<Identity>(&bytes).ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Stop::unreadable(&file, &error)),
    };
    let refuse = |difference: &str| {
        Err(Stop::Failed(format!(
            "{} holds a collection {difference}: take another folder.",
            folder.display()
        )))
    };
    match there()? {
        Some(other) => match identity.difference(&other) {
            None => return Ok(records),
            Some(difference) if has_parts => return refuse(difference),
            // Its parts have been removed.
            Some(_) => {
                for name in names_in(&records)? {
                    remove(&records.join(name))?;
                }
            }
        },
        None if has_parts => {
            return Err(Stop::Failed(format!(
                "{} has parts in it, and {} does not say of what: take another folder.",
                folder.display(),
                records.display()
            )));
        }
        None if names_in(&records)?
            .iter()
            .any(|name| !name.starts_with('.')) =>
        {
            return Err(Stop::Failed(format!(
                "{} is needed for what is known of the collection, and has something else in it: take another folder.",
                records.display()
            )));
        }
        None => {}
    }
    // The first machine makes it.
    let unwritable = |error: io::Error| Stop::unwritable(&file, &error);
    let mut new = tempfile::Builder::new()
        .prefix(".cliplet-")
        .tempfile_in(&records)
        .map_err(unwritable)?;
    serde_json::to_writer(&mut new, identity).map_err(|error| unwritable(error.into()))?;
    match new.persist_noclobber(&file) {
        Ok(_) => Ok(records),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => match there()? {
            Some(other) => match identity.difference(&other) {
                None => Ok(records),
                Some(difference) => refuse(difference),
            },
            None => Err(unwritable(error.error)),
        },
        // Not every file system can tell.
        Err(error) => match error.file.persist(&file) {
            Ok(_) => Ok(records),
            Err(error) => Err(unwritable(error.error)),
        },
    }
}

/// Where the records of a collection are: in a folder beside its own, `photos.cliplet` for
/// `photos`. If files cannot be moved from there into the collection's folder, as when that is
/// mounted, they are in the folder itself, where most readers pass over names with an underscore.
fn records_of(folder: &Path) -> Result<PathBuf, Stop> {
    let inside = folder.join("_cliplet");
    if inside.is_dir() {
        return Ok(inside);
    }
    let beside = folder.file_name().map(|name| {
        let mut name = name.to_owned();
        name.push(".cliplet");
        folder.with_file_name(name)
    });
    if let Some(beside) = beside {
        if beside.is_dir() || can_move(&beside, folder).is_ok() {
            return Ok(beside);
        }
        let _ = fs::remove_dir(&beside);
    }
    fs::create_dir_all(&inside).map_err(|error| Stop::unwritable(&inside, &error))?;
    Ok(inside)
}

/// Makes a folder, and tries whether a file of it can be moved into another.
fn can_move(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(from)?;
    let file = tempfile::Builder::new()
        .prefix(".cliplet-")
        .tempfile_in(from)?;
    let moved = to.join(file.path().file_name().unwrap_or_default());
    file.persist(&moved).map_err(|error| error.error)?;
    fs::remove_file(moved)
}

/// Whether a file is called as a part is.
fn is_part(name: &str) -> bool {
    let behind_shard = name.strip_prefix("shard-").and_then(|rest| {
        let (shard, rest) = rest.split_once("-part-")?;
        let (index, count) = shard.split_once("-of-")?;
        (index.parse::<u64>().is_ok() && count.parse::<u64>().is_ok()).then_some(rest)
    });
    let rest = behind_shard.or_else(|| name.strip_prefix("part-"));
    rest.and_then(number).is_some()
}

/// The number of a part, which its name goes on with.
fn number(rest: &str) -> Option<usize> {
    let (number, hash) = rest.split_once('-')?;
    let (hash, _) = hash.split_once('.')?;
    let is_hash = hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then(|| number.parse().ok())?
}

/// The names of a folder's files that are text.
fn names_in(folder: &Path) -> Result<Vec<String>, Stop> {
    let unreadable = |error: io::Error| Stop::unreadable(folder, &error);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        names.extend(entry.map_err(unreadable)?.file_name().into_string());
    }
    Ok(names)
}

/// Removes a file, if it is there.
fn remove(path: &Path) -> Result<(), Stop> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Stop::Failed(format!(
            "{} could not be removed: {error}.",
            path.display()
        ))),
        _ => Ok(()),
    }
}

fn write_json(path: &Path, object: &impl Serialize) -> Result<(), Stop> {
    let mut file = NewFile::create(path)?;
    let json = serde_json::to_vec(object).map_err(Stop::failed)?;
    let written = file.write_all(&json);
    written.map_err(|error| Stop::unwritable(path, &error))?;
    file.keep()
}

/// Files some at a time, and each archive by itself.
fn parts<'a>(units: &[&'a Unit], pictures: usize) -> Vec<Vec<&'a Unit>> {
    let alike = |a: &&Unit, b: &&Unit| matches!((a, b), (Unit::File(_), Unit::File(_)));
    let runs = units.chunk_by(alike);
    runs.flat_map(|run| run.chunks(pictures))
        .map(<[_]>::to_vec)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_parts_of_their_own() {
        let file = |name: &str| Unit::File(name.into());
        let units = [
            file("a"),
            file("b"),
            file("c"),
            Unit::Tar("d.tar".into()),
            Unit::Tar("e.tar".into()),
            file("f"),
        ];
        let units: Vec<&Unit> = units.iter().collect();
        let lengths: Vec<usize> = parts(&units, 2).iter().map(Vec::len).collect();
        assert_eq!(lengths, [2, 1, 1, 1, 1]);
    }

    #[test]
    fn parts_are_known_by_their_names() {
        for name in [
            "part-000003-0123456789abcdef.csv",
            "shard-0-of-8-part-1234567-0123456789abcdef.parquet",
        ] {
            assert!(is_part(name), "{name}");
        }
        for name in [
            "part-000003.csv",
            "part-x-0123456789abcdef.csv",
            "part-3-0123.csv",
            "shard-a-of-8-part-000003-0123456789abcdef.csv",
            "notes.csv",
        ] {
            assert!(!is_part(name), "{name}");
        }
    }
}
