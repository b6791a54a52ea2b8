//! Functions of one number, a vector at a time, as exact as f32 lets them be seen: some 2e-7 off at
//! most, as a part of the result or of 1.

use super::layout::LANES;
use super::vector::Vector;

/// What a tower puts numbers through after a product or a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `x * Phi(x)` with the error function; LAION's models.
    Gelu,
    /// `x * sigmoid(1.702 x)`; OpenAI's models.
    QuickGelu,
    /// `min(max(x, 0), 6)`; convolutional towers for small devices (Howard et al., 2017,
    /// arXiv:1704.04861).
    Relu6,
}

/// e to the power of `x`; below -87 and above 88 what it is there.
///
/// `x = n ln 2 + r` with a whole `n`; e^r is its Taylor polynomial, since |r| is at most 0.35.
///
/// # Safety
/// The processor must have the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn exp<V: Vector>(x: V::F) -> V::F {
    // ln 2 in two parts, the first of which has so few bits that its products with n are exact.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    const COEFFICIENTS: [f32; 6] = [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];
    // Safety: as promised by the caller.
    unsafe {
        let x = V::max(V::min(x, V::splat(88.0)), V::splat(-87.0));
        let n = V::round(V::mul(x, V::splat(std::f32::consts::LOG2_E)));
        let r = V::sub(x, V::mul(n, V::splat(LN_2_HIGH)));
        let r = V::sub(r, V::mul(n, V::splat(LN_2_LOW)));
        let mut power = V::splat(1.0 / 720.0);
        for coefficient in COEFFICIENTS {
            power = V::mul_add(power, r, V::splat(coefficient));
        }
        V::mul(power, V::power_of_two(n))
    }
}

/// Applies an activation function.
///
/// # Safety
/// The processor must have the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn activate<V: Vector>(activation: Activation, x: V::F) -> V::F {
    // Safety: as promised by the caller.
    unsafe {
        match activation {
            Activation::Gelu => gelu::<V>(x),
            Activation::QuickGelu => {
                let e = exp::<V>(V::mul(x, V::splat(-1.702)));
                V::div(x, V::add(V::splat(1.0), e))
            }
            Activation::Relu6 => V::min(V::max(x, V::splat(0.0)), V::splat(6.0)),
        }
    }
}

/// `x Phi(x)`. With `a = |x|`, that is `max(x, 0) - a (1 - Phi(a))`, and `1 - Phi(a)` is half the
/// complementary error function of `a / sqrt 2`, by formula 7.1.26 of Abramowitz and Stegun,
/// Handbook of Mathematical Functions.
///
/// # Safety
/// The processor must have the instructions of `V`.
#[inline(always)]
unsafe fn gelu<V: Vector>(x: V::F) -> V::F {
    const P: f32 = 0.327_591_1 * std::f32::consts::FRAC_1_SQRT_2;
    // Halved, and from the last to the first.
    const HALVES: [f32; 4] = [
        -1.453_152 / 2.0,
        1.421_413_8 / 2.0,
        -0.284_496_72 / 2.0,
        0.254_829_6 / 2.0,
    ];
    // Safety: as promised by the caller.
    unsafe {
        let a = V::abs(x);
        let t = V::div(V::splat(1.0), V::mul_add(a, V::splat(P), V::splat(1.0)));
        let mut polynomial = V::splat(1.061_405_4 / 2.0);
        for half in HALVES {
            polynomial = V::mul_add(polynomial, t, V::splat(half));
        }
        let e = exp::<V>(V::mul(V::mul(a, a), V::splat(-0.5)));
        let beyond = V::mul(V::mul(polynomial, t), e);
        V::sub(V::max(x, V::splat(0.0)), V::mul(a, beyond))
    }
}

/// See [`super::Kernel::activate`].
///
/// # Safety
/// The processor must have the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn activate_all<V: Vector>(activation: Activation, xs: &mut [f32]) {
    let (vectors, rest) = xs.as_chunks_mut::<LANES>();
    let mut last = [0.0; LANES];
    last[..rest.len()].copy_from_slice(rest);
    for vector in vectors.iter_mut().chain([&mut last]) {
        // Safety: an array is as large as the vector; the rest is the caller's promise.
        unsafe {
            let x = V::load(vector.as_ptr());
            V::store(activate::<V>(activation, x), vector.as_mut_ptr());
        }
    }
    rest.copy_from_slice(&last[..rest.len()]);
}
