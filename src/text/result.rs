//! Sentences about a result: why it is so, what can be taken along of it, and pictures from the camera and from elsewhere.

use super::{number, quoted, size};
use crate::remote_picture;
use crate::state::picture_address::{AddressError, MOST_BYTES};
use crate::state::why::{Place, Why};
use cliplet_protocol::messages::Failure;

// ---- Why ----

/// The button that shows what speaks for the best label.
pub const SHOW_WHY: &str = "Why this label?";
/// The button that takes the map off the picture.
pub const HIDE_WHY: &str = "Hide the map";
/// The field that says which label the map is of.
pub const WHY_LABEL: &str = "Why";
/// While the map is made.
pub const LOOKING_FOR_WHY: &str = "Mapping…";
/// The colour of patches that speak for a label.
pub const FOR: &str = "raised it";
/// The colour of patches that speak against it.
pub const AGAINST: &str = "lowered it";
/// What was cut off.
pub const NOT_LOOKED_AT: &str = "not seen by the model";

/// What the map is and is not.
pub fn about_why(why: &Why) -> String {
    let rather = match why.alone {
        false => "against the other labels",
        true => "against a picture of anything",
    };
    format!(
        "Patches, of {across} by {across}, that raised (orange) or lowered (blue) {} {rather}. Not an object location, nor proof: \
         patches also pass on what others saw.",
        quoted(&why.label),
        across = why.across
    )
}

/// How the map adds up.
pub fn why_sum(why: &Why) -> String {
    let others = match why.alone {
        false => "other labels",
        true => "the neutral prompt",
    };
    let signed = |x: f32| {
        let text = format!("{x:+.3}");
        text.replace('-', "−")
    };
    format!(
        "Margin over {others}: {} (patches {}, rest {}).",
        signed(why.sum()),
        signed(why.of_patches()),
        signed(why.rest)
    )
}

/// The map in words.
pub fn why_in_words(why: &Why) -> String {
    match why.strongest() {
        Some(place) => format!(
            "Map for {}: raised most {}.",
            quoted(&why.label),
            place_in_words(place)
        ),
        None => format!("Map for {}: no patch raised it.", quoted(&why.label)),
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
    format!("The map could not be made: {}", super::because(failure))
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
pub const FROM_ADDRESS: &str = "From a URL";
/// The field for an address.
pub const PICTURE_ADDRESS: &str = "Picture URL";
/// What is told to whom.
pub const ABOUT_ADDRESS: &str = "Your browser downloads it from that site, without cookies, and scores it here. The site must allow cross-site access.";

/// An address that no picture can be fetched from.
pub fn no_picture_address(trouble: AddressError) -> &'static str {
    match trouble {
        AddressError::Nothing => {
            "Type or paste a picture URL, such as https://example.org/cat.jpg."
        }
        AddressError::NoAddress => {
            "That isn’t a picture URL. One looks like https://example.org/cat.jpg."
        }
        AddressError::InItself => {
            "That is a picture’s data, or another page’s own picture, not a URL. Save it, then drop the file here."
        }
        AddressError::OnDevice => {
            "That is a file on this device. Drop the file itself on the page, or choose it."
        }
        AddressError::NotSafe => {
            "A page can download from https addresses only, and from this device. Save the picture, then drop the file here."
        }
    }
}

/// A picture that could not be fetched from elsewhere.
pub fn not_from_elsewhere(host: &str, trouble: &remote_picture::FetchError) -> String {
    use remote_picture::FetchError;
    const SAVE: &str = "Open the picture in a tab of its own, save it, then drop the file here.";
    match trouble {
        FetchError::Offline => {
            "There is no network connection. Choose a picture on this device, or try again later."
                .to_owned()
        }
        FetchError::Refused => {
            format!("{host} does not allow cross-site access, or does not exist. {SAVE}")
        }
        FetchError::Status(404 | 410) => {
            format!("{host} has no picture at this URL. Check the URL.")
        }
        FetchError::Status(401 | 403) => {
            format!("{host} does not share this picture with everybody. {SAVE}")
        }
        FetchError::Status(429) => {
            format!("{host} is busy. Try again in a few minutes.")
        }
        FetchError::Status(status) => {
            format!("{host} answered {status} instead of the picture. Try again later.")
        }
        FetchError::WebPage => format!(
            "That URL is a web page of {host}, not a picture. Copy the URL of the picture itself: most browsers have that in its \
             context menu."
        ),
        FetchError::OtherKind(kind) => format!(
            "That URL is {}, not a picture. Use the URL of a picture.",
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
pub const NO_RESULT: &str = "There is no result yet. Open a picture and add labels.";
/// The file of the result's picture could not be made.
pub const NO_RESULT_PICTURE: &str =
    "The browser could not draw the picture of the result. Take a screenshot instead.";
/// What a link has in it.
pub const ABOUT_LINK: &str = "It carries your labels, the prompt template and the model, never the picture. Everything follows the #, which is never sent to a \
    server.";
/// What a snippet does.
pub const ABOUT_SNIPPET: &str = "It shows this classifier in your page. Readers open a picture, or you name one with image=\"…\".";
/// A label with a comma in it.
pub const COMMAS_PART: &str =
    "Commas separate labels there, so a label with a comma in it becomes two.";
/// Labels with prompts of their own.
pub const PROMPTS_STAY: &str = "Labels’ own prompts are not included.";
/// Templates that are too long together.
pub const TEMPLATES_STAY: &str = "Your templates are too long and are not included.";
/// The model is of this device.
pub const MODEL_STAYS: &str =
    "The model comes from files on this device, so the link can’t include it.";
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
            "Map for “rocket”: raised most at the bottom right."
        );
        assert_eq!(
            why_sum(&why),
            "Margin over other labels: +0.400 (patches +0.500, rest −0.100)."
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
