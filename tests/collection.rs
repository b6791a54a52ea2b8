//! Many pictures: a folder or a selection opens as a grid, is labelled, searched, kept, and never
//! holds up the page.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use thirtyfour::Key;

use crate::harness::{
    DROP_ZONE, Kind, LABEL, Need, Options, Page, TestServer, lacks, picture, repository,
};

const LABELS: [&str; 5] = ["panda", "rocket", "bee", "bridge", "fruit"];
const SAMPLES: [&str; 5] = [
    "panda.jpg",
    "rocket.jpg",
    "bee.jpg",
    "bridge.jpg",
    "fruit.jpg",
];
const CELL: &str = "[data-testid=picture]";
const COUNT: &str = "[data-testid=collection-count]";
const SEARCH: &str = "[data-testid=collection-search]";

/// A folder of this test alone, with copies of samples.
pub fn folder(name: &str, samples: &[(&str, &str)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::remove_dir_all(&folder).ok();
    for (sample, path) in samples {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::copy(repository(&format!("public/samples/{sample}")), path).unwrap();
    }
    folder
}

fn all_samples(name: &str) -> PathBuf {
    let samples: Vec<(&str, &str)> = SAMPLES.iter().map(|sample| (*sample, *sample)).collect();
    folder(name, &samples)
}

/// Many small pictures, no two alike.
fn made_up(name: &str, count: u32) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::remove_dir_all(&folder).ok();
    fs::create_dir_all(&folder).unwrap();
    for at in 0..count {
        let picture = image::RgbImage::from_fn(96, 72, |x, y| {
            image::Rgb([
                (at * 7 + x) as u8,
                (at / 3 + y * 2) as u8,
                (x * y + at) as u8,
            ])
        });
        picture.save(folder.join(format!("{at:04}.png"))).unwrap();
    }
    folder
}

/// The labels of all pictures that are drawn, by their names.
pub fn labels_of(page: &Page) -> Value {
    page.script(
        "return Object.fromEntries(Array.from(document.querySelectorAll('[data-testid=picture]'))
             .map((cell) => [cell.dataset.name, cell.dataset.label ?? null]))",
        [],
    )
}

/// Waits until pictures have these labels.
#[track_caller]
pub fn wait_for_labels_of(page: &Page, wanted: &[(&str, &str)]) {
    page.wait_until(
        &format!("the labels {wanted:?}, not {}", labels_of(page)),
        Duration::from_secs(40),
        || {
            let labels = labels_of(page);
            wanted
                .iter()
                .all(|(name, label)| labels[*name] == json!(*label))
                .then_some(())
        },
    );
}

/// The names of the pictures, as they stand.
fn names(page: &Page) -> Vec<String> {
    let names = page.script(
        "return Array.from(document.querySelectorAll('[data-testid=picture]'))
             .sort((a, b) => a.parentElement.ariaPosInSet - b.parentElement.ariaPosInSet)
             .map((cell) => cell.dataset.name)",
        [],
    );
    serde_json::from_value(names).unwrap()
}

#[track_caller]
fn wait_for_names(page: &Page, what: &str, enough: impl Fn(&[String]) -> bool) -> Vec<String> {
    page.wait_until(what, Duration::from_secs(30), || {
        let names = names(page);
        enough(&names).then_some(names)
    })
}

fn choose(page: &Page, css: &str, value: &str) {
    page.script(
        "const select = document.querySelector(arguments[0]);
         const option = Array.from(select.options).find((option) => option.text.startsWith(arguments[1]));
         select.value = option.value;
         select.dispatchEvent(new Event('change', { bubbles: true }))",
        [json!(css), json!(value)],
    );
}

/// A page with these labels in the place of its own, once those are there.
pub fn with_labels(page: Page, labels: &[&str]) -> Page {
    page.wait_for(LABEL);
    page.set_labels(labels);
    page
}

fn opened(server: &TestServer, folder: &Path) -> Page {
    let page = with_labels(Page::open(server), &LABELS);
    page.drop_file(DROP_ZONE, folder);
    page
}

/// What the starter is sure of.
const RIGHT: [(&str, &str); 3] = [
    ("panda.jpg", "panda"),
    ("bee.jpg", "bee"),
    ("fruit.jpg", "fruit"),
];

