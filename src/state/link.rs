//! A link that carries labels, templates and the model: what stands behind `#` in an address, which
//! browsers send to no server.
//!
//! `label=cat&label=dog&template=a%20photo%20of%20a%20%7B%7D&model=ID`: a label each, a template
//! each, and the model's id in the list of models. Everything but letters, digits and `-._~` is
//! percent-encoded. What cannot be used is left out.

use super::embed::settings::LONGEST_TEXT;
use super::labels::{MOST_LABELS, tidy};
use super::template;

/// The longest link that is given out, in characters. Browsers take longer ones, few other programs
/// do.
pub const LONGEST: usize = 32_000;
/// From here on some programs for mail and chat cut addresses.
pub const LONG: usize = 2_000;
/// The most templates that are read.
const MOST_TEMPLATES: usize = 200;

/// What a link carries.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Link {
    /// Labels as they stand in their rows.
    pub labels: Vec<String>,
    /// Prompt templates, each with [`template::PLACEHOLDER`] in it.
    pub templates: Vec<String>,
    /// The id of a model.
    pub model: Option<String>,
}

impl Link {
    /// What stands behind `#`. `None` if there is nothing to carry along.
    pub fn read(fragment: &str) -> Option<Self> {
        let mut link = Self::default();
        for (name, value) in fragment.split('&').filter_map(|part| part.split_once('=')) {
            let Some(value) = decoded(value) else {
                continue;
            };
            if value.chars().count() > LONGEST_TEXT {
                continue;
            }
            match name {
                "label" => {
                    let label = tidy(&value);
                    if !label.is_empty() && link.labels.len() < MOST_LABELS {
                        link.labels.push(label);
                    }
                }
                "template"
                    if value.contains(template::PLACEHOLDER)
                        && link.templates.len() < MOST_TEMPLATES =>
                {
                    link.templates.push(value);
                }
                "model" if !value.is_empty() => link.model = Some(value),
                _ => {}
            }
        }
        (link != Self::default()).then_some(link)
    }

    /// The same for an address.
    pub fn fragment(&self) -> String {
        let labels = self.labels.iter().map(|label| ("label", label));
        let templates = self.templates.iter().map(|template| ("template", template));
        let model = self.model.iter().map(|model| ("model", model));
        let parts: Vec<String> = labels
            .chain(templates)
            .chain(model)
            .map(|(name, value)| format!("{name}={}", encoded(value)))
            .collect();
        parts.join("&")
    }
}

/// Percent-encoded, as `encodeURIComponent` does it, and some marks more.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// The other way round; `+` is a space, as people write it. `None` if it is no text.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                (16 * digit()? + digit()?) as u8
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_carried_arrives() {
        let link = Link {
            labels: ["cat", "a & b = c # d", "Żółw 🐢", "قطة", "50% off + more"]
                .map(str::to_owned)
                .to_vec(),
            templates: vec!["a photo of a {}".to_owned(), "{}, drawn".to_owned()],
            model: Some("laion-vit-b-32-q8_0".to_owned()),
        };
        let fragment = link.fragment();
        assert!(fragment.is_ascii() && !fragment.contains([' ', '#', '"', '<']));
        assert_eq!(Link::read(&fragment), Some(link));
    }

    #[test]
    fn it_can_be_written_by_hand() {
        let link = Link::read("label=sheep+dog&label=cat&template=a {}").unwrap();
        assert_eq!(link.labels, ["sheep dog", "cat"]);
        assert_eq!(link.templates, ["a {}"]);
        assert_eq!(link.model, None);
    }

    #[test]
    fn what_is_no_link_is_none() {
        for fragment in [
            "",
            "about-this-browser",
            "label=",
            "label=%",
            "label=%zz",
            "label=%FF",
            "template=no place",
            "x=y",
        ] {
            assert_eq!(Link::read(fragment), None, "{fragment}");
        }
    }

    #[test]
    fn too_much_is_left_out() {
        let long = "x".repeat(LONGEST_TEXT + 1);
        assert_eq!(
            Link::read(&format!("label={long}&label=cat"))
                .unwrap()
                .labels,
            ["cat"]
        );
        let many: Vec<String> = (0..MOST_LABELS + 5)
            .map(|at| format!("label=l{at}"))
            .collect();
        assert_eq!(
            Link::read(&many.join("&")).unwrap().labels.len(),
            MOST_LABELS
        );
    }
}
