//! A thousand labels work.

use crate::harness::{LABEL_INPUT, Need, Page, TestServer, lacks, repository};

#[test]
fn a_thousand_labels_are_pasted_scored_and_sorted() {
    if lacks(&[Need::Pasted]) {
        return;
    }
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.wait_until_ready();
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for("[data-testid=result]");
    page.press_button("Clear all");
    let labels: Vec<String> = (0..999).map(|i| format!("thing number {i}")).collect();
    page.paste_text(LABEL_INPUT, &format!("rocket\n{}", labels.join("\n")));
    page.wait_for_labels(1000);
    let rows = page.wait_for_results("a thousand scores, best first", |rows| {
        rows.len() == 1000 && rows.is_sorted_by(|a, b| a.score >= b.score)
    });
    assert!(rows.iter().position(|row| row.label == "rocket").unwrap() < 20);
}
