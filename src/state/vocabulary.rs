//! Where the words come from that a picture is described with.

/// A vocabulary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vocabulary {
    /// The labels of now.
    Labels,
    /// A person's set, by its name.
    Own(String),
    /// A set that comes with the page, by its file.
    Ready(String),
}

impl Default for Vocabulary {
    fn default() -> Self {
        Self::Ready("imagenet-1k.txt".to_owned())
    }
}

impl Vocabulary {
    /// In one word, for a field and for the next visit.
    pub fn value(&self) -> String {
        match self {
            Self::Labels => "labels".to_owned(),
            Self::Own(name) => format!("own:{name}"),
            Self::Ready(file) => format!("ready:{file}"),
        }
    }

    /// The one of such a word; the usual one where it means nothing.
    pub fn of_value(value: &str) -> Self {
        match value.split_once(':') {
            Some(("own", name)) => Self::Own(name.to_owned()),
            Some(("ready", file)) => Self::Ready(file.to_owned()),
            _ if value == "labels" => Self::Labels,
            _ => Self::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vocabulary_is_told_by_its_value() {
        for vocabulary in [
            Vocabulary::Labels,
            Vocabulary::Own("labels".to_owned()),
            Vocabulary::Own("birds: of here".to_owned()),
            Vocabulary::Ready("food-101.txt".to_owned()),
        ] {
            assert_eq!(Vocabulary::of_value(&vocabulary.value()), vocabulary);
        }
        assert_eq!(Vocabulary::of_value("nonsense"), Vocabulary::default());
    }
}
