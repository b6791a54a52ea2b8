//! Labels as a tool, templates and scores, in words.

use super::format::{number, percent, quoted};
use crate::state::history::{Change, Which};
use crate::state::label_sets::{Fault, LONGEST_NAME, MOST_SETS};

/// About the field that adds labels.
pub const HOW_TO_ADD: &str =
    "Enter or a comma adds it. A colon and a space begin prompts of its own.";

/// What was changed, as it stands behind "Undo" and "Redo".
fn change(change: &Change) -> String {
    let which = |which: &Which| match which {
        Which::One(label) if label.is_empty() => "an empty label".to_owned(),
        Which::One(label) => quoted(label),
        Which::Many(count) => format!("{} labels", number(*count)),
    };
    match change {
        Change::Added(labels) => format!("adding {}", which(labels)),
        Change::Removed(labels) => format!("removing {}", which(labels)),
        Change::Emptied(_, label) => format!("removing {}", which(&Which::One(label.clone()))),
        Change::Replaced => "replacing all labels".to_owned(),
        Change::Edited(_, label) => format!("editing {}", which(&Which::One(label.clone()))),
        Change::Moved(_, label) => format!("moving {}", quoted(label)),
        Change::Switched(label) => format!("switching {}", quoted(label)),
        Change::Template => "editing the template".to_owned(),
        Change::Scoring => "changing the scores".to_owned(),
    }
}

/// What the button does that takes a change back.
pub fn undo(last: &Change) -> String {
    format!("Undo {}", change(last))
}

/// What the button does that makes a change again.
pub fn redo(next: &Change) -> String {
    format!("Redo {}", change(next))
}

/// A change was taken back.
pub fn undone(last: &Change) -> String {
    format!("Undone: {}.", change(last))
}

/// A change was made again.
pub fn redone(next: &Change) -> String {
    format!("Redone: {}.", change(next))
}

/// A label was moved to a place, of so many.
pub fn moved(label: &str, place: usize, all: usize) -> String {
    format!("{}, {} of {}.", quoted(label), number(place), number(all))
}

/// A label was moved in the person's order, which is not the one on screen.
pub fn moved_out_of_sight(label: &str) -> String {
    format!(
        "{} was moved in your order, and the list shows the best first.",
        quoted(label)
    )
}
/// The button that shows labels in the person's order.
pub const SHOW_MY_ORDER: &str = "Show my order";

/// A label was switched off, or on again.
pub fn switched(label: &str, off: bool) -> String {
    if off {
        format!("{} is off and won’t be scored.", quoted(label))
    } else {
        format!("{} is on again.", quoted(label))
    }
}

/// So many of the labels are switched off.
pub fn off_count(count: usize) -> String {
    format!(", {} off", number(count))
}

/// How far a prompt is read, in tokens.
pub fn tokens(tokens: u32, context: u32, cut: bool) -> String {
    if cut {
        format!("truncated at {tokens} tokens, the model’s limit")
    } else {
        format!("{tokens} of {context} tokens")
    }
}
/// What stands above a label's prompts.
pub fn prompts_heading(count: usize) -> String {
    match count {
        1 => "What the model reads".to_owned(),
        count => format!(
            "What the model reads: the mean of {} prompts",
            number(count)
        ),
    }
}

/// How well a label fits by itself.
pub fn cosine_of(cosine: f32) -> String {
    format!("Cosine with the picture: {}", cosine_digits(cosine))
}

/// A cosine with as many digits as scores need.
pub fn cosine_digits(cosine: f32) -> String {
    format!("{cosine:.3}").replace('-', "−")
}

/// None of the labels fits.
pub fn none_fits(best: &str, fit: f32, neutral: &str) -> String {
    format!(
        "None of these fits. The best, {}, gets {} against {}.",
        quoted(best),
        percent(fit),
        quoted(neutral)
    )
}
/// The same, as a result is told.
pub const NONE_FITS: &str = "None of these fits.";

/// What scores are and what they are not, in short.
pub const ABOUT_SCORES: &str = "Cosine measures how closely picture and label match; its size differs between models. Compared \
     with each other, labels share 100%: that ranks them, and can’t say whether any fits. Each for itself, a label above 50% \
     fits better than the neutral prompt. Scores aren’t probabilities of being right: try your labels on pictures whose answer \
     you know.";
/// What the temperature does.
pub const ABOUT_TEMPERATURE: &str =
    "1 is as the model was trained. Higher evens scores out; lower favours the top label.";
/// What the threshold means.
pub fn about_threshold(threshold: f32, neutral: &str) -> String {
    format!(
        "None of the labels fits where the best gets less than {} against {}, a prompt that names nothing in the picture.",
        percent(threshold),
        quoted(neutral)
    )
}

/// How scores are made, beside the heading of what changes that.
pub fn scoring_in_short(
    independent: bool,
    temperature: f32,
    none: bool,
    own_order: bool,
) -> String {
    let mut short = if independent {
        "each for itself".to_owned()
    } else {
        "compared with each other".to_owned()
    };
    if (temperature - 1.0).abs() > 1e-3 {
        short += &format!(", temperature {}", temperature_digits(temperature));
    }
    if none {
        short += ", or none of these";
    }
    if own_order {
        short += ", in my order";
    }
    short
}

