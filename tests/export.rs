//! A result is taken along as files and text, and what was asked as a link and for other pages.

use std::time::Duration;

use serde_json::{Value, json};
use thirtyfour::support::base64_decode;

use crate::harness::{Kind, Need, Options, Page, Row, TestServer, lacks, repository};

const LABELS: [&str; 4] = ["rocket", "boat", "a \"big\", red & <round> thing", "قطة"];
const LINK: &str = "[data-testid=share-link]";
const NOTE: &str = "[data-testid=link-note]";

/// Keeps what is saved and copied.
const KEEP: &str = "window.saved = []; window.copied = [];
    const create = URL.createObjectURL;
    URL.createObjectURL = (blob) => { window.lastBlob = blob; return create.call(URL, blob); };
    HTMLAnchorElement.prototype.click = function () { saved.push({ name: this.download, blob: lastBlob }); };
    navigator.clipboard.writeText = async (text) => { copied.push(text); };";

fn scored(server: &TestServer) -> (Page, Vec<Row>) {
    let page = Page::open(server);
    page.set_labels(&["rocket", "boat", "x", "قطة"]);
    // A list would be parted at the comma; a row that is edited is not.
    page.select_label("x");
    page.press(LABELS[2]);
    page.choose_file(&repository("public/samples/rocket.jpg"));
    let rows = page.wait_for_scores_of(&LABELS);
    page.script(KEEP, []);
    page.press_button("Share");
    (page, rows)
}

/// The file that was saved last: its name, its media type, and its bytes.
#[track_caller]
fn saved(page: &Page, count: usize) -> (String, String, Vec<u8>) {
    page.wait_until("a file to be saved", Duration::from_secs(30), || {
        (page.script("return saved.length", []) == json!(count)).then_some(())
    });
    let file = page.script(
        "const { name, blob } = saved.at(-1);
         const bytes = new Uint8Array(await blob.arrayBuffer());
         let text = '';
         for (const byte of bytes) text += String.fromCharCode(byte);
         return [name, blob.type, btoa(text)]",
        [],
    );
    let text = |at: usize| file[at].as_str().unwrap().to_owned();
    (text(0), text(1), base64_decode(&text(2)).unwrap())
}

#[test]
fn a_result_is_saved_and_copied() {
    let server = TestServer::with_page();
    let (page, rows) = scored(&server);
    page.press_button("Save as CSV");
    let (name, kind, bytes) = saved(&page, 1);
    assert_eq!(
        (name.as_str(), kind.as_str()),
        ("rocket-cliplet.csv", "text/csv;charset=utf-8")
    );
    let table = String::from_utf8(bytes).unwrap();
    assert_eq!(table.lines().count(), 1 + LABELS.len());
    let second = format!("{},{}", rows[0].label, rows[0].score.unwrap());
    assert!(
        table.lines().nth(1).unwrap().starts_with(&second),
        "{table} {second}"
    );
    assert!(
        table.contains("\"a \"\"big\"\", red & <round> thing\","),
        "{table}"
    );

    page.press_button("Save as JSON");
    let (name, _, bytes) = saved(&page, 2);
    assert_eq!(name, "rocket-cliplet.json");
    let object: Value = serde_json::from_slice(&bytes).unwrap();
    let results = object["results"].as_array().unwrap();
    for (result, row) in results.iter().zip(&rows) {
        assert_eq!(result["label"], json!(row.label));
        assert!((result["score"].as_f64().unwrap() - row.score.unwrap()).abs() < 1e-6);
        assert!(result["cosine"].as_f64().unwrap().abs() <= 1.0);
        assert_eq!(
            result["prompts"],
            json!([format!("a photo of a {}", row.label)])
        );
    }
    assert_eq!(object["model"]["id"], "cliplet-starter");
    assert_eq!(object["picture"]["name"], "rocket.jpg");

    page.press_button("Save as picture");
    let (name, kind, bytes) = saved(&page, 3);
    assert_eq!(
        (name.as_str(), kind.as_str()),
        ("rocket-cliplet.png", "image/png")
    );
    let drawn = image::load_from_memory(&bytes).unwrap().into_rgb8();
    std::fs::write(
        page.screenshot("share-1280-light")
            .with_file_name("result.png"),
        &bytes,
    )
    .unwrap();
    assert_eq!(drawn.width(), 1_200);
    // The sky of the picture, and the bar of the best label, which is full as good as.
    let [red, _, blue] = drawn.get_pixel(600, 60).0;
    assert!(blue > red, "{red} {blue}");
    let bar = 48 + (1_104 * 427 / 640) + 24 + 6;
    assert_eq!(drawn.get_pixel(52, bar).0, [0xa5, 0xd9, 0xca]);

    page.press_button("Copy as text");
    page.wait_until("a text to be copied", Duration::from_secs(5), || {
        (page.script("return copied.length", []) == json!(1)).then_some(())
    });
    let text = page.script("return copied[0]", []);
    let text = text.as_str().unwrap();
    assert!(text.starts_with("rocket.jpg (Cliplet starter)\n"), "{text}");
    assert!(LABELS.iter().all(|label| text.contains(label)));
    page.wait_for_text("[role=status]", "Copied.");
}

