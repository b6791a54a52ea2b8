//! From f32 to whole numbers, for vector kernels.

use super::activations::{Groups, offset};
use super::layout::{BLOCK, LANES};
use super::precision::{MOST_OF_EIGHT, Precision};
use super::vector::{Vector, array};

/// Vectors in a block.
const VECTORS: usize = BLOCK / LANES;

/// See [`super::Kernel::quantise`].
///
/// # Safety
/// The processor must have the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn quantise<V: Vector>(xs: &[f32], mut groups: Groups) {
    let (inputs, precision) = (groups.inputs, groups.precision);
    for row in groups.rows.clone() {
        for (b, block) in xs[row * inputs..][..inputs].chunks(BLOCK).enumerate() {
            let mut whole = [0.0; BLOCK];
            let block = block.try_into().unwrap_or_else(|_| {
                whole[..block.len()].copy_from_slice(block);
                &whole
            });
            let place = groups.place(row, b);
            // Safety: as promised by the caller.
            unsafe {
                let (scale, xs) = scaled::<V>(block, precision);
                match precision {
                    Precision::Seven | Precision::Eight => {
                        place.put_words(scale, V::words_of_bytes(xs, offset(precision)));
                    }
                    Precision::Fourteen => {
                        let (highs, lows) = halves::<V>(xs);
                        let highs = V::words_of_bytes(highs, offset(precision)).into_iter();
                        place.put_words(
                            scale,
                            highs.chain(V::words_of_bytes(lows, offset(precision))),
                        );
                    }
                    Precision::Fifteen => place.put_words(scale, V::words_of_fifteens(xs)),
                }
            }
        }
    }
}

/// The scale of a block, and its numbers as multiples of it.
///
/// # Safety
/// The processor must have the instructions of `V`.
#[inline(always)]
unsafe fn scaled<V: Vector>(xs: &[f32; BLOCK], precision: Precision) -> (f32, [V::F; VECTORS]) {
    // Safety: a block has as many vectors; the rest is the caller's promise.
    unsafe {
        let vectors = array!(V::splat(0.0); VECTORS, |i| V::load(xs.as_ptr().add(i * LANES)));
        let mut most = V::splat(0.0);
        for x in vectors {
            most = V::max(most, V::abs(x));
        }
        let mut scale = V::max_lane(most) / precision.most() as f32;
        if precision == Precision::Seven {
            for half in vectors.chunks_exact(VECTORS / 2) {
                let mut sums = V::splat(0.0);
                for &x in half {
                    sums = V::add(sums, V::abs(x));
                }
                // Rounding adds at most a half to each of eight.
                scale = scale.max(V::max_sum_of_eight(sums) / (MOST_OF_EIGHT - 4.0));
            }
        }
        let inverse = V::splat(inverse(scale));
        let scaled = array!(inverse; VECTORS, |i| V::mul(vectors[i], inverse));
        (scale, scaled)
    }
}

/// [`Precision::Fourteen`]: numbers, rounded to whole ones, as `128 * high + low`, where `low` is
/// from -64 to 63.
///
/// # Safety
/// The processor must have the instructions of `V`.
#[inline(always)]
unsafe fn halves<V: Vector>(xs: [V::F; VECTORS]) -> ([V::F; VECTORS], [V::F; VECTORS]) {
    // Safety: the caller's promise.
    unsafe {
        let (mut highs, mut lows) = (xs, xs);
        for (high, low) in highs.iter_mut().zip(&mut lows) {
            let whole = V::round(*low);
            // All of this is exact, and half of a 128th more than a number of 128ths is never
            // between two whole numbers.
            *high = V::round(V::mul_add(
                whole,
                V::splat(1.0 / 128.0),
                V::splat(1.0 / 256.0),
            ));
            *low = V::sub(whole, V::mul(*high, V::splat(128.0)));
        }
        (highs, lows)
    }
}

/// Numbers so near to zero that their scale has no inverse become zero.
pub(super) fn inverse(scale: f32) -> f32 {
    let inverse = 1.0 / scale;
    if inverse.is_finite() { inverse } else { 0.0 }
}
