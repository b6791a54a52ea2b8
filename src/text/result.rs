//! Sentences about a result: why it is so, what can be taken along of it, and pictures from the camera and from elsewhere.

use super::{number, quoted, size};
use crate::remote_picture;
use crate::state::picture_address::{AddressError, MOST_BYTES};
use crate::state::why::{Place, Why};
use cliplet_protocol::messages::Failure;

// ---- Why ----

/// The button that shows what speaks for the best label.
pub const SHOW_WHY: &str = "What speaks for it?";
/// The button that takes the map off the picture.
pub const HIDE_WHY: &str = "Hide the map";
/// The field that says which label the map is of.
pub const WHY_LABEL: &str = "What speaks for";
/// While the map is made.
pub const LOOKING_FOR_WHY: &str = "Looking where";
/// The colour of patches that speak for a label.
pub const FOR: &str = "speaks for it";
/// The colour of patches that speak against it.
pub const AGAINST: &str = "against it";
/// What was cut off.
pub const NOT_LOOKED_AT: &str = "not looked at";

/// What the map is and is not.
pub fn about_why(why: &Why) -> String {
    let rather = match why.alone {
        false => "rather than the other labels",
        true => "rather than a picture of anything",
    };
    format!(
        "Where the model found what speaks for {} {rather}, in the {across} by {across} patches that it reads. It shows what this \
         answer was made of, not where the thing is, nor that the answer is right: patches also hand on what they have read \
         elsewhere.",
        quoted(&why.label),
        across = why.across
    )
}

/// How the map adds up.
pub fn why_sum(why: &Why) -> String {
    let signed = |x: f32| {
        let text = format!("{x:+.3}");
        text.replace('-', "−")
    };
    format!(
        "Its cosine less theirs: {}. From the patches: {}; of no patch: {}.",
        signed(why.sum()),
        signed(why.of_patches()),
        signed(why.rest)
    )
}

/// The map in words.
pub fn why_in_words(why: &Why) -> String {
    match why.strongest() {
        Some(place) => format!(
            "Map of what speaks for {}: most of all {}.",
            quoted(&why.label),
            place_in_words(place)
        ),
        None => format!(
            "Map of what speaks for {}: no patch does.",
            quoted(&why.label)
        ),
    }
}

fn place_in_words(place: Place) -> &'static str {
    match (place.row, place.column) {
        (0, 0) => "at the top left",
        (0, 1) => "at the top",
        (0, _) => "at the top right",
        (1, 0) => "at the left",
        (1, 1) => "in the middle",
        (1, _) => "at the right",
        (_, 0) => "at the bottom left",
        (_, 1) => "at the bottom",
        (_, _) => "at the bottom right",
    }
}

/// The map could not be made.
pub fn no_why(failure: &Failure) -> String {
    format!(
        "What speaks for it could not be found out: {}",
        super::because(failure)
    )
}

// ---- The camera ----

/// The button that leads to the camera.
pub const USE_CAMERA: &str = "Use the camera";
/// While the browser asks the person.
pub const CAMERA_ASKED: &str = "Your browser asks whether this page may use the camera.";
/// It is on.
pub const CAMERA_ON: &str = "The camera is on.";
/// The button that takes the other camera.
pub const OTHER_CAMERA: &str = "Other camera";
/// The button that keeps what is seen now.
pub const TAKE_SNAPSHOT: &str = "Take this picture";
/// What a picture that was taken is called.
pub const SNAPSHOT: &str = "A picture that the camera took";
/// The file of one.
pub const SNAPSHOT_FILE: &str = "camera.jpg";
/// There was no picture to be taken.
pub const NO_SNAPSHOT: &str = "The camera gave no picture. Start it again, wait until it shows something, then take the picture.";

/// How many pictures are scored a second.
pub fn frame_rate(rate: f64) -> String {
    match rate {
        rate if rate < 9.95 => format!("{rate:.1} pictures a second"),
        rate => format!("{rate:.0} pictures a second"),
    }
}

// ---- A picture from elsewhere ----

/// The button that leads to the field for an address.
pub const FROM_ADDRESS: &str = "From an address";
/// The field for an address.
pub const PICTURE_ADDRESS: &str = "Address of a picture";
/// What is told to whom.
pub const ABOUT_ADDRESS: &str = "It is fetched from that site by your browser, without cookies, and read here. The site must allow other pages to read it.";

