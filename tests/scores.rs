//! How scores are made is chosen, and shown for what it is.

use serde_json::json;

use crate::harness::{Page, Row, TestServer, repository};

const LABELS: [&str; 3] = ["train", "boat", "rocket"];

fn scored(server: &TestServer, labels: &[&str]) -> Page {
    let page = Page::open(server);
    page.set_labels(labels);
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for_scores_of(labels);
    page
}

fn open_options(page: &Page) {
    page.click("[data-testid=score-options] summary");
}

/// Clicks a control by its words.
fn choose(page: &Page, words: &str) {
    let script = "const label = Array.from(document.querySelectorAll('.score-options label'))
            .find((label) => label.innerText.trim() === arguments[0]);
        label.click()";
    page.script(script, [json!(words)]);
}

/// Puts a slider to a place.
fn slide(page: &Page, name: &str, to: &str) {
    let script = "const label = Array.from(document.querySelectorAll('.score-options .slider'))
            .find((label) => label.innerText.trim().startsWith(arguments[0]));
        const slider = label.querySelector('input');
        slider.value = arguments[1];
        slider.dispatchEvent(new Event('input', { bubbles: true }))";
    page.script(script, [json!(name), json!(to)]);
}

fn sum(rows: &[Row]) -> f64 {
    rows.iter().filter_map(|row| row.score).sum()
}

fn of(rows: &[Row], label: &str) -> f64 {
    let row = rows.iter().find(|row| row.label == label);
    row.and_then(|row| row.score).unwrap()
}

#[test]
fn independent_scores_do_not_depend_on_the_other_labels() {
    let server = TestServer::with_page();
    let page = scored(&server, &LABELS);
    open_options(&page);
    choose(&page, "Each for itself");
    let rows = page.wait_for_results("scores of each label by itself", |rows| {
        rows.len() == 3 && (sum(rows) - 1.0).abs() > 1e-3
    });
    page.press_button("Remove boat");
    page.wait_for_results("two labels", |rows| rows.len() == 2);
    page.wait_for("[data-settled=true]");
    for label in ["train", "rocket"] {
        assert!((of(&page.results(), label) - of(&rows, label)).abs() < 1e-5);
    }
    page.reload();
    page.wait_for_text(".score-options", "each for itself");
    open_options(&page);
    page.press_button("Reset to defaults");
    page.wait_for_text(".score-options", "compared with each other");
}

#[test]
fn a_temperature_brings_scores_together_and_can_be_taken_back() {
    let server = TestServer::with_page();
    let page = scored(&server, &LABELS);
    let before = page.results();
    open_options(&page);
    slide(&page, "Temperature", "1");
    let warm = page.wait_for_results("scores at another temperature", |rows| {
        rows.len() == 3 && rows != before
    });
    assert!(warm[0].score < before[0].score && (sum(&warm) - 1.0).abs() < 1e-3);
    assert_eq!(warm[0].label, before[0].label);
    page.press_button("Undo changing the scores");
    page.wait_for_results("the scores of before", |rows| rows == before);
}

#[test]
fn none_of_these_is_said_and_told() {
    let server = TestServer::with_page();
    let page = scored(&server, &LABELS);
    assert!(!page.has("[data-testid=none-fits]"));
    open_options(&page);
    choose(&page, "Say when none of these fits");
    slide(&page, "Threshold", "5");
    page.wait_for("[data-settled=true]");
    page.wait_for_none("[data-testid=none-fits]");
    // Against a prompt that says what is to be seen, nothing else fits.
    page.press_button("Remove rocket");
    page.script(
        "const field = document.querySelector('.score-options input[type=text]');
         field.value = 'a photo of a rocket';
         field.dispatchEvent(new Event('change', { bubbles: true }))",
        [],
    );
    slide(&page, "Threshold", "99");
    page.wait_for_text("[data-testid=none-fits]", "None of these fits. The best,");
    page.wait_for_text("[role=status]", "None of these fits.");
    // Scores are there all the same.
    page.wait_for_scores_of(&["train", "boat"]);
}

#[test]
fn cosines_stand_beside_the_scores() {
    let server = TestServer::with_page();
    let page = scored(&server, &LABELS);
    assert!(!page.has(".label-row .cosine"));
    open_options(&page);
    choose(&page, "Show cosines beside the scores");
    page.wait_for(".label-row .cosine");
    let shown = page.text(".label-row .cosine").unwrap();
    let cosine: f64 = shown.replace('−', "-").parse().unwrap();
    assert!((-1.0..=1.0).contains(&cosine), "{shown}");
    page.reload();
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for(".label-row .cosine");
}