#[test]
fn what_systems_leave_in_folders_is_passed_over() {
    let server = TestServer::with_page();
    let folder = folder(
        "system-files",
        &[
            ("panda.jpg", "cat/panda.jpg"),
            ("bridge.jpg", "cat/._bridge.jpg"),
            ("bee.jpg", "dog/bee.jpg"),
            ("rocket.jpg", "@eaDir/rocket.jpg/small.jpg"),
            ("rocket.jpg", ".ipynb_checkpoints/rocket.jpg"),
            ("rocket.jpg", ".thumbnails/rocket.jpg"),
            ("rocket.jpg", "__MACOSX/cat/rocket.jpg"),
        ],
    );
    fs::write(folder.join("cat/Thumbs.db"), "thumbs").unwrap();
    fs::write(folder.join(".DS_Store"), "store").unwrap();
    let page = opened(&server, &folder);
    page.wait_for_text(COUNT, "2 pictures");
    let mut found = wait_for_names(&page, "two names", |names| names.len() == 2);
    found.sort();
    assert_eq!(found, ["bee.jpg", "panda.jpg"]);
}

#[test]
fn a_dropped_folder_is_labelled_and_a_picture_of_it_seen_large() {
    let server = TestServer::with_page();
    let page = opened(&server, &all_samples("dropped"));
    page.wait_for_text(COUNT, "5 pictures");
    wait_for_labels_of(&page, &RIGHT);

    choose(&page, "[data-testid=collection-filter]", "panda");
    let shown = wait_for_names(&page, "pandas alone", |names| names.len() < 5);
    assert!(shown.contains(&"panda.jpg".to_owned()), "{shown:?}");
    choose(&page, "[data-testid=collection-filter]", "All");
    choose(&page, "[data-testid=collection-sort]", "By name");
    wait_for_names(&page, "all by name", |names| {
        names.len() == 5 && names.is_sorted()
    });
    choose(
        &page,
        "[data-testid=collection-sort]",
        "By the score of “bee”",
    );
    wait_for_names(&page, "the bee first", |names| names[0] == "bee.jpg");

    page.click("[data-testid=picture][data-name='panda.jpg']");
    page.wait_for("[data-testid=drop-zone] img[alt='Your picture “panda.jpg”']");
    let rows = page.wait_for_scores_of(&LABELS);
    assert_eq!(rows[0].label, "panda");
    page.press_button("The one before");
    page.wait_for_none("[data-testid=drop-zone] img[alt='Your picture “panda.jpg”']");
    page.press_button("← All pictures");
    page.wait_for(CELL);
    page.press_button("Close the pictures");
    page.wait_for(DROP_ZONE);
    page.press_button("Back to the 5 pictures");
    page.wait_for(CELL);
}

/// Beside the grid, the labels say how many pictures they fit best, and show those alone.
#[test]
fn each_label_counts_its_pictures_and_shows_them_alone() {
    let server = TestServer::with_page();
    let page = opened(&server, &all_samples("counted"));
    page.wait_for_text(COUNT, "5 pictures");
    wait_for_labels_of(&page, &RIGHT);
    let counts = || {
        let counts = "return [...document.querySelectorAll('.label-row .pictures')].map((button) => Number(button.innerText))";
        let counts: Vec<usize> = serde_json::from_value(page.script(counts, [])).unwrap();
        counts
    };
    page.wait_until("all to be counted", Duration::from_secs(10), || {
        (counts().iter().sum::<usize>() == 5).then_some(())
    });
    assert_eq!(counts().len(), LABELS.len());
    let panda = ".label-row .pictures[aria-label*='of panda']";
    page.click(panda);
    wait_for_names(&page, "the panda", |names| {
        names.contains(&"panda.jpg".to_owned()) && names.len() < 5
    });
    assert_eq!(
        page.attribute(panda, "aria-pressed").as_deref(),
        Some("true")
    );
    page.click(panda);
    wait_for_names(&page, "all again", |names| names.len() == 5);
    // Beside a picture, the labels have its scores instead.
    page.click("[data-testid=picture][data-name='panda.jpg']");
    page.wait_for_scores_of(&LABELS);
    page.wait_for_none(".label-row .pictures");
}

