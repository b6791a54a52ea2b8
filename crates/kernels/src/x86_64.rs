//! x86-64 with AVX2 and FMA, which all but the oldest processors have, and with the dot products of
//! AVX-512 VNNI besides.

use std::arch::x86_64::*;

use super::activations::Activations;
use super::kernel::Kernel;
use super::layout::LANES;
use super::loops::loops;
use super::out::Out;
use super::pack::PackedWeights;
use super::precision::Precision;
use super::product;
use super::product::Epilogue;
use super::tiles::{BytesBySixteen, EightsBy32, FourteensBy32, Pairs};
use super::vector::{Bytes, BytesAtOnce, Vector};

/// Multiplies bytes into sixteen bits, and pairs of sixteen bits.
pub struct Avx2(());

/// Multiplies bytes and adds four products up in one instruction, on vectors of 256 bits.
pub struct Vnni(());

/// Those whose instructions the processor has, the quickest first.
pub fn available() -> impl Iterator<Item = &'static dyn Kernel> {
    let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let vnni =
        avx2 && is_x86_feature_detected!("avx512vnni") && is_x86_feature_detected!("avx512vl");
    let vnni = vnni.then_some(&Vnni(()) as &dyn Kernel);
    let avx2 = avx2.then_some(&Avx2(()) as &dyn Kernel);
    vnni.into_iter().chain(avx2)
}

/// [`Kernel::multiply`] by tiles of a type, compiled for instructions that the rest of the program
/// is not.
macro_rules! multiply {
    ($tile:ty, $features:literal) => {{
        #[target_feature(enable = $features)]
        unsafe fn compiled_so(
            weights: &PackedWeights,
            xs: &Activations,
            epilogue: Epilogue,
            out: Out,
        ) {
            // Safety: passed on to the caller.
            unsafe { product::multiply::<V256, $tile>(weights, xs, epilogue, out) }
        }
        compiled_so
    }};
}

impl Kernel for Avx2 {
    fn name(&self) -> &'static str {
        "AVX2"
    }

    fn coarse_precision(&self) -> Precision {
        Precision::Seven
    }

    fn fine_precision(&self) -> Precision {
        Precision::Fifteen
    }

    fn multiply(&self, weights: &PackedWeights, xs: &Activations, epilogue: Epilogue, out: Out) {
        // Safety: `available` has found the instructions.
        unsafe {
            match weights.precision() {
                Precision::Seven => {
                    multiply!(BytesBySixteen, "avx2,fma")(weights, xs, epilogue, out);
                }
                _ => multiply!(Pairs, "avx2,fma")(weights, xs, epilogue, out),
            }
        }
    }

    loops!(V256, target_feature(enable = "avx2,fma"));
}

impl Kernel for Vnni {
    fn name(&self) -> &'static str {
        "AVX-512 VNNI"
    }

    fn coarse_precision(&self) -> Precision {
        Precision::Eight
    }

    fn fine_precision(&self) -> Precision {
        Precision::Fourteen
    }

    fn multiply(&self, weights: &PackedWeights, xs: &Activations, epilogue: Epilogue, out: Out) {
        // Safety: `available` has found the instructions.
        unsafe {
            match weights.precision() {
                Precision::Eight => {
                    multiply!(EightsBy32, "avx2,fma,avx512vnni,avx512vl")(
                        weights, xs, epilogue, out,
                    );
                }
                _ => {
                    multiply!(FourteensBy32, "avx2,fma,avx512vnni,avx512vl")(
                        weights, xs, epilogue, out,
                    );
                }
            }
        }
    }

    loops!(V256, target_feature(enable = "avx2,fma"));
}

/// Vectors of 256 bits.
struct V256;

impl Vector for V256 {
    type F = __m256;
    type I = __m256i;

