//! Models: which one answers, what is known of it, and others to load.

use cliplet_protocol::catalogue::{Layout, ModelEntry};
use cliplet_protocol::messages::Failure;

use super::failures::because;
use super::format::{part, size, speed, time_left};
use crate::state::address;
use crate::state::models::{ModelError, ModelState, Offer, Stage, State, Status};

/// Where a picture and a model meet.
pub const MODELS_COME: &str =
    "The models come to the picture: they are fetched once and run on this device.";
/// Over the list of models.
pub const ONE_MODEL_ANSWERS: &str =
    "One model answers at a time. Downloaded models stay in this browser.";
/// Behind a file that is being downloaded.
pub const ON_ITS_WAY: &str = "on its way";
/// Behind the model that answers where nobody has chosen another.
pub const RECOMMENDED: &str = "Recommended";
/// Behind a model that may not fit into this device's memory.
pub const LARGE_HERE: &str = "Large for this device";
/// What the list of models can be narrowed to.
pub const LICENCE: &str = "Licence";
/// All of them.
pub const ANY_LICENCE: &str = "Any";

/// Before anything is known of the models.
pub const STARTING: &str = "Starting";
/// The list of models could not be read.
pub const NO_CATALOGUE: &str =
    "Could not load the list of models. Check the connection and try again.";

