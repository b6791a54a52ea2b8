//! WebAssembly with fixed-width SIMD: a dot product of two sixteen-bit pairs per lane.

use std::arch::wasm32::*;

use super::pack::PanelBlock;
use super::tiles::{self, Rows, Tile};
use super::{BLOCK, Kernel, PANEL, PackedWeights};

/// Inputs per lane of a vector of sixteen-bit weights, and vectors of these in one of eight-bit weights.
const DEPTH: usize = 2;
const HALVES: usize = 2;

/// See the module.
pub struct Simd128;

impl Kernel for Simd128 {
    fn position(output: usize, input: usize) -> usize {
        (input / DEPTH * PANEL + output) * DEPTH + input % DEPTH
    }

    fn multiply(weights: &PackedWeights, xs: &[f32], bias: Option<&[f32]>, out: &mut [f32]) {
        tiles::multiply::<Self>(weights, xs, bias, out);
    }
}

impl Tile for Simd128 {
    #[inline(always)]
    unsafe fn tile<const R: usize, const P: usize>(
        rows: Rows,
        panels: [&[PanelBlock]; P],
    ) -> [[v128; P]; R] {
        let mut sums = [[f32x4_splat(0.0); P]; R];
        let (quants, scales) = (rows.quants.as_ptr(), rows.scales.as_ptr());
        for b in 0..rows.blocks {
            let mut dots = [[i32x4_splat(0); P]; R];
            // Safety: the caller promises `R` rows of `rows.blocks` blocks and as many blocks in each panel, so `b` is in
            // every panel, block `b` of row `r` lies within `quants` and `scales`, and a packed block has
            // `BLOCK / (DEPTH * HALVES)` vectors of weights.
            unsafe {
                for step in 0..BLOCK / (DEPTH * HALVES) {
                    let weights: [[v128; HALVES]; P] = std::array::from_fn(|p| {
                        let block = panels[p].get_unchecked(b);
                        let bytes = v128_load(block.quants.as_ptr().cast::<v128>().add(step));
                        [
                            i16x8_extend_low_i8x16(bytes),
                            i16x8_extend_high_i8x16(bytes),
                        ]
                    });
                    for (r, dots) in dots.iter_mut().enumerate() {
                        let at = (r * rows.blocks + b) * BLOCK + step * DEPTH * HALVES;
                        let xs: [v128; HALVES] = std::array::from_fn(|half| {
                            v128_load32_splat(quants.add(at + half * DEPTH).cast())
                        });
                        for (dot, [low, high]) in dots.iter_mut().zip(weights) {
                            let pair = i32x4_add(
                                i32x4_dot_i16x8(low, xs[0]),
                                i32x4_dot_i16x8(high, xs[1]),
                            );
                            *dot = i32x4_add(*dot, pair);
                        }
                    }
                }
                for p in 0..P {
                    let block = panels[p].get_unchecked(b);
                    let weight_scales = v128_load(block.scales.as_ptr().cast());
                    let weight_sums = v128_load(block.sums.as_ptr().cast());
                    for r in 0..R {
                        let x = &*scales.add(r * rows.blocks + b);
                        let scale = v128_load32_splat((&raw const x.scale).cast());
                        let least = v128_load32_splat((&raw const x.least).cast());
                        let dot = f32x4_mul(f32x4_convert_i32x4(dots[r][p]), scale);
                        let sum = f32x4_add(f32x4_mul(least, weight_sums), sums[r][p]);
                        sums[r][p] = f32x4_add(f32x4_mul(dot, weight_scales), sum);
                    }
                }
            }
        }
        sums
    }
}
