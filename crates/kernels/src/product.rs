//! Products with packed weights, for vector kernels: which rows and outputs are computed together,
//! and what becomes of the results.
//!
//! The smallest piece is a tile of one block: as many rows as V8 keeps dot products of in sixteen
//! registers. All rows take a block of weights before any takes the next: so weights come from
//! memory as evenly as they are computed with, and not all of a panel's while its first rows wait.

use std::ops::Range;

use super::activations::{Activations, Rows, in_threes, rows_at_once, words_of};
use super::functions;
use super::functions::Activation;
use super::layout::{LANES, PANEL, ROWS, VECTORS};
use super::out::Out;
use super::pack::{PackedWeights, PanelBlock};
use super::tiles::{Block, Tile, rolled};
use super::vector::{Vector, array};

/// Rows that take a block of weights one after the other, at most: what they have added up stays in
/// the nearest cache, and their activations in the next.
pub(super) const MOST_ROWS: usize = 40 * ROWS;

/// Bytes of weights that all rows pass before the next are taken: they stay in a cache meanwhile.
const PANELS_BYTES: usize = 256 << 10;

/// What becomes of the results of a product, in this order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Epilogue<'a> {
    /// Added to each row; one per output.
    pub bias: Option<&'a [f32]>,
    /// Applied to each result.
    pub activation: Option<Activation>,
    /// Add to what is there, instead of replacing it: a residual connection.
    pub residual: bool,
}

impl Epilogue<'_> {
    /// The panels whose outputs `out` has, of `outputs` altogether. Panics unless there is a bias
    /// for each output, and the panels are whole.
    pub(super) fn panels(&self, outputs: usize, out: &Out) -> Range<usize> {
        let is_whole = self.bias.is_none_or(|bias| bias.len() == outputs);
        assert!(is_whole, "biases");
        out.panels(outputs)
    }
}

/// See [`super::Kernel::multiply`].
///
/// # Safety
/// The processor must have the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn multiply<V: Vector, T: Tile<V>>(
    weights: &PackedWeights,
    xs: &Activations,
    epilogue: Epilogue,
    mut out: Out,
) {
    let panels = check(weights, xs, epilogue, &out);
    let precision = weights.precision();
    assert!(precision.order() == T::ORDER && words_of(precision) == T::WORDS);
    let panel_bytes = weights.row_blocks().max(1) * size_of::<PanelBlock>();
    let at_once = (PANELS_BYTES / panel_bytes).max(1);
    for first in panels.clone().step_by(at_once) {
        let panels = first..panels.end.min(first + at_once);
        // Safety: `check` has compared all shapes, and the rest is the caller's promise.
        unsafe { multiply_panels::<V, T>(weights, xs, panels, epilogue, &mut out) };
    }
}

/// [`multiply`] for panels that a cache holds.
///
/// # Safety
/// As [`multiply`], whose shapes must have been checked.
#[inline(always)]
unsafe fn multiply_panels<V: Vector, T: Tile<V>>(
    weights: &PackedWeights,
    xs: &Activations,
    panels: Range<usize>,
    epilogue: Epilogue,
    out: &mut Out,
) {
    let turns = rolled(T::TURNS);
    let mut known = Vec::new();
    // Safety: the caller's promise.
    let mut sums = [[unsafe { V::splat(0.0) }; VECTORS]; MOST_ROWS];
    let mut first = 0;
    while first < xs.rows() {
        let rows = xs.rows_from(first);
        let sums = &mut sums[..rows_at_once(xs.rows() - first, MOST_ROWS)];
        for panel in panels.clone() {
            let blocks = weights.panel(panel);
            // Safety: of each block there is something known; the rest is the caller's promise.
            unsafe {
                T::find_out(blocks, &mut known);
                sums.fill([V::splat(0.0); VECTORS]);
                for (b, weights) in blocks.iter().enumerate() {
                    let known = known.as_ptr().add(b);
                    let block = Block {
                        weights,
                        known,
                        turns,
                    };
                    add_block::<V, T>(rows, (b, blocks.len()), &block, sums);
                }
                let epilogue = PanelEpilogue::<V>::new(epilogue, panel, out);
                for (r, results) in sums.iter().enumerate() {
                    epilogue.put(results, first + r, out);
                }
            }
        }
        first += sums.len();
    }
}

