//! What is printed.

use std::io::{self, Write};

use serde::Serialize;

/// Writes an object as one line of JSON.
pub(crate) fn json_line(mut to: impl Write, object: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut to, object)?;
    to.write_all(b"\n")
}
