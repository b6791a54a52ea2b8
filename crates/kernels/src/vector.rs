//! The vector operations that the kernels' loops are written in. A file named after an architecture
//! says what they are there; all have [`LANES`](super::LANES) lanes.
//!
//! Every function is unsafe for one reason, besides the pointers that some take: the processor must
//! have the instructions that the implementing type is named after. The loops pass that promise on
//! to whoever picks the kernel.

use super::layout::{BLOCK, LANES};
use super::words::{words_of_bytes, words_of_fifteens};

/// Vectors of f32, and products of sixteen by eight bits.
pub(super) trait Vector: 'static {
    /// `LANES` numbers.
    type F: Copy;
    /// As many whole numbers of 32 bits, twice as many of 16, or four times as many of 8.
    type I: Copy;

    unsafe fn splat(x: f32) -> Self::F;
    /// # Safety
    /// There are `LANES` numbers at `from`.
    unsafe fn load(from: *const f32) -> Self::F;
    /// # Safety
    /// There is room for `LANES` numbers at `to`.
    unsafe fn store(x: Self::F, to: *mut f32);
    unsafe fn add(a: Self::F, b: Self::F) -> Self::F;
    unsafe fn sub(a: Self::F, b: Self::F) -> Self::F;
    unsafe fn mul(a: Self::F, b: Self::F) -> Self::F;
    unsafe fn div(a: Self::F, b: Self::F) -> Self::F;
    /// `a * b + c`, rounded once or twice.
    unsafe fn mul_add(a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    /// Of ordinary numbers; one of the two where one is none.
    unsafe fn max(a: Self::F, b: Self::F) -> Self::F;
    /// As [`Vector::max`].
    unsafe fn min(a: Self::F, b: Self::F) -> Self::F;
    unsafe fn abs(x: Self::F) -> Self::F;
    /// To the nearest whole number, as f32.
    unsafe fn round(x: Self::F) -> Self::F;
    /// Two to the power of a whole number from -126 to 127.
    unsafe fn power_of_two(x: Self::F) -> Self::F;
    /// The sum of all lanes of each.
    unsafe fn sums(xs: [Self::F; 4]) -> [f32; 4];
    unsafe fn max_lane(x: Self::F) -> f32;
    /// The lanes hold sums over some inputs, those of input `i` in lane `i % LANES`. Adds up the
    /// lanes of inputs with `i % 4` of 0 or 1, and those of 2 or 3, and gives the larger sum.
    unsafe fn max_sum_of_eight(sums: Self::F) -> f32;
    /// Rounds to the nearest whole number, which is within 2^22.
    ///
    /// # Safety
    /// There is room for `LANES` numbers at `to`.
    unsafe fn store_rounded(x: Self::F, to: *mut i32);
    /// A block's numbers, rounded to whole ones that are bytes once `offset` is added, as
    /// [`words_of_bytes`].
    unsafe fn words_of_bytes(xs: [Self::F; BLOCK / LANES], offset: i32) -> [u32; BLOCK / 4] {
        // Safety: passed on to the caller.
        words_of_bytes(&unsafe { rounded::<Self>(xs) }, offset)
    }

    /// A block's numbers, rounded to whole ones of sixteen bits, as [`words_of_fifteens`].
    unsafe fn words_of_fifteens(xs: [Self::F; BLOCK / LANES]) -> [u32; BLOCK / 2] {
        // Safety: passed on to the caller.
        words_of_fifteens(&unsafe { rounded::<Self>(xs) })
    }

    /// Zeros.
    unsafe fn zero() -> Self::I;
    /// From 32 bits.
    unsafe fn to_f32(x: Self::I) -> Self::F;
    /// One word in every lane.
    ///
    /// # Safety
    /// There is a word at `from`.
    unsafe fn splat_word(from: *const u32) -> Self::I;
    /// Sixteen bits each, extended from eight.
    ///
    /// # Safety
    /// There are `2 * LANES` bytes at `from`.
    unsafe fn load_pairs(from: *const i8) -> Self::I;
    /// Adds to each lane of 32 bits the products of its two of sixteen.
    unsafe fn add_dot_of_pairs(sum: Self::I, a: Self::I, b: Self::I) -> Self::I;
}

