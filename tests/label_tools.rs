//! Labels are a tool: pasted as spreadsheets write them, moved, switched off, with prompts of their
//! own, kept as sets; and every change is taken back.

use std::time::Duration;

use serde_json::{Value, json};
use thirtyfour::Key;

use crate::harness::{
    LABEL, LABEL_INPUT, Need, Options, Page, TEMPLATE, TestServer, lacks, repository,
};

const LABELS: [&str; 3] = ["train", "boat", "rocket"];

fn scored(server: &TestServer, labels: &[&str]) -> Page {
    let page = Page::open(server);
    page.set_labels(labels);
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for_scores_of(labels);
    page
}

/// Presses the button of a row's details, which it opens.
fn more(page: &Page, label: &str, button: &str) {
    if !page.has("[data-testid=label-details]") {
        page.press_button(&format!("More about {label}"));
    }
    page.press_button(button);
}

/// Presses keys together, wherever the focus is.
fn press_together(page: &Page, modifier: Key, key: &str) {
    let css = if page.has(":focus") { ":focus" } else { "body" };
    page.type_into(
        css,
        &format!("{}{key}{}", modifier.value(), Key::Null.value()),
    );
}

#[test]
fn a_pasted_spreadsheet_keeps_what_stands_in_quotes() {
    if lacks(&[Need::Pasted]) {
        return;
    }
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.set_labels(&["cup"]);
    page.paste_text(LABEL_INPUT, "\"chair, folding\"\tlamp\n\"5\"\" nail\"\n");
    page.wait_for_labels(4);
    assert_eq!(page.labels(), ["cup", "chair, folding", "lamp", "5\" nail"]);
}

#[test]
fn every_change_is_taken_back_and_made_again() {
    let server = TestServer::with_page();
    let page = scored(&server, &LABELS);
    page.select_label("boat");
    page.press("ship");
    page.wait_for_scores_of(&["train", "ship", "rocket"]);
    press_together(&page, Key::Control, "z");
    page.wait_for_scores_of(&LABELS);
    assert!(
        page.labels().contains(&"boat".to_owned()),
        "{:?}",
        page.labels()
    );
    page.press_button("Redo editing “ship”");
    page.wait_for_scores_of(&["train", "ship", "rocket"]);
    page.type_into(LABEL_INPUT, &format!("car{}", Key::Enter.value()));
    page.wait_for_labels(4);
    page.press_button("Clear all");
    page.wait_for_none(LABEL);
    page.leave_field();
    for count in [4, 3] {
        press_together(&page, Key::Control, "z");
        page.wait_for_labels(count);
    }
    press_together(&page, Key::Control, "z");
    page.wait_for_scores_of(&LABELS);
    press_together(&page, Key::Control, "y");
    page.wait_for_scores_of(&["train", "ship", "rocket"]);
    page.retype(TEMPLATE, "a drawing of a {}");
    page.press_button("Undo editing the template");
    page.wait_until("the template of before", Duration::from_secs(10), || {
        (page.value(TEMPLATE).as_deref() == Some("a photo of a {}")).then_some(())
    });
}

#[test]
fn labels_are_moved_in_an_order_of_ones_own() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.set_labels(&["a", "b", "c"]);
    let in_order = |labels: [&str; 3]| {
        page.wait_until(&format!("{labels:?}"), Duration::from_secs(10), || {
            (page.labels() == labels).then_some(())
        });
    };
    page.select_label("a");
    press_together(&page, Key::Alt, &Key::Down.value().to_string());
    in_order(["b", "a", "c"]);
    more(&page, "c", "Move up");
    in_order(["b", "c", "a"]);
    // By its handle to the top, as a pointer drags it.
    page.script(
        "const row = (text) => Array.from(document.querySelectorAll('li.label-row'))
             .find((row) => row.querySelector('input').value === text);
         const [from, to] = [row('a').querySelector('[data-handle]'), row('b')];
         const list = document.querySelector('.label-list');
         list.setPointerCapture = () => {};
         const at = (element) => {
             const { left, top } = element.getBoundingClientRect();
             return { bubbles: true, cancelable: true, pointerId: 1, button: 0, clientX: left + 12, clientY: top + 3 };
         };
         from.dispatchEvent(new PointerEvent('pointerdown', at(from)));
         list.dispatchEvent(new PointerEvent('pointermove', at(to)));
         list.dispatchEvent(new PointerEvent('pointerup', at(to)))",
        [],
    );
    in_order(["a", "b", "c"]);
    page.press_button("Undo moving “a”");
    in_order(["b", "c", "a"]);
    page.reload();
    page.wait_for(LABEL);
    assert_eq!(page.labels(), ["b", "c", "a"]);
}

