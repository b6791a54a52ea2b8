//! The prompt template: the sentence a label stands in when the model reads it.

/// CLIP's own first choice, and better than the bare label on photographs.
pub const DEFAULT: &str = "a photo of a {}";

/// Where the label goes.
pub const PLACE: &str = "{}";

/// What is typed, and what is in force while that cannot be used.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    typed: String,
    in_force: String,
}

/// Why what is typed cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is nothing but spaces.
    Empty,
    /// It does not say where the label goes.
    NoPlace,
}

impl Default for Template {
    fn default() -> Self {
        Self {
            typed: DEFAULT.to_owned(),
            in_force: DEFAULT.to_owned(),
        }
    }
}

impl Template {
    /// The template as it was saved, or the default where that cannot be used.
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
        let changed = self.fault().is_none() && self.in_force != typed;
        if changed {
            self.in_force = typed.to_owned();
        }
        changed
    }

    /// As typed.
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// The last that could be used; contains [`PLACE`].
    pub fn in_force(&self) -> &str {
        &self.in_force
    }

    /// What is wrong with what is typed.
    pub fn fault(&self) -> Option<Fault> {
        if self.typed.trim().is_empty() {
            Some(Fault::Empty)
        } else if !self.typed.contains(PLACE) {
            Some(Fault::NoPlace)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_good_template_stays_in_force() {
        let mut template = Template::default();
        assert_eq!(template.in_force(), "a photo of a {}");
        assert!(template.set("a drawing of a {}"));
        assert!(!template.set("a drawing of a {"));
        assert_eq!(template.fault(), Some(Fault::NoPlace));
        assert_eq!(template.in_force(), "a drawing of a {}");
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
    fn a_saved_template_that_cannot_be_used_gives_the_default() {
        assert_eq!(Template::restored("no place"), Template::default());
        assert_eq!(Template::restored("{} in snow").in_force(), "{} in snow");
    }
}
