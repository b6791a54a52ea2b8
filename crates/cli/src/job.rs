//! Many pictures, one row each, to wherever they are to go.
//!
//! To a folder they go in parts, each of which appears when it is whole; `collection` says which
//! are to be written.

use std::collections::HashSet;

use cliplet_clip::ImageEncoder;

use crate::collection::Collection;
use crate::encode::each;
use crate::output::{Columns, Destination, Format, Row, Rows, Source, to_file};
use crate::pictures::Unit;
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
    /// Writes one row a picture, all into one.
    pub(crate) fn run(&self, units: &[Unit], destination: &Destination) -> Result<(), Stop> {
        let mut rows = destination.rows(self.format, self.columns)?;
        self.among(units, &mut *rows)?.end(rows)
    }

    /// The same among other rows.
    pub(crate) fn among(&self, units: &[Unit], rows: &mut dyn Rows) -> Result<Outcome, Stop> {
        let units: Vec<&Unit> = units.iter().collect();
        let progress = Progress::of(count(&units), "pictures");
        let mut outcome = Outcome::default();
        let unusable = self.pictures(&units, rows, &progress, || outcome.rows += 1)?;
        outcome.unusable = unusable.len();
        Ok(outcome)
    }

    /// The same into a folder, in parts.
    pub(crate) fn run_in_parts(&self, collection: Collection) -> Result<bool, Stop> {
        let units: Vec<&Unit> = collection.parts().concat();
        let total = count(&units).map(|count| count + collection.kept());
        let progress = Progress::of(total, "pictures");
        progress.advance(collection.kept());
        let (mut written, mut all_used) = (HashSet::new(), true);
        for (place, units) in collection.parts().iter().enumerate() {
            let part = collection.part(place);
            let mut rows = to_file(&part.destination(), self.format, self.columns)?;
            let mut done = 0;
            let unusable = self.pictures(units, &mut *rows, &progress, || done += 1)?;
            all_used &= unusable.is_empty();
            part.record(done, unusable)?;
            // Some readers stumble over files with nothing in them.
            if done > 0 {
                rows.finish()?;
            }
            written.insert(part.name);
        }
        Ok(collection.finish(&written)? && all_used)
    }

    /// A row a picture, in order, after each of which `done` is called. Returns what has been said
    /// of those that could not be used.
    fn pictures(
        &self,
        units: &[&Unit],
        rows: &mut dyn Rows,
        progress: &Progress,
        mut done: impl FnMut(),
    ) -> Result<Vec<String>, Stop> {
        let mut unusable = Vec::new();
        each(self.encoder, units.iter().copied(), |picture, embedded| {
            progress.advance(1);
            match embedded {
                Ok(embedding) => {
                    if let Some(note) = embedding.note(&picture.path) {
                        progress.say(&note);
                    }
                    // The bytes of a name need not be text, which all formats are.
                    let name = picture.path.to_string_lossy().into_owned();
                    let mut row = (self.row)(name, embedding.vector);
                    row.incomplete = embedding.incomplete;
                    done();
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

/// What became of some pictures or texts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) rows: usize,
    pub(crate) unusable: usize,
}

impl Outcome {
    /// Both together.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            rows: self.rows + other.rows,
            unusable: self.unusable + other.unusable,
        }
    }

    /// Ends the output, unless nothing could be used: what was written before is then worth more
    /// than a table without rows.
    pub(crate) fn end(self, rows: Box<dyn Rows>) -> Result<(), Stop> {
        if self.rows > 0 || self.unusable == 0 {
            rows.finish()?;
        }
        Stop::unless(self.unusable == 0)
    }
}

/// A picture's row, as long as nothing but its embedding is wanted.
pub(crate) fn embedding_row<'a>(image: String, embedding: Vec<f32>) -> Row<'a> {
    Row {
        source: Source::Image(image),
        incomplete: false,
        results: None,
        embedding: Some(embedding),
    }
}

/// How many pictures that is, as long as there is no archive among them.
fn count(units: &[&Unit]) -> Option<u64> {
    let has_archives = units.iter().any(|unit| matches!(unit, Unit::Tar(_)));
    (!has_archives).then_some(units.len() as u64)
}
