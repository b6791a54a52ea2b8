//! What the tests of several topics share.

use cliplet_protocol::messages::Failure;

/// Every failure there is. The match has no arm for the rest, so a new failure does not compile
/// until it is here.
pub fn every_failure() -> Vec<Failure> {
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
        Failure::OutOfMemory { wanted: None },
        Failure::EmptyPicture,
        Failure::UnreadablePicture,
        Failure::UnsupportedPicture {
            what: "a PDF document, not a picture".to_owned(),
            advice: "Save its page as JPEG or PNG, and use that".to_owned(),
        },
        Failure::NoDecoder,
        Failure::HiddenPixels,
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
            | Failure::OutOfMemory { .. }
            | Failure::EmptyPicture
            | Failure::UnreadablePicture
            | Failure::UnsupportedPicture { .. }
            | Failure::NoDecoder
            | Failure::HiddenPixels
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

/// Fails unless this is a sentence that shows nothing of what it was made from.
pub fn assert_is_prose(text: &str) {
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
