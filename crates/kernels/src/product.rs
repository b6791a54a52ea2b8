//! Products with packed weights, for vector kernels: which rows and outputs are computed together, and what becomes of
//! the results.
//!
//! The smallest piece is a tile: a panel, and as many rows as V8 keeps in sixteen registers. All tiles of a panel have the same
//! weights, which thereby stay in the nearest cache, so rows are the inner loop.

use std::ops::Range;

use super::functions;
use super::pack::PanelBlock;
use super::tiles::{Rows, Tile};
use super::vector::{Vector, array};
use super::{Activations, LANES, PANEL, PackedWeights, VECTORS};
use crate::Activation;

/// What becomes of the results of a product, in this order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Finish<'a> {
    /// Added to each row; one per output.
    pub bias: Option<&'a [f32]>,
    /// Applied to each result.
    pub activation: Option<Activation>,
    /// Add to what is there, instead of replacing it: a residual connection.
    pub residual: bool,
}

/// Rows of results, which several threads may fill in at once.
///
/// Whoever shares one hands out rows and columns so that no two threads write to the same place, and reads nothing
/// until all are done.
pub struct Out<'a> {
    first: *mut f32,
    length: usize,
    columns: usize,
    rows: std::marker::PhantomData<&'a mut [f32]>,
}

// Safety: it is a slice that threads write to at different places, as its users promise.
unsafe impl Send for Out<'_> {}
// Safety: the same.
unsafe impl Sync for Out<'_> {}

impl<'a> Out<'a> {
    /// Rows of `columns` results.
    ///
    /// # Panics
    /// If `results` holds no whole rows.
    pub fn new(results: &'a mut [f32], columns: usize) -> Self {
        assert_eq!(results.len() % columns.max(1), 0, "whole rows");
        Self {
            first: results.as_mut_ptr(),
            length: results.len(),
            columns,
            rows: std::marker::PhantomData,
        }
    }

    /// Results in a row.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.length / self.columns.max(1)
    }

    /// Results of a row from a column on.
    ///
    /// # Safety
    /// No other thread uses them meanwhile.
    ///
    /// # Panics
    /// If they are not there.
    #[inline(always)]
    #[allow(clippy::mut_from_ref, reason = "the caller shares it out")]
    pub(super) unsafe fn at(&self, row: usize, columns: Range<usize>) -> &mut [f32] {
        let begin = row * self.columns + columns.start;
        assert!(columns.start <= columns.end && columns.end <= self.columns && row < self.rows());
        // Safety: it lies within the slice that this was made of, and the caller has it alone.
        unsafe { std::slice::from_raw_parts_mut(self.first.add(begin), columns.len()) }
    }
}

/// See [`super::Kernel::multiply`].
///
/// # Safety
/// The processor must have the instructions of `V`. No other thread uses these panels of `out` meanwhile.
#[inline(always)]
pub(super) unsafe fn multiply<V: Vector, T: Tile<V>>(
    weights: &PackedWeights,
    xs: &Activations,
    panels: Range<usize>,
    finish: Finish,
    out: &Out,
) {
    check(weights, xs, &panels, finish, out);
    assert!(weights.precision().order() == T::ORDER && xs.group() == T::ROWS);
    let mut known = Vec::new();
    for panel in panels {
        // Safety: `check` has compared all shapes, and the rest is the caller's promise.
        unsafe { every_row::<V, T>(weights, xs, panel, &mut known, finish, out) };
    }
}

/// Panics unless all shapes fit.
pub(super) fn check(
    weights: &PackedWeights,
    xs: &Activations,
    panels: &Range<usize>,
    finish: Finish,
    out: &Out,
) {
    assert_eq!(xs.inputs(), weights.inputs(), "inputs");
    assert_eq!(xs.precision(), weights.precision(), "precision");
    assert_eq!(out.columns(), weights.outputs(), "outputs");
    assert_eq!(out.rows(), xs.rows(), "rows");
    assert!(panels.end <= weights.panels(), "panels");
    let outputs = weights.outputs();
    assert!(
        finish.bias.is_none_or(|bias| bias.len() == outputs),
        "biases"
    );
}

