//! The program that runs inside the worker.
//!
//! The worker's script loads it, gives it threads where the build has them, and then lets it
//! listen. `main` does nothing, as it would do it on every thread.

#![forbid(unsafe_code)]

use wasm_bindgen::prelude::wasm_bindgen;

// Gives the worker's script `initThreadPool`.
#[cfg(feature = "threads")]
use wasm_bindgen_rayon as _;

/// Starts to listen to the page.
#[wasm_bindgen]
pub fn listen(build: String, threads: u32) {
    cliplet_engine::start(build, threads);
}

fn main() {}
