//! What an architecture has to compute.

use std::ops::Range;

use super::activations::{Activations, Groups};
use super::attention::{Keys, Queries};
use super::depthwise::{Depthwise, MapRows};
use super::floats::FloatWeights;
use super::functions::Activation;
use super::out::Out;
use super::pack::PackedWeights;
use super::precision::Precision;
use super::product::Epilogue;

/// The arithmetic of one architecture.
pub trait Kernel: Sync {
    /// Its name, for benchmarks and tests.
    fn name(&self) -> &'static str;

    /// The activations that it is quickest with.
    fn coarse_precision(&self) -> Precision;

    /// The quickest of the activations that are as good as f32.
    fn fine_precision(&self) -> Precision;

    /// Quantises the rows of some groups. `xs` has all rows of the [`Activations`] that the groups
    /// are of.
    ///
    /// # Panics
    /// If `xs` has fewer.
    fn quantise(&self, xs: &[f32], groups: Groups);

    /// `out = epilogue(xs W^T)`, where `out` is `rows x outputs`: all rows, and columns that make
    /// up whole panels of [`PANEL`](super::PANEL) outputs.
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

    /// LayerNorm (Ba et al., 2016) of each row of `xs`:
    /// `(x - mean) / sqrt(variance + epsilon) * weight + bias`. All slices hold whole rows as long
    /// as `weight`.
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
