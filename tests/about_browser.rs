//! "About this browser" tells what the browser and the host really give, and what to do for more.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::harness::{Kind, Need, Options, Page, TestServer, lacks};

const DIALOG: &str = "[data-testid=about-browser][open]";
const LINK: &str = "a[href='#about-this-browser']";

/// A feature as it is told.
#[derive(Debug)]
struct Told {
    standing: String,
    value: String,
    advice: Option<String>,
}

/// Opens the dialogue and reads it.
#[track_caller]
fn told(page: &Page) -> HashMap<String, Told> {
    page.click(LINK);
    read(page)
}

#[track_caller]
fn read(page: &Page) -> HashMap<String, Told> {
    page.wait_for(&format!("{DIALOG} [data-feature=Camera]"));
    let script =
        "return Array.from(document.querySelectorAll('[data-testid=feature]'), (feature) => [
        feature.dataset.feature,
        feature.dataset.standing,
        feature.querySelector('.value').innerText,
        feature.querySelector('.advice')?.innerText ?? null,
    ])";
    let rows = page.script(script, []);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let rows = rows.as_array().unwrap().iter().map(|row| {
        let told = Told {
            standing: text(&row[1]).unwrap(),
            value: text(&row[2]).unwrap(),
            advice: text(&row[3]),
        };
        (text(&row[0]).unwrap(), told)
    });
    let told: HashMap<String, Told> = rows.collect();
    for (feature, told) in &told {
        assert!(!told.value.is_empty(), "{feature}");
        assert_eq!(
            told.advice.is_none(),
            told.standing == "full",
            "{feature}: {told:?}"
        );
    }
    told
}

#[track_caller]
fn assert_standings(told: &HashMap<String, Told>, expected: &[(&str, &str)]) {
    for (feature, standing) in expected {
        assert_eq!(
            told[*feature].standing, *standing,
            "{feature}: {:?}",
            told[*feature]
        );
    }
}

/// How many threads the engine has here, as its worker counts them.
fn threads(page: &Page) -> (u64, u64) {
    let cores = page.script("return navigator.hardwareConcurrency", []);
    let cores = cores.as_u64().unwrap();
    (cores.min(8), cores)
}

fn a_good_host_and_browser(kind: Kind) {
    if lacks(&[Need::Browser(kind)]) {
        return;
    }
    let server = TestServer::with_page();
    let page = Page::open_in(kind, &server);
    page.wait_until_ready();
    let told = told(&page);
    let all_there = ["Threads", "Isolation", "Simd", "Cache", "Https", "Headers"];
    assert_standings(&told, &all_there.map(|feature| (feature, "full")));
    let has_storage = Need::PrivateFiles.is_met_by(kind);
    let storage = if has_storage {
        [("PrivateFiles", "full"), ("Room", "full")]
    } else {
        [("PrivateFiles", "missing"), ("Room", "unknown")]
    };
    assert_standings(&told, &storage);
    let (threads, cores) = threads(&page);
    assert_eq!(told["Threads"].value, format!("{threads} on {cores} cores"));
    let fetched = server.files_asked_for("engine/engine-");
    assert!(
        fetched[0].starts_with(&format!("engine/engine-{}-", told["Build"].value)),
        "{fetched:?}: {:?}",
        told["Build"]
    );
    if has_storage {
        assert!(told["Room"].value.ends_with("B"), "{:?}", told["Room"]);
    }

    page.press_button("Close");
    page.wait_for_none(DIALOG);
    assert_eq!(page.script("return location.hash", []), json!(""));
}

#[test]
fn a_good_host_and_browser_give_everything_in_chromium() {
    a_good_host_and_browser(Kind::Chromium);
}

#[test]
fn a_good_host_and_browser_give_everything_in_firefox() {
    a_good_host_and_browser(Kind::Firefox);
}

#[test]
fn a_good_host_and_browser_give_everything_in_webkit() {
    a_good_host_and_browser(Kind::WebKit);
}

/// A host that sends no headers is named as the reason, and from the second visit on the service
/// worker.
fn a_host_without_headers(kind: Kind) {
    if lacks(&[Need::Browser(kind)]) {
        return;
    }
    let server = TestServer::with_page();
    server.set_no_headers();
    let page = Page::open_in(kind, &server);
    page.wait_for("[data-testid=works-offline]");
    let first = told(&page);
    assert_standings(
        &first,
        &[
            ("Headers", "less"),
            ("Isolation", "less"),
            ("Threads", "less"),
            ("Build", "less"),
            ("ServiceWorker", "less"),
        ],
    );
    assert!(first["Threads"].value.starts_with("1 on "));
    let advice = first["Isolation"].advice.as_ref().unwrap();
    assert!(advice.contains("load it again"), "{advice}");
    let advice = first["Headers"].advice.as_ref().unwrap();
    assert!(advice.contains("How to host Cliplet"), "{advice}");

    page.press_button("Close");
    page.reload();
    page.wait_until_ready();
    let second = told(&page);
    assert_standings(
        &second,
        &[
            ("Headers", "less"),
            ("Isolation", "full"),
            ("Threads", "full"),
            ("ServiceWorker", "full"),
        ],
    );
    assert_eq!(second["Isolation"].value, "yes, by the service worker");
}

