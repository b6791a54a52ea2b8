//! What speaks for a label is shown over the picture.

use std::fs::File;
use std::time::Duration;

use cliplet_clip::{Arithmetic, Clip, picture};
use serde_json::{Value, json};
use thirtyfour::Key;

use crate::harness::world::World;
use crate::harness::{Options, Page, TestServer, repository};

const LABELS: [&str; 4] = ["airplane", "rocket", "train", "boat"];
const MAP: &str = "[data-testid=why-map]";
/// The button in the details of a label.
const BUTTON: &str = "[data-testid=label-details] [data-deed=why]";

fn scored(server: &TestServer, options: &Options) -> Page {
    let page = Page::open_with(server, options);
    page.set_labels(&LABELS);
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for_scores_of(&LABELS);
    page
}

fn map_of(label: &str) -> String {
    format!("{MAP}[data-label='{label}']")
}

/// Red, green, blue and alpha of the map at a place, in shares of its width and height.
fn colour(page: &Page, x: f64, y: f64) -> Vec<i64> {
    let script = "const [css, x, y] = arguments;
        const map = document.querySelector(css);
        const at = [Math.floor(x * map.width), Math.floor(y * map.height)];
        return Array.from(map.getContext('2d').getImageData(...at, 1, 1).data)";
    let colour = page.script(script, [json!(MAP), json!(x), json!(y)]);
    let colour = colour.as_array().unwrap().iter();
    colour.map(|part| part.as_i64().unwrap()).collect()
}

/// How much the cosine of one of the labels is above the mean of all.
fn above_the_others(label: &str) -> f64 {
    let mut file = File::open(repository("public/models/starter.gguf")).unwrap();
    let clip = Clip::read(&mut file, Arithmetic::Fast).unwrap();
    let bytes = std::fs::read(repository("public/samples/rocket.jpg")).unwrap();
    let image = clip
        .encode_picture(&picture::decode(&bytes).unwrap())
        .unwrap();
    let cosine = |label: &str| -> f64 {
        let text = clip.encode_text(&format!("a photo of a {label}")).unwrap();
        image.iter().zip(text).map(|(a, b)| f64::from(a * b)).sum()
    };
    cosine(label) - LABELS.map(cosine).iter().sum::<f64>() / LABELS.len() as f64
}

#[test]
fn the_map_lies_over_the_picture_and_adds_up_to_the_cosine() {
    let server = TestServer::with_page();
    let page = scored(&server, &Options::default());
    assert!(!page.has(MAP));
    page.press_button("Why this label?");
    page.wait_for(&map_of("rocket"));
    let sum = page.attribute(MAP, "data-sum").unwrap();
    let sum: f64 = sum.parse().unwrap();
    let expected = above_the_others("rocket");
    assert!((sum - expected).abs() < 0.01, "{sum} {expected}");
    page.wait_for_text("[data-testid=why-panel]", "Not an object location");

    let places = page.script(
        "return ['.picture', arguments[0]].map((css) => {
             const box = document.querySelector(css).getBoundingClientRect();
             return [box.x, box.y, box.width, box.height].map(Math.round);
         })",
        [json!(MAP)],
    );
    assert_eq!(places[0], places[1]);
    let above = page.script(
        "const box = document.querySelector(arguments[0]).getBoundingClientRect();
         return document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2).className",
        [json!(MAP)],
    );
    assert_eq!(above, json!("why-map"));

    // The rocket stands in the middle; what is cut off at the sides is dark, and neither orange nor
    // blue.
    let [red, _, blue, alpha] = colour(&page, 0.5, 0.65)[..] else {
        panic!("no colour");
    };
    assert!(red > blue && alpha > 60, "{red} {blue} {alpha}");
    page.wait_for_text(".why-key", "not seen by the model");
    let [red, _, blue, alpha] = colour(&page, 0.03, 0.501)[..] else {
        panic!("no colour");
    };
    assert!(
        (red - blue).abs() < 20 && alpha > 150,
        "{red} {blue} {alpha}"
    );
    page.screenshot("why-1280-light");

    page.press_button("Hide the map");
    page.wait_for_none(MAP);
    page.wait_for_none("[data-testid=why-panel]");
}

#[test]
fn every_label_can_be_asked_about_by_keyboard() {
    let server = TestServer::with_page();
    let page = scored(&server, &Options::default());
    page.script(
        "document.querySelector('[aria-label=\"More about rocket\"]').focus()",
        [],
    );
    page.press(&Key::Enter.value().to_string());
    page.wait_for(BUTTON);
    page.script(
        "document.querySelector(arguments[0]).focus()",
        [json!(BUTTON)],
    );
    page.press(&Key::Enter.value().to_string());
    page.wait_for(&map_of("rocket"));
    page.wait_for_text("[role=status]", "Map for “rocket”");
    page.wait_for(&format!("{BUTTON}[aria-pressed=true]"));
    page.script(
        "const field = document.querySelector('.why-panel select');
         field.focus();
         field.value = Array.from(field.options).find((option) => option.text === 'boat').value;
         field.dispatchEvent(new Event('change', { bubbles: true }))",
        [],
    );
    page.wait_for(&map_of("boat"));
    // Another picture has another map; a label that is gone has none.
    page.choose_file(&repository("public/samples/panda.jpg"));
    page.wait_for("[data-testid=drop-zone] img[alt='Your picture “panda.jpg”']");
    page.wait_for(&map_of("boat"));
    page.wait_for_none(".why-key .cut");
    page.press_button("Remove boat");
    page.wait_for_none(MAP);
    page.wait_for_none("[data-testid=why-panel]");
}

#[test]
fn a_label_that_is_alone_is_compared_with_any_picture() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.set_labels(&["rocket"]);
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for_scores_of(&["rocket"]);
    page.press_button("Why this label?");
    page.wait_for(&map_of("rocket"));
    page.wait_for_text("[data-testid=why-panel]", "against a picture of anything");
}

/// The map is the model's that has scored, and follows when a better one takes over.
#[test]
fn a_better_model_has_a_map_of_its_own() {
    let world = World::new();
    let (page, _) = world.visit();
    page.press_button("Why this label?");
    page.wait_for(MAP);
    let mut file = File::open(repository(
        "crates/clip/tests/fixtures/golden/q8_0-gelu.gguf",
    ))
    .unwrap();
    let better = Clip::read(&mut file, Arithmetic::Fast).unwrap();
    let vision = &better.config().vision;
    let across = vision.image_size / vision.vit().unwrap().patch_size;
    page.wait_for_none(".preview");
    page.wait_until("the better model's map", Duration::from_secs(30), || {
        (page.attribute(MAP, "data-across") == Some(across.to_string())).then_some(())
    });
}

#[test]
fn it_fits_every_screen() {
    let server = TestServer::with_page();
    for dark in [false, true] {
        let theme = if dark { "dark" } else { "light" };
        let page = scored(
            &server,
            &Options {
                dark,
                ..Options::default()
            },
        );
        page.press_button("Why this label?");
        page.wait_for(&map_of("rocket"));
        for (width, height) in [(320, 640), (2560, 1440)] {
            page.resize(width, height);
            std::thread::sleep(Duration::from_millis(300));
            page.screenshot(&format!("why-{width}-{theme}"));
            let overflow = page.script(
                "return document.documentElement.scrollWidth - document.documentElement.clientWidth",
                [],
            );
            assert_eq!(overflow, Value::from(0), "{width} px wide, {theme}");
        }
    }
}
