//! One table of lists of labels gives the same labels wherever a list is read: pasted into the
//! page, in the element's attribute, and by `cliplet.js`. The parser's own tests and those of the
//! terminal read the table too.

use std::time::Duration;

use serde_json::{Value, json};
use thirtyfour::Key;

use crate::harness::host_page::HostPage;
use crate::harness::{
    Fault, LABEL, LABEL_INPUT, Need, Options, Page, TestServer, engine_file, lacks,
};

struct Case {
    about: String,
    text: String,
    labels: Vec<String>,
    /// The labels where they may bring prompts.
    on_page: Vec<String>,
}

fn cases() -> Vec<Case> {
    let table = include_str!("../crates/protocol/tests/fixtures/label-lists.json");
    let cases: Vec<Value> = serde_json::from_str(table).unwrap();
    let texts = |labels: &Value| {
        let labels = labels.as_array().unwrap().iter();
        labels
            .map(|label| label.as_str().unwrap().to_owned())
            .collect()
    };
    let case = |case: &Value| Case {
        about: case["about"].as_str().unwrap().to_owned(),
        text: case["text"].as_str().unwrap().to_owned(),
        labels: texts(&case["labels"]),
        on_page: texts(case.get("page").unwrap_or(&case["labels"])),
    };
    let cases: Vec<Case> = cases.iter().map(case).collect();
    assert!(cases.len() > 60);
    cases
}

#[test]
fn a_pasted_list_has_its_labels() {
    if lacks(&[Need::Pasted]) {
        return;
    }
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.wait_for(".models-dialog");
    for case in cases() {
        if page.has(LABEL) {
            page.press_button("Clear all");
            page.wait_for_none(LABEL);
        }
        page.paste_text(LABEL_INPUT, &case.text);
        // What is one label stays in the field until it is sent off.
        if page.value(LABEL_INPUT).is_some_and(|left| !left.is_empty()) {
            page.type_into(LABEL_INPUT, &Key::Enter.value().to_string());
        }
        page.wait_until(&case.about, Duration::from_secs(30), || {
            (page.labels() == case.on_page).then_some(())
        });
    }
}

#[test]
fn a_list_that_is_typed_is_taken_when_it_is_whole() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.set_labels(&["rocket"]);
    let enter = Key::Enter.value();
    page.type_into(
        LABEL_INPUT,
        &format!("[\"chair, folding\", \"cat\"]{enter}"),
    );
    page.wait_for_labels(3);
    assert_eq!(page.labels(), ["rocket", "chair, folding", "cat"]);
    page.type_into(LABEL_INPUT, "‘boat’, ");
    page.wait_for_labels(4);
    assert_eq!(page.labels()[3], "boat");
}

#[test]
fn the_elements_attribute_has_its_labels() {
    let element =
        "<cliplet-classifier id=a labels='panda, rocket' image=panda.jpg></cliplet-classifier>";
    let host = HostPage::new(element);
    let page = host.open(&Options::default());
    page.wait_for_labels_of("a", &["panda", "rocket"]);
    let mut before = Vec::new();
    for case in cases() {
        let mut expected = case.labels;
        expected.sort();
        // Nothing is said anew of labels that stay what they were.
        if expected.is_empty() || expected == before {
            continue;
        }
        page.script(
            "events.length = 0; a.setAttribute('labels', arguments[0])",
            [json!(case.text)],
        );
        page.wait_until(&case.about, Duration::from_secs(60), || {
            let mut labels = page.last_labels("a");
            labels.sort();
            (labels == expected).then_some(())
        });
        before = expected;
    }
    // A list that is set as one keeps its labels as they are.
    let labels = [
        "chair, folding",
        "1. FC Köln",
        "- 40 °C",
        "\"so called\"",
        "rocket",
    ];
    page.script(
        "events.length = 0; a.labels = arguments[0]",
        [json!(labels)],
    );
    assert_eq!(page.script("return a.labels", []), json!(labels));
    page.wait_until("labels with commas", Duration::from_secs(60), || {
        let found = page.last_labels("a");
        (found.len() == labels.len() && labels.iter().all(|label| found.iter().any(|l| l == label)))
            .then_some(())
    });
}

#[test]
fn cliplet_js_reads_lists() {
    let server = TestServer::with_page();
    server.put(
        "host.html",
        "<!DOCTYPE html><meta charset=utf-8><title>Somebody's page</title>
         <script type=module>
           import { Cliplet } from './cliplet.js';
           globalThis.clip = await Cliplet.load({ model: 'cliplet-starter' });
         </script>",
    );
    let page = Page::open_at_with(&server, "host.html", &Options::default());
    page.wait_until("the model", Duration::from_secs(60), || {
        (page.script("return typeof clip", []) == "object").then_some(())
    });
    let reader = engine_file("reader-", "_bg.wasm");
    server.set_fault(&reader, Fault::Status(503));
    let failed = page.script(
        "return clip.readLabels('a, b').then(() => null, ({ code, message }) => [code, message])",
        [],
    );
    assert_eq!(failed[0], "no-label-reader");
    assert!(failed[1].as_str().unwrap().ends_with("try again."));
    server.clear_fault(&reader);
    let cases = cases();
    let texts: Vec<&String> = cases.iter().map(|case| &case.text).collect();
    let read = page.script(
        "return Promise.all(arguments[0].map((text) => clip.readLabels(text)))",
        [json!(texts)],
    );
    for (case, labels) in cases.iter().zip(read.as_array().unwrap()) {
        assert_eq!(*labels, json!(case.labels), "{}", case.about);
    }
    let scored = page.script(
        "const results = await clip.classify('samples/rocket.jpg', '- a rocket\\n- a cat, asleep');
         return results.map(({ label }) => label)",
        [],
    );
    assert_eq!(scored, json!(["a rocket", "a cat, asleep"]));
}