/// An address that no picture can be fetched from.
pub fn no_picture_address(trouble: AddressError) -> &'static str {
    match trouble {
        AddressError::Nothing => {
            "Type or paste the address of a picture, such as https://example.org/cat.jpg."
        }
        AddressError::NoAddress => {
            "That is no address of a picture. One looks like https://example.org/cat.jpg."
        }
        AddressError::InItself => {
            "That is not the address of a picture but the picture itself, or one of another page’s own. Save it, then drop the file here."
        }
        AddressError::OnDevice => {
            "That is a file on this device. Drop the file itself on the page, or choose it."
        }
        AddressError::NotSafe => {
            "A page can fetch from https addresses only, and from this device's own. Save the picture, then drop the file here."
        }
    }
}

/// A picture that could not be fetched from elsewhere.
pub fn not_from_elsewhere(host: &str, trouble: &remote_picture::FetchError) -> String {
    use remote_picture::FetchError;
    const SAVE: &str = "Open the picture in a tab of its own, save it, then drop the file here.";
    match trouble {
        FetchError::Offline => {
            "There is no network connection. Choose a picture of this device, or try again later."
                .to_owned()
        }
        FetchError::Refused => format!(
            "{host} does not let other pages read its pictures, or there is no such site. {SAVE}"
        ),
        FetchError::Status(404 | 410) => {
            format!("{host} has no picture at this address. Check the address.")
        }
        FetchError::Status(401 | 403) => {
            format!("{host} does not give this picture to everybody. {SAVE}")
        }
        FetchError::Status(429) => {
            format!("Too much is asked of {host}. Try again in some minutes.")
        }
        FetchError::Status(status) => {
            format!("{host} answered {status} instead of the picture. Try again later.")
        }
        FetchError::WebPage => format!(
            "That is the address of a web page of {host}, not of a picture. Copy the address of the picture itself: most browsers \
             have that in its context menu."
        ),
        FetchError::OtherKind(kind) => format!(
            "What lies there is no picture but {}. Take the address of a picture.",
            quoted(kind)
        ),
        FetchError::Empty => format!(
            "{host} sent nothing. Try again later, or save the picture and drop the file here."
        ),
        FetchError::TooLarge => format!(
            "The picture of {host} has more than {}. Save a smaller one, then drop the file here.",
            size(MOST_BYTES)
        ),
        FetchError::Broken => format!("The connection to {host} broke. Try again."),
        FetchError::Silent => format!(
            "{host} does not answer. Try again later, or save the picture and drop the file here."
        ),
    }
}

/// While a picture is fetched from elsewhere.
pub fn picture_of_host(name: &str, host: &str) -> String {
    match name {
        "" => host.to_owned(),
        name => name.to_owned(),
    }
}

// ---- Taking it along ----

/// The button, and the dialogue's name.
pub const SHARE: &str = "Share";
/// No result can be taken along yet.
pub const NO_RESULT: &str = "There is no result yet: give the page a picture, and labels.";
/// The file of the result's picture could not be made.
pub const NO_RESULT_PICTURE: &str =
    "The browser could not draw the picture of the result. Take a screenshot instead.";
/// What a link has in it.
pub const ABOUT_LINK: &str = "It carries your labels, the prompt template and the model, never the picture. All of that stands behind the #, which browsers \
    send to no server.";
/// What a snippet does.
pub const ABOUT_SNIPPET: &str = "It shows this classifier in a page of yours. Readers bring a picture, or you name one with image=\"…\".";
/// A label with a comma in it.
pub const COMMAS_PART: &str =
    "Commas part labels there, so a label with a comma in it becomes two.";
/// Labels with prompts of their own.
pub const PROMPTS_STAY: &str = "Prompts of a label’s own do not go into it.";
/// Templates that are too long together.
pub const TEMPLATES_STAY: &str = "Your templates are too long for it and were left out.";
/// The model is of this device.
pub const MODEL_STAYS: &str =
    "The model is made of files on this device, so the link does not carry it.";
/// Something is in the clipboard.
pub const COPIED: &str = "Copied.";
/// The browser lets nobody write into the clipboard.
pub const NOT_COPIED: &str =
    "The browser does not let this page copy. Select the text and copy it, or save a file.";
/// The result was saved.
pub fn saved(name: &str) -> String {
    format!("Saved as {}.", quoted(name))
}

/// How long the link is, where that matters.
pub fn link_length(length: usize, long: usize) -> Option<String> {
    (length > long).then(|| {
        format!(
            "It has {} characters. Some programs for mail and chat cut addresses of more than {}.",
            number(length),
            number(long)
        )
    })
}

/// There is too much for a link.
pub fn link_too_long(length: usize, longest: usize) -> String {
    format!(
        "These labels make a link of {} characters, and few programs take more than {}. Save the result as JSON, or take labels out.",
        number(length),
        number(longest)
    )
}

