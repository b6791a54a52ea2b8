//! Opening one picture.

use cliplet_protocol::messages::Failure;

use super::failures::because;
use super::format::{number, quoted};

/// Where a picture came from, for the sentences about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureSource {
    /// Dropped on the page.
    Dropped,
    /// From the clipboard.
    Pasted,
}

/// The invitation, where there is a mouse.
pub const DROP_A_PICTURE: &str = "Drop a picture";
/// The invitation to a finger, and the name of the field for files.
pub const CHOOSE_A_PICTURE: &str = "Choose a picture";
/// What comes of it.
pub const WHICH_FITS: &str = "and see which of the labels fits it best.";
/// Other ways to bring one.
pub const CLICK_OR_PASTE: &str = "Or click to choose one, or paste it.";
/// Over the page, while a picture is held above it.
pub const DROP_IT: &str = "Drop the picture";
/// The button for another picture in the place of this one.
pub const CHOOSE_ANOTHER: &str = "Choose another";
/// The button that shows where else pictures come from.
pub const MORE_SOURCES: &str = "More";
/// Over the samples.
pub const TRY_A_SAMPLE: &str = "Or try one of these";

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

/// While a file is decoded.
pub fn opening(name: &str) -> String {
    format!("Opening {}", quoted(name))
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
        Failure::HiddenPixels => format!(
            "This browser hides what is in {name} from web pages, as a protection against fingerprinting, and Cliplet \
             has no decoder of its own for it. Save it as JPEG or PNG, or allow this site to read canvases."
        ),
        Failure::PictureTooLarge { width, height } => format!(
            "{name} is too large: {} by {} pixels. Make it smaller and try again.",
            number(*width as usize),
            number(*height as usize)
        ),
        Failure::OutOfMemory { .. } => {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::test_support::{assert_is_prose, every_failure};

    #[test]
    fn every_failure_of_a_picture_is_a_sentence_that_names_it() {
        for failure in every_failure() {
            let text = picture_refused("holiday.jpg", &failure);
            assert_is_prose(&text);
            assert!(text.contains("“holiday.jpg”"), "{text}");
        }
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
    fn long_names_are_cut_in_the_middle() {
        let name = format!("{}.jpg", "ä".repeat(200));
        let text = picture_refused(&name, &Failure::EmptyPicture);
        assert!(
            text.chars().count() < 130 && text.contains("….") || text.contains("…ä"),
            "{text}"
        );
        assert!(text.contains(".jpg”"));
    }
}
