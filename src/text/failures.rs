//! Reasons why something failed, as ends of sentences.

use cliplet_protocol::messages::Failure;

use super::format::{number, part, quoted, sentence, size};

/// A reason that ends a sentence.
pub(super) fn because(failure: &Failure) -> String {
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
        Failure::OutOfMemory { wanted: None } => {
            "there is not enough memory. Close other tabs and try again.".to_owned()
        }
        Failure::OutOfMemory { wanted: Some(bytes) } => format!(
            "it takes {} of memory, more than this browser gives. Choose a smaller model, or close other tabs and try \
             again.",
            size(*bytes)
        ),
        Failure::EmptyPicture => "the file has no bytes.".to_owned(),
        Failure::UnreadablePicture => "the file is not a picture that can be read.".to_owned(),
        Failure::UnsupportedPicture { what, advice } => format!("the file is {what}. {advice}."),
        Failure::NoDecoder => {
            "the part of Cliplet that reads it could not be downloaded. Check the network and try again."
                .to_owned()
        }
        Failure::HiddenPixels => "the browser hides its pixels, as a protection against fingerprinting. Save it as JPEG \
             or PNG, or allow this site to read canvases."
            .to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_model_without_room_in_memory_says_how_much_it_takes() {
        let wanted = Some(303_810_560);
        let text = because(&Failure::OutOfMemory { wanted });
        assert!(text.contains("304 MB of memory"), "{text}");
        assert!(text.contains("a smaller model"), "{text}");
    }
}