/// The panels whose outputs `out` has. Panics unless all shapes fit.
pub(super) fn check(
    weights: &PackedWeights,
    xs: &Activations,
    epilogue: Epilogue,
    out: &Out,
) -> Range<usize> {
    assert_eq!(xs.inputs(), weights.inputs(), "inputs");
    assert_eq!(xs.precision(), weights.precision(), "precision");
    assert_eq!(out.rows(), 0..xs.rows(), "rows");
    epilogue.panels(weights.outputs(), out)
}

/// Adds products of a block of as many rows as there are `sums` with a block of weights: of each
/// row block `b` of so many. `rows` is where the first begins.
///
/// # Safety
/// As [`Tile::add_block`], for the groups that the rows are in.
#[inline(always)]
unsafe fn add_block<V: Vector, T: Tile<V>>(
    rows: Rows,
    (b, blocks): (usize, usize),
    block: &Block<T::Known>,
    sums: &mut [[V::F; VECTORS]],
) {
    let (threes, rest) = sums.split_at_mut(in_threes(sums.len()));
    let (twos, one) = rest.as_chunks_mut();
    // Safety: the caller's promise.
    unsafe {
        let rows = add_groups::<V, T, ROWS>(rows, (b, blocks), block, threes.as_chunks_mut().0);
        let rows = add_groups::<V, T, 2>(rows, (b, blocks), block, twos);
        add_groups::<V, T, 1>(rows, (b, blocks), block, one.as_chunks_mut().0);
    }
}

/// The same for groups of `R` rows. Gives where the first row behind them begins.
///
/// # Safety
/// As [`add_block`].
#[inline(always)]
unsafe fn add_groups<V: Vector, T: Tile<V>, const R: usize>(
    mut rows: Rows,
    (b, blocks): (usize, usize),
    block: &Block<T::Known>,
    groups: &mut [[[V::F; VECTORS]; R]],
) -> Rows {
    for sums in groups {
        // Safety: the caller's promise: in a group, the blocks of one number lie side by side.
        unsafe { T::add_block(rows.after(b * R, T::WORDS), block, sums) };
        rows = rows.after(blocks * R, T::WORDS);
    }
    rows
}

/// [`Epilogue`] for the outputs of one panel.
pub(super) struct PanelEpilogue<V: Vector> {
    /// Those outputs.
    columns: Range<usize>,
    bias: [V::F; VECTORS],
    activation: Option<Activation>,
    residual: bool,
}

impl<V: Vector> PanelEpilogue<V> {
    /// # Safety
    /// The processor must have the instructions of `V`.
    #[inline(always)]
    pub(super) unsafe fn new(epilogue: Epilogue, panel: usize, out: &Out) -> Self {
        let columns = panel * PANEL..out.columns().end.min((panel + 1) * PANEL);
        let mut bias = [0.0; PANEL];
        if let Some(all) = epilogue.bias {
            bias[..columns.len()].copy_from_slice(&all[columns.clone()]);
        }
        let bias = bias.as_ptr();
        // Safety: a panel has as many vectors; the rest is the caller's promise.
        let bias = unsafe { array!(V::splat(0.0); VECTORS, |v| V::load(bias.add(v * LANES))) };
        Self {
            columns,
            bias,
            activation: epilogue.activation,
            residual: epilogue.residual,
        }
    }

    /// Epiloguees a row's results and puts them where they belong.
    ///
    /// # Safety
    /// The processor must have the instructions of `V`.
    #[inline(always)]
    pub(super) unsafe fn put(&self, results: &[V::F; VECTORS], row: usize, out: &mut Out) {
        let [to] = out.at(row, self.columns.clone());
        match <&mut [f32; PANEL]>::try_from(&mut *to) {
            // Safety: the same.
            Ok(to) => unsafe { self.epilogue(results, to) },
            Err(_) => {
                let mut whole = [0.0; PANEL];
                whole[..to.len()].copy_from_slice(to);
                // Safety: the same.
                unsafe { self.epilogue(results, &mut whole) };
                to.copy_from_slice(&whole[..to.len()]);
            }
        }
    }

    /// # Safety
    /// The processor must have the instructions of `V`.
    #[inline(always)]
    unsafe fn epilogue(&self, results: &[V::F; VECTORS], to: &mut [f32; PANEL]) {
        for (v, &result) in results.iter().enumerate() {
            // Safety: as promised by the caller, and `to` is as long as these vectors.
            unsafe {
                let to = to.as_mut_ptr().add(v * LANES);
                let mut result = V::add(result, self.bias[v]);
                if let Some(activation) = self.activation {
                    result = functions::activate::<V>(activation, result);
                }
                if self.residual {
                    result = V::add(result, V::load(to));
                }
                V::store(result, to);
            }
        }
    }
}
