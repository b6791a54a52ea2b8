//! Pictures of every size are resized and cropped as Hugging Face's image processor does it with
//! Pillow.
//!
//! `tools/make_sizes.py` writes the table. `CLIPLET_CASES=1` tries every size with every model and
//! shape, which takes some minutes with `--release`; otherwise it is most of those that were
//! refused before, the small ones, and some between.

use std::env;

use cliplet_clip::picture::Picture;
use cliplet_clip::preprocess;
use cliplet_fuzz_inputs::generated::Generated;
use cliplet_fuzz_inputs::pillow::{Difference, Expected, LARGEST, MEAN};
use sha2::{Digest, Sha256};

const IMAGE_SIZES: [u32; 9] = [64, 112, 224, 240, 256, 336, 378, 384, 448];
const LARGEST_SIDE: u32 = 4000;

#[test]
fn what_is_expected_is_what_pillow_makes() {
    let mut cases = 0;
    for line in include_str!("sizes.csv").lines().skip(1) {
        let (numbers, digest) = line.rsplit_once(',').unwrap();
        let numbers: Vec<u32> = numbers
            .split(',')
            .map(|number| number.parse().unwrap())
            .collect();
        let [width, height, orientation, grain, seed, image_size] = numbers[..] else {
            panic!("{line}")
        };
        let generated = Generated {
            width,
            height,
            orientation: orientation as u8,
            grain,
            seed,
            image_size: image_size as usize,
        };
        let upright = generated.upright();
        let pixels = Expected::new(&upright, generated.image_size).pixels();
        let found: String = Sha256::digest(&pixels)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(found[..16], *digest, "{line}");
        cases += 1;
    }
    assert!(cases > 300, "{cases} cases");
}

/// Whether the box that is kept used to leave a picture of this side by a rounding error.
fn was_refused(side: u32, image_size: u32) -> bool {
    let (side, image_size) = (f64::from(side), f64::from(image_size));
    image_size * (side / image_size) > side
}

/// The upper left corner of a large picture.
fn corner(canvas: &Picture, width: u32, height: u32) -> Picture {
    let (width_in_bytes, rows) = (3 * width as usize, height as usize);
    let mut rgb = Vec::with_capacity(width_in_bytes * rows);
    // Row by row: byte by byte this would take longer than everything else.
    for row in canvas
        .rgb()
        .chunks_exact(3 * canvas.width() as usize)
        .take(rows)
    {
        rgb.extend_from_slice(&row[..width_in_bytes]);
    }
    Picture::new(width, height, rgb).unwrap()
}

#[test]
fn every_size_is_resized_as_pillow_does_it() {
    let all = env::var_os("CLIPLET_CASES").is_some();
    let longest = |side: u32| side + side / 7 + 1;
    // So tall that Pillow resizes down first.
    let tallest = |side: u32| 2 * side + side / 5 + 1;
    // Noise for small pictures, and for large ones squares, whose edges tell where a pixel is from.
    let canvases = [(1, 250), (17, LARGEST_SIDE)].map(|(grain, side)| {
        let (width, height) = (longest(side), tallest(side));
        let canvas = Generated {
            width,
            height,
            orientation: 1,
            grain,
            seed: 1,
            image_size: 1,
        };
        (side, canvas.upright())
    });
    let mut tried = 0;
    for image_size in IMAGE_SIZES {
        let mut of_model = Difference::default();
        for side in 1..=LARGEST_SIDE {
            // Large pictures take their time.
            let refused = was_refused(side, image_size) && (side <= 1500 || side % 5 == 0);
            let wanted = all || refused || side <= 70 || side % 97 == image_size % 97;
            if !wanted {
                continue;
            }
            let shapes = [
                (side, side),
                (longest(side), side),
                (side, longest(side)),
                (side, tallest(side)),
            ];
            for (kind, (width, height)) in shapes.into_iter().enumerate() {
                if !all && side as usize % shapes.len() != kind {
                    continue;
                }
                let (_, canvas) = canvases.iter().find(|(most, _)| side <= *most).unwrap();
                let picture = corner(canvas, width, height);
                let ours = preprocess::resize_and_crop(&picture, image_size as usize)
                    .unwrap_or_else(|error| panic!("{width} x {height} for {image_size}: {error}"));
                let difference = Expected::new(&picture, image_size as usize).compare(&ours, 150);
                assert!(
                    difference.largest <= LARGEST,
                    "{width} x {height} for {image_size}: {difference:?}"
                );
                of_model = of_model.and(difference);
                tried += 1;
            }
        }
        println!("{image_size}: {of_model:?}, mean {}", of_model.mean());
        assert!(of_model.mean() <= MEAN, "{image_size}: {of_model:?}");
    }
    assert!(tried > 1300, "{tried} tried");
}
