//! A picture of another site, by its address.

use serde_json::json;
use thirtyfour::Key;

use crate::harness::{
    DROP_ZONE, ERROR, Fault, NO_BLOBS, Need, Page, TestServer, lacks, repository,
};

const LABELS: [&str; 2] = ["rocket", "boat"];
const FIELD: &str = "#picture-address";
const ROCKET: &str = "[data-testid=drop-zone] img[alt='Your picture “rocket.jpg”']";

fn rocket() -> Vec<u8> {
    std::fs::read(repository("public/samples/rocket.jpg")).unwrap()
}

fn open(server: &TestServer) -> Page {
    let page = Page::open(server);
    page.set_labels(&LABELS);
    page
}

fn ask_for(page: &Page, address: &str) {
    if !page.has(FIELD) {
        page.press_button("From a URL");
    }
    page.wait_for(FIELD);
    page.retype(FIELD, &format!("{address}{}", Key::Enter.value()));
}

#[test]
fn it_is_fetched_where_the_site_allows_it() {
    let (server, site) = (TestServer::with_page(), TestServer::elsewhere());
    site.put("rocket.jpg", rocket());
    site.put("old.jpg", rocket());
    site.set_fault("old.jpg", Fault::MovedTo("rocket.jpg"));
    let page = open(&server);
    page.script(NO_BLOBS, []);
    ask_for(&page, &format!("{}rocket.jpg", site.url()));
    page.wait_for(ROCKET);
    page.wait_for_scores_of(&LABELS);
    page.wait_for_none(FIELD);
    let request = &site.requests("rocket.jpg")[0];
    assert_eq!(request.header("cookie"), None);
    assert_eq!(request.header("referer"), None);
    // From where it was moved to as well.
    ask_for(&page, &format!("{}old.jpg", site.url()));
    page.wait_for("[data-testid=drop-zone] img[alt='Your picture “old.jpg”']");
}

#[test]
fn an_address_that_is_pasted_or_dropped_counts_as_well() {
    if lacks(&[Need::Pasted]) {
        return;
    }
    let (server, site) = (TestServer::with_page(), TestServer::elsewhere());
    site.put("rocket.jpg", rocket());
    site.put(
        "b/panda.jpg",
        std::fs::read(repository("public/samples/panda.jpg")).unwrap(),
    );
    let page = open(&server);
    page.leave_field();
    let paste = "const clipboardData = new DataTransfer();
        clipboardData.setData('text/plain', arguments[0]);
        document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))";
    page.script(paste, [json!(format!("{}rocket.jpg\n", site.url()))]);
    page.wait_for(ROCKET);
    // As an image in a link is dragged: what is wanted is the image.
    let drop = "const dataTransfer = new DataTransfer();
        for (const [kind, data] of Object.entries(arguments[1])) dataTransfer.setData(kind, data);
        for (const kind of ['dragenter', 'dragover', 'drop']) {
            document.querySelector(arguments[0]).dispatchEvent(
                new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
        }";
    let data = json!({
        "text/uri-list": "https://example.org/page",
        "text/html": format!("<a href='https://example.org/page'><img src='{}b/panda.jpg'></a>", site.url()),
    });
    page.script(drop, [json!(DROP_ZONE), data]);
    page.wait_for("[data-testid=drop-zone] img[alt='Your picture “panda.jpg”']");
    page.script(
        drop,
        [
            json!(DROP_ZONE),
            json!({ "text/uri-list": "data:image/png;base64,AAAA" }),
        ],
    );
    page.wait_for_text(ERROR, "a picture’s data");
    page.wait_for("[data-testid=drop-zone] img[alt='Your picture “panda.jpg”']");
}

#[test]
fn what_does_not_come_is_said_and_nothing_is_lost() {
    let (server, site, closed) = (
        TestServer::with_page(),
        TestServer::elsewhere(),
        TestServer::ordinary_site(),
    );
    for name in ["page", "large.jpg", "paper.pdf", "broken.jpg", "cut.jpg"] {
        site.put(name, rocket());
    }
    site.put("words.jpg", "just some words");
    site.set_fault("page", Fault::MediaType("text/html; charset=utf-8"));
    site.set_fault("paper.pdf", Fault::MediaType("application/pdf"));
    site.set_fault("large.jpg", Fault::Length(200_000_000));
    site.set_fault("broken.jpg", Fault::Status(503));
    closed.put("rocket.jpg", rocket());
    let page = open(&server);
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for(ROCKET);
    let at = |path: &str| format!("{}{path}", site.url());
    for (address, words) in [
        (
            format!("{}rocket.jpg", closed.url()),
            "does not allow cross-site access",
        ),
        (at("missing.jpg"), "has no picture at this URL"),
        (at("page"), "a web page"),
        (at("paper.pdf"), "“application/pdf”"),
        (at("large.jpg"), "more than 100 MB"),
        (at("broken.jpg"), "answered 503"),
        (at("words.jpg"), "is a text, not a picture"),
        (
            "http://example.org/cat.jpg".to_owned(),
            "https addresses only",
        ),
        ("file:///home/cat.jpg".to_owned(), "a file on this device"),
        ("data:image/png;base64,AAAA".to_owned(), "a picture’s data"),
        ("blob:https://example.org/1".to_owned(), "a picture’s data"),
        ("cat".to_owned(), "isn’t a picture URL"),
    ] {
        ask_for(&page, &address);
        page.wait_for_text(ERROR, words);
        page.wait_for(ROCKET);
        page.press_button("Dismiss");
        page.wait_for_none(ERROR);
    }
    page.screenshot("address-1280-light");
    page.wait_for_scores_of(&LABELS);
}
