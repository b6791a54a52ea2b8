//! Depthwise convolution: each channel has a filter of its own, which sees no other channel.
//!
//! Numbers lie channels last, row by row from the top, as products take them: then a vector is
//! some channels of one place, whatever the filter's size and stride, and no number is moved.
//! Maps are square, and padded with zeros as TensorFlow's SAME does.

use std::ops::Range;

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
