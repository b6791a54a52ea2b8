//! The arithmetic that takes nearly all the time, once per architecture: products of activations with quantised weights,
//! attention, LayerNorm, depthwise convolutions. Besides, what is done with each of a picture's [`pixels`].
//!
//! A [`Kernel`] is a plain type, one per architecture and set of instructions, all with the same meaning:
//! [`scalar`] states it, one number at a time, and is the oracle of the others' tests. The vector kernels share their loops
//! (`product`, `floats`, `attention`, `layer_norm`, `depthwise`, `quantise`), which are written against a handful of vector operations
//! (`vector`); what is left for a file named after an architecture is what these are there. What is not here: candle,
//! tensors, threads, and what is multiplied with what.
//!
//! It is a crate of its own because a crate is what a compiler is told to make quick or small: this one is made quick, and
//! for relaxed SIMD once more, and all that a visitor's browser fetches besides is made small. So what is to be quick is not generic
//! towards other crates, which would compile it with theirs.
//!
//! Weights are packed once, when a model is loaded ([`PackedWeights`]): eight bits each, and a scale per output and
//! block of [`BLOCK`] inputs, those of the file where it has them. Activations are quantised on the way
//! ([`Activations`]), each block of each row with a scale of its own, so that a few large channels, which real CLIPs have,
//! coarsen only their own blocks. A product is then
//!
//! ```text
//! sum over blocks b of  scale_x[b] * scale_w[b] * (quant_x . quant_w)
//! ```
//!
//! where the parenthesis is a dot product of small whole numbers, and exact. How small, is a [`Precision`].
//!
//! Within 0.1, the trait [`Kernel`] and what its methods take, [`active`], and the meaning of each
//! operation stay as they are. How weights and activations lie in memory may change with any
//! version, and so may [`ROWS`], [`PANEL`], [`LANES`] and the modules of the architectures. No other
//! crate should implement [`Kernel`]: methods are added to it.

#![allow(
    unsafe_code,
    reason = "vector instructions, and parts of a matrix that threads fill in at once"
)]

mod activations;
mod attention;
mod depthwise;
mod floats;
mod functions;
mod layer_norm;
mod out;
mod pack;
pub mod pixels;
mod product;
mod quantise;
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
#[cfg(target_arch = "x86_64")]
pub mod x86_64;

use std::ops::Range;

pub use activations::{Activations, Groups};
pub use attention::{Keys, Queries, SeenBy};
pub use depthwise::{Depthwise, MapRows};
pub use floats::FloatWeights;
pub use out::Out;
pub use pack::{PackedWeights, QuantisedBlock, Room, Share};
pub use product::Epilogue;
pub use stored::BlockType;

/// What a tower puts numbers through after a product or a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `x * Phi(x)` with the error function; LAION's models.
    Gelu,
    /// `x * sigmoid(1.702 x)`; OpenAI's models.
    QuickGelu,
    /// `min(max(x, 0), 6)`; convolutional towers for small devices (Howard et al., 2017,
    /// arXiv:1704.04861).
    Relu6,
}

/// Inputs that share a scale, in weights and in activations; that of GGML's block types.
pub const BLOCK: usize = 32;

/// Numbers of 32 bits in a vector.
pub const LANES: usize = if cfg!(target_arch = "x86_64") { 8 } else { 4 };

/// Outputs that are computed side by side, one per lane of three vectors.
pub const PANEL: usize = VECTORS * LANES;

/// Vectors of a panel.
const VECTORS: usize = 3;

/// Rows of activations that are multiplied together: with three vectors of outputs nine dot products, for which, with what is
/// multiplied, V8 has registers. A processor that begins two a cycle and needs four cycles for each has eight under way.
pub const ROWS: usize = 3;

/// How many bits a quantised activation has, its sign included.
///
/// The fewer, the more products fit a vector. Which ones a kernel is quickest with, it says itself
/// ([`Kernel::coarse_precision`], [`Kernel::fine_precision`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// From -63 to 63: what a dot product of eight by seven bits takes. Blocks whose numbers are nearly all large have
    /// fewer, so that sixteen bits hold any eight of their products ([`MOST_OF_EIGHT`]). Enough for a picture.
    Seven,
    /// From -127 to 127: what a dot product of eight bits with a sign by eight without one takes, added up in 32 bits.
    Eight,
    /// From -8127 to 8127, in two halves of seven bits, each multiplied by itself. As good as f32.
    Fourteen,
    /// From -32767 to 32767. As good as f32.
    Fifteen,
}