/// Whoever uses the keyboard is somewhere after each step, and not at the top of the page.
#[test]
fn the_focus_has_a_place_after_each_step_among_pictures() {
    let server = TestServer::with_page();
    let page = opened(&server, &all_samples("focused"));
    page.wait_for_text(COUNT, "5 pictures");
    wait_for_labels_of(&page, &RIGHT);
    let is_at = |what: &str, css: &str| {
        page.wait_until(what, Duration::from_secs(5), || {
            let script = "return document.activeElement.matches(arguments[0])";
            (page.script(script, [json!(css)]) == json!(true)).then_some(())
        });
    };
    let press = |key: Key| page.press(&key.value().to_string());
    let panda = "[data-testid=picture][data-name='panda.jpg']";
    page.click(panda);
    page.wait_for_scores_of(&LABELS);
    is_at("the way back", ".one-picture .button");
    // The arrow keys lead to the neighbours.
    let place = || page.text(".one-picture .place").unwrap_or_default();
    let before = place();
    let (there, back) = if before.starts_with("5 ") {
        (Key::Left, Key::Right)
    } else {
        (Key::Right, Key::Left)
    };
    press(there);
    page.wait_until("the neighbour", Duration::from_secs(10), || {
        (place() != before).then_some(())
    });
    press(back);
    page.wait_for_text(".one-picture .place", &before);
    press(Key::Escape);
    is_at("the picture that was shown", panda);
    page.click(panda);
    page.press_button("Find similar");
    is_at("the picture that others are like", panda);
    page.press_button("Show all pictures again");
    is_at("the field for words", SEARCH);
    page.wait_until("all pictures", Duration::from_secs(10), || {
        (page.count(CELL) == 5).then_some(())
    });
    page.script(&format!("document.querySelector(\"{panda}\").focus()"), []);
    press(Key::Delete);
    page.wait_for_none(panda);
    is_at("the picture in its place", CELL);
    page.press_button("Close the pictures");
    is_at("the field for files", "[data-testid=file-input]");
}

#[test]
fn what_cannot_be_read_among_several_files_is_said_of_it_alone() {
    let server = TestServer::with_page();
    let page = with_labels(Page::open(&server), &LABELS);
    let files = [
        repository("public/samples/panda.jpg"),
        picture("truncated.png"),
        picture("empty.png"),
        repository("public/samples/bee.jpg"),
        repository("public/samples/fruit.jpg"),
    ];
    page.choose_files_in("[data-testid=file-input]", &files);
    page.wait_for_text(COUNT, "5 pictures, 2 unreadable");
    wait_for_labels_of(&page, &RIGHT);
    let said = page.text("[data-name='empty.png']").unwrap();
    assert!(said.contains("is empty"), "{said}");
}

#[test]
fn a_folder_without_pictures_is_refused_and_one_with_other_files_is_not() {
    let server = TestServer::with_page();
    let mixed = all_samples("mixed");
    fs::write(mixed.join("notes.txt"), "no picture").unwrap();
    fs::write(mixed.join(".hidden"), "no picture").unwrap();
    let page = opened(&server, &mixed);
    page.wait_for_text(COUNT, "5 pictures");
    page.wait_for_text(
        "[data-testid=collection-note]",
        "files that are not pictures",
    );

    let page = Page::open(&server);
    page.wait_for(DROP_ZONE);
    let bare = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bare");
    fs::create_dir_all(&bare).unwrap();
    fs::write(bare.join("notes.txt"), "no picture").unwrap();
    page.drop_file(DROP_ZONE, &bare);
    page.wait_for_text("[data-testid=error]", "There is no picture in it");
}

#[test]
fn an_edited_label_labels_all_pictures_anew_without_reading_them_again() {
    let server = TestServer::with_page();
    let page = opened(&server, &all_samples("edited"));
    page.wait_for_text(COUNT, "5 pictures");
    wait_for_labels_of(&page, &RIGHT);
    let number = page
        .labels()
        .iter()
        .position(|label| label == "panda")
        .unwrap();
    page.script(
        "const field = document.querySelectorAll(arguments[0])[arguments[1]];
         field.value = 'giant panda';
         field.dispatchEvent(new InputEvent('input', { bubbles: true }))",
        [json!(LABEL), json!(number)],
    );
    wait_for_labels_of(&page, &[("panda.jpg", "giant panda"), ("bee.jpg", "bee")]);
    assert!(!page.text(COUNT).unwrap().contains("Reading"));
}

