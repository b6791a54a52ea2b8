//! Models that are in no catalogue: in a repository of the Hugging Face Hub, at an address, or in
//! files on this device.
//!
//! What names one is read here for the page and for `cliplet.js`, so that both give a model the
//! same id, and each finds what the other has kept.

use crate::catalogue::{Layout, ModelEntry, ON_DEVICE};

/// Where repositories lie that are named without an address.
const HUB: &str = "https://huggingface.co/";

/// Why a text names no model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressError {
    /// It is empty.
    Nothing,
    /// It is neither `owner/name` nor an address.
    NoName,
    /// It is an address that a page cannot fetch from: not `https:`, and not this device's.
    NotSafe,
    /// It names a file of another kind.
    OtherFile,
}

/// Which files a person has chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// A model.
    Model(Layout),
    /// Weights without the files that say what to do with them.
    WithoutConfig,
    /// No model: pictures perhaps.
    Other,
}

/// The model that a text names, with weights made into this type where it is a folder's: `q8_0`,
/// `q4_0` or `f16`.
///
/// # Errors
/// [`AddressError`].
pub fn model_at(text: &str, weights: &str) -> Result<ModelEntry, AddressError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(AddressError::Nothing);
    }
    let address = match text.split_once("://") {
        Some((scheme, rest)) => {
            let host = rest.split(['/', ':']).next().unwrap_or_default();
            let near = scheme == "http" && matches!(host, "localhost" | "127.0.0.1");
            if scheme != "https" && !near {
                return Err(AddressError::NotSafe);
            }
            text.to_owned()
        }
        None => format!("{HUB}{}", repository(text)?),
    };
    at_address(&address, weights)
}

/// The model at an address with a scheme and a host, whichever these are.
///
/// # Errors
/// [`AddressError::NoName`] and [`AddressError::OtherFile`].
pub fn at_address(address: &str, weights: &str) -> Result<ModelEntry, AddressError> {
    match address.strip_prefix(HUB) {
        Some(path) => on_the_hub(path, weights),
        None => elsewhere(address, weights),
    }
}

/// The model at an address of which it is known what lies there.
pub fn described(address: &str, layout: Layout, weights: &str) -> ModelEntry {
    match layout {
        Layout::Gguf => {
            let name = address.trim_end_matches(".gguf");
            entry(address, name, "1", Layout::Gguf, "GGUF")
        }
        Layout::Transformers => folder_of(address, address, "1", weights),
    }
}

