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
             .filter((element) => element.checkVisibility() && !element.closest('dialog') && element.tabIndex >= 0).length",
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

/// Each row has a field and two buttons, and the list one stop for the Tab key.
#[test]
fn the_label_list_is_one_stop_and_arrows_lead_through_it() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.set_labels(&LABELS);
    let stops = "return document.querySelectorAll('.label-list [tabindex=\"0\"]').length";
    page.wait_until("one stop", Duration::from_secs(5), || {
        (page.script(stops, []) == json!(1)).then_some(())
    });
    let here = || {
        let script = "const here = document.activeElement;
            return here.value || here.getAttribute('aria-label')";
        page.script(script, [])
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let press = |key: Key| {
        page.press(&key.value().to_string());
        here()
    };
    page.select_label("rocket");
    page.press(&Key::End.value().to_string());
    assert_eq!(press(Key::Right), "More about rocket");
    assert_eq!(press(Key::Right), "Remove rocket");
    assert_eq!(press(Key::Right), "Remove rocket");
    assert_eq!(press(Key::Down), "Remove train");
    assert_eq!(press(Key::Left), "More about train");
    assert_eq!(press(Key::Up), "More about rocket");
    assert_eq!(press(Key::Left), "rocket");
    assert_eq!(press(Key::Down), "train");
    assert_eq!(page.script(stops, []), json!(1));
    // Out of the list with one key, and back to where one was.
    press(Key::Tab);
    let outside = "return document.activeElement.closest('.label-list') === null";
    assert_eq!(page.script(outside, []), json!(true));
    let stop = "return document.querySelector('.label-list [tabindex=\"0\"]').value";
    assert_eq!(page.script(stop, []), json!("train"));
    // What goes away takes the stop along, and another has it.
    page.press_button("Remove train");
    page.wait_for_labels(3);
    page.wait_until("one stop", Duration::from_secs(5), || {
        (page.script(stops, []) == json!(1)).then_some(())
    });
}

#[test]
fn a_question_mark_shows_what_keys_do() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.wait_until_ready();
    page.type_into(LABEL_INPUT, "who?");
    assert!(!page.has("dialog[open]"), "it is a label's");
    page.leave_field();
    page.press("?");
    page.wait_for_text("dialog[open]", "Move a label");
    page.press_button("Close");
    page.wait_for_none("dialog[open]");
}

/// The choice holds at the next visit, from the first paint on.
#[test]
fn a_theme_is_chosen_and_kept() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.wait_until_ready();
    let background = || {
        let background = "return getComputedStyle(document.documentElement).backgroundColor";
        page.script(background, [])
    };
    let light = background();
    let choose = |theme: &str| {
        let script = "const select = document.querySelector('.theme-choice select');
            select.value = arguments[0];
            select.dispatchEvent(new Event('change', { bubbles: true }))";
        page.script(script, [json!(theme)]);
    };
    choose("dark");
    let dark = background();
    assert_ne!(dark, light);
    page.reload();
    assert_eq!(background(), dark);
    page.wait_until_ready();
    assert_eq!(background(), dark);
    choose("");
    assert_eq!(background(), light);
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

/// What lies over something else, is cut off, or lies outside the window. What is scrolled away is
/// none of it. *Add* stands in the field that it is for.
const FAULTS: &str = "
    const inside = document.querySelector('dialog[open]') ?? document.body;
    const all = [...inside.querySelectorAll('*')].filter((element) => element.checkVisibility({ visibilityProperty: true })
        && (inside !== document.body || !element.closest('dialog')) && !element.closest('.visually-hidden'));
    const name = (element) => `${element.localName}.${element.className} ${element.ariaLabel ?? element.textContent.trim().slice(0, 40)}`;
    const seen = (element) => {
        let { left, top, right, bottom } = element.getBoundingClientRect();
        for (let around = element.parentElement; around; around = around.parentElement) {
            const { overflowX, overflowY } = getComputedStyle(around);
            if (overflowX === 'visible' && overflowY === 'visible') continue;
            const box = around.getBoundingClientRect();
            [left, right] = [Math.max(left, box.left), Math.min(right, box.right)];
            [top, bottom] = [Math.max(top, box.top), Math.min(bottom, box.bottom)];
        }
        return { left, top, right, bottom };
    };
    const faults = [];
    const controls = all.filter((element) => element.matches('button, a[href], input:not([type=file]), select, textarea, summary'));
    controls.forEach((one, at) => {
        for (const other of controls.slice(at + 1)) {
            if (one.contains(other) || other.closest('.label-adder')?.contains(one)) continue;
            const [a, b] = [seen(one), seen(other)];
            const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
            const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
            if (across > 1 && down > 1) faults.push(`${name(one)} lies over ${name(other)}`);
        }
    });
    for (const element of all) {
        const says = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
        const cuts = getComputedStyle(element).overflowX !== 'visible';
        if (says && cuts && element.scrollWidth > element.clientWidth + 1) faults.push(`${name(element)} is cut off`);
        const { left, right } = seen(element);
        if (right > left + 1 && (right > innerWidth + 1 || left < -1)) faults.push(`${name(element)} is outside`);
    }
    return faults";

/// Every screen, at the widths of phones, tablets and desks.
#[test]
fn nothing_lies_over_something_else_or_is_cut_off() {
    const SIZES: [(u32, u32); 5] = [
        (320, 640),
        (390, 844),
        (768, 1024),
        (1280, 800),
        (2560, 1440),
    ];
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.wait_until_ready();
    let look = |screen: &str| {
        for (width, height) in SIZES {
            page.resize(width, height);
            // What changes its place, or comes in, does so gently.
            std::thread::sleep(Duration::from_millis(400));
            let faults = page.script(FAULTS, []);
            assert_eq!(faults, json!([]), "{screen}, {width} px wide");
        }
    };
    look("the first screen");
    page.set_labels(&LABELS);
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for_scores_of(&LABELS);
    look("a result");
    page.press_button("Why this label?");
    page.wait_for(".why-panel .sum");
    look("why a label has its score");
    page.press_button("Hide the map");
    for dialogue in ["Models", "Share", "Sets", "Keyboard"] {
        page.press_button(dialogue);
        page.wait_for("dialog[open]");
        look(dialogue);
        page.press_button("Close");
    }
    let thumbnails = repository("public/samples/thumbnails");
    page.drop_file("[data-testid=drop-zone]", &thumbnails);
    page.wait_for_text("[data-testid=collection-count]", "5 pictures");
    page.wait_for("[data-testid=picture][data-label]");
    look("the grid");
    page.press_button("Teach");
    look("classes");
    page.press_button("Look");
    page.click("[data-testid=picture]");
    page.wait_for_scores_of(&LABELS);
    look("one picture of many");
    page.press_button("Words for it");
    page.wait_for("[data-testid=words]");
    look("words for it");
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
