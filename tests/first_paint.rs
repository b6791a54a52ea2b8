//! What is painted before the program runs: it stands where the program draws it, and what a
//! visitor does with it is done.

use serde_json::{Value, json};

use crate::harness::{DROP_ZONE, Fault, Options, Page, STATUS, TestServer, page_file, repository};

/// Slow enough to do something before the program is there.
const SLOW: Fault = Fault::Slow {
    bytes_per_second: 300_000,
};

/// The page's program, as the page names it.
fn program() -> String {
    let html = page_file("index.html");
    let (before, _) = html.split_once("_bg.wasm").expect("the page names it");
    let (_, name) = before.rsplit_once('/').expect("relative to the page");
    format!("{name}_bg.wasm")
}

/// A page whose program does not come yet.
fn outline(server: &TestServer, fault: Fault, options: &Options) -> Page {
    server.set_fault(&program(), fault);
    let page = Page::blank(options);
    page.go(&server.url());
    page.wait_for("#outline .samples img");
    page
}

/// Where things stand, and what they say.
fn places(page: &Page) -> Vec<Value> {
    let script = "const all = ['.wordmark', '.tagline', '.header > .button', '.drop-zone', '.invitation .big',
            '.invitation .icon', '.samples-head p', '.samples img', '.label-head h2',
            '.label-adder .field', '.label-adder .button', '.template-field > :first-child',
            '.template-field .field', '.label-row'];
        const found = all.flatMap((css) => [...document.querySelectorAll(css)].map((element) => [css, element]));
        return found.map(([css, element]) => {
            const { x, y, width, height } = element.getBoundingClientRect();
            const field = element.matches('input, textarea') ? element : element.querySelector('input');
            const said = element.getAttribute('src') ?? element.closest('button')?.getAttribute('aria-label')
                ?? (field ? field.value || field.placeholder : element.textContent) ?? '';
            return { css, said: said.trim(), place: [x, y, width, height].map(Math.round) };
        })";
    page.script(script, [])
        .as_array()
        .cloned()
        .unwrap_or_default()
}

#[track_caller]
fn the_page_stands_where_it_was_painted(width: u32, height: u32) {
    let server = TestServer::with_page();
    let options = Options {
        width,
        height,
        ..Options::default()
    };
    let page = outline(&server, Fault::Hang, &options);
    let painted = places(&page);
    server.clear_fault(&program());
    page.reload();
    page.wait_until_ready();
    page.wait_for("[data-testid=works-offline]");
    let drawn = places(&page);
    // Five samples, six labels, and all else once or twice.
    assert_eq!(painted.len(), 24, "{painted:#?}");
    for (painted, drawn) in painted.iter().zip(&drawn) {
        let is = |what: &str| painted[what] == drawn[what];
        // What is rounded may differ by a pixel.
        let is_near = (0..4).all(|at| {
            let at = |place: &Value| place["place"][at].as_i64().unwrap_or(i64::MAX);
            at(painted).abs_diff(at(drawn)) <= 1
        });
        assert!(
            is("css") && is("said") && is_near,
            "{width} px wide: {painted} {drawn}"
        );
    }
    assert_eq!(painted.len(), drawn.len());
}

#[test]
fn on_a_wide_screen_the_page_stands_where_it_was_painted() {
    the_page_stands_where_it_was_painted(1440, 900);
}

#[test]
fn on_a_narrow_screen_the_page_stands_where_it_was_painted() {
    the_page_stands_where_it_was_painted(390, 844);
}

#[test]
fn a_picture_dropped_before_the_program_runs_is_opened() {
    let server = TestServer::with_page();
    let page = outline(&server, SLOW, &Options::default());
    page.drop_file(".drop-zone", &repository("public/samples/rocket.jpg"));
    page.wait_for_text("#outline .drop-zone", "Loading Cliplet");
    page.wait_for("[data-testid=drop-zone] img[alt='Your picture “rocket.jpg”']");
    page.wait_for("[data-testid=result]");
}

#[test]
fn a_folder_dropped_before_the_program_runs_is_opened() {
    let server = TestServer::with_page();
    let page = outline(&server, SLOW, &Options::default());
    page.drop_file(".drop-zone", &repository("public/samples/thumbnails"));
    page.wait_for(".collection");
    page.wait_for_text(".collection", "5");
}

#[test]
fn a_picture_chosen_before_the_program_runs_is_opened() {
    let server = TestServer::with_page();
    let page = outline(&server, SLOW, &Options::default());
    let field = ".drop-zone input[type=file]";
    page.choose_files_in(field, &[repository("public/samples/rocket.jpg")]);
    page.wait_for("[data-testid=drop-zone] img[alt='Your picture “rocket.jpg”']");
}

#[test]
fn a_button_pressed_before_the_program_runs_does_what_it_is_for() {
    let server = TestServer::with_page();
    let page = outline(&server, SLOW, &Options::default());
    page.click("#outline .samples button[title=Bee]");
    page.wait_for(&format!(
        "{DROP_ZONE} img[alt='A honey bee on a purple flower']"
    ));

    let page = outline(&server, SLOW, &Options::default());
    let models = "const models = [...document.querySelectorAll('#outline button')];
        models.find((button) => button.textContent === 'Models').click()";
    page.script(models, []);
    page.wait_for("dialog[open] .model-row");
}

/// The labels of the last visit are not those of the first.
#[test]
fn who_comes_back_is_not_shown_the_first_labels() {
    let server = TestServer::with_page();
    let page = outline(&server, Fault::Hang, &Options::default());
    let shown = "return [...document.querySelectorAll('#outline .label-row')].some((row) =>
        getComputedStyle(row).visibility === 'visible')";
    assert_eq!(page.script(shown, []), json!(true), "the first visit");
    page.script("localStorage.setItem('cliplet', '{}')", []);
    page.reload();
    page.wait_for("#outline .label-row");
    assert_eq!(page.script(shown, []), json!(false), "another visit");
}

/// The status never takes the place of what the page is for.
#[test]
fn what_the_page_is_for_is_said_at_every_width() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.wait_until_ready();
    for width in [320, 390, 768, 1280, 2560] {
        page.resize(width, 900);
        let tagline = page.text(".tagline").unwrap_or_default();
        assert!(
            tagline.contains("Which of these words"),
            "{width}: {tagline}"
        );
        assert!(page.has(STATUS));
    }
}
