//! Photographs of odd sizes are resized and cropped as Hugging Face's CLIPImageProcessor does it
//! with Pillow. The photographs and the expected pixels are written by `tools/make_pixels.py`.

// The fixtures are read from a disk.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::path::Path;

use cliplet_clip::{picture, picture::Picture, preprocess};

const SIZES: [usize; 2] = [224, 64];

/// Limits in units of 1/255. Resizing down before across, where Pillow does not, gives 9 and 0.2.
const LARGEST: u8 = 2;
const MEAN: f64 = 0.05;

fn decode(path: &Path) -> Picture {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    picture::decode(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn pixels_are_those_of_pillow() {
    let mut photographs = 0;
    for entry in std::fs::read_dir(common::fixture("photographs")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let photograph = decode(&path);
        for size in SIZES {
            let expected = decode(&common::fixture(&format!("pixels/{name}-{size}.png")));
            assert_eq!(
                (expected.width(), expected.height()),
                (size as u32, size as u32)
            );
            let ours = preprocess::resize_and_crop(&photograph, size).unwrap();
            let differences: Vec<u8> = ours
                .iter()
                .zip(expected.rgb())
                .map(|(a, b)| a.abs_diff(*b))
                .collect();
            assert_eq!(differences.len(), 3 * size * size, "{name} at {size}");
            let largest = differences.iter().max().copied().unwrap();
            let mean =
                differences.iter().map(|&d| f64::from(d)).sum::<f64>() / differences.len() as f64;
            println!("{name} at {size}: largest difference {largest}, mean {mean:.4}");
            assert!(
                largest <= LARGEST,
                "{name} at {size}: largest difference {largest}"
            );
            assert!(mean <= MEAN, "{name} at {size}: mean difference {mean}");
        }
        photographs += 1;
    }
    assert!(photographs >= 8, "{photographs} photographs");
}

#[test]
fn normalised_pixels_are_rescaled_before_the_mean_is_taken_off() {
    let photograph = decode(&common::fixture("photographs/cat.png"));
    let rgb = preprocess::resize_and_crop(&photograph, 64).unwrap();
    let (mean, std) = (
        [0.481_454_66, 0.457_827_5, 0.408_210_73],
        [0.268_629_54, 0.261_302_6, 0.275_777_1],
    );
    let planes = preprocess::normalise(&rgb, &mean, &std);
    for (channel, plane) in planes.chunks_exact(64 * 64).enumerate() {
        for (pixel, &value) in rgb.chunks_exact(3).zip(plane) {
            let expected = (f32::from(pixel[channel]) / 255.0 - mean[channel]) / std[channel];
            assert!((value - expected).abs() < 1e-6);
        }
    }
}
