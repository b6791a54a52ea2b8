//! What may be written over: nothing that is read, and nothing that was not named.

use std::fs;
use std::path::Path;

use super::file::Place;
use crate::stop::Stop;

/// Refuses outputs that are one file with an input, under whatever name, or with each other.
pub(crate) fn refuse_inputs<'a>(
    outputs: &[&Path],
    inputs: impl IntoIterator<Item = &'a Path>,
) -> Result<(), Stop> {
    let mut known = Vec::new();
    for &output in outputs {
        let place = match Place::of(output)? {
            Place::File(place) => place,
            Place::Stream(_) => continue,
        };
        if known.iter().any(|(_, _, other)| *other == place) {
            return Err(Stop::Failed(format!(
                "Two outputs would be written to {}: name different files.",
                output.display()
            )));
        }
        known.push((output, identity(&place), place));
    }
    // What is not there yet cannot be an input.
    known.retain(|(_, identity, _)| identity.is_some());
    if known.is_empty() {
        return Ok(());
    }
    for input in inputs {
        let of_input = identity(input);
        let same = known.iter().find(|(_, identity, _)| *identity == of_input);
        if let Some((output, ..)) = same {
            return Err(Stop::Failed(format!(
                "{} is read, and would be replaced by what is written to {}: name another file to write.",
                input.display(),
                output.display()
            )));
        }
    }
    Ok(())
}

/// Which file it is, whatever it is called.
#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;

    let metadata = fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<std::path::PathBuf> {
    fs::canonicalize(path).ok()
}