#[test]
fn best_first_or_my_order_is_chosen() {
    let server = TestServer::with_page();
    let page = scored(&server, &LABELS);
    assert_eq!(page.labels()[0], "rocket");
    page.select_label("rocket");
    press_together(&page, Key::Alt, &Key::Up.value().to_string());
    page.wait_for_text("body", "was moved in your order");
    page.press_button("Show my order");
    page.wait_until("my order", Duration::from_secs(10), || {
        (page.labels() == ["train", "rocket", "boat"]).then_some(())
    });
    page.reload();
    page.wait_for(LABEL);
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for("[data-settled=true] [data-testid=result]");
    assert_eq!(page.labels(), ["train", "rocket", "boat"]);
}

#[test]
fn a_label_is_switched_off_for_a_while() {
    let server = TestServer::with_page();
    let page = scored(&server, &LABELS);
    more(&page, "boat", "Switch off");
    page.wait_for_scores_of(&["train", "rocket"]);
    assert_eq!(page.count(LABEL), 3);
    page.wait_for_text("body", "2 labels, 1 off");
    page.reload();
    page.wait_for_labels(3);
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for_scores_of(&["train", "rocket"]);
    more(&page, "boat", "Switch on");
    page.wait_for_scores_of(&LABELS);
}

#[test]
fn a_label_has_prompts_of_its_own_and_what_is_read_can_be_seen() {
    let server = TestServer::with_page();
    let page = scored(&server, &LABELS);
    let before = page.results();
    page.select_label("boat");
    page.press("boat: a photo of a boat; a drawing of a {}");
    let rows = page.wait_for_scores_of(&LABELS);
    assert_ne!(rows, before);
    page.press_button("More about boat");
    page.wait_for_text("[data-testid=label-details]", "the mean of 2 prompts");
    page.wait_for_text("[data-testid=label-details]", "a drawing of a boat");
    page.wait_for_text("[data-testid=label-details]", "of 77 tokens");
    page.press_button("The colon belongs to the label");
    page.wait_for_text(
        "[data-testid=label-details]",
        "a photo of a boat: a photo of a boat; a drawing of a {}",
    );
    // What is too long is shown as not read.
    page.select_label("train");
    page.press(&"word ".repeat(100));
    page.press_button(&format!("More about {}", "word ".repeat(100).trim()));
    page.wait_for("[data-testid=label-details] del");
    page.wait_for_text("[data-testid=label-details]", "truncated at 77 tokens");
}

#[test]
fn several_templates_are_averaged() {
    let server = TestServer::with_page();
    let page = scored(&server, &LABELS);
    let one = page.results();
    page.paste_text(TEMPLATE, "\na drawing of a {}");
    page.wait_for_text(".template-field", "2 templates, averaged");
    let two = page.wait_for_results("scores by two templates", |rows| {
        rows.len() == 3 && rows[0].score != one[0].score
    });
    page.press_button("Use CLIP’s 80");
    page.wait_for_text(".template-field", "80 templates, averaged");
    page.wait_for_results("scores by 80 templates", |rows| {
        rows.len() == 3 && rows[0].score != two[0].score
    });
    page.reload();
    page.wait_for(TEMPLATE);
    page.wait_for_text(".template-field", "80 templates, averaged");
    page.press_button("Reset");
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for_results("the scores from before", |rows| rows == one);
}

#[test]
fn sets_are_kept_taken_renamed_and_deleted() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.set_labels(&LABELS);
    page.press_button("Sets");
    page.type_into(".label-sets-dialog form .field", "Ways to travel");
    page.press_button("Keep");
    page.wait_for_text(
        ".label-sets-dialog .said",
        "Saved “Ways to travel” in this browser.",
    );
    page.press_button("CIFAR-10");
    page.wait_for_labels(10);
    page.wait_for_text("body", "Loaded “CIFAR-10”.");
    page.reload();
    page.wait_for_labels(10);
    page.press_button("Sets");
    page.press_button("Rename Ways to travel");
    page.retype(".sets form .field", "Vehicles");
    page.press_button("Rename");
    page.wait_for_text(".label-sets-dialog .said", "to “Vehicles”");
    page.press_button("Delete Vehicles");
    page.wait_for_text(".label-sets-dialog .said", "Deleted “Vehicles”.");
    assert!(!page.has_button("Vehicles"));
    page.script(
        "document.querySelector('.label-sets-dialog .said .button').click()",
        [],
    );
    page.press_button("Vehicles");
    page.wait_for_labels(3);
    assert_eq!(page.labels(), LABELS);
}

