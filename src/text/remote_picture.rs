//! A picture from another site.

use super::format::{quoted, size};
use crate::remote_picture;
use crate::state::picture_address::{AddressError, MOST_BYTES};

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
}