#[test]
fn pictures_are_found_with_words_and_with_pictures() {
    let server = TestServer::with_page();
    let page = opened(&server, &all_samples("searched"));
    wait_for_labels_of(&page, &RIGHT);
    page.type_into(SEARCH, "bee");
    wait_for_names(&page, "the bee first", |names| names[0] == "bee.jpg");
    page.retype(SEARCH, "panda");
    wait_for_names(&page, "the panda first", |names| names[0] == "panda.jpg");

    page.click("[data-testid=picture][data-name='bee.jpg']");
    page.press_button("Find similar");
    wait_for_names(&page, "the bee first", |names| names[0] == "bee.jpg");
    page.wait_for_text(".similar", "bee.jpg");

    page.click("[data-testid=picture][data-name='bee.jpg']");
    page.press_button("Words for it");
    page.wait_until("ten words", Duration::from_secs(90), || {
        (page.count("[data-testid=words] li") == 10).then_some(())
    });
    // Other words: those of a ready set, and one's own labels.
    let first = || page.text("[data-testid=words] li span:not(.bar)");
    choose(&page, "[data-testid=vocabulary]", "CIFAR-10 ");
    page.wait_until("a word of CIFAR-10", Duration::from_secs(30), || {
        first().filter(|word| word == "frog" || word == "bird" || word == "dog" || word == "deer")
    });
    choose(&page, "[data-testid=vocabulary]", "Your labels");
    page.wait_until("the label", Duration::from_secs(30), || {
        first().filter(|word| word == "bee")
    });
    assert_eq!(page.count("[data-testid=words] li"), LABELS.len());
    page.press_button("Clear all");
    page.press_button("Words for it");
    page.wait_for_text(".words .fault", "Add the words");
}

#[test]
fn what_was_read_is_searched_at_once_at_the_next_visit_until_it_is_deleted() {
    if lacks(&[Need::PrivateFiles]) {
        return;
    }
    let server = TestServer::with_page();
    for &kind in Kind::of_this_run() {
        let page = with_labels(Page::open_in(kind, &server), &LABELS);
        page.choose_files_in(
            "[data-testid=file-input]",
            &SAMPLES.map(|sample| repository(&format!("public/samples/{sample}"))),
        );
        page.wait_for_text(COUNT, "5 pictures");
        wait_for_labels_of(&page, &RIGHT);
        // What is saved is saved a moment later.
        page.wait_until("the saved count", Duration::from_secs(10), || {
            let saved = page.script(
                "return localStorage.getItem('cliplet-collection') ?? ''",
                [],
            );
            saved.as_str().unwrap().contains("\"kept\":5").then_some(())
        });
        page.reload();
        page.wait_until_ready();
        page.wait_for_text("[data-testid=open-kept]", "5 pictures");
        page.click("[data-testid=open-kept]");
        wait_for_labels_of(&page, &RIGHT);
        page.type_into(SEARCH, "panda");
        wait_for_names(&page, "the panda first", |names| names[0] == "panda.jpg");
        page.wait_for("[data-name='panda.jpg'] img");
        page.click("[data-name='panda.jpg']");
        page.wait_for_text("[data-testid=drop-zone]", "Only this small preview is kept");

        page.press_button("← All pictures");
        page.click(".keeping summary");
        page.press_button("Delete what is kept");
        page.press_button("Delete it");
        page.wait_for_text(
            "[data-testid=collection-note]",
            "All stored picture data deleted",
        );
        page.reload();
        page.wait_until_ready();
        assert!(!page.has("[data-testid=open-kept]"));
    }
}

#[test]
fn pictures_that_are_taken_out_come_back() {
    let server = TestServer::with_page();
    let page = opened(&server, &all_samples("taken-out"));
    wait_for_labels_of(&page, &RIGHT);
    page.script(
        "document.querySelector(\"[data-name='panda.jpg']\").focus()",
        [],
    );
    page.press(&Key::Delete.value().to_string());
    page.wait_for_text(COUNT, "4 pictures");
    assert!(!names(&page).contains(&"panda.jpg".to_owned()));
    page.press_button("Undo");
    page.wait_for_text(COUNT, "5 pictures");
    assert!(names(&page).contains(&"panda.jpg".to_owned()));
}

