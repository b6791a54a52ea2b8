//! The book that comes with the page: its links lead somewhere, its pages work, and so do its
//! samples. What can be said of its files alone is tested in `crates/book`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

use cliplet_book::{Sample, samples_to_run};
use serde_json::{Value, json};

use crate::harness::{
    Need, Options, Page, TestServer, lacks, page_directory, page_file, repository,
};

/// Where the page lies, in the book's samples, and where files of others lie.
const PAGE_OF_SAMPLES: &str = "https://cliplet.example/";
const ELSEWHERE: &str = "https://example.org/";

/// The book's pages, relative to the page.
fn pages() -> Vec<String> {
    let mut pages: Vec<String> = ["book", "book/decisions"]
        .into_iter()
        .flat_map(|folder| {
            let entries = fs::read_dir(page_directory().join(folder)).expect("the page has a book");
            let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            names.map(move |name| format!("{folder}/{name}"))
        })
        .filter(|path| path.ends_with(".html"))
        .collect();
    pages.sort();
    pages
}

/// What a page of the book says of itself.
struct Seen {
    /// Names that can stand behind `#`.
    anchors: BTreeSet<String>,
    /// Absolute addresses that it links to, or takes files from.
    addresses: BTreeSet<String>,
}

fn strings(value: &Value) -> BTreeSet<String> {
    serde_json::from_value(value.clone()).expect("they are strings")
}