impl Precision {
    /// The largest quantised activation.
    pub const fn most(self) -> i32 {
        match self {
            Self::Seven => 63,
            Self::Eight => 127,
            Self::Fourteen => 63 * 128 + 63,
            Self::Fifteen => 32767,
        }
    }

    /// How weights must lie in memory to be multiplied with such activations.
    const fn order(self) -> Order {
        match self {
            Self::Seven | Self::Eight | Self::Fourteen => Order::Fours,
            Self::Fifteen => Order::Pairs,
        }
    }
}

/// [`Precision::Seven`]: the largest sum of the absolute values of any eight quantised activations whose products are added
/// up in sixteen bits. With weights from -128 to 127 their sum then lies within 32640.
pub const MOST_OF_EIGHT: f32 = 255.0;

/// How many neighbouring inputs of one output lie together in packed weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Pairs,
    Fours,
}

impl Order {
    /// Where the weight of one of [`PANEL`] outputs and one of [`BLOCK`] inputs lies in a packed block.
    const fn position(self, output: usize, input: usize) -> usize {
        let depth = self.depth();
        (input / depth * PANEL + output) * depth + input % depth
    }

    const fn depth(self) -> usize {
        match self {
            Self::Pairs => 2,
            Self::Fours => 4,
        }
    }
}

/// The arithmetic of one architecture.
pub trait Kernel: Sync {
    /// Its name, for benchmarks and tests.
    fn name(&self) -> &'static str;

    /// The activations that it is quickest with.
    fn coarse_precision(&self) -> Precision;

    /// The quickest of the activations that are as good as f32.
    fn fine_precision(&self) -> Precision;

    /// Quantises the rows of some groups. `xs` has all rows of the [`Activations`] that the groups are of.
    ///
    /// # Panics
    /// If `xs` has fewer.
    fn quantise(&self, xs: &[f32], groups: Groups);

    /// `out = epilogue(xs W^T)`, where `out` is `rows x outputs`: all rows, and columns that make
    /// up whole panels of [`PANEL`] outputs.
    ///
    /// # Panics
    /// If the shapes do not fit, or if weights and activations are not of the same precision.
    fn multiply(&self, weights: &PackedWeights, xs: &Activations, epilogue: Epilogue, out: Out);

    /// The same in f32, with rows of numbers, `rows x inputs`, as they are.
    ///
    /// # Panics
    /// If the shapes do not fit.
    fn multiply_floats(&self, weights: &FloatWeights, xs: &[f32], epilogue: Epilogue, out: Out);

    /// Scaled dot-product attention (Vaswani et al., 2017) for the rows of queries that `out` has;
    /// it is `rows x width`, all columns of it.
    ///
    /// # Panics
    /// If the shapes do not fit, or if a row sees a key that is not there.
    fn attend(&self, queries: Queries, keys: Keys, out: Out);

    /// LayerNorm (Ba et al., 2016) of each row of `xs`: `(x - mean) / sqrt(variance + epsilon) * weight + bias`. All slices
    /// hold whole rows as long as `weight`.
    ///
    /// # Panics
    /// If a slice has another length.
    fn layer_norm(&self, xs: &[f32], weight: &[f32], bias: &[f32], epsilon: f32, out: &mut [f32]);

    /// Some rows of results of a depthwise convolution, put through an activation function.
    ///
    /// `xs` are the rows of a map that these are computed from ([`Depthwise::rows_seen`]), or more.
    /// Results lie as the map does; `out` holds `rows` of them.
    ///
    /// # Panics
    /// If a slice has another length, or if a row is not there.
    fn convolve(
        &self,
        depthwise: &Depthwise,
        xs: MapRows,
        rows: Range<usize>,
        activation: Activation,
        out: &mut [f32],
    );

    /// Applies an activation function to each number.
    fn activate(&self, activation: Activation, xs: &mut [f32]);
}

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
