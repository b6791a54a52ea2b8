//! How large a picture may be.

/// The most pixels a picture may have: three bytes each, and two copies, must fit a 32-bit address
/// space.
pub const MAX_PIXELS: u64 = 200_000_000;
