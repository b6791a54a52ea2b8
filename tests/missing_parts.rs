//! Where a part of the page is missing or breaks, the page says so, keeps what it has, and goes on
//! once the part is there.

use serde_json::json;

use crate::harness::{
    DROP_ZONE, ERROR, Fault, LABEL, LABEL_INPUT, Page, STATUS, TestServer, repository,
};

const LABELS: [&str; 3] = ["boat", "rocket", "train"];
const MISSING: Fault = Fault::Status(404);

#[test]
fn the_list_of_models() {
    let server = TestServer::with_page();
    server.set_fault("models.json", MISSING);
    let page = Page::open(&server);
    page.wait_for_state("error");
    page.wait_for_text(STATUS, "Could not load the list of models");
    page.set_labels(&LABELS);
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for("[data-testid=drop-zone] img");
    server.clear_fault("models.json");
    page.press_button("Try again");
    assert_eq!(page.wait_for_scores_of(&LABELS)[0].label, "rocket");
}

#[test]
fn the_starter() {
    let server = TestServer::with_page();
    server.set_fault("models/starter.gguf", MISSING);
    let page = Page::open(&server);
    page.wait_for_state("error");
    page.wait_for_text(STATUS, "the server answered 404");
    page.set_labels(&LABELS);
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for("[data-testid=drop-zone] img");
    page.wait_for_text(STATUS, "Couldn’t reach huggingface.co");
    server.clear_fault("models/starter.gguf");
    page.press_button("Try again");
    assert_eq!(page.wait_for_scores_of(&LABELS)[0].label, "rocket");
}

#[test]
fn a_sample() {
    let server = TestServer::with_page();
    server.set_fault("samples/panda.jpg", MISSING);
    let page = Page::open(&server);
    page.wait_until_ready();
    page.set_labels(&LABELS);
    page.press_button("Sample: Rocket");
    let rows = page.wait_for_scores_of(&LABELS);
    page.press_button("Sample: Panda");
    page.wait_for_text(ERROR, "The sample “Panda” could not be downloaded");
    assert_eq!(page.results(), rows);
    server.clear_fault("samples/panda.jpg");
    page.press_button("Sample: Panda");
    page.wait_for_none(ERROR);
}

#[test]
fn the_engine() {
    let server = TestServer::with_page();
    let script = {
        let page = Page::open(&server);
        page.wait_for(LABEL);
        page.attribute("link[href*='engine/worker-']", "href")
            .unwrap()
    };
    server.set_fault(&script, MISSING);
    let page = Page::open(&server);
    page.wait_for_state("error");
    page.wait_for_text(STATUS, "engine could not start");
    page.drop_file(DROP_ZONE, &repository("public/samples/rocket.jpg"));
    page.wait_for_text(ERROR, "engine could not start");
}

#[test]
fn an_engine_that_breaks_is_started_again_with_all_it_had() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.wait_until_ready();
    page.script(
        "const { postMessage } = Worker.prototype;
         Worker.prototype.postMessage = function (...message) {
             window.engine = this;
             return postMessage.apply(this, message);
         }",
        [],
    );
    page.set_labels(&LABELS);
    page.choose_file(&repository("public/samples/rocket.jpg"));
    let rows = page.wait_for_scores_of(&LABELS);
    // As the browser does when the worker's program ends in the middle.
    page.script(
        "window.engine.dispatchEvent(new ErrorEvent('error', { message: arguments[0] }))",
        [json!("unreachable executed")],
    );
    page.wait_for_state("error");
    page.wait_for_text(STATUS, "Your picture and labels are still here");
    page.press_button("Start again");
    page.wait_until_ready();
    // The new engine answers, with the picture that the old one had.
    page.paste_text(LABEL_INPUT, "sled\n");
    page.wait_for_scores_of(&["boat", "rocket", "train", "sled"]);
    page.press_button("Remove sled");
    let again = page.wait_for_scores_of(&LABELS);
    assert_eq!(again, rows);
}
