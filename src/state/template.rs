//! The prompt templates: the sentences a label stands in when the model reads it.

use cliplet_protocol::text;

pub use cliplet_protocol::template::{DEFAULT, PLACEHOLDER};

/// What is typed, and what is in force while that cannot be used. Several templates stand one a
/// line; a label's embedding is then the mean of all its prompts'.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    typed: String,
    in_force: Vec<String>,
}

/// Why what is typed cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is nothing but spaces.
    Empty,
    /// It does not say where the label goes.
    NoPlace,
    /// One of several does not say so: that in this line, counted from 1.
    NoPlaceInLine(usize),
    /// There are so many, which is too many.
    TooMany(usize),
}

/// The most templates at a time. CLIP's own for ImageNet are 80.
pub const MOST: usize = 200;

impl Default for Template {
    fn default() -> Self {
        Self {
            typed: DEFAULT.to_owned(),
            in_force: vec![DEFAULT.to_owned()],
        }
    }
}

impl Template {
    /// The templates as they were saved, or the default where these cannot be used.
    pub fn restored(text: &str) -> Self {
        let mut template = Self::default();
        template.set(text);
        match template.fault() {
            None => template,
            Some(_) => Self::default(),
        }
    }

    /// Takes what stands in the field. Returns whether that changed what is in force.
    pub fn set(&mut self, typed: &str) -> bool {
        self.typed = typed.to_owned();
        if self.fault().is_some() {
            return false;
        }
        let in_force: Vec<String> = lines(typed).map(|(_, line)| line.to_owned()).collect();
        let changed = self.in_force != in_force;
        if changed {
            self.in_force = in_force;
        }
        changed
    }

    /// As typed.
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// The last that could be used: at least one, each contains [`PLACEHOLDER`].
    pub fn in_force(&self) -> &[String] {
        &self.in_force
    }

    /// The same, as it is saved and written.
    pub fn text(&self) -> String {
        self.in_force.join("\n")
    }

    /// What is wrong with what is typed.
    pub fn fault(&self) -> Option<Fault> {
        let count = lines(&self.typed).count();
        let without = lines(&self.typed).find(|(_, line)| !line.contains(PLACEHOLDER));
        match (count, without) {
            (0, _) => Some(Fault::Empty),
            (1, Some(_)) => Some(Fault::NoPlace),
            (_, Some((at, _))) => Some(Fault::NoPlaceInLine(at + 1)),
            (count, None) => (count > MOST).then_some(Fault::TooMany(count)),
        }
    }
}

/// The lines that say something, and where they stand.
fn lines(typed: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text::lines(typed).map(str::trim).enumerate();
    lines.filter(|(_, line)| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_good_template_stays_in_force() {
        let mut template = Template::default();
        assert_eq!(template.in_force(), ["a photo of a {}"]);
        assert!(template.set("a drawing of a {}"));
        assert!(!template.set("a drawing of a {"));
        assert_eq!(template.fault(), Some(Fault::NoPlace));
        assert_eq!(template.in_force(), ["a drawing of a {}"]);
        assert!(!template.set("  "));
        assert_eq!(template.fault(), Some(Fault::Empty));
        assert!(
            !template.set("a drawing of a {}"),
            "nothing changed for the model"
        );
        assert_eq!(template.fault(), None);
        assert!(template.set("{}"));
    }

    #[test]
    fn there_may_be_several_one_a_line() {
        let mut template = Template::default();
        assert!(template.set("a photo of a {}\r\n\n  the {} \n"));
        assert_eq!(template.in_force(), ["a photo of a {}", "the {}"]);
        assert_eq!(
            Template::restored(&template.text()).in_force(),
            template.in_force()
        );
        assert!(!template.set("a {}\n\nthe"));
        assert_eq!(template.fault(), Some(Fault::NoPlaceInLine(3)));
        assert!(!template.set(&"{}\n".repeat(MOST + 1)));
        assert_eq!(template.fault(), Some(Fault::TooMany(MOST + 1)));
        assert_eq!(template.in_force().len(), 2);
    }

    #[test]
    fn clips_own_templates_for_imagenet_can_all_be_used() {
        let all = include_str!("../../public/templates/imagenet-80.txt");
        assert_eq!(Template::restored(all).in_force().len(), 80);
    }

    #[test]
    fn a_saved_template_that_cannot_be_used_gives_the_default() {
        assert_eq!(Template::restored("no place"), Template::default());
        assert_eq!(Template::restored("{} in snow").in_force(), ["{} in snow"]);
    }
}
