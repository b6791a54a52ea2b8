//! What the page around may set, as it stands behind the frame's address or in a message.
//!
//! A value that cannot be used is left out, with a [`Fault`] that says so; the others hold all the
//! same.

use std::collections::HashSet;

use serde::Deserialize;

use super::accent::Accent;
use crate::state::{label_text, template};

/// The most labels a host may set. A reader can still add some.
pub const MOST_LABELS: usize = 1_000;
/// The most pictures a host may give.
pub const MOST_IMAGES: usize = 24;
/// The longest label or template, in characters: more than any model reads.
pub const LONGEST_TEXT: usize = 400;
/// The longest address, in bytes.
pub const LONGEST_ADDRESS: usize = 4_096;
/// The longest message, in bytes: all labels at their longest come to less.
pub const LONGEST_MESSAGE: usize = 2_000_000;

/// What the frame is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Which label fits a picture.
    #[default]
    Classify,
    /// Which picture fits a phrase.
    Search,
    /// Which label fits what a camera sees.
    Camera,
}

impl Mode {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Classify => "classify",
            Mode::Search => "search",
            Mode::Camera => "camera",
        }
    }
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the page around, or else the reader's system.
    #[default]
    Auto,
    /// Light in any case.
    Light,
    /// Dark in any case.
    Dark,
}

impl Theme {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Theme::Auto => "auto",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }
}

/// Whether a model's megabytes are fetched. The starter's are in any case: it is a part of the
/// frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Download {
    /// When the reader says so.
    #[default]
    Ask,
    /// With the first picture.
    Auto,
    /// Not at all.
    Never,
}

/// All that a host has set, with what holds where it has not.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The labels, tidy and not empty; in [`Mode::Search`], phrases to try.
    pub labels: Vec<String>,
    /// The prompt template, with [`template::PLACEHOLDER`] in it.
    pub template: String,
    /// Absolute addresses of pictures.
    pub images: Vec<String>,
    /// The id of a model of the catalogue.
    pub model: Option<String>,
    /// What the frame is for.
    pub mode: Mode,
    /// Light or dark.
    pub theme: Theme,
    /// The colour of what can be acted on.
    pub accent: Option<Accent>,
    /// Whether a model is fetched.
    pub download: Download,
    /// The language of the labels, as a BCP 47 tag.
    pub lang: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            labels: crate::state::labels::FIRST_LABELS
                .map(str::to_owned)
                .to_vec(),
            template: template::DEFAULT.to_owned(),
            images: Vec::new(),
            model: None,
            mode: Mode::default(),
            theme: Theme::default(),
            accent: None,
            download: Download::default(),
            lang: "en".to_owned(),
        }
    }
}

/// A setting that cannot be used.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The message as a whole is none.
    NotSettings,
    /// There are more than [`MOST_LABELS`]; the first ones were taken.
    TooManyLabels(usize),
    /// A label is longer than [`LONGEST_TEXT`]; it was left out.
    LongLabel,
    /// The template has no place for the label, or is too long.
    Template(String),
    /// There are more than [`MOST_IMAGES`]; the first ones were taken.
    TooManyImages(usize),
    /// A picture's address is none, or of a kind that is not fetched; it was left out.
    Image(String),
    /// A word that is none of those there are.
    Word {
        /// The setting.
        name: &'static str,
        /// What it was.
        value: String,
        /// What it can be.
        words: &'static str,
    },
    /// The accent is no colour in hexadecimal digits.
    Accent(String),
    /// The language is no tag.
    Lang(String),
}

/// Settings as they are written, before anything is known of their values.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    labels: Option<Vec<String>>,
    template: Option<String>,
    images: Vec<String>,
    model: Option<String>,
    mode: Option<String>,
    theme: Option<String>,
    accent: Option<String>,
    download: Option<String>,
    lang: Option<String>,
}

impl Settings {
    /// The settings in a host's message, which holds all that it sets. `absolute` makes an address
    /// whole and writes it as the browser does; it knows of no address in what is none.
    ///
    /// # Errors
    /// [`Fault::NotSettings`] if it is none: then nothing of it is taken.
    pub fn from_message(
        json: &str,
        absolute: impl Fn(&str) -> Option<String>,
    ) -> Result<(Self, Vec<Fault>), Fault> {
        // A list would be read as the fields of an object in their order.
        if json.len() > LONGEST_MESSAGE || !json.starts_with('{') {
            return Err(Fault::NotSettings);
        }
        let written: Written = serde_json::from_str(json).map_err(|_| Fault::NotSettings)?;
        Ok(written.checked(absolute))
    }

    /// The settings behind the frame's address: `all` gives the values of a name.
    pub fn from_query(
        all: impl Fn(&str) -> Vec<String>,
        absolute: impl Fn(&str) -> Option<String>,
    ) -> (Self, Vec<Fault>) {
        let first = |name: &str| all(name).into_iter().next();
        let labels = all("labels");
        let images = all("image").into_iter().flat_map(|images| {
            let images = images.split_whitespace().map(str::to_owned);
            images.collect::<Vec<_>>()
        });
        let written = Written {
            labels: (!labels.is_empty()).then_some(labels),
            images: images.collect(),
            template: first("template"),
            model: first("model"),
            mode: first("mode"),
            theme: first("theme"),
            accent: first("accent"),
            download: first("download"),
            lang: first("lang"),
        };
        written.checked(absolute)
    }
}

