//! The loops around the vector kernels: which rows and outputs are computed together, and where results go.
//!
//! A tile has as many rows and panels as V8 keeps in registers: four by two.

use std::arch::wasm32::{f32x4_add, v128, v128_load, v128_store};
use std::cell::RefCell;

use super::pack::PanelBlock;
use super::quantise::{Activations, BlockScale};
use super::{BLOCK, PANEL, PackedWeights};

/// Rows and panels of a tile.
const ROWS: usize = 4;
const PANELS: usize = 2;

thread_local! {
    /// Kept from one product to the next.
    static BUFFERS: RefCell<Activations> = RefCell::default();
}

/// Activations of some rows, as a tile reads them: row after row, `blocks` blocks each.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) quants: &'a [i16],
    pub(super) scales: &'a [BlockScale],
    pub(super) blocks: usize,
}

/// The innermost loop of a vector kernel.
pub(super) trait Tile {
    /// Products of `R` rows with `P` panels.
    ///
    /// # Safety
    /// `rows` must have at least `R` rows, and every panel exactly `rows.blocks` blocks.
    unsafe fn tile<const R: usize, const P: usize>(
        rows: Rows,
        panels: [&[PanelBlock]; P],
    ) -> [[v128; P]; R];
}

/// See [`super::Kernel::multiply`].
pub(super) fn multiply<T: Tile>(
    weights: &PackedWeights,
    xs: &[f32],
    bias: Option<&[f32]>,
    out: &mut [f32],
) {
    weights.check(xs, bias, out);
    BUFFERS.with_borrow_mut(|activations| {
        activations.quantise(xs, weights.inputs());
        let mut panels = weights.panels();
        let mut first = 0;
        while let Some(left) = panels.next() {
            let mut columns = Columns {
                out: &mut *out,
                outputs: weights.outputs(),
                first,
                bias,
            };
            match panels.next() {
                Some(right) => every_row::<T, PANELS>(activations, [left, right], &mut columns),
                None => every_row::<T, 1>(activations, [left], &mut columns),
            }
            first += PANELS * PANEL;
        }
    });
}

fn every_row<T: Tile, const P: usize>(
    activations: &Activations,
    panels: [&[PanelBlock]; P],
    columns: &mut Columns,
) {
    let blocks = panels[0].len();
    let rows = activations.scales.len() / blocks;
    let mut row = 0;
    while row < rows {
        let rest = Rows {
            quants: &activations.quants[row * blocks * BLOCK..],
            scales: &activations.scales[row * blocks..],
            blocks,
        };
        // Safety: `rest` has `rows - row` rows, and no tile below is asked for more; all panels are of one matrix.
        unsafe {
            match rows - row {
                1 => columns.store(row, T::tile::<1, P>(rest, panels)),
                2 => columns.store(row, T::tile::<2, P>(rest, panels)),
                3 => columns.store(row, T::tile::<3, P>(rest, panels)),
                _ => columns.store(row, T::tile::<ROWS, P>(rest, panels)),
            }
        }
        row += ROWS;
    }
}

/// Where the results of some panels belong.
struct Columns<'a> {
    out: &'a mut [f32],
    outputs: usize,
    /// The first panel's first output.
    first: usize,
    bias: Option<&'a [f32]>,
}

impl Columns<'_> {
    #[inline(always)]
    fn store<const R: usize, const P: usize>(&mut self, row: usize, tile: [[v128; P]; R]) {
        for (r, panels) in tile.into_iter().enumerate() {
            let row = &mut self.out[(row + r) * self.outputs..][..self.outputs];
            for (p, results) in panels.into_iter().enumerate() {
                let first = self.first + p * PANEL;
                let bias = self.bias.map(|bias| &bias[first..]);
                let row = &mut row[first..];
                if row.len() >= PANEL {
                    // Safety: there are four numbers at `row`, and as many at `bias`, which is as long.
                    unsafe {
                        let results = match bias {
                            Some(bias) => f32x4_add(results, v128_load(bias.as_ptr().cast())),
                            None => results,
                        };
                        v128_store(row.as_mut_ptr().cast(), results);
                    }
                } else {
                    let mut lanes = [0f32; PANEL];
                    // Safety: the array is as large as the vector.
                    unsafe { v128_store(lanes.as_mut_ptr().cast(), results) };
                    for (lane, y) in row.iter_mut().enumerate() {
                        *y = lanes[lane] + bias.map_or(0.0, |bias| bias[lane]);
                    }
                }
            }
        }
    }
}
