//! The journal beside a model file: where the file comes from, which parts of it have been written,
//! whether it is whole.
//!
//! A journal is lines of text, to which lines are added, so that a crash costs no more than the
//! last of them: first a JSON object ([`Header`]), then `+ START END` for each range of bytes that
//! has reached the file, and in the end `whole LENGTH SHA-256`, with `-` for a SHA-256 that was not
//! checked. What comes behind the last line's end is not read.
//!
//! A file that is made of others has a line `part JSON` ([`Part`]) for each of these before the
//! ranges of its bytes that have been made use of.

use std::io::Read;
use std::ops::Range;

use js_sys::Uint8Array;
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsValue;

use super::super::ranges::Ranges;
use super::super::source::Version;
use super::private_file::PrivateFile;
use cliplet_protocol::catalogue::ModelEntry;

/// Behind the name of the file it belongs to.
pub(super) const EXTENSION: &str = ".journal";

/// What a file is, for people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in super::super) struct Label {
    /// The id of the model.
    pub(in super::super) model: String,
    /// Its revision.
    pub(in super::super) revision: String,
    /// Its name.
    pub(in super::super) title: String,
}

impl Label {
    /// Of a model.
    pub(in super::super) fn of(model: &ModelEntry) -> Self {
        Self {
            model: model.id.clone(),
            revision: model.revision.clone(),
            title: model.name.clone(),
        }
    }
}

/// Where a file comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) label: Label,
    pub(super) url: String,
    pub(super) version: Version,
    /// Its length, if it was known when it was begun.
    pub(super) total: Option<u64>,
}

/// One of the files that a file is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in super::super) struct Part {
    /// Its name.
    pub(in super::super) name: String,
    /// Which version of it is made use of.
    pub(in super::super) version: Version,
    /// Which of its bytes are.
    #[serde(skip)]
    pub(in super::super) used: Ranges,
}

/// A file of which all is there.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct WholeFile {
    pub(super) bytes: u64,
    /// What it was found to have, if that was looked at.
    pub(super) sha256: Option<String>,
}

/// What a journal says.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Record {
    pub(super) header: Header,
    pub(super) have: Ranges,
    pub(super) parts: Vec<Part>,
    pub(super) whole: Option<WholeFile>,
}

impl Record {
    /// What these lines say, unless they are no journal, and how many bytes they take.
    pub(super) fn read(text: &str) -> Option<(Self, usize)> {
        let end = text.rfind('\n')? + 1;
        let mut lines = text[..end].lines();
        let header = serde_json::from_str(lines.next()?).ok()?;
        let mut record = Self {
            header,
            have: Ranges::default(),
            parts: Vec::new(),
            whole: None,
        };
        for line in lines {
            if let Some(part) = line.strip_prefix("part ") {
                record.parts.push(serde_json::from_str(part).ok()?);
                continue;
            }
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["+", start, end] => {
                    let of = record.parts.last_mut().map(|part| &mut part.used);
                    let of = of.unwrap_or(&mut record.have);
                    of.insert(start.parse().ok()?..end.parse().ok()?);
                }
                ["whole", bytes, sha256] => {
                    record.whole = Some(WholeFile {
                        bytes: bytes.parse().ok()?,
                        sha256: (sha256 != "-").then(|| sha256.to_owned()),
                    });
                }
                _ => return None,
            }
        }
        Some((record, end))
    }

    /// Bytes that have arrived.
    pub(super) fn bytes(&self) -> u64 {
        let used = self.parts.iter().map(|part| part.used.bytes());
        self.have.bytes() + used.sum::<u64>()
    }
}

/// An open journal.
pub(super) struct Journal(PrivateFile);

impl Journal {
    /// Opens the journal of a file, and gives what it says; it is empty if there was none. None as
    /// with [`PrivateFile::open`].
    pub(super) async fn open(name: &str) -> Option<(Self, Option<Record>)> {
        let mut file = PrivateFile::open_or_create(&format!("{name}{EXTENSION}")).await?;
        let mut text = String::new();
        let read = file.read_to_string(&mut text).ok();
        let record = read.and_then(|_| Record::read(&text));
        let whole_lines = record.as_ref().map_or(0, |&(_, bytes)| bytes as u64);
        file.truncate(whole_lines).ok()?;
        Some((Self(file), record.map(|(record, _)| record)))
    }

    /// Says nothing any more.
    pub(super) fn clear(&mut self) -> Result<(), JsValue> {
        self.0.truncate(0)?;
        self.0.flush();
        Ok(())
    }

