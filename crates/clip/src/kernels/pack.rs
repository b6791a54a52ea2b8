//! Weights in the order in which a kernel reads them.

use super::{BLOCK, Kernel, PANEL};

/// [`BLOCK`] weights of one output: `weight = scale * quant`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuantisedBlock {
    /// Finite.
    pub scale: f32,
    /// From -127 to 127.
    pub quants: [i8; BLOCK],
}

impl QuantisedBlock {
    /// The nearest block to some weights, of which there are at most [`BLOCK`]; what is missing is zero.
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

/// One block of [`PANEL`] outputs, as it lies in memory.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(16))]
pub struct PanelBlock {
    /// Scale per output.
    pub(super) scales: [f32; PANEL],
    /// Scale times sum of the quants per output.
    pub(super) sums: [f32; PANEL],
    /// In the order of [`Kernel::position`].
    pub(super) quants: [i8; PANEL * BLOCK],
}

/// A weight matrix of `outputs x inputs`, packed for one kernel.
#[derive(Debug)]
pub struct PackedWeights {
    outputs: usize,
    inputs: usize,
    /// Panel by panel, and in a panel block by block; outputs that fill up the last panel are zero.
    blocks: Vec<PanelBlock>,
}

impl PackedWeights {
    /// Packs a matrix. `block(output, b)` gives inputs `b * BLOCK..` of an output, and is asked for each once.
    pub fn pack<K: Kernel>(
        outputs: usize,
        inputs: usize,
        mut block: impl FnMut(usize, usize) -> QuantisedBlock,
    ) -> Self {
        let mut blocks = Vec::with_capacity(outputs.div_ceil(PANEL) * inputs.div_ceil(BLOCK));
        for first in (0..outputs).step_by(PANEL) {
            for b in 0..inputs.div_ceil(BLOCK) {
                let mut packed = PanelBlock {
                    scales: [0.0; PANEL],
                    sums: [0.0; PANEL],
                    quants: [0; PANEL * BLOCK],
                };
                for lane in 0..PANEL.min(outputs - first) {
                    let QuantisedBlock { scale, quants } = block(first + lane, b);
                    let sum: i32 = quants.iter().map(|&quant| i32::from(quant)).sum();
                    packed.scales[lane] = scale;
                    packed.sums[lane] = scale * sum as f32;
                    for (input, quant) in quants.into_iter().enumerate() {
                        packed.quants[K::position(lane, input)] = quant;
                    }
                }
                blocks.push(packed);
            }
        }
        Self {
            outputs,
            inputs,
            blocks,
        }
    }

    /// Rows of the matrix.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Columns of the matrix.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Blocks in a row.
    pub(super) fn row_blocks(&self) -> usize {
        self.inputs.div_ceil(BLOCK)
    }

    /// All blocks of [`PANEL`] outputs, one slice each.
    pub(super) fn panels(&self) -> std::slice::ChunksExact<'_, PanelBlock> {
        self.blocks.chunks_exact(self.row_blocks())
    }

    /// How many rows of activations there are, if all slices fit.
    pub(super) fn check(&self, xs: &[f32], bias: Option<&[f32]>, out: &[f32]) -> usize {
        let rows = xs.len() / self.inputs;
        assert_eq!(xs.len(), rows * self.inputs, "whole rows of activations");
        assert_eq!(
            out.len(),
            rows * self.outputs,
            "a result per row and output"
        );
        assert!(
            bias.is_none_or(|bias| bias.len() == self.outputs),
            "a bias per output"
        );
        rows
    }
}