#[test]
fn arrow_keys_lead_through_the_grid_and_enter_opens_a_picture() {
    let server = TestServer::with_page();
    let page = opened(&server, &made_up("keys", 40));
    page.wait_for_text(COUNT, "40 pictures");
    let focused = || page.script("return document.activeElement.dataset.name", []);
    page.script(
        "document.querySelector('[data-testid=picture]').focus()",
        [],
    );
    page.press(&Key::Right.value().to_string());
    page.wait_until("the second", Duration::from_secs(5), || {
        (focused() == json!("0001.png")).then_some(())
    });
    page.press(&Key::End.value().to_string());
    page.wait_until("the last", Duration::from_secs(5), || {
        (focused() == json!("0039.png")).then_some(())
    });
    assert_eq!(page.count("[data-testid=picture][tabindex='0']"), 1);
    page.press(&Key::Enter.value().to_string());
    page.wait_for("[data-testid=drop-zone] img[alt='Your picture “0039.png”']");
}

/// How long the page is held up meanwhile is the benchmark's matter.
#[test]
fn hundreds_are_read_and_few_of_them_drawn() {
    let server = TestServer::with_page();
    let page = opened(&server, &made_up("hundreds", 300));
    page.wait_until("all of them", Duration::from_secs(120), || {
        page.text(COUNT)
            .filter(|text| text == "300 pictures")
            .map(drop)
    });
    let drawn = page.count(CELL);
    assert!(drawn > 5 && drawn < 120, "{drawn} are drawn");
    page.script(
        "document.querySelector('[data-testid=picture-grid]').scrollTop = 1e6",
        [],
    );
    wait_for_names(&page, "the last one", |names| {
        names.last().is_some_and(|last| last == "0299.png")
    });
    assert!(page.count(CELL) < 120);
}

#[test]
fn reading_can_be_paused() {
    let server = TestServer::with_page();
    let page = opened(&server, &made_up("paused", 60));
    page.wait_for(CELL);
    page.press_button("Pause");
    page.wait_for_text(COUNT, "Paused at");
    // What was with the engine ends.
    std::thread::sleep(Duration::from_secs(1));
    let paused = page.text(COUNT);
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(page.text(COUNT), paused);
    page.press_button("Go on");
    page.wait_until("all of them", Duration::from_secs(60), || {
        page.text(COUNT)
            .filter(|text| text == "60 pictures")
            .map(drop)
    });
}

#[test]
fn a_cancelled_reading_leaves_what_was_read() {
    let server = TestServer::with_page();
    let page = opened(&server, &made_up("cancelled", 200));
    page.wait_until("some that are read", Duration::from_secs(60), || {
        (page.count("[data-testid=picture][data-label]") > 3).then_some(())
    });
    page.press_button("Cancel");
    page.wait_until(
        "a count without a word of reading",
        Duration::from_secs(10),
        || {
            page.text(COUNT)
                .filter(|text| text.ends_with(" pictures"))
                .map(drop)
        },
    );
    let left: usize = page
        .text(COUNT)
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!((4..200).contains(&left), "{left}");
    // It was a wrong click.
    page.press_button("Undo");
    page.wait_until("all of them", Duration::from_secs(120), || {
        page.text(COUNT)
            .filter(|text| text == "200 pictures")
            .map(drop)
    });
}

#[test]
fn many_pictures_fit_every_screen() {
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
        let page = with_labels(page, &LABELS);
        page.drop_file(DROP_ZONE, &all_samples(&format!("screens-{theme}")));
        wait_for_labels_of(&page, &RIGHT);
        for (width, height) in [(320, 640), (1280, 800), (2560, 1440)] {
            page.resize(width, height);
            let look = |what: &str| {
                std::thread::sleep(Duration::from_millis(300));
                page.screenshot(&format!("{what}-{width}-{theme}"));
                let overflow = page.script(
                    "return document.documentElement.scrollWidth - document.documentElement.clientWidth",
                    [],
                );
                assert_eq!(overflow, json!(0), "{what}, {width} px wide, {theme}");
            };
            look("collection");
            page.press_button("Teach");
            page.click("[data-name='panda.jpg']");
            look("teach");
            page.press_button("Look");
            page.click("[data-name='panda.jpg']");
            page.wait_for("[data-testid=drop-zone] img[alt='Your picture “panda.jpg”']");
            look("one-of-many");
            page.press_button("← All pictures");
            page.wait_for(CELL);
        }
    }
}
