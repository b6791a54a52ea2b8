//! A thousand labels work, and the page's own thread is never held up.

use std::time::Duration;

use crate::harness::{LABEL_INPUT, Page, TestServer, repository};

/// Longer than this, a person notices.
const NOTICEABLE: Duration = Duration::from_millis(50);

#[test]
fn a_thousand_labels_are_pasted_scored_and_sorted() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.wait_until_ready();
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for("[data-testid=result]");
    page.press_button("Clear all");
    page.forget_tasks();
    let labels: Vec<String> = (0..999).map(|i| format!("thing number {i}")).collect();
    page.paste_text(LABEL_INPUT, &format!("rocket\n{}", labels.join("\n")));
    page.wait_for_labels(1000);
    let rows = page.wait_for_results("a thousand scores, best first", |rows| {
        rows.len() == 1000 && rows.is_sorted_by(|a, b| a.score >= b.score)
    });
    assert!(rows.iter().position(|row| row.label == "rocket").unwrap() < 20);
}

/// Timed by the browser, which counts what blocks a page for longer than 50 ms. On a machine that is busy with other
/// things everything may: the allowance is for that.
#[test]
fn the_pages_own_thread_stays_free_while_the_engine_works() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.wait_until_ready();
    page.forget_tasks();
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for("[data-testid=result]");
    let blocked = page.longest_task();
    assert!(blocked < 4 * NOTICEABLE, "{blocked:?}");
}
