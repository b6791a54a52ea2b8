//! Every kind of picture file that people have is read. The files are written by
//! `tools/make_pictures.py`, all from one photograph.

use std::time::Duration;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;

use crate::harness::{
    DROP_ZONE, ERROR, Fault, Kind, Need, Page, TestServer, engine_file, lacks, picture, repository,
};

const LABELS: [&str; 6] = ["airplane", "rocket", "train", "boat", "car", "bicycle"];

fn alternative(name: &str) -> String {
    format!("[data-testid=drop-zone] img[alt='Your picture “{name}”']")
}

#[test]
fn each_kind_shows_the_same_rocket() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.set_labels(&LABELS);
    for name in [
        "cmyk.jpg",
        "turned.jpg",
        "sixteen-bits.png",
        "transparent.png",
        "animated.gif",
        "picture.webp",
        "picture.avif",
        "picture.tiff",
    ] {
        page.drop_file(DROP_ZONE, &picture(name));
        page.wait_for(&alternative(name));
        let rows = page.wait_for_scores_of(&LABELS);
        assert_eq!(rows[0].label, "rocket", "{name}");
        assert!(!page.has(ERROR), "{name}");
        // Also what only Cliplet's own decoder reads must be seen.
        let shown = page.wait_until("the picture's pixels", Duration::from_secs(10), || {
            let size = page.script(
                "const picture = document.querySelector('[data-testid=drop-zone] img');
                 return picture.complete ? [picture.naturalWidth, picture.naturalHeight] : null",
                [],
            );
            size.as_array()
                .map(|size| (size[0].as_u64(), size[1].as_u64()))
        });
        let (Some(width), Some(height)) = shown else {
            panic!("{name}")
        };
        assert!(width > height, "{name}: {width} x {height}, upright");
    }
}

#[test]
fn a_photograph_of_forty_megapixels_is_scored() {
    let sample = image::open(repository("public/samples/rocket.jpg")).unwrap();
    let large = sample
        .resize_exact(8000, 5000, FilterType::Nearest)
        .into_rgb8();
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("forty-megapixels.jpg");
    JpegEncoder::new_with_quality(std::fs::File::create(&path).unwrap(), 80)
        .encode_image(&large)
        .unwrap();

    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.set_labels(&LABELS);
    page.wait_until_ready();
    page.drop_file(DROP_ZONE, &path);
    page.wait_for(&alternative("forty-megapixels.jpg"));
    assert_eq!(page.wait_for_scores_of(&LABELS)[0].label, "rocket");
}

/// The program that decodes what browsers do not.
fn decoder() -> String {
    engine_file("decoder-", "_bg.wasm")
}

fn only_the_picture_is_lost_that_the_decoder_breaks_down_over(kind: Kind) {
    if lacks(&[Need::Browser(kind)]) {
        return;
    }
    let server = TestServer::with_page();
    let page = Page::open_in(kind, &server);
    page.set_labels(&LABELS);
    page.choose_file(&repository("public/samples/bridge.jpg"));
    let rows = page.wait_for_scores_of(&LABELS);
    let broken = "crates/fuzz-inputs/regressions/picture/jpeg-that-zune-jpeg-panics-over.tiff";
    page.choose_file(&repository(broken));
    page.wait_for_text(ERROR, "could not be read as a picture");
    assert_eq!(page.results(), rows, "the picture before stays");
    page.choose_file(&picture("picture.tiff"));
    page.wait_for(&alternative("picture.tiff"));
    page.wait_for_results("the rocket to be recognised", |rows| {
        rows[0].label == "rocket"
    });
    assert!(!page.has(ERROR));
}

#[test]
fn only_the_picture_is_lost_that_the_decoder_breaks_down_over_in_chromium() {
    only_the_picture_is_lost_that_the_decoder_breaks_down_over(Kind::Chromium);
}

#[test]
fn only_the_picture_is_lost_that_the_decoder_breaks_down_over_in_firefox() {
    only_the_picture_is_lost_that_the_decoder_breaks_down_over(Kind::Firefox);
}

#[test]
fn only_the_picture_is_lost_that_the_decoder_breaks_down_over_in_webkit() {
    only_the_picture_is_lost_that_the_decoder_breaks_down_over(Kind::WebKit);
}

#[test]
fn where_the_decoder_cannot_be_fetched_that_is_said_and_tried_again() {
    let server = TestServer::with_page();
    server.set_fault(&decoder(), Fault::Status(503));
    // Which would fetch it too, to have it later.
    let page = Page::open_without_service_worker(&server);
    page.set_labels(&LABELS);
    page.choose_file(&repository("public/samples/bridge.jpg"));
    page.wait_for_scores_of(&LABELS);
    assert!(server.requests(&decoder()).is_empty(), "nobody wants it");
    page.choose_file(&picture("picture.tiff"));
    page.wait_for_text(
        ERROR,
        "The part of Cliplet that reads “picture.tiff” could not be downloaded",
    );
    server.clear_fault(&decoder());
    page.choose_file(&picture("picture.tiff"));
    page.wait_for_results("the rocket to be recognised", |rows| {
        rows[0].label == "rocket"
    });
    assert!(!page.has(ERROR));
}

#[test]
fn without_a_network_the_decoder_s_absence_is_said_and_the_engine_goes_on() {
    let server = TestServer::with_page();
    let page = Page::open_without_service_worker(&server);
    page.set_labels(&LABELS);
    page.choose_file(&repository("public/samples/bridge.jpg"));
    page.wait_for_scores_of(&LABELS);
    server.stop();
    page.choose_file(&picture("picture.tiff"));
    page.wait_for_text(
        ERROR,
        "The part of Cliplet that reads “picture.tiff” could not be downloaded",
    );
    // By the same engine, which has these pixels from the browser.
    page.choose_file(&picture("turned.jpg"));
    page.wait_for(&alternative("turned.jpg"));
    page.wait_for_results("the rocket to be recognised", |rows| {
        rows[0].label == "rocket"
    });
    assert!(!page.has(ERROR));
    server.start_again();
    page.choose_file(&repository("public/samples/bridge.jpg"));
    page.wait_for(&alternative("bridge.jpg"));
    page.choose_file(&picture("picture.tiff"));
    page.wait_for(&alternative("picture.tiff"));
    page.wait_for_results("the rocket to be recognised", |rows| {
        rows[0].label == "rocket"
    });
}
