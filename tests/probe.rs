//! Classes that are taught by example, and labels that are checked with pictures whose classes are
//! known.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::collection::{folder, wait_for_labels_of, with_labels};
use crate::harness::{DROP_ZONE, Need, Options, Page, TestServer, lacks, repository};

const CLASSES: [(&str, &str); 6] = [
    ("panda.jpg", "animals/bears/one.jpg"),
    ("panda.jpg", "animals/bears/two.jpg"),
    ("bee.jpg", "animals/insects/three.jpg"),
    ("bee.jpg", "animals/insects/four.jpg"),
    ("rocket.jpg", "animals/no_animal/five.jpg"),
    ("rocket.jpg", "animals/no_animal/six.jpg"),
];

fn page(server: &TestServer, name: &str) -> Page {
    with_classes(Page::open(server), name)
}

/// A page with six pictures in folders that are called after classes, two of which its labels are
/// called after, too.
pub fn with_classes(page: Page, name: &str) -> Page {
    let page = with_labels(page, &["bears", "insects", "rocket"]);
    page.drop_file(DROP_ZONE, &folder(name, &CLASSES).join("animals"));
    page.wait_for_text("[data-testid=collection-count]", "6 pictures");
    wait_for_labels_of(&page, &[("five.jpg", "rocket")]);
    page
}

fn saved(page: &Page) -> Value {
    let saved = page.script("return localStorage.getItem('cliplet-collection')", []);
    serde_json::from_str(saved.as_str().unwrap_or("null")).unwrap()
}

#[test]
fn classes_are_learnt_from_examples_answer_and_come_back_from_a_file() {
    let server = TestServer::with_page();
    let page = page(&server, "taught");
    page.press_button("Teach");
    for (class, names) in [("bear", ["one", "two"]), ("stinging", ["three", "four"])] {
        for name in names {
            page.click(&format!("[data-name='{name}.jpg']"));
        }
        page.wait_for_text("[data-testid=selected]", "2 selected");
        page.type_into("[data-testid=class-name]", class);
        page.press_button("Add to class");
        page.wait_for_text("[data-testid=selected]", "None selected");
    }
    page.press_button("Learn");
    page.wait_for_text("[data-testid=probe-state]", "Trained on 4 pictures");
    page.wait_for_text("[data-testid=probe-state]", "4 of 4");
    wait_for_labels_of(&page, &[("one.jpg", "bear"), ("four.jpg", "stinging")]);
    page.wait_for_text("[data-testid=probe-panel]", "Classes from examples");

    // It answers for a single picture, too, and the labels can be had back.
    page.press_button("Look");
    page.click("[data-name='three.jpg']");
    page.wait_for("[data-testid=class-score][data-label=stinging][data-score]");
    let first = page.attribute("[data-testid=class-score]", "data-label");
    assert_eq!(first.as_deref(), Some("stinging"));
    page.press_button("Back to labels");
    page.wait_for_none("[data-testid=probe-panel]");
    page.press_button("← All pictures");
    wait_for_labels_of(&page, &[("five.jpg", "rocket")]);

    // What is exported is what is saved; it is taken at another visit, and nonsense is not.
    page.wait_until("the saved probe", Duration::from_secs(10), || {
        saved(&page)["probe"].as_str().map(drop)
    });
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("taught.json");
    fs::write(&file, saved(&page)["probe"].as_str().unwrap()).unwrap();
    page.script("localStorage.removeItem('cliplet-collection')", []);
    let page = self::page(&server, "taught-again");
    page.press_button("Teach");
    page.choose_files_in("[data-testid=probe-input]", &[repository("Cargo.toml")]);
    page.wait_for_text(
        "[data-testid=collection-note]",
        "The file is no linear probe",
    );
    assert!(!page.has("[data-testid=probe-panel]"));
    page.choose_files_in("[data-testid=probe-input]", &[file]);
    wait_for_labels_of(&page, &[("one.jpg", "bear"), ("four.jpg", "stinging")]);
}

#[test]
fn a_probe_answers_again_after_a_reload() {
    let server = TestServer::with_page();
    let page = page(&server, "reloaded");
    page.press_button("Teach");
    page.press_button("Folders as classes");
    page.press_button("Learn");
    page.wait_for("[data-testid=probe-panel]");
    page.wait_until("the saved probe", Duration::from_secs(10), || {
        (saved(&page)["by_probe"] == json!(true)).then_some(())
    });
    page.reload();
    page.choose_file(&repository("public/samples/panda.jpg"));
    page.wait_for("[data-testid=class-score][data-label=bears][data-score]");
    let first = page.attribute("[data-testid=class-score]", "data-label");
    assert_eq!(first.as_deref(), Some("bears"));
}

/// The classes and how many examples each has, as they are shown.
fn classes(page: &Page) -> Value {
    page.script(
        "return Object.fromEntries(Array.from(document.querySelectorAll('[data-testid=class]'), (row) =>
             [row.querySelector('span').innerText, Number(row.querySelector('.number').innerText)]))",
        [],
    )
}

