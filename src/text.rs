//! Every sentence a person reads.
//!
//! Only words are chosen here; when they are shown is decided elsewhere. Names of controls that never change stand in the
//! components that draw them.

pub mod capabilities;
pub mod collection;
pub mod labels;
mod result;

pub use result::*;

use cliplet_protocol::catalogue::{Layout, ModelEntry};
use cliplet_protocol::messages::{Failure, StoredFile};

use crate::camera;
use crate::state::address;
use crate::state::embed::settings::{
    Fault, LONGEST_TEXT, MOST_IMAGES, MOST_LABELS as MOST_SET_LABELS,
};
use crate::state::kept::Kept;
use crate::state::models::{ModelError, Offer, Stage, State, Status};
use crate::state::template;

/// The link to the book.
pub const BOOK: &str = "The book";
/// The product's name.
pub const NAME: &str = "Cliplet";
/// What it does.
pub const TAGLINE: &str = "Which of these words fits this picture?";
/// Where the picture goes: nowhere.
pub const PRIVACY: &str = "Your picture never leaves this browser.";

/// All that a visit without a network needs is kept.
pub const WORKS_OFFLINE: &str = "The page also works without a network now.";
/// The button that takes a newer version of the page.
pub const TAKE_NEW_VERSION: &str = "Update now";

/// There is a newer version of the page; `blocked` by other pages that have the older one.
pub fn new_version(blocked: bool) -> &'static str {
    match blocked {
        false => {
            "A new version of Cliplet is available. Updating keeps your labels, but not the picture."
        }
        true => {
            "A new version of Cliplet is available. Close the other tabs that have Cliplet open, then update here."
        }
    }
}

/// The browsers that can run the engine.
const BROWSERS: &str = "Chrome or Edge 97, Firefox 114, Safari 16.4, or newer";

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

/// Where a picture came from, for the sentences about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureSource {
    /// Dropped on the page.
    Dropped,
    /// From the clipboard.
    Pasted,
}

/// Text or a link was dropped, or pasted where it is of no use.
pub fn not_a_picture(way: PictureSource) -> &'static str {
    match way {
        PictureSource::Dropped => {
            "That was text or a link, not a picture file. Save the picture first, then drop the file here."
        }
        PictureSource::Pasted => {
            "There is no picture in the clipboard. Copy a picture first; to add labels, paste them into the label field."
        }
    }
}

/// A folder was dropped.
pub const FOLDER: &str = "That is a folder. Drop one picture out of it.";

/// Several files were given; one was taken.
pub fn first_of_several(count: usize, name: &str) -> String {
    format!(
        "Opened the first of {} files: {}.",
        number(count),
        quoted(name)
    )
}

/// A file that could not be taken.
pub fn picture_refused(name: &str, failure: &Failure) -> String {
    let name = quoted(name);
    match failure {
        Failure::EmptyPicture => {
            format!("{name} is empty: the file has no bytes. Choose another picture.")
        }
        Failure::UnreadablePicture => format!(
            "{name} could not be read as a picture. It may be damaged or of another kind. JPEG, PNG, WebP, GIF and \
             AVIF work best."
        ),
        Failure::UnsupportedPicture { what, advice } => format!("{name} is {what}. {advice}."),
        Failure::NoDecoder => format!(
            "The part of Cliplet that reads {name} could not be downloaded. Check the network and choose it again, or \
             choose another JPEG or PNG."
        ),
        Failure::PictureTooLarge { width, height } => format!(
            "{name} is too large: {} by {} pixels. Make it smaller and try again.",
            number(*width as usize),
            number(*height as usize)
        ),
        Failure::OutOfMemory => {
            format!(
                "There is not enough memory to open {name}. Close other tabs or choose a smaller picture."
            )
        }
        other => format!("{name} could not be opened: {}", because(other)),
    }
}

/// A picture that is scored though some of it is missing.
pub const INCOMPLETE: &str =
    "This picture is incomplete: the end of its file is missing. What is there is scored.";

/// A sample whose file could not be fetched.
pub fn sample_not_fetched(name: &str) -> String {
    format!(
        "The sample {} could not be downloaded. Check the connection, or choose a picture of your own.",
        quoted(name)
    )
}

