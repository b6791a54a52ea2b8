//! Text files as other programs save them: UTF-8 and UTF-16, with and without a byte order mark,
//! and every kind of line end.

use std::fmt;

/// Why bytes are not read as text. Its `Display` is the end of a sentence that begins with the
/// file's name, without a full stop: "is not UTF-8 text, from line 3 on: save it as UTF-8".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotText {
    /// Neither UTF-8 nor UTF-16. Holds the line of the first byte that is wrong, from 1 on.
    NotUtf8(usize),
    /// Begins as UTF-16 does, but is cut or broken.
    BrokenUtf16,
    /// UTF-32, which no ordinary program writes.
    Utf32,
    /// Holds zero bytes, as pictures and archives do.
    Binary,
}

impl fmt::Display for NotText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8(line) => write!(
                f,
                "is not UTF-8 text, from line {line} on: save it as UTF-8 in the program that it comes from"
            ),
            Self::BrokenUtf16 => {
                f.write_str("is UTF-16 text that is cut or broken: save it again, best as UTF-8")
            }
            Self::Utf32 => f.write_str("is UTF-32 text: save it as UTF-8"),
            Self::Binary => f.write_str("is not text: it holds zero bytes"),
        }
    }
}

/// The text of a file: UTF-8, or UTF-16 in either byte order, without its byte order mark. UTF-16
/// that has no mark is recognised by its zero bytes, every second one in text that is mostly ASCII.
///
/// A single-byte encoding such as Windows-1252 is refused: bytes do not say which one it is, and a
/// wrong guess would change labels without a word.
///
/// # Errors
/// [`NotText`] if the bytes are neither.
pub fn decode(bytes: &[u8]) -> Result<String, NotText> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Err(NotText::Utf32),
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ if !bytes.contains(&0) => utf8(bytes),
        _ => {
            let zeros = |first: usize| bytes.iter().skip(first).step_by(2).filter(|&&b| b == 0);
            let (even, odd) = (zeros(0).count(), zeros(1).count());
            let units = bytes.len() / 2;
            match bytes.len().is_multiple_of(2) {
                // Three of four characters are of Latin-1 at least, and none is U+0000.
                true if even == 0 && odd * 4 >= units * 3 => utf16(bytes, u16::from_le_bytes),
                true if odd == 0 && even * 4 >= units * 3 => utf16(bytes, u16::from_be_bytes),
                _ => Err(NotText::Binary),
            }
        }
    }
}

fn utf8(bytes: &[u8]) -> Result<String, NotText> {
    let text = str::from_utf8(bytes).map_err(|error| {
        let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        NotText::NotUtf8(lines(&before).count().max(1))
    })?;
    if text.contains('\0') {
        Err(NotText::Binary)
    } else {
        Ok(text.to_owned())
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, NotText> {
    let (pairs, rest) = bytes.as_chunks();
    let units = pairs.iter().map(|&pair| unit(pair));
    let text: Option<String> = char::decode_utf16(units).map(Result::ok).collect();
    match text {
        Some(text) if rest.is_empty() && !text.contains('\0') => Ok(text),
        _ => Err(NotText::BrokenUtf16),
    }
}

/// Whether a line ends at this character: LF, CR, and what Unicode and word processors have
/// besides.
pub fn is_line_end(c: char) -> bool {
    matches!(
        c,
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

/// The lines of a text, without their ends; CR LF is one end. As with [`str::lines`], an end behind
/// the last line begins no other.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (line, behind) = match rest.find(is_line_end) {
            Some(at) if rest[at..].starts_with("\r\n") => (&rest[..at], &rest[at + 2..]),
            Some(at) => {
                let end = rest[at..].chars().next().map_or(0, char::len_utf8);
                (&rest[..at], &rest[at + end..])
            }
            None => (rest, ""),
        };
        rest = behind;
        Some(line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn files_of_other_programs_are_text() {
        let text = "cat\r\nÅngström 猫 🐈\r\n";
        let with_mark = format!("\u{feff}{text}");
        for bytes in [
            text.as_bytes().to_vec(),
            with_mark.as_bytes().to_vec(),
            units(&with_mark, u16::to_le_bytes),
            units(&with_mark, u16::to_be_bytes),
            units(text, u16::to_le_bytes),
            units(text, u16::to_be_bytes),
        ] {
            assert_eq!(decode(&bytes).as_deref(), Ok(text), "{bytes:x?}");
        }
        assert_eq!(decode(b"").as_deref(), Ok(""));
        assert_eq!(decode(&[0xff, 0xfe]).as_deref(), Ok(""));
    }

    #[test]
    fn what_is_no_text_is_refused_and_said() {
        assert_eq!(decode(b"cat\ndog\nna\xefve\n"), Err(NotText::NotUtf8(3)));
        assert_eq!(decode(b"\x80"), Err(NotText::NotUtf8(1)));
        assert_eq!(decode(b"\xff\xfec"), Err(NotText::BrokenUtf16));
        assert_eq!(decode(b"\xff\xfe\0\xd8a\0"), Err(NotText::BrokenUtf16));
        assert_eq!(decode(b"\xff\xfe\0\0c\0\0\0"), Err(NotText::Utf32));
        assert_eq!(
            decode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
            Err(NotText::Binary)
        );
        assert_eq!(decode(b"cat\0dog\0"), Err(NotText::Binary));
        assert!(NotText::NotUtf8(3).to_string().contains("line 3"));
    }

    #[test]
    fn lines_end_in_every_way() {
        let text = "a\nb\r\nc\rd\u{2028}e\u{2029}f\u{85}g\u{b}h\n\ni\n";
        let found: Vec<&str> = lines(text).collect();
        assert_eq!(found, ["a", "b", "c", "d", "e", "f", "g", "h", "", "i"]);
        assert_eq!(lines("").count(), 0);
        assert_eq!(lines("\r\n").collect::<Vec<_>>(), [""]);
    }
}
