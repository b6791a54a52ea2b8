//! Depthwise convolution: each channel has a filter of its own, which sees no other channel.
//!
//! Numbers lie channels last, row by row from the top, as products take them: then a vector is
//! some channels of one place, whatever the filter's size and stride, and no number is moved.
//! Maps are square, and padded with zeros ([`SamePadding`]).

use std::ops::Range;

use super::padding::SamePadding;

/// The filters of a depthwise convolution.
#[derive(Clone, Debug)]
pub struct Depthwise {
    /// How they step over a map.
    pub(super) padding: SamePadding,
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
            padding: SamePadding { kernel, stride },
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
        self.padding.side_of_results(side)
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
        let (last, first_of_last) = self.padding.taps(side, rows.end - 1);
        self.padding.taps(side, rows.start).1..first_of_last + last.len()
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
