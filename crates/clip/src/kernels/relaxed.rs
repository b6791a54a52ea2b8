//! WebAssembly with relaxed SIMD: a dot product of four eight-bit by seven-bit pairs per lane, and a fused multiply-add.

use std::arch::wasm32::*;
use std::cell::RefCell;
use std::thread::LocalKey;

use super::pack::PanelBlock;
use super::quantise::Activations;
use super::tiles::{self, Rows, Tile};
use super::{BLOCK, Kernel, PANEL, PackedWeights};

/// Inputs per lane of a vector of weights.
const DEPTH: usize = 4;

/// Activations in seven bits.
pub struct Relaxed;

impl Kernel for Relaxed {
    fn position(output: usize, input: usize) -> usize {
        (input / DEPTH * PANEL + output) * DEPTH + input % DEPTH
    }

    fn multiply(weights: &PackedWeights, xs: &[f32], bias: Option<&[f32]>, out: &mut [f32]) {
        tiles::multiply::<Self>(weights, xs, bias, out);
    }
}

impl Tile for Relaxed {
    type Quant = u8;

    fn buffers() -> &'static LocalKey<RefCell<Activations<u8>>> {
        thread_local!(static BUFFERS: RefCell<Activations<u8>> = RefCell::default());
        &BUFFERS
    }

    #[inline(always)]
    unsafe fn tile<const R: usize, const P: usize>(
        rows: Rows<u8>,
        panels: [&[PanelBlock]; P],
    ) -> [[v128; P]; R] {
        let mut sums = [[f32x4_splat(0.0); P]; R];
        let (quants, scales) = (rows.quants.as_ptr(), rows.scales.as_ptr());
        for b in 0..rows.blocks {
            let mut dots = [[i32x4_splat(0); P]; R];
            // Safety: the caller promises `R` rows of `rows.blocks` blocks and as many blocks in each panel, so `b` is in
            // every panel, block `b` of row `r` lies within `quants` and `scales`, and a packed block has
            // `BLOCK / DEPTH` vectors of weights.
            unsafe {
                for step in 0..BLOCK / DEPTH {
                    let weights: [v128; P] = std::array::from_fn(|p| {
                        let block = panels[p].get_unchecked(b);
                        v128_load(block.quants.as_ptr().cast::<v128>().add(step))
                    });
                    for (r, dots) in dots.iter_mut().enumerate() {
                        let at = (r * rows.blocks + b) * BLOCK + step * DEPTH;
                        let xs = v128_load32_splat(quants.add(at).cast());
                        for (dot, weights) in dots.iter_mut().zip(weights) {
                            *dot = i32x4_relaxed_dot_i8x16_i7x16_add(weights, xs, *dot);
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
                        let sum = f32x4_relaxed_madd(least, weight_sums, sums[r][p]);
                        sums[r][p] = f32x4_relaxed_madd(dot, weight_scales, sum);
                    }
                }
            }
        }
        sums
    }
}