impl Written {
    fn checked(self, absolute: impl Fn(&str) -> Option<String>) -> (Settings, Vec<Fault>) {
        let mut settings = Settings::default();
        let mut faults = Vec::new();
        if let Some(labels) = self.labels {
            settings.labels = checked_labels(&labels, &mut faults);
        }
        if let Some(template) = self.template {
            let fits = template.contains(template::PLACEHOLDER) && is_short(&template);
            if fits {
                settings.template = template
            } else {
                faults.push(Fault::Template(template))
            }
        }
        settings.images = checked_images(self.images, absolute, &mut faults);
        settings.model = self.model.filter(|model| !model.trim().is_empty());
        let mut word = |name, words, value: Option<String>| {
            let value = value.filter(|value| !value.trim().is_empty())?;
            let known = value.trim().to_ascii_lowercase();
            if str::split(words, ", ").any(|word| word == known) {
                Some(known)
            } else {
                faults.push(Fault::Word { name, value, words });
                None
            }
        };
        settings.mode = match word("mode", "classify, search, camera", self.mode).as_deref() {
            Some("search") => Mode::Search,
            Some("camera") => Mode::Camera,
            _ => Mode::Classify,
        };
        settings.theme = match word("theme", "auto, light, dark", self.theme).as_deref() {
            Some("light") => Theme::Light,
            Some("dark") => Theme::Dark,
            _ => Theme::Auto,
        };
        settings.download = match word("download", "ask, auto, never", self.download).as_deref() {
            Some("auto") => Download::Auto,
            Some("never") => Download::Never,
            _ => Download::Ask,
        };
        if let Some(accent) = self.accent.filter(|accent| !accent.trim().is_empty()) {
            settings.accent = Accent::read(&accent);
            if settings.accent.is_none() {
                faults.push(Fault::Accent(accent));
            }
        }
        if let Some(lang) = self.lang.filter(|lang| !lang.trim().is_empty()) {
            if is_language(lang.trim()) {
                settings.lang = lang.trim().to_owned()
            } else {
                faults.push(Fault::Lang(lang))
            }
        }
        (settings, faults)
    }
}

/// The labels of texts, each of which is a list or one label.
fn checked_labels(lists: &[String], faults: &mut Vec<Fault>) -> Vec<String> {
    let mut known = HashSet::new();
    let labels = lists.iter().flat_map(|list| label_text::split_plain(list));
    let labels: Vec<String> = labels
        .filter(|label| known.insert(label.to_lowercase()))
        .collect();
    if labels.len() > MOST_LABELS {
        faults.push(Fault::TooManyLabels(labels.len()));
    }
    let mut taken = Vec::new();
    for label in labels.into_iter().take(MOST_LABELS) {
        if is_short(&label) {
            taken.push(label)
        } else {
            faults.push(Fault::LongLabel)
        }
    }
    taken
}

fn checked_images(
    images: Vec<String>,
    absolute: impl Fn(&str) -> Option<String>,
    faults: &mut Vec<Fault>,
) -> Vec<String> {
    if images.len() > MOST_IMAGES {
        faults.push(Fault::TooManyImages(images.len()));
    }
    let mut taken: Vec<String> = Vec::new();
    for image in images.into_iter().take(MOST_IMAGES) {
        match absolute(&image).filter(|address| may_be_fetched(address)) {
            Some(address) if taken.contains(&address) => {}
            Some(address) => taken.push(address),
            None => faults.push(Fault::Image(image)),
        }
    }
    taken
}

/// Whether an address, as browsers write it, is one of those that pictures are fetched from: over
/// HTTPS, or from the reader's own machine, as when somebody writes pages there.
fn may_be_fetched(address: &str) -> bool {
    let Some((scheme, rest)) = address.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.split(':').next().unwrap_or_default();
    let is_safe = match scheme {
        "https" => true,
        "http" => matches!(host, "localhost" | "127.0.0.1"),
        _ => false,
    };
    is_safe && address.len() <= LONGEST_ADDRESS && !authority.contains('@')
}

fn is_short(text: &str) -> bool {
    text.chars().count() <= LONGEST_TEXT
}

