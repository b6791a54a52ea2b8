//! After one visit everything is there without a network, and a newer version of the page comes
//! whole, when it is wanted.

use std::time::Duration;

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::harness::{
    Kind, LABEL, Need, Page, STATUS, TestServer, lacks, page_file, picture, repository,
};

const LABELS: [&str; 3] = ["boat", "rocket", "panda"];
const WORKS_OFFLINE: &str = "[data-testid=works-offline]";
const UPDATE: &str = "[data-testid=update]";
const SERVICE_WORKER: &str = "service-worker.js";
const STARTER: &str = "models/starter.gguf";

/// How long a new version may take to be noticed and collected.
const UPDATE_PATIENCE: Duration = Duration::from_secs(60);

/// Visits once, with a picture, and stays until everything is kept.
fn visit(kind: Kind, server: &TestServer) -> Page {
    let page = Page::open_in(kind, server);
    page.wait_for(LABEL);
    page.set_labels(&LABELS);
    page.choose_file(&repository("public/samples/rocket.jpg"));
    assert_eq!(page.wait_for_scores_of(&LABELS)[0].label, "rocket");
    page.wait_for(WORKS_OFFLINE);
    page
}

/// The paths of what the service worker keeps.
fn kept(page: &Page) -> Vec<String> {
    let script = "const kept = [];
        for (const name of await caches.keys()) {
            for (const { url } of await (await caches.open(name)).keys()) kept.push(url);
        }
        const here = new URL('.', location).href;
        return kept.map((url) => url.slice(here.length).split('?')[0]).sort()";
    let paths = page.script(script, []);
    serde_json::from_value(paths).expect("they are strings")
}

/// The paths of an engine's builds among others.
fn builds(paths: &[String]) -> Vec<&str> {
    let names = paths.iter().map(String::as_str);
    names
        .filter(|path| path.starts_with("engine/engine-"))
        .collect()
}

fn everything_is_there(kind: Kind, base: &str) {
    if lacks(&[Need::Browser(kind)]) {
        return;
    }
    let server = TestServer::with_page_below(base);
    let page = visit(kind, &server);
    let rows = page.results();
    server.stop();
    page.reload();

    page.wait_until_ready();
    let mut labels = page.labels();
    labels.sort();
    assert_eq!(labels, ["boat", "panda", "rocket"]);
    page.choose_file(&repository("public/samples/rocket.jpg"));
    assert_eq!(page.wait_for_scores_of(&LABELS), rows);
    // Its decoder has not been used before.
    page.choose_file(&picture("picture.tiff"));
    page.wait_for("[data-testid=drop-zone] img[alt*=tiff]");
    page.wait_for_results("the rocket to be recognised", |rows| {
        rows[0].label == "rocket"
    });
    page.press_button("Sample: Panda");
    page.wait_for("[data-testid=drop-zone] img[alt*=anda]");
    page.wait_for_results("the panda to be recognised", |rows| {
        rows[0].label == "panda"
    });
    let missing = "return Array.from(document.images, (image) => [image.src, image.naturalWidth])
        .filter(([, width]) => width === 0)";
    assert_eq!(page.script(missing, []), json!([]));
    page.press_button("Models");
    page.wait_for_text("dialog", "LAION");
    page.press_button("Close");
    // And once more, as the page has told the service worker anew what it uses.
    page.wait_for(WORKS_OFFLINE);
    page.reload();
    page.wait_until_ready();
}

#[test]
fn everything_is_there_in_chromium() {
    everything_is_there(Kind::Chromium, "/");
}

#[test]
fn everything_is_there_in_firefox() {
    everything_is_there(Kind::Firefox, "/");
}

#[test]
fn everything_is_there_in_webkit() {
    everything_is_there(Kind::WebKit, "/");
}

#[test]
fn everything_is_there_below_a_path() {
    everything_is_there(Kind::default(), "/docs/en/cliplet/");
}

