//! Tables, of which the first column holds the labels, and HTML lists.

use super::marks::without_emphasis;
use crate::text;

/// The first column of a Markdown table without its head. `None` if the text is none: every line of
/// one has a bar, and it has a row of dashes under its head or bars at both ends of every line.
pub(super) fn markdown(list: &str) -> Option<Vec<String>> {
    let lines = text::lines(list).map(str::trim);
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    if lines.len() < 2 || !lines.iter().all(|line| line.contains('|')) {
        return None;
    }
    let is_row = |line: &&str| line.len() > 1 && line.starts_with('|') && line.ends_with('|');
    let rows = if is_rule(lines[1]) {
        &lines[2..]
    } else if lines.iter().all(is_row) {
        &lines
    } else {
        return None;
    };
    Some(rows.iter().map(|row| first_column(row)).collect())
}

fn is_rule(line: &str) -> bool {
    line.contains('-') && line.chars().all(|c| matches!(c, '-' | ':' | '|' | ' '))
}

fn first_column(row: &str) -> String {
    let row = row.strip_prefix('|').unwrap_or(row);
    let mut bars = row.match_indices('|');
    let end = bars.find(|&(at, _)| !row[..at].ends_with('\\'));
    let cell = &row[..end.map_or(row.len(), |(at, _)| at)];
    without_emphasis(cell).replace("\\|", "|")
}

/// Whether text begins with an HTML tag, as lists and tables that are typed do.
pub(super) fn begins_html(text: &str) -> bool {
    let inside = text.trim_start().strip_prefix('<');
    inside.is_some_and(|inside| inside.starts_with(|c: char| c.is_ascii_alphabetic() || c == '!'))
}

/// The items of HTML lists and the first column of HTML tables, without heads. `None` if the text
/// is no HTML or has neither.
pub(super) fn html(list: &str) -> Option<Vec<String>> {
    if !begins_html(list) {
        return None;
    }
    let mut items = Items::default();
    let mut rest = list;
    while let Some((before, behind)) = rest.split_once('<') {
        items.text(before);
        let (tag, behind) = match behind.strip_prefix("!--") {
            Some(comment) => (
                "",
                comment.split_once("-->").map_or("", |(_, behind)| behind),
            ),
            None => behind.split_once('>').unwrap_or((behind, "")),
        };
        let name = tag.split(|c: char| c.is_whitespace()).next().unwrap_or("");
        items.tag(&name.trim_end_matches('/').to_ascii_lowercase());
        rest = behind;
    }
    items.text(rest);
    items.end();
    let has_body = items.done.iter().any(|item| !item.head);
    items.done.retain(|item| !item.head || !has_body);
    (!items.done.is_empty()).then(|| items.done.into_iter().map(|item| item.text).collect())
}

#[derive(Default)]
struct Item {
    text: String,
    /// The first cell of a row that has nothing but heads.
    head: bool,
}

#[derive(Default)]
struct Items {
    done: Vec<Item>,
    /// Text that is being read of an item; none between them.
    open: Option<Item>,
    /// Cells of the row so far.
    cells: usize,
    /// Which item the row's first cell has become.
    first: Option<usize>,
}

impl Items {
    fn text(&mut self, text: &str) {
        if let Some(item) = &mut self.open {
            item.text.push_str(&unescaped(text));
        }
    }

    fn tag(&mut self, name: &str) {
        match name {
            "li" | "option" => {
                self.end();
                self.open = Some(Item::default());
            }
            "/li" | "/option" | "ul" | "ol" | "/ul" | "/ol" | "/td" | "/th" | "/tr" | "/table" => {
                self.end();
            }
            "tr" => {
                self.end();
                self.cells = 0;
                self.first = None;
            }
            "td" | "th" => {
                self.end();
                if self.cells == 0 {
                    self.first = Some(self.done.len());
                    self.open = Some(Item {
                        head: name == "th",
                        ..Item::default()
                    });
                } else if let Some(first) = self.first.and_then(|first| self.done.get_mut(first)) {
                    first.head &= name == "th";
                }
                self.cells += 1;
            }
            "br" | "p" | "/p" | "div" | "/div" => self.text(" "),
            _ => {}
        }
    }

    fn end(&mut self) {
        if let Some(item) = self.open.take() {
            self.done.push(item);
        }
    }
}

/// Text with its most usual entities decoded; the model decodes others.
fn unescaped(text: &str) -> String {
    let mut pieces = text.split('&');
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let decoded = piece.split_once(';').and_then(|(name, behind)| {
            let number =
                |digits: &str, radix| char::from_u32(u32::from_str_radix(digits, radix).ok()?);
            let letter = match name {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "apos" => '\'',
                "nbsp" => ' ',
                _ => match name.strip_prefix('#')? {
                    digits if digits.starts_with(['x', 'X']) => number(&digits[1..], 16)?,
                    digits => number(digits, 10)?,
                },
            };
            Some((letter, behind))
        });
        match decoded {
            Some((letter, behind)) => {
                out.push(letter);
                out.push_str(behind);
            }
            None => {
                out.push('&');
                out.push_str(piece);
            }
        }
    }
    out
}