/// Whether a text looks like a BCP 47 tag.
fn is_language(text: &str) -> bool {
    let is_part = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    text.len() <= 35 && text.split('-').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In the place of a browser.
    fn absolute(address: &str) -> Option<String> {
        if address.contains(':') {
            Some(address.to_owned())
        } else {
            Some(format!("https://example.org/cliplet/{address}"))
        }
    }

    fn message(json: &str) -> (Settings, Vec<Fault>) {
        Settings::from_message(json, absolute).unwrap()
    }

    fn query(pairs: &[(&str, &str)]) -> (Settings, Vec<Fault>) {
        let all = |name: &str| {
            let values = pairs.iter().filter(|(called, _)| *called == name);
            values.map(|(_, value)| (*value).to_owned()).collect()
        };
        Settings::from_query(all, absolute)
    }

    #[test]
    fn what_is_not_set_has_its_default() {
        assert_eq!(message("{}"), (Settings::default(), vec![]));
        assert_eq!(query(&[]), (Settings::default(), vec![]));
    }

    #[test]
    fn an_address_and_a_message_say_the_same() {
        let (settings, faults) = query(&[
            ("labels", "cat, dog"),
            ("template", "a drawing of a {}"),
            ("image", "samples/bee.jpg https://example.com/a.png"),
            ("model", "starter"),
            ("mode", "Search"),
            ("theme", "dark"),
            ("accent", "#c0f"),
            ("download", "never"),
            ("lang", "en-GB"),
        ]);
        assert_eq!(faults, []);
        assert_eq!(
            settings.images,
            [
                "https://example.org/cliplet/samples/bee.jpg",
                "https://example.com/a.png"
            ]
        );
        let json = r##"{"labels": ["cat", " dog "], "template": "a drawing of a {}",
            "images": ["https://example.org/cliplet/samples/bee.jpg", "https://example.com/a.png"], "model": "starter",
            "mode": "search", "theme": "dark", "accent": "#cc00ff", "download": "never", "lang": "en-GB"}"##;
        assert_eq!(message(json), (settings, vec![]));
    }

    #[test]
    fn what_is_no_message_is_refused_as_a_whole() {
        for json in [
            "",
            "null",
            "7",
            "[]",
            "\"{}\"",
            "{",
            r#"{"labels": "cat, dog"}"#,
            r#"{"labels": [1]}"#,
            r#"{"labels": ["cat"], "__proto__": {"theme": "dark"}}"#,
            r#"{"constructor": {"prototype": {}}}"#,
            r#"{"theme": ["dark"]}"#,
            r#"{"labels": ["cat"], "more": 1}"#,
        ] {
            assert_eq!(
                Settings::from_message(json, absolute),
                Err(Fault::NotSettings),
                "{json}"
            );
        }
        let long = format!(r#"{{"model": "{}"}}"#, "x".repeat(LONGEST_MESSAGE));
        assert_eq!(
            Settings::from_message(&long, absolute),
            Err(Fault::NotSettings)
        );
    }

    #[test]
    fn a_value_that_cannot_be_used_is_left_out_and_said() {
        let (settings, faults) = query(&[
            ("labels", "cat"),
            ("template", "a photo"),
            ("mode", "guess"),
            ("theme", "blue"),
            ("accent", "red; background: url(x)"),
            ("download", "yes"),
            ("lang", "en\"><script>"),
        ]);
        assert_eq!(
            settings,
            Settings {
                labels: vec!["cat".to_owned()],
                ..Settings::default()
            }
        );
        assert_eq!(faults.len(), 6);
    }

    #[test]
    fn pictures_come_from_safe_addresses_alone() {
        for image in [
            "https://example.com/a.png",
            "http://127.0.0.1:3000/a.png",
            "http://localhost/a.png",
        ] {
            assert!(may_be_fetched(image), "{image}");
        }
        for image in [
            "http://example.com/a.png",
            "http://localhost.example.com/a.png",
            "javascript:alert(1)",
            "data:image/png;base64,AAAA",
            "blob:https://example.com/1",
            "file:///etc/passwd",
            "ftp://example.com/a.png",
            "https://name:word@example.com/a.png",
            "a.png",
            "",
        ] {
            assert!(!may_be_fetched(image), "{image}");
        }
        let long = format!("https://example.com/{}", "x".repeat(LONGEST_ADDRESS));
        assert!(!may_be_fetched(&long));
    }

    #[test]
    fn there_are_limits() {
        let labels: Vec<String> = (0..MOST_LABELS + 1).map(|n| format!("label {n}")).collect();
        let images: Vec<String> = (0..MOST_IMAGES + 1)
            .map(|n| format!("https://example.com/{n}"))
            .collect();
        let long = "x".repeat(LONGEST_TEXT + 1);
        let json = serde_json::json!({
            "labels": labels, "images": images, "template": format!("{{}}{long}"),
        });
        let (settings, faults) = message(&json.to_string());
        assert_eq!(settings.labels.len(), MOST_LABELS);
        assert_eq!(settings.images.len(), MOST_IMAGES);
        assert_eq!(faults.len(), 3);
        let (settings, faults) =
            message(&serde_json::json!({ "labels": [long, "cat"] }).to_string());
        assert_eq!(settings.labels, ["cat"]);
        assert_eq!(faults, [Fault::LongLabel]);
    }

    #[test]
    fn no_labels_are_no_labels() {
        assert_eq!(message(r#"{"labels": []}"#).0.labels, Vec::<String>::new());
        assert_eq!(query(&[("labels", " , ")]).0.labels, Vec::<String>::new());
    }
}
