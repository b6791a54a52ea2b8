//! Labels and results are one list that is edited in place, and scores follow.

use thirtyfour::Key;

use crate::harness::{LABEL, LABEL_INPUT, Page, TestServer, repository};

/// A page with a picture and these labels, scored.
fn scored(server: &TestServer, labels: &[&str]) -> Page {
    let page = Page::open(server);
    page.set_labels(labels);
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for_scores_of(labels);
    page
}

#[test]
fn labels_are_added_by_enter_by_comma_and_from_a_pasted_list() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.set_labels(&["rocket"]);
    page.type_into(LABEL_INPUT, &format!("airplane{}", Key::Enter.value()));
    page.wait_for_labels(2);
    page.type_into(LABEL_INPUT, "boat, hot-air balloon,");
    page.wait_for_labels(4);
    assert_eq!(page.value(LABEL_INPUT).as_deref().map(str::trim), Some(""));
    page.paste_text(LABEL_INPUT, "train\ncar;bicycle\n\n , \n");
    page.wait_for_labels(7);
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for_scores_of(&[
        "rocket",
        "airplane",
        "boat",
        "hot-air balloon",
        "train",
        "car",
        "bicycle",
    ]);
}

#[test]
fn empty_and_repeated_labels_are_not_added() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.set_labels(&["rocket", "boat"]);
    page.type_into(LABEL_INPUT, &format!("   {}", Key::Enter.value()));
    page.type_into(LABEL_INPUT, &format!(" Rocket {}", Key::Enter.value()));
    page.wait_for_text("body", "is in the list already");
    assert_eq!(page.labels(), ["rocket", "boat"]);
}

#[test]
fn a_label_edited_in_place_is_scored_again_without_the_others_losing_theirs() {
    let server = TestServer::with_page();
    let page = scored(&server, &["train", "boat", "car"]);
    page.select_label("boat");
    page.press("rocket");
    let rows = page.wait_for_scores_of(&["train", "rocket", "car"]);
    assert_eq!(rows[0].label, "rocket");
    // Typing goes on where it was, although the row has moved to the top.
    page.press(" launch");
    let rows = page.wait_for_scores_of(&["train", "rocket launch", "car"]);
    assert_eq!(rows[0].label, "rocket launch");
    assert_eq!(page.labels()[0], "rocket launch");
}

#[test]
fn the_picture_is_not_encoded_again_when_labels_change() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    // Hears what the engine says to the page.
    page.script(
        "window.pictureEncodings = 0;
         const { addEventListener } = Worker.prototype;
         const hear = ({ data }) => {
             if (data?.message?.Reply?.reply?.Progress === 'EncodingPicture') window.pictureEncodings += 1;
         };
         const { postMessage } = Worker.prototype;
         const heard = new WeakSet();
         Worker.prototype.postMessage = function (...message) {
             if (!heard.has(this)) { heard.add(this); addEventListener.call(this, 'message', hear); }
             return postMessage.apply(this, message);
         }",
        [],
    );
    page.set_labels(&["train", "boat"]);
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for_scores_of(&["train", "boat"]);
    let encodings = || page.script("return window.pictureEncodings", []).as_u64();
    assert_eq!(encodings(), Some(1));
    page.type_into(LABEL_INPUT, &format!("rocket{}", Key::Enter.value()));
    page.wait_for_scores_of(&["train", "boat", "rocket"]);
    assert_eq!(encodings(), Some(1));
}

#[test]
fn a_repeated_label_is_marked_and_not_scored_twice() {
    let server = TestServer::with_page();
    let page = scored(&server, &["train", "boat", "rocket"]);
    page.select_label("boat");
    page.press("train");
    page.wait_for_text("body", "Already in the list");
    let rows = page.wait_for_scores_of(&["train", "rocket"]);
    let sum: f64 = rows.iter().filter_map(|row| row.score).sum();
    assert!((sum - 1.0).abs() < 1e-3);
}

#[test]
fn removing_can_be_undone() {
    let server = TestServer::with_page();
    let page = scored(&server, &["train", "boat", "rocket"]);
    page.press_button("Remove boat");
    page.wait_for_scores_of(&["train", "rocket"]);
    page.press_button("Undo");
    page.wait_for_scores_of(&["train", "boat", "rocket"]);
    page.press_button("Clear all");
    page.wait_for_none(LABEL);
    page.press_button("Undo");
    page.wait_for_scores_of(&["train", "boat", "rocket"]);
}

#[test]
fn a_label_emptied_and_left_is_removed() {
    let server = TestServer::with_page();
    let page = scored(&server, &["train", "boat", "rocket"]);
    page.select_label("boat");
    page.press(&Key::Delete.value().to_string());
    page.leave_field();
    page.wait_for_scores_of(&["train", "rocket"]);
    page.wait_for_labels(2);
}

#[test]
fn a_label_beyond_the_models_context_says_that_it_is_cut() {
    let server = TestServer::with_page();
    let long = "a very long description of something ".repeat(20);
    let page = scored(&server, &["rocket", "boat", long.trim()]);
    page.wait_for_text("body", "Too long: its end is ignored");
}
