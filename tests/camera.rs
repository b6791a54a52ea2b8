//! The camera in the page: scored while it moves, kept as a picture, and off when it is off.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{DROP_ZONE, ERROR, Need, Options, Page, TestServer, lacks, repository};

const LABELS: [&str; 2] = ["a green screen", "a cat"];
const CAMERA: &str = "[data-testid=camera]";
const PANDA: &str = "[data-testid=drop-zone] img[alt='Your picture “panda.jpg”']";

/// Keeps every stream, so that a test can see whether it is on, and counts what the engine is
/// given.
const WATCH: &str = "window.streams = [];
    const own = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wanted) => {
        window.wanted = wanted;
        const stream = await own(wanted);
        streams.push(stream);
        return stream;
    };
    window.given = { TakePixels: 0, TakePicture: 0, transferred: 0 };
    const post = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function (message, transfer) {
        const [kind] = Object.keys(message.message.request);
        if (kind in given) given[kind] += 1;
        if (kind === 'TakePixels') given.transferred += transfer.length;
        return post.call(this, message, transfer);
    };";

fn open(server: &TestServer, options: &Options) -> Page {
    let page = Page::open_with(server, options);
    page.set_labels(&LABELS);
    page.choose_file(&repository("public/samples/panda.jpg"));
    page.wait_for_scores_of(&LABELS);
    page.script(WATCH, []);
    page
}

fn with_camera() -> Options {
    Options {
        camera: true,
        ..Options::default()
    }
}

fn tracks(page: &Page) -> Value {
    let script =
        "return streams.flatMap((stream) => stream.getTracks().map((track) => track.readyState))";
    page.script(script, [])
}

#[track_caller]
fn is_on(page: &Page) {
    page.wait_for(CAMERA);
    page.wait_for_results("scores", |rows| rows.len() == 2);
    page.wait_for_text("[data-testid=frame-rate]", "pictures a second");
}

#[test]
fn it_is_scored_live_and_off_is_off() {
    if lacks(&[Need::Camera]) {
        return;
    }
    let server = TestServer::with_page();
    let page = open(&server, &with_camera());
    assert_eq!(tracks(&page), json!([]));
    page.press_button("Use the camera");
    is_on(&page);
    assert!(!page.has(DROP_ZONE));
    page.screenshot("camera-1280-light");
    let given = page.script("return given", []);
    assert!(given["TakePixels"].as_u64() > Some(1), "{given}");
    assert_eq!(given["TakePixels"], given["transferred"]);
    assert_eq!(given["TakePicture"], 0);
    assert_eq!(
        page.script("return wanted.video.facingMode.ideal", []),
        json!("environment")
    );
    page.resize(320, 640);
    page.screenshot("camera-320-light");

    page.press_button("Stop");
    assert_eq!(tracks(&page), json!(["ended"]));
    page.wait_for_none(CAMERA);
    // What was there before is there again, and the focus where it came from.
    page.wait_for(PANDA);
    page.wait_for_scores_of(&LABELS);
    let focus = page.script("return document.activeElement.textContent", []);
    assert_eq!(focus, json!("More"), "which has the camera behind it");
    let pixels = page.script("return given.TakePixels", []);
    thread::sleep(Duration::from_millis(600));
    assert_eq!(page.script("return given.TakePixels", []), pixels);
}

#[test]
fn a_picture_can_be_kept() {
    if lacks(&[Need::Camera]) {
        return;
    }
    let server = TestServer::with_page();
    let page = open(&server, &with_camera());
    page.press_button("Use the camera");
    is_on(&page);
    page.press_button("Take this picture");
    page.wait_for("[data-testid=drop-zone] img[alt='A picture that the camera took']");
    page.wait_for_scores_of(&LABELS);
    assert_eq!(tracks(&page), json!(["ended"]));
    assert!(!page.has(PANDA));
}

#[test]
fn nobody_looks_at_what_is_not_in_view() {
    if lacks(&[Need::Camera, Need::Pasted]) {
        return;
    }
    let server = TestServer::with_page();
    let page = open(&server, &with_camera());
    page.press_button("Use the camera");
    is_on(&page);
    page.script(
        "Object.defineProperty(document, 'hidden', { get: () => true, configurable: true });
         document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))",
        [],
    );
    page.wait_for(PANDA);
    assert_eq!(tracks(&page), json!(["ended"]));
    page.script("delete document.hidden", []);
    // A picture that is dropped takes its place.
    page.press_button("Use the camera");
    is_on(&page);
    page.paste_file(&repository("public/samples/rocket.jpg"), "image/jpeg");
    page.wait_for("[data-testid=drop-zone] img[alt='Your picture “rocket.jpg”']");
    assert_eq!(tracks(&page), json!(["ended", "ended"]));
}

#[test]
fn without_a_camera_there_is_a_sentence_and_nothing_is_lost() {
    let server = TestServer::with_page();
    let page = open(&server, &Options::default());
    page.press_button("Use the camera");
    page.wait_for(ERROR);
    page.wait_for(PANDA);
    page.wait_for_scores_of(&LABELS);
}
