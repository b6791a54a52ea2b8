//! Models: which one answers, what is known of it, and others to load.

use cliplet_protocol::catalogue::{Layout, ModelEntry};
use cliplet_protocol::messages::Failure;

use super::failures::because;
use super::format::{part, size};
use crate::state::address;
use crate::state::models::{ModelError, Offer, Stage, State, Status};

/// Where a picture and a model meet.
pub const MODELS_COME: &str =
    "The models come to the picture: they are fetched once and run on this device.";
/// Behind the model that answers.
pub const IN_USE: &str = "in use";
/// Behind one that is being fetched.
pub const ON_ITS_WAY: &str = "on its way";
/// Behind one that need not be fetched.
pub const KEPT_IN_BROWSER: &str = "kept in this browser";

/// Before anything is known of the models.
pub const STARTING: &str = "Starting";
/// The list of models could not be read.
pub const NO_CATALOGUE: &str =
    "Could not load the list of models. Check the connection and try again.";

/// The line about the model.
pub fn model_status(status: &Status) -> String {
    if let Some((model, stage)) = &status.loading {
        return match stage {
            _ if model.preview && status.wanted.as_ref() != Some(model) => {
                "Getting ready".to_owned()
            }
            Stage::Asked if status.state == State::Downloading => {
                format!("Downloading {}", model.name)
            }
            Stage::Asked | Stage::Reading => format!("Opening {}", model.name),
            Stage::Downloading { received, total } => {
                format!("Downloading {}: {}", model.name, part(*received, *total))
            }
            Stage::Retrying {
                received,
                total,
                seconds,
            } => format!(
                "Downloading {}: {} so far. No response. Retrying in {seconds} s",
                model.name,
                part(*received, *total)
            ),
            Stage::Elsewhere { received, total } => format!(
                "Another tab is downloading {}: {}",
                model.name,
                part(*received, *total)
            ),
        };
    }
    if let Some((model, trouble)) = &status.trouble {
        return model_trouble(model, trouble, status.answering.as_ref());
    }
    match (&status.answering, &status.wanted) {
        (None, _) => STARTING.to_owned(),
        (Some(answering), Some(wanted)) if answering != wanted => match status.offer {
            Some(Offer::Fetch) => {
                format!("Starter model ready. Better: {}", wanted.name)
            }
            _ => format!("{} is ready", answering.name),
        },
        (Some(answering), _) if status.not_kept => format!(
            "{} is ready. This browser has no room to keep it, so the next visit downloads it again",
            answering.name
        ),
        (Some(answering), _) => format!("{} is ready", answering.name),
    }
}

fn model_trouble(
    model: &ModelEntry,
    trouble: &ModelError,
    answering: Option<&ModelEntry>,
) -> String {
    let goes_on = match answering {
        Some(answering) if answering.preview => " Still using the starter model.".to_owned(),
        Some(answering) => format!(" Still using {}.", answering.name),
        None => String::new(),
    };
    match trouble {
        ModelError::Stopped => format!("Download of {} stopped.{goes_on}", model.name),
        // The most common of all, so short that it stands in one line.
        ModelError::Failed(Failure::Unreachable) => {
            format!("No connection to download {}.{goes_on}", model.name)
        }
        ModelError::Failed(failure) => {
            let verb = match failure {
                Failure::UnusableModel { .. }
                | Failure::OutOfMemory { .. }
                | Failure::Internal { .. } => "opened",
                _ => "downloaded",
            };
            format!(
                "{} could not be {verb}: {}{goes_on}",
                model.name,
                because(failure)
            )
        }
    }
}

/// What a screen reader hears when the model's state changes; nothing while bytes arrive.
pub fn model_news(status: &Status) -> Option<String> {
    match (&status.loading, &status.trouble) {
        (Some((model, _)), _) if status.state == State::Downloading => Some(format!(
            "Downloading {}, {}.",
            model.name,
            model_size(model)
        )),
        (Some(_), _) => None,
        (None, Some(_)) => Some(model_status(status)),
        (None, None) if status.state == State::Ready => Some(format!("{}.", model_status(status))),
        (None, None) => None,
    }
}

/// The button that acts on the model.
pub fn offer(offer: Offer, wanted: Option<&ModelEntry>) -> String {
    match (offer, wanted) {
        (Offer::Stop, _) => "Stop".to_owned(),
        (Offer::TryAgain, _) => "Try again".to_owned(),
        (Offer::Fetch, Some(wanted)) => format!("Download ({})", model_size(wanted)),
        (Offer::Fetch, None) => "Download".to_owned(),
    }
}

/// How much there is to fetch of a model.
pub fn model_size(model: &ModelEntry) -> String {
    match model.bytes {
        Some(bytes) => size(bytes),
        None => "size unknown".to_owned(),
    }
}

/// What there is to know of a model in a line: how large it is, how exact, under which licence.
pub fn model_facts(model: &ModelEntry) -> String {
    let size = if model.is_on_device() {
        "from this device".to_owned()
    } else {
        model_size(model)
    };
    let weights = match model.layout {
        Layout::Gguf => model.weights.clone(),
        Layout::Transformers => format!("kept as {}", model.weights),
    };
    let licence = match model.licence.as_str() {
        "" => "licence unknown".to_owned(),
        licence => format!("{licence} licence"),
    };
    format!("{size} · {weights} · {licence}")
}

/// What to know before relying on a score, in plain words.
pub const WARNINGS: [(&str, &str); 4] = [
    (
        "English labels.",
        "The LAION models learned from English captions. Labels in other languages are often misread.",
    ),
    (
        "A research model.",
        "How well it does depends on your labels and your pictures. Test it on a set of your own before you rely on it.",
    ),
    (
        "Not for watching or recognising people.",
        "It must not be used for surveillance, nor to tell who somebody is.",
    ),
    (
        "The starter is only a preview.",
        "It is small enough to come with the page. It knows common things by single English nouns, is weak on people and \
         scenes, and does not read sentences.",
    ),
];

