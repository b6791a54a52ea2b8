//! Content hashes: for file names that may be cached for ever, and for skipping work whose inputs
//! have not changed.

use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::files::{files_below, read, write};
use crate::step::{Failure, Result};

/// Hashes a sequence of named things.
#[derive(Default)]
pub struct Fingerprint(Sha256);

impl Fingerprint {
    /// Begins with how the build is done, so that what an older version of this program has made is
    /// made again.
    pub fn of_the_recipe() -> Self {
        let recipe = [
            include_str!("book.rs"),
            include_str!("catalogue.rs"),
            include_str!("engine.rs"),
            include_str!("html.rs"),
            include_str!("package.rs"),
            include_str!("page.rs"),
            include_str!("script.rs"),
            include_str!("../../crates/server/src/policy.rs"),
            include_str!("service_worker.rs"),
            include_str!("tools.rs"),
        ];
        recipe.into_iter().fold(Self::default(), Self::add)
    }

    /// Adds some bytes.
    pub fn add(mut self, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        // The length keeps ("ab", "c") and ("a", "bc") apart.
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }

    /// Adds a file's content.
    pub fn add_file(self, path: &Path) -> Result<Self> {
        Ok(self.add(read(path)?))
    }

    /// Adds the names and contents of all files below a directory.
    pub fn add_directory(mut self, directory: &Path) -> Result<Self> {
        for path in files_below(directory)? {
            self = self
                .add(path.to_string_lossy().as_bytes())
                .add_file(&directory.join(&path))?;
        }
        Ok(self)
    }

    /// 16 hexadecimal digits.
    pub fn finish(self) -> String {
        self.0
            .finalize()
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

/// Does some work unless a note says that it was done with the same inputs and that what it made,
/// the content of `output`, is still as it was.
pub fn unless_done(
    note: &Path,
    inputs: &str,
    output: &Path,
    work: impl FnOnce() -> Result,
) -> Result {
    let state = || {
        Ok::<_, Failure>(format!(
            "{inputs} {}",
            Fingerprint::default().add_directory(output)?.finish()
        ))
    };
    if output.is_dir() && fs::read_to_string(note).ok() == Some(state()?) {
        return Ok(());
    }
    work()?;
    write(note, state()?)
}
