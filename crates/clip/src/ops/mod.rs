//! What the towers are made of: the few operations that take nearly all the time.
//!
//! Each is a plain type or function over candle tensors, in f32, with rows of features in the last dimension. How exactly
//! weights are multiplied is chosen once, by [`Arithmetic`]; the towers do not know. What is not here: the order in which
//! the operations make up a tower.

mod activation;
mod attention;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod blocks;
mod linear;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod packed;

pub use activation::activate;
pub use attention::Attention;
pub use linear::Linear;

/// How weights are multiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    /// Each matrix is expanded to f32 when it is used and multiplied in f32: exact, slow, and what everything else is
    /// measured against.
    Reference,
    /// Quantised weights are multiplied as they are, with activations quantised on the way.
    Fast,
}
