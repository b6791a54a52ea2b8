//! Hosts of all kinds: strict ones, sandboxes, with and without isolation; and what becomes of it
//! on bad connections.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::host_page::HostPage;
use crate::harness::world::FILE;
use crate::harness::{Fault, Kind, Need, Options, Page, STATUS, TestServer, lacks};

const LABELS: [&str; 3] = ["panda", "rocket", "bridge"];
/// With a picture that lies at Cliplet's own host.
const ELEMENT: &str =
    "<cliplet-classifier id=a labels='panda, rocket, bridge' image=CLIPLETsamples/panda.jpg>
    <p id=instead>Something else</p></cliplet-classifier>";

fn in_browser(kind: Kind) -> Options {
    Options {
        kind,
        ..Options::default()
    }
}

fn a_strict_policy_needs_two_words(kind: Kind) {
    if lacks(&[Need::Browser(kind)]) {
        return;
    }
    let policy = "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; script-src 'self' CLIPLETembed.js;
        frame-src CLIPLETembed.html; style-src 'self'; img-src 'self'; base-uri 'none'; require-trusted-types-for 'script'\">";
    let host = HostPage::on(TestServer::ordinary_site(), policy, ELEMENT);
    let page = host.open(&in_browser(kind));
    page.wait_for_labels_of("a", &LABELS);
    assert!(page.shows_frame("a"));
    assert_eq!(page.script("return a.offsetHeight", []), json!(420));
    assert_eq!(page.script("return violations", []), json!([]));
    page.enter("a");
    assert_eq!(page.wait_for_scores_of(&LABELS)[0].label, "panda");
}

#[test]
fn a_strict_policy_needs_two_words_in_chromium() {
    a_strict_policy_needs_two_words(Kind::Chromium);
}

#[test]
fn a_strict_policy_needs_two_words_in_firefox() {
    a_strict_policy_needs_two_words(Kind::Firefox);
}

#[test]
fn a_strict_policy_needs_two_words_in_webkit() {
    a_strict_policy_needs_two_words(Kind::WebKit);
}

/// What the page around has no right to read, the frame still fetches by itself.
#[test]
fn a_policy_that_lets_the_page_fetch_nothing_leaves_it_to_the_frame() {
    let policy = "<meta http-equiv=Content-Security-Policy content=\"connect-src 'none'\">";
    let body = ELEMENT.replace("CLIPLETsamples/", "");
    let host = HostPage::on(TestServer::ordinary_site(), policy, &body);
    let page = host.open(&Options::default());
    // The site does not let others read it.
    let error = page.wait_for_event("a", "error", |_| true);
    assert_eq!(error["code"], "image");
    assert_eq!(error["fatal"], false);
    host.site.set_fault(
        "panda.jpg",
        Fault::Header("Access-Control-Allow-Origin", "*"),
    );
    page.enter("a");
    page.wait_for_text("[data-testid=error]", "panda.jpg");
    page.leave_frames();
    page.script("a.image = ['panda.jpg?2']", []);
    page.wait_for_labels_of("a", &LABELS);
}

/// A page whose page around has taken its origin from it.
fn in_a_sandbox(kind: Kind) -> (HostPage, Page) {
    let host = HostPage::new(ELEMENT);
    host.site.put(
        "around.html",
        "<!doctype html><iframe sandbox=allow-scripts src=index.html width=720 height=600></iframe>",
    );
    let page = Page::blank(&in_browser(kind));
    page.go(&format!("{}around.html", host.site.url()));
    page.enter_frame("return document.querySelector('iframe')");
    assert_eq!(page.script("return self.origin", []), json!("null"));
    (host, page)
}

fn in_a_sandbox_it_runs(kind: Kind) {
    if lacks(&[Need::Browser(kind)]) {
        return;
    }
    let (_host, page) = in_a_sandbox(kind);
    page.wait_for_labels_of("a", &LABELS);
    assert!(page.shows_frame("a"));
    page.enter("a");
    assert_eq!(page.wait_for_scores_of(&LABELS)[0].label, "panda");
}

