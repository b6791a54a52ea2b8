//! Scores of a picture.

use cliplet_protocol::catalogue::ModelEntry;
use cliplet_protocol::messages::Failure;

use super::failures::because;
use super::format::{number, percent};

/// While the engine encodes the picture.
pub const READING_PICTURE: &str = "Reading the picture";
/// While there is a picture and no model.
pub const WAITING_FOR_MODEL: &str = "Waiting for the model";

/// How many prompts are encoded.
pub fn labels_read(done: u32, total: u32) -> String {
    format!(
        "{} of {} read",
        number(done as usize),
        number(total as usize)
    )
}

/// Scores that could not be had.
pub fn not_scored(failure: &Failure) -> String {
    match failure {
        Failure::OutOfMemory { .. } => {
            "There is not enough memory to score this picture. Close other tabs, or use fewer labels.".to_owned()
        }
        other => format!("The picture could not be scored: {}", because(other)),
    }
}

/// Where the scores come from, as long as they come from the preview.
pub const BY_THE_STARTER: &str =
    "By the small starter model: good on everyday things and animals, weak on people and scenes.";

/// What comes after the preview.
pub fn better_scores(wanted: &ModelEntry) -> String {
    format!("{} will replace these scores once downloaded.", wanted.name)
}

/// What a screen reader hears when scores have settled: `best` first, at most three.
pub fn result(best: &[(String, f32)], preview: bool) -> String {
    let preview = if preview { "Preview. " } else { "" };
    match best {
        [] => String::new(),
        [(label, score)] => format!("{preview}{label}: {}.", percent(*score)),
        [(label, score), rest @ ..] => {
            let rest: Vec<String> = rest
                .iter()
                .map(|(label, score)| format!("{label}, {}", percent(*score)))
                .collect();
            format!(
                "{preview}Best fit: {label}, {}. Then {}.",
                percent(*score),
                rest.join("; ")
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::test_support::{assert_is_prose, every_failure};

    #[test]
    fn every_failure_of_scoring_is_a_sentence() {
        for failure in every_failure() {
            assert_is_prose(&not_scored(&failure));
        }
    }

    #[test]
    fn results_are_told_in_words() {
        assert_eq!(labels_read(37, 1_000), "37 of 1,000 read");
        let best = [
            ("cat".to_owned(), 0.83),
            ("dog".to_owned(), 0.12),
            ("cup".to_owned(), 0.05),
        ];
        assert_eq!(
            result(&best, false),
            "Best fit: cat, 83%. Then dog, 12%; cup, 5.0%."
        );
        assert_eq!(result(&best[..1], true), "Preview. cat: 83%.");
    }
}
