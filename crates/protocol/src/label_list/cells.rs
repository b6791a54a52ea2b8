//! The cells of a list: what stands between line ends, tabs, commas and semicolons. A cell in
//! quotes is one, whatever is in it, and so is a line from a label with prompts of its own on.

use crate::label::{prompts_at, tidy};
use crate::text::is_line_end;

/// Opening quotes beside `"`, and what closes them.
const QUOTES: [(char, &str); 12] = [
    ('\'', "'"),
    ('`', "`"),
    ('“', "”"),
    ('„', "“”"),
    ('”', "”"),
    ('«', "»"),
    ('»', "«"),
    ('‘', "’"),
    ('‚', "‘’"),
    ('’', "’"),
    ('‹', "›"),
    ('「', "」"),
];

/// HTML names behind which a semicolon is theirs. Those of letters with accents end alike.
const ENTITIES: &str = " amp apos bull copy deg euro gt hellip laquo ldquo lsquo lt mdash middot nbsp ndash pound quot raquo rdquo reg rsquo \
    shy szlig times trade ";
const ACCENTS: [&str; 8] = [
    "acute", "caron", "cedil", "circ", "grave", "lig", "tilde", "uml",
];

/// What a colon with a space behind it means in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colons {
    /// It begins a label's own prompts, which reach to the end of the line. So it is on the page.
    Prompts,
    /// It is a colon. So it is where labels come from a program or a command line, which have
    /// templates for prompts.
    Plain,
}

/// The cells of a list, empty ones too, each with where it begins.
pub(super) fn cells(text: &str, colons: Colons) -> impl Iterator<Item = (usize, String)> {
    let mut at = Some(0);
    std::iter::from_fn(move || {
        let start = at?;
        let (cell, length) = cell(&text[start..], colons);
        let behind = start + length;
        // Behind each cell there is a separator or the end.
        let separator = text[behind..].chars().next();
        at = separator.map(|separator| behind + separator.len_utf8());
        Some((start, cell))
    })
}

/// What stands in quotes, if all of it does.
pub(super) fn unquoted(text: &str) -> Option<String> {
    quoted(text)
        .filter(|&(_, length)| length == text.len())
        .map(|(cell, _)| cell)
}

/// The first cell of a list, and how long it is as it is written.
fn cell(text: &str, colons: Colons) -> (String, usize) {
    if let Some(quoted) = quoted(text) {
        return quoted;
    }
    let end = end_of_cell(text);
    let line = text.find(is_end_of_row).unwrap_or(text.len());
    let end = match prompts_at(&text[..line]) {
        Some(colon) if colon < end && colons == Colons::Prompts => line,
        _ => end,
    };
    (text[..end].trim().to_owned(), end)
}

fn end_of_cell(text: &str) -> usize {
    let mut separators = text.match_indices(is_separator);
    let end = separators.find(|&(at, separator)| separator != ";" || !ends_in_entity(&text[..at]));
    end.map_or(text.len(), |(at, _)| at)
}

/// Whether a semicolon behind this ends an HTML entity, as in `caf&eacute;`.
fn ends_in_entity(before: &str) -> bool {
    let Some((_, name)) = before.rsplit_once('&') else {
        return false;
    };
    match name.strip_prefix('#') {
        Some(number) => match number.strip_prefix(['x', 'X']) {
            Some(digits) => !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit()),
            None => !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()),
        },
        None => {
            let is_name =
                (2..=8).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphabetic());
            is_name
                && (ACCENTS.iter().any(|accent| name.ends_with(accent))
                    || ENTITIES.split(' ').any(|entity| entity == name))
        }
    }
}

/// The first cell if it stands in quotes, and how long it is with them.
fn quoted(text: &str) -> Option<(String, usize)> {
    let inside = text.trim_start_matches(' ');
    let begin = text.len() - inside.len();
    let (cell, length) = match inside.chars().next()? {
        '"' => in_double_quotes(&inside[1..])?,
        open => {
            let (_, close) = QUOTES.iter().find(|(quote, _)| *quote == open)?;
            let (cell, length) = in_other_quotes(&inside[open.len_utf8()..], close)?;
            (cell, length + open.len_utf8() - 1)
        }
    };
    Some((tidy(&cell), begin + 1 + length))
}

/// What is in double quotes up to their end, as spreadsheets write it: two of them are one, and
/// line ends are in it. `inside` begins behind the first of them; the length counts from there,
/// with the spaces behind the last.
fn in_double_quotes(inside: &str) -> Option<(String, usize)> {
    let mut cell = String::new();
    let mut letters = inside.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        if letter != '"' {
            cell.push(letter);
        } else if letters.next_if(|(_, next)| *next == '"').is_some() {
            cell.push('"');
        } else {
            return Some((cell, at + 1 + ends_behind(&inside[at + 1..])?));
        }
    }
    None
}

/// The same for other quotes, which end on their line. Between two letters, one of them is an
/// apostrophe.
fn in_other_quotes(inside: &str, close: &str) -> Option<(String, usize)> {
    let mut before = None;
    for (at, letter) in inside.char_indices() {
        let behind = &inside[at + letter.len_utf8()..];
        if is_line_end(letter) {
            return None;
        }
        if close.contains(letter) {
            if let Some(spaces) = ends_behind(behind) {
                let cell = inside[..at].to_owned();
                return (at > 0).then(|| (cell, at + letter.len_utf8() + spaces));
            }
            let is_letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            if !is_letter(before) || !is_letter(behind.chars().next()) {
                return None;
            }
        }
        before = Some(letter);
    }
    None
}

/// How many spaces there are before the cell's end, if there is nothing else.
fn ends_behind(text: &str) -> Option<usize> {
    let rest = text.trim_start_matches(' ');
    let ends = rest.chars().next().is_none_or(is_separator);
    ends.then(|| text.len() - rest.len())
}

fn is_separator(c: char) -> bool {
    matches!(c, ',' | ';') || is_end_of_row(c)
}

fn is_end_of_row(c: char) -> bool {
    c == '\t' || is_line_end(c)
}