#[test]
fn a_host_without_headers_is_said_to_be_one_in_chromium() {
    a_host_without_headers(Kind::Chromium);
}

#[test]
fn a_host_without_headers_is_said_to_be_one_in_firefox() {
    a_host_without_headers(Kind::Firefox);
}

#[test]
fn a_host_without_headers_is_said_to_be_one_in_webkit() {
    a_host_without_headers(Kind::WebKit);
}

#[test]
fn what_is_missing_is_said_with_what_to_do() {
    let server = TestServer::with_page();
    let page = Page::blank(&Options::default());
    // As for a page that did not come by HTTPS.
    page.run_before(
        &server,
        "Object.defineProperty(window, 'isSecureContext', { value: false });
         delete window.caches;
         delete globalThis.StorageManager?.prototype.getDirectory;
         delete Navigator.prototype.serviceWorker;
         delete Navigator.prototype.mediaDevices;
         const validate = WebAssembly.validate;
         WebAssembly.validate = (bytes) => bytes.length !== 37 && validate(bytes)",
    );
    page.go(&server.url());
    page.wait_until_ready();
    let told = told(&page);
    for feature in ["Https", "Cache", "PrivateFiles", "ServiceWorker", "Camera"] {
        assert_eq!(told[feature].standing, "missing", "{feature}");
        let advice = told[feature].advice.as_ref().unwrap();
        assert!(advice.contains("https://"), "{feature}: {advice}");
    }
    assert_standings(&told, &[("RelaxedSimd", "less"), ("Simd", "full")]);
}

#[test]
fn too_little_room_is_said_in_numbers() {
    if lacks(&[Need::PrivateFiles]) {
        return;
    }
    let server = TestServer::with_page();
    let page = Page::blank(&Options::default());
    // Chromium says the same, whatever room there is.
    page.run_before(
        &server,
        "StorageManager.prototype.estimate = async () => ({ quota: 50_000_000, usage: 1_000_000 })",
    );
    page.go(&server.url());
    page.wait_until_ready();
    let told = told(&page);
    assert_standings(&told, &[("Room", "less")]);
    assert_eq!(told["Room"].value, "49 MB");
    let advice = told["Room"].advice.as_ref().unwrap();
    assert!(advice.contains("needs 164 MB"), "{advice}");
    // A browser of a test agrees to nothing by itself.
    assert_standings(&told, &[("Persistence", "less")]);
    page.press_button("Ask for it");
    page.wait_for_text("[data-feature=Persistence] [role=status]", "did not agree");
}

#[test]
fn an_engine_that_does_not_start_is_told_of() {
    let server = TestServer::with_page();
    let page = Page::open_at(&server, "?build=none");
    page.wait_for_state("error");
    let told = told(&page);
    assert_standings(&told, &[("Build", "unknown"), ("Threads", "unknown")]);
    let advice = told["Build"].advice.as_ref().unwrap();
    assert!(advice.contains("could not start"), "{advice}");
}

#[test]
fn it_has_an_address_and_the_way_back_leaves_it() {
    if lacks(&[Need::Log]) {
        return;
    }
    let server = TestServer::with_page();
    let page = Page::open_at(&server, "#about-this-browser");
    read(&page);
    page.press_button("Close");
    page.wait_for_none(DIALOG);
    page.click(LINK);
    page.wait_for(DIALOG);
    page.script("history.back()", []);
    page.wait_for_none(DIALOG);
    assert_eq!(page.console_errors(), Vec::<String>::new());
}

#[test]
fn it_fits_every_screen() {
    let server = TestServer::with_page();
    server.set_no_headers();
    for dark in [false, true] {
        let options = Options {
            dark,
            ..Options::default()
        };
        let page = Page::open_at_with(&server, "#about-this-browser", &options);
        page.wait_until_ready();
        for (width, height) in [(320, 640), (768, 1024), (1440, 900)] {
            page.resize(width, height);
            read(&page);
            let theme = if dark { "dark" } else { "light" };
            page.screenshot(&format!("about-browser-{width}-{theme}"));
            let overflow = page.script(
                "const dialog = document.querySelector('[data-testid=about-browser]');
                 return [dialog, document.documentElement].map((box) => box.scrollWidth - box.clientWidth)",
                [],
            );
            assert_eq!(overflow, json!([0, 0]), "{width} px wide, {theme}");
        }
    }
}
