//! Text files that people have made: lists, prompts, captions.

use std::fs;
use std::path::Path;

use cliplet_protocol::text;

use crate::stop::Stop;

/// The text of a file in UTF-8 or UTF-16, without a byte order mark.
pub(crate) fn read(path: &Path) -> Result<String, Stop> {
    let bytes = fs::read(path).map_err(|error| Stop::unreadable(path, &error))?;
    decode(path, &bytes)
}

/// The same of bytes that were read from there.
pub(crate) fn decode(path: &Path, bytes: &[u8]) -> Result<String, Stop> {
    text::decode(bytes).map_err(|error| Stop::Failed(format!("{} {error}.", path.display())))
}
