//! A character, and where it comes from.

/// A character of a text that is being cleaned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) c: char,
    /// Up to which byte of the original text it reads.
    pub(super) end: usize,
}
