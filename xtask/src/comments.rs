//! Comments are at most 100 columns wide, which neither rustfmt nor clippy sees to.

use std::fs;
use std::path::{Path, PathBuf};

use crate::step::{Failure, Result};

/// The most columns of a line that is a comment or has one.
const COLUMNS: usize = 100;

/// Folders that hold what others have written or what was built.
const SKIPPED: [&str; 3] = ["dist", "node_modules", "target"];

/// How a language writes comments.
#[derive(Clone, Copy)]
struct Language {
    /// Begins one that ends with the line.
    line: Option<&'static str>,
    /// There are others between `/*` and `*/`.
    has_blocks: bool,
    /// What strings stand in.
    quotes: &'static [char],
}

impl Language {
    /// By a file's name; `None` where comments are not looked at.
    fn of(path: &Path) -> Option<Self> {
        let (line, has_blocks, quotes): (_, _, &[char]) = match path.extension()?.to_str()? {
            "rs" => (Some("//"), false, &['"']),
            "js" => (Some("//"), true, &['"', '\'', '`']),
            "css" => (None, true, &['"', '\'']),
            "py" => (Some("#"), false, &['"', '\'']),
            _ => return None,
        };
        Some(Self {
            line,
            has_blocks,
            quotes,
        })
    }

    /// The numbers of a file's lines, from 1, that have a comment and go on too far.
    fn too_long(self, text: &str) -> Vec<usize> {
        let mut is_inside = false;
        let mut found = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let begins = self.has_blocks && line.trim_start().starts_with("/*");
            let comment = if is_inside || begins {
                is_inside = !line.contains("*/");
                Some(line)
            } else {
                self.comment(line)
            };
            let is_long = line.chars().nth(COLUMNS).is_some();
            if is_long && comment.is_some_and(can_be_broken) {
                found.push(number);
            }
        }
        found
    }

    /// The comment that a line ends with.
    fn comment(self, line: &str) -> Option<&str> {
        let marker = self.line?;
        let text = line.trim_start();
        if text.starts_with(marker) {
            return Some(text);
        }
        let mut quote = None;
        let mut characters = line.char_indices();
        while let Some((at, character)) = characters.next() {
            match quote {
                Some(_) if character == '\\' => drop(characters.next()),
                Some(open) if character == open => quote = None,
                Some(_) => {}
                None if self.quotes.contains(&character) => quote = Some(character),
                None if character == ' ' => {
                    let rest = &line[at + 1..];
                    let words = rest.strip_prefix(marker);
                    if words.is_some_and(|words| words.starts_with(' ')) {
                        return Some(rest);
                    }
                }
                None => {}
            }
        }
        None
    }
}

/// Whether a comment is more than one address or path, which may have a list's mark or a link's
/// name before it.
fn can_be_broken(comment: &str) -> bool {
    let mut words = comment
        .split_whitespace()
        .skip_while(|word| !word.contains(char::is_alphanumeric) || word.ends_with("]:"));
    words.next();
    words.next().is_some()
}

/// Looks at all files of a repository.
pub fn check(root: &Path) -> Result {
    let mut found = Vec::new();
    for path in sources(root)? {
        let Some(language) = Language::of(&path) else {
            continue;
        };
        let text = fs::read_to_string(&path)
            .map_err(|error| format!("{} cannot be read: {error}.", path.display()))?;
        let name = path.strip_prefix(root).unwrap_or(&path).display();
        let lines = language.too_long(&text).into_iter();
        found.extend(lines.map(|number| format!("{name}:{number}")));
    }
    if found.is_empty() {
        return Ok(());
    }
    Err(Failure::from(format!(
        "Comments go beyond {COLUMNS} columns, and have to be broken: {}.",
        found.join(", ")
    )))
}

/// All files below a folder but those that are skipped.
fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = |error| format!("{} cannot be read: {error}.", folder.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') || SKIPPED.contains(&&*name) {
            continue;
        }
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_dir() {
            paths.extend(sources(&entry.path())?);
        } else if kind.is_file() {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn too_long(name: &str, text: &str) -> Vec<usize> {
        Language::of(Path::new(name)).unwrap().too_long(text)
    }

    /// Words that take so many columns.
    fn words(columns: usize) -> String {
        "word ".repeat(columns)[..columns].to_owned()
    }

    #[test]
    fn comments_beyond_the_width_are_found() {
        let fits = format!("    // {}", words(93));
        let long = format!("    /// {}", words(97));
        let behind = format!("let x = 1; // {}", words(90));
        let text = format!("{fits}\n{long}\n{behind}\n");
        assert_eq!(too_long("a.rs", &text), [2, 3]);
        // Columns are characters.
        assert_eq!(too_long("a.rs", &format!("// {}", "é ".repeat(48))), [0; 0]);
        let python = format!("# {0}\nx = 1  # {0}\nx = 1\n", words(99));
        assert_eq!(too_long("a.py", &python), [1, 2]);
        let block = format!(
            "/* short\n   {0} */\na {{ b: {0} }}\n/* {0} */\n",
            words(98)
        );
        assert_eq!(too_long("a.css", &block), [2, 4]);
        assert_eq!(too_long("a.js", &block), [2, 4]);
    }

    #[test]
    fn code_and_what_cannot_be_broken_may_be_longer() {
        let address = format!("https://example.org/{}", "a".repeat(100));
        for line in [
            format!("let x = \"{} // {}\";", words(60), words(60)),
            format!("let x = \"\\\"{} // {}\";", words(60), words(60)),
            format!("let x = y({});", words(100)),
            format!("/// {address}"),
            format!("//! - <{address}>"),
            format!("//! [name]: {address}"),
        ] {
            assert_eq!(too_long("a.rs", &line), [0; 0], "{line}");
        }
        assert_eq!(too_long("a.rs", &format!("/// See {address}")), [1]);
        assert!(Language::of(Path::new("a.md")).is_none());
    }
}