/// Scores that could not be had.
pub fn not_scored(failure: &Failure) -> String {
    match failure {
        Failure::OutOfMemory => {
            "There is not enough memory to score this picture. Close other tabs, or use fewer labels.".to_owned()
        }
        other => format!("The picture could not be scored: {}", because(other)),
    }
}

/// The link from a page inside another one to Cliplet itself.
pub const OPEN_IN_CLIPLET: &str = "Open in Cliplet";

/// Inside another page, models are not brought along.
pub const MODELS_ARE_ELSEWHERE: &str =
    "Models can't be loaded here. Open Cliplet itself, with the link below.";

/// Where the pictures of a page around are searched, no others are.
pub const ONLY_GIVEN: &str = "Only the pictures shown here are searched. To search others, open Cliplet itself with the link below.";

/// Where the camera is looked through, no pictures are taken from elsewhere.
pub const ONLY_CAMERA: &str =
    "This classifier uses the camera. To open pictures, open Cliplet itself with the link below.";

/// What the camera's picture is called.
pub const CAMERA: &str = "What the camera sees";
/// The button that switches the camera on.
pub const START_CAMERA: &str = "Start the camera";
/// The button that switches it off.
pub const STOP_CAMERA: &str = "Stop";
/// Where the camera's pictures go: nowhere.
pub const CAMERA_STAYS: &str = "What it sees never leaves this browser.";

/// There is no camera.
pub fn no_camera(trouble: camera::CameraError) -> &'static str {
    match trouble {
        camera::CameraError::NotHere => {
            "Camera unavailable. It needs HTTPS and, when embedded, the host page’s permission."
        }
        camera::CameraError::NotAllowed => {
            "The camera was not allowed. Allow it for this page in the browser’s settings, then start it again."
        }
        camera::CameraError::NoCamera => {
            "This device has no camera. Connect one, then start it again."
        }
        camera::CameraError::InUse => {
            "Another program is using the camera. Close that, then start it again."
        }
    }
}

/// The field for what is looked for among pictures.
pub const LOOK_FOR: &str = "What to look for";

/// Before anything is looked for, or while that goes on: `under_way` are the pictures compared and all of them.
pub fn search_state(under_way: Option<(usize, usize)>, pictures: usize, searched: bool) -> String {
    match (under_way, pictures) {
        (Some((done, all)), _) => format!("{} of {} pictures compared", number(done), number(all)),
        (None, 0) => "No pictures".to_owned(),
        (None, 1) => "1 picture".to_owned(),
        (None, count) if searched => format!("{} pictures, best first", number(count)),
        (None, count) => format!("{} pictures", number(count)),
    }
}

/// A cosine, as people compare it.
pub fn cosine(cosine: f32) -> String {
    format!("{cosine:.2}").replace('-', "−")
}

/// What a screen reader hears when pictures stand in a new order.
pub fn best_picture(name: &str) -> String {
    format!("Best fit: {}.", quoted(name))
}

/// Something that a page around has set and that cannot be used. Its writer reads it.
pub fn setting_refused(fault: &Fault) -> String {
    match fault {
        Fault::NotSettings => {
            "The page around sent something that is no list of settings. It was ignored.".to_owned()
        }
        Fault::TooManyLabels(count) => format!(
            "There are {} labels, and {} are taken. The rest was left out.",
            number(*count),
            number(MOST_SET_LABELS)
        ),
        Fault::LongLabel => format!(
            "A label has more than {} characters, and was left out.",
            number(LONGEST_TEXT)
        ),
        Fault::Template(template) => format!(
            "The template {} was not taken: it has {{}} in the place of the label, and at most {} characters.",
            quoted(template),
            number(LONGEST_TEXT)
        ),
        Fault::TooManyImages(count) => format!(
            "There are {} pictures, and {MOST_IMAGES} are taken. The rest was left out.",
            number(*count)
        ),
        Fault::Image(address) => format!(
            "The picture {} was not taken: pictures are downloaded from https addresses, or from this device.",
            quoted(address)
        ),
        Fault::Word { name, value, words } => {
            format!(
                "The {name} {} was not taken: it can be {words}.",
                quoted(value)
            )
        }
        Fault::Accent(accent) => format!(
            "The accent {} was not taken: it is a colour such as #0b57d0.",
            quoted(accent)
        ),
        Fault::Lang(lang) => format!(
            "The language {} was not taken: it is a tag such as en or pt-BR.",
            quoted(lang)
        ),
    }
}

