//! Every kind of picture file that people have is read. The files are written by `tools/make_pictures.py`, all from one
//! photograph.

use std::time::Duration;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;

use crate::harness::{DROP_ZONE, ERROR, Page, TestServer, picture, repository};

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
