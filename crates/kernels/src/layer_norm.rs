//! LayerNorm, for vector kernels.

use super::layout::LANES;
use super::vector::Vector;

/// See [`super::Kernel::layer_norm`].
///
/// # Safety
/// The processor must have the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn layer_norm<V: Vector>(
    xs: &[f32],
    weight: &[f32],
    bias: &[f32],
    epsilon: f32,
    out: &mut [f32],
) {
    let width = weight.len();
    assert!(bias.len() == width && out.len() == xs.len() && xs.len().is_multiple_of(width));
    let rows = xs.chunks_exact(width).zip(out.chunks_exact_mut(width));
    for (xs, out) in rows {
        // Safety: as promised by the caller.
        let (mean, factor) = unsafe {
            let mean = sum::<V>(xs, |x| x, |x| x) / width as f32;
            let means = V::splat(mean);
            let square = |x: V::F| {
                let x = V::sub(x, means);
                V::mul(x, x)
            };
            let variance = sum::<V>(xs, square, |x| (x - mean) * (x - mean)) / width as f32;
            (mean, 1.0 / (variance + epsilon).sqrt())
        };
        let whole = width / LANES * LANES;
        // Safety: vectors within the slices, which are all as long; the rest is the caller's
        // promise.
        unsafe {
            let (means, factors) = (V::splat(mean), V::splat(factor));
            for i in (0..whole).step_by(LANES) {
                let x = V::mul(V::sub(V::load(xs.as_ptr().add(i)), means), factors);
                let (weight, bias) = (
                    V::load(weight.as_ptr().add(i)),
                    V::load(bias.as_ptr().add(i)),
                );
                V::store(V::mul_add(x, weight, bias), out.as_mut_ptr().add(i));
            }
        }
        for i in whole..width {
            out[i] = (xs[i] - mean) * factor * weight[i] + bias[i];
        }
    }
}

/// The sum of a function of each number, given for vectors and for the numbers that fill none.
///
/// # Safety
/// The processor must have the instructions of `V`.
#[inline(always)]
unsafe fn sum<V: Vector>(
    xs: &[f32],
    of_vector: impl Fn(V::F) -> V::F,
    of_number: impl Fn(f32) -> f32,
) -> f32 {
    const CHAINS: usize = 4;
    let chunks = xs.chunks_exact(CHAINS * LANES);
    let rest: f32 = chunks.remainder().iter().map(|&x| of_number(x)).sum();
    // Safety: vectors within a chunk; the rest is the caller's promise.
    unsafe {
        let mut sums = [V::splat(0.0); CHAINS];
        for chunk in chunks {
            for (i, sum) in sums.iter_mut().enumerate() {
                *sum = V::add(*sum, of_vector(V::load(chunk.as_ptr().add(i * LANES))));
            }
        }
        V::sums(sums).iter().sum::<f32>() + rest
    }
}
