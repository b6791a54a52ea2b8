//! What a visitor has set up is there on the next visit.

use serde_json::json;

use crate::harness::{LABEL, Need, Page, TEMPLATE, TestServer, lacks, repository};

#[test]
fn labels_and_template_survive_a_reload() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.set_labels(&["rocket", "boat"]);
    page.retype(TEMPLATE, "a drawing of a {}");
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for_scores_of(&["rocket", "boat"]);
    page.reload();
    page.wait_for(LABEL);
    let mut labels = page.labels();
    labels.sort();
    assert_eq!(labels, ["boat", "rocket"]);
    assert_eq!(page.value(TEMPLATE).as_deref(), Some("a drawing of a {}"));
}

#[test]
fn the_model_is_fetched_once() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.wait_until_ready();
    assert_eq!(server.requests("models/starter.gguf").len(), 1);
    page.reload();
    page.wait_until_ready();
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for("[data-testid=result]");
    assert_eq!(server.requests("models/starter.gguf").len(), 1);
}

#[test]
fn what_is_saved_but_broken_is_ignored() {
    if lacks(&[Need::Log]) {
        return;
    }
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.wait_for(LABEL);
    let fresh = page.labels();
    for broken in ["{", "[]", "{\"version\":99,\"labels\":[\"x\"]}", "null"] {
        page.script(
            "for (const key of Object.keys(localStorage)) localStorage.setItem(key, arguments[0]);
             localStorage.setItem('cliplet', arguments[0])",
            [json!(broken)],
        );
        page.reload();
        page.wait_for(LABEL);
        assert_eq!(page.labels(), fresh, "{broken}");
        page.wait_until_ready();
    }
    assert_eq!(page.console_errors(), Vec::<String>::new());
}
