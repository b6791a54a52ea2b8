//! What a camera sees, scored while it moves.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::host_page::HostPage;
use crate::harness::{ERROR, Need, Options, Page, lacks};

const ELEMENT: &str = "<cliplet-classifier id=a mode=camera labels='a green screen, a cat' image=panda.jpg></cliplet-classifier>";

fn with_camera() -> Options {
    Options {
        camera: true,
        ..Options::default()
    }
}

/// Keeps every stream, so that a test can see whether it is on.
const KEEP_STREAMS: &str = "window.streams = [];
    const own = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wanted) => {
        const stream = await own(wanted);
        streams.push(stream);
        return stream;
    };";

fn tracks(page: &Page) -> Value {
    let script =
        "return streams.flatMap((stream) => stream.getTracks().map((track) => track.readyState))";
    page.script(script, [])
}

#[test]
fn it_is_on_when_the_reader_says_so_and_off_is_off() {
    if lacks(&[Need::Camera]) {
        return;
    }
    let host = HostPage::new(ELEMENT);
    let page = host.open(&with_camera());
    page.wait_for_event("a", "ready", |_| true);
    page.enter("a");
    page.wait_for_labels(2);
    page.script(KEEP_STREAMS, []);
    assert!(!page.has("video"));

    page.press_button("Start the camera");
    page.wait_for("[data-testid=camera]");
    page.wait_for_results("scores", |rows| rows.len() == 2);
    page.leave_frames();
    // One picture after the other.
    page.wait_until("several results", Duration::from_secs(60), || {
        (page.said("a", "result").len() >= 3).then_some(())
    });
    let result = page.said("a", "result").pop().unwrap();
    assert_eq!(
        (&result["mode"], &result["image"]),
        (&json!("camera"), &Value::Null)
    );
    // Labels change under way.
    page.script("a.labels = ['a green screen', 'a dog', 'a pie']", []);
    page.wait_until("the new labels", Duration::from_secs(60), || {
        (page.last_labels("a").len() == 3).then_some(())
    });

    page.enter("a");
    assert_eq!(tracks(&page), json!(["live"]));
    page.press_button("Stop");
    assert_eq!(tracks(&page), json!(["ended"]));
    page.wait_for_none("[data-testid=camera]");
    page.wait_for_none("[data-testid=result]");
    page.leave_frames();
    page.script("events.length = 0", []);
    thread::sleep(Duration::from_secs(1));
    assert_eq!(page.said("a", "result"), Vec::<Value>::new());

    // It can be had again, and goes with the mode.
    page.enter("a");
    page.press_button("Start the camera");
    page.wait_for_results("scores", |rows| rows.len() == 3);
    page.leave_frames();
    page.script(
        "events.length = 0; a.labels = ['panda', 'rocket']; a.mode = 'classify'",
        [],
    );
    page.wait_for_labels_of("a", &["panda", "rocket"]);
    page.enter("a");
    // Another document, as a frame's permissions are settled when it is loaded.
    assert_eq!(
        page.script("return window.streams ?? null", []),
        Value::Null
    );
}

#[test]
fn without_a_camera_there_is_a_sentence() {
    let host = HostPage::new(ELEMENT);
    let page = host.open(&Options::default());
    page.wait_for_event("a", "ready", |_| true);
    page.enter("a");
    page.press_button("Start the camera");
    page.wait_for(ERROR);
    page.press_button("Dismiss");
    page.press_button("Start the camera");
    page.wait_for(ERROR);
    page.leave_frames();
    let error = page.wait_for_event("a", "error", |_| true);
    assert_eq!(
        (&error["code"], &error["fatal"]),
        (&json!("camera"), &json!(false))
    );
}

/// A frame is allowed the camera only where the page around has asked for that mode.
#[test]
fn other_modes_may_not_have_it() {
    if lacks(&[Need::Camera]) {
        return;
    }
    let host = HostPage::new(&ELEMENT.replace("mode=camera", ""));
    let page = host.open(&with_camera());
    page.wait_for_event("a", "ready", |_| true);
    page.enter("a");
    let ask = "return navigator.mediaDevices.getUserMedia({ video: true }).then(() => 'given', (error) => error.name)";
    assert_eq!(page.script(ask, []), json!("NotAllowedError"));
}