/// # Safety
/// As [`multiply`], whose shapes must have been checked.
#[inline(always)]
unsafe fn every_row<V: Vector, T: Tile<V>>(
    weights: &PackedWeights,
    xs: &Activations,
    panel: usize,
    known: &mut Vec<T::Known>,
    finish: Finish,
    out: &Out,
) {
    let blocks = weights.panel(panel);
    // Safety: the caller's promise.
    unsafe { T::find_out(blocks, known) };
    let columns = panel * PANEL..out.columns().min((panel + 1) * PANEL);
    let mut bias = [0.0; PANEL];
    if let Some(all) = finish.bias {
        bias[..columns.len()].copy_from_slice(&all[columns.clone()]);
    }
    let finish = FinishOfPanel {
        columns,
        // Safety: a panel has as many vectors; the rest is the caller's promise.
        bias: array!(unsafe { V::splat(0.0) }; VECTORS, |v| unsafe { V::load(bias.as_ptr().add(v * LANES)) }),
        activation: finish.activation,
        residual: finish.residual,
    };
    let mut row = 0;
    while row < xs.rows() {
        let (words, scales) = xs.group_and_after(row / T::ROWS);
        let rows = Rows {
            words: words.as_ptr(),
            scales: scales.as_ptr(),
            blocks: blocks.len(),
        };
        let (blocks, known) = (blocks.as_ptr(), known.as_ptr());
        // Safety: groups have `T::ROWS` rows, the last one the rest, and a panel has a row's blocks.
        unsafe {
            // What a kernel has no tiles for is not compiled for it.
            match (xs.rows() - row).min(T::ROWS) {
                1 => some_rows::<V, T, 1>(rows, blocks, known, row, &finish, out),
                2 => some_rows::<V, T, 2>(rows, blocks, known, row, &finish, out),
                3 => some_rows::<V, T, 3>(rows, blocks, known, row, &finish, out),
                4 if T::ROWS >= 4 => some_rows::<V, T, 4>(rows, blocks, known, row, &finish, out),
                5 if T::ROWS >= 5 => some_rows::<V, T, 5>(rows, blocks, known, row, &finish, out),
                _ => unreachable!("no tile has more than five rows"),
            }
        }
        row += T::ROWS;
    }
}

/// [`Finish`] for the outputs of one panel.
struct FinishOfPanel<V: Vector> {
    /// Those outputs.
    columns: Range<usize>,
    bias: [V::F; VECTORS],
    activation: Option<Activation>,
    residual: bool,
}

/// Computes a tile, finishes it, and puts it where it belongs.
///
/// # Safety
/// As [`Tile::tile`]; no other thread uses these places of `out`.
#[inline(always)]
unsafe fn some_rows<V: Vector, T: Tile<V>, const R: usize>(
    rows: Rows,
    blocks: *const PanelBlock,
    known: *const T::Known,
    row: usize,
    finish: &FinishOfPanel<V>,
    out: &Out,
) {
    // Safety: the caller's promise.
    let mut sums = [[unsafe { V::splat(0.0) }; VECTORS]; R];
    // Safety: the same.
    unsafe { T::tile(rows, blocks, known, &mut sums) };
    for (r, results) in sums.iter().enumerate() {
        // Safety: the caller's promise.
        let to = unsafe { out.at(row + r, finish.columns.clone()) };
        match <&mut [f32; PANEL]>::try_from(&mut *to) {
            // Safety: the caller's promise.
            Ok(to) => unsafe { finish_row(results, finish, to) },
            Err(_) => {
                let mut whole = [0.0; PANEL];
                whole[..to.len()].copy_from_slice(to);
                // Safety: the same.
                unsafe { finish_row(results, finish, &mut whole) };
                to.copy_from_slice(&whole[..to.len()]);
            }
        }
    }
}

/// # Safety
/// The processor must have the instructions of `V`.
#[inline(always)]
unsafe fn finish_row<V: Vector>(
    results: &[V::F; VECTORS],
    finish: &FinishOfPanel<V>,
    to: &mut [f32; PANEL],
) {
    for (v, &result) in results.iter().enumerate() {
        // Safety: as promised by the caller, and `to` is as long as these vectors.
        unsafe {
            let to = to.as_mut_ptr().add(v * LANES);
            let mut result = V::add(result, finish.bias[v]);
            if let Some(activation) = finish.activation {
                result = functions::activate::<V>(activation, result);
            }
            if finish.residual {
                result = V::add(result, V::load(to));
            }
            V::store(result, to);
        }
    }
}