/// What opens a model's card.
pub fn about_model(name: &str) -> String {
    format!("About {name}: training, uses, results")
}

/// While a model's card is fetched.
pub const CARD_ON_ITS_WAY: &str = "Loading model details…";
/// A model's card could not be read.
pub const NO_CARD: &str = "Could not load the model details. Check the connection.";

/// A published result, a share of 1, in percent.
pub fn hundredths(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

/// Below the field for a model somewhere else.
pub const OTHER_MODEL_HINT: &str = "A repository of the Hugging Face Hub, such as openai/clip-vit-base-patch16, or the address \
    of a GGUF file or of a folder with config.json, tokenizer.json and model.safetensors. Weights of a folder are \
    quantised during download and stored that way.";

/// A text that names no model.
pub fn no_model_there(trouble: address::AddressError) -> &'static str {
    match trouble {
        address::AddressError::Nothing => {
            "Type a repository, such as openai/clip-vit-base-patch16, or an address."
        }
        address::AddressError::NoName => {
            "That isn’t a repository. It has an owner and a name, such as openai/clip-vit-base-patch16."
        }
        address::AddressError::NotSafe => {
            "A page can download from https addresses only, and from this device."
        }
        address::AddressError::OtherFile => {
            "Cliplet reads .gguf and .safetensors files. Give the address of the folder or the repository instead."
        }
    }
}

/// Files that were chosen or dropped as a model and are none.
pub fn no_model_in_files(chosen: address::Chosen) -> &'static str {
    match chosen {
        address::Chosen::WithoutConfig => {
            "A model needs more than weights. Choose config.json, preprocessor_config.json and tokenizer.json with them."
        }
        _ => {
            "There is no model in these files. Choose a .gguf file, or .safetensors files and the .json files beside them."
        }
    }
}

/// A model of the person's own is on the list.
pub fn model_added(name: &str) -> String {
    format!("{name} was added to the list of models.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::test_support::{assert_is_prose, every_failure};

    fn entry(name: &str, bytes: u64, preview: bool) -> ModelEntry {
        ModelEntry {
            id: name.to_owned(),
            name: name.to_owned(),
            weights: String::new(),
            url: String::new(),
            revision: String::new(),
            layout: Layout::Gguf,
            bytes: Some(bytes),
            sha256: None,
            licence: String::new(),
            about: String::new(),
            card: None,
            preview,
        }
    }

    fn laion() -> ModelEntry {
        entry("LAION ViT-B/32", 164_391_744, false)
    }

    fn starter() -> ModelEntry {
        entry("Cliplet starter", 13_435_328, true)
    }

    #[test]
    fn every_failure_of_a_model_is_a_sentence_that_says_what_goes_on() {
        for failure in every_failure() {
            for answering in [
                Some(starter()),
                Some(entry("LAION small", 90_000_000, false)),
                None,
            ] {
                let text = model_trouble(
                    &laion(),
                    &ModelError::Failed(failure.clone()),
                    answering.as_ref(),
                );
                assert_is_prose(&text);
                assert!(text.contains("LAION ViT-B/32"), "{text}");
                assert_eq!(text.contains("Still using"), answering.is_some(), "{text}");
            }
        }
    }

    #[test]
    fn without_a_connection_it_is_said_in_one_line() {
        assert_eq!(
            model_trouble(
                &laion(),
                &ModelError::Failed(Failure::Unreachable),
                Some(&starter())
            ),
            "No connection to download LAION ViT-B/32. Still using the starter model."
        );
    }

    #[test]
    fn the_line_about_the_model_says_how_far_it_is() {
        let mut status = Status {
            state: State::Downloading,
            answering: Some(starter()),
            wanted: Some(laion()),
            loading: Some((
                laion(),
                Stage::Downloading {
                    received: 37_400_000,
                    total: Some(164_391_744),
                },
            )),
            trouble: None,
            offer: Some(Offer::Stop),
            not_kept: false,
        };
        assert_eq!(
            model_status(&status),
            "Downloading LAION ViT-B/32: 37 of 164 MB"
        );
        assert_eq!(
            model_news(&status).unwrap(),
            "Downloading LAION ViT-B/32, 164 MB."
        );
        let (received, total) = (37_400_000, Some(164_391_744));
        let seconds = 4;
        status.loading = Some((
            laion(),
            Stage::Retrying {
                received,
                total,
                seconds,
            },
        ));
        assert_eq!(
            model_status(&status),
            "Downloading LAION ViT-B/32: 37 of 164 MB so far. No response. Retrying in 4 s"
        );
        status.loading = Some((laion(), Stage::Elsewhere { received, total }));
        assert_eq!(
            model_status(&status),
            "Another tab is downloading LAION ViT-B/32: 37 of 164 MB"
        );
        status.loading = Some((laion(), Stage::Reading));
        status.state = State::Loading;
        assert_eq!(model_status(&status), "Opening LAION ViT-B/32");
        status.loading = None;
        status.state = State::Ready;
        status.offer = Some(Offer::Fetch);
        assert_eq!(
            model_status(&status),
            "Starter model ready. Better: LAION ViT-B/32"
        );
        assert_eq!(
            offer(Offer::Fetch, status.wanted.as_ref()),
            "Download (164 MB)"
        );
        status.answering = status.wanted.clone();
        assert_eq!(model_status(&status), "LAION ViT-B/32 is ready");
        status.not_kept = true;
        assert!(model_status(&status).contains("downloads it again"));
    }
}
