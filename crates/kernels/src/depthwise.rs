//! Depthwise convolution: each channel has a filter of its own, which sees no other channel.
//!
//! Numbers lie channels last, row by row from the top, as products take them: then a vector is
//! some channels of one place, whatever the filter's size and stride, and no number is moved.
//! Maps are square, and padded with zeros as TensorFlow's SAME does.

use std::ops::Range;

use super::vector::Vector;
use super::{Activation, LANES, functions, scalar};

/// Neighbouring results that are computed together, so that a filter is read once for all.
const TOGETHER: usize = 4;

/// The filters of a depthwise convolution.
#[derive(Clone, Debug)]
pub struct Depthwise {
    /// Rows of a filter, and columns.
    pub(super) kernel: usize,
    /// Places from one result to the next.
    pub(super) stride: usize,
    /// `kernel * kernel x channels`.
    pub(super) filters: Vec<f32>,
    /// One number a channel.
    pub(super) bias: Vec<f32>,
}

impl Depthwise {
    /// From filters as they are trained and stored, `channels x kernel x kernel`, and a number
    /// for each channel that is added to all its results.
    ///
    /// # Panics
    /// If there are not as many numbers, or if `kernel` or `stride` is zero.
    pub fn new(filters: &[f32], bias: Vec<f32>, kernel: usize, stride: usize) -> Self {
        let (taps, channels) = (kernel * kernel, bias.len());
        assert!(taps > 0 && stride > 0, "a size and a stride");
        assert_eq!(filters.len(), taps * channels, "filters");
        let of_tap = |tap| filters.iter().skip(tap).step_by(taps);
        Self {
            kernel,
            stride,
            filters: (0..taps).flat_map(of_tap).copied().collect(),
            bias,
        }
    }

    /// Channels of what it is applied to, and of its results.
    pub fn channels(&self) -> usize {
        self.bias.len()
    }

    /// The side of the results' map from that of the map they are computed from.
    pub fn side_of_results(&self, side: usize) -> usize {
        side.div_ceil(self.stride)
    }

    /// Rows of a map that some rows of results are computed from.
    ///
    /// # Panics
    /// If there are fewer rows of results.
    pub fn rows_seen(&self, side: usize, rows: Range<usize>) -> Range<usize> {
        assert!(rows.end <= self.side_of_results(side), "rows of results");
        if rows.is_empty() {
            return 0..0;
        }
        let (last, first_of_last) = self.taps(side, rows.end - 1);
        self.taps(side, rows.start).1..first_of_last + last.len()
    }

    /// Panics unless `xs` has all that `rows` of results need, and `out` is as large as these.
    pub(super) fn check(&self, xs: &MapRows, rows: &Range<usize>, out: &[f32]) {
        let MapRows { side, first, .. } = *xs;
        let line = side * self.channels();
        assert!(xs.numbers.len().is_multiple_of(line.max(1)), "whole rows");
        let held = first..first + xs.numbers.len() / line.max(1);
        let seen = self.rows_seen(side, rows.clone());
        let has_all = held.start <= seen.start && seen.end <= held.end;
        assert!(seen.is_empty() || has_all, "rows of the map");
        let results = self.side_of_results(side) * self.channels();
        assert_eq!(out.len(), rows.len() * results, "results");
    }

    /// Places before the map's first that are padded on each axis.
    fn before(&self, side: usize) -> usize {
        let reach = (self.side_of_results(side).max(1) - 1) * self.stride + self.kernel;
        reach.saturating_sub(side) / 2
    }

    /// Along one axis, for the result at a place: the filter's rows (or columns) that lie on the
    /// map, and the map's row (or column) that the first of these lies on.
    pub(super) fn taps(&self, side: usize, place: usize) -> (Range<usize>, usize) {
        let (begin, before) = (place * self.stride, self.before(side));
        let first = before.saturating_sub(begin);
        let last = self.kernel.min(side + before - begin);
        (first..last, begin + first - before)
    }
}

/// Rows of a map of `side x side` places, row by row, with all channels of a place side by side.
#[derive(Clone, Copy, Debug)]
pub struct MapRows<'a> {
    /// Places in a row of the map, and rows of all of it.
    pub side: usize,
    /// The first row that is here.
    pub first: usize,
    /// Whole rows.
    pub numbers: &'a [f32],
}

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
        let (down, top) = depthwise.taps(side, row);
        let mut column = 0;
        while column < across {
            let (right, left) = depthwise.taps(side, column);
            let window = Window {
                down: down.clone(),
                right,
                first: ((top - xs.first) * side + left) * channels,
                line: side * channels,
            };
            // Results of which the first sees its whole filter, and the last does.
            let last = column + TOGETHER - 1;
            let whole = window.right.len() == depthwise.kernel
                && last < across
                && depthwise.taps(side, last).0.len() == depthwise.kernel;
            let count = if whole { TOGETHER } else { 1 };
            let out = &mut out[column * channels..][..count * channels];
            // Safety: the window lies on the map, and so do those of the results beside it; the
            // rest is the caller's promise.
            unsafe {
                match whole {
                    true => window.apply::<V, TOGETHER>(depthwise, xs.numbers, out),
                    false => window.apply::<V, 1>(depthwise, xs.numbers, out),
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
        let (channels, kernel) = (depthwise.channels(), depthwise.kernel);
        let apart = depthwise.stride * channels;
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
