//! The loops of a depthwise convolution, for vector kernels.

use std::ops::Range;

use super::depthwise::{Depthwise, MapRows};
use super::functions::Activation;
use super::layout::LANES;
use super::vector::Vector;
use super::{functions, scalar};

/// Neighbouring results that are computed together, so that a filter is read once for all.
const TOGETHER: usize = 4;

/// See [`super::Kernel::convolve`].
///
/// # Safety
/// The processor must have the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn convolve<V: Vector>(
    depthwise: &Depthwise,
    xs: MapRows,
    rows: Range<usize>,
    activation: Activation,
    out: &mut [f32],
) {
    depthwise.check(&xs, &rows, out);
    let side = xs.side;
    let (across, channels) = (depthwise.side_of_results(side), depthwise.channels());
    if channels < LANES {
        return scalar::convolve(depthwise, xs, rows, activation, out);
    }
    // Of an empty map there are no rows.
    for (row, out) in rows.zip(out.chunks_exact_mut((across * channels).max(1))) {
        let (down, top) = depthwise.padding.taps(side, row);
        let mut column = 0;
        while column < across {
            let (right, left) = depthwise.padding.taps(side, column);
            let window = Window {
                down: down.clone(),
                right,
                first: ((top - xs.first) * side + left) * channels,
                line: side * channels,
            };
            // Results of which the first sees its whole filter, and the last does.
            let last = column + TOGETHER - 1;
            let whole = window.right.len() == depthwise.padding.kernel
                && last < across
                && depthwise.padding.taps(side, last).0.len() == depthwise.padding.kernel;
            let count = if whole { TOGETHER } else { 1 };
            let out = &mut out[column * channels..][..count * channels];
            // Safety: the window lies on the map, and so do those of the results beside it; the
            // rest is the caller's promise.
            unsafe {
                if whole {
                    window.apply::<V, TOGETHER>(depthwise, xs.numbers, out);
                } else {
                    window.apply::<V, 1>(depthwise, xs.numbers, out);
                }
                functions::activate_all::<V>(activation, out);
            }
            column += count;
        }
    }
}

/// What of a map's rows a result is computed from.
struct Window {
    /// Rows of the filter that lie on the map.
    down: Range<usize>,
    /// Columns of the filter that do.
    right: Range<usize>,
    /// The first number under the filter.
    first: usize,
    /// Numbers in a row of the map.
    line: usize,
}

impl Window {
    /// All channels of `N` results side by side.
    ///
    /// # Safety
    /// The processor must have the instructions of `V`. The windows of all results have the same
    /// taps, and lie on the rows `xs`, which have [`LANES`] channels or more; `out` is as large as
    /// the results.
    #[inline(always)]
    unsafe fn apply<V: Vector, const N: usize>(
        &self,
        depthwise: &Depthwise,
        xs: &[f32],
        out: &mut [f32],
    ) {
        let channels = depthwise.channels();
        for channel in (0..channels).step_by(LANES) {
            // Some are computed twice where the last vector would not be full.
            let channel = channel.min(channels - LANES);
            // Safety: the channels are there; the rest is the caller's promise.
            unsafe {
                let sums = self.sums::<V, N>(depthwise, xs, channel);
                for (n, sum) in sums.into_iter().enumerate() {
                    V::store(sum, out.as_mut_ptr().add(n * channels + channel));
                }
            }
        }
    }

    /// The sums of `N` results for as many channels as a vector has lanes, from `channel` on.
    ///
    /// # Safety
    /// As [`Window::apply`]; the channels are there.
    #[inline(always)]
    unsafe fn sums<V: Vector, const N: usize>(
        &self,
        depthwise: &Depthwise,
        xs: &[f32],
        channel: usize,
    ) -> [V::F; N] {
        let (channels, kernel) = (depthwise.channels(), depthwise.padding.kernel);
        let apart = depthwise.padding.stride * channels;
        // Safety: the caller's promise.
        unsafe {
            let mut sums = [V::load(depthwise.bias.as_ptr().add(channel)); N];
            let mut line = xs.as_ptr().add(self.first + channel);
            let filters = depthwise.filters.as_ptr().add(channel);
            for down in self.down.clone() {
                let mut filter = filters.add((down * kernel + self.right.start) * channels);
                let mut x = line;
                for _ in self.right.clone() {
                    let weight = V::load(filter);
                    for (n, sum) in sums.iter_mut().enumerate() {
                        *sum = V::mul_add(V::load(x.add(n * apart)), weight, *sum);
                    }
                    (x, filter) = (x.wrapping_add(channels), filter.wrapping_add(channels));
                }
                line = line.wrapping_add(self.line);
            }
            sums
        }
    }
}