/// A page around has asked for a model that is not on the list.
pub fn no_such_model(id: &str, ids: &[String]) -> String {
    format!(
        "There is no model {}, so the usual one is used. There are {}.",
        quoted(id),
        ids.join(", ")
    )
}

/// The last part of an address's path, as people read it.
pub fn file_name(address: &str) -> String {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let name = path
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default();
    name.to_owned()
}

/// What a picture is called that a page around has given, `place` being its number and how many there are.
pub fn given_alt(name: &str, place: (usize, usize)) -> String {
    match place {
        (_, 1) => format!("The picture {}", quoted(name)),
        (at, all) => format!("Picture {at} of {all}: {}", quoted(name)),
    }
}

/// A picture that a page around has given could not be had.
pub fn given_not_fetched(name: &str) -> String {
    format!(
        "The picture {} could not be downloaded. Check the address, and that its server allows cross-site access.",
        quoted(name)
    )
}

/// A reason that ends a sentence.
fn because(failure: &Failure) -> String {
    match failure {
        Failure::Unreachable => "there is no connection.".to_owned(),
        Failure::HttpStatus { code } => {
            let what_to_do = match code {
                401 | 403 => "This page may not download it. Choose another model.",
                404 | 410 => "The file is gone. Choose another model.",
                429 => "The server is busy. Try again in a few minutes.",
                _ => "Try again later.",
            };
            format!("the server answered {code} instead of the file. {what_to_do}")
        }
        Failure::Interrupted { received: 0, .. } => {
            "the connection failed immediately. Try again later.".to_owned()
        }
        Failure::Interrupted { received, total } => format!(
            "the connection broke after {}, which are kept.",
            part(*received, *total)
        ),
        Failure::Stalled { received: 0, .. } => {
            "the server sends nothing. Try again later.".to_owned()
        }
        Failure::Stalled { received, total } => format!(
            "the server sends nothing more after {}, which are kept.",
            part(*received, *total)
        ),
        Failure::WebPage => {
            "the server sent a web page, not a model. If this network asks for a log-in, log in and try again."
                .to_owned()
        }
        Failure::WrongLength { expected, found } => match found {
            Some(found) => format!(
                "the server has a different file, of {} bytes instead of {}. Choose another model.",
                number(*found as usize),
                number(*expected as usize)
            ),
            None => format!(
                "the server has a different file, of more than {} bytes. Choose another model.",
                number(*expected as usize)
            ),
        },
        Failure::WrongHash => {
            "the file is not the published one (its SHA-256 differs), and was deleted. Try again."
                .to_owned()
        }
        Failure::Changing => {
            "the server is replacing the file. Try again later.".to_owned()
        }
        Failure::NoRoom { missing } => {
            let missing = missing.map_or(String::new(), |missing| {
                format!(": {} are missing", size(missing))
            });
            format!(
                "the browser has no room for it{missing}. Delete models you do not need, then try again."
            )
        }
        Failure::FileInUse => "another tab is using it. Close that tab, then try again.".to_owned(),
        Failure::FilesGone => {
            "its files were chosen on this device and can no longer be read. Choose them again under Models.".to_owned()
        }
        Failure::UnusableModel { reason } => {
            format!("its file cannot be used here. {}", sentence(reason))
        }
        Failure::OutOfMemory => {
            "there is not enough memory. Close other tabs and try again.".to_owned()
        }
        Failure::EmptyPicture => "the file has no bytes.".to_owned(),
        Failure::UnreadablePicture => "the file is not a picture that can be read.".to_owned(),
        Failure::UnsupportedPicture { what, advice } => format!("the file is {what}. {advice}."),
        Failure::NoDecoder => {
            "the part of Cliplet that reads it could not be downloaded. Check the network and try again."
                .to_owned()
        }
        Failure::PictureTooLarge { width, height } => {
            format!(
                "it has {} by {} pixels, which is too many.",
                number(*width as usize),
                number(*height as usize)
            )
        }
        Failure::UnusableProbe { reason } => sentence(reason),
        Failure::ProbeOfOtherModel { model } => {
            format!("it was made with the model {}, and another one is in use.", quoted(model))
        }
        Failure::UnknownPicture => "Cliplet has lost the picture. Drop it again.".to_owned(),
        Failure::NoModel => "there is no model yet.".to_owned(),
        Failure::Internal { message } => {
            format!(
                "Cliplet hit an internal error. Reload the page and try again. Details: {}",
                sentence(message)
            )
        }
    }
}

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
                Failure::UnusableModel { .. } | Failure::OutOfMemory | Failure::Internal { .. } => {
                    "opened"
                }
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
    let size = match model.is_on_device() {
        true => "from this device".to_owned(),
        false => model_size(model),
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

/// The browser keeps no model.
pub const NOTHING_KEPT: &str = "No models stored yet.";

/// How much there is of a kept file.
pub fn kept_size(file: &StoredFile) -> String {
    match (file.whole, file.total) {
        (true, _) => size(file.bytes),
        (false, Some(total)) => format!("{} so far", part(file.bytes, Some(total))),
        (false, None) => format!("{} so far", megabytes(file.bytes)),
    }
}

/// Before a file is deleted.
pub fn delete_question(file: &StoredFile) -> String {
    let again = match file.whole {
        true => "It will be downloaded again when it is needed.",
        false => "The part that has arrived will be downloaded again when it is needed.",
    };
    format!("Delete {}? {again}", file.title)
}

/// The same, for the model that is in use.
pub const GOES_ON_ANSWERING: &str = "It stays in use until you leave.";

/// A file was deleted.
pub fn deleted(title: &str) -> String {
    format!("{title} was deleted from this browser.")
}

/// A file could not be deleted.
pub fn not_deleted(title: &str, failure: &Failure) -> String {
    format!("{title} could not be deleted: {}", because(failure))
}

/// How much room is taken and left, and for how long.
pub fn room(kept: &Kept) -> String {
    let room = match (kept.used, kept.available) {
        (Some(used), Some(available)) => format!(
            "Cliplet uses {} here, and {} more is available. ",
            size(used),
            size(available)
        ),
        _ => String::new(),
    };
    let how_long = match kept.persistent {
        true => "The browser keeps models until you delete them.",
        false => "The browser may delete models when it runs out of room.",
    };
    format!("{room}{how_long}")
}

/// Before anything is known of the models.
pub const STARTING: &str = "Starting";

/// The list of models could not be read.
pub const NO_CATALOGUE: &str =
    "Could not load the list of models. Check the connection and try again.";

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

/// The engine could not be started.
pub fn engine_not_started(details: &str) -> String {
    let details = if details.is_empty() {
        String::new()
    } else {
        format!(" Details: {}", sentence(details))
    };
    format!(
        "Cliplet’s engine could not start, so nothing can be scored. Reload the page to try again; it needs \
         {BROWSERS}.{details}"
    )
}

/// The engine broke while it ran.
pub fn engine_died(details: &str) -> String {
    let details = if details.is_empty() {
        String::new()
    } else {
        format!(" Details: {}", sentence(details))
    };
    format!(
        "Cliplet’s engine has stopped. Your picture and labels are still here: start it again.{details}"
    )
}

/// A defect of the page itself.
pub const BROKEN: &str =
    "Something went wrong and Cliplet can’t continue. Reload the page: your labels are kept.";

/// What is wrong with the prompt templates; those that stay in force are given.
pub fn template_fault(fault: template::Fault, in_force: &[String]) -> String {
    let stays = match in_force {
        [one] => format!("{} is used until then.", quoted(one)),
        several => format!(
            "the previous {} are used until then.",
            number(several.len())
        ),
    };
    match fault {
        template::Fault::Empty => format!("The template is empty. Type one; {stays}"),
        template::Fault::NoPlace => {
            format!("{{}} is missing: it says where the label goes. Add it; {stays}")
        }
        template::Fault::NoPlaceInLine(line) => format!(
            "{{}} is missing in line {}: it says where the label goes. Add it; {stays}",
            number(line)
        ),
        template::Fault::TooMany(count) => format!(
            "There are {} templates, and {} can be used. Remove some; {stays}",
            number(count),
            number(template::MOST)
        ),
    }
}

/// What came of adding labels, where that needs saying.
pub fn labels_added(repeated: &[String], left_out: usize, most: usize) -> Option<String> {
    let mut said = Vec::new();
    match repeated {
        [] => {}
        [label] => said.push(format!("{} is in the list already.", quoted(label))),
        labels => said.push(format!(
            "{} labels are in the list already.",
            number(labels.len())
        )),
    }
    if left_out > 0 {
        let were = if left_out == 1 {
            "1 label was".to_owned()
        } else {
            format!("{} were", number(left_out))
        };
        said.push(format!(
            "The list holds {} labels; {were} left out.",
            number(most)
        ));
    }
    (!said.is_empty()).then(|| said.join(" "))
}

/// Labels were taken out.
pub fn labels_removed(labels: &[String]) -> String {
    match labels {
        [label] if label.is_empty() => "Removed an empty label.".to_owned(),
        [label] => format!("Removed {}.", quoted(label)),
        labels => format!("Removed {} labels.", number(labels.len())),
    }
}

/// A sample's labels took the place of others.
pub const LABELS_REPLACED: &str = "Using the sample’s labels.";
/// The button to take a change back.
pub const UNDO: &str = "Undo";
/// A sample was chosen, and the person's labels were left alone.
pub const LABELS_LEFT: &str = "Your labels were left as they are.";
/// The button that takes a sample's labels.
pub const USE_SAMPLE_LABELS: &str = "Use this sample’s labels";

/// How many labels there are.
pub fn label_count(count: usize) -> String {
    match count {
        0 => "none yet".to_owned(),
        1 => "1 label".to_owned(),
        count => format!("{} labels", number(count)),
    }
}

/// How many prompts are encoded.
pub fn labels_read(done: u32, total: u32) -> String {
    format!(
        "{} of {} prompts read",
        number(done as usize),
        number(total as usize)
    )
}

/// While the engine encodes the picture.
pub const READING_PICTURE: &str = "Reading the picture";
/// While there is a picture and no model.
pub const WAITING_FOR_MODEL: &str = "Waiting for the model";
/// No labels.
pub const NO_LABELS: &str = "Add the words that might fit the picture.";
/// One label.
pub const ONE_LABEL: &str = "A single label always gets 100%. Add others to compare.";
/// A label whose prompt was too long.
pub const CUT: &str = "Too long: its end is ignored";
/// A label that is in the list twice.
pub const REPEATED: &str = "Already in the list";

const BY_THE_STARTER: &str =
    "By the small starter model: good on everyday things and animals, weak on people and scenes.";

/// Where the scores come from, as long as they come from the preview.
pub fn preview_scores(wanted: Option<&ModelEntry>, on_its_way: bool) -> String {
    match wanted.filter(|model| !model.preview) {
        Some(wanted) if on_its_way => {
            format!(
                "{BY_THE_STARTER} {} will replace these scores once downloaded.",
                wanted.name
            )
        }
        _ => BY_THE_STARTER.to_owned(),
    }
}

/// What a screen reader hears when scores have settled: `best` first, at most three.
pub fn result(best: &[(String, f32)], preview: bool) -> String {
    let preview = if preview { "Preview. " } else { "" };
    match best {
        [] => String::new(),
        [(label, score)] => format!("{preview}{label}: {}.", percent(*score)),
        [(label, score), rest @ ..] => {
            let rest: Vec<String> = rest
                .iter()
                .map(|(label, score)| format!("{label}, {}", percent(*score)))
                .collect();
            format!(
                "{preview}Best fit: {label}, {}. Then {}.",
                percent(*score),
                rest.join("; ")
            )
        }
    }
}

/// A picture was taken.
pub fn picture_taken(name: &str, width: u32, height: u32) -> String {
    format!(
        "{}, {} by {} pixels.",
        quoted(name),
        number(width as usize),
        number(height as usize)
    )
}

/// What a picture without a description of its own is called.
pub fn picture_alt(name: &str) -> String {
    format!("Your picture {}", quoted(name))
}

/// Whose picture a sample is.
pub fn credit(author: &str, licence: &str) -> String {
    format!("Photo: {author}, {licence}")
}

/// While a file is decoded.
pub fn opening(name: &str) -> String {
    format!("Opening {}", quoted(name))
}

/// A score from 0 to 1 with as many digits as mean something.
pub fn percent(score: f32) -> String {
    let percent = f64::from(score) * 100.0;
    if !percent.is_finite() {
        return "–".to_owned();
    }
    match percent {
        p if p > 0.0 && p < 0.1 => "<0.1%".to_owned(),
        p if p < 9.95 && p > 0.0 => format!("{p:.1}%"),
        p if p < 99.5 => format!("{p:.0}%"),
        p if p < 99.9 => format!("{p:.1}%"),
        p if p < 99.999_9 => ">99.9%".to_owned(),
        _ => "100%".to_owned(),
    }
}

/// A size such as `164 MB`.
pub fn megabytes(bytes: u64) -> String {
    format!("{} MB", megabytes_bare(bytes, bytes))
}

/// So many bytes of so many, such as `37 of 164 MB`.
fn part(received: u64, total: Option<u64>) -> String {
    match total {
        Some(total) => format!(
            "{} of {}",
            megabytes_bare(received, total),
            megabytes(total)
        ),
        None => megabytes(received),
    }
}

/// A size in megabytes, or in gigabytes where it has many.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000_000 => megabytes(bytes),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

/// Bytes in megabytes, with a digit behind the point where `of` is small.
fn megabytes_bare(bytes: u64, of: u64) -> String {
    let megabytes = bytes as f64 / 1e6;
    if of < 10_000_000 {
        format!("{megabytes:.1}")
    } else {
        format!("{megabytes:.0}")
    }
}

/// A whole number with its thousands parted.
pub fn number(number: usize) -> String {
    let digits = number.to_string();
    let mut parted = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            parted.push(',');
        }
        parted.push(digit);
    }
    parted
}