/// A temperature as people read it.
pub fn temperature_digits(temperature: f32) -> String {
    let digits = format!("{temperature:.2}");
    digits
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_owned()
}

/// So many templates are in force.
pub fn template_count(count: usize) -> String {
    format!("{} templates, averaged", number(count))
}
/// What can be written into the field for templates.
pub const TEMPLATE_HINT: &str = "{} is the label. Several templates, one a line, are averaged.";
/// CLIP's templates could not be fetched.
pub const NO_TEMPLATES: &str =
    "The 80 templates could not be downloaded. Check the connection, then try again.";

/// A set took the place of the labels.
pub fn set_loaded(name: &str) -> String {
    format!("Loaded {}.", quoted(name))
}
/// A ready set's file did not come.
pub fn set_not_fetched(name: &str) -> String {
    format!(
        "The labels of {} could not be downloaded. Check the connection, then try again.",
        quoted(name)
    )
}
/// The list of ready sets did not come.
pub const NO_READY_SETS: &str =
    "The list of ready sets could not be downloaded. Check the connection.";
/// A set is kept.
pub fn set_saved(name: &str, replaced: bool) -> String {
    if replaced {
        format!(
            "Saved {}, replacing the earlier set of that name.",
            quoted(name)
        )
    } else {
        format!("Saved {} in this browser.", quoted(name))
    }
}
/// A set was deleted.
pub fn set_deleted(name: &str) -> String {
    format!("Deleted {}.", quoted(name))
}
/// A set has another name.
pub fn set_renamed(old: &str, new: &str) -> String {
    format!("Renamed {} to {}.", quoted(old), quoted(new))
}
/// What was done with sets was taken back.
pub const SETS_AS_BEFORE: &str = "Change undone.";
/// A set has no labels.
pub const NOTHING_TO_SAVE: &str = "There are no labels to save. Add some first.";
/// The browser kept nothing.
pub const NO_ROOM_FOR_SETS: &str =
    "Not saved: this browser gives the page too little room. Delete a set, then try again.";
/// No sets yet.
pub const NO_OWN_SETS: &str = "None yet. Save your labels and templates under a name.";

/// A set cannot have this name.
pub fn set_fault(fault: Fault, name: &str) -> String {
    match fault {
        Fault::Empty => "A set needs a name. Type one, then try again.".to_owned(),
        Fault::Long => {
            format!("That name is too long. Take one of at most {LONGEST_NAME} characters.")
        }
        Fault::Taken => format!(
            "There is a set {} already. Choose another name.",
            quoted(name)
        ),
        Fault::Full => {
            format!("{MOST_SETS} sets are kept, which is all there is room for. Delete one first.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_is_prose(text: &str) {
        assert!(text.ends_with('.'), "{text}");
        let first = text.chars().next().unwrap();
        assert!(
            first.is_uppercase() || first.is_ascii_digit() || first == '“',
            "{text}"
        );
        assert!(!text.contains("  ") && !text.contains(".."), "{text}");
    }

    #[test]
    fn every_change_is_told_in_words() {
        let cat = || "cat".to_owned();
        for (change, words) in [
            (Change::Added(Which::Many(1_000)), "adding 1,000 labels"),
            (Change::Removed(Which::One(cat())), "removing “cat”"),
            (Change::Emptied(1, cat()), "removing “cat”"),
            (Change::Edited(1, String::new()), "editing an empty label"),
            (Change::Replaced, "replacing all labels"),
        ] {
            assert_eq!(undo(&change), format!("Undo {words}"));
            assert_eq!(redo(&change), format!("Redo {words}"));
            assert_is_prose(&undone(&change));
            assert_is_prose(&redone(&change));
        }
    }

    #[test]
    fn what_goes_wrong_with_sets_says_what_to_do() {
        for fault in [Fault::Empty, Fault::Long, Fault::Taken, Fault::Full] {
            assert_is_prose(&set_fault(fault, "birds"));
        }
        for text in [
            NO_ROOM_FOR_SETS,
            NOTHING_TO_SAVE,
            NO_READY_SETS,
            NO_TEMPLATES,
        ] {
            assert_is_prose(text);
        }
        assert_is_prose(&set_not_fetched("Food-101"));
    }

    #[test]
    fn how_scores_are_made_is_said_in_short() {
        assert_eq!(
            scoring_in_short(false, 1.0, false, false),
            "compared with each other"
        );
        assert_eq!(
            scoring_in_short(true, 2.5, true, true),
            "each for itself, temperature 2.5, or none of these, in my order"
        );
        assert_eq!(temperature_digits(10.0), "10");
        assert_eq!(tokens(8, 77, false), "8 of 77 tokens");
        assert!(tokens(77, 77, true).starts_with("truncated at 77 tokens"));
    }
}
