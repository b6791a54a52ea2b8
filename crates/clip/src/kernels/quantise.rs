//! Activations as whole numbers: each block of a row has a scale and a least value of its own.

use super::BLOCK;

/// The largest quantised activation; the smallest is 0. Fifteen bits: 32 products with eight-bit weights still fit 32 bits.
const MOST: f32 = 32767.0;

/// How to get a block's activations back: `x = scale * quant + least`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(super) struct BlockScale {
    pub(super) scale: f32,
    pub(super) least: f32,
}

/// Quantised rows; the buffers are kept from one product to the next.
#[derive(Default)]
pub(super) struct Activations {
    /// Row by row, each filled up with zeros to whole blocks.
    pub(super) quants: Vec<i16>,
    /// One per block, in the same order.
    pub(super) scales: Vec<BlockScale>,
}

impl Activations {
    /// Quantises rows of `inputs` numbers.
    pub(super) fn quantise(&mut self, xs: &[f32], inputs: usize) {
        let blocks = xs.len() / inputs * inputs.div_ceil(BLOCK);
        self.quants.clear();
        self.quants.resize(blocks * BLOCK, 0);
        self.scales.clear();
        self.scales.reserve(blocks);
        let mut quants = self.quants.chunks_exact_mut(BLOCK);
        for row in xs.chunks_exact(inputs) {
            for block in row.chunks(BLOCK) {
                // There is a chunk per block: the buffer was made so.
                if let Some(quants) = quants.next() {
                    self.scales.push(quantise_block(block, quants));
                }
            }
        }
    }
}

fn quantise_block(xs: &[f32], quants: &mut [i16]) -> BlockScale {
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    if let (Ok(xs), Ok(quants)) = (xs.try_into(), quants.try_into()) {
        return vector::quantise_block(xs, quants);
    }
    let least = xs.iter().copied().fold(f32::INFINITY, f32::min);
    let most = xs.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let scale = (most - least) / MOST;
    // Numbers so near to one another that their distance has no inverse are all the least.
    let inverse = 1.0 / scale;
    let inverse = if inverse.is_finite() { inverse } else { 0.0 };
    for (quant, x) in quants.iter_mut().zip(xs) {
        *quant = ((x - least) * inverse + 0.5) as i16;
    }
    BlockScale { scale, least }
}

/// The same for a whole block, four numbers at a time.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod vector {
    use std::arch::wasm32::*;

    use super::*;

    const VECTORS: usize = BLOCK / 4;

    pub(super) fn quantise_block(xs: &[f32; BLOCK], quants: &mut [i16; BLOCK]) -> BlockScale {
        // Safety: the block has as many vectors.
        let vectors: [v128; VECTORS] =
            std::array::from_fn(|i| unsafe { v128_load(xs.as_ptr().cast::<v128>().add(i)) });
        let least = across(|a, b| f32x4_pmin(a, b), vectors);
        let most = across(|a, b| f32x4_pmax(a, b), vectors);
        let scale = (most - least) / MOST;
        let inverse = 1.0 / scale;
        let inverse = f32x4_splat(if inverse.is_finite() { inverse } else { 0.0 });
        let (origin, half) = (f32x4_splat(least), f32x4_splat(0.5));
        let quant = |x: v128| {
            let value = f32x4_add(f32x4_mul(f32x4_sub(x, origin), inverse), half);
            i32x4_trunc_sat_f32x4(value)
        };
        let (eights, _) = quants.as_chunks_mut::<8>();
        for (to, from) in eights.iter_mut().zip(vectors.chunks_exact(2)) {
            let eight = i16x8_narrow_i32x4(quant(from[0]), quant(from[1]));
            // Safety: the array is as large as the vector.
            unsafe { v128_store(to.as_mut_ptr().cast(), eight) };
        }
        BlockScale { scale, least }
    }

    fn across(fold: impl Fn(v128, v128) -> v128, [a, b, c, d, e, f, g, h]: [v128; VECTORS]) -> f32 {
        let four = fold(fold(fold(a, b), fold(c, d)), fold(fold(e, f), fold(g, h)));
        let two = fold(four, i32x4_shuffle::<2, 3, 0, 1>(four, four));
        f32x4_extract_lane::<0>(fold(two, i32x4_shuffle::<1, 0, 3, 2>(two, two)))
    }
}
