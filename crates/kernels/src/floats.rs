//! Products with weights that are numbers and not blocks of whole ones, for vector kernels.
//!
//! Where rows of weights are short, as in the first blocks of a convolutional tower, filling them
//! up to whole blocks and quantising what they are multiplied with costs as much as f32 does, and
//! such weights bear eight bits badly.

use std::ops::Range;

use super::layout::{LANES, PANEL, ROWS, VECTORS};
use super::out::Out;
use super::product::{Epilogue, PanelEpilogue};
use super::vector::{Vector, array};

/// A weight matrix of `outputs x inputs` in f32.
#[derive(Clone, Debug)]
pub struct FloatWeights {
    outputs: usize,
    inputs: usize,
    /// Panel by panel, in a panel input by input, and of an input output by output; outputs that
    /// fill up the last panel are zero.
    numbers: Vec<f32>,
}

impl FloatWeights {
    /// From a matrix, row by row.
    ///
    /// # Panics
    /// If it has another size.
    pub fn pack(outputs: usize, inputs: usize, matrix: &[f32]) -> Self {
        assert_eq!(matrix.len(), outputs * inputs, "a matrix");
        let mut numbers = vec![0.0; outputs.div_ceil(PANEL) * PANEL * inputs];
        for (output, row) in matrix.chunks_exact(inputs.max(1)).enumerate() {
            let first = output / PANEL * PANEL * inputs + output % PANEL;
            let places = numbers[first..].iter_mut().step_by(PANEL);
            places.zip(row).for_each(|(place, weight)| *place = *weight);
        }
        Self {
            outputs,
            inputs,
            numbers,
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

    /// Groups of [`PANEL`] outputs; the last may be filled up.
    pub fn panels(&self) -> usize {
        self.outputs.div_ceil(PANEL)
    }

    /// The weights of an output and an input.
    pub(super) fn weight(&self, output: usize, input: usize) -> f32 {
        self.numbers[(output / PANEL * self.inputs + input) * PANEL + output % PANEL]
    }

    /// The panels whose outputs `out` has. Panics unless all shapes fit.
    pub(super) fn check(&self, xs: &[f32], epilogue: Epilogue, out: &Out) -> Range<usize> {
        let rows = out.rows();
        assert!(
            rows.start == 0 && xs.len() == rows.end * self.inputs,
            "rows"
        );
        epilogue.panels(self.outputs, out)
    }
}

/// See [`super::Kernel::multiply_floats`].
///
/// # Safety
/// The processor must have the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn multiply<V: Vector>(
    weights: &FloatWeights,
    xs: &[f32],
    epilogue: Epilogue,
    mut out: Out,
) {
    let panels = weights.check(xs, epilogue, &out);
    let (inputs, rows) = (weights.inputs, out.rows().end);
    for panel in panels {
        let of_panel = &weights.numbers[panel * PANEL * inputs..][..PANEL * inputs];
        // Safety: `check` has compared all shapes, and the rest is the caller's promise.
        unsafe {
            let epilogue = PanelEpilogue::<V>::new(epilogue, panel, &out);
            let mut row = 0;
            while row < rows {
                let xs = &xs[row * inputs..];
                let (sums, count) = if row + ROWS <= rows {
                    (sums::<V, ROWS>(of_panel, xs, inputs), ROWS)
                } else {
                    let [sums] = sums::<V, 1>(of_panel, xs, inputs);
                    ([sums; ROWS], 1)
                };
                for sums in &sums[..count] {
                    epilogue.put(sums, row, &mut out);
                    row += 1;
                }
            }
        }
    }
}

/// The products of `R` rows with a panel's weights.
///
/// # Safety
/// The processor must have the instructions of `V`; there are as many rows and weights.
#[inline(always)]
unsafe fn sums<V: Vector, const R: usize>(
    weights: &[f32],
    xs: &[f32],
    inputs: usize,
) -> [[V::F; VECTORS]; R] {
    debug_assert!(xs.len() >= R * inputs && weights.len() == PANEL * inputs);
    let (mut xs, mut weights) = (xs.as_ptr(), weights.as_ptr());
    // Safety: the caller's promise.
    unsafe {
        let mut sums = [[V::splat(0.0); VECTORS]; R];
        for _ in 0..inputs {
            let loaded = array!(V::splat(0.0); VECTORS, |v| V::load(weights.add(v * LANES)));
            for (r, sums) in sums.iter_mut().enumerate() {
                let x = V::splat(*xs.add(r * inputs));
                for (sum, &weight) in sums.iter_mut().zip(&loaded) {
                    *sum = V::mul_add(x, weight, *sum);
                }
            }
            (xs, weights) = (xs.wrapping_add(1), weights.wrapping_add(PANEL));
        }
        sums
    }
}
