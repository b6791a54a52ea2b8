//! A picture is scored however it comes to the page.

use serde_json::json;

use crate::harness::{
    DROP_ZONE, NO_BLOBS, Need, Options, Page, STATUS, TestServer, lacks, repository,
};

const LABELS: [&str; 6] = ["airplane", "rocket", "train", "boat", "car", "bicycle"];

/// A page with the labels of a sample, which nothing but the starter model can be fetched for.
fn page(server: &TestServer) -> Page {
    let page = Page::open(server);
    page.set_labels(&LABELS);
    page
}

#[track_caller]
fn finds_the_rocket(page: &Page) {
    let rows = page.wait_for_scores_of(&LABELS);
    assert_eq!(rows[0].label, "rocket");
    let sum: f64 = rows.iter().filter_map(|row| row.score).sum();
    assert!((sum - 1.0).abs() < 1e-3, "{rows:?}");
}

#[test]
fn a_dropped_picture_is_scored_and_shown() {
    let server = TestServer::with_page();
    let page = page(&server);
    let rocket = repository("public/samples/rocket.jpg");
    page.hold_file_over(DROP_ZONE, &rocket);
    page.drop_file(DROP_ZONE, &rocket);
    finds_the_rocket(&page);
    page.wait_for("[data-testid=drop-zone] img[alt='Your picture “rocket.jpg”']");
}

#[test]
fn a_click_on_the_drop_zone_asks_for_a_file() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.wait_for(DROP_ZONE);
    // The system's own dialogue cannot be worked from here: what would open it is heard instead.
    page.script(
        "document.querySelector('[data-testid=file-input]').addEventListener('click', (event) => {
             event.preventDefault();
             document.body.dataset.asked = 'yes';
         })",
        [],
    );
    page.click(DROP_ZONE);
    page.wait_for("body[data-asked]");
}

#[test]
fn a_chosen_picture_is_scored() {
    let server = TestServer::with_page();
    let page = page(&server);
    page.choose_file(&repository("public/samples/rocket.jpg"));
    finds_the_rocket(&page);
}

#[test]
fn a_pasted_picture_is_scored() {
    if lacks(&[Need::Pasted]) {
        return;
    }
    let server = TestServer::with_page();
    let page = page(&server);
    page.leave_field();
    page.paste_file(&repository("public/samples/rocket.jpg"), "image/jpeg");
    finds_the_rocket(&page);
}

/// The page is drawn before its engine is started, and whoever is quick enough may use it at once.
#[test]
fn a_picture_that_comes_before_the_engine_starts_waits_for_it() {
    let server = TestServer::with_page();
    let page = Page::blank(&Options::default());
    let picture = json!(format!("{}samples/rocket.jpg", server.url()));
    page.run_before(
        &server,
        "const fetched = location.protocol === 'about:' ? undefined : await_picture();
         async function await_picture() {
             const response = await fetch(PICTURE);
             const file = new File([await response.blob()], 'rocket.jpg', { type: 'image/jpeg' });
             const observer = new MutationObserver(() => {
                 const input = document.querySelector('[data-testid=file-input]');
                 if (!input) return;
                 observer.disconnect();
                 const transfer = new DataTransfer();
                 transfer.items.add(file);
                 input.files = transfer.files;
                 // At once, in the task that draws the page: the engine is started in a later one.
                 input.dispatchEvent(new Event('change', { bubbles: true }));
             });
             observer.observe(document, { subtree: true, childList: true });
         }"
        .replace("PICTURE", &picture.to_string())
        .as_str(),
    );
    page.go(&server.url());
    page.wait_for("[data-testid=drop-zone] img[alt='Your picture “rocket.jpg”']");
    page.wait_until("scores", std::time::Duration::from_secs(30), || {
        let rows = page.results();
        (!rows.is_empty() && rows.iter().all(|row| row.score.is_some())).then_some(())
    });
}

#[test]
fn every_sample_is_right_with_its_own_labels() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.script(NO_BLOBS, []);
    let text = std::fs::read_to_string(repository("public/samples/samples.json")).unwrap();
    let samples: serde_json::Value = serde_json::from_str(&text).unwrap();
    let samples = samples.as_array().unwrap();
    assert!(samples.len() >= 4);
    for sample in samples {
        page.press_button(&format!("Sample: {}", sample["name"].as_str().unwrap()));
        let labels: Vec<&str> = sample["labels"]
            .as_array()
            .unwrap()
            .iter()
            .map(|l| l.as_str().unwrap())
            .collect();
        let alt = sample["alt"].as_str().unwrap();
        page.wait_for(&format!("[data-testid=drop-zone] img[alt='{alt}']"));
        let rows = page.wait_for_scores_of(&labels);
        assert_eq!(rows[0].label, sample["best"].as_str().unwrap());
        // Some licences ask for the author's name beside the picture.
        page.wait_for_text(".credit", sample["author"].as_str().unwrap());
        page.wait_for_text(".credit", sample["licence"].as_str().unwrap());
    }
}

#[test]
fn scores_of_the_starter_are_marked_as_a_preview() {
    let server = TestServer::with_page();
    let page = page(&server);
    page.choose_file(&repository("public/samples/rocket.jpg"));
    finds_the_rocket(&page);
    page.wait_for_text("body", "Preview");
    page.wait_for_text("body", "the small starter model: good on everyday things");
}

/// Without a network beyond this machine's own servers, which is how the tests' browser is started.
#[test]
fn nothing_leaves_the_page_but_requests_for_its_own_files_and_the_model() {
    let server = TestServer::with_page();
    let page = page(&server);
    page.choose_file(&repository("public/samples/rocket.jpg"));
    finds_the_rocket(&page);
    page.wait_for_text(STATUS, "Couldn’t reach huggingface.co");
    let posted = page.script(
        "return performance.getEntriesByType('resource')
            .map((entry) => new URL(entry.name))
            .filter((url) => url.origin !== location.origin && url.protocol !== 'blob:')
            .map(String)",
        [],
    );
    assert_eq!(posted, serde_json::json!([]));
    assert_eq!(
        page.attribute(STATUS, "data-state").as_deref(),
        Some("ready")
    );
}