#[test]
fn in_a_sandbox_it_runs_in_chromium() {
    in_a_sandbox_it_runs(Kind::Chromium);
}

#[test]
fn in_a_sandbox_it_runs_in_firefox() {
    in_a_sandbox_it_runs(Kind::Firefox);
}

/// To WebKit, `'self'` in the policy of a page without an origin is nowhere, so that nothing of
/// Cliplet's loads there. The page around hears of that.
#[test]
fn in_a_sandbox_it_says_what_it_lacks_in_webkit() {
    if lacks(&[Need::Browser(Kind::WebKit)]) {
        return;
    }
    let (_host, page) = in_a_sandbox(Kind::WebKit);
    page.wait_until("something else", Duration::from_secs(20), || {
        let shown = "return document.getElementById('instead').checkVisibility()";
        (page.script(shown, []) == json!(true)).then_some(())
    });
    let said = page.script("return JSON.stringify(events)", []);
    let said = said.as_str().unwrap_or_default();
    assert!(said.contains("add allow-same-origin"), "{said}");
}

/// Whether the frame is isolated and computes on threads.
fn threads_of(host: &HostPage) -> (Value, bool) {
    let page = host.open(&Options::default());
    page.wait_for_labels_of("a", &LABELS);
    page.enter("a");
    let isolated = page.script("return crossOriginIsolated", []);
    let threads = !host.cliplet().files_asked_for("engine/threads-").is_empty();
    (isolated, threads)
}

#[test]
fn threads_come_with_isolation_and_are_not_missed_without() {
    let ordinary = HostPage::new(ELEMENT);
    assert_eq!(threads_of(&ordinary), (json!(false), false));
    // Its answers make pages isolated.
    let isolated = HostPage::on(TestServer::elsewhere(), "", ELEMENT);
    assert_eq!(threads_of(&isolated), (json!(true), true));
    let bare = HostPage::new(ELEMENT);
    bare.cliplet().set_no_headers();
    assert_eq!(threads_of(&bare), (json!(false), false));
}

fn cliplets_host_is_away(kind: Kind) {
    if lacks(&[Need::Browser(kind)]) {
        return;
    }
    let host = HostPage::new("");
    host.put(
        "index.html",
        "<link rel=stylesheet href=far.css>",
        &format!("<div id=far></div>{ELEMENT}"),
    );
    host.site.put("far.css", "#far { height: 4000px }");
    let page = host.open(&in_browser(kind));
    page.wait_for("#instead");
    host.cliplet().stop();
    page.script("scrollTo(0, 4000)", []);
    let error = page.wait_for_event("a", "error", |_| true);
    assert_eq!(error["code"], "frame");
    assert_eq!(error["fatal"], true);
    let origin = host.cliplet().url();
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(origin.trim_end_matches('/')), "{message}");
    assert!(!page.shows_frame("a"));
    assert!(page.shows_instead());
    // It comes back with the connection.
    host.cliplet().start_again();
    page.script("dispatchEvent(new Event('online'))", []);
    page.wait_for_labels_of("a", &LABELS);
    assert!(page.shows_frame("a"));
}

#[test]
fn cliplets_host_is_away_in_chromium() {
    cliplets_host_is_away(Kind::Chromium);
}

#[test]
fn cliplets_host_is_away_in_firefox() {
    cliplets_host_is_away(Kind::Firefox);
}

#[test]
fn cliplets_host_is_away_in_webkit() {
    cliplets_host_is_away(Kind::WebKit);
}

