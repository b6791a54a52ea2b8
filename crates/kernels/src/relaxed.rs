//! WebAssembly with relaxed SIMD: products of eight by seven bits, and fused multiplication and
//! addition.
//!
//! Behind one instruction, `i32x4.relaxed_dot_i8x16_i7x16_add`, engines put quite different things.
//! Where the processor has it as it is (Arm's SDOT, x86's VNNI), nothing is quicker, and where it
//! takes bytes without a sign, as VNNI does, an activation may have eight bits instead of seven. An
//! older x86 multiplies bytes only into sixteen bits, and widening these after each product costs
//! more than the product; there, products are added up in sixteen bits first.

use std::arch::wasm32::*;
use std::hint::black_box;

use super::kernel::Kernel;
use super::loops::loops;
use super::out::Out;
use super::pack::PackedWeights;
use super::precision::Precision;
use super::product;
use super::product::Epilogue;
use super::simd128::V128;
use super::tiles::{BytesBySixteen, EightsBy32, FourteensBy32, Pairs, SevensBy32};
use super::vector::{Bytes, BytesAtOnce};

/// See the module. Which one a processor has is found out by [`Relaxed::of_the_processor`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relaxed {
    /// The processor adds up four products of bytes in one instruction, and those of activations
    /// have no sign.
    AtOnceWithoutSign,
    /// The same, where nothing is known of bytes that do not fit seven bits.
    AtOnce,
    /// The processor multiplies bytes into sixteen bits.
    BySixteen,
}

impl Relaxed {
    /// Asks for a product outside of what the instruction promises.
    pub fn of_the_processor() -> Self {
        let (least, most) = (i8x16_splat(black_box(-128)), u8x16_splat(black_box(255)));
        let sums = i32x4_relaxed_dot_i8x16_i7x16_add(least, most, i32x4_splat(0));
        match i32x4_extract_lane::<0>(sums) {
            -130_560 => Self::AtOnceWithoutSign,
            // Sums of two products have passed through sixteen bits on their way, and stopped at
            // the smallest number of that size.
            -65_536 => Self::BySixteen,
            _ => Self::AtOnce,
        }
    }
}

/// The one that suits the processor.
pub fn active() -> &'static Relaxed {
    match Relaxed::of_the_processor() {
        Relaxed::AtOnceWithoutSign => &Relaxed::AtOnceWithoutSign,
        Relaxed::AtOnce => &Relaxed::AtOnce,
        Relaxed::BySixteen => &Relaxed::BySixteen,
    }
}

impl Kernel for Relaxed {
    fn name(&self) -> &'static str {
        match self {
            Self::AtOnceWithoutSign => "relaxed, dot products at once, without a sign",
            Self::AtOnce => "relaxed, dot products at once",
            Self::BySixteen => "relaxed, dot products by sixteen bits",
        }
    }

    fn coarse_precision(&self) -> Precision {
        match self {
            Self::AtOnceWithoutSign => Precision::Eight,
            Self::AtOnce | Self::BySixteen => Precision::Seven,
        }
    }

    fn fine_precision(&self) -> Precision {
        match self {
            Self::AtOnceWithoutSign | Self::AtOnce => Precision::Fourteen,
            Self::BySixteen => Precision::Fifteen,
        }
    }

    fn multiply(
        &self,
        weights: &PackedWeights,
        xs: &super::Activations,
        epilogue: Epilogue,
        out: Out,
    ) {
        type V = V128<true>;
        let multiply = match (weights.precision(), self) {
            (Precision::Fifteen, _) => product::multiply::<V, Pairs>,
            (Precision::Seven, Self::BySixteen) => product::multiply::<V, BytesBySixteen>,
            (Precision::Seven, _) => product::multiply::<V, SevensBy32>,
            (Precision::Eight, _) => product::multiply::<V, EightsBy32>,
            (Precision::Fourteen, _) => product::multiply::<V, FourteensBy32>,
        };
        // Safety: a module is only run where all its instructions are there.
        unsafe { multiply(weights, xs, epilogue, out) };
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
    unsafe fn load_16_times_two_to<const SHIFT: u32>(from: *const i16) -> v128 {
        // Safety: as in `load_bytes`.
        i32x4_shl(unsafe { i32x4_load_extend_i16x4(from) }, SHIFT)
    }

    #[inline(always)]
    unsafe fn times_128(x: v128) -> v128 {
        i32x4_shl(x, 7)
    }
}
