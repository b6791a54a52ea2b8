//! What the page says about itself.

/// The product's name.
pub const NAME: &str = "Cliplet";
/// What it does.
pub const TAGLINE: &str = "Which of these words fits this picture? In your browser.";
/// Where the picture goes: nowhere.
pub const PRIVACY: &str = "Your picture never leaves this browser.";
/// What the page looks like.
pub const THEME: &str = "Theme";
/// The themes, by their names for the style sheet.
pub const THEMES: [(&str, &str); 3] = [("", "System"), ("light", "Light"), ("dark", "Dark")];
/// The button that shows what keys do, and the dialogue's name.
pub const KEYS: &str = "Keyboard";
/// What keys do.
pub const KEYS_DO: [(&str, &str); 11] = [
    ("?", "Show these keys"),
    ("Ctrl V", "Paste a picture, or labels into their field"),
    ("Ctrl Z, Ctrl Y", "Undo, redo"),
    ("↑ ↓", "The label before or after; the rows of the grid"),
    (
        "→ ←",
        "From a label to its buttons and back; the picture beside",
    ),
    ("Alt ↑, Alt ↓", "Move a label"),
    (
        "Enter",
        "The next label; from a field, add what stands there",
    ),
    ("Backspace", "In an empty label: remove it"),
    (
        "Escape",
        "Give a label back what it was; close; back to all pictures",
    ),
    ("Home, End", "The first or last picture of the grid"),
    ("Delete", "In the grid: remove the picture"),
];
/// The link to the book.
pub const BOOK: &str = "The book";
/// A defect of the page itself.
pub const BROKEN: &str =
    "Something went wrong and Cliplet can’t continue. Reload the page: your labels are kept.";
