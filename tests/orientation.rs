//! However a picture is stored, what is scored is what is shown: upright, where the browser or
//! Cliplet's own decoder turns it.
//!
//! The references are transformers' for the upright pictures (`tools/make_orientations.py`).

#[path = "../crates/clip/tests/common/orientation.rs"]
mod oriented;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::host_page::HostPage;
use crate::harness::world::sha256;
use crate::harness::{
    DROP_ZONE, ERROR, Kind, Need, Options, Page, TestServer, lacks, picture, repository,
};
use oriented::{FORMATS, OTHER, SAME, SAME_SCORE, Stored, Upright};

/// A model of 224 pixels with weights by chance, which tells a picture from the same one turned.
const MODEL: &str = "crates/clip/tests/fixtures/vit-224/model.gguf";

fn fixtures() -> PathBuf {
    repository("crates/clip/tests/fixtures")
}

/// Whether a browser shows pictures of this format upright, or leaves them to Cliplet's decoder,
/// which does. `None` where that depends on its version. The book says the same.
fn turns(kind: Kind, format: &str) -> Option<bool> {
    match (format, kind) {
        ("jpg" | "tif", _) | ("png", Kind::Chromium) => Some(true),
        // WebKitGTK's own decoder of PNGs does not. Safari has another.
        ("png", Kind::WebKit) => Some(false),
        // 140 does not, 153 does.
        ("png", Kind::Firefox) => None,
        ("webp", _) => Some(false),
        _ => panic!("{format}"),
    }
}

/// Puts the model there in the place of all others.
fn with_model(server: &TestServer) {
    let model = fs::read(repository(MODEL)).unwrap();
    let catalogue = fs::read_to_string(repository("public/models.json")).unwrap();
    let mut catalogue: Value = serde_json::from_str(&catalogue).unwrap();
    let models = catalogue["models"].as_array_mut().unwrap();
    models.retain(|model| model["preview"] == true);
    models[0]["url"] = json!("oriented.gguf");
    models[0]["bytes"] = json!(model.len());
    models[0]["sha256"] = json!(sha256(&model));
    server.put("oriented.gguf", model);
    server.put("models.json", catalogue.to_string());
}

fn in_browser(kind: Kind) -> Options {
    Options {
        kind,
        ..Options::default()
    }
}

/// Embeds an image in every way that a page can hand it to `cliplet.js`: [the product with the
/// reference, the natural width and height or none, the least product with what is shown, and whose
/// it is].
const EMBED: &str = "
    const [name, reference] = arguments;
    const clip = globalThis.clip ??= await Cliplet.load({ model: 'cliplet-starter' });
    const product = (a, b) => a.reduce((sum, x, at) => sum + x * b[at], 0);
    const drawn = (source, width, height) => {
        const context = Object.assign(document.createElement('canvas'), { width, height }).getContext('2d');
        context.drawImage(source, 0, 0);
        return context.getImageData(0, 0, width, height);
    };
    const blob = new Blob([await (await fetch(name)).arrayBuffer()]);
    const [file] = await clip.embedImages([blob]);
    const element = Object.assign(new Image(), { src: name });
    const shown = await element.decode().then(() => true, () => false);
    if (!shown) return [product(file, reference), null, null, ''];
    const seen = drawn(element, element.naturalWidth, element.naturalHeight);
    const options = [{}, { imageOrientation: 'none' }, { imageOrientation: 'flipY' }, { resizeWidth: 240, resizeHeight: 240 }];
    const bitmaps = await Promise.all(options.map((options) => createImageBitmap(blob, options)));
    bitmaps.push(await createImageBitmap(element), await createImageBitmap(bitmaps[0]));
    const pairs = [
        ['Blob', blob, seen], ['File', new File([blob], name), seen], ['URL', new URL(name, location), seen],
        ['HTMLImageElement', element, seen],
        ...bitmaps.map((bitmap, at) => [`ImageBitmap ${at}`, bitmap, drawn(bitmap, bitmap.width, bitmap.height)]),
    ];
    let least = [2, ''];
    for (const [kind, image, pixels] of pairs) {
        const [given, expected] = await clip.embedImages([image, pixels]);
        const found = product(given, expected);
        if (!(found >= least[0])) least = [found, kind];
    }
    return [product(file, reference), [element.naturalWidth, element.naturalHeight], ...least]";