#[test]
fn every_link_leads_somewhere_and_no_page_fails() {
    if lacks(&[Need::Log]) {
        return;
    }
    let server = TestServer::with_page_below("/docs/en/cliplet/");
    let page = Page::blank(&Options::default());
    let url = server.url();
    let mut seen = BTreeMap::new();
    for name in pages() {
        page.go(&format!("{url}{name}"));
        let script = "const elements = Array.from(document.querySelectorAll('[href], [src]:not(cliplet-classifier > iframe)'));
            return [
                Array.from(document.querySelectorAll('[id]'), (element) => element.id),
                elements.map((element) => element.href ?? element.src),
            ]";
        let found = page.script(script, []);
        let [anchors, addresses] = [0, 1].map(|nth| strings(&found[nth]));
        seen.insert(format!("{url}{name}"), Seen { anchors, addresses });
        // Of a page without an icon, as mdBook's frame for readers without JavaScript, a browser
        // asks for one of its own accord.
        let errors = page.console_errors();
        let fault = errors.iter().find(|error| !error.contains("/favicon.ico"));
        assert_eq!(fault, None, "{name}");
    }
    assert!(seen.len() > 10, "only {} pages", seen.len());

    // From where files of all kinds may be asked for.
    page.go(&url);
    let mut broken = Vec::new();
    let mut files: BTreeMap<String, bool> = BTreeMap::new();
    for (name, Seen { addresses, .. }) in &seen {
        for address in addresses.iter().filter(|address| address.starts_with(&url)) {
            let (file, anchor) = address.split_once('#').unwrap_or((address, ""));
            let is_there = *files.entry(file.to_owned()).or_insert_with(|| {
                let script = "return (await fetch(arguments[0], { method: 'HEAD' })).ok";
                page.script(script, [json!(file)]) == json!(true)
            });
            let has_anchor = match seen.get(file) {
                Some(target) => anchor.is_empty() || target.anchors.contains(anchor),
                // The page itself has one address of this kind.
                None => ["", "about-this-browser"].contains(&anchor),
            };
            if !is_there || !has_anchor {
                broken.push(format!("{name}: {address}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(files.len() > 20, "only {} files", files.len());
}

#[test]
fn the_page_leads_to_the_book_and_the_book_to_the_page() {
    let server = TestServer::with_page_below("/docs/en/cliplet/");
    let page = Page::open(&server);
    page.wait_until_ready();
    let link = "footer a[target=_blank]";
    assert_eq!(page.text(link).unwrap(), "The book");
    let book = page.script(
        "return document.querySelector(arguments[0]).href",
        [json!(link)],
    );
    page.open_tab(book.as_str().unwrap());
    page.wait_for_text("main h1", "Cliplet");
    page.click("main > p > a[href='../']");
    page.wait_for("[data-testid=drop-zone]");
    assert_eq!(page.script("return location.href", []), json!(server.url()));
}

#[test]
fn the_examples_in_the_book_are_live() {
    if lacks(&[Need::Protocol]) {
        return;
    }
    let server = TestServer::with_page_below("/docs/en/cliplet/");
    let page = Page::blank(&Options::default());
    page.run_before_pages(
        "window.results = [];
         addEventListener('result', ({ detail }) => window.results.push(detail), true)",
    );
    for (name, best) in [
        ("index", "bee"),
        ("labels", "panda"),
        ("embedding", "rocket"),
    ] {
        page.go(&format!("{}book/{name}.html", server.url()));
        page.script(
            "document.querySelector('cliplet-classifier').scrollIntoView({ behavior: 'instant' })",
            [],
        );
        page.wait_until(
            &format!("the scores of {name}"),
            Duration::from_secs(60),
            || {
                let found =
                    page.script("return window.results.at(-1)?.labels[0].label ?? null", []);
                (found == json!(best)).then_some(())
            },
        );
        page.screenshot(&format!("book-{name}"));
        assert_eq!(page.console_errors(), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn visitors_of_the_page_alone_fetch_nothing_of_the_book() {
    assert!(!page_file("service-worker.js").contains("\"book/"));
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.wait_for("[data-testid=works-offline]");
    assert_eq!(server.files_asked_for("book/"), Vec::<String>::new());
}

#[test]
fn the_book_runs_its_own_scripts_alone() {
    if lacks(&[Need::Log]) {
        return;
    }
    let server = TestServer::with_page();
    let page = Page::blank(&Options::default());
    page.go(&format!("{}book/index.html", server.url()));
    let script = "const script = document.createElement('script');
        script.textContent = 'window.ran = true';
        document.body.append(script);
        return [window.ran === true, await fetch('https://example.org/').then(() => true, () => false)]";
    assert_eq!(page.script(script, []), json!([false, false]));
    let errors = page.console_errors();
    let is_refused = |error: &&String| {
        error.contains("violates the following Content Security Policy")
            || error.contains("directive of the Content Security Policy")
    };
    let refused = errors.iter().filter(is_refused);
    assert_eq!(refused.count(), 2, "{errors:?}");
}

#[test]
fn the_book_can_be_searched() {
    let server = TestServer::with_page();
    let page = Page::blank(&Options::default());
    page.go(&format!("{}book/index.html?search=nginx", server.url()));
    page.wait_for("#mdbook-searchresults a[href*='hosting.html']");
}

/// What stands in for every model that comes from elsewhere: another CLIP, small enough for a test.
const MODEL: &str = "crates/clip/tests/fixtures/golden/q8_0-gelu.gguf";

/// The page as in the book, with models that come from `models`.
fn page_with_models(models: &TestServer) -> TestServer {
    let server = TestServer::with_page_below("/cliplet/");
    let model = fs::read(repository(MODEL)).unwrap();
    models.put("model.gguf", &model);
    let mut catalogue: Value = serde_json::from_str(&page_file("models.json")).unwrap();
    for entry in catalogue["models"].as_array_mut().unwrap() {
        if entry["url"].as_str().unwrap().contains("://") {
            entry["url"] = json!(format!("{}model.gguf", models.url()));
            entry["bytes"] = json!(model.len());
            let entry = entry.as_object_mut().unwrap();
            entry.remove("layout");
            entry.remove("sha256");
        }
    }
    server.put("models.json", catalogue.to_string());
    server
}

/// The chapter whose samples are not about the widget; they are run with the tests of what they are
/// about.
const JAVASCRIPT: &str = "docs/javascript.md";

/// What is run of the samples of the book. Below the first of its chapter, a page need not name the
/// widget's script again, and JavaScript has that first page around it.
fn what_is_run() -> Vec<Sample> {
    let mut first: BTreeMap<String, String> = BTreeMap::new();
    let mut samples = samples_to_run(&["html", "js"]);
    samples.retain(|sample| sample.place.path != JAVASCRIPT);
    for sample in &mut samples {
        let first = first
            .entry(sample.place.path.clone())
            .or_insert_with(|| sample.code.clone());
        if sample.language == "js" {
            // Its end is marked, so that one that stops in the middle shows.
            sample.code = format!(
                "{first}<script type=\"module\">{}\nwindow.sampleEnded = true;</script>",
                sample.code
            );
        } else if !sample.code.contains("<script") {
            let script = first.lines().find(|line| line.contains("embed.js"));
            sample.code.push_str(script.unwrap_or_default());
        }
    }
    samples
}

/// Puts up the page of a stranger, on another origin, with a sample in it.
fn put_up(stranger: &TestServer, page: &TestServer, sample: &Sample) {
    let code = sample
        .code
        .replace(PAGE_OF_SAMPLES, &page.url())
        .replace(ELSEWHERE, &stranger.url());
    let body = match &*sample.language {
        "html" => format!("{code}<script>window.sampleEnded = true</script>"),
        _ => code,
    };
    let html = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>A page</title>
         <link rel=\"icon\" href=\"data:,\"><script>
             window.sampleErrors = [];
             window.readyWidgets = new Set();
             addEventListener('ready', ({{ target }}) => window.readyWidgets.add(target), true);
             for (const name of ['error', 'unhandledrejection']) {{
                 addEventListener(name, (event) => {{
                     const {{ reason, message, detail, target }} = event;
                     window.sampleErrors.push(String(reason ?? message ?? (JSON.stringify(detail) || target?.src)));
                 }}, true);
             }}
         </script></head><body><h1>A page</h1><img src=\"picture.jpg\" alt=\"A rocket\">{body}</body></html>"
    );
    stranger.put("index.html", html);
    let picture = fs::read(repository("public/samples/rocket.jpg")).unwrap();
    // What samples call pictures of the page that they stand in.
    for name in ["picture.jpg", "pet.jpg", "photo.jpg", "rocket.jpg"] {
        stranger.put(name, &picture);
    }
    for name in ["bee.jpg", "panda.jpg"] {
        let sample = repository(&format!("public/samples/{name}"));
        stranger.put(name, fs::read(sample).unwrap());
    }
}

#[test]
fn samples_for_web_pages_work_in_a_page_of_another_origin() {
    if lacks(&[Need::Log]) {
        return;
    }
    const PATIENCE: Duration = Duration::from_secs(60);
    let models = TestServer::elsewhere();
    let server = page_with_models(&models);
    for sample in what_is_run() {
        let place = &sample.place;
        let stranger = TestServer::elsewhere();
        stranger.set_no_headers();
        put_up(&stranger, &server, &sample);
        let page = Page::blank(&Options::default());
        page.go(&stranger.url());
        page.wait_until(&format!("{place} to end"), PATIENCE, || {
            let state = page.script("return [window.sampleEnded, window.sampleErrors]", []);
            assert_eq!(state[1], json!([]), "{place}");
            (state[0] == json!(true)).then_some(())
        });
        page.wait_until(&format!("the widgets at {place}"), PATIENCE, || {
            let script =
                "const widgets = Array.from(document.querySelectorAll('cliplet-classifier:not([download=never])'));
                const next = widgets.find((widget) => !window.readyWidgets.has(widget));
                next?.scrollIntoView({ behavior: 'instant' });
                return [next === undefined, window.sampleErrors]";
            let state = page.script(script, []);
            assert_eq!(state[1], json!([]), "{place}");
            (state[0] == json!(true)).then_some(())
        });
        assert_eq!(page.console_errors(), Vec::<String>::new(), "{place}");
    }
}
