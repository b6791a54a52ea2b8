//! Texts as people type and paste them, made what CLIP has been trained on.
//!
//! OpenAI's CLIP and OpenCLIP clean a text before they split it:
//! `html.unescape(html.unescape(ftfy.fix_text(text)))`. Curly quotes become straight ones,
//! ligatures of Latin letters become letters, full-width and half-width forms the usual ones, HTML
//! entities characters; control characters and terminal escapes go away; what is left is NFC. So
//! `child’s`, as phones and word processors write it, is `child's`. What is not done is ftfy's
//! guess that a text was UTF-8 and was decoded as something else.
//!
//! Of each character it is known up to where of the original text it is read, so that a cut can be
//! shown there.

mod entities;
mod letter;

use letter::Letter;
use unicode_normalization_alignments::UnicodeNormalization;

/// A cleaned text.
pub(super) struct Cleaned {
    /// The text.
    pub(super) text: String,
    /// For each of its characters, up to which byte of the original text it reads.
    ends: Vec<usize>,
}

impl Cleaned {
    /// The place in the original text that a place in the cleaned one comes from. Both are in bytes
    /// and at a character's end.
    pub(super) fn place_in_original(&self, at: usize) -> usize {
        let before = self.text[..at].chars().count();
        before.checked_sub(1).map_or(0, |last| self.ends[last])
    }
}

/// The text as CLIP reads it; `None` if that is the text itself. White space stays, except for line
/// ends, and so does the case, except that of a capital sigma, whose small letter depends on where
/// in its word it is.
pub(super) fn clean(text: &str) -> Option<Cleaned> {
    let is_plain = |byte| matches!(byte, b' '..=b'~' | b'\t' | b'\n') && byte != b'&';
    if text.bytes().all(is_plain) {
        return None;
    }
    let letters = text.char_indices().map(|(at, c)| Letter {
        c,
        end: at + c.len_utf8(),
    });
    let letters: Vec<Letter> = letters.collect();
    let mut cleaned = Vec::with_capacity(letters.len());
    // From the first line on that may have tags, entities are not ftfy's.
    let mut has_tags = false;
    for line in letters.split_inclusive(|letter| letter.c == '\n') {
        has_tags |= line.iter().any(|letter| letter.c == '<');
        cleaned.extend(fixed(line.to_vec(), !has_tags));
    }
    for _ in 0..2 {
        cleaned = entities::unescape_all(&cleaned);
    }
    small_sigmas(&mut cleaned);
    Some(Cleaned {
        text: cleaned.iter().map(|letter| letter.c).collect(),
        ends: cleaned.iter().map(|letter| letter.end).collect(),
    })
}

/// What ftfy makes of a line, over and over until nothing changes.
fn fixed(mut line: Vec<Letter>, unescapes: bool) -> Vec<Letter> {
    // Nobody escapes `&amp;amp;` more often, and a text that is made to could keep this busy for
    // hours.
    const MOST_ROUNDS: usize = 32;
    for _ in 0..MOST_ROUNDS {
        let mut next = if unescapes {
            entities::unescape_closed(&line)
        } else {
            line.clone()
        };
        next = next.iter().flat_map(replaced).collect();
        next = without_line_ends_of_others(&next);
        next = without_terminal_escapes(&next);
        next.retain(|letter| !is_control(letter.c));
        next = composed(&next);
        if next == line {
            break;
        }
        line = next;
    }
    line
}

