//! One label as it is written: the label itself, and prompts of its own.
//!
//! A colon and a space separate a label from its prompts, and semicolons separate these:
//! `cat: a photo of a cat; a drawing of a {}`. A colon without a space behind it, as in `12:30`,
//! belongs to the label, and so does one behind a backslash: `Alien\: Covenant`.

/// A label, and the prompts that it brings along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The label alone.
    pub name: String,
    /// Its own prompts, in the place of all templates; none for most labels.
    pub prompts: Vec<String>,
}

/// What a label says that is written so.
pub fn read(text: &str) -> Label {
    let text = tidy(text);
    if let Some(at) = prompts_at(&text) {
        let prompts = text[at + 1..].split(';').map(str::trim);
        let prompts: Vec<String> = prompts
            .filter(|prompt| !prompt.is_empty())
            .map(str::to_owned)
            .collect();
        if !prompts.is_empty() {
            return Label {
                name: plain(text[..at].trim()),
                prompts,
            };
        }
    }
    Label {
        name: plain(&text),
        prompts: Vec::new(),
    }
}

/// The label alone.
pub fn name(text: &str) -> String {
    read(text).name
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

/// The text without spaces at its ends and with single spaces between its words.
pub fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !tidy.is_empty() {
            tidy.push(' ');
        }
        tidy.push_str(word);
    }
    tidy
}

fn plain(label: &str) -> String {
    label.replace("\\:", ":")
}

/// Where the colon stands behind which there are prompts, if there is one.
pub(crate) fn prompts_at(text: &str) -> Option<usize> {
    let found = text.match_indices(':').find(|(at, _)| {
        let before = &text[..*at];
        let after = text[at + 1..].chars().next();
        !before.trim().is_empty()
            && !before.ends_with('\\')
            && after.is_some_and(char::is_whitespace)
    });
    found.map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(name: &str, prompts: &[&str]) -> Label {
        Label {
            name: name.to_owned(),
            prompts: prompts.iter().map(|&prompt| prompt.to_owned()).collect(),
        }
    }

    #[test]
    fn a_label_may_have_prompts_of_its_own() {
        for (text, name, prompts) in [
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
            assert_eq!(read(text), label(name, prompts), "{text}");
        }
    }

    #[test]
    fn a_colon_may_be_just_a_colon() {
        for (text, name) in [
            ("12:30", "12:30"),
            ("cat:", "cat:"),
            ("cat: ", "cat:"),
            ("cat: ;", "cat: ;"),
            (": a cat", ": a cat"),
            ("Alien\\: Covenant", "Alien: Covenant"),
        ] {
            assert_eq!(read(text), label(name, &[]), "{text}");
        }
        for name in ["Alien: Covenant", "a: b: c", "12:30", "cat:"] {
            assert_eq!(read(&escaped(name)), label(name, &[]), "{name}");
        }
    }
}
