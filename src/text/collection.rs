//! What a person reads about many pictures.

use cliplet_protocol::messages::Failure;

use super::failures::because;
use super::format::{number, percent, quoted, sentence};
use crate::state::collection::{Progress, Standing};

/// The button that asks for a folder.
pub const CHOOSE_FOLDER: &str = "Choose a folder";
/// The way back from one picture to all.
pub const ALL_PICTURES: &str = "All pictures";
/// What stands in the search field.
pub const SEARCH: &str = "Search these pictures with words";
/// Nothing passes the filter.
pub const NONE_SHOWN: &str = "No matching pictures.";
/// In a line, where more can be found.
pub const KEPT_HERE: &str = "Small previews are kept on this device only";
/// The same where the person has switched that off.
pub const NOTHING_KEPT_HERE: &str = "No previews are kept for the next visit";
/// What is kept, and the switch beside it.
pub const KEEP: &str = "Keep small previews on this device";
/// What that means.
pub const ABOUT_KEEPING: &str = "Small previews of your pictures, and the numbers that the model made of them, are kept in this browser \
                                 on this device only, so that the next visit can search them at once. So are the classes that they are examples \
                                 of. The pictures themselves are not kept.";
/// The question before all that is kept goes.
pub const DELETE_QUESTION: &str = "Delete all previews and numbers that are kept, and what they are examples of? This cannot be undone. Your \
                                   pictures stay where they are.";
/// It is gone.
pub const DELETED: &str = "All stored picture data deleted.";
/// The browser gives no room.
pub const NO_ROOM: &str = "The browser has no more room: further pictures are shown and searched now, but not kept for the next visit. Delete \
                           models or pictures that you do not need.";
/// The store cannot be had.
pub const NOT_KEPT: &str = "Nothing can be kept for the next visit: this browser has no room for it, or another tab has it open.";
/// Only the preview of a picture is there.
pub const ONLY_PREVIEW: &str =
    "Only this small preview is kept, and scored. Drop the picture again to see all of it.";
/// A folder without pictures.
pub const NO_PICTURES: &str =
    "There is no picture in it. Choose a folder with JPEG, PNG, WebP, GIF or AVIF files.";
/// What the examples of classes are for.
pub const ABOUT_TEACHING: &str = "Select pictures, name their class, and do so for at least one more class. A linear probe then learns to tell \
                                  the classes apart, and can answer in the place of the labels.";
/// The labels answer.
pub const BY_LABELS: &str = "Labels";
/// The probe answers.
pub const BY_EXAMPLES: &str = "Examples";
/// Heading of the classes that stand in the place of labels.
pub const CLASSES: &str = "Classes from examples";
/// What is said below it.
pub const ABOUT_CLASSES: &str = "These scores come from a linear probe, which has learnt from examples. Your labels are as they were.";
/// The list of words could not be fetched.
pub const NO_VOCABULARY: &str =
    "The list of words could not be downloaded. Check the connection, and try again.";
/// What was taken out is there again.
pub const PUT_BACK: &str = "Restored.";
/// No label fits a picture.
pub const NONE_FITS: &str = "None of these";
/// The field for where words for a picture come from.
pub const WORDS_FROM: &str = "Best words from";
/// The person's labels, among other lists of words.
pub const YOUR_LABELS: &str = "Your labels";
/// Nothing can be said of a picture that the model has not seen.
pub const PICTURE_NOT_READ: &str =
    "The model has not read this picture yet. Try again when it has.";
/// What is checked.
pub const CHECKS_LABELS: &str = "With your labels";
/// The same.
pub const CHECKS_PROBE: &str = "With the linear probe: scores on training pictures are optimistic";
/// How to read a confusion matrix.
pub const ABOUT_CONFUSION: &str = "Rows: actual. Columns: predicted.";
/// The browser did not take a file.
pub const NOT_SAVED: &str = "The browser did not save the file. Try again.";
/// What is kept, as the subject of a sentence.
pub const PREVIEWS: &str = "What is kept of your pictures";
/// No picture has a class.
pub const NOTHING_TO_CHECK: &str = "To check labels, drop a folder with a folder for each class in it: its name says what the pictures in it are.";
/// What a check is.
pub const ABOUT_CHECK: &str = "The names of the folders say what the pictures are. This is how often the top label matches the folder.";

/// How many pictures there are.
pub fn count(pictures: usize) -> String {
    match pictures {
        1 => "1 picture".to_owned(),
        _ => format!("{} pictures", number(pictures)),
    }
}