/// The line about the model.
pub fn model_status(status: &Status) -> String {
    if let Some((model, stage)) = &status.loading {
        let coming = model_coming(model, *stage, status);
        return match &status.answering {
            Some(answering) => format!("Using {}. {coming}", called(answering)),
            None => coming,
        };
    }
    if let Some((model, trouble)) = &status.trouble {
        return model_trouble(model, trouble, status);
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

/// What a model is called in the middle of a sentence.
fn called(model: &ModelEntry) -> &str {
    if model.preview {
        "the starter model"
    } else {
        &model.name
    }
}

/// What is on its way, how far it is, and how long it will take.
fn model_coming(model: &ModelEntry, stage: Stage, status: &Status) -> String {
    let name = &model.name;
    match stage {
        _ if model.preview && status.wanted.as_ref() != Some(model) => "Getting ready".to_owned(),
        Stage::Asked if status.state == State::Downloading => format!("Downloading {name}"),
        Stage::Asked | Stage::Reading => format!("Opening {name}"),
        Stage::Downloading {
            received,
            total,
            speed: a_second,
        } => {
            let left = total.zip(a_second).map(|(total, a_second)| {
                let seconds = total.saturating_sub(received) / a_second.max(1);
                format!(", {}, {}", speed(a_second), time_left(seconds))
            });
            let left = left.unwrap_or_default();
            format!("Downloading {name}: {}{left}", part(received, total))
        }
        Stage::Retrying {
            received,
            total,
            seconds,
        } => format!(
            "Downloading {name}: {} so far. No response. Retrying in {seconds} s",
            part(received, total)
        ),
        Stage::Elsewhere { received, total } => {
            format!(
                "Another tab is downloading {name}: {}",
                part(received, total)
            )
        }
    }
}

/// Why a model does not come, and which one answers instead.
fn model_trouble(model: &ModelEntry, trouble: &ModelError, status: &Status) -> String {
    let answering = status.answering.as_ref();
    let goes_on = answering.map(|answering| format!(" Still using {}.", called(answering)));
    let goes_on = goes_on.unwrap_or_default();
    match trouble {
        ModelError::Stopped => format!("Download of {} stopped.{goes_on}", model.name),
        // The most common of all, so short that it stands in one line.
        ModelError::Failed(Failure::Unreachable) if status.offline => {
            format!(
                "You’re offline, so {} can’t be downloaded.{goes_on}",
                model.name
            )
        }
        ModelError::Failed(Failure::Unreachable) => {
            format!("Couldn’t reach {}.{goes_on}", server_of(model))
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

/// Where a model is downloaded from.
fn server_of(model: &ModelEntry) -> &str {
    let behind_scheme = model.url.split_once("://").map(|(_, rest)| rest);
    let host = behind_scheme.and_then(|rest| rest.split(['/', ':']).next());
    host.filter(|host| !host.is_empty())
        .unwrap_or("the server of this page")
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

/// Where a model of the list stands.
pub fn model_state(state: ModelState) -> String {
    match state {
        ModelState::NotDownloaded => "Not downloaded".to_owned(),
        ModelState::Downloading { thousandths: None } => "Downloading".to_owned(),
        ModelState::Downloading {
            thousandths: Some(thousandths),
        } => format!("Downloading, {} %", thousandths / 10),
        ModelState::Opening => "Opening".to_owned(),
        ModelState::Failed => "Failed".to_owned(),
        ModelState::Downloaded => "Downloaded".to_owned(),
        ModelState::StandsIn => "In use for now".to_owned(),
        ModelState::InUse => "In use".to_owned(),
    }
}

/// The button of a model in the list.
pub fn model_button(state: ModelState) -> &'static str {
    match state {
        ModelState::NotDownloaded => "Download",
        ModelState::Downloading { .. } | ModelState::Opening => "Stop",
        ModelState::Failed => "Try again",
        ModelState::Downloaded | ModelState::StandsIn | ModelState::InUse => "Use",
    }
}

/// What a screen reader calls that button.
pub fn model_button_name(model: &ModelEntry, state: ModelState) -> String {
    let (button, name) = (model_button(state), &model.name);
    if state == ModelState::NotDownloaded {
        format!("{button} {name}, {}", model_size(model))
    } else {
        format!("{button} {name}")
    }
}

/// Why a model of the list does not come.
pub fn why_not(model: &ModelEntry, trouble: &ModelError, status: &Status) -> String {
    let alone = Status {
        answering: None,
        ..status.clone()
    };
    model_trouble(model, trouble, &alone)
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
        ModelEntry {
            url: "https://models.example.org:8443/laion.gguf".to_owned(),
            ..entry("LAION ViT-B/32", 164_391_744, false)
        }
    }

    /// The starter answers, and LAION's model is wanted.
    fn status() -> Status {
        Status {
            state: State::Ready,
            answering: Some(starter()),
            wanted: Some(laion()),
            loading: None,
            trouble: None,
            offer: None,
            not_kept: false,
            offline: false,
        }
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
                let trouble = ModelError::Failed(failure.clone());
                for offline in [true, false] {
                    let status = Status {
                        answering: answering.clone(),
                        offline,
                        ..status()
                    };
                    let text = model_trouble(&laion(), &trouble, &status);
                    assert_is_prose(&text);
                    let names_it = text.contains("LAION ViT-B/32") || text.contains("example.org");
                    assert!(names_it, "{text}");
                    assert_eq!(text.contains("Still using"), answering.is_some(), "{text}");
                }
            }
        }
    }

    #[test]
    fn a_server_out_of_reach_is_another_thing_than_no_connection() {
        let trouble = ModelError::Failed(Failure::Unreachable);
        let mut status = status();
        assert_eq!(
            model_trouble(&laion(), &trouble, &status),
            "Couldn’t reach models.example.org. Still using the starter model."
        );
        assert_eq!(
            model_trouble(&starter(), &trouble, &status),
            "Couldn’t reach the server of this page. Still using the starter model."
        );
        status.offline = true;
        assert_eq!(
            model_trouble(&laion(), &trouble, &status),
            "You’re offline, so LAION ViT-B/32 can’t be downloaded. Still using the starter model."
        );
    }

    #[test]
    fn the_line_about_the_model_says_how_far_it_is() {
        let downloading = |speed| {
            let stage = Stage::Downloading {
                received: 37_400_000,
                total: Some(164_391_744),
                speed,
            };
            Some((laion(), stage))
        };
        let mut status = Status {
            state: State::Downloading,
            loading: downloading(None),
            offer: Some(Offer::Stop),
            ..status()
        };
        assert_eq!(
            model_status(&status),
            "Using the starter model. Downloading LAION ViT-B/32: 37 of 164 MB"
        );
        status.loading = downloading(Some(2_100_000));
        assert_eq!(
            model_status(&status),
            "Using the starter model. Downloading LAION ViT-B/32: 37 of 164 MB, 2.1 MB/s, 1 min left"
        );
        status.answering = None;
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
        status.answering = Some(starter());
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
