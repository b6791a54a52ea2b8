//! The page's scores are those of Hugging Face transformers with the same weights, on real photographs.
//!
//! The references are written by `tools/make_starter.py`.

use serde::Deserialize;

use crate::harness::{Page, TestServer, repository};

#[derive(Deserialize)]
struct References {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    /// Path in the repository.
    picture: String,
    labels: Vec<String>,
    /// In the order of the labels.
    scores: Vec<f64>,
}

#[test]
fn the_order_and_the_scores_are_the_same() {
    let path = repository("crates/clip/tests/fixtures/starter.json");
    let references: References =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(!references.entries.is_empty());

    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.wait_until_ready();
    for Entry {
        picture,
        labels,
        scores,
    } in references.entries
    {
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        let file = repository(&picture);
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        page.set_labels(&labels);
        page.choose_file(&file);
        page.wait_for(&format!(
            "[data-testid=drop-zone] img[alt='Your picture “{name}”']"
        ));
        let expected = |label: &str| {
            let at = labels.iter().position(|l| *l == label).unwrap();
            scores[at]
        };
        let rows = page.wait_for_results(&format!("the scores of {picture}"), |rows| {
            rows.len() == labels.len()
                && rows.is_sorted_by(|a, b| a.score >= b.score)
                && rows.iter().all(|row| {
                    row.score
                        .is_some_and(|s| (s - expected(&row.label)).abs() < 0.01)
                })
        });
        for pair in rows.windows(2) {
            let (better, worse) = (expected(&pair[0].label), expected(&pair[1].label));
            // What transformers itself tells apart by less than rounding may stand either way.
            assert!(
                better >= worse - 0.002,
                "{picture}: {pair:?}, expected {better} and {worse}"
            );
        }
    }
}
