//! However a file stores its picture, the decoded one is upright, and is encoded as transformers
//! encodes the upright one.

mod common;
#[path = "common/orientation.rs"]
mod orientation;

use cliplet_clip::picture::{self, Picture};
use cliplet_clip::{Arithmetic, Clip};
use common::fixture;
use image::RgbImage;
use orientation::{
    OTHER, Order, SAME, Upright, cosine, exif, plain_jpeg, stored, uprights, with_segments,
};

fn clip() -> Clip {
    let model = std::fs::read(fixture("vit-224/model.gguf")).unwrap();
    Clip::read(&mut std::io::Cursor::new(model), Arithmetic::Reference).unwrap()
}

fn embed(clip: &Clip, picture: &Picture) -> Vec<f64> {
    let picture = clip.preprocess(picture).unwrap();
    let embedding = &clip.encode_batch(&[picture]).unwrap()[0];
    embedding.iter().map(|&x| f64::from(x)).collect()
}

fn square() -> RgbImage {
    let mut uprights = uprights(&fixture(""));
    uprights.remove(1).picture
}

/// Whether a file's picture is this one, but for what a lossy format loses.
#[track_caller]
fn assert_shows(file: &[u8], expected: &RgbImage, most: u8, what: &str) {
    let picture = picture::decode(file).unwrap();
    assert_eq!(
        (picture.width(), picture.height()),
        expected.dimensions(),
        "{what}"
    );
    let mut apart = picture.rgb().iter().zip(expected.as_raw());
    assert!(
        apart.all(|(found, expected)| found.abs_diff(*expected) <= most),
        "{what}"
    );
}

#[test]
fn pictures_in_all_orientations_have_the_embedding_of_the_upright_one() {
    let clip = clip();
    for stored in orientation::all(&fixture("")) {
        let picture = picture::decode(&stored.file).unwrap();
        let cosine = cosine(&embed(&clip, &picture), &stored.embedding);
        assert!(cosine > SAME, "{}: {cosine}", stored.name);
    }
    // So that the above can fail.
    for upright in uprights(&fixture("")) {
        let turned = stored(&upright.picture, 2);
        let (width, height) = turned.dimensions();
        let turned = Picture::new(width, height, turned.into_raw()).unwrap();
        assert!(cosine(&embed(&clip, &turned), &upright.embedding) < OTHER);
    }
}

#[test]
fn lossless_formats_give_the_very_pixels() {
    for Upright { name, picture, .. } in uprights(&fixture("")) {
        for orientation in 1..=8 {
            for format in ["png", "webp", "tif"] {
                let file = orientation::file(&picture, orientation, format);
                let what = format!("{name}, {orientation}, {format}");
                assert_shows(&file, &picture, 0, &what);
            }
            let stored = stored(&picture, orientation);
            let tiff = orientation::tiff(&stored, orientation, Order::Big);
            assert_shows(&tiff, &picture, 0, "the other order of bytes");
        }
    }
}

/// As Chromium, Firefox and Pillow read them.
#[test]
fn the_first_exif_block_of_a_jpeg_counts_wherever_it_lies() {
    const APP0: u8 = 0xe0;
    const APP1: u8 = 0xe1;
    const APP2: u8 = 0xe2;
    let upright = square();
    let shown = picture::decode(&plain_jpeg(&upright)).unwrap();
    let shown = RgbImage::from_raw(shown.width(), shown.height(), shown.rgb().to_vec()).unwrap();
    let block = |orientation, order| [&b"Exif\0\0"[..], &exif(orientation, order)].concat();
    let (six, one, three) = (
        block(6, Order::Little),
        block(1, Order::Little),
        block(3, Order::Big),
    );
    let xmp = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x='adobe:ns:meta/'/>";
    let mpf = [&b"MPF\0"[..], &exif(8, Order::Big)].concat();
    let jfif = b"JFIF\0\x01\x02\0\0\x48\0\x48\0\0";
    type Segments<'a> = &'a [(u8, &'a [u8])];
    let cases: [(&str, u16, Segments); 8] = [
        ("alone", 6, &[(APP1, &six)]),
        ("bytes in the other order", 3, &[(APP1, &three)]),
        ("behind JFIF", 6, &[(APP0, jfif), (APP1, &six)]),
        ("behind XMP", 6, &[(APP1, xmp), (APP1, &six)]),
        ("before XMP", 6, &[(APP1, &six), (APP1, xmp)]),
        ("behind MPF", 6, &[(APP2, &mpf), (APP1, &six)]),
        ("before another", 6, &[(APP1, &six), (APP1, &one)]),
        ("upright, before another", 1, &[(APP1, &one), (APP1, &six)]),
    ];
    for (what, orientation, segments) in cases {
        let file = with_segments(&plain_jpeg(&stored(&upright, orientation)), segments);
        assert_shows(&file, &shown, 40, what);
    }
    // Behind all other segments, just before the pixels.
    let jpeg = plain_jpeg(&stored(&upright, 6));
    let scan = jpeg.windows(2).position(|two| two == [0xff, 0xda]).unwrap();
    let segments = with_segments(&jpeg[..2], &[(APP1, &six)]);
    let file = [&jpeg[..scan], &segments[2..], &jpeg[scan..]].concat();
    assert_shows(&file, &shown, 40, "before the pixels");
    // Bytes that fill up to a marker.
    let file = [&jpeg[..2], &[0xff, 0xff], &segments[2..], &jpeg[2..]].concat();
    assert_shows(&file, &shown, 40, "behind more bytes than a marker needs");
    // What is broken costs the orientation alone.
    for broken in [0, 9, 300] {
        let exif = block(broken, Order::Little);
        let file = with_segments(&plain_jpeg(&upright), &[(APP1, &exif)]);
        assert_shows(&file, &shown, 0, "no orientation");
    }
    let file = with_segments(&plain_jpeg(&upright), &[(APP1, &six[..20])]);
    assert_shows(&file, &shown, 0, "an EXIF block that is cut off");
}

#[test]
fn an_exif_block_behind_the_pixels_of_a_png_counts() {
    let upright = square();
    let png = orientation::file(&upright, 7, "png");
    let begin = png.windows(4).position(|kind| kind == b"eXIf").unwrap() - 4;
    let length = 4 + 4 + exif(7, Order::Little).len() + 4;
    let (before, rest) = png.split_at(begin);
    let (chunk, behind) = rest.split_at(length);
    let (pixels, end) = behind.split_at(behind.len() - 12);
    assert_eq!(&end[4..8], b"IEND");
    let file = [before, pixels, chunk, end].concat();
    assert_shows(&file, &upright, 0, "behind the pixels");
}

#[test]
fn an_exif_block_of_a_webp_may_begin_as_one_of_a_jpeg() {
    let upright = square();
    let webp = orientation::file(&upright, 5, "webp");
    let begin = webp.windows(4).position(|kind| kind == b"EXIF").unwrap();
    let block = [&b"Exif\0\0"[..], &exif(5, Order::Little)].concat();
    let mut file = webp[..begin].to_vec();
    file.extend(b"EXIF");
    file.extend((block.len() as u32).to_le_bytes());
    file.extend(block);
    let length = (file.len() as u32 - 8).to_le_bytes();
    file[4..8].copy_from_slice(&length);
    assert_shows(&file, &upright, 0, "with Exif and two zeros");
}
