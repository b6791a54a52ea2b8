//! A picture's embedding is the sum of what its patches give, and the patches that speak for a text
//! are where it is to be seen.

// The fixtures are read from a disk.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use cliplet_clip::attribution::{Attribution, against};
use cliplet_clip::picture::{self, Picture};
use cliplet_clip::{Arithmetic, Clip};
use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path, arithmetic: Arithmetic) -> Clip {
    let file = File::open(path).unwrap();
    Clip::read(&mut BufReader::new(file), arithmetic).unwrap_or_else(|error| panic!("{error}"))
}

fn starter(arithmetic: Arithmetic) -> Clip {
    read(&root().join("public/models/starter.gguf"), arithmetic)
}

fn sample(name: &str) -> Vec<u8> {
    std::fs::read(root().join("public/samples").join(name)).unwrap()
}

/// How much the first label has that the others do not, over a picture.
fn explained(clip: &Clip, picture: &Picture, labels: &[&str]) -> Attribution {
    let text = |label: &&str| clip.encode_text(&format!("a photo of a {label}")).unwrap();
    let texts: Vec<Vec<f32>> = labels.iter().map(text).collect();
    let direction = against(&texts[0], texts.iter().map(|text| &text[..]));
    let pixels = clip.preprocess(picture).unwrap();
    clip.contributions(&pixels).unwrap().along(&direction)
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// With exact arithmetic to the last digits, with quick arithmetic as far as that is exact.
#[test]
fn patches_and_rest_add_up_to_the_cosine() {
    let picture = picture::decode(&sample("panda.jpg")).unwrap();
    let golden = ["f32-gelu", "f32-quick", "q8_0-gelu", "q4_1-gelu"];
    let golden = golden.map(|name| common::fixture(&format!("golden/{name}.gguf")));
    let starter = root().join("public/models/starter.gguf");
    for path in golden.iter().chain([&starter]) {
        for (arithmetic, most) in [(Arithmetic::Reference, 2e-5), (Arithmetic::Fast, 5e-3)] {
            let clip = read(path, arithmetic);
            let pixels = clip.preprocess(&picture).unwrap();
            let image = clip.encode_pixels(pixels.clone()).unwrap();
            let contributions = clip.contributions(&pixels).unwrap();
            let sum = contributions.embedding();
            for text in ["a photo of a panda", "a photo of a boat", "dog"] {
                let text = clip.encode_text(text).unwrap();
                let cosine = dot(&image, &text);
                let attribution = contributions.along(&text);
                assert_eq!(attribution.patches.len(), attribution.across.pow(2));
                for sum in [attribution.sum(), dot(&sum, &text)] {
                    assert!(
                        (sum - cosine).abs() < most,
                        "{} {arithmetic:?}: {sum} instead of {cosine}",
                        path.display()
                    );
                }
            }
        }
    }
}

/// Grey, with a sample in one quarter, and one in the opposite.
fn two(first: &str, second: &str, corners: [(u32, u32); 2]) -> Picture {
    const SIDE: u32 = 448;
    let mut canvas = RgbImage::from_pixel(SIDE, SIDE, Rgb([124, 116, 104]));
    for (name, (x, y)) in [first, second].into_iter().zip(corners) {
        let sample = image::load_from_memory(&sample(name)).unwrap();
        let sample = sample.resize_to_fill(SIDE / 2, SIDE / 2, FilterType::Triangle);
        imageops::overlay(
            &mut canvas,
            &sample.into_rgb8(),
            (x * SIDE / 2).into(),
            (y * SIDE / 2).into(),
        );
    }
    Picture::new(SIDE, SIDE, canvas.into_raw()).unwrap()
}

/// Where the picture is grey there is next to nothing, so that a gift of the rest to all patches
/// would show.
#[test]
fn patches_are_told_apart() {
    let clip = starter(Arithmetic::Fast);
    let picture = two("panda.jpg", "panda.jpg", [(1, 0), (1, 0)]);
    let patches = explained(&clip, &picture, &["panda", "boat"]).patches;
    let mean = patches.iter().sum::<f32>() / patches.len() as f32;
    let most = patches.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    assert!(most > 4.0 * mean.abs(), "{patches:?}");
}

/// What the patches of a quarter give together.
fn quarter(attribution: &Attribution, (x, y): (u32, u32)) -> f32 {
    let across = attribution.across;
    let is_in = |at: usize, half: u32| 2 * at / across == half as usize;
    let patches = attribution.patches.iter().enumerate();
    let inside = patches.filter(|(at, _)| is_in(at % across, x) && is_in(at / across, y));
    inside.map(|(_, share)| share).sum()
}

#[test]
fn a_label_is_spoken_for_where_it_is_to_be_seen() {
    let clip = starter(Arithmetic::Fast);
    for corners in [[(0, 0), (1, 1)], [(1, 1), (0, 0)], [(1, 0), (0, 1)]] {
        let picture = two("panda.jpg", "fruit.jpg", corners);
        for (labels, mine, other) in [
            (["panda", "fruit"], corners[0], corners[1]),
            (["fruit", "panda"], corners[1], corners[0]),
        ] {
            let attribution = explained(&clip, &picture, &labels);
            let (mine, other) = (quarter(&attribution, mine), quarter(&attribution, other));
            assert!(
                mine > other + 0.02,
                "{labels:?} {corners:?}: {mine} {other}"
            );
        }
    }
}