/// The page was opened by a link that brings labels, and there are a person's own.
pub fn link_offers(labels: &[String], templates: &[String]) -> String {
    format!(
        "This link brings {}. Yours were left as they are.",
        brought(labels, templates)
    )
}

/// What a link brought is in force.
pub fn link_taken(labels: &[String], templates: &[String]) -> String {
    format!("The link brought {}.", brought(labels, templates))
}

fn brought(labels: &[String], templates: &[String]) -> String {
    let some: Vec<String> = labels.iter().take(3).map(|label| quoted(label)).collect();
    let labels = match labels.len() {
        0 => None,
        1 => Some(format!("the label {}", some[0])),
        2 | 3 => Some(format!("the labels {}", some.join(", "))),
        count => Some(format!(
            "{} labels, {} and others",
            number(count),
            some.join(", ")
        )),
    };
    let templates = match templates {
        [] => None,
        [template] => Some(format!("the template {}", quoted(template))),
        templates => Some(format!("{} templates", number(templates.len()))),
    };
    let parts: Vec<String> = labels.into_iter().chain(templates).collect();
    parts.join(" and ")
}

/// The button that takes what a link brings.
pub const USE_LINK: &str = "Use them";
/// What the link's model is called on this page.
pub fn link_model(name: &str) -> String {
    format!("It was made with {name}.")
}

/// The button that takes a link's model.
pub fn use_model(name: &str, size: &str) -> String {
    format!("Use {name} ({size})")
}

/// The link's model is not to be had here.
pub const LINK_MODEL_UNKNOWN: &str =
    "It was made with a model that is not on the list of this page.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote_picture::FetchError;

    fn assert_is_prose(text: &str) {
        assert!(text.ends_with(['.', '?']), "{text}");
        assert!(!text.contains("  ") && !text.contains(".."), "{text}");
    }

    #[test]
    fn every_address_that_is_of_no_use_has_a_sentence_of_its_own() {
        let all = [
            AddressError::Nothing,
            AddressError::NoAddress,
            AddressError::InItself,
            AddressError::OnDevice,
            AddressError::NotSafe,
        ];
        let sentences = all.map(no_picture_address);
        sentences
            .iter()
            .for_each(|sentence| assert_is_prose(sentence));
        let different: std::collections::HashSet<&str> = sentences.into_iter().collect();
        assert_eq!(different.len(), all.len());
    }

    #[test]
    fn every_picture_that_does_not_come_has_a_sentence() {
        let all = [
            FetchError::Offline,
            FetchError::Refused,
            FetchError::Status(404),
            FetchError::Status(403),
            FetchError::Status(429),
            FetchError::Status(500),
            FetchError::WebPage,
            FetchError::OtherKind("application/pdf".to_owned()),
            FetchError::Empty,
            FetchError::TooLarge,
            FetchError::Broken,
            FetchError::Silent,
        ];
        let sentences = all
            .each_ref()
            .map(|trouble| not_from_elsewhere("example.org", trouble));
        sentences
            .iter()
            .for_each(|sentence| assert_is_prose(sentence));
        let different: std::collections::HashSet<&String> = sentences.iter().collect();
        assert_eq!(different.len(), all.len());
    }

    #[test]
    fn what_a_link_brings_is_named() {
        let labels = ["cat", "dog", "bird", "cow"].map(str::to_owned);
        assert_eq!(
            link_taken(&labels, &[]),
            "The link brought 4 labels, “cat”, “dog”, “bird” and others."
        );
        assert_eq!(
            link_taken(&labels[..1], &["a {}".to_owned()]),
            "The link brought the label “cat” and the template “a {}”."
        );
        assert_is_prose(&link_offers(&labels[..2], &[]));
        assert_is_prose(&link_offers(&[], &["{}".to_owned(), "a {}".to_owned()]));
    }

    #[test]
    fn the_map_is_told_in_words() {
        let mut patches = vec![0.0; 64];
        patches[63] = 0.5;
        let why = Why {
            label: "rocket".to_owned(),
            alone: false,
            across: 8,
            patches,
            rest: -0.1,
            kept: [0.0, 0.0, 1.0, 1.0],
        };
        assert_eq!(
            why_in_words(&why),
            "Map of what speaks for “rocket”: most of all at the bottom right."
        );
        assert_eq!(
            why_sum(&why),
            "Its cosine less theirs: +0.400. From the patches: +0.500; of no patch: −0.100."
        );
        assert_is_prose(&about_why(&why));
    }

    #[test]
    fn lengths_are_said_where_they_matter() {
        assert_eq!(link_length(1_000, 2_000), None);
        assert_is_prose(&link_length(3_000, 2_000).unwrap());
        assert_is_prose(&link_too_long(40_000, 32_000));
    }
}
