//! What the kernels mean, one number at a time.

use super::quantise::Activations;
use super::{BLOCK, Kernel, PANEL, PackedWeights};

/// The oracle.
pub struct Scalar;

impl Kernel for Scalar {
    fn position(output: usize, input: usize) -> usize {
        output * BLOCK + input
    }

    fn multiply(weights: &PackedWeights, xs: &[f32], bias: Option<&[f32]>, out: &mut [f32]) {
        let rows = weights.check(xs, bias, out);
        let mut activations = Activations::default();
        activations.quantise(xs, weights.inputs());
        let row_blocks = weights.row_blocks();
        for row in 0..rows {
            for output in 0..weights.outputs() {
                let (panel, lane) = (output / PANEL, output % PANEL);
                let mut sum = bias.map_or(0.0, |bias| bias[output]);
                // A chunk per panel, and one more than the last output's cannot be asked for.
                for (b, block) in weights
                    .panels()
                    .nth(panel)
                    .into_iter()
                    .flatten()
                    .enumerate()
                {
                    let at = row * row_blocks + b;
                    let dot: i32 = (0..BLOCK)
                        .map(|input| {
                            let quant = block.quants[Self::position(lane, input)];
                            i32::from(quant) * i32::from(activations.quants[at * BLOCK + input])
                        })
                        .sum();
                    let x = activations.scales[at];
                    sum += x.scale * block.scales[lane] * dot as f32 + x.least * block.sums[lane];
                }
                out[row * weights.outputs() + output] = sum;
            }
        }
    }
}