#[track_caller]
fn wait_for_classes(page: &Page, wanted: &Value) {
    page.wait_until(
        &format!("the classes {wanted}, not {}", classes(page)),
        Duration::from_secs(20),
        || (classes(page) == *wanted).then_some(()),
    );
}

#[test]
fn examples_are_there_after_a_crash_until_they_are_deleted() {
    if lacks(&[Need::PrivateFiles]) {
        return;
    }
    let server = TestServer::with_page();
    let profile = folder("examples-profile", &[]);
    let options = Options {
        profile: Some(profile),
        ..Options::default()
    };
    let all = json!({ "bears": 2, "insects": 2, "no animal": 2 });
    let page = with_labels(Page::open_with(&server, &options), &["bears", "insects"]);
    // No two are the same to the byte, which would be kept as one.
    let pictures = folder("crashed", &CLASSES).join("animals");
    for (number, (_, name)) in CLASSES.iter().enumerate() {
        let path = pictures.with_file_name(name);
        let bytes = [fs::read(&path).unwrap(), vec![number as u8]].concat();
        fs::write(path, bytes).unwrap();
    }
    page.drop_file(DROP_ZONE, &pictures);
    page.wait_for_text("[data-testid=collection-count]", "6 pictures");
    page.press_button("Teach");
    page.press_button("Folders as classes");
    wait_for_classes(&page, &all);

    // A class that is taken away and one whose examples become another's come back.
    page.press_button("Remove the class insects");
    wait_for_classes(&page, &json!({ "bears": 2, "no animal": 2 }));
    page.press_button("Undo");
    wait_for_classes(&page, &all);
    page.click("[data-name='one.jpg']");
    page.type_into("[data-testid=class-name]", "insects");
    page.press_button("Add to class");
    page.wait_for_text(
        "[data-testid=undo-note]",
        "1 picture was an example of another class.",
    );
    page.press_button("Undo");
    wait_for_classes(&page, &all);
    page.press_button("Remove the class no animal");
    let left = json!({ "bears": 2, "insects": 2 });
    wait_for_classes(&page, &left);
    page.wait_until("the saved count", Duration::from_secs(10), || {
        (saved(&page)["kept"] == json!(6)).then_some(())
    });
    // Chromium writes down what is in localStorage five seconds later.
    std::thread::sleep(Duration::from_secs(6));
    page.kill();

    let page = Page::open_with(&server, &options);
    page.wait_until_ready();
    page.click("[data-testid=open-kept]");
    page.wait_for_text("[data-testid=collection-count]", "6 pictures");
    page.press_button("Teach");
    wait_for_classes(&page, &left);
    page.press_button("Learn");
    page.wait_for_text("[data-testid=probe-state]", "Trained on 4 pictures");
    page.press_button("Look");

    // Deleted is deleted: pictures that come again are examples of nothing.
    page.click(".keeping summary");
    page.press_button("Delete what is kept");
    page.wait_for_text(".keeping .question", "what they are examples of");
    page.press_button("Delete it");
    page.wait_for_text(
        "[data-testid=collection-note]",
        "All stored picture data deleted",
    );
    page.reload();
    page.wait_until_ready();
    page.drop_file(DROP_ZONE, &pictures);
    page.wait_for_text("[data-testid=collection-count]", "6 pictures");
    page.press_button("Teach");
    assert_eq!(classes(&page), json!({}));
}

#[test]
fn labels_are_checked_with_folders_whose_names_are_classes() {
    let server = TestServer::with_page();
    let page = page(&server, "checked");
    page.press_button("Check");
    page.wait_for_text("[data-testid=unmatched]", "“no_animal”");
    page.wait_for("[data-testid=accuracy]");
    page.press_button("Take the folders’ names as labels");
    page.wait_for_none("[data-testid=unmatched]");
    assert_eq!(page.labels().len(), 3);
    page.wait_until("three classes", Duration::from_secs(20), || {
        (page.count("[data-testid=confusion] tbody tr") == 3).then_some(())
    });
    // Whatever the small model thinks: the figures fit each other.
    let cells = page.script(
        "return Array.from(document.querySelectorAll('[data-testid=confusion] tbody tr')).map((row) =>
             Array.from(row.querySelectorAll('td')).map((cell) => Number(cell.textContent)))",
        [],
    );
    let cells: Vec<Vec<u32>> = serde_json::from_value(cells).unwrap();
    assert_eq!(cells.iter().flatten().sum::<u32>(), 6, "{cells:?}");
    let right: u32 = cells.iter().enumerate().map(|(at, row)| row[at]).sum();
    let accuracy = page.text("[data-testid=accuracy]").unwrap();
    let percent: f64 = accuracy.trim_end_matches('%').parse().unwrap();
    assert!(
        (percent - 100.0 * f64::from(right) / 6.0).abs() < 0.6,
        "{accuracy}, {cells:?}"
    );
    assert_eq!(page.count("[data-testid=mistake]") as u32, 6 - right);

    // With the probe, which has seen them, all is right.
    page.press_button("Teach");
    page.press_button("Folders as classes");
    page.press_button("Learn");
    page.wait_for("[data-testid=probe-panel]");
    page.press_button("Check");
    page.wait_for_text("[data-testid=accuracy]", "100%");
    page.screenshot("check");
}