#[test]
fn a_link_brings_labels_and_template_to_somebody_else() {
    let server = TestServer::with_page();
    let (page, _) = scored(&server);
    page.wait_for(LINK);
    let link = page.value(LINK).unwrap();
    assert!(!link.contains("rocket.jpg"));
    let snippet = page.value("[data-testid=share-snippet]").unwrap();
    assert!(
        snippet.contains("&quot;big&quot;, red &amp; &lt;round&gt; thing"),
        "{snippet}"
    );
    assert!(snippet.contains("embed.js"));

    let other = Page::open_at(&server, link.strip_prefix(&server.url()).unwrap());
    other.wait_for_text(NOTE, "The link brought 4 labels");
    other.wait_until("the labels", Duration::from_secs(10), || {
        let mut labels = other.labels();
        labels.sort();
        let mut expected = LABELS.map(str::to_owned).to_vec();
        expected.sort();
        (labels == expected).then_some(())
    });
    other.screenshot("link-1280-light");
    // A reload is one of the person's own page, and no server has seen a label.
    assert_eq!(other.script("return location.hash", []), json!(""));
    other.press_button("Undo");
    other.wait_for_none(NOTE);
    other.wait_for_labels(6);
    assert!(other.labels().contains(&"cat".to_owned()));
    assert!(
        server
            .files_asked_for("")
            .iter()
            .all(|path| !path.contains("boat"))
    );
}

#[test]
fn a_link_takes_nobody_s_own_labels() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.set_labels(&["mine", "my own"]);
    page.go(&format!(
        "{}#label=cat&label=dog&template=a%20drawing%20of%20a%20%7B%7D&model=nobody-has-it",
        server.url()
    ));
    page.wait_for_text(NOTE, "Yours were left as they are.");
    page.wait_for_text(NOTE, "not on the list of this page");
    assert_eq!(page.labels(), ["mine", "my own"]);
    page.press_button("Use them");
    page.wait_for_text(NOTE, "The link brought");
    page.wait_for_labels(2);
    assert_eq!(page.labels(), ["cat", "dog"]);
    assert_eq!(
        page.value("#template").as_deref(),
        Some("a drawing of a {}")
    );
    page.press_button("Undo");
    page.wait_until("the own labels", Duration::from_secs(10), || {
        (page.labels() == ["mine", "my own"]).then_some(())
    });
    assert_eq!(page.value("#template").as_deref(), Some("a photo of a {}"));
}

#[test]
fn what_is_too_long_for_a_link_is_said() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    let labels: Vec<String> = (0..1_000)
        .map(|at| format!("a label of some length, number {at}").replace(',', ""))
        .collect();
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    page.set_labels(&labels);
    page.press_button("Share");
    page.wait_for_text(".share-dialog", "few programs take more than 32,000");
    page.wait_for_text(".share-dialog", "There is no result yet");
    assert!(!page.has(LINK));
}

#[test]
fn it_fits_a_narrow_screen_in_the_dark() {
    let server = TestServer::with_page();
    let options = Options {
        dark: true,
        width: 320,
        height: 640,
        ..Options::default()
    };
    let page = Page::open_with(&server, &options);
    page.resize(320, 640);
    page.set_labels(&["rocket", "قطة"]);
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for_scores_of(&["rocket", "قطة"]);
    page.press_button("Share");
    page.wait_for(LINK);
    page.screenshot("share-320-dark");
    let overflow = page.script(
        "return document.documentElement.scrollWidth - document.documentElement.clientWidth",
        [],
    );
    assert_eq!(overflow, json!(0));
}

fn a_picture_of_a_result_can_be_had(kind: Kind) {
    if lacks(&[Need::Browser(kind)]) {
        return;
    }
    let server = TestServer::with_page();
    let page = Page::open_in(kind, &server);
    page.wait_until_ready();
    page.press_button("Sample: Rocket");
    page.wait_for_results("the rocket", |rows| rows[0].label == "rocket");
    page.script(KEEP, []);
    page.press_button("Share");
    page.press_button("Save as picture");
    let (_, media_type, bytes) = saved(&page, 1);
    assert_eq!(media_type, "image/png");
    assert_eq!(image::load_from_memory(&bytes).unwrap().width(), 1_200);
    page.press_button("Close");
    page.press_button("Why this label?");
    page.wait_for("[data-testid=why-map][data-label=rocket]");
}

#[test]
fn a_picture_of_a_result_can_be_had_in_firefox() {
    a_picture_of_a_result_can_be_had(Kind::Firefox);
}

#[test]
fn a_picture_of_a_result_can_be_had_in_webkit() {
    a_picture_of_a_result_can_be_had(Kind::WebKit);
}