    #[inline(always)]
    unsafe fn splat(x: f32) -> __m256 {
        // Safety: the caller has promised that the processor has the instruction.
        unsafe { _mm256_set1_ps(x) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> __m256 {
        const { assert!(LANES == 8) }
        // Safety: as promised by the caller; the instruction needs no alignment.
        unsafe { _mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(x: __m256, to: *mut f32) {
        // Safety: as promised by the caller; the instruction needs no alignment.
        unsafe { _mm256_storeu_ps(to, x) }
    }

    #[inline(always)]
    unsafe fn add(a: __m256, b: __m256) -> __m256 {
        // Safety: the caller has promised that the processor has the instruction.
        unsafe { _mm256_add_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn sub(a: __m256, b: __m256) -> __m256 {
        // Safety: the caller has promised that the processor has the instruction.
        unsafe { _mm256_sub_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn mul(a: __m256, b: __m256) -> __m256 {
        // Safety: the caller has promised that the processor has the instruction.
        unsafe { _mm256_mul_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn div(a: __m256, b: __m256) -> __m256 {
        // Safety: the caller has promised that the processor has the instruction.
        unsafe { _mm256_div_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn mul_add(a: __m256, b: __m256, c: __m256) -> __m256 {
        // Safety: the caller has promised that the processor has the instruction.
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    unsafe fn max(a: __m256, b: __m256) -> __m256 {
        // Safety: the caller has promised that the processor has the instruction.
        unsafe { _mm256_max_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn min(a: __m256, b: __m256) -> __m256 {
        // Safety: the caller has promised that the processor has the instruction.
        unsafe { _mm256_min_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn abs(x: __m256) -> __m256 {
        // Safety: the caller has promised that the processor has the instruction.
        unsafe { _mm256_andnot_ps(_mm256_set1_ps(-0.0), x) }
    }

    #[inline(always)]
    unsafe fn round(x: __m256) -> __m256 {
        // Safety: the caller has promised that the processor has the instruction.
        unsafe { _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(x) }
    }

    #[inline(always)]
    unsafe fn power_of_two(x: __m256) -> __m256 {
        // Safety: the caller has promised that the processor has the instruction.
        unsafe {
            let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(x), _mm256_set1_epi32(127));
            _mm256_castsi256_ps(_mm256_slli_epi32::<23>(exponent))
        }
    }

    #[inline(always)]
    unsafe fn sums([a, b, c, d]: [__m256; 4]) -> [f32; 4] {
        let mut sums = [0.0; 4];
        // Safety: the caller has promised that the processor has the instruction.
        unsafe {
            let halves = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
            let (low, high) = (
                _mm256_castps256_ps128(halves),
                _mm256_extractf128_ps::<1>(halves),
            );
            _mm_storeu_ps(sums.as_mut_ptr(), _mm_add_ps(low, high));
        }
        sums
    }

    #[inline(always)]
    unsafe fn max_lane(x: __m256) -> f32 {
        // Safety: the caller has promised that the processor has the instruction.
        unsafe {
            let four = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x));
            let two = _mm_max_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)))
        }
    }

    #[inline(always)]
    unsafe fn max_sum_of_eight(sums: __m256) -> f32 {
        // Safety: the caller has promised that the processor has the instruction.
        unsafe {
            let four = _mm_add_ps(
                _mm256_castps256_ps128(sums),
                _mm256_extractf128_ps::<1>(sums),
            );
            let neighbours = _mm_hadd_ps(four, four);
            _mm_cvtss_f32(_mm_max_ss(neighbours, _mm_movehdup_ps(neighbours)))
        }
    }

    #[inline(always)]
    unsafe fn store_rounded(x: __m256, to: *mut i32) {
        // Safety: as promised by the caller; the instruction needs no alignment.
        unsafe { _mm256_storeu_si256(to.cast(), _mm256_cvtps_epi32(x)) }
    }

    #[inline(always)]
    unsafe fn zero() -> __m256i {
        // Safety: the caller has promised that the processor has the instruction.
        unsafe { _mm256_setzero_si256() }
    }

    #[inline(always)]
    unsafe fn to_f32(x: __m256i) -> __m256 {
        // Safety: the caller has promised that the processor has the instruction.
        unsafe { _mm256_cvtepi32_ps(x) }
    }

    #[inline(always)]
    unsafe fn splat_word(from: *const u32) -> __m256i {
        // Safety: as promised by the caller; the instruction needs no alignment.
        unsafe { _mm256_set1_epi32(*from as i32) }
    }

    #[inline(always)]
    unsafe fn load_pairs(from: *const i8) -> __m256i {
        // Safety: as promised by the caller; the instruction needs no alignment.
        unsafe { _mm256_cvtepi8_epi16(_mm_loadu_si128(from.cast())) }
    }

    #[inline(always)]
    unsafe fn add_dot_of_pairs(sum: __m256i, a: __m256i, b: __m256i) -> __m256i {
        // Safety: the caller has promised that the processor has the instruction.
        unsafe { _mm256_add_epi32(sum, _mm256_madd_epi16(a, b)) }
    }
}

// Safety: as above.
impl Bytes for V256 {
    #[inline(always)]
    unsafe fn load_bytes(from: *const i8) -> __m256i {
        // Safety: as promised by the caller; the instruction needs no alignment.
        unsafe { _mm256_loadu_si256(from.cast()) }
    }

    #[inline(always)]
    unsafe fn dots_of_pairs(a: __m256i, b: __m256i) -> __m256i {
        // Safety: the caller has promised that the processor has the instruction.
        unsafe { _mm256_maddubs_epi16(b, a) }
    }

    #[inline(always)]
    unsafe fn add_16(a: __m256i, b: __m256i) -> __m256i {
        // Safety: the caller has promised that the processor has the instruction.
        unsafe { _mm256_add_epi16(a, b) }
    }

    #[inline(always)]
    unsafe fn sub_16(a: __m256i, b: __m256i) -> __m256i {
        // Safety: the caller has promised that the processor has the instruction.
        unsafe { _mm256_sub_epi16(a, b) }
    }

    #[inline(always)]
    unsafe fn add_32(a: __m256i, b: __m256i) -> __m256i {
        // Safety: the caller has promised that the processor has the instruction.
        unsafe { _mm256_add_epi32(a, b) }
    }

    #[inline(always)]
    unsafe fn add_up(x: __m256i) -> __m256i {
        // Safety: the caller has promised that the processor has the instruction.
        unsafe { _mm256_madd_epi16(x, _mm256_set1_epi16(1)) }
    }
}

// Safety: as above, where the processor has AVX-512 VNNI and VL.
impl BytesAtOnce for V256 {
    #[inline(always)]
    unsafe fn add_dot_of_fours(sum: __m256i, a: __m256i, b: __m256i) -> __m256i {
        // Safety: the caller has promised that the processor has the instruction.
        unsafe { _mm256_dpbusd_epi32(sum, b, a) }
    }

    #[inline(always)]
    unsafe fn load_16_times_two_to<const SHIFT: u32>(from: *const i16) -> __m256i {
        // Safety: as promised by the caller; the instruction needs no alignment.
        unsafe {
            let numbers = _mm256_cvtepi16_epi32(_mm_loadu_si128(from.cast()));
            _mm256_sll_epi32(numbers, _mm_cvtsi32_si128(SHIFT as i32))
        }
    }

    #[inline(always)]
    unsafe fn times_128(x: __m256i) -> __m256i {
        // Safety: the caller has promised that the processor has the instruction.
        unsafe { _mm256_slli_epi32::<7>(x) }
    }
}
