//! Working without a network, and newer versions of the page.

/// All that a visit without a network needs is kept.
pub const WORKS_OFFLINE: &str = "The page also works without a network now.";
/// The button that takes a newer version of the page.
pub const TAKE_NEW_VERSION: &str = "Update now";

/// There is a newer version of the page; `blocked` by other pages that have the older one.
pub fn new_version(blocked: bool) -> &'static str {
    if blocked {
        "A new version of Cliplet is available. Close the other tabs that have Cliplet open, then update here."
    } else {
        "A new version of Cliplet is available. Updating keeps your labels, but not the picture."
    }
}
