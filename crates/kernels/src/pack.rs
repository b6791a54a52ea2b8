//! Weights in the order in which a kernel reads them.

use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::layout::{BLOCK, Order, PANEL};
use super::precision::Precision;
use super::quantised_block::QuantisedBlock;
use super::stored::{self, BlockType};

/// One block of [`PANEL`] outputs, as it lies in memory: what a tile reads lies one behind the
/// other.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(16))]
pub(super) struct PanelBlock {
    /// Scale per output.
    pub(super) scales: [f32; PANEL],
    /// Per output, the sum of the weights as whole numbers, negated: times the activations' offset
    /// it takes away what that adds to a dot product. To find it out again and again would be a
    /// fourth of the work for a few rows.
    pub(super) negated_sums: [i16; PANEL],
    /// In the order of [`Order::position`].
    pub(super) quants: [i8; PANEL * BLOCK],
}

impl PanelBlock {
    /// Of the blocks of some outputs; what is missing to a panel is zero.
    #[inline(always)]
    fn of(lanes: usize, order: Order, block: impl Fn(usize) -> QuantisedBlock) -> Self {
        let mut packed = Self {
            scales: [0.0; PANEL],
            negated_sums: [0; PANEL],
            quants: [0; PANEL * BLOCK],
        };
        for lane in 0..lanes {
            let QuantisedBlock { scale, quants } = block(lane);
            packed.scales[lane] = scale;
            let sum: i32 = quants.iter().copied().map(i32::from).sum();
            packed.negated_sums[lane] = -sum as i16;
            match order {
                Order::Pairs => scatter::<2>(&quants, lane, &mut packed.quants),
                Order::Fours => scatter::<4>(&quants, lane, &mut packed.quants),
            }
        }
        packed
    }
}

/// Calls the function that it is given for each of some rooms, on any threads.
pub type Share<'a> = dyn Fn(Vec<Room>, &(dyn Fn(Room) + Sync)) + 'a;

/// Where some panels go, which are packed by one thread.
pub struct Room<'a> {
    /// The first output, counted from the first that is packed at the same time.
    first: usize,
    /// Of whole panels.
    blocks: &'a mut [MaybeUninit<PanelBlock>],
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
    /// Packs a matrix. `block(output, b)` gives inputs `b * BLOCK..` of an output, and is asked for
    /// each once.
    pub fn pack(
        outputs: usize,
        inputs: usize,
        precision: Precision,
        block: &(dyn Fn(usize, usize) -> QuantisedBlock + Sync),
    ) -> Self {
        let mut packed = Self::empty(outputs, inputs, precision);
        packed.fill(packed.panels(), usize::MAX, block, &|rooms, pack| {
            rooms.into_iter().for_each(pack);
        });
        packed
    }

    /// Room for a matrix of which nothing is packed yet. Until all of it is, it must not be
    /// multiplied with.
    pub fn empty(outputs: usize, inputs: usize, precision: Precision) -> Self {
        let blocks = outputs.div_ceil(PANEL) * inputs.div_ceil(BLOCK);
        Self {
            outputs,
            inputs,
            precision,
            blocks: Vec::with_capacity(blocks),
        }
    }

    /// Packs the next rows, whole panels of them or all that are left, from how they are stored. A
    /// thread packs `portion` panels at a time.
    ///
    /// # Panics
    /// If there are other numbers of rows, or if `share` leaves a room out.
    pub fn pack_next(&mut self, rows: &[u8], of: BlockType, portion: usize, share: &Share) {
        let (row_blocks, bytes) = (self.row_blocks(), of.bytes());
        let count = rows.len() / (row_blocks * bytes).max(1);
        let left = self.outputs - (self.blocks.len() / row_blocks.max(1) * PANEL).min(self.outputs);
        assert!(
            count == left || count < left && count.is_multiple_of(PANEL),
            "whole panels"
        );
        // Each type has a loop of its own: one for all, with a choice in it, takes twice as long.
        match of {
            BlockType::Q8_0 => self.fill_decoded(rows, stored::q8_0, portion, share),
            BlockType::Q5_0 => self.fill_decoded(rows, stored::q5_0, portion, share),
            BlockType::Q4_0 => self.fill_decoded(rows, stored::q4_0, portion, share),
        }
    }

    /// The same for stored blocks of `BYTES` each.
    fn fill_decoded<const BYTES: usize>(
        &mut self,
        rows: &[u8],
        decode: impl Fn(&[u8; BYTES]) -> QuantisedBlock + Sync,
        portion: usize,
        share: &Share,
    ) {
        let row_blocks = self.row_blocks();
        let (blocks, _) = rows.as_chunks();
        let panels = (blocks.len() / row_blocks.max(1)).div_ceil(PANEL);
        let block = |row: usize, b: usize| decode(&blocks[row * row_blocks + b]);
        self.fill(panels, portion, block, share);
    }

    /// Packs the next `panels`, or as many as are left. `block` is as for [`pack`](Self::pack),
    /// with outputs counted from the first of these panels.
    fn fill(
        &mut self,
        panels: usize,
        portion: usize,
        block: impl Fn(usize, usize) -> QuantisedBlock + Sync,
        share: &Share,
    ) {
        let row_blocks = self.row_blocks();
        let packed = self.blocks.len() / row_blocks.max(1);
        let panels = panels.min(self.panels() - packed);
        let outputs = self.outputs - packed * PANEL;
        let portion = portion.clamp(1, panels.max(1));
        let order = self.precision.order();
        let rooms = self.blocks.spare_capacity_mut()[..panels * row_blocks]
            .chunks_mut((portion * row_blocks).max(1))
            .zip((0..).step_by(portion * PANEL))
            .map(|(blocks, first)| Room { first, blocks })
            .collect();
        let filled = AtomicUsize::new(0);
        share(rooms, &|room| {
            let firsts = (room.first..).step_by(PANEL);
            for (first, panel) in firsts.zip(room.blocks.chunks_mut(row_blocks)) {
                let lanes = PANEL.min(outputs - first);
                for (b, place) in panel.iter_mut().enumerate() {
                    place.write(PanelBlock::of(lanes, order, |lane| block(first + lane, b)));
                }
            }
            filled.fetch_add(room.blocks.len(), Ordering::Release);
        });
        let filled = filled.load(Ordering::Acquire);
        assert_eq!(filled, panels * row_blocks, "a room was left out");
        // Safety: within the capacity, and as many blocks behind the present length have been
        // written: a room can be given to the function only once, and is counted when it is full.
        unsafe { self.blocks.set_len(self.blocks.len() + filled) };
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