#[test]
fn what_is_kept_is_what_the_visit_uses_and_nothing_twice() {
    if lacks(&[Need::Log]) {
        return;
    }
    let server = TestServer::with_page();
    let page = visit(Kind::default(), &server);
    let kept = kept(&page);
    let expected = server.files_asked_for("engine/engine-");
    assert_eq!(builds(&kept), expected);
    assert!(kept.contains(&"index.html".to_owned()), "{kept:?}");
    assert!(kept.contains(&"samples/panda.jpg".to_owned()), "{kept:?}");
    // The engine keeps the starter itself.
    assert!(!kept.contains(&STARTER.to_owned()), "{kept:?}");
    assert_eq!(server.requests(STARTER).len(), 1);
    // What names a hash is fetched by the page alone, and comes out of the browser's cache for the
    // service worker.
    for file in expected {
        assert_eq!(server.requests(&file).len(), 1, "{file}");
    }
    assert_eq!(page.console_errors(), Vec::<String>::new());
}

#[test]
fn a_starter_that_the_engine_does_not_keep_is_kept_all_the_same() {
    if lacks(&[Need::PrivateFiles]) {
        return;
    }
    let server = TestServer::with_page();
    let page = visit(Kind::default(), &server);
    // What the page says where the private file system is missing.
    page.script(
        "const { active } = await navigator.serviceWorker.ready;
         const done = new Promise((resolve) => navigator.serviceWorker.addEventListener('message', resolve));
         active.postMessage({ inUse: { build: arguments[0], isolated: true, stored: [] } });
         await done",
        [json!("relaxed-threads")],
    );
    assert!(kept(&page).contains(&STARTER.to_owned()));
    // It is answered for in parts too, as a download that goes on asks for them.
    server.stop();
    page.reload();
    page.wait_until_ready();
    let script = "const answers = [];
        for (const range of arguments[1]) {
            const answer = await fetch(arguments[0], { headers: { Range: range } });
            const { byteLength } = await answer.arrayBuffer();
            answers.push([answer.status, byteLength, answer.headers.get('Content-Range')]);
        }
        return answers";
    let bytes = std::fs::metadata(repository("public/models/starter.gguf"));
    let bytes = bytes.unwrap().len();
    let (tail, last) = (bytes - 10, bytes - 1);
    let ranges = json!(["bytes=10-19", format!("bytes={tail}-"), "bytes=99999999-"]);
    let expected = json!([
        [206, 10, format!("bytes 10-19/{bytes}")],
        [206, 10, format!("bytes {tail}-{last}/{bytes}")],
        [416, 0, format!("bytes */{bytes}")],
    ]);
    assert_eq!(page.script(script, [json!(STARTER), ranges]), expected);
    // The engine's own copy goes, from outside of the page that has it open, and the page comes up.
    page.go(&format!("{}samples/samples.json", server.url()));
    page.script(
        "const root = await navigator.storage.getDirectory();
         for await (const name of root.keys()) await root.removeEntry(name, { recursive: true })",
        [],
    );
    page.go(&server.url());
    page.choose_file(&repository("public/samples/rocket.jpg"));
    assert_eq!(page.wait_for_scores_of(&LABELS)[0].label, "rocket");
}

