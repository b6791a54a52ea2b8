//! Pictures of the page around, searched with words.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::host_page::HostPage;
use crate::harness::{ERROR, Kind, LABEL, Need, Options, Page, lacks, picture};

const ELEMENT: &str = "<cliplet-classifier id=a mode=search labels='a panda, a rocket' image='bee.jpg rocket.jpg panda.jpg'>
    </cliplet-classifier>";
const FIELD: &str = "[data-testid=search-input]";

/// The names of the pictures from first to last, each with its cosine.
fn hits(page: &Page) -> Vec<(String, Option<f64>)> {
    let script = "return Array.from(document.querySelectorAll('[data-testid=hit]'),
        ({ dataset }) => [dataset.name, dataset.cosine ?? null])";
    let hits = page.script(script, []);
    let hit = |hit: &Value| {
        let cosine = hit[1].as_str().map(|cosine| cosine.parse().unwrap());
        (hit[0].as_str().unwrap().to_owned(), cosine)
    };
    hits.as_array().unwrap().iter().map(hit).collect()
}

/// Waits until all pictures have been compared, and this one is the best.
#[track_caller]
fn wait_for_best(page: &Page, name: &str) {
    page.wait_until(&format!("{name} first"), Duration::from_secs(60), || {
        let hits = hits(page);
        let in_order = hits.iter().all(|(_, cosine)| cosine.is_some())
            && hits.is_sorted_by(|(_, a), (_, b)| a >= b);
        (in_order && hits.first()?.0 == name).then_some(())
    });
}

fn a_phrase_puts_the_pictures_in_order(kind: Kind) {
    if lacks(&[Need::Browser(kind)]) {
        return;
    }
    let host = HostPage::new(ELEMENT);
    let page = host.open(&Options {
        kind,
        ..Options::default()
    });
    let result = page.wait_for_event("a", "result", |_| true);
    assert_eq!(result["mode"], "search");
    assert_eq!(result["query"], "a panda");
    assert_eq!(result["model"], "cliplet-starter");
    let images = result["images"].as_array().unwrap();
    assert_eq!(images.len(), 3);
    assert_eq!(images[0]["image"], format!("{}panda.jpg", host.site.url()));
    assert!(images.is_sorted_by(|a, b| a["cosine"].as_f64() >= b["cosine"].as_f64()));

    page.enter("a");
    wait_for_best(&page, "panda.jpg");
    page.press_button("a rocket");
    wait_for_best(&page, "rocket.jpg");
    assert_eq!(page.value(FIELD).unwrap(), "a rocket");
    page.retype(FIELD, "a bee on a flower");
    wait_for_best(&page, "bee.jpg");
    page.leave_frames();
    page.wait_for_event("a", "result", |detail| {
        detail["query"] == "a bee on a flower"
    });
    assert_eq!(page.said("a", "error"), Vec::<Value>::new());
}

#[test]
fn a_phrase_puts_the_pictures_in_order_in_chromium() {
    a_phrase_puts_the_pictures_in_order(Kind::Chromium);
}

#[test]
fn a_phrase_puts_the_pictures_in_order_in_firefox() {
    a_phrase_puts_the_pictures_in_order(Kind::Firefox);
}

#[test]
fn a_phrase_puts_the_pictures_in_order_in_webkit() {
    a_phrase_puts_the_pictures_in_order(Kind::WebKit);
}

#[test]
fn pictures_phrases_and_the_mode_itself_can_be_changed() {
    if lacks(&[Need::Pasted]) {
        return;
    }
    let host = HostPage::new(ELEMENT);
    let page = host.open(&Options::default());
    page.wait_for_event("a", "result", |_| true);
    page.script(
        "a.labels = ['a rocket']; a.image = ['rocket.jpg', 'bee.jpg']",
        [],
    );
    page.enter("a");
    wait_for_best(&page, "rocket.jpg");
    assert_eq!(hits(&page).len(), 2);
    // Nothing looked for: the pictures as they were given.
    // A frame of another site takes the focus by nothing else.
    page.click(FIELD);
    page.script(
        "document.querySelector(arguments[0]).select()",
        [json!(FIELD)],
    );
    page.press(&thirtyfour::Key::Backspace.value().to_string());
    page.wait_for_none("[data-cosine]");
    choose_nothing_by_dropping(&page);
    page.leave_frames();

    page.script("a.mode = 'classify'; a.labels = ['rocket', 'bee']", []);
    page.wait_for_labels_of("a", &["rocket", "bee"]);
    // Nobody hears any more of what was looked for before: longer than a search waits for typing to
    // pause, and takes.
    thread::sleep(Duration::from_secs(1));
    let last = page.said("a", "result").pop().unwrap();
    assert_eq!(last["mode"], "classify", "{last}");
    page.enter("a");
    page.wait_for(LABEL);
    page.leave_frames();
    page.script(
        "events.length = 0; a.mode = 'search'; a.labels = ['a bee on a flower']",
        [],
    );
    page.wait_for_event("a", "result", |detail| detail["mode"] == "search");
    page.enter("a");
    wait_for_best(&page, "bee.jpg");
}

/// Drops a picture where only those of the page around are searched.
fn choose_nothing_by_dropping(page: &Page) {
    page.paste_file(&picture("cmyk.jpg"), "image/jpeg");
    page.wait_for_text(ERROR, "Only the pictures shown here are searched");
    page.press_button("Dismiss");
    page.wait_for_none(ERROR);
}

#[test]
fn a_picture_that_cannot_be_read_leaves_the_others() {
    let host = HostPage::new(ELEMENT);
    host.site.put("bee.jpg", "no picture");
    let page = host.open(&Options::default());
    let error = page.wait_for_event("a", "error", |_| true);
    assert_eq!(
        (&error["code"], &error["fatal"]),
        (&json!("image"), &json!(false))
    );
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("bee.jpg"), "{message}");
    let found = page.wait_for_event("a", "result", |detail| {
        detail["images"]
            .as_array()
            .is_some_and(|images| images.len() == 2)
    });
    assert_eq!(
        found["images"][0]["image"],
        format!("{}panda.jpg", host.site.url())
    );
}