#[test]
fn a_ready_set_brings_its_template_and_takes_it_away() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.wait_for(LABEL);
    let template = |wanted: &str| {
        page.wait_until(wanted, Duration::from_secs(10), || {
            (page.value(TEMPLATE).as_deref() == Some(wanted)).then_some(())
        });
    };
    page.press_button("Sets");
    page.press_button("Food-101");
    page.wait_for_labels(101);
    template("a photo of {}, a type of food");
    page.press_button("Sets");
    page.press_button("CIFAR-100");
    page.wait_for_labels(100);
    template("a photo of a {}");
    page.press_button("Undo replacing all labels");
    page.wait_for_labels(101);
    template("a photo of {}, a type of food");
}

#[test]
fn what_is_typed_has_a_score_before_it_is_added() {
    let server = TestServer::with_page();
    let page = scored(&server, &["train", "boat"]);
    page.type_into(LABEL_INPUT, "rocket");
    page.wait_for_text(".draft-score", "%");
    // The list is not asked about it.
    assert_eq!(page.results().len(), 2);
    page.press(&Key::Enter.value().to_string());
    page.wait_for_scores_of(&["train", "boat", "rocket"]);
    assert_eq!(page.text(".draft-score").as_deref(), Some(""));
}

#[test]
fn what_an_older_page_saved_is_read() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.wait_for(LABEL);
    page.script(
        "localStorage.setItem('cliplet', JSON.stringify({ version: 1, labels: ['Alien: Covenant', 'boat'],
             labels_by: 'person', template: 'a drawing of a {}' }));
         // The page would save over it as it goes.
         Storage.prototype.setItem = () => {}",
        [],
    );
    page.reload();
    page.wait_for_labels(2);
    assert_eq!(page.value(TEMPLATE).as_deref(), Some("a drawing of a {}"));
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for_results("both labels by their names", |rows| {
        rows.len() == 2 && rows.iter().any(|row| row.label == "Alien: Covenant")
    });
}

#[test]
fn scores_follow_each_letter() {
    let server = TestServer::with_page();
    let page = scored(&server, &LABELS);
    // Counts what the row of the label that is typed into shows.
    page.script(
        "window.seen = new Set();
         new MutationObserver(() => {
             for (const { dataset } of document.querySelectorAll('[data-testid=result]')) window.seen.add(dataset.label);
         }).observe(document.querySelector('.label-list'), { subtree: true, childList: true, attributes: true })",
        [],
    );
    page.select_label("boat");
    for letter in ["s", "sh", "shi", "ship"] {
        page.press(&letter[letter.len() - 1..]);
        page.wait_until(letter, Duration::from_secs(10), || {
            let seen = page.script("return window.seen.has(arguments[0])", [json!(letter)]);
            (seen == Value::Bool(true)).then_some(())
        });
    }
}

#[test]
fn every_tool_fits_every_screen() {
    let server = TestServer::with_page();
    for (width, height, dark) in [
        (320, 640, false),
        (320, 640, true),
        (1280, 800, false),
        (1280, 800, true),
    ] {
        let page = Page::open_with(
            &server,
            &Options {
                dark,
                ..Options::default()
            },
        );
        page.resize(width, height);
        let theme = if dark { "dark" } else { "light" };
        let fits = |name: &str| {
            // Rows glide to their places.
            std::thread::sleep(Duration::from_millis(500));
            page.screenshot(&format!("{name}-{width}-{theme}"));
            let overflow = page.script(
                "const { scrollWidth, clientWidth } = document.querySelector('dialog[open]') ?? document.documentElement;
                 return scrollWidth - clientWidth",
                [],
            );
            assert_eq!(overflow, json!(0), "{name}, {width} px wide, {theme}");
        };
        page.set_labels(&LABELS);
        page.choose_file(&repository("public/samples/rocket.jpg"));
        page.wait_for_scores_of(&LABELS);
        page.select_label("boat");
        page.press("boat: a photo of a boat; a drawing of a {}");
        page.leave_field();
        page.press_button("More about boat");
        page.wait_for_text("[data-testid=label-details]", "of 77 tokens");
        page.wait_for_scores_of(&LABELS);
        page.type_into(LABEL_INPUT, "airplane");
        page.wait_for_text(".draft-score", "%");
        fits("details");
        page.press_button("More about boat");
        page.press_button("More about train");
        page.press_button("Switch off");
        page.press_button("More about train");
        page.paste_text(TEMPLATE, "\na drawing of a {}");
        page.click("[data-testid=score-options] summary");
        page.script(
            "for (const box of document.querySelectorAll('.score-options [type=checkbox]')) box.click();
             document.querySelector('.score-options').scrollIntoView({ block: 'end' })",
            [],
        );
        page.wait_for(".label-row .cosine");
        fits("options");
        page.press_button("Sets");
        page.type_into(".label-sets-dialog form .field", "Ways to travel");
        page.press_button("Keep");
        page.wait_for_text(".label-sets-dialog .said", "in this browser.");
        fits("sets");
    }
}
