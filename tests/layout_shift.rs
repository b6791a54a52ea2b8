//! What is on the page stays where it is: nothing moves after the first paint but by the visitor's
//! own doing, and the page listens before its engine does.
//!
//! <https://web.dev/articles/cls>: a shift's value is the share of the viewport that moved, times
//! how far. How long anything takes is the benchmark's matter.

use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::harness::world::{FILE, World};
use crate::harness::{
    DROP_ZONE, Fault, LABEL, LABEL_INPUT, Need, Options, Page, STATUS, TestServer, lacks,
    repository,
};

const LABELS: [&str; 6] = ["airplane", "rocket", "train", "boat", "car", "bicycle"];

/// Notes what moves, and which elements did. Labels that change places are the answer: they stand
/// best first, and glide there.
const WATCH: &str = "window.shifts = [];
    new PerformanceObserver((list) => {
        for (const { value, hadRecentInput, startTime, sources } of list.getEntries()) {
            const label = ({ node }) => (node?.closest ? node : node?.parentElement)?.closest('.label-row');
            // A bar that was drawn anew is in no row any more.
            if (sources.some(label) && sources.every((moved) => label(moved) || !moved.node?.isConnected)) continue;
            const moved = sources.map(({ node, previousRect: a, currentRect: b }) =>
                `${(node?.outerHTML ?? node?.textContent ?? '').slice(0, 90)} from ${a.x},${a.y} ${a.width}x${a.height} to ${b.x},${b.y} ${b.width}x${b.height}`);
            if (!hadRecentInput) window.shifts.push({ value, at: startTime, moved });
        }
    }).observe({ type: 'layout-shift', buffered: true });";

/// What Chromium rounds away when it tells nobody of a shift is less than this; Lighthouse calls up
/// to 0.1 good.
const MOST: f64 = 0.001;

fn visitor(width: u32, height: u32) -> Page {
    let page = Page::blank(&Options {
        width,
        height,
        ..Options::default()
    });
    page.run_before_pages(WATCH);
    page
}

#[track_caller]
fn nothing_has_moved(page: &Page, when: &str) {
    // Rows have glided to their places, and all is told.
    let shifts = page.script(
        "await new Promise((then) => setTimeout(then, 700)); return window.shifts",
        [],
    );
    let all: f64 = shifts
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|shift| shift["value"].as_f64())
        .sum();
    assert!(all <= MOST, "{when}: {all} {shifts:#}");
}

#[track_caller]
fn nothing_moves_in(width: u32, height: u32) {
    let server = TestServer::with_page();
    let page = visitor(width, height);
    for visit in ["the first visit", "the second visit"] {
        let when = |what: &str| format!("{what} of {visit}, {width} px wide");
        page.go(&server.url());
        page.wait_until_ready();
        page.wait_for(".samples button");
        page.wait_for("[data-testid=works-offline]");
        nothing_has_moved(&page, &when("the start"));
        page.choose_file(&repository("public/samples/rocket.jpg"));
        page.wait_for_results("the rocket", |rows| rows.len() == LABELS.len());
        nothing_has_moved(&page, &when("the first result"));
        page.drop_file(DROP_ZONE, &repository("public/samples/panda.jpg"));
        page.wait_for("[data-testid=drop-zone] img[alt='Your picture “panda.jpg”']");
        page.wait_for("[data-settled=true] [data-testid=result]");
        nothing_has_moved(&page, &when("a dropped picture"));
    }
}

#[test]
fn on_a_wide_screen() {
    if lacks(&[Need::Observers]) {
        return;
    }
    nothing_moves_in(1280, 800);
}

#[test]
fn on_a_narrow_screen() {
    if lacks(&[Need::Observers]) {
        return;
    }
    nothing_moves_in(390, 844);
}

/// The line about the scores says less then, and the label list above it would grow.
#[test]
fn when_the_download_of_a_better_model_ends() {
    if lacks(&[Need::Observers]) {
        return;
    }
    let world = World::new();
    let bytes_per_second = 25_000;
    world
        .models
        .set_fault(FILE, Fault::Slow { bytes_per_second });
    let page = visitor(1280, 800);
    page.go(&world.page.url());
    page.wait_until_ready();
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for_results("the rocket", |rows| rows.len() == LABELS.len());
    page.wait_for(&format!("{STATUS} progress"));
    page.wait_for_text(".about-preview", "will replace these scores");
    // What moves within half a second of what a visitor does counts as the visitor's doing.
    thread::sleep(Duration::from_millis(600));
    let click = "document.querySelector(arguments[0]).click()";
    page.script(click, [json!(format!("{STATUS} button"))]);
    page.wait_for_text(STATUS, "stopped");
    nothing_has_moved(&page, "the end of a download");
    page.wait_until("the line to say less", Duration::from_secs(5), || {
        let text = page.text(".about-preview")?;
        (!text.contains("replace")).then_some(())
    });
}

/// The page's controls answer although nothing of the engine has come yet, and the processor is
/// four times as slow.
#[test]
fn everything_can_be_used_before_the_engine_is_there() {
    if lacks(&[Need::Protocol]) {
        return;
    }
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.wait_until_ready();
    page.wait_for("[data-testid=works-offline]");
    // No worker of this visit ever says a word.
    page.run_before_pages("Worker.prototype.postMessage = () => {}");
    server.set_fault("models/starter.gguf", Fault::Hang);
    page.cdp("Emulation.setCPUThrottlingRate", json!({ "rate": 4 }));
    page.reload();
    page.wait_for(LABEL);
    page.set_labels(&["one", "two"]);
    page.type_into(LABEL_INPUT, "three\n");
    page.wait_for_labels(3);
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for_text(DROP_ZONE, "Opening “rocket.jpg”");
    page.press_button("Share");
    page.wait_for("[data-testid=share-link]");
    page.press_button("Close");
    page.press_button("Models");
    page.wait_for("dialog[open] .model-row");
    assert!(!page.has(&format!("{STATUS}[data-state=ready]")));
}
