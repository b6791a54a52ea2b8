//! The arithmetic that takes nearly all the time, once per architecture: products of activations
//! with quantised weights, attention, LayerNorm, depthwise convolutions. Besides, what is done with
//! each of a picture's [`pixels`].
//!
//! A [`Kernel`] is a plain type, one per architecture and set of instructions, all with the same
//! meaning: [`scalar`] states it, one number at a time, and is the oracle of the others' tests. The
//! vector kernels share their loops (`product`, `floats`, `attention`, `layer_norm`, `depthwise`,
//! `quantise`), which are written against a handful of vector operations (`vector`); what is left
//! for a file named after an architecture is what these are there. What is not here: candle,
//! tensors, threads, and what is multiplied with what.
//!
//! It is a crate of its own because a crate is what a compiler is told to make quick or small: this
//! one is made quick, and for relaxed SIMD once more, and all that a visitor's browser fetches
//! besides is made small. So what is to be quick is not generic towards other crates, which would
//! compile it with theirs.
//!
//! Weights are packed once, when a model is loaded ([`PackedWeights`]): eight bits each, and a
//! scale per output and block of [`BLOCK`] inputs, those of the file where it has them. Activations
//! are quantised on the way ([`Activations`]), each block of each row with a scale of its own, so
//! that a few large channels, which real CLIPs have, coarsen only their own blocks. A product is
//! then
//!
//! ```text
//! sum over blocks b of  scale_x[b] * scale_w[b] * (quant_x . quant_w)
//! ```
//!
//! where the parenthesis is a dot product of small whole numbers, and exact. How small, is a
//! [`Precision`].
//!
//! Within 0.1, the trait [`Kernel`] and what its methods take, [`active`], and the meaning of each
//! operation stay as they are. How weights and activations lie in memory may change with any
//! version, and so may [`ROWS`], [`PANEL`], [`LANES`] and the modules of the architectures. No
//! other crate should implement [`Kernel`]: methods are added to it.

#![allow(
    unsafe_code,
    reason = "vector instructions, and parts of a matrix that threads fill in at once"
)]

mod activations;
mod attention;
mod convolve;
mod depthwise;
mod floats;
mod functions;
mod kernel;
mod layer_norm;
mod layout;
mod loops;
mod out;
mod pack;
mod padding;
pub mod pixels;
mod precision;
mod product;
mod quantise;
mod quantised_block;
#[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
pub mod relaxed;
pub mod scalar;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub mod simd128;
mod stored;
#[cfg(test)]
mod tests;
mod tiles;
mod vector;
mod words;
#[cfg(target_arch = "x86_64")]
pub mod x86_64;

pub use activations::{Activations, Groups};
pub use attention::{Keys, Queries, SeenBy};
pub use depthwise::{Depthwise, MapRows};
pub use floats::FloatWeights;
pub use functions::Activation;
pub use kernel::Kernel;
pub use layout::{BLOCK, LANES, PANEL, ROWS};
pub use out::Out;
pub use pack::{PackedWeights, Room, Share};
pub use padding::SamePadding;
pub use precision::{MOST_OF_EIGHT, Precision};
pub use product::Epilogue;
pub use quantised_block::QuantisedBlock;
pub use stored::BlockType;

/// The quickest kernel of the machine that this runs on; none where candle's own arithmetic is.
pub fn active() -> Option<&'static dyn Kernel> {
    #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
    return Some(relaxed::active());
    #[cfg(all(
        target_arch = "wasm32",
        target_feature = "simd128",
        not(target_feature = "relaxed-simd")
    ))]
    return Some(&simd128::Simd128);
    #[cfg(target_arch = "x86_64")]
    return x86_64::available().next();
    #[allow(unreachable_code, reason = "only on architectures without a kernel")]
    None
}

/// Runs the samples of the README as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

// The tests of this crate run natively and, unchanged, in a browser.
#[cfg(all(test, target_arch = "wasm32"))]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
