//! At the first classification a better model is fetched in the background, and takes over when it is there.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Fault, Options, Page, Row, STATUS, TestServer, repository};

const LABELS: [&str; 3] = ["boat", "cat", "dog"];
/// Stands in for LAION's model: another CLIP, small enough for a test.
const BETTER: &str = "crates/clip/tests/fixtures/golden/q8_0-gelu.gguf";
const FILE: &str = "better.gguf";

/// The page, and the server of another origin from which its better model comes.
struct World {
    page: TestServer,
    models: TestServer,
}

impl World {
    fn new() -> Self {
        Self::with_model(&fs::read(repository(BETTER)).unwrap())
    }

    /// With a better model of these bytes.
    fn with_model(bytes: &[u8]) -> Self {
        let world = Self {
            page: TestServer::with_page(),
            models: TestServer::elsewhere(),
        };
        world.models.put(FILE, bytes);
        let catalogue = fs::read_to_string(repository("public/models.json")).unwrap();
        let mut catalogue: Value = serde_json::from_str(&catalogue).unwrap();
        let starter = catalogue["models"]
            .as_array()
            .unwrap()
            .iter()
            .find(|model| model["preview"] == true)
            .unwrap()
            .clone();
        catalogue["models"] = json!([
            {
                "id": "better", "name": "Better CLIP", "weights": "q8_0", "revision": "1", "licence": "MIT",
                "url": format!("{}{FILE}", world.models.url()), "bytes": bytes.len(), "about": "For a test.",
            },
            starter,
        ]);
        world.page.put("models.json", catalogue.to_string());
        world
    }

    /// A visitor who has the starter's scores of a picture.
    fn visit(&self) -> (Page, Vec<Row>) {
        self.visit_with(&Options::default())
    }

    fn visit_with(&self, options: &Options) -> (Page, Vec<Row>) {
        let page = Page::open_with(&self.page, options);
        page.wait_until_ready();
        page.set_labels(&LABELS);
        page.choose_file(&repository("public/samples/rocket.jpg"));
        let rows = page.wait_for_scores_of(&LABELS);
        (page, rows)
    }
}

fn preview(page: &Page) -> bool {
    page.has(".preview")
}

#[test]
fn it_arrives_with_progress_and_scores_again_what_is_on_screen() {
    let world = World::new();
    world.models.set_fault(
        FILE,
        Fault::Slow {
            bytes_per_second: 100_000,
        },
    );
    let (page, rows) = world.visit();
    assert!(preview(&page));
    page.wait_for_state("downloading");
    page.wait_for_text(STATUS, "Fetching Better CLIP");
    page.wait_for(&format!("{STATUS} progress"));
    page.wait_until("some of it to be here", Duration::from_secs(20), || {
        let value = page.script(
            "return document.querySelector(arguments[0] + ' progress')?.position ?? 0",
            [json!(STATUS)],
        );
        value
            .as_f64()
            .filter(|share| *share > 0.1 && *share < 1.0)
            .map(drop)
    });
    // The starter answers as long as the other is on its way.
    assert_eq!(page.results(), rows);
    world.models.clear_fault(FILE);
    page.wait_for_text(STATUS, "Better CLIP is ready");
    page.wait_for_results("scores by the better model", |better| {
        better.len() == LABELS.len() && better != rows
    });
    page.wait_for_none(".preview");
}

#[test]
fn it_is_kept_and_answers_at_once_on_the_next_visit() {
    let world = World::new();
    let (page, _) = world.visit();
    page.wait_for_text(STATUS, "Better CLIP is ready");
    page.wait_for_none(".preview");
    let rows = page.wait_for_scores_of(&LABELS);
    world.models.stop();
    page.reload();
    page.wait_for_text(STATUS, "Better CLIP is ready");
    page.choose_file(&repository("public/samples/rocket.jpg"));
    let again = page.wait_for_scores_of(&LABELS);
    assert_eq!(again, rows);
    assert!(!preview(&page));
}

#[test]
fn it_can_be_stopped_and_fetched_later() {
    let world = World::new();
    world.models.set_fault(
        FILE,
        Fault::Slow {
            bytes_per_second: 50_000,
        },
    );
    let (page, rows) = world.visit();
    page.wait_for_state("downloading");
    page.press_button("Stop");
    page.wait_until_ready();
    assert_eq!(page.results(), rows);
    world.models.clear_fault(FILE);
    page.press_button("Fetch (0.5 MB)");
    page.wait_for_text(STATUS, "Better CLIP is ready");
}

#[test]
fn a_visitor_who_saves_data_is_asked_first() {
    let world = World::new();
    let options = Options {
        save_data: true,
        ..Options::default()
    };
    let (page, _) = world.visit_with(&options);
    std::thread::sleep(Duration::from_secs(1));
    assert!(world.models.requests(FILE).is_empty());
    page.press_button("Fetch (0.5 MB)");
    page.wait_for_text(STATUS, "Better CLIP is ready");
}

#[test]
fn without_a_network_the_page_says_so_and_goes_on_with_the_starter() {
    let world = World::new();
    world.models.stop();
    let (page, rows) = world.visit();
    page.wait_for_text(STATUS, "there is no connection");
    page.wait_for_text(STATUS, "Cliplet goes on with its small starter model");
    assert_eq!(page.results(), rows);
    world.models.start_again();
    page.press_button("Try again");
    page.wait_for_text(STATUS, "Better CLIP is ready");
}

#[test]
fn a_broken_connection_is_told_and_can_be_tried_again() {
    let world = World::new();
    world.models.set_fault(FILE, Fault::Cut { after: 200_000 });
    let (page, rows) = world.visit();
    page.wait_for_text(STATUS, "the connection broke after");
    assert_eq!(page.results(), rows);
    world.models.clear_fault(FILE);
    page.press_button("Try again");
    page.wait_for_text(STATUS, "Better CLIP is ready");
}

#[test]
fn a_server_that_has_no_such_file_is_told() {
    let world = World::new();
    world.models.set_fault(FILE, Fault::Status(404));
    let (page, rows) = world.visit();
    page.wait_for_text(STATUS, "the server answered 404");
    assert_eq!(page.results(), rows);
}

#[test]
fn a_file_that_is_no_clip_is_told_and_not_kept() {
    let page_of_a_hotel = format!("<!DOCTYPE html>{}", "Please log in. ".repeat(1000));
    let world = World::with_model(page_of_a_hotel.as_bytes());
    let (page, rows) = world.visit();
    page.wait_for_text(STATUS, "is a web page, not a model");
    assert_eq!(page.results(), rows);
    assert_eq!(world.models.requests(FILE).len(), 1);
    page.press_button("Try again");
    page.wait_until("a second request", Duration::from_secs(10), || {
        (world.models.requests(FILE).len() == 2).then_some(())
    });
}

#[test]
fn the_chosen_model_is_remembered() {
    let world = World::new();
    let (page, _) = world.visit();
    page.wait_for_text(STATUS, "Better CLIP is ready");
    page.press_button("Models");
    let starter = "dialog[open] input[type=radio][value=cliplet-starter]";
    page.click(starter);
    page.press_button("Close");
    page.wait_for_text(STATUS, "starter is ready");
    page.reload();
    page.wait_for_text(STATUS, "starter is ready");
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for_scores_of(&LABELS);
    std::thread::sleep(Duration::from_millis(500));
    page.wait_for_text(STATUS, "starter is ready");
}
