//! WebAssembly with fixed-width SIMD.

use std::arch::wasm32::*;

use super::kernel::Kernel;
use super::layout::{BLOCK, LANES};
use super::loops::loops;
use super::out::Out;
use super::pack::PackedWeights;
use super::precision::Precision;
use super::product;
use super::product::Epilogue;
use super::tiles::Pairs;
use super::vector::Vector;

/// Its fastest products are of pairs of sixteen bits.
pub struct Simd128;

impl Kernel for Simd128 {
    fn name(&self) -> &'static str {
        "simd128"
    }

    fn coarse_precision(&self) -> Precision {
        Precision::Fifteen
    }

    fn fine_precision(&self) -> Precision {
        Precision::Fifteen
    }

    fn multiply(
        &self,
        weights: &PackedWeights,
        xs: &super::Activations,
        epilogue: Epilogue,
        out: Out,
    ) {
        // Safety: a module is only run where all its instructions are there.
        unsafe { product::multiply::<V128<false>, Pairs>(weights, xs, epilogue, out) };
    }

    loops!(V128<false>);
}

/// Vectors of 128 bits. `FUSED`: products and sums are rounded together where the processor does.
pub(super) struct V128<const FUSED: bool>;

/// Numbers within 2^22, added to this one, are rounded to whole ones, which the sum's last bits
/// are.
const WHOLE: f32 = 12_582_912.0;

/// The nearest whole numbers, of numbers within 2^22. Quicker than the instruction for it, which
/// has an answer for all.
#[inline(always)]
fn rounded(x: v128) -> v128 {
    i32x4_sub(
        f32x4_add(x, f32x4_splat(WHOLE)),
        i32x4_splat(WHOLE.to_bits().cast_signed()),
    )
}

impl<const FUSED: bool> Vector for V128<FUSED> {
    type F = v128;
    type I = v128;

    #[inline(always)]
    unsafe fn splat(x: f32) -> v128 {
        f32x4_splat(x)
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> v128 {
        // Safety: as promised by the caller; the instruction needs no alignment.
        unsafe { v128_load(from.cast()) }
    }

    #[inline(always)]
    unsafe fn store(x: v128, to: *mut f32) {
        // Safety: as in `load`.
        unsafe { v128_store(to.cast(), x) }
    }

    #[inline(always)]
    unsafe fn add(a: v128, b: v128) -> v128 {
        f32x4_add(a, b)
    }

    #[inline(always)]
    unsafe fn sub(a: v128, b: v128) -> v128 {
        f32x4_sub(a, b)
    }

    #[inline(always)]
    unsafe fn mul(a: v128, b: v128) -> v128 {
        f32x4_mul(a, b)
    }

    #[inline(always)]
    unsafe fn div(a: v128, b: v128) -> v128 {
        f32x4_div(a, b)
    }

    #[inline(always)]
    unsafe fn mul_add(a: v128, b: v128, c: v128) -> v128 {
        #[cfg(target_feature = "relaxed-simd")]
        if FUSED {
            return f32x4_relaxed_madd(a, b, c);
        }
        f32x4_add(f32x4_mul(a, b), c)
    }

    #[inline(always)]
    unsafe fn max(a: v128, b: v128) -> v128 {
        f32x4_pmax(a, b)
    }

    #[inline(always)]
    unsafe fn min(a: v128, b: v128) -> v128 {
        f32x4_pmin(a, b)
    }

    #[inline(always)]
    unsafe fn abs(x: v128) -> v128 {
        f32x4_abs(x)
    }

    #[inline(always)]
    unsafe fn round(x: v128) -> v128 {
        f32x4_nearest(x)
    }

    #[inline(always)]
    unsafe fn power_of_two(x: v128) -> v128 {
        // The sum's last bits are the exponent with its bias; the shift drops the others.
        i32x4_shl(f32x4_add(x, f32x4_splat(WHOLE + 127.0)), 23)
    }

    #[inline(always)]
    unsafe fn sums([a, b, c, d]: [v128; 4]) -> [f32; 4] {
        // Sums of neighbours, from two vectors to one.
        let fold = |a: v128, b: v128| {
            f32x4_add(
                i32x4_shuffle::<0, 2, 4, 6>(a, b),
                i32x4_shuffle::<1, 3, 5, 7>(a, b),
            )
        };
        let mut sums = [0.0; 4];
        // Safety: the array is as large as the vector.
        unsafe { v128_store(sums.as_mut_ptr().cast(), fold(fold(a, b), fold(c, d))) };
        sums
    }

    #[inline(always)]
    unsafe fn max_lane(x: v128) -> f32 {
        let two = f32x4_pmax(x, i32x4_shuffle::<2, 3, 0, 1>(x, x));
        f32x4_extract_lane::<0>(f32x4_pmax(two, i32x4_shuffle::<1, 0, 3, 2>(two, two)))
    }

    #[inline(always)]
    unsafe fn max_sum_of_eight(sums: v128) -> f32 {
        let neighbours = f32x4_add(sums, i32x4_shuffle::<1, 0, 3, 2>(sums, sums));
        f32x4_extract_lane::<0>(neighbours).max(f32x4_extract_lane::<2>(neighbours))
    }

    #[inline(always)]
    unsafe fn store_rounded(x: v128, to: *mut i32) {
        // Safety: as in `load`.
        unsafe { v128_store(to.cast(), rounded(x)) }
    }

    #[inline(always)]
    unsafe fn words_of_bytes(
        [a, b, c, d, e, f, g, h]: [v128; BLOCK / LANES],
        offset: i32,
    ) -> [u32; BLOCK / 4] {
        let offset = i16x8_splat(offset as i16);
        let eight = |a, b| i16x8_add(i16x8_narrow_i32x4(rounded(a), rounded(b)), offset);
        let mut words = [0; BLOCK / 4];
        let to: *mut v128 = words.as_mut_ptr().cast();
        // Safety: the array is as large as two vectors; the instruction needs no alignment.
        unsafe {
            v128_store(to, u8x16_narrow_i16x8(eight(a, b), eight(c, d)));
            v128_store(to.add(1), u8x16_narrow_i16x8(eight(e, f), eight(g, h)));
        }
        words
    }

    #[inline(always)]
    unsafe fn words_of_fifteens(xs: [v128; BLOCK / LANES]) -> [u32; BLOCK / 2] {
        let mut words = [0; BLOCK / 2];
        let (pairs, _) = xs.as_chunks::<2>();
        for (i, &[a, b]) in pairs.iter().enumerate() {
            // Safety: the array is as large as four vectors; the instruction needs no alignment.
            unsafe {
                let to: *mut v128 = words.as_mut_ptr().cast();
                v128_store(to.add(i), i16x8_narrow_i32x4(rounded(a), rounded(b)));
            }
        }
        words
    }

    #[inline(always)]
    unsafe fn zero() -> v128 {
        i32x4_splat(0)
    }

    #[inline(always)]
    unsafe fn to_f32(x: v128) -> v128 {
        f32x4_convert_i32x4(x)
    }

    #[inline(always)]
    unsafe fn splat_word(from: *const u32) -> v128 {
        // Safety: as in `load`.
        unsafe { v128_load32_splat(from) }
    }

    #[inline(always)]
    unsafe fn load_pairs(from: *const i8) -> v128 {
        const { assert!(LANES == 4) }
        // Safety: as in `load`.
        unsafe { i16x8_load_extend_i8x8(from) }
    }

    #[inline(always)]
    unsafe fn add_dot_of_pairs(sum: v128, a: v128, b: v128) -> v128 {
        i32x4_add(sum, i32x4_dot_i16x8(a, b))
    }
}
