//! Convolutional towers give the embeddings that PyTorch computes from the same files, and explain
//! them; in a browser too, as a part of in_browser.rs. These are small ones with random weights,
//! written by `tools/make_efficientnet.py`; one of real size is the starter (starter.rs).

use std::io::Cursor;

use cliplet_clip::attribution::Contributions;
use cliplet_clip::gguf::Gguf;
use cliplet_clip::{Arithmetic, Error, ImageEncoder, preprocess};
use serde::Deserialize;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A file of the fixtures, as a part of the program: a browser has no disk to read it from.
macro_rules! fixture {
    ($name:literal) => {
        ($name, include_bytes!(concat!("fixtures/", $name)) as &[u8])
    };
}

const FILES: [(&str, &[u8]); 10] = [
    fixture!("efficientnet/cases.json"),
    fixture!("efficientnet/f16-97.gguf"),
    fixture!("efficientnet/f32-1.gguf"),
    fixture!("efficientnet/f32-33.gguf"),
    fixture!("efficientnet/q8_0-64.gguf"),
    fixture!("efficientnet/q8_0-224.gguf"),
    fixture!("pixels/cat-224.png"),
    fixture!("pixels/coffee-224.png"),
    fixture!("pixels/rocket-224.png"),
    fixture!("pixels/square-224.png"),
];

fn file(name: &str) -> &'static [u8] {
    let found = FILES.iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("{name} is no fixture")).1
}

/// The least cosine of the reference path, whose arithmetic is f32 as that of PyTorch.
const REFERENCE: f64 = 0.999_999_9;

/// The least cosine of the fast path.
const FAST: f64 = 0.9999;

#[derive(Deserialize)]
struct Cases {
    photographs: Vec<String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    image_size: usize,
    /// One a photograph.
    embeddings: Vec<Vec<f32>>,
}

impl Cases {
    fn read() -> Self {
        serde_json::from_slice(file("efficientnet/cases.json")).unwrap()
    }
}

impl Case {
    fn encoder(&self, arithmetic: Arithmetic) -> ImageEncoder {
        let mut file = Cursor::new(file(&format!("efficientnet/{}.gguf", self.name)));
        Gguf::open(&mut file)
            .and_then(|mut file| ImageEncoder::read(&mut file, arithmetic))
            .unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
}

/// A photograph of 224 x 224 pixels as an encoder takes it: so many of its rows and columns, evenly
/// spread.
fn pixels(encoder: &ImageEncoder, photograph: &str) -> Vec<f32> {
    let image = file(&format!("pixels/{photograph}-224.png"));
    let image = image::load_from_memory(image).unwrap().into_rgb8();
    let side = encoder.config().image_size as u32;
    let place = |at: u32| (2 * at + 1) * 224 / (2 * side);
    let rgb: Vec<u8> = (0..side)
        .flat_map(|y| (0..side).map(move |x| (x, y)))
        .flat_map(|(x, y)| image.get_pixel(place(x), place(y)).0)
        .collect();
    preprocess::normalise(
        &rgb,
        &encoder.config().image_mean,
        &encoder.config().image_std,
    )
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    let products = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b));
    products.sum()
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn embeddings_are_those_of_pytorch() {
    let Cases { photographs, cases } = Cases::read();
    for (arithmetic, least) in [(Arithmetic::Reference, REFERENCE), (Arithmetic::Fast, FAST)] {
        for case in &cases {
            let encoder = case.encoder(arithmetic);
            assert_eq!(encoder.config().image_size, case.image_size);
            let pictures: Vec<_> = photographs
                .iter()
                .map(|name| pixels(&encoder, name))
                .collect();
            // All at once, and one alone.
            let embeddings = encoder.encode_batch(&pictures).unwrap();
            assert_eq!(
                embeddings[1],
                encoder.encode_pixels(pictures[1].clone()).unwrap()
            );
            for (i, (ours, theirs)) in embeddings.iter().zip(&case.embeddings).enumerate() {
                let cosine = cosine(ours, theirs);
                println!("{} {arithmetic:?} {}: {cosine}", case.name, photographs[i]);
                assert!(
                    cosine >= least,
                    "{} {arithmetic:?} {}: cosine {cosine}",
                    case.name,
                    photographs[i]
                );
            }
        }
    }
}

/// What the shares of places, and the rest, are a sum of. Quick arithmetic rounds the features of
/// each place where it otherwise rounds their mean, and by how much depends on the processor.
#[test]
fn places_and_rest_add_up_to_the_embedding() {
    let Cases { photographs, cases } = Cases::read();
    for (arithmetic, most) in [(Arithmetic::Reference, 1e-5), (Arithmetic::Fast, 5e-3)] {
        for case in &cases {
            let encoder = case.encoder(arithmetic);
            for (photograph, other) in photographs.iter().zip(&case.embeddings).rev() {
                let pixels = pixels(&encoder, photograph);
                let contributions: Contributions = encoder.contributions(&pixels).unwrap();
                let embedding = encoder.encode_pixels(pixels).unwrap();
                for (sum, x) in contributions.embedding().iter().zip(&embedding) {
                    assert!((sum - x).abs() < most, "{}: {sum} {x}", case.name);
                }
                let attribution = contributions.along(other);
                assert_eq!(attribution.patches.len(), attribution.across.pow(2));
                let cosine = dot(&embedding, other) as f32;
                let sum = attribution.sum();
                assert!((sum - cosine).abs() < most, "{}: {sum} {cosine}", case.name);
            }
        }
    }
}

#[test]
fn pictures_of_another_size_are_refused() {
    let Cases { cases, .. } = Cases::read();
    for arithmetic in [Arithmetic::Reference, Arithmetic::Fast] {
        let encoder = cases[0].encoder(arithmetic);
        for count in [0, 3 * 32 * 32, 3 * 33 * 33 - 1, 3 * 34 * 34] {
            let result = encoder.encode_pixels(vec![0.0; count]);
            assert!(matches!(result, Err(Error::Compute(_))), "{count}");
        }
    }
}
