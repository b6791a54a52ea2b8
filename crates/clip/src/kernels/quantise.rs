//! Activations as whole numbers: each block of a row has a scale and a least value of its own.

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use std::arch::wasm32::*;

use super::BLOCK;

/// A number that quantised activations are kept in.
pub(super) trait Quant: Copy + Default {
    /// The largest that a kernel multiplies exactly; the smallest is 0.
    const MOST: f32;

    /// From a number between 0 and [`Quant::MOST`], rounded down.
    fn from_f32(value: f32) -> Self;

    /// Stores eight whole numbers between 0 and [`Quant::MOST`].
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    fn store(low: v128, high: v128, to: &mut [Self; 8]);
}

impl Quant for u8 {
    /// Seven bits: `i32x4.relaxed_dot_i8x16_i7x16_add` gives the same on every engine only for these.
    const MOST: f32 = 127.0;

    fn from_f32(value: f32) -> Self {
        value as Self
    }

    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    fn store(low: v128, high: v128, to: &mut [Self; 8]) {
        let eight = i16x8_narrow_i32x4(low, high);
        let bytes = u8x16_narrow_i16x8(eight, eight);
        // Safety: the array is as large as the lane.
        unsafe { v128_store64_lane::<0>(bytes, to.as_mut_ptr().cast()) };
    }
}

impl Quant for i16 {
    /// Fifteen bits: 32 products with eight-bit weights still fit 32 bits.
    const MOST: f32 = 32767.0;

    fn from_f32(value: f32) -> Self {
        value as Self
    }

    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    fn store(low: v128, high: v128, to: &mut [Self; 8]) {
        // Safety: the array is as large as the vector.
        unsafe { v128_store(to.as_mut_ptr().cast(), i16x8_narrow_i32x4(low, high)) };
    }
}

/// How to get a block's activations back: `x = scale * quant + least`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(super) struct BlockScale {
    pub(super) scale: f32,
    pub(super) least: f32,
}

/// Quantised rows; the buffers are kept from one product to the next.
#[derive(Default)]
pub(super) struct Activations<Q> {
    /// Row by row, each filled up with zeros to whole blocks.
    pub(super) quants: Vec<Q>,
    /// One per block, in the same order.
    pub(super) scales: Vec<BlockScale>,
}

impl<Q: Quant> Activations<Q> {
    /// Quantises rows of `inputs` numbers.
    pub(super) fn quantise(&mut self, xs: &[f32], inputs: usize) {
        let blocks = xs.len() / inputs * inputs.div_ceil(BLOCK);
        self.quants.clear();
        self.quants.resize(blocks * BLOCK, Q::default());
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

fn quantise_block<Q: Quant>(xs: &[f32], quants: &mut [Q]) -> BlockScale {
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    if let (Ok(xs), Ok(quants)) = (xs.try_into(), quants.try_into()) {
        return vector::quantise_block(xs, quants);
    }
    let least = xs.iter().copied().fold(f32::INFINITY, f32::min);
    let most = xs.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let scale = (most - least) / Q::MOST;
    // Numbers so near to one another that their distance has no inverse are all the least.
    let inverse = 1.0 / scale;
    let inverse = if inverse.is_finite() { inverse } else { 0.0 };
    for (quant, x) in quants.iter_mut().zip(xs) {
        *quant = Q::from_f32((x - least) * inverse + 0.5);
    }
    BlockScale { scale, least }
}

/// The same for a whole block, four numbers at a time.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod vector {
    use super::*;

    const VECTORS: usize = BLOCK / 4;

    pub(super) fn quantise_block<Q: Quant>(
        xs: &[f32; BLOCK],
        quants: &mut [Q; BLOCK],
    ) -> BlockScale {
        // Safety: the block has as many vectors.
        let vectors: [v128; VECTORS] =
            std::array::from_fn(|i| unsafe { v128_load(xs.as_ptr().cast::<v128>().add(i)) });
        let least = across(|a, b| f32x4_pmin(a, b), vectors);
        let most = across(|a, b| f32x4_pmax(a, b), vectors);
        let scale = (most - least) / Q::MOST;
        let inverse = 1.0 / scale;
        let inverse = f32x4_splat(if inverse.is_finite() { inverse } else { 0.0 });
        let (origin, half) = (f32x4_splat(least), f32x4_splat(0.5));
        let quant = |x: v128| {
            let value = f32x4_add(f32x4_mul(f32x4_sub(x, origin), inverse), half);
            i32x4_trunc_sat_f32x4(value)
        };
        let (eights, _) = quants.as_chunks_mut::<8>();
        for (to, from) in eights.iter_mut().zip(vectors.chunks_exact(2)) {
            Q::store(quant(from[0]), quant(from[1]), to);
        }
        BlockScale { scale, least }
    }

    fn across(fold: impl Fn(v128, v128) -> v128, [a, b, c, d, e, f, g, h]: [v128; VECTORS]) -> f32 {
        let four = fold(fold(fold(a, b), fold(c, d)), fold(fold(e, f), fold(g, h)));
        let two = fold(four, i32x4_shuffle::<2, 3, 0, 1>(four, four));
        f32x4_extract_lane::<0>(fold(two, i32x4_shuffle::<1, 0, 3, 2>(two, two)))
    }
}