/// How far reading has come.
pub fn progress(progress: Progress, paused: bool) -> String {
    if progress.goes_on() {
        let verb = if paused { "Paused at" } else { "Reading" };
        return format!(
            "{verb} {} of {}",
            number(progress.done),
            number(progress.all)
        );
    }
    let mut text = count(progress.all);
    if progress.failed > 0 {
        text.push_str(&format!(", {} unreadable", number(progress.failed)));
    }
    if progress.incomplete > 0 {
        text.push_str(&format!(", {} incomplete", number(progress.incomplete)));
    }
    if progress.unread > 0 {
        text.push_str(&format!(
            ", {} not read by this model",
            number(progress.unread)
        ));
    }
    text
}

/// All have been read.
pub fn all_read(progress: Progress) -> String {
    match progress.failed {
        0 => format!("{} read.", count(progress.all)),
        failed => format!(
            "{} read, {} unreadable.",
            count(progress.all - failed),
            number(failed)
        ),
    }
}

/// Before the class that a picture of the grid is an example of.
pub const EXAMPLE_OF: &str = ", an example of ";

/// What a picture of the grid is called, before its label and score where there are any.
pub fn item(name: &str, standing: &Standing, has_label: bool) -> String {
    let said = match standing {
        Standing::Failed(why) => why,
        _ if has_label => return format!("{name}: "),
        Standing::Waiting | Standing::UnderWay => "waiting",
        Standing::Unread => "not read by this model",
        Standing::Read => return name.to_owned(),
    };
    format!("{name}: {said}")
}

/// Files that were left out.
pub fn left_out(files: usize) -> String {
    match files {
        1 => "Skipped 1 file that is not a picture.".to_owned(),
        _ => format!("Skipped {} files that are not pictures.", number(files)),
    }
}

/// More than can be taken.
pub fn too_many(most: usize) -> String {
    format!(
        "Cliplet takes at most {} pictures. The others were left out.",
        number(most)
    )
}

/// A folder or a file in it could not be read.
pub fn not_walked(name: &str) -> String {
    format!(
        "{} could not be read. It may have been moved, or the browser may not be allowed to read it.",
        quoted(name)
    )
}

/// The offer of what is kept from the last visit.
pub fn open_kept(pictures: usize) -> String {
    format!("Open the {} of your last visit", count(pictures))
}

/// The offer of what was closed just now.
pub fn open_again(pictures: usize) -> String {
    format!("Back to the {}", count(pictures))
}

/// The offer of what is kept beside what is open.
pub fn open_others(pictures: usize) -> String {
    format!("Add the {} of earlier visits", count(pictures))
}

/// A label and how many pictures it fits best.
pub fn with_count(label: &str, count: usize) -> String {
    format!("{label} ({})", number(count))
}

/// The button behind a label that shows only the pictures that it fits best.
pub fn only_of(label: &str, count: usize) -> String {
    match count {
        1 => format!("1 picture of {label}, show it alone"),
        count => format!("{} pictures of {label}, show them alone", number(count)),
    }
}

/// A set of words was deleted meanwhile.
pub fn set_is_gone(name: &str) -> String {
    format!(
        "The set {} is not there any more. Choose another.",
        quoted(name)
    )
}

/// An order by the score of one label.
pub fn by_score_of(label: &str) -> String {
    format!("By the score of {}", quoted(label))
}

/// Where a picture stands among others, from 0 on.
pub fn place(at: usize, count: usize) -> String {
    format!("{} of {}", number(at + 1), number(count))
}

/// How many pictures are selected.
pub fn selected(pictures: usize) -> String {
    match pictures {
        0 => "None selected".to_owned(),
        _ => format!("{} selected", number(pictures)),
    }
}

/// Pictures were taken out.
pub fn taken_out(pictures: usize) -> String {
    match pictures {
        1 => "Removed 1 picture.".to_owned(),
        _ => format!("Removed {} pictures.", number(pictures)),
    }
}

/// Reading was cancelled.
pub fn not_read(pictures: usize) -> String {
    match pictures {
        1 => "1 picture was not read.".to_owned(),
        _ => format!("{} pictures were not read.", number(pictures)),
    }
}

/// Examples of some classes are examples of others now.
pub fn taught_otherwise(pictures: usize) -> String {
    match pictures {
        1 => "1 picture was an example of another class.".to_owned(),
        _ => format!(
            "{} pictures were examples of other classes.",
            number(pictures)
        ),
    }
}

/// A class was taken out.
pub fn class_taken_out(name: &str) -> String {
    format!("Removed the class {}.", quoted(name))
}

/// What the pictures are compared with.
pub fn similar_to(name: &str) -> String {
    format!("Similar to {}", quoted(name))
}

