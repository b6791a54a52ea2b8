//! The book as tests read it: the chapters of `docs/`, with their links and their samples.
//!
//! What lives here: reading Markdown, and finding the chapters. What does not: running the samples.
//! Those for a terminal are run by the tests of `crates/cli`, those of `cargo xtask` are looked up
//! by the tests of `xtask`, and those for web pages are run by the browser tests.
//! docs/contributing.md says what is done with which.

#![forbid(unsafe_code)]

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// A file of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

/// A file in Markdown.
#[derive(Clone, Debug)]
pub struct Document {
    /// Where it lies, relative to the repository.
    pub path: String,
    text: String,
}

/// A stretch of code, set off from the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// What the fence says first; empty where there is no fence, or where it says nothing.
    pub language: String,
    /// What it says behind that, parted by commas.
    pub marks: Vec<String>,
    /// The code.
    pub code: String,
    /// Where it stands.
    pub place: Place,
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The file, relative to the repository.
    pub path: String,
    /// The line, from 1 on.
    pub line: usize,
}

/// An address that a text links to, or that it takes a picture from.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// As it is written.
    pub address: String,
    /// Where it stands.
    pub place: Place,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path, self.line)
    }
}

/// The chapters of the book, in its order.
///
/// # Panics
/// If a file cannot be read.
pub fn chapters() -> Vec<Document> {
    let summary = Document::read("docs/SUMMARY.md");
    let links = summary.links().into_iter();
    links
        .map(|link| Document::read(&format!("docs/{}", link.address)))
        .collect()
}

/// The samples of all chapters that are in one of these languages and are not exempt.
///
/// # Panics
/// If a file cannot be read, or if there is no such sample: a test of nothing would be none.
pub fn samples_to_run(languages: &[&str]) -> Vec<Sample> {
    let samples: Vec<Sample> = chapters()
        .iter()
        .flat_map(Document::samples)
        .filter(|sample| languages.contains(&&*sample.language) && !sample.is_exempt())
        .collect();
    assert!(!samples.is_empty(), "there are samples in {languages:?}");
    samples
}

impl Sample {
    /// Whether it is marked as one that is not run.
    pub fn is_exempt(&self) -> bool {
        self.is_marked("not-run")
    }

    /// Of a sample for a terminal: its commands, each in one line.
    pub fn commands(&self) -> Vec<String> {
        let joined = self.code.replace("\\\n", " ");
        let lines = joined.lines().map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            words.join(" ")
        });
        lines.filter(|line| !line.is_empty()).collect()
    }

    /// Whether the fence says this behind the language.
    pub fn is_marked(&self, mark: &str) -> bool {
        self.marks.iter().any(|other| other == mark)
    }
}

impl Document {
    /// Reads a file of the repository.
    ///
    /// # Panics
    /// If it cannot be read.
    pub fn read(path: &str) -> Self {
        let text = fs::read_to_string(repository(path))
            .unwrap_or_else(|error| panic!("{path} cannot be read: {error}"));
        Self {
            path: path.to_owned(),
            text,
        }
    }

    /// All of it, as it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its samples, from top to bottom.
    pub fn samples(&self) -> Vec<Sample> {
        let mut samples: Vec<Sample> = Vec::new();
        let mut inside = false;
        for (event, range) in self.events() {
            match event {
                Event::Start(Tag::CodeBlock(kind)) => {
                    let info = match &kind {
                        CodeBlockKind::Fenced(info) => info.as_ref(),
                        CodeBlockKind::Indented => "",
                    };
                    let mut words = info.split(',').map(|word| word.trim().to_owned());
                    samples.push(Sample {
                        language: words.next().unwrap_or_default(),
                        marks: words.collect(),
                        code: String::new(),
                        place: self.place(range.start),
                    });
                    inside = true;
                }
                Event::End(TagEnd::CodeBlock) => inside = false,
                Event::Text(text) if inside => {
                    if let Some(sample) = samples.last_mut() {
                        sample.code.push_str(&text);
                    }
                }
                _ => {}
            }
        }
        samples
    }

    /// Its links and pictures, from top to bottom, without those that stand in HTML.
    pub fn links(&self) -> Vec<Link> {
        let links = self.events().filter_map(|(event, range)| match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                Some((dest_url.into_string(), range.start))
            }
            _ => None,
        });
        links
            .map(|(address, at)| Link {
                address,
                place: self.place(at),
            })
            .collect()
    }

    /// What is set as code within its text.
    pub fn code(&self) -> Vec<String> {
        let code = self.events().filter_map(|(event, _)| match event {
            Event::Code(text) => Some(text.into_string()),
            _ => None,
        });
        code.collect()
    }

    /// What its headings are called in addresses, behind `#`: as code hosts make names of headings.
    pub fn anchors(&self) -> Vec<String> {
        let mut anchors: Vec<String> = Vec::new();
        let mut heading: Option<String> = None;
        for (event, _) in self.events() {
            match event {
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let plain = anchor(&heading.take().unwrap_or_default());
                    let same = |name: &str| anchors.iter().any(|other| other == name);
                    let numbered = (1..).map(|number| format!("{plain}-{number}"));
                    let name = std::iter::once(plain.clone())
                        .chain(numbered)
                        .find(|name| !same(name));
                    anchors.extend(name);
                }
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                _ => {}
            }
        }
        anchors
    }

    fn events(&self) -> impl Iterator<Item = (Event<'_>, std::ops::Range<usize>)> {
        Parser::new_ext(&self.text, Options::ENABLE_TABLES).into_offset_iter()
    }

    fn place(&self, offset: usize) -> Place {
        Place {
            path: self.path.clone(),
            line: self.text[..offset].matches('\n').count() + 1,
        }
    }
}

/// A heading as a part of an address: letters in lower case, blanks as hyphens, and of the rest
/// only hyphens and underscores.
fn anchor(heading: &str) -> String {
    heading
        .trim()
        .chars()
        .filter_map(|character| match character {
            ' ' => Some('-'),
            '-' | '_' => Some(character),
            _ if character.is_alphanumeric() => Some(character),
            _ => None,
        })
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        Document {
            path: "some.md".to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn samples_have_a_language_marks_and_a_place() {
        let samples = document("Text\n\n```sh,not-run\nls\nls\n```\n\n    indented\n").samples();
        let described: Vec<_> = samples
            .iter()
            .map(|sample| {
                (
                    &*sample.language,
                    sample.is_exempt(),
                    &*sample.code,
                    sample.place.line,
                )
            })
            .collect();
        assert_eq!(
            described,
            [("sh", true, "ls\nls\n", 3), ("", false, "indented\n", 8)]
        );
    }

    #[test]
    fn a_command_may_go_on_in_the_next_line() {
        let samples = document("```sh\nls \\\n    here\nls\n```\n").samples();
        assert_eq!(samples[0].commands(), ["ls here", "ls"]);
    }

    #[test]
    fn links_stand_also_in_tables_and_pictures_count() {
        let links = document("| a |\n|---|\n| [x](y.md#z) |\n\n![p](p.png)\n").links();
        let addresses: Vec<_> = links.iter().map(|link| &*link.address).collect();
        assert_eq!(addresses, ["y.md#z", "p.png"]);
    }

    #[test]
    fn headings_are_called_as_code_hosts_call_them() {
        let text = "# `models.json`\n\n## What is, what isn't\n\n## A\n\n## A\n";
        assert_eq!(
            document(text).anchors(),
            ["modelsjson", "what-is-what-isnt", "a", "a-1"]
        );
    }
}
