//! The page is usable by keyboard alone, named for screen readers, and fits every screen, light and
//! dark.

use std::time::Duration;

use serde_json::{Value, json};
use thirtyfour::Key;

use crate::harness::{LABEL, LABEL_INPUT, Options, Page, TestServer, repository};

const LABELS: [&str; 4] = ["airplane", "rocket", "train", "boat"];

#[test]
fn everything_that_can_be_used_has_a_name_and_is_reached_by_tab() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.set_labels(&LABELS);
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for_scores_of(&LABELS);
    let nameless = page.script(
        "const name = (element) => element.getAttribute('aria-label')
             || (element.getAttribute('aria-labelledby') ?? '').split(' ')
                 .map((id) => document.getElementById(id)?.textContent ?? '').join('')
             || element.labels?.[0]?.textContent || element.textContent || '';
         return Array.from(document.querySelectorAll('button, input, a[href], select, textarea, summary'))
             .filter((element) => element.checkVisibility() && name(element).trim() === '')
             .map((element) => element.outerHTML)",
        [],
    );
    assert_eq!(nameless, json!([]));

    let wanted = page.script(
        "document.activeElement?.blur();
         return Array.from(document.querySelectorAll('button:enabled, input, textarea, summary, a[href]'))
             .filter((element) => element.checkVisibility() && !element.closest('dialog')).length",
        [],
    );
    let mut reached = Vec::new();
    for _ in 0..wanted.as_u64().unwrap() {
        page.press(&Key::Tab.value().to_string());
        let here = page.script("return document.activeElement.outerHTML", []);
        if !reached.contains(&here) {
            reached.push(here);
        }
    }
    assert_eq!(Value::from(reached.len()), wanted, "{reached:#?}");
}

#[test]
fn a_result_is_said_in_words() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.set_labels(&LABELS);
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for_text("[role=status]", "Best fit: rocket");
}

#[test]
fn labels_are_edited_without_a_mouse() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.set_labels(&["rocket"]);
    page.type_into(LABEL_INPUT, &format!("boat{}", Key::Enter.value()));
    page.wait_for_labels(2);
    page.select_label("boat");
    page.press(&format!("ship{}", Key::Enter.value()));
    page.select_label("ship");
    page.press(&format!("sloop{}", Key::Escape.value()));
    assert!(
        page.labels().contains(&"ship".to_owned()),
        "{:?}",
        page.labels()
    );
}

#[test]
fn every_screen_shows_all_without_scrolling_sideways() {
    let server = TestServer::with_page();
    for dark in [false, true] {
        let page = Page::open_with(
            &server,
            &Options {
                dark,
                ..Options::default()
            },
        );
        let theme = if dark { "dark" } else { "light" };
        for (width, height) in [
            (320, 640),
            (390, 844),
            (768, 1024),
            (1440, 900),
            (2560, 1440),
        ] {
            page.resize(width, height);
            page.wait_for(LABEL);
            page.screenshot(&format!("empty-{width}-{theme}"));
            page.press_button("Sample: Panda");
            page.wait_for("[data-testid=result]");
            page.wait_for_results("the panda", |rows| rows[0].label == "panda");
            // Rows glide to their places.
            std::thread::sleep(Duration::from_millis(500));
            page.screenshot(&format!("scored-{width}-{theme}"));
            let overflow = page.script(
                "return document.documentElement.scrollWidth - document.documentElement.clientWidth",
                [],
            );
            assert_eq!(overflow, json!(0), "{width} px wide, {theme}");
            page.reload();
        }
        let background = page.script(
            "return getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)",
            [],
        );
        let bright = background[0].as_u64().unwrap() > 128;
        assert_eq!(bright, !dark, "{background}");
    }
}
