//! The built page can be hosted by any static file server, at the root or below a path.

use serde_json::json;

use crate::harness::{Page, TestServer};

/// Where the page's worker script lies, as the page is told.
const WORKER: &str = "return new URL(document.querySelector('meta[name=cliplet-engine]').content, document.baseURI).href";

#[test]
fn the_page_starts_at_the_root_and_is_cross_origin_isolated() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    assert_eq!(page.script("return crossOriginIsolated", []), json!(true));
    page.wait_for("[data-testid=drop-zone]");
    assert_eq!(page.console_errors(), Vec::<String>::new());
}

#[test]
fn the_page_starts_below_a_path() {
    let server = TestServer::with_page_below("/docs/en/cliplet/");
    let page = Page::open(&server);
    page.wait_for("[data-testid=drop-zone]");
    assert_eq!(page.console_errors(), Vec::<String>::new());
    let worker = page.script(WORKER, []);
    let worker = worker.as_str().unwrap();
    assert!(
        worker.starts_with(&format!("{}engine/worker-", server.url())),
        "{worker}"
    );
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
        "return document.querySelector('link[rel=modulepreload]').href",
        [],
    );
    let wasm = page.script(
        "return document.querySelector('link[rel=preload]').href",
        [],
    );
    let worker = page.script(WORKER, []);
    let answers = page.script(
        script,
        [json!("."), json!("models.json"), script_name, wasm, worker],
    );
    let expected = json!([
        [200, "text/html; charset=utf-8", false],
        [200, "application/json", false],
        [200, "text/javascript; charset=utf-8", true],
        [200, "application/wasm", true],
        [200, "text/javascript; charset=utf-8", true],
    ]);
    assert_eq!(answers, expected);
}
