//! A committed table of lists, each with its labels. The terminal and the page read the same table
//! in their own tests.

use cliplet_protocol::label_list::{Colons, read_distinct};
use serde::Deserialize;

const CASES: &str = include_str!("fixtures/label-lists.json");

#[derive(Deserialize)]
struct Case {
    about: String,
    text: String,
    labels: Vec<String>,
    /// Where a label may bring prompts, if that is another list.
    page: Option<Vec<String>>,
}

#[test]
fn every_list_has_its_labels() {
    let cases: Vec<Case> = serde_json::from_str(CASES).unwrap();
    assert!(cases.len() > 60);
    for case in cases {
        let plain = read_distinct(&case.text, Colons::Plain);
        assert_eq!(plain, case.labels, "{}", case.about);
        let on_page = read_distinct(&case.text, Colons::Prompts);
        assert_eq!(on_page, case.page.unwrap_or(case.labels), "{}", case.about);
    }
}
