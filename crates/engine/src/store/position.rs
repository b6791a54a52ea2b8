//! Where a reader is after a seek.

use std::io::{Error, Result, SeekFrom};

/// Where a reader of `length` bytes at `position` is after a seek.
pub(super) fn sought(position: u64, length: u64, to: SeekFrom) -> Result<u64> {
    let (base, offset) = match to {
        SeekFrom::Start(position) => (position, 0),
        SeekFrom::Current(offset) => (position, offset),
        SeekFrom::End(offset) => (length, offset),
    };
    base.checked_add_signed(offset)
        .ok_or_else(|| Error::other("a position before the file's beginning"))
}