fn open_host(kind: Kind, server: &TestServer) -> Page {
    let host = "<!DOCTYPE html><meta charset=utf-8><title>Host</title>
        <script type=module>import { Cliplet } from './cliplet.js'; Object.assign(globalThis, { Cliplet });</script>";
    server.put("host.html", host);
    let page = Page::open_at_with(server, "host.html", &in_browser(kind));
    page.wait_until("the module", Duration::from_secs(30), || {
        (page.script("return typeof Cliplet", []) == "function").then_some(())
    });
    page
}

fn cliplet_js_scores_what_is_shown(kind: Kind) {
    if lacks(&[Need::Browser(kind)]) {
        return;
    }
    let server = TestServer::with_page();
    with_model(&server);
    let all = oriented::all(&fixtures());
    for Stored { name, file, .. } in &all {
        server.put(name, file);
    }
    let page = open_host(kind, &server);
    for Stored {
        name, embedding, ..
    } in &all
    {
        let found = page.script(EMBED, [json!(name), json!(embedding)]);
        let what = format!("{name} in {kind:?}: {found}");
        let format = name.rsplit_once('.').unwrap().1;
        let with_reference = found[0].as_f64().unwrap();
        let is_upright = with_reference > SAME;
        assert!(is_upright || with_reference < OTHER, "{what}");
        let expected = if name.contains("-1.") {
            Some(true)
        } else {
            turns(kind, format)
        };
        if let Some(expected) = expected {
            assert_eq!(is_upright, expected, "docs/using.md says otherwise: {what}");
        }
        match format {
            "tif" => assert!(found[1].is_null(), "{what}: browsers show TIFFs now"),
            _ => assert!(found[2].as_f64().unwrap() > 0.999_99, "{what}"),
        }
        let size = |at: usize| found[1][at].as_u64();
        if format != "tif" && is_upright && !name.starts_with("square") {
            let order = size(0).cmp(&size(1));
            let (wide, tall) = (name.starts_with("wide"), name.starts_with("tall"));
            assert_eq!((order.is_gt(), order.is_lt()), (wide, tall), "{what}");
        }
    }
}

#[test]
fn cliplet_js_scores_what_is_shown_in_chromium() {
    cliplet_js_scores_what_is_shown(Kind::Chromium);
}

#[test]
fn cliplet_js_scores_what_is_shown_in_firefox() {
    cliplet_js_scores_what_is_shown(Kind::Firefox);
}

#[test]
fn cliplet_js_scores_what_is_shown_in_webkit() {
    cliplet_js_scores_what_is_shown(Kind::WebKit);
}

/// The video was filmed with the device held upright: `tools/make_video.py` writes it.
#[test]
fn a_video_is_scored_as_it_is_shown() {
    for &kind in Kind::of_this_run() {
        let server = TestServer::with_page();
        with_model(&server);
        server.put("turned.mp4", fs::read(picture("turned.mp4")).unwrap());
        let page = open_host(kind, &server);
        let found = page.script(
            "const clip = await Cliplet.load({ model: 'cliplet-starter' });
             const video = Object.assign(document.createElement('video'), { muted: true, src: 'turned.mp4', preload: 'auto' });
             await new Promise((resolve, reject) => Object.assign(video, { onloadeddata: resolve, onerror: reject }));
             const { videoWidth: width, videoHeight: height } = video;
             const turned = (angle) => {
                 const context = Object.assign(document.createElement('canvas'), { width, height }).getContext('2d');
                 context.translate(width / 2, height / 2);
                 context.rotate(angle);
                 context.drawImage(video, -width / 2, -height / 2, width, height);
                 return context.getImageData(0, 0, width, height);
             };
             // The first: it waits until the video is drawn, which a busy browser does some time
             // after that event.
             const [given] = await clip.embedImages([video]);
             const [shown, upsideDown] = await clip.embedImages([turned(0), turned(Math.PI)]);
             return [width, height, clip.similarity(given, shown), clip.similarity(given, upsideDown)]",
            [],
        );
        let number = |at: usize| found[at].as_f64().unwrap();
        assert!(number(0) < number(1), "{kind:?} shows it upright: {found}");
        assert!(number(2) > SAME, "{kind:?}: {found}");
        assert!(number(3) < OTHER, "{kind:?}: {found}");
    }
}

/// Files of these formats, one for each orientation, in a folder of this test alone.
fn folder(name: &str, upright: &Upright, formats: &[&str]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::remove_dir_all(&folder).ok();
    fs::create_dir_all(&folder).unwrap();
    for format in formats {
        for orientation in 1..=8 {
            let file = oriented::file(&upright.picture, orientation, format);
            let name = format!("{}-{orientation}.{format}", upright.name);
            fs::write(folder.join(name), file).unwrap();
        }
    }
    folder
}