#[test]
fn a_reader_is_asked_before_a_model_is_fetched_unless_the_page_says_otherwise() {
    let body: String = ["ask", "never", "auto"]
        .map(|download| {
            format!("<cliplet-classifier id={download} download={download} labels='a, b' image=panda.jpg></cliplet-classifier>")
        })
        .join("");
    let host = HostPage::new(&body.replace("id=auto", "id=auto hidden"));
    let page = host.open(&Options::default());
    page.wait_for_event("ask", "result", |_| true);
    page.enter("ask");
    page.wait_for_text(STATUS, "Starter model ready. Better: Better CLIP");
    assert!(page.has_button("Download (0.5 MB)"));
    page.leave_frames();
    enter_never(&page);
    assert!(host.world.models.requests(FILE).is_empty());

    page.enter("ask");
    page.press_button("Download (0.5 MB)");
    page.leave_frames();
    page.wait_for_event("ask", "result", |detail| detail["model"] == "Better");
    assert_eq!(
        host.world.models.bytes_served(FILE),
        crate::harness::world::better().len() as u64
    );

    // One that has to fetch it itself, as what is kept is deleted.
    let fresh = HostPage::new(&body);
    let page = fresh.open(&Options::default());
    page.script("auto.load()", []);
    page.wait_for_event("auto", "result", |detail| detail["model"] == "Better");
    let progress = page.said("auto", "progress");
    assert!(
        progress
            .iter()
            .any(|detail| detail["stage"] == "fetching" && detail["model"] == "Better")
    );
}

/// What `download=never` shows.
fn enter_never(page: &Page) {
    page.script("never.load()", []);
    page.wait_for_event("never", "result", |_| true);
    page.enter("never");
    page.wait_for_text(STATUS, "Cliplet starter is ready");
    assert!(!page.has_button("Download (0.5 MB)"));
    page.leave_frames();
}

#[test]
fn a_slow_model_is_waited_for_and_one_that_does_not_come_is_said() {
    let body = "<cliplet-classifier id=a download=auto labels='panda, rocket' image=panda.jpg></cliplet-classifier>";
    let host = HostPage::new(body);
    host.world.models.set_fault(
        FILE,
        Fault::Slow {
            bytes_per_second: 100_000,
        },
    );
    let page = host.open(&Options::default());
    let first = page.wait_for_event("a", "result", |_| true);
    assert_eq!(first["preview"], true);
    let some = page.wait_for_event("a", "progress", |detail| {
        detail["stage"] == "fetching"
            && detail["model"] == "Better"
            && detail["loaded"].as_u64() > Some(0)
    });
    assert_eq!(
        some["total"].as_u64().unwrap(),
        crate::harness::world::better().len() as u64
    );
    host.world.models.clear_fault(FILE);
    page.wait_for_event("a", "result", |detail| detail["model"] == "Better");

    let host = HostPage::new(body);
    host.world.models.set_fault(FILE, Fault::Status(404));
    let page = host.open(&Options::default());
    let error = page.wait_for_event("a", "error", |_| true);
    assert_eq!(
        (&error["code"], &error["fatal"]),
        (&json!("model"), &json!(false))
    );
    assert!(
        error["message"].as_str().unwrap().contains("404"),
        "{error}"
    );
    page.wait_for_event("a", "result", |detail| detail["model"] == "cliplet-starter");
    assert!(page.shows_frame("a"));
}

#[test]
fn where_nothing_can_be_scored_there_is_something_else() {
    for file in ["models/starter.gguf", "models.json"] {
        let body = ELEMENT.replace("<cliplet-classifier", "<cliplet-classifier download=never");
        let host = HostPage::new(&body);
        host.cliplet().set_fault(file, Fault::Status(404));
        let page = host.open(&Options::default());
        let error = page.wait_for_event("a", "error", |detail| detail["fatal"] == true);
        assert_eq!(error["code"], "model", "{file}");
        page.wait_until("what is there instead", Duration::from_secs(30), || {
            page.shows_instead().then_some(())
        });
        assert!(!page.shows_frame("a"));
        // Whoever asks for it again gets it.
        host.cliplet().clear_fault(file);
        page.script("a.load()", []);
        page.wait_for_labels_of("a", &LABELS);
    }
}

#[test]
fn a_model_that_is_not_on_the_list_is_said() {
    let host = HostPage::new(&ELEMENT.replace("id=a", "id=a model=nonsense"));
    let page = host.open(&Options::default());
    let error = page.wait_for_event("a", "error", |_| true);
    assert_eq!(error["code"], "settings");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("nonsense") && message.contains("Better, cliplet-starter"),
        "{message}"
    );
    page.wait_for_labels_of("a", &LABELS);
}
