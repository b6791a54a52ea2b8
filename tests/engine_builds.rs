//! The worker takes the build of the engine that suits the browser, fetches no other, and goes on
//! to the next where one does not start.

use serde_json::{Value, json};

use crate::harness::{
    Fault, Kind, Need, Page, STATUS, TestServer, engine_file, lacks, page_file, repository,
};

/// The scripts and modules of WebAssembly of all builds begin so.
const ENGINE: &str = "engine/engine-";

fn script(build: &str) -> String {
    engine_file(&format!("engine-{build}-"), ".js")
}

fn wasm(build: &str) -> String {
    engine_file(&format!("engine-{build}-"), "_bg.wasm")
}

/// Serves a file of the page with another content.
#[track_caller]
fn change(server: &TestServer, file: &str, change: impl FnOnce(&str) -> String) {
    let text = page_file(file);
    let changed = change(&text);
    assert_ne!(changed, text);
    server.put(file, changed);
}

/// The build that suits the browser where pages are isolated, and the one where they are not.
fn best() -> (&'static str, &'static str) {
    if Need::RelaxedSimd.is_met_by(Kind::default()) {
        ("relaxed-threads", "relaxed")
    } else {
        ("simd128-threads", "simd128")
    }
}

/// What has been fetched of the engine's builds is all of this one, and nothing else.
#[track_caller]
fn assert_only_fetched(server: &TestServer, build: &str) {
    let mut expected = [script(build), wasm(build)];
    expected.sort();
    assert_eq!(server.files_asked_for(ENGINE), expected);
}

/// What another worker says when it listens, started with this behind its script's address.
fn listening(page: &Page, query: &str) -> Value {
    let script = "const address = document.querySelector('link[href*=\"engine/worker-\"]').href + arguments[0];
        const worker = new Worker(address, { type: 'module', name: 'cliplet-test' });
        const message = await new Promise((resolve) => { worker.onmessage = (event) => resolve(event.data.message) });
        worker.terminate();
        return message.Listening";
    page.script(script, [json!(query)])
}

/// Shows the page a picture and reads what it finds.
#[track_caller]
fn assert_scores_a_rocket(page: &Page) {
    page.set_labels(&["panda", "rocket"]);
    page.choose_file(&repository("public/samples/rocket.jpg"));
    let rows = page.wait_for_scores_of(&["rocket", "panda"]);
    assert_eq!(rows[0].label, "rocket");
}

#[test]
fn an_isolated_browser_gets_threads_and_nothing_else() {
    if lacks(&[Need::Log]) {
        return;
    }
    let server = TestServer::with_page();
    let page = Page::open(&server);
    assert_scores_a_rocket(&page);
    assert_only_fetched(&server, best().0);
    let cores = page.script("return Math.min(navigator.hardwareConcurrency, 8)", []);
    assert_eq!(
        listening(&page, ""),
        json!({ "build": best().0, "threads": cores })
    );
    assert_eq!(
        listening(&page, "?threads=3"),
        json!({ "build": best().0, "threads": 3 })
    );
    assert_eq!(
        listening(&page, "?threads=1"),
        json!({ "build": best().1, "threads": 1 })
    );
    assert_eq!(page.console_errors(), Vec::<String>::new());
}

#[test]
fn a_browser_that_is_not_isolated_gets_one_thread() {
    if lacks(&[Need::Log]) {
        return;
    }
    let server = TestServer::with_page();
    server.set_no_headers();
    // Which would fetch another build, for the next visit.
    let page = Page::open_without_service_worker(&server);
    assert_eq!(page.script("return crossOriginIsolated", []), json!(false));
    assert_scores_a_rocket(&page);
    assert_only_fetched(&server, best().1);
    assert_eq!(
        listening(&page, "?threads=2"),
        json!({ "build": best().1, "threads": 1 })
    );
    assert_eq!(page.console_errors(), Vec::<String>::new());
}

#[test]
fn every_build_can_be_asked_for_and_works() {
    if lacks(&[Need::Log]) {
        return;
    }
    let all = ["relaxed-threads", "simd128-threads", "relaxed", "simd128"];
    let works = |build: &&str| !build.starts_with("relaxed") || best().1 == "relaxed";
    for build in all.into_iter().filter(works) {
        let server = TestServer::with_page();
        let page = Page::open_at(&server, &format!("?build={build}"));
        assert_scores_a_rocket(&page);
        assert_only_fetched(&server, build);
        assert_eq!(
            listening(&page, &format!("?build={build}"))["build"],
            json!(build)
        );
        assert_eq!(page.console_errors(), Vec::<String>::new());
    }
}

#[test]
fn where_threads_do_not_start_one_does_the_work() {
    let server = TestServer::with_page();
    server.set_fault(&engine_file("thread-", ".js"), Fault::Status(404));
    let page = Page::open(&server);
    assert_scores_a_rocket(&page);
    let fetched = server.files_asked_for(ENGINE);
    assert!(fetched.contains(&wasm(best().1)), "{fetched:?}");
    if best().1 == "relaxed" {
        assert!(!fetched.contains(&wasm("simd128-threads")), "{fetched:?}");
    }
}

#[test]
fn where_builds_cannot_be_loaded_the_last_one_does_the_work() {
    let server = TestServer::with_page();
    server.set_fault(&wasm(best().0), Fault::Cut { after: 1000 });
    server.put(&wasm("relaxed"), "This is no WebAssembly.");
    let page = Page::open(&server);
    assert_scores_a_rocket(&page);
    let fetched = server.files_asked_for(ENGINE);
    assert!(fetched.contains(&wasm("simd128")), "{fetched:?}");
}

#[test]
fn where_nothing_starts_a_sentence_says_so() {
    let server = TestServer::with_page();
    let page = Page::open_at(&server, "?build=abacus");
    page.wait_for_text(STATUS, "could not start");
    page.wait_for_text(STATUS, "abacus");
    assert_eq!(server.files_asked_for(ENGINE), Vec::<String>::new());
}

#[test]
fn webassembly_of_another_media_type_works() {
    let server = TestServer::with_page();
    server.set_fault(
        &wasm(best().0),
        Fault::MediaType("application/octet-stream"),
    );
    let page = Page::open(&server);
    assert_scores_a_rocket(&page);
    assert_only_fetched(&server, best().0);
}

#[test]
fn a_browser_that_sets_fewer_addresses_aside_gets_threads_too() {
    let server = TestServer::with_page();
    let refusing = "const Memory = WebAssembly.Memory;
        WebAssembly.Memory = function (wanted) {
            if (wanted.maximum > 20_000) throw new RangeError('That is too much.');
            return new Memory(wanted);
        };";
    change(&server, &engine_file("worker-", ".js"), |text| {
        format!("{refusing}\n{text}")
    });
    let page = Page::open(&server);
    assert_scores_a_rocket(&page);
    assert_only_fetched(&server, best().0);
}

#[test]
fn the_end_of_a_thread_is_told_although_the_worker_waits_for_it() {
    let server = TestServer::with_page();
    change(&server, &engine_file("thread-", ".js"), |text| {
        text.replace("work(data.receiver)", "throw new Error('It broke.')")
    });
    let page = Page::open(&server);
    page.wait_for_text(STATUS, "It broke.");
}
