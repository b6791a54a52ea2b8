//! The list of labels, and the template of their prompts.
//!
//! What can be done with a label is in [`labels`](super::labels).

use super::format::{number, quoted};
use crate::state::template;

/// How many labels there are.
pub fn label_count(count: usize) -> String {
    match count {
        0 => "none yet".to_owned(),
        1 => "1 label".to_owned(),
        count => format!("{} labels", number(count)),
    }
}

/// No labels.
pub const NO_LABELS: &str = "Add the words that might fit the picture.";
/// One label.
pub const ONE_LABEL: &str = "A single label always gets 100%. Add others to compare.";
/// A label whose prompt was too long.
pub const CUT: &str = "Too long: its end is ignored";
/// A label that is in the list twice.
pub const REPEATED: &str = "Already in the list";

/// What came of adding labels, where that needs saying.
pub fn labels_added(repeated: &[String], left_out: usize, most: usize) -> Option<String> {
    let mut said = Vec::new();
    match repeated {
        [] => {}
        [label] => said.push(format!("{} is in the list already.", quoted(label))),
        labels => said.push(format!(
            "{} labels are in the list already.",
            number(labels.len())
        )),
    }
    if left_out > 0 {
        let were = if left_out == 1 {
            "1 label was".to_owned()
        } else {
            format!("{} were", number(left_out))
        };
        said.push(format!(
            "The list holds {} labels; {were} left out.",
            number(most)
        ));
    }
    (!said.is_empty()).then(|| said.join(" "))
}

/// Labels were taken out.
pub fn labels_removed(labels: &[String]) -> String {
    match labels {
        [label] if label.is_empty() => "Removed an empty label.".to_owned(),
        [label] => format!("Removed {}.", quoted(label)),
        labels => format!("Removed {} labels.", number(labels.len())),
    }
}

/// The button to take a change back.
pub const UNDO: &str = "Undo";
/// A sample's labels took the place of others.
pub const LABELS_REPLACED: &str = "Using the sample’s labels.";
/// A sample was chosen, and the person's labels were left alone.
pub const LABELS_LEFT: &str = "Your labels were left as they are.";
/// The button that takes a sample's labels.
pub const USE_SAMPLE_LABELS: &str = "Use this sample’s labels";

/// What is wrong with the prompt templates; those that stay in force are given.
pub fn template_fault(fault: template::Fault, in_force: &[String]) -> String {
    let stays = match in_force {
        [one] => format!("{} is used until then.", quoted(one)),
        several => format!(
            "the previous {} are used until then.",
            number(several.len())
        ),
    };
    match fault {
        template::Fault::Empty => format!("The template is empty. Type one; {stays}"),
        template::Fault::NoPlace => {
            format!("{{}} is missing: it says where the label goes. Add it; {stays}")
        }
        template::Fault::NoPlaceInLine(line) => format!(
            "{{}} is missing in line {}: it says where the label goes. Add it; {stays}",
            number(line)
        ),
        template::Fault::TooMany(count) => format!(
            "There are {} templates, and {} can be used. Remove some; {stays}",
            number(count),
            number(template::MOST)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_of_adding_is_told_only_where_it_matters() {
        assert_eq!(labels_added(&[], 0, 5), None);
        assert_eq!(
            labels_added(&["cat".to_owned()], 0, 5).unwrap(),
            "“cat” is in the list already."
        );
        assert_eq!(
            labels_added(&["a".to_owned(), "b".to_owned()], 3, 5_000).unwrap(),
            "2 labels are in the list already. The list holds 5,000 labels; 3 were left out."
        );
    }

    #[test]
    fn faults_of_the_template_say_what_stays() {
        let one = ["a photo of a {}".to_owned()];
        for fault in [
            template::Fault::Empty,
            template::Fault::NoPlace,
            template::Fault::NoPlaceInLine(3),
            template::Fault::TooMany(1_000),
        ] {
            let text = template_fault(fault, &one);
            assert!(
                text.contains("“a photo of a {}” is used until then."),
                "{text}"
            );
            let several = [one.clone(), one.clone()].concat();
            assert!(
                template_fault(fault, &several).contains("the previous 2 are used until then.")
            );
        }
        assert!(template_fault(template::Fault::NoPlace, &one).contains("{} is missing"));
    }
}
