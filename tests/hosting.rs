//! The built page can be hosted by any static file server, at the root or below a path.

use serde_json::json;

use crate::harness::{Need, Page, TestServer, lacks};

/// Where the worker's script lies, as it stands in the page.
const WORKER: &str = "return document.querySelector('link[href*=\"engine/worker-\"]').href";

/// Where the script lies that starts the worker.
const START: &str = "return document.querySelector('script[src*=\"engine/start-\"]').src";

#[test]
fn the_page_starts_at_the_root_and_is_cross_origin_isolated() {
    if lacks(&[Need::Log]) {
        return;
    }
    let server = TestServer::with_page();
    let page = Page::open(&server);
    assert_eq!(page.script("return crossOriginIsolated", []), json!(true));
    page.wait_for("[data-testid=drop-zone]");
    assert_eq!(page.console_errors(), Vec::<String>::new());
}

#[test]
fn the_page_starts_below_a_path() {
    if lacks(&[Need::Log]) {
        return;
    }
    let server = TestServer::with_page_below("/docs/en/cliplet/");
    let page = Page::open(&server);
    page.wait_for("[data-testid=drop-zone]");
    assert_eq!(page.console_errors(), Vec::<String>::new());
    for script in [WORKER, START] {
        let address = page.script(script, []);
        let address = address.as_str().unwrap();
        assert!(
            address.starts_with(&format!("{}engine/", server.url())),
            "{address}"
        );
    }
    page.wait_until_ready();
}

#[test]
fn files_come_with_their_media_types_and_may_be_kept_if_their_names_hold_a_hash() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    let script = "const answers = [];
        for (const url of arguments) {
            const { status, headers } = await fetch(url, { method: 'HEAD' });
            answers.push([status, headers.get('content-type'), headers.get('cache-control').includes('immutable')]);
        }
        return answers";
    let script_name = page.script(
        "return document.querySelector('link[rel=modulepreload][href*=cliplet-page]').href",
        [],
    );
    let wasm = page.script(
        "return performance.getEntriesByType('resource').map(({ name }) => name).find((name) => /page-.*wasm$/.test(name))",
        [],
    );
    let worker = page.script(WORKER, []);
    let start = page.script(START, []);
    let files = [
        json!("."),
        json!("models.json"),
        script_name,
        wasm,
        worker,
        start,
    ];
    let answers = page.script(script, files);
    let expected = json!([
        [200, "text/html; charset=utf-8", false],
        [200, "application/json", false],
        [200, "text/javascript; charset=utf-8", true],
        [200, "application/wasm", true],
        [200, "text/javascript; charset=utf-8", true],
        [200, "text/javascript; charset=utf-8", true],
    ]);
    assert_eq!(answers, expected);
}
