//! WebAssembly with relaxed SIMD: products of eight by seven bits, and fused multiplication and addition.
//!
//! Behind one instruction, `i32x4.relaxed_dot_i8x16_i7x16_add`, engines put quite different things. Where the processor has
//! it as it is (Arm's SDOT, x86's VNNI), nothing is quicker. An older x86 multiplies bytes only into sixteen bits, and
//! widening these after each product costs more than the product; there, products are added up in sixteen bits first.

use std::arch::wasm32::*;
use std::hint::black_box;

use super::product;
use super::simd128::V128;
use super::tiles::{BytesBy32, BytesBySixteen, Pairs, Tile};
use super::vector::{Bytes, BytesAtOnce, loops};
use super::{Finish, Kernel, Out, PackedWeights, Precision};

/// See the module.
pub struct Relaxed {
    /// The processor adds up four products of bytes in one instruction.
    at_once: bool,
}

impl Relaxed {
    /// For processors that add up four products of bytes in one instruction.
    pub const AT_ONCE: Self = Self { at_once: true };
    /// For processors that do not.
    pub const BY_SIXTEEN: Self = Self { at_once: false };
}

/// The one that suits the processor.
pub fn active() -> &'static Relaxed {
    match adds_up_at_once() {
        true => &Relaxed::AT_ONCE,
        false => &Relaxed::BY_SIXTEEN,
    }
}

/// Asks for a product outside of what the instruction promises: where sums of two products pass through sixteen bits on their
/// way, they stop at the smallest number of that size.
fn adds_up_at_once() -> bool {
    let (least, most) = (i8x16_splat(black_box(-128)), u8x16_splat(black_box(255)));
    let sums = i32x4_relaxed_dot_i8x16_i7x16_add(least, most, i32x4_splat(0));
    i32x4_extract_lane::<0>(sums) != 2 * i32::from(i16::MIN)
}

impl Kernel for Relaxed {
    fn name(&self) -> &'static str {
        match self.at_once {
            true => "relaxed, dot products at once",
            false => "relaxed, dot products by sixteen bits",
        }
    }

    fn coarse_precision(&self) -> Precision {
        Precision::Seven
    }

    fn fine_precision(&self) -> Precision {
        match self.at_once {
            true => Precision::Fourteen,
            false => Precision::Fifteen,
        }
    }

    fn rows(&self, precision: Precision) -> usize {
        type V = V128<true>;
        match (precision, self.at_once) {
            (Precision::Fifteen, _) => <Pairs as Tile<V>>::ROWS,
            (Precision::Seven, false) => <BytesBySixteen as Tile<V>>::ROWS,
            (Precision::Seven, true) => <BytesBy32<1> as Tile<V>>::ROWS,
            (Precision::Fourteen, _) => <BytesBy32<2> as Tile<V>>::ROWS,
        }
    }

    fn multiply(
        &self,
        weights: &PackedWeights,
        xs: &super::Activations,
        panels: std::ops::Range<usize>,
        finish: Finish,
        out: &Out,
    ) {
        type V = V128<true>;
        let multiply = match (weights.precision(), self.at_once) {
            (Precision::Fifteen, _) => product::multiply::<V, Pairs>,
            (Precision::Seven, false) => product::multiply::<V, BytesBySixteen>,
            (Precision::Seven, true) => product::multiply::<V, BytesBy32<1>>,
            (Precision::Fourteen, _) => product::multiply::<V, BytesBy32<2>>,
        };
        // Safety: a module is only run where all its instructions are there; the caller shares panels out.
        unsafe { multiply(weights, xs, panels, finish, out) };
    }

    loops!(V128<true>);
}

impl Bytes for V128<true> {
    #[inline(always)]
    unsafe fn load_bytes(from: *const i8) -> v128 {
        // Safety: as promised by the caller; the instruction needs no alignment.
        unsafe { v128_load(from.cast()) }
    }

    #[inline(always)]
    unsafe fn dots_of_pairs(a: v128, b: v128) -> v128 {
        i16x8_relaxed_dot_i8x16_i7x16(a, b)
    }

    #[inline(always)]
    unsafe fn add_16(a: v128, b: v128) -> v128 {
        i16x8_add(a, b)
    }

    #[inline(always)]
    unsafe fn sub_16(a: v128, b: v128) -> v128 {
        i16x8_sub(a, b)
    }

    #[inline(always)]
    unsafe fn add_32(a: v128, b: v128) -> v128 {
        i32x4_add(a, b)
    }

    #[inline(always)]
    unsafe fn add_up(x: v128) -> v128 {
        i32x4_dot_i16x8(x, i16x8_splat(1))
    }
}

impl BytesAtOnce for V128<true> {
    #[inline(always)]
    unsafe fn add_dot_of_fours(sum: v128, a: v128, b: v128) -> v128 {
        i32x4_relaxed_dot_i8x16_i7x16_add(a, b, sum)
    }

    #[inline(always)]
    unsafe fn sub_32(a: v128, b: v128) -> v128 {
        i32x4_sub(a, b)
    }

    #[inline(always)]
    unsafe fn times_128(x: v128) -> v128 {
        i32x4_shl(x, 7)
    }
}