/// A name as the hub has them: `owner/name`, or the same with `huggingface.co/` before it.
fn repository(text: &str) -> Result<&str, AddressError> {
    let name = text.strip_prefix("huggingface.co/").unwrap_or(text);
    let is_word = |word: &str| {
        !word.is_empty()
            && !word.starts_with('.')
            && word
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    let mut words = name.split('/');
    let (owner, repository) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    if is_word(owner) && is_word(repository) {
        Ok(name)
    } else {
        Err(AddressError::NoName)
    }
}

/// `owner/name`, with `/tree/REVISION`, `/blob/REVISION/FILE` or `/resolve/REVISION/FILE` behind it
/// as addresses have it.
fn on_the_hub(path: &str, weights: &str) -> Result<ModelEntry, AddressError> {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let mut words = path.trim_end_matches('/').split('/');
    let (Some(owner), Some(name)) = (words.next(), words.next()) else {
        return Err(AddressError::NoName);
    };
    if owner.is_empty() || name.is_empty() {
        return Err(AddressError::NoName);
    }
    let kind = words.next();
    let revision = words.next().unwrap_or("main");
    let file: Vec<&str> = words.collect();
    let file = file.join("/");
    let folder = format!("{HUB}{owner}/{name}/resolve/{revision}/");
    match (kind, file.as_str()) {
        (None | Some("tree"), "") => Ok(folder_of(
            &folder,
            &format!("{owner}/{name}"),
            revision,
            weights,
        )),
        (Some("tree"), below) => {
            let title = format!("{owner}/{name}/{below}");
            Ok(folder_of(
                &format!("{folder}{below}/"),
                &title,
                revision,
                weights,
            ))
        }
        (Some("blob" | "resolve"), file) if file.ends_with(".gguf") => {
            Ok(gguf(&format!("{folder}{file}"), file, revision))
        }
        (Some("blob" | "resolve"), file) if !file.is_empty() => {
            let (below, last) = file.rsplit_once('/').unwrap_or(("", file));
            if !belongs_to_folder(last) {
                return Err(AddressError::OtherFile);
            }
            let (folder, called) = if below.is_empty() {
                (folder, format!("{owner}/{name}"))
            } else {
                (
                    format!("{folder}{below}/"),
                    format!("{owner}/{name}/{below}"),
                )
            };
            Ok(folder_of(&folder, &called, revision, weights))
        }
        _ => Err(AddressError::NoName),
    }
}

fn elsewhere(address: &str, weights: &str) -> Result<ModelEntry, AddressError> {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let (folder, last) = path.rsplit_once('/').unwrap_or((path, ""));
    // The name of a host is no file.
    let last = if folder.ends_with('/') { "" } else { last };
    if last.ends_with(".gguf") {
        return Ok(gguf(address, last, "1"));
    }
    let folder = match last {
        "" => path.trim_end_matches('/'),
        last if belongs_to_folder(last) => folder,
        last if last.contains('.') => return Err(AddressError::OtherFile),
        _ => path,
    };
    let title = folder.split_once("://").map_or(folder, |(_, rest)| rest);
    Ok(folder_of(&format!("{folder}/"), title, "1", weights))
}

fn belongs_to_folder(file: &str) -> bool {
    file.ends_with(".safetensors") || file.ends_with(".json")
}

fn gguf(url: &str, file: &str, revision: &str) -> ModelEntry {
    let name = file.rsplit('/').next().unwrap_or(file);
    let name = name.trim_end_matches(".gguf");
    entry(url, name, revision, Layout::Gguf, "GGUF")
}

fn folder_of(url: &str, title: &str, revision: &str, weights: &str) -> ModelEntry {
    entry(url, title, revision, Layout::Transformers, weights)
}

/// The model in some files on this device. `names` are theirs.
pub fn model_of_files(names: &[String], layout: Layout, weights: &str) -> ModelEntry {
    let url = format!("{ON_DEVICE}{}", names.join(","));
    match layout {
        Layout::Gguf => gguf(&url, names.first().map_or("", String::as_str), "1"),
        Layout::Transformers => folder_of(&url, "Files on this device", "1", weights),
    }
}

/// What files of these names are.
pub fn chosen(names: &[String]) -> Chosen {
    let has = |ending: &str| {
        names
            .iter()
            .any(|name| name.to_ascii_lowercase().ends_with(ending))
    };
    let is_there = |wanted: &str| names.iter().any(|name| name == wanted);
    match () {
        () if has(".gguf") => Chosen::Model(Layout::Gguf),
        () if !has(".safetensors") => Chosen::Other,
        () if is_there("config.json") && (is_there("tokenizer.json") || is_there("vocab.json")) => {
            Chosen::Model(Layout::Transformers)
        }
        () => Chosen::WithoutConfig,
    }
}

fn entry(url: &str, name: &str, revision: &str, layout: Layout, weights: &str) -> ModelEntry {
    ModelEntry {
        id: format!("own-{:016x}", fnv(&format!("{url} {weights}"))),
        name: name.to_owned(),
        weights: weights.to_owned(),
        layout,
        url: url.to_owned(),
        revision: revision.to_owned(),
        bytes: None,
        sha256: None,
        licence: String::new(),
        about: String::new(),
        card: None,
        preview: false,
    }
}

/// FNV-1a of 64 bits (Fowler, Noll and Vo): a short name for a long one.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Result<(Layout, String), AddressError> {
        model_at(text, "q8_0").map(|model| (model.layout, model.url))
    }

    #[test]
    fn repositories_are_named_as_the_hub_names_them() {
        let folder = "https://huggingface.co/openai/clip-vit-base-patch16/resolve/main/";
        for text in [
            "openai/clip-vit-base-patch16",
            "  openai/clip-vit-base-patch16/ ",
            "huggingface.co/openai/clip-vit-base-patch16",
            "https://huggingface.co/openai/clip-vit-base-patch16",
            "https://huggingface.co/openai/clip-vit-base-patch16/tree/main",
            "https://huggingface.co/openai/clip-vit-base-patch16/blob/main/config.json",
            "https://huggingface.co/openai/clip-vit-base-patch16/resolve/main/model.safetensors?download=true",
        ] {
            assert_eq!(
                url(text),
                Ok((Layout::Transformers, folder.to_owned())),
                "{text}"
            );
        }
        let model = model_at("a/b/tree/0a1b", "q4_0").unwrap();
        assert_eq!(
            (model.name.as_str(), model.revision.as_str()),
            ("a/b", "0a1b")
        );
        assert_eq!(model.url, "https://huggingface.co/a/b/resolve/0a1b/");
        let below = "https://huggingface.co/a/b/tree/main/sub/folder";
        let folder = "https://huggingface.co/a/b/resolve/main/sub/folder/";
        assert_eq!(url(below), Ok((Layout::Transformers, folder.to_owned())));
    }

    #[test]
    fn files_on_the_hub_and_elsewhere_are_ggufs() {
        let file = "https://huggingface.co/mys/x/resolve/main/y_q8_0.gguf";
        for text in [file, "https://huggingface.co/mys/x/blob/main/y_q8_0.gguf"] {
            assert_eq!(url(text), Ok((Layout::Gguf, file.to_owned())), "{text}");
        }
        let signed = "https://example.org/models/m.gguf?key=1";
        assert_eq!(url(signed), Ok((Layout::Gguf, signed.to_owned())));
        assert_eq!(model_at(signed, "q8_0").unwrap().name, "m");
    }

    #[test]
    fn other_addresses_are_folders() {
        let folder = |text: &str| Ok((Layout::Transformers, text.to_owned()));
        assert_eq!(
            url("https://example.org/clip"),
            folder("https://example.org/clip/")
        );
        assert_eq!(url("https://example.org"), folder("https://example.org/"));
        assert_eq!(
            url("http://127.0.0.1:8080/clip/model.safetensors"),
            folder("http://127.0.0.1:8080/clip/")
        );
    }

    #[test]
    fn what_names_nothing_is_refused() {
        for (text, trouble) in [
            ("  ", AddressError::Nothing),
            ("clip", AddressError::NoName),
            ("a b/c", AddressError::NoName),
            ("../x", AddressError::NoName),
            ("https://huggingface.co/", AddressError::NoName),
            ("https://huggingface.co/a", AddressError::NoName),
            (
                "https://huggingface.co/a/b/discussions/1",
                AddressError::NoName,
            ),
            ("https://huggingface.co/a/b/blob/main", AddressError::NoName),
            ("http://example.org/m.gguf", AddressError::NotSafe),
            ("ftp://example.org/m.gguf", AddressError::NotSafe),
            ("javascript://x/y", AddressError::NotSafe),
            ("https://example.org/m.onnx", AddressError::OtherFile),
            (
                "https://huggingface.co/a/b/blob/main/pytorch_model.bin",
                AddressError::OtherFile,
            ),
        ] {
            assert_eq!(url(text), Err(trouble), "{text}");
        }
    }

    #[test]
    fn models_of_different_places_and_weights_are_different_ones() {
        let id = |text, weights| model_at(text, weights).unwrap().id;
        assert_eq!(id("a/b", "q8_0"), id("https://huggingface.co/a/b", "q8_0"));
        assert_ne!(id("a/b", "q8_0"), id("a/b", "q4_0"));
        assert_ne!(id("a/b", "q8_0"), id("a-b/c", "q8_0"));
    }

    /// What others have kept is found by these ids: they never change.
    #[test]
    fn ids_stay_what_they_are() {
        let file = "https://example.org/m.gguf";
        let folder = "https://example.org/clip/";
        for (model, id) in [
            (model_at(file, "q8_0").unwrap(), "own-aaa8cf9c379eb2d8"),
            (
                described(file, Layout::Gguf, "q4_0"),
                "own-aaa8cf9c379eb2d8",
            ),
            (model_at(folder, "q4_0").unwrap(), "own-c61f4236bb5ee416"),
            (
                described(folder, Layout::Transformers, "q4_0"),
                "own-c61f4236bb5ee416",
            ),
        ] {
            assert_eq!(model.id, id);
        }
    }

    #[test]
    fn whoever_says_so_may_fetch_from_anywhere() {
        let model = at_address("http://example.org/m.gguf", "q8_0").unwrap();
        assert_eq!((model.name.as_str(), model.layout), ("m", Layout::Gguf));
    }

    #[test]
    fn files_are_known_by_their_names() {
        let of = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            chosen(&names)
        };
        assert_eq!(of(&["a.GGUF"]), Chosen::Model(Layout::Gguf));
        let whole = ["config.json", "tokenizer.json", "model.safetensors"];
        assert_eq!(of(&whole), Chosen::Model(Layout::Transformers));
        assert_eq!(of(&["model.safetensors"]), Chosen::WithoutConfig);
        assert_eq!(of(&["cat.jpg", "config.json"]), Chosen::Other);
    }
}