fn formats_turned_in(kind: Kind) -> Vec<&'static str> {
    FORMATS
        .into_iter()
        .filter(|format| turns(kind, format) == Some(true))
        .collect()
}

/// Waits until the page has an upright picture's scores of the labels.
#[track_caller]
fn wait_for_scores(page: &Page, labels: &[&str], upright: &Upright, what: &str) {
    let expected = |label: &str| {
        let at = labels.iter().position(|other| *other == label);
        at.map(|at| upright.scores[at])
    };
    page.wait_for_results(&format!("the scores of {what}"), |rows| {
        rows.len() == labels.len()
            && rows.iter().all(|row| {
                let apart = row.score.zip(expected(&row.label)).map(|(a, b)| a - b);
                apart.is_some_and(|apart| apart.abs() < SAME_SCORE)
            })
    });
}

/// How bright a picture is in each ninth of it, and its width and height. `arguments[0]` finds the
/// element.
const SHOWN: &str = "const image = document.querySelector(arguments[0]);
    if (!image?.complete || image.naturalWidth === 0) return null;
    const context = Object.assign(document.createElement('canvas'), { width: 90, height: 90 }).getContext('2d');
    context.drawImage(image, 0, 0, 90, 90);
    const { data } = context.getImageData(0, 0, 90, 90);
    const ninths = Array(9).fill(0);
    for (let at = 0; at < data.length; at += 4) {
        const [x, y] = [Math.floor(at / 4) % 90, Math.floor(at / 360)];
        ninths[3 * Math.floor(y / 30) + Math.floor(x / 30)] += (data[at] + data[at + 1] + data[at + 2]) / 2700;
    }
    return [ninths, image.naturalWidth, image.naturalHeight]";

/// The same of a picture in memory.
fn ninths(picture: &image::RgbImage) -> Vec<f64> {
    let (width, height) = picture.dimensions();
    let ninth = |column: u32, row: u32| {
        let (x, y) = (width * column / 3, height * row / 3);
        let (across, down) = (width * (column + 1) / 3 - x, height * (row + 1) / 3 - y);
        let part = image::imageops::crop_imm(picture, x, y, across, down).to_image();
        part.as_raw().iter().copied().map(f64::from).sum::<f64>() / part.as_raw().len() as f64
    };
    (0..9).map(|at| ninth(at % 3, at / 3)).collect()
}

fn furthest(found: &[f64], expected: &[f64]) -> f64 {
    let apart = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
    apart.fold(0.0, f64::max)
}

/// Waits until an element shows an upright picture.
#[track_caller]
fn wait_until_shown(page: &Page, css: &str, upright: &Upright) {
    const NEAR: f64 = 8.0;
    let expected = ninths(&upright.picture);
    for orientation in 2..=8 {
        let turned = oriented::stored(&upright.picture, orientation);
        assert!(furthest(&ninths(&turned), &expected) > 2.0 * NEAR);
    }
    let (width, height) = upright.picture.dimensions();
    page.wait_until(
        &format!("{css} to show it upright"),
        Duration::from_secs(20),
        || {
            let shown = page.script(SHOWN, [json!(css)]);
            let found: Vec<f64> = serde_json::from_value(shown[0].clone()).ok()?;
            let (across, down) = (shown[1].as_u64()?, shown[2].as_u64()?);
            let shape = across.cmp(&down) == width.cmp(&height);
            (shape && furthest(&found, &expected) < NEAR).then_some(())
        },
    );
}

fn the_page_scores_and_shows_pictures_upright(kind: Kind) {
    if lacks(&[Need::Browser(kind)]) {
        return;
    }
    let server = TestServer::with_page();
    with_model(&server);
    let labels = oriented::labels(&fixtures());
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    let page = Page::open_in(kind, &server);
    page.set_labels(&labels);
    page.wait_until_ready();
    for upright in oriented::uprights(&fixtures()) {
        let name = format!("page-{kind:?}-{}", upright.name);
        let formats = formats_turned_in(kind);
        for file in fs::read_dir(folder(&name, &upright, &formats)).unwrap() {
            let file = file.unwrap().path();
            let name = file.file_name().unwrap().to_str().unwrap();
            page.choose_file(&file);
            let image = format!("{DROP_ZONE} img[alt='Your picture “{name}”']");
            page.wait_for(&image);
            wait_for_scores(&page, &labels, &upright, name);
            wait_until_shown(&page, &image, &upright);
            assert!(!page.has(ERROR));
        }
    }
}