/// Puts a newer version on the server: another title, in a page that the service worker of that
/// version lists.
fn put_new_version(server: &TestServer, title: &str) {
    let index = page_file("index.html");
    let new = index.replace("<title>Cliplet", &format!("<title>{title}"));
    assert_ne!(new, index);
    let hash = |text: &str| -> String {
        let hash = Sha256::digest(text);
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let worker = page_file(SERVICE_WORKER);
    let new_worker = worker.replace(&hash(&index), &hash(&new));
    assert_ne!(new_worker, worker);
    server.put("index.html", new);
    server.put(SERVICE_WORKER, new_worker);
}

fn title(page: &Page) -> String {
    let title = page.script("return document.title", []);
    title
        .as_str()
        .unwrap_or_default()
        .split(':')
        .next()
        .unwrap()
        .to_owned()
}

fn a_new_version_is_taken(kind: Kind) {
    if lacks(&[Need::Browser(kind)]) {
        return;
    }
    let server = TestServer::with_page();
    let page = visit(kind, &server);
    let asked = |path: &str| server.requests(path).len();
    put_new_version(&server, "Newer");
    let before = asked("samples/panda.jpg");
    page.reload();
    page.wait_until("the new version", UPDATE_PATIENCE, || {
        page.has(UPDATE).then_some(())
    });
    // Nothing changes before that is wanted, and nothing is fetched that has not changed.
    assert_eq!(title(&page), "Cliplet");
    page.reload();
    page.wait_for(LABEL);
    assert_eq!(title(&page), "Cliplet");
    assert_eq!(asked("samples/panda.jpg"), before);
    page.wait_for(UPDATE);

    page.press_button("Update now");
    page.wait_until("the new title", UPDATE_PATIENCE, || {
        (title(&page) == "Newer").then_some(())
    });
    page.wait_until_ready();
    assert!(!page.has(UPDATE));
    let mut labels = page.labels();
    labels.sort();
    assert_eq!(labels, ["boat", "panda", "rocket"]);
    server.stop();
    page.reload();
    page.wait_until_ready();
    assert_eq!(title(&page), "Newer");
    // The older page is forgotten.
    let pages = kept(&page);
    assert_eq!(pages.iter().filter(|path| *path == "index.html").count(), 1);
}

#[test]
fn a_new_version_waits_until_it_is_wanted_in_chromium() {
    a_new_version_is_taken(Kind::Chromium);
}

#[test]
fn a_new_version_waits_until_it_is_wanted_in_firefox() {
    a_new_version_is_taken(Kind::Firefox);
}

#[test]
fn a_new_version_waits_until_it_is_wanted_in_webkit() {
    a_new_version_is_taken(Kind::WebKit);
}

#[test]
fn a_new_version_is_not_taken_from_under_another_page() {
    let server = TestServer::with_page();
    let page = visit(Kind::default(), &server);
    page.script(
        "window.other = window.open(location.href);
         await new Promise((resolve) => { window.other.onload = resolve })",
        [],
    );
    put_new_version(&server, "Newer");
    page.script("await (await navigator.serviceWorker.ready).update()", []);
    page.wait_until("the new version", UPDATE_PATIENCE, || {
        page.has(UPDATE).then_some(())
    });
    page.press_button("Update now");
    page.wait_for_text(UPDATE, "Close the other tabs");
    assert_eq!(title(&page), "Cliplet");
    page.script("window.other.close()", []);
    page.wait_until("the new title", UPDATE_PATIENCE, || {
        if page.has(UPDATE) {
            page.press_button("Update now");
        }
        (title(&page) == "Newer").then_some(())
    });
}

#[test]
fn a_version_that_is_not_whole_is_not_taken() {
    let server = TestServer::with_page();
    let page = visit(Kind::default(), &server);
    put_new_version(&server, "Newer");
    // The host has the new list already, and still an older page than that.
    server.put(
        "index.html",
        page_file("index.html").replace("<title>Cliplet", "<title>Older"),
    );
    let end = "const registration = await navigator.serviceWorker.ready;
        const found = new Promise((resolve) => registration.addEventListener('updatefound', resolve));
        await registration.update();
        await found;
        const worker = registration.installing;
        if (worker) await new Promise((resolve) => {
            worker.onstatechange = () => { if (worker.state !== 'installing') resolve() };
        });
        return [registration.waiting === null, registration.active.state]";
    assert_eq!(page.script(end, []), json!([true, "activated"]));
    page.reload();
    page.wait_until_ready();
    assert_eq!(title(&page), "Cliplet");
    assert!(!page.has(UPDATE));
    server.stop();
    page.reload();
    page.wait_until_ready();
    assert_eq!(title(&page), "Cliplet");
}

#[test]
fn a_page_that_cannot_be_kept_works_all_the_same() {
    let server = TestServer::with_page();
    // As behind a host that changes what it sends.
    server.put("models/starter-card.md", "Something else.");
    let page = Page::open(&server);
    page.set_labels(&LABELS);
    page.choose_file(&repository("public/samples/rocket.jpg"));
    assert_eq!(page.wait_for_scores_of(&LABELS)[0].label, "rocket");
    page.wait_until("the service worker to give up", UPDATE_PATIENCE, || {
        let asked = server.requests("models/starter-card.md").len();
        (asked >= 2).then_some(())
    });
    page.reload();
    page.wait_until_ready();
    assert!(!page.has(WORKS_OFFLINE));
    assert!(
        page.text(STATUS)
            .is_some_and(|status| status.contains("ready"))
    );
}

/// A page on a host that cannot set headers is isolated from the second visit on, and then computes
/// on several threads.
fn isolated_from_the_second_visit_on(kind: Kind) {
    if lacks(&[Need::Browser(kind)]) {
        return;
    }
    let server = TestServer::with_page();
    server.set_no_headers();
    let page = visit(kind, &server);
    let isolated = |page: &Page| page.script("return crossOriginIsolated", []);
    assert_eq!(isolated(&page), json!(false));
    let first: Vec<String> = server.files_asked_for("engine/engine-");
    let threads = |file: &str| file.contains("-threads-");
    assert!(first.iter().any(|file| !threads(file)), "{first:?}");
    // The build of the next visit is fetched in this one.
    assert!(first.iter().any(|file| threads(file)), "{first:?}");
    server.stop();
    page.reload();
    assert_eq!(isolated(&page), json!(true));
    page.choose_file(&repository("public/samples/rocket.jpg"));
    assert_eq!(page.wait_for_scores_of(&LABELS)[0].label, "rocket");
    page.wait_for(WORKS_OFFLINE);
    let kept = kept(&page);
    let builds = builds(&kept);
    assert!(
        builds.len() == 2 && builds.iter().all(|file| threads(file)),
        "{builds:?}"
    );
}

#[test]
fn a_host_without_headers_is_made_up_for_in_chromium() {
    isolated_from_the_second_visit_on(Kind::Chromium);
}

#[test]
fn a_host_without_headers_is_made_up_for_in_firefox() {
    isolated_from_the_second_visit_on(Kind::Firefox);
}

#[test]
fn a_host_without_headers_is_made_up_for_in_webkit() {
    isolated_from_the_second_visit_on(Kind::WebKit);
}

/// Why Chromium would not install the page.
fn why_not_installed(page: &Page) -> Vec<String> {
    let answer = page.cdp("Page.getInstallabilityErrors", json!({}));
    let errors = answer["installabilityErrors"]
        .as_array()
        .into_iter()
        .flatten();
    let errors = errors.filter_map(|error| error["errorId"].as_str());
    // The profile of a test is like a private window, where nothing can be installed.
    let errors = errors.filter(|error| *error != "in-incognito");
    errors.map(str::to_owned).collect()
}

#[test]
fn the_page_can_be_installed() {
    if lacks(&[Need::Protocol]) {
        return;
    }
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.wait_until_ready();
    let manifest = page.cdp("Page.getAppManifest", json!({}));
    assert_eq!(manifest["errors"], json!([]));
    let url = manifest["url"].as_str().unwrap();
    assert!(url.ends_with("manifest.webmanifest"), "{url}");
    assert_eq!(why_not_installed(&page), Vec::<String>::new());

    let without_icons = page_file("manifest.webmanifest").replace("\"icons\"", "\"none\"");
    server.put("manifest.webmanifest", without_icons);
    let page = Page::open(&server);
    page.wait_until_ready();
    assert_ne!(why_not_installed(&page), Vec::<String>::new());
}
