//! Exporting a result, and links that bring labels, templates and a model.

use super::format::{number, quoted};

/// The button, and the dialogue's name.
pub const SHARE: &str = "Share";
/// No result can be taken along yet.
pub const NO_RESULT: &str = "There is no result yet. Open a picture and add labels.";
/// The file of the result's picture could not be made.
pub const NO_RESULT_PICTURE: &str =
    "The browser could not draw the picture of the result. Take a screenshot instead.";
/// The same where the browser gives pages noise in the place of what they draw.
pub const RESULT_PICTURE_HIDDEN: &str = "This browser lets no web page save what it draws, as a protection against fingerprinting. \
    Allow this site to read canvases, or take a screenshot.";
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
    use crate::text::test_support::assert_is_prose;

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
    fn lengths_are_said_where_they_matter() {
        assert_eq!(link_length(1_000, 2_000), None);
        assert_is_prose(&link_length(3_000, 2_000).unwrap());
        assert_is_prose(&link_too_long(40_000, 32_000));
    }
}