/// A name in quotation marks, cut where it is too long for a sentence.
fn quoted(name: &str) -> String {
    const MOST: usize = 48;
    if name.chars().count() <= MOST {
        return format!("“{name}”");
    }
    let end = MOST / 2 - 1;
    let head: String = name.chars().take(end).collect();
    let tail: Vec<char> = name.chars().rev().take(end).collect();
    format!("“{head}…{}”", tail.into_iter().rev().collect::<String>())
}

/// Words with a full stop behind them.
fn sentence(words: &str) -> String {
    let words = words.trim();
    if words.is_empty() || words.ends_with(['.', '!', '?']) {
        words.to_owned()
    } else {
        format!("{words}.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every failure there is. The match has no arm for the rest, so a new failure does not compile until it is here.
    fn every_failure() -> Vec<Failure> {
        let all = vec![
            Failure::Unreachable,
            Failure::HttpStatus { code: 503 },
            Failure::Interrupted {
                received: 50_000_000,
                total: Some(164_391_744),
            },
            Failure::Interrupted {
                received: 5_000,
                total: None,
            },
            Failure::Interrupted {
                received: 0,
                total: Some(164_391_744),
            },
            Failure::Stalled {
                received: 50_000_000,
                total: Some(164_391_744),
            },
            Failure::Stalled {
                received: 0,
                total: None,
            },
            Failure::WebPage,
            Failure::WrongLength {
                expected: 164_391_744,
                found: Some(1_000),
            },
            Failure::WrongLength {
                expected: 164_391_744,
                found: None,
            },
            Failure::WrongHash,
            Failure::Changing,
            Failure::NoRoom {
                missing: Some(114_000_000),
            },
            Failure::NoRoom { missing: None },
            Failure::FileInUse,
            Failure::FilesGone,
            Failure::UnusableModel {
                reason: "It is a language model".to_owned(),
            },
            Failure::OutOfMemory,
            Failure::EmptyPicture,
            Failure::UnreadablePicture,
            Failure::UnsupportedPicture {
                what: "a PDF document, not a picture".to_owned(),
                advice: "Save its page as JPEG or PNG, and use that".to_owned(),
            },
            Failure::NoDecoder,
            Failure::PictureTooLarge {
                width: 100_000,
                height: 90_000,
            },
            Failure::UnknownPicture,
            Failure::NoModel,
            Failure::Internal {
                message: "index out of bounds".to_owned(),
            },
            Failure::UnusableProbe {
                reason: "A linear probe needs at least two classes".to_owned(),
            },
            Failure::ProbeOfOtherModel {
                model: "starter".to_owned(),
            },
        ];
        for failure in &all {
            match failure {
                Failure::Unreachable
                | Failure::HttpStatus { .. }
                | Failure::Interrupted { .. }
                | Failure::Stalled { .. }
                | Failure::WebPage
                | Failure::WrongLength { .. }
                | Failure::WrongHash
                | Failure::Changing
                | Failure::NoRoom { .. }
                | Failure::FileInUse
                | Failure::FilesGone
                | Failure::UnusableModel { .. }
                | Failure::OutOfMemory
                | Failure::EmptyPicture
                | Failure::UnreadablePicture
                | Failure::UnsupportedPicture { .. }
                | Failure::NoDecoder
                | Failure::PictureTooLarge { .. }
                | Failure::UnknownPicture
                | Failure::NoModel
                | Failure::Internal { .. }
                | Failure::UnusableProbe { .. }
                | Failure::ProbeOfOtherModel { .. } => {}
            }
        }
        all
    }

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

    fn assert_is_prose(text: &str) {
        assert!(text.ends_with('.'), "{text}");
        assert!(
            !text.contains("  ") && !text.contains("..") && !text.contains(": ."),
            "{text}"
        );
        let first = text.chars().next().unwrap();
        assert!(first.is_uppercase() || first == '“', "{text}");
        for word in [
            "Failure",
            "Some(",
            "None",
            "{ ",
            "Unreachable",
            "HttpStatus",
            "null",
        ] {
            assert!(!text.contains(word), "{text} shows {word}");
        }
    }

    #[test]
    fn every_failure_of_a_picture_is_a_sentence_that_names_it() {
        for failure in every_failure() {
            let text = picture_refused("holiday.jpg", &failure);
            assert_is_prose(&text);
            assert!(text.contains("“holiday.jpg”"), "{text}");
        }
    }

    #[test]
    fn every_failure_of_scoring_is_a_sentence() {
        for failure in every_failure() {
            assert_is_prose(&not_scored(&failure));
        }
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
    fn every_failure_of_deleting_is_a_sentence() {
        for failure in every_failure() {
            assert_is_prose(&not_deleted("LAION ViT-B/32", &failure));
        }
    }

    #[test]
    fn statuses_of_servers_say_what_to_do() {
        for code in [401, 403, 404, 410, 416, 429, 500, 503] {
            let text = because(&Failure::HttpStatus { code });
            assert!(text.contains(&code.to_string()), "{text}");
            assert!(
                text.contains("Choose") || text.contains("Try again"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_kept_is_told_with_its_size_and_the_room_left() {
        let mut file = StoredFile {
            name: "a".to_owned(),
            model: "a".to_owned(),
            revision: "1".to_owned(),
            title: "LAION ViT-B/32".to_owned(),
            bytes: 37_000_000,
            total: Some(164_391_744),
            whole: false,
        };
        assert_eq!(kept_size(&file), "37 of 164 MB so far");
        assert_is_prose(&delete_question(&file));
        file.total = None;
        assert_eq!(kept_size(&file), "37 MB so far");
        file.whole = true;
        assert_eq!(kept_size(&file), "37 MB");
        assert_is_prose(&delete_question(&file));
        let mut kept = Kept {
            files: vec![file],
            used: Some(37_000_000),
            available: Some(5_200_000_000),
            persistent: true,
        };
        assert_eq!(
            room(&kept),
            "Cliplet uses 37 MB here, and 5.2 GB more is available. \
             The browser keeps models until you delete them."
        );
        kept.available = None;
        kept.persistent = false;
        assert_is_prose(&room(&kept));
        assert_is_prose(&deleted("LAION ViT-B/32"));
    }

    #[test]
    fn sentences_about_different_failures_differ() {
        let mut texts: Vec<String> = every_failure()
            .iter()
            .map(|failure| picture_refused("a.png", failure))
            .collect();
        texts.sort();
        let before = texts.len();
        texts.dedup();
        assert_eq!(texts.len(), before);
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

    #[test]
    fn percents_have_the_digits_that_mean_something() {
        let cases = [
            (0.0, "0%"),
            (0.000_4, "<0.1%"),
            (0.001_2, "0.1%"),
            (0.034_6, "3.5%"),
            (0.099_4, "9.9%"),
            (0.099_6, "10%"),
            (0.666, "67%"),
            (0.994, "99%"),
            (0.996, "99.6%"),
            (0.999_5, ">99.9%"),
            (1.0, "100%"),
            (f32::NAN, "–"),
        ];
        for (score, text) in cases {
            assert_eq!(percent(score), text, "{score}");
        }
    }

    #[test]
    fn numbers_are_parted_and_sizes_rounded() {
        let parted = [0, 37, 999, 1_000, 12_345, 1_234_567].map(number);
        assert_eq!(parted, ["0", "37", "999", "1,000", "12,345", "1,234,567"]);
        assert_eq!(labels_read(37, 1_000), "37 of 1,000 prompts read");
        assert_eq!(megabytes(164_391_744), "164 MB");
        assert_eq!(megabytes(4_200_000), "4.2 MB");
    }

    #[test]
    fn long_names_are_cut_in_the_middle() {
        let name = format!("{}.jpg", "ä".repeat(200));
        let text = picture_refused(&name, &Failure::EmptyPicture);
        assert!(
            text.chars().count() < 130 && text.contains("….") || text.contains("…ä"),
            "{text}"
        );
        assert!(text.contains(".jpg”"));
    }

    #[test]
    fn results_are_told_in_words() {
        let best = [
            ("cat".to_owned(), 0.83),
            ("dog".to_owned(), 0.12),
            ("cup".to_owned(), 0.05),
        ];
        assert_eq!(
            result(&best, false),
            "Best fit: cat, 83%. Then dog, 12%; cup, 5.0%."
        );
        assert_eq!(result(&best[..1], true), "Preview. cat: 83%.");
    }

    #[test]
    fn what_came_of_adding_is_told_only_where_it_matters() {
        assert_eq!(labels_added(&[], 0, 5), None);
        assert_eq!(
            labels_added(&["cat".to_owned()], 0, 5).unwrap(),
            "“cat” is in the list already."
        );
        assert_eq!(
            labels_added(&["a".to_owned(), "b".to_owned()], 3, 5_000).unwrap(),
            "2 labels are in the list already. The list holds 5,000 labels; 3 were left out."
        );
    }

    #[test]
    fn faults_of_the_template_say_what_stays() {
        let one = ["a photo of a {}".to_owned()];
        for fault in [
            template::Fault::Empty,
            template::Fault::NoPlace,
            template::Fault::NoPlaceInLine(3),
            template::Fault::TooMany(1_000),
        ] {
            let text = template_fault(fault, &one);
            assert!(
                text.contains("“a photo of a {}” is used until then."),
                "{text}"
            );
            let several = [one.clone(), one.clone()].concat();
            assert!(
                template_fault(fault, &several).contains("the previous 2 are used until then.")
            );
        }
        assert!(template_fault(template::Fault::NoPlace, &one).contains("{} is missing"));
    }

    #[test]
    fn the_engine_s_end_says_what_to_do() {
        assert_is_prose(&engine_not_started(""));
        assert_is_prose(&engine_died("unreachable executed"));
    }
}