    /// Begins with a file of which nothing is there.
    pub(super) fn begin(&mut self, header: &Header) -> Result<(), JsValue> {
        self.0.truncate(0)?;
        let json = serde_json::to_string(header).map_err(|error| error.to_string())?;
        self.add(&json)
    }

    /// Says that ranges have reached the file.
    pub(super) fn add_ranges<'a>(
        &mut self,
        ranges: impl Iterator<Item = &'a Range<u64>>,
    ) -> Result<(), JsValue> {
        let lines = ranges.map(|range| format!("+ {} {}", range.start, range.end));
        let lines: Vec<String> = lines.collect();
        if lines.is_empty() {
            Ok(())
        } else {
            self.add(&lines.join("\n"))
        }
    }

    /// Says that the ranges that come now are of another file, of which this one is made.
    pub(super) fn begin_part(&mut self, part: &Part) -> Result<(), JsValue> {
        let json = serde_json::to_string(part).map_err(|error| error.to_string())?;
        self.add(&format!("part {json}"))
    }

    /// Says that all of the file is there.
    pub(super) fn end(&mut self, whole: &WholeFile) -> Result<(), JsValue> {
        let sha256 = whole.sha256.as_deref().unwrap_or("-");
        self.add(&format!("whole {} {sha256}", whole.bytes))
    }

    fn add(&mut self, lines: &str) -> Result<(), JsValue> {
        // A copy outside WebAssembly's memory, which may be shared.
        let bytes = Uint8Array::from(format!("{lines}\n").as_bytes());
        self.0.append(&bytes)?;
        self.0.flush();
        Ok(())
    }
}

#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    fn header() -> Header {
        Header {
            label: Label {
                model: "m".to_owned(),
                revision: "1".to_owned(),
                title: "Żółw \n CLIP".to_owned(),
            },
            url: "https://example.org/m.gguf".to_owned(),
            version: Version::default(),
            total: Some(100),
        }
    }

    fn text() -> String {
        let header = serde_json::to_string(&header()).unwrap();
        format!("{header}\n+ 0 10\n+ 50 60\n+ 10 20\n")
    }

    #[wasm_bindgen_test]
    fn what_is_written_is_read() {
        let (record, bytes) = Record::read(&text()).unwrap();
        assert_eq!(bytes, text().len());
        assert_eq!(record.header, header());
        assert_eq!(record.have.bytes(), 30);
        assert_eq!((record.have.beginning(), record.whole), (20, None));
        let (record, _) = Record::read(&format!("{}whole 100 -\n", text())).unwrap();
        let whole = WholeFile {
            bytes: 100,
            sha256: None,
        };
        assert_eq!(record.whole, Some(whole));
    }

    #[wasm_bindgen_test]
    fn ranges_behind_a_part_are_of_that_part() {
        let part = Part {
            name: "a b.safetensors".to_owned(),
            version: Version::default(),
            used: Ranges::default(),
        };
        let part = serde_json::to_string(&part).unwrap();
        let header = serde_json::to_string(&header()).unwrap();
        let text = format!("{header}\npart {part}\n+ 0 10\npart {part}\n+ 0 7\n+ 7 9\n");
        let (record, _) = Record::read(&text).unwrap();
        let used: Vec<u64> = record
            .parts
            .iter()
            .map(|part| part.used.beginning())
            .collect();
        assert_eq!((used, record.bytes()), (vec![10, 9], 19));
        assert_eq!(record.parts[0].name, "a b.safetensors");
        assert_eq!(Record::read(&format!("{header}\npart {{\n")), None);
    }

    #[wasm_bindgen_test]
    fn a_line_that_a_crash_has_cut_off_is_not_read() {
        let text = format!("{}whole 100 abcd\n", text());
        for length in 0..text.len() {
            if !text.is_char_boundary(length) {
                continue;
            }
            match Record::read(&text[..length]) {
                Some((record, bytes)) => {
                    assert!(record.whole.is_none() && record.have.end() <= 60);
                    assert_eq!(Some(bytes), text[..length].rfind('\n').map(|at| at + 1));
                }
                None => assert!(!text[..length].contains('\n')),
            }
        }
    }

    #[wasm_bindgen_test]
    fn what_is_no_journal_is_not_read() {
        for text in ["", "\n", "{}\n", "hello\n", &format!("{}+ 1\n", text())] {
            assert_eq!(Record::read(text), None, "{text}");
        }
    }
}
