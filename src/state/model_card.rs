//! What there is to know of a model before relying on it, after Mitchell et al., 2019 (Model Cards
//! for Model Reporting): the contents of a file such as `models/laion-vit-b-32-card.json`.

use serde::Deserialize;

/// The whole card.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ModelCard {
    /// Of the model, or of the models that differ only in how their weights are stored.
    pub name: String,
    /// What it is, what it is for, what it is not for, where its data came from.
    pub sections: Vec<Section>,
    /// Published results.
    pub results: Vec<Results>,
    /// Where all this is from.
    pub sources: Vec<Source>,
    /// How to cite the model and what it is made of.
    pub citations: Vec<String>,
}

/// Some paragraphs under a heading.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Section {
    /// The heading.
    pub heading: String,
    /// What stands below it.
    pub paragraphs: Vec<String>,
}

/// A table of results.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Results {
    /// What was measured, and how.
    pub caption: String,
    /// Each benchmark with its score from 0 to 1.
    pub rows: Vec<(String, f64)>,
}

/// A page on the web.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Source {
    /// What it is.
    pub name: String,
    /// Where it is.
    pub url: String,
}

/// Reads a card; none if it is no card.
pub fn read(json: &str) -> Option<ModelCard> {
    serde_json::from_str(json).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the page says of a model is what was published.
    #[test]
    fn the_card_that_comes_with_the_page_is_whole() {
        let card = read(include_str!("../../public/models/laion-vit-b-32-card.json")).unwrap();
        let [data_sets, retrieval] = &card.results[..] else {
            panic!("two tables");
        };
        assert_eq!((data_sets.rows.len(), retrieval.rows.len()), (38, 12));
        assert_eq!(data_sets.rows[0], ("ImageNet 1k".to_owned(), 0.6656));
        let scores = data_sets.rows.iter().map(|(_, score)| score);
        let average = scores.sum::<f64>() / 38.0;
        assert!(
            data_sets
                .caption
                .contains(&format!("{:.2} %", 100.0 * average)),
            "{average}"
        );
        let all = data_sets.rows.iter().chain(&retrieval.rows);
        assert!(
            all.map(|(_, score)| score)
                .all(|score| (0.0..=1.0).contains(score))
        );
        assert!(
            card.sections
                .iter()
                .all(|section| !section.paragraphs.is_empty())
        );
        assert!(!card.citations.is_empty() && !card.sources.is_empty());
    }

    #[test]
    fn what_is_no_card_is_none() {
        assert!(read("<!DOCTYPE html>").is_none());
        assert!(read("{}").is_none());
    }
}
