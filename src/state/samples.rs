//! The sample pictures that come with the page: the contents of `samples/samples.json`.

use serde::Deserialize;

/// One sample.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Sample {
    /// The picture's file, beside the list; its thumbnail has the same name, in `thumbnails/`.
    pub file: String,
    /// A short name.
    pub name: String,
    /// What is to be seen, for people who cannot.
    pub alt: String,
    /// Labels worth trying on it.
    pub labels: Vec<String>,
    /// Who made the picture.
    pub author: String,
    /// What its licence is called.
    pub licence: String,
    /// The page it comes from.
    pub source: String,
}

/// The samples of a list; none where it cannot be read, for the page does well without.
pub fn read(json: &str) -> Vec<Sample> {
    serde_json::from_str(json).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_and_a_broken_one_is_empty() {
        let samples = read(
            r#"[{"file":"cat.jpg","name":"A cat","alt":"A tabby","labels":["cat","dog"],"best":"cat",
                "author":"Ann","licence":"CC0","source":"https://example.com/cat"}]"#,
        );
        assert_eq!(samples[0].labels, ["cat", "dog"]);
        assert!(read("<!DOCTYPE html>").is_empty());
        assert!(read("[{\"file\":1}]").is_empty());
    }
}
