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

/// The samples that come with the page.
pub fn all() -> Vec<Sample> {
    const LIST: &str = include_str!("../../public/samples/samples.json");
    // The page does well without, and a test reads it.
    serde_json::from_str(LIST).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sample_lies_beside_the_list_with_its_thumbnail() {
        let samples = all();
        assert!(!samples.is_empty());
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("public/samples");
        for sample in samples {
            assert!(folder.join(&sample.file).is_file(), "{sample:?}");
            assert!(
                folder.join("thumbnails").join(&sample.file).is_file(),
                "{sample:?}"
            );
            assert!(!sample.labels.is_empty(), "{sample:?}");
        }
    }
}
