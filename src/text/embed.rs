//! The page inside another page.

use super::format::{number, quoted};
use crate::state::embed::settings::{
    Fault, LONGEST_TEXT, MOST_IMAGES, MOST_LABELS as MOST_SET_LABELS,
};

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
/// The field for what is looked for among pictures.
pub const LOOK_FOR: &str = "What to look for";

/// Before anything is looked for, or while that goes on: `under_way` are the pictures compared and
/// all of them.
pub fn search_state(under_way: Option<(usize, usize)>, pictures: usize, searched: bool) -> String {
    match (under_way, pictures) {
        (Some((done, all)), _) => format!("{} of {} pictures compared", number(done), number(all)),
        (None, 0) => "No pictures".to_owned(),
        (None, 1) => "1 picture".to_owned(),
        (None, count) if searched => format!("{} pictures, best first", number(count)),
        (None, count) => format!("{} pictures", number(count)),
    }
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

/// What a picture is called that a page around has given, `place` being its number and how many
/// there are.
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