/// A block's numbers, rounded to whole ones.
///
/// # Safety
/// The processor must have the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn rounded<V: Vector + ?Sized>(xs: [V::F; BLOCK / LANES]) -> [i32; BLOCK] {
    let mut numbers = [0; BLOCK];
    for (i, x) in xs.into_iter().enumerate() {
        // Safety: a block has as many vectors; the rest is the caller's promise.
        unsafe { V::store_rounded(x, numbers.as_mut_ptr().add(i * LANES)) };
    }
    numbers
}

/// Dot products of bytes, those of weights with those of activations.
#[cfg(any(target_arch = "x86_64", target_feature = "relaxed-simd"))]
pub(super) trait Bytes: Vector {
    /// # Safety
    /// There are `4 * LANES` bytes at `from`.
    unsafe fn load_bytes(from: *const i8) -> Self::I;
    /// Two bytes are multiplied by two and added up, in each lane of sixteen bits. `b` is from 0
    /// to 127.
    unsafe fn dots_of_pairs(a: Self::I, b: Self::I) -> Self::I;
    /// In lanes of sixteen bits, keeping the lowest of each result.
    unsafe fn add_16(a: Self::I, b: Self::I) -> Self::I;
    /// As [`Bytes::add_16`].
    unsafe fn sub_16(a: Self::I, b: Self::I) -> Self::I;
    /// In lanes of 32 bits.
    unsafe fn add_32(a: Self::I, b: Self::I) -> Self::I;
    /// The sum of the two numbers of sixteen bits in each lane of 32.
    unsafe fn add_up(x: Self::I) -> Self::I;
}

/// The same, added up in 32 bits at once: for processors that have an instruction for it.
#[cfg(any(target_arch = "x86_64", target_feature = "relaxed-simd"))]
pub(super) trait BytesAtOnce: Bytes {
    /// Adds to each lane of 32 bits the products of its four of eight. `b` is from 0 to 127, or to
    /// 255 where a kernel has [`Precision::Eight`](super::Precision::Eight).
    unsafe fn add_dot_of_fours(sum: Self::I, a: Self::I, b: Self::I) -> Self::I;
    /// Numbers of sixteen bits in lanes of 32, times two to the power of `SHIFT`.
    ///
    /// # Safety
    /// There are [`LANES`](super::LANES) numbers at `from`.
    unsafe fn load_16_times_two_to<const SHIFT: u32>(from: *const i16) -> Self::I;
    /// Times 128, in lanes of 32 bits.
    unsafe fn times_128(x: Self::I) -> Self::I;
}

/// An array of `$count`, each as `$value` says of its `$index`; `$filler` is what it holds before.
///
/// In the place of `array::from_fn` and `map`: their closures are functions of their own, and where
/// the compiler does not inline them, they are compiled without the instructions that a kernel has
/// been compiled for.
macro_rules! array {
    ($filler:expr; $count:expr, |$index:ident| $value:expr) => {{
        let mut array = [$filler; $count];
        for ($index, element) in array.iter_mut().enumerate() {
            *element = $value;
        }
        array
    }};
}
pub(super) use array;

/// Adds the products of so many steps, from where `$words` and `$weights` point, to `$sums`:
/// `$adds` of what there is already, the weights of an output and the activations of a row, of
/// which a step has `$depth` each. A macro for the reason that `array` is one.
///
/// A loop with no way around it, of pointers that step on: so V8 keeps `$sums` where they are, and
/// computes few addresses.
macro_rules! each_product {
    ($load:expr, $depth:literal, $turns:expr, $words:expr, $weights:expr, $sums:ident, |$sum:ident, $of:ident, $xs:ident| $adds:expr) => {{
        let (mut words, mut weights, mut left) = ($words, $weights, $turns);
        loop {
            let loaded = array!(V::zero(); VECTORS, |v| $load(weights.add(v * $depth * LANES)));
            for (r, sums) in $sums.iter_mut().enumerate() {
                let $xs = V::splat_word(words.add(r));
                for (sum, &$of) in sums.iter_mut().zip(&loaded) {
                    let $sum = *sum;
                    *sum = $adds;
                }
            }
            left -= 1;
            if left == 0 {
                break;
            }
            (words, weights) = (words.add($sums.len()), weights.add($depth * PANEL));
        }
    }};
}
pub(super) use each_product;
