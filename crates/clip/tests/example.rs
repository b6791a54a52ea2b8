//! The example gives a sample picture its label.

// The model is read from a disk.
#![cfg(not(target_arch = "wasm32"))]

#[allow(dead_code, reason = "its `main` reads a command line")]
#[path = "../examples/classify.rs"]
mod classify;

use std::path::Path;

#[test]
fn the_example_names_what_is_in_the_picture() {
    let public = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../public");
    let labels = ["wasp", "bee", "butterfly"].map(str::to_owned);
    let results = classify::classify(
        &public.join("models/starter.gguf"),
        &public.join("samples/bee.jpg"),
        &labels,
    )
    .unwrap();
    let (best, score) = &results[0];
    assert!(best == "bee" && *score > 0.5, "{results:?}");
    let sum: f32 = results.iter().map(|(_, score)| score).sum();
    assert!(
        results.len() == 3 && (sum - 1.0).abs() < 1e-5,
        "{results:?}"
    );
}
