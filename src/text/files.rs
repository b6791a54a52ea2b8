//! Model files that the browser keeps.

use cliplet_protocol::messages::{Failure, StoredFile};

use super::failures::because;
use super::format::{megabytes, part, size};
use crate::state::kept::Kept;

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
    let again = if file.whole {
        "It will be downloaded again when it is needed."
    } else {
        "The part that has arrived will be downloaded again when it is needed."
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
    let how_long = if kept.persistent {
        "The browser keeps models until you delete them."
    } else {
        "The browser may delete models when it runs out of room."
    };
    format!("{room}{how_long}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::test_support::{assert_is_prose, every_failure};

    #[test]
    fn every_failure_of_deleting_is_a_sentence() {
        for failure in every_failure() {
            assert_is_prose(&not_deleted("LAION ViT-B/32", &failure));
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
}
