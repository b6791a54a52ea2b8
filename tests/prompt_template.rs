//! The prompt template changes what is asked of the model.

use std::time::Duration;

use crate::harness::{Page, TEMPLATE, TestServer, repository};

const LABELS: [&str; 3] = ["train", "boat", "rocket"];

#[test]
fn another_template_gives_other_scores_and_a_bad_one_changes_nothing() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.wait_for(TEMPLATE);
    assert_eq!(page.value(TEMPLATE).as_deref(), Some("a photo of a {}"));
    page.set_labels(&LABELS);
    page.choose_file(&repository("public/samples/rocket.jpg"));
    let before = page.wait_for_scores_of(&LABELS);

    page.retype(TEMPLATE, "a drawing of a {}");
    let after = page.wait_for_results("scores by another template", |rows| {
        rows.len() == LABELS.len() && rows[0].score != before[0].score
    });

    page.retype(TEMPLATE, "a drawing");
    page.wait_for_text("body", "is missing: it says where the label goes");
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(page.results(), after);

    page.press_button("Reset");
    page.wait_for_results("the scores from before", |rows| rows == before);
}
