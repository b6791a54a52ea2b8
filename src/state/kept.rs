//! Model files that the browser keeps, and how much room is left for more.

use cliplet_protocol::messages::StoredFile;

/// What the browser keeps.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Model files, parts among them.
    pub files: Vec<StoredFile>,
    /// Bytes that the whole site takes, where the browser says.
    pub used: Option<u64>,
    /// Bytes that it may take besides, where the browser says.
    pub available: Option<u64>,
    /// The browser has agreed not to clear it when it runs out of room.
    pub persistent: bool,
}
