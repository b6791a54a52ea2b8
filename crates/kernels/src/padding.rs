//! How TensorFlow pads a map with zeros for filters of some size.

use std::ops::Range;

/// Filters of `kernel x kernel` places that step over a square map, padded as TensorFlow's SAME
/// does: with as many zeros as results at every `stride`-th place need, of which the smaller half
/// lies before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SamePadding {
    /// Rows of a filter, and columns.
    pub kernel: usize,
    /// Places from one result to the next.
    pub stride: usize,
}

impl SamePadding {
    /// The side of the results' map from that of the map they are computed from.
    #[inline]
    pub fn side_of_results(self, side: usize) -> usize {
        side.div_ceil(self.stride)
    }

    /// On each axis, how many places are padded before the map's first, and how many behind its
    /// last.
    #[inline]
    pub fn padding(self, side: usize) -> (usize, usize) {
        let reach = (self.side_of_results(side).max(1) - 1) * self.stride + self.kernel;
        let all = reach.saturating_sub(side);
        (all / 2, all - all / 2)
    }

    /// Along one axis, for the result at a place: the filter's rows (or columns) that lie on the
    /// map, and the map's row (or column) that the first of these lies on.
    #[inline]
    pub fn taps(self, side: usize, place: usize) -> (Range<usize>, usize) {
        let (begin, (before, _)) = (place * self.stride, self.padding(side));
        let first = before.saturating_sub(begin);
        let last = self.kernel.min(side + before - begin);
        (first..last, begin + first - before)
    }
}
