//! A file that is no picture is refused with a sentence, and leaves the page as it was.

use std::time::Duration;

use serde_json::json;

use crate::harness::{DROP_ZONE, ERROR, Page, TestServer, picture, repository};

const LABELS: [&str; 4] = ["airplane", "rocket", "train", "boat"];

#[test]
fn a_bad_file_leaves_picture_labels_and_scores_as_they_were() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.set_labels(&LABELS);
    page.choose_file(&repository("public/samples/rocket.jpg"));
    let rows = page.wait_for_scores_of(&LABELS);
    let source = page.attribute("[data-testid=drop-zone] img", "src");
    for (name, sentence) in [
        ("words.jpg", "is a text, not a picture"),
        ("truncated.png", "is a PNG that is cut off"),
        ("empty.png", "is empty"),
    ] {
        page.drop_file(DROP_ZONE, &picture(name));
        page.wait_for_text(ERROR, name);
        page.wait_for_text(ERROR, sentence);
        assert_eq!(page.attribute(ERROR, "role").as_deref(), Some("alert"));
        assert_eq!(page.attribute("[data-testid=drop-zone] img", "src"), source);
        assert_eq!(page.results(), rows);
        page.press_button("Dismiss");
        page.wait_for_none(ERROR);
    }
}

#[test]
fn a_good_picture_takes_the_error_away() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.drop_file(DROP_ZONE, &picture("words.jpg"));
    page.wait_for(ERROR);
    assert!(!page.has("[data-testid=result]"));
    page.drop_file(DROP_ZONE, &picture("picture.webp"));
    page.wait_for("[data-testid=result]");
    page.wait_for_none(ERROR);
}

#[test]
fn text_that_is_dropped_is_no_picture() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.wait_for(DROP_ZONE);
    page.wait_until_ready();
    page.script(
        "const dataTransfer = new DataTransfer();
         dataTransfer.setData('text/plain', 'a cat, and a dog');
         for (const type of ['dragenter', 'dragover', 'drop'])
             document.querySelector(arguments[0]).dispatchEvent(
                 new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }))",
        [json!(DROP_ZONE)],
    );
    page.wait_for_text(ERROR, "not a picture file");
}

#[test]
fn one_picture_among_other_files_is_taken_and_the_page_says_so() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.wait_until_ready();
    page.script(
        "const dataTransfer = new DataTransfer();
         const take = async (path, name, type) => {
             const response = await fetch(path);
             dataTransfer.items.add(new File([await response.blob()], name, { type }));
         };
         const done = (async () => {
             await take('samples/samples.json', 'notes.txt', 'text/plain');
             await take('samples/bee.jpg', 'bee.jpg', 'image/jpeg');
             document.querySelector(arguments[0]).dispatchEvent(
                 new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
         })();
         return done",
        [json!(DROP_ZONE)],
    );
    page.wait_for("[data-testid=drop-zone] img[alt='Your picture “bee.jpg”']");
    page.wait_until(
        "a sentence on the other file",
        Duration::from_secs(10),
        || {
            page.text("body")
                .filter(|text| text.contains("Opened the first of"))
                .map(drop)
        },
    );
}