/// A search that cannot be answered, or labels that cannot be asked.
pub fn not_asked(failure: &Failure) -> String {
    match failure {
        Failure::NoModel => {
            "There is no model yet. Scores appear as soon as it is ready.".to_owned()
        }
        other => format!("The pictures could not be compared: {}", because(other)),
    }
}

/// A probe that cannot be had.
pub fn no_probe(failure: &Failure) -> String {
    match failure {
        Failure::UnusableProbe { reason } => sentence(reason),
        Failure::NoModel => "There is no model yet. Try again when it is here.".to_owned(),
        other => format!("The linear probe cannot be used: {}", because(other)),
    }
}

/// The model has changed, and the probe is for another.
pub fn probe_of_other(model: &str) -> String {
    format!(
        "The linear probe was made with the model {}. Train it again with this one, or go back to that model. Labels are used until then.",
        quoted(model)
    )
}

/// What a probe has learnt from, and how good it is.
pub fn probe(examples: usize, tried: Option<(u32, u32)>, milliseconds: u32) -> String {
    let learnt = match milliseconds {
        0 => format!("Trained on {}.", count(examples)),
        _ => format!("Trained on {} in {milliseconds} ms.", count(examples)),
    };
    match tried {
        Some((correct, all)) => format!(
            "{learnt} Cross-validated accuracy: {} of {} ({}).",
            number(correct as usize),
            number(all as usize),
            percent(correct as f32 / all.max(1) as f32)
        ),
        None => format!(
            "{learnt} With two examples of each class, its accuracy could be cross-validated."
        ),
    }
}

/// A share in percent.
pub fn share(share: f64) -> String {
    percent(share as f32)
}

/// What came of a check, in words.
pub fn checked(accuracy: f64, pictures: usize) -> String {
    format!("Accuracy: {} of {}.", share(accuracy), count(pictures))
}

/// Folders that no label is called after.
pub fn unmatched(folders: &[&str]) -> String {
    const SHOWN: usize = 8;
    let mut names: Vec<String> = folders
        .iter()
        .take(SHOWN)
        .map(|name| quoted(name))
        .collect();
    if folders.len() > SHOWN {
        names.push(format!("{} more", number(folders.len() - SHOWN)));
    }
    let names = names.join(", ");
    match folders.len() {
        1 => {
            format!("No label is called after the folder {names}, so its pictures are not counted.")
        }
        _ => format!(
            "No labels are called after these folders, so their pictures are not counted: {names}."
        ),
    }
}

/// The labels are those of the folders now.
pub const LABELS_OF_FOLDERS: &str = "The names of the folders are your labels now.";

/// What was a picture, and what was it taken for.
pub fn mistake(right: &str, told: &str, score: f32) -> String {
    format!("{} → {}, {}", quoted(right), quoted(told), percent(score))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_says_what_there_is_to_say() {
        let at = |all, done, failed, unread| Progress {
            all,
            done,
            failed,
            unread,
            incomplete: 0,
        };
        assert_eq!(progress(at(2_000, 12, 0, 0), false), "Reading 12 of 2,000");
        assert_eq!(progress(at(2_000, 12, 0, 0), true), "Paused at 12 of 2,000");
        assert_eq!(progress(at(1, 1, 0, 0), false), "1 picture");
        assert_eq!(
            progress(at(5, 4, 2, 1), false),
            "5 pictures, 2 unreadable, 1 not read by this model"
        );
        let cut = Progress {
            incomplete: 3,
            ..at(5, 5, 1, 0)
        };
        assert_eq!(
            progress(cut, false),
            "5 pictures, 1 unreadable, 3 incomplete"
        );
    }

    #[test]
    fn failures_are_sentences() {
        for failure in [
            Failure::NoModel,
            Failure::UnknownPicture,
            Failure::NoRoom { missing: None },
            Failure::UnusableProbe {
                reason: "A linear probe needs at least two classes".to_owned(),
            },
            Failure::ProbeOfOtherModel {
                model: "starter".to_owned(),
            },
        ] {
            for text in [not_asked(&failure), no_probe(&failure)] {
                assert!(text.ends_with('.') && !text.contains(".."), "{text}");
                assert!(!text.contains('{'), "{text}");
            }
        }
    }

    #[test]
    fn a_picture_is_called_by_its_name_and_what_is_said_of_it() {
        assert_eq!(item("a.jpg", &Standing::Read, true), "a.jpg: ");
        assert_eq!(item("a.jpg", &Standing::Read, false), "a.jpg");
        assert_eq!(item("a.jpg", &Standing::Waiting, false), "a.jpg: waiting");
        let why = Standing::Failed("It is empty.".to_owned());
        assert_eq!(item("a.jpg", &why, true), "a.jpg: It is empty.");
    }
}
