//! Weights in the order in which a kernel reads them.

use super::activations::offset;
use super::{BLOCK, Order, PANEL, PANELS_OF_A_TILE, Precision};

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

/// One block of [`PANEL`] outputs, as it lies in memory.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(16))]
pub(super) struct PanelBlock {
    /// Scale per output.
    pub(super) scales: [f32; PANEL],
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
    /// What the activations' [`offset`] adds to a dot product with a block, taken away, where they have one: for
    /// [`PANELS_OF_A_TILE`] panels at a time, block by block, and in a block panel by panel. Found out once, because it would be
    /// a fourth of the work for a few rows.
    corrections: Vec<[i32; PANEL]>,
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
        let (panels, row_blocks) = (outputs.div_ceil(PANEL), inputs.div_ceil(BLOCK));
        let mut blocks = Vec::with_capacity(panels * row_blocks);
        let tiles = panels.next_multiple_of(PANELS_OF_A_TILE);
        let mut corrections = match offset(precision) {
            0 => Vec::new(),
            _ => vec![[0; PANEL]; tiles * row_blocks],
        };
        for (panel, first) in (0..outputs).step_by(PANEL).enumerate() {
            for b in 0..row_blocks {
                let mut packed = PanelBlock {
                    scales: [0.0; PANEL],
                    quants: [0; PANEL * BLOCK],
                };
                for lane in 0..PANEL.min(outputs - first) {
                    let QuantisedBlock { scale, quants } = block(first + lane, b);
                    packed.scales[lane] = scale;
                    if let Some(correction) =
                        corrections.get_mut(correction_of(panel, b, row_blocks))
                    {
                        let sum: i32 = quants.iter().copied().map(i32::from).sum();
                        correction[lane] = -offset(precision) * sum;
                    }
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
            corrections,
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

    /// The corrections of the panels of a tile from one of them on, where there are any: block by block, those of a block
    /// [`PANELS_OF_A_TILE`] behind those of the last.
    pub(super) fn corrections(&self, first: usize) -> &[[i32; PANEL]] {
        let row_blocks = self.row_blocks();
        let end = (first / PANELS_OF_A_TILE + 1) * PANELS_OF_A_TILE * row_blocks;
        &self.corrections[correction_of(first, 0, row_blocks)..end]
    }
}

/// Where the correction of a block of a panel lies.
const fn correction_of(panel: usize, b: usize, row_blocks: usize) -> usize {
    let (tile, p) = (panel / PANELS_OF_A_TILE, panel % PANELS_OF_A_TILE);
    (tile * row_blocks + b) * PANELS_OF_A_TILE + p
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
