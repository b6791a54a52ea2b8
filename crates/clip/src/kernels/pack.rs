//! Weights in the order in which a kernel reads them.

use super::{BLOCK, Order, PANEL, Precision};

/// [`BLOCK`] weights of one output: `weight = scale * quant`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuantisedBlock {
    /// Finite.
    pub scale: f32,
    /// The weights as multiples of it.
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

/// One block of [`PANEL`] outputs, as it lies in memory: what a tile reads lies one behind the other.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(16))]
pub(super) struct PanelBlock {
    /// Scale per output.
    pub(super) scales: [f32; PANEL],
    /// Per output, the sum of the weights as whole numbers, negated: times the activations' offset it takes away what that adds to
    /// a dot product. To find it out again and again would be a fourth of the work for a few rows.
    pub(super) negated_sums: [i16; PANEL],
    /// In the order of [`Order::position`].
    pub(super) quants: [i8; PANEL * BLOCK],
}

/// A weight matrix of `outputs x inputs`, packed for activations of one precision.
#[derive(Debug)]
pub struct PackedWeights {
    outputs: usize,
    inputs: usize,
    precision: Precision,
    /// Panel by panel, and in a panel block by block; outputs that fill up the last panel are zero.
    blocks: Vec<PanelBlock>,
}

impl PackedWeights {
    /// Packs a matrix. `block(output, b)` gives inputs `b * BLOCK..` of an output, and is asked for each once.
    pub fn pack(
        outputs: usize,
        inputs: usize,
        precision: Precision,
        mut block: impl FnMut(usize, usize) -> QuantisedBlock,
    ) -> Self {
        let order = precision.order();
        let mut blocks = Vec::with_capacity(outputs.div_ceil(PANEL) * inputs.div_ceil(BLOCK));
        for first in (0..outputs).step_by(PANEL) {
            for b in 0..inputs.div_ceil(BLOCK) {
                let mut packed = PanelBlock {
                    scales: [0.0; PANEL],
                    negated_sums: [0; PANEL],
                    quants: [0; PANEL * BLOCK],
                };
                for lane in 0..PANEL.min(outputs - first) {
                    let QuantisedBlock { scale, quants } = block(first + lane, b);
                    packed.scales[lane] = scale;
                    let sum: i32 = quants.iter().copied().map(i32::from).sum();
                    packed.negated_sums[lane] = -sum as i16;
                    match order {
                        Order::Pairs => scatter::<2>(&quants, lane, &mut packed.quants),
                        Order::Fours => scatter::<4>(&quants, lane, &mut packed.quants),
                    }
                }
                blocks.push(packed);
            }
        }
        Self {
            outputs,
            inputs,
            precision,
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

    /// Of the activations that it is packed for.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Groups of [`PANEL`] outputs; the last may be filled up.
    pub fn panels(&self) -> usize {
        self.outputs.div_ceil(PANEL)
    }

    /// Blocks in a row.
    pub(super) fn row_blocks(&self) -> usize {
        self.inputs.div_ceil(BLOCK)
    }

    /// All blocks of a panel.
    pub(super) fn panel(&self, panel: usize) -> &[PanelBlock] {
        let row_blocks = self.row_blocks();
        &self.blocks[panel * row_blocks..][..row_blocks]
    }
}

/// Puts an output's weights where [`Order::position`] says, `DEPTH` at a time.
fn scatter<const DEPTH: usize>(
    quants: &[i8; BLOCK],
    lane: usize,
    packed: &mut [i8; PANEL * BLOCK],
) {
    let (from, _) = quants.as_chunks::<DEPTH>();
    let (to, _) = packed.as_chunks_mut::<DEPTH>();
    for (to, from) in to.iter_mut().skip(lane).step_by(PANEL).zip(from) {
        *to = *from;
    }
}