#[test]
fn the_page_scores_and_shows_pictures_upright_in_chromium() {
    the_page_scores_and_shows_pictures_upright(Kind::Chromium);
}

#[test]
fn the_page_scores_and_shows_pictures_upright_in_firefox() {
    the_page_scores_and_shows_pictures_upright(Kind::Firefox);
}

#[test]
fn the_page_scores_and_shows_pictures_upright_in_webkit() {
    the_page_scores_and_shows_pictures_upright(Kind::WebKit);
}

fn a_collection_scores_and_shows_pictures_upright(kind: Kind) {
    if lacks(&[Need::Browser(kind)]) {
        return;
    }
    let server = TestServer::with_page();
    with_model(&server);
    let labels = oriented::labels(&fixtures());
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    let page = Page::open_in(kind, &server);
    page.set_labels(&labels);
    page.wait_until_ready();
    let formats = formats_turned_in(kind);
    // Of square ones nothing but the pixels tells whether they are upright.
    let upright = &oriented::uprights(&fixtures())[1];
    let folder = folder(&format!("collection-{kind:?}"), upright, &formats);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    page.choose_files_in("[data-testid=file-input]", &files);
    let count = format!("{} pictures", files.len());
    page.wait_for_text("[data-testid=collection-count]", &count);
    for file in &files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let cell = format!("[data-testid=picture][data-name='{name}']");
        wait_until_shown(&page, &format!("{cell} img"), upright);
        page.click(&cell);
        page.wait_for(&format!("{DROP_ZONE} img[alt*='{name}']"));
        wait_for_scores(&page, &labels, upright, name);
        wait_until_shown(&page, &format!("{DROP_ZONE} img"), upright);
        page.press_button("← All pictures");
    }
}

#[test]
fn a_collection_scores_and_shows_pictures_upright_in_chromium() {
    a_collection_scores_and_shows_pictures_upright(Kind::Chromium);
}

#[test]
fn a_collection_scores_and_shows_pictures_upright_in_firefox() {
    a_collection_scores_and_shows_pictures_upright(Kind::Firefox);
}

#[test]
fn a_collection_scores_and_shows_pictures_upright_in_webkit() {
    a_collection_scores_and_shows_pictures_upright(Kind::WebKit);
}

#[test]
fn the_widget_scores_and_shows_pictures_upright() {
    let labels = oriented::labels(&fixtures());
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    let uprights = oriented::uprights(&fixtures());
    for &kind in Kind::of_this_run() {
        for (upright, orientation, format) in [
            (&uprights[0], 3, "jpg"),
            (&uprights[1], 5, "jpg"),
            (&uprights[1], 7, "tif"),
            (&uprights[2], 6, "jpg"),
        ] {
            let name = format!("{}-{orientation}.{format}", upright.name);
            let host = HostPage::new(&format!(
                "<cliplet-classifier id=a height=600 labels='{}' image='{name}'></cliplet-classifier>",
                labels.join(", ")
            ));
            with_model(host.cliplet());
            let file = oriented::file(&upright.picture, orientation, format);
            host.site.put(&name, &file);
            let page = host.open(&in_browser(kind));
            page.wait_for_event("a", "ready", |_| true);
            let result = page.wait_for_event("a", "result", |result| !result["image"].is_null());
            for result in result["labels"].as_array().unwrap() {
                let at = labels.iter().position(|label| result["label"] == *label);
                let apart = result["score"].as_f64().unwrap() - upright.scores[at.unwrap()];
                assert!(apart.abs() < SAME_SCORE, "{name} in {kind:?}: {result}");
            }
            page.enter("a");
            wait_until_shown(&page, ".drop-zone img", upright);
            // The reader's own.
            let other = &uprights[(orientation as usize + 1) % 3];
            let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("reader.jpg");
            fs::write(&path, oriented::file(&other.picture, 4, "jpg")).unwrap();
            match kind {
                Kind::Chromium | Kind::WebKit => page.paste_file(&path, "image/jpeg"),
                // Pastes nothing that a script hands it.
                Kind::Firefox => page.choose_file(&path),
            }
            wait_for_scores(&page, &labels, other, "a picture of the reader");
        }
    }
}
