//! What the page says about itself.

/// The product's name.
pub const NAME: &str = "Cliplet";
/// What it does.
pub const TAGLINE: &str = "Which of these words fits this picture?";
/// Where the picture goes: nowhere.
pub const PRIVACY: &str = "Your picture never leaves this browser.";
/// The link to the book.
pub const BOOK: &str = "The book";
/// A defect of the page itself.
pub const BROKEN: &str =
    "Something went wrong and Cliplet can’t continue. Reload the page: your labels are kept.";
