//! Prompt templates: from a candidate label to the text that is encoded.

/// Stands for the label in a template.
pub const PLACEHOLDER: &str = "{}";

/// The template to use when nobody says otherwise, from the CLIP paper, section 3.1.4, without its
/// final full stop.
pub const DEFAULT: &str = "a photo of a {}";

/// Whether the template has a place for the label. One that has none would make every label the
/// same prompt.
pub fn has_placeholder(template: &str) -> bool {
    template.contains(PLACEHOLDER)
}

/// The prompt for a label: the template with the label at every [`PLACEHOLDER`].
pub fn fill(template: &str, label: &str) -> String {
    template.replace(PLACEHOLDER, label)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn the_label_stands_at_every_placeholder() {
        assert_eq!(fill(DEFAULT, "cat"), "a photo of a cat");
        assert_eq!(fill("{} or no {}", "tea"), "tea or no tea");
    }

    #[test]
    fn braces_in_a_label_stay_as_they_are() {
        assert_eq!(fill("a {}", "{} {0}"), "a {} {0}");
    }

    #[test]
    fn a_template_without_a_place_for_the_label_is_noticed() {
        assert!(has_placeholder(DEFAULT));
        assert!(!has_placeholder("a photo of a { }"));
    }
}
