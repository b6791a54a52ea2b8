//! Lists of labels as people have them: one a line or separated by tabs, commas or semicolons
//! (`cells`); with bullets or numbers (`marks`); Markdown tables and HTML lists and tables
//! (`tables`); JSON (`json`).
//!
//! What structure a text has is decided from the whole text. Where it has none of these, every cell
//! is a label, so that nothing a person has written is left out without being seen.

mod cells;
mod json;
mod marks;
mod tables;

use std::collections::HashSet;

pub use cells::Colons;

use crate::label::{self, tidy};
use crate::text;

/// The labels of a list in their order, as they are written, without empty ones. A label that is
/// there twice is given twice.
pub fn read(list: &str, colons: Colons) -> Vec<String> {
    let list = visible(list);
    let labels = json::labels(&list)
        .or_else(|| tables::html(&list))
        .or_else(|| tables::markdown(&list))
        .or_else(|| marked_lines(&list))
        .unwrap_or_else(|| in_cells(json::without_brackets(&list), colons));
    let labels = labels.iter().map(|label| tidy(label));
    labels.filter(|label| !label.is_empty()).collect()
}

/// The same with each label once. Labels that differ only in upper and lower case are one to CLIP;
/// the first stays.
pub fn read_distinct(list: &str, colons: Colons) -> Vec<String> {
    distinct(read(list, colons), colons)
}

/// Each label once; of those with one [`key`] the first.
pub fn distinct(mut labels: Vec<String>, colons: Colons) -> Vec<String> {
    let mut known = HashSet::new();
    labels.retain(|label| known.insert(key(label, colons)));
    labels
}

/// Equal for labels that are the same to the model, which reads lower case only.
pub fn key(label: &str, colons: Colons) -> String {
    match colons {
        Colons::Prompts => label::name(label).to_lowercase(),
        Colons::Plain => tidy(label).to_lowercase(),
    }
}

/// Whether text that was pasted holds more than one label, or one that is not to be taken letter by
/// letter.
pub fn is_list(text: &str) -> bool {
    let without_spaces = |text: &str| text.replace(' ', "");
    match &read(text, Colons::Prompts)[..] {
        [] => !text.trim().is_empty(),
        [label] => without_spaces(label) != without_spaces(text),
        _ => true,
    }
}

/// What has been typed of a list: the labels that are complete, and the rest. `None` as long as
/// none is.
pub fn split_typed(text: &str) -> Option<(&str, &str)> {
    // Its commas separate nothing before its end is there.
    if json::begins(text) || tables::begins_html(text) {
        return None;
    }
    let (at, _) = cells::cells(text, Colons::Prompts).last()?;
    (at > 0).then(|| (&text[..at], text[at..].trim_start()))
}

/// The text without characters that nobody sees: zero-width spaces, byte order marks, soft hyphens
/// and marks of direction. The joiners of emoji and of Indic and Persian words stay.
fn visible(text: &str) -> String {
    let hidden = |c: char| {
        matches!(
            c,
            '\u{ad}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
                | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
        )
    };
    text.replace(hidden, "")
}

/// The lines of a list with bullets or numbers: each is one label, whatever is in it.
fn marked_lines(list: &str) -> Option<Vec<String>> {
    let lines = text::lines(list).map(str::trim);
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    if lines.len() < 2 {
        return None;
    }
    let items = marks::without(&lines, marks::Items::Lines)?;
    let items = items.into_iter().map(|item| {
        let item = item.trim_end_matches([',', ';']);
        let item = marks::without_emphasis(item);
        cells::unquoted(item).unwrap_or_else(|| item.to_owned())
    });
    Some(items.collect())
}

fn in_cells(list: &str, colons: Colons) -> Vec<String> {
    let cells: Vec<String> = cells::cells(list, colons)
        .map(|(_, cell)| cell)
        .filter(|cell| !tidy(cell).is_empty())
        .collect();
    let texts: Vec<&str> = cells.iter().map(|cell| &**cell).collect();
    match marks::without(&texts, marks::Items::Cells) {
        Some(items) => {
            let items = items.into_iter();
            items
                .map(|item| cells::unquoted(item).unwrap_or_else(|| item.to_owned()))
                .collect()
        }
        None => cells,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pasted_text_may_be_a_list() {
        for list in [
            "cat, dog",
            "cat\n",
            "\"chair, folding\"",
            "[\"cat\"]",
            "• cat",
            "a,",
            ",,",
        ] {
            assert!(is_list(list), "{list}");
        }
        for one in [
            "sheep dog",
            " sheep dog ",
            "cat: a cat; a kitten",
            "\"so called\" friend",
            "\"open",
            "5\" nail",
            "",
        ] {
            assert!(!is_list(one), "{one}");
        }
    }

    #[test]
    fn what_is_typed_is_taken_at_each_separator() {
        assert_eq!(split_typed("cat"), None);
        assert_eq!(split_typed(""), None);
        assert_eq!(split_typed("cat,"), Some(("cat,", "")));
        assert_eq!(split_typed("cat; a d"), Some(("cat;", "a d")));
        assert_eq!(split_typed("cat: a photo; a"), None);
        assert_eq!(split_typed("dog, cat: a, b"), Some(("dog,", "cat: a, b")));
        assert_eq!(split_typed("\"a, b\","), Some(("\"a, b\",", "")));
        assert_eq!(split_typed("[\"cat\", \"do"), None);
        assert_eq!(split_typed("<ul><li>cat, "), None);
        assert_eq!(split_typed("caf&eacute;"), None);
    }

    #[test]
    fn labels_that_differ_in_case_are_one() {
        let list = "Cat, dog, cat, DOG, Cat: a kitten";
        assert_eq!(read_distinct(list, Colons::Prompts), ["Cat", "dog"]);
        assert_eq!(
            read_distinct("Cat, CAT, cat: a", Colons::Plain),
            ["Cat", "cat: a"]
        );
        assert_eq!(read(list, Colons::Plain).len(), 5);
    }
}
