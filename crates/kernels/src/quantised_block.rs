//! Some weights that share a scale.

use super::layout::BLOCK;

/// [`BLOCK`] weights of one output: `weight = scale * quant`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuantisedBlock {
    /// Finite.
    pub scale: f32,
    /// The weights as multiples of it.
    pub quants: [i8; BLOCK],
}

impl QuantisedBlock {
    /// The nearest block to some weights, of which there are at most [`BLOCK`]; what is missing is
    /// zero.
    pub fn from_weights(weights: &[f32]) -> Self {
        let largest = weights.iter().fold(0f32, |most, w| most.max(w.abs()));
        let scale = largest / 127.0;
        let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
        let mut quants = [0; BLOCK];
        for (quant, weight) in quants.iter_mut().zip(weights) {
            *quant = (weight * inverse).round() as i8;
        }
        Self { scale, quants }
    }
}
