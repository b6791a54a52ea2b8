//! CLIP: bytes in, numbers out.
//!
//! What lives here: reading model files ([`gguf`]), making them out of other people's
//! ([`hugging_face`]), the towers as candle models ([`towers`], [`text`]) built from the operations
//! in [`ops`] on the arithmetic in [`cliplet_kernels`], the tokenizer, picture decoding and
//! preprocessing, zero-shot scores, which parts of a picture speak for a text ([`attribution`]),
//! comparing many pictures ([`retrieval`]), and classes that are learnt from examples
//! ([`linear_probe`]). What does not: anything that knows of a browser, a worker, a network or a
//! screen. The crate builds and passes its tests natively and in WebAssembly.
//!
//! ```no_run
//! use cliplet_clip::{Arithmetic, Clip, picture, zero_shot};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clip = Clip::read(&mut std::fs::File::open("model.gguf")?, Arithmetic::Fast)?;
//! let picture = picture::decode(&std::fs::read("cat.jpg")?)?;
//! let image = clip.encode_picture(&picture)?;
//! let texts = ["cat", "dog"]
//!     .iter()
//!     .map(|label| clip.encode_text(&format!("a photo of a {label}")))
//!     .collect::<Result<Vec<_>, _>>()?;
//! let scores = zero_shot::score(&image, &texts, clip.config().logit_scale);
//! # Ok(()) }
//! ```
//!
//! Within 0.1, what the example uses stays as it is: [`Clip`], [`ImageEncoder`] and [`TextEncoder`]
//! with their `encode_…` methods, [`Arithmetic`], [`Error`], [`picture::decode`],
//! [`picture::Picture`], [`zero_shot`] and [`retrieval`]. All other modules are public because
//! Cliplet's own programs use them, and may change with any version.
//!
//! The model is that of Radford et al., "Learning Transferable Visual Models From Natural Language
//! Supervision", 2021 (arXiv:2103.00020).

#![forbid(unsafe_code)]

pub mod attribution;
pub mod config;
mod encoder;
mod error;
pub mod file_kind;
pub mod gguf;
pub mod hugging_face;
pub mod linear_probe;
mod model;
pub mod ops;
pub mod picture;
pub mod preprocess;
pub mod retrieval;
pub mod text;
pub mod tokenizer;
pub mod towers;
pub mod zero_shot;

pub use error::Error;
pub use model::{Clip, ImageEncoder, TextEncoder};
pub use ops::Arithmetic;

/// Runs the samples of the README as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

// The tests of this crate run natively and, unchanged, in a browser.
#[cfg(all(test, target_arch = "wasm32"))]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