/// A character as it is usually written: the Windows-1252 ones for control characters above ASCII,
/// Latin letters for their ligatures, the usual width, straight quotes.
fn replaced(letter: &Letter) -> impl Iterator<Item = Letter> + use<> {
    let end = letter.end;
    let c = match u32::from(letter.c) {
        code @ 0x80..=0x9f => entities::windows_1252(code as u8),
        _ => letter.c,
    };
    let letters = match c {
        '\u{132}' => ['I', 'J', '\0'],
        '\u{133}' => ['i', 'j', '\0'],
        // Its apostrophe is straight at once.
        '\u{149}' => ['\'', 'n', '\0'],
        '\u{1f1}' => ['D', 'Z', '\0'],
        '\u{1f2}' => ['D', 'z', '\0'],
        '\u{1f3}' => ['d', 'z', '\0'],
        '\u{1c4}' => ['D', 'Ž', '\0'],
        '\u{1c5}' => ['D', 'ž', '\0'],
        '\u{1c6}' => ['d', 'ž', '\0'],
        '\u{1c7}' => ['L', 'J', '\0'],
        '\u{1c8}' => ['L', 'j', '\0'],
        '\u{1c9}' => ['l', 'j', '\0'],
        '\u{1ca}' => ['N', 'J', '\0'],
        '\u{1cb}' => ['N', 'j', '\0'],
        '\u{1cc}' => ['n', 'j', '\0'],
        '\u{fb00}' => ['f', 'f', '\0'],
        '\u{fb01}' => ['f', 'i', '\0'],
        '\u{fb02}' => ['f', 'l', '\0'],
        '\u{fb03}' => ['f', 'f', 'i'],
        '\u{fb04}' => ['f', 'f', 'l'],
        '\u{fb05}' => ['ſ', 't', '\0'],
        '\u{fb06}' => ['s', 't', '\0'],
        '\u{3000}' => [' ', '\0', '\0'],
        '\u{2bc}' | '\u{2018}'..='\u{201b}' => ['\'', '\0', '\0'],
        '\u{201c}'..='\u{201f}' => ['"', '\0', '\0'],
        '\u{ff01}'..='\u{ffef}' => {
            let mut letters = ['\0'; 3];
            // Of a string's characters, as tokenizers does it, so that a visitor fetches that code
            // once.
            let text = String::from(c);
            for (place, (c, _)) in letters.iter_mut().zip(text.chars().nfkc()) {
                *place = c;
            }
            letters
        }
        _ => [c, '\0', '\0'],
    };
    // Zero characters go away anyway.
    let letters = letters.into_iter().filter(|&c| c != '\0');
    letters.map(move |c| Letter { c, end })
}

/// With `\n` for all line ends.
fn without_line_ends_of_others(line: &[Letter]) -> Vec<Letter> {
    let mut letters: Vec<Letter> = Vec::with_capacity(line.len());
    let mut after_return = false;
    for letter in line {
        let ends = matches!(letter.c, '\r' | '\u{2028}' | '\u{2029}' | '\u{85}');
        match letters.last_mut() {
            Some(last) if after_return && letter.c == '\n' => last.end = letter.end,
            _ => letters.push(Letter {
                c: if ends { '\n' } else { letter.c },
                end: letter.end,
            }),
        }
        after_return = letter.c == '\r';
    }
    letters
}

/// Without what colours text in a terminal: escape, `[`, digits and semicolons, a letter.
fn without_terminal_escapes(line: &[Letter]) -> Vec<Letter> {
    let mut letters = Vec::with_capacity(line.len());
    let mut at = 0;
    while at < line.len() {
        let escape = match &line[at..] {
            [escape, bracket, rest @ ..] if escape.c == '\u{1b}' && bracket.c == '[' => {
                let digits = rest
                    .iter()
                    .take_while(|l| l.c.is_ascii_digit() || l.c == ';');
                let digits = digits.count();
                let last = rest.get(digits);
                last.filter(|last| last.c.is_ascii_alphabetic())
                    .map(|_| digits + 3)
            }
            _ => None,
        };
        if escape.is_none() {
            letters.push(line[at]);
        }
        at += escape.unwrap_or(1);
    }
    letters
}

fn is_control(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{8}' | '\u{b}' | '\u{e}'..='\u{1f}' | '\u{7f}' | '\u{206a}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffc}'
    )
}

/// The same in NFC.
fn composed(line: &[Letter]) -> Vec<Letter> {
    let mut read = 0;
    let text: String = line.iter().map(|letter| letter.c).collect();
    text.chars()
        .nfc()
        .map(|(c, change)| {
            // Inserted where it is positive, made of so many more where it is negative.
            if change <= 0 {
                read += 1 + change.unsigned_abs();
            }
            let end = line[..read.clamp(1, line.len())].last();
            Letter {
                c,
                end: end.map_or(0, |letter| letter.end),
            }
        })
        .collect()
}

/// With small letters for capital sigmas, as Python's and Rust's `lower` choose them.
fn small_sigmas(letters: &mut [Letter]) {
    if !letters.iter().any(|letter| letter.c == 'Σ') {
        return;
    }
    let text: String = letters.iter().map(|letter| letter.c).collect();
    let lower = text.to_lowercase();
    let mut lower = lower.chars();
    for letter in letters {
        let small = lower.nth(letter.c.to_lowercase().count() - 1);
        if let (Some(small), 'Σ') = (small, letter.c) {
            letter.c = small;
        }
    }
}
