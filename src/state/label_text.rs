//! What a label's text says: the label itself, and prompts of its own; and the labels that a pasted text holds.
//!
//! A colon and a space part a label from its prompts, and semicolons part these: `cat: a photo of a cat; a drawing of a {}`. A colon
//! without a space behind it, as in `12:30`, belongs to the label, and so does one behind a backslash: `Alien\: Covenant`.

use cliplet_engine::messages::Candidate;

use super::labels::tidy;

/// What the model is asked for a label that reads so.
pub fn read(text: &str) -> Candidate {
    let text = tidy(text);
    if let Some(at) = prompts_at(&text) {
        let prompts = text[at + 1..].split(';').map(str::trim);
        let prompts: Vec<String> = prompts
            .filter(|prompt| !prompt.is_empty())
            .map(str::to_owned)
            .collect();
        if !prompts.is_empty() {
            return Candidate {
                label: plain(text[..at].trim()),
                prompts,
            };
        }
    }
    Candidate::new(plain(&text))
}

/// The label alone.
pub fn name(text: &str) -> String {
    read(text).label
}

/// How a label has to be written whose colons are no more than colons.
pub fn escaped(label: &str) -> String {
    let mut escaped = String::with_capacity(label.len());
    let mut letters = label.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == ':' && letters.peek().is_some_and(|next| next.is_whitespace()) {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

fn plain(label: &str) -> String {
    label.replace("\\:", ":")
}

/// Where the colon stands behind which there are prompts, if there is one.
fn prompts_at(text: &str) -> Option<usize> {
    let found = text.match_indices(':').find(|(at, _)| {
        let before = &text[..*at];
        let after = text[at + 1..].chars().next();
        !before.trim().is_empty()
            && !before.ends_with('\\')
            && after.is_some_and(char::is_whitespace)
    });
    found.map(|(at, _)| at)
}

/// Whether text holds more than one label, or one as a spreadsheet writes it.
pub fn is_list(text: &str) -> bool {
    let mut cells = cells(text);
    let first = cells.next();
    cells.next().is_some() || first.is_some_and(|(_, cell)| cell != text.trim())
}

/// The labels of a pasted list, as they are written: one a line, or parted by tabs, commas or semicolons. What stands in double quotes, as
/// spreadsheets write it, is one label whatever is in it, and so is a line from a label with prompts of its own on.
pub fn split_list(text: &str) -> Vec<String> {
    let labels = cells(text).map(|(_, label)| label);
    labels.filter(|label| !label.is_empty()).collect()
}

/// The labels of a list in which a colon is a colon and quotes are quotes: one a line, or parted by tabs, commas or semicolons.
pub fn split_plain(text: &str) -> impl Iterator<Item = &str> {
    let labels = text.split(is_separator).map(str::trim);
    labels.filter(|label| !label.is_empty())
}

/// What has been typed of a list: the labels that are complete, and the rest. `None` as long as none is.
pub fn split_typed(text: &str) -> Option<(&str, &str)> {
    let (at, _) = cells(text).last()?;
    let rest = text[at..].trim_start();
    (at > 0).then_some((&text[..at], rest))
}

/// The cells of a list, empty ones too, each with where it begins.
fn cells(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut at = Some(0);
    std::iter::from_fn(move || {
        let start = at?;
        let (cell, length) = cell(&text[start..]);
        let behind = start + length;
        // Behind each cell there is a separator or the end.
        let separator = text[behind..].chars().next();
        at = separator.map(|separator| behind + separator.len_utf8());
        Some((start, cell))
    })
}

/// The first cell of a list, and how long it is as it is written.
fn cell(text: &str) -> (String, usize) {
    if let Some(quoted) = quoted(text) {
        return quoted;
    }
    let end = text.find(is_separator).unwrap_or(text.len());
    let end = match prompts_at(&text[..text.find(is_end_of_cell).unwrap_or(text.len())]) {
        Some(colon) if colon < end => text.find(is_end_of_cell).unwrap_or(text.len()),
        _ => end,
    };
    (text[..end].trim().to_owned(), end)
}

/// The same if it stands in double quotes, in which two of them are one.
fn quoted(text: &str) -> Option<(String, usize)> {
    let inside = text.trim_start_matches(' ').strip_prefix('"')?;
    let begin = text.len() - inside.len();
    let mut cell = String::new();
    let mut letters = inside.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        if letter != '"' {
            cell.push(letter);
        } else if letters.next_if(|(_, next)| *next == '"').is_some() {
            cell.push('"');
        } else {
            let behind = &inside[at + 1..];
            let spaces = behind.len() - behind.trim_start_matches(' ').len();
            let ends = behind[spaces..].chars().next().is_none_or(is_separator);
            return ends.then(|| (tidy(&cell), begin + at + 1 + spaces));
        }
    }
    None
}

fn is_separator(c: char) -> bool {
    matches!(c, ',' | ';') || is_end_of_cell(c)
}

fn is_end_of_cell(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(label: &str, prompts: &[&str]) -> Candidate {
        Candidate {
            label: label.to_owned(),
            prompts: prompts.iter().map(|&prompt| prompt.to_owned()).collect(),
        }
    }

    #[test]
    fn a_label_may_have_prompts_of_its_own() {
        for (text, label, prompts) in [
            ("cat", "cat", &[][..]),
            ("cat: a photo of a cat", "cat", &["a photo of a cat"]),
            (
                " cat :  a photo  of a cat ;a drawing of a {};; ",
                "cat",
                &["a photo of a cat", "a drawing of a {}"],
            ),
            ("猫: 一只猫", "猫", &["一只猫"]),
            ("time: at 12:30: noon", "time", &["at 12:30: noon"]),
        ] {
            assert_eq!(read(text), candidate(label, prompts), "{text}");
        }
    }

    #[test]
    fn a_colon_may_be_just_a_colon() {
        for (text, label) in [
            ("12:30", "12:30"),
            ("cat:", "cat:"),
            ("cat: ", "cat:"),
            ("cat: ;", "cat: ;"),
            (": a cat", ": a cat"),
            ("Alien\\: Covenant", "Alien: Covenant"),
        ] {
            assert_eq!(read(text), candidate(label, &[]), "{text}");
        }
        for label in ["Alien: Covenant", "a: b: c", "12:30", "cat:"] {
            assert_eq!(read(&escaped(label)), candidate(label, &[]), "{label}");
        }
    }

    #[test]
    fn a_pasted_list_is_taken_apart_whatever_parts_it() {
        let pasted = "cat, dog;bird\tcow\r\nhorse\n\n , sheep dog \n";
        assert!(is_list(pasted));
        assert_eq!(
            split_list(pasted),
            ["cat", "dog", "bird", "cow", "horse", "sheep dog"]
        );
        assert!(!is_list("sheep dog") && !is_list(" sheep dog "));
        assert!(is_list("cat\n"), "as a copied cell ends");
    }

    #[test]
    fn in_a_plain_list_a_colon_is_a_colon() {
        let labels: Vec<&str> = split_plain("Alien: Covenant, cat;; \"dog\"\n").collect();
        assert_eq!(labels, ["Alien: Covenant", "cat", "\"dog\""]);
    }

    #[test]
    fn cells_in_quotes_are_one_label_each() {
        let pasted = "\"chair, folding\"\n\"5\"\" nail\";\"two\nlines\"\t\"\" , \"plain\" \ncup";
        assert_eq!(
            split_list(pasted),
            ["chair, folding", "5\" nail", "two lines", "plain", "cup"]
        );
        assert!(is_list("\"chair, folding\""));
        // These are no cells in quotes.
        for text in ["\"so called\" friend", "\"open", "5\" nail"] {
            assert!(!is_list(text), "{text}");
            assert_eq!(split_list(text), [text]);
        }
    }

    #[test]
    fn a_line_with_prompts_is_one_label() {
        assert_eq!(
            split_list("dog, cat: a cat, sitting; a drawing of a cat\nbird; cow\tfox: a fox"),
            [
                "dog",
                "cat: a cat, sitting; a drawing of a cat",
                "bird",
                "cow",
                "fox: a fox"
            ]
        );
        assert!(!is_list("cat: a cat; a kitten"));
        assert_eq!(split_list("at 12:30, cat"), ["at 12:30", "cat"]);
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
    }
}
