//! Many pictures, one row each, to wherever they are to go.
//!
//! To a folder they go in parts, each of which appears when it is whole. A part's name holds a hash of the model, of what is asked of it and of
//! the paths in it. So the same command again finds what is there and leaves it, and does what is not; and several machines, each with a
//! `--shard` of its own, may write into one folder.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use cliplet_clip::ImageEncoder;
use sha2::{Digest, Sha256};

use crate::encode::each;
use crate::model::hexadecimal;
use crate::output::{
    Columns, Destination, FileDestination, Format, NewFile, Row, Rows, Source, to_file,
};
use crate::pictures::{Shard, Unit};
use crate::progress::Progress;
use crate::stop::Stop;

/// What is done with every picture.
pub(crate) struct Job<'a> {
    pub(crate) encoder: &'a ImageEncoder,
    pub(crate) columns: Columns,
    pub(crate) format: Format,
    /// A picture's row, from its name and embedding.
    pub(crate) row: &'a (dyn Fn(String, Vec<f32>) -> Row<'a> + 'a),
}

impl<'a> Job<'a> {
    /// Writes one row a picture. Returns whether every picture could be used.
    pub(crate) fn run(&self, units: &[Unit], destination: &Destination) -> Result<bool, Stop> {
        let mut rows = destination.rows(self.format, self.columns)?;
        let all_used = self.among(units, &mut *rows)?;
        rows.finish()?;
        Ok(all_used)
    }

    /// The same among other rows.
    pub(crate) fn among(&self, units: &[Unit], rows: &mut dyn Rows) -> Result<bool, Stop> {
        let progress = Progress::of(count(units), "pictures");
        Ok(self.pictures(units, rows, &progress)?.is_empty())
    }

    /// The same into a folder, in parts. `identity` says which model it is and what is asked of it.
    pub(crate) fn run_in_parts(
        &self,
        units: &[Unit],
        folder: &Path,
        pictures: usize,
        shard: Option<&Shard>,
        identity: &str,
    ) -> Result<bool, Stop> {
        fs::create_dir_all(folder).map_err(|error| Stop::unwritable(folder, &error))?;
        let parts = parts(units, pictures);
        let progress = Progress::of(count(units), "pictures");
        let mut all_used = true;
        for (number, units) in parts.iter().enumerate() {
            let path = folder.join(part_name(number, units, shard, identity, self.format));
            let list = unusable_list(&path);
            if path.exists() {
                // What could not be used then is said again: it is still not done.
                if let Ok(sentences) = fs::read_to_string(&list) {
                    all_used = false;
                    sentences.lines().for_each(|line| progress.say(line));
                }
                progress.advance(count(units).unwrap_or(0));
                continue;
            }
            let part = FileDestination {
                path: path.clone(),
                names: None,
                by_way_of: None,
            };
            let mut rows = to_file(&part, self.format, self.columns)?;
            let unusable = self.pictures(units, &mut *rows, &progress)?;
            match unusable.is_empty() {
                true => drop(fs::remove_file(&list)),
                false => {
                    all_used = false;
                    let mut file = NewFile::create(&list)?;
                    file.write_all((unusable.join("\n") + "\n").as_bytes())
                        .map_err(|error| Stop::unwritable(&list, &error))?;
                    file.keep()?;
                }
            }
            rows.finish()?;
        }
        Ok(all_used)
    }

    /// A row a picture, in order. Returns what has been said of those that could not be used.
    fn pictures(
        &self,
        units: &[Unit],
        rows: &mut dyn Rows,
        progress: &Progress,
    ) -> Result<Vec<String>, Stop> {
        let mut unusable = Vec::new();
        each(self.encoder, units, |picture, embedded| {
            progress.advance(1);
            match embedded {
                Ok(embedding) => {
                    // The bytes of a name need not be text, which all formats are.
                    let name = picture.path.to_string_lossy().into_owned();
                    let row = (self.row)(name, embedding);
                    progress.without(|| rows.row(&row))
                }
                Err(sentence) => {
                    progress.say(&sentence);
                    unusable.push(sentence);
                    Ok(())
                }
            }
        })?;
        Ok(unusable)
    }
}

/// A picture's row, as long as nothing but its embedding is wanted.
pub(crate) fn embedding_row<'a>(image: String, embedding: Vec<f32>) -> Row<'a> {
    Row {
        source: Source::Image(image),
        results: None,
        embedding: Some(embedding),
    }
}

/// How many pictures that is, as long as there is no archive among them.
fn count(units: &[Unit]) -> Option<u64> {
    let files = units.iter().all(|unit| matches!(unit, Unit::File(_)));
    files.then_some(units.len() as u64)
}

/// Files some at a time, and each archive by itself.
fn parts(units: &[Unit], pictures: usize) -> Vec<&[Unit]> {
    let alike = |a: &Unit, b: &Unit| matches!((a, b), (Unit::File(_), Unit::File(_)));
    let runs = units.chunk_by(alike);
    runs.flat_map(|run| run.chunks(pictures)).collect()
}

fn part_name(
    number: usize,
    part: &[Unit],
    shard: Option<&Shard>,
    identity: &str,
    format: Format,
) -> String {
    let mut hasher = Sha256::new();
    hasher.update(identity);
    for unit in part {
        hasher.update([0]);
        hasher.update(unit.path().as_os_str().as_encoded_bytes());
    }
    let hash = hexadecimal(&hasher.finalize()[..8]);
    let shard = match shard {
        Some(Shard { index, count }) => format!("shard-{index}-of-{count}-"),
        None => String::new(),
    };
    format!("{shard}part-{number:06}-{hash}.{}", format.extension())
}

/// Where it is said which pictures of a part could not be used.
fn unusable_list(part: &Path) -> PathBuf {
    let mut name = part.as_os_str().to_owned();
    name.push(".unusable");
    name.into()
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
        let lengths: Vec<usize> = parts(&units, 2).iter().map(|part| part.len()).collect();
        assert_eq!(lengths, [2, 1, 1, 1, 1]);
    }

    #[test]
    fn a_part_is_named_after_what_is_in_it() {
        let name = |unit: &str, identity: &str| {
            part_name(3, &[Unit::File(unit.into())], None, identity, Format::Csv)
        };
        assert_eq!(name("a", "x"), name("a", "x"));
        assert_ne!(name("a", "x"), name("b", "x"));
        assert_ne!(name("a", "x"), name("a", "y"));
        assert!(name("a", "x").starts_with("part-000003-"));
    }
}
