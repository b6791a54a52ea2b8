//! Sets of byte ranges: which parts of a file are there.

use std::ops::Range;

/// Ranges in ascending order, none empty, none touching another.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Ranges(Vec<Range<u64>>);

impl Ranges {
    /// Adds a range, which may overlap what is there.
    pub(super) fn insert(&mut self, mut new: Range<u64>) {
        if new.is_empty() {
            return;
        }
        let first = self.0.partition_point(|range| range.end < new.start);
        let behind = self.0.partition_point(|range| range.start <= new.end);
        if let Some(touched) = self.0.get(first..behind).filter(|t| !t.is_empty()) {
            new.start = new.start.min(touched[0].start);
            new.end = new.end.max(touched[touched.len() - 1].end);
        }
        self.0.splice(first..behind, [new]);
    }

    /// Adds all of another set.
    pub(super) fn insert_all(&mut self, other: &Self) {
        other.0.iter().for_each(|range| self.insert(range.clone()));
    }

    /// Takes a range out.
    pub(super) fn remove(&mut self, gone: &Range<u64>) {
        if gone.is_empty() {
            return;
        }
        let left = |range: &Range<u64>| {
            let before = range.start..range.end.min(gone.start);
            let after = range.start.max(gone.end)..range.end;
            [before, after]
        };
        self.0 = self
            .0
            .iter()
            .flat_map(left)
            .filter(|r| !r.is_empty())
            .collect();
    }

    /// The ranges themselves.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Range<u64>> {
        self.0.iter()
    }

    /// How many bytes there are.
    pub(super) fn bytes(&self) -> u64 {
        self.0.iter().map(|range| range.end - range.start).sum()
    }

    /// Where the last range ends; 0 without one.
    pub(super) fn end(&self) -> u64 {
        self.0.last().map_or(0, |range| range.end)
    }

    /// How many bytes there are from the beginning on without a gap.
    pub(super) fn beginning(&self) -> u64 {
        self.0.first().filter(|r| r.start == 0).map_or(0, |r| r.end)
    }

    /// The first range of a file of `total` bytes that is missing here, at most `most` bytes of it.
    /// Without a total the file has no end.
    pub(super) fn first_gap(&self, total: Option<u64>, most: u64) -> Option<Range<u64>> {
        let start = self.beginning();
        let next = self.0.iter().map(|range| range.start).find(|&s| s > start);
        let end = [next, total, start.checked_add(most)];
        let gap = start..end.into_iter().flatten().min().unwrap_or(u64::MAX);
        (!gap.is_empty()).then_some(gap)
    }
}

#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    fn ranges(list: &[(u64, u64)]) -> Ranges {
        let mut ranges = Ranges::default();
        list.iter().for_each(|&(a, b)| ranges.insert(a..b));
        ranges
    }

    #[wasm_bindgen_test]
    fn ranges_that_touch_become_one() {
        assert_eq!(ranges(&[(0, 4), (4, 8)]), ranges(&[(0, 8)]));
        assert_eq!(ranges(&[(6, 8), (0, 2), (1, 7)]), ranges(&[(0, 8)]));
        assert_eq!(ranges(&[(5, 5)]), Ranges::default());
        let apart = ranges(&[(8, 9), (0, 1), (4, 5)]);
        let starts: Vec<u64> = apart.iter().map(|range| range.start).collect();
        assert_eq!(starts, [0, 4, 8]);
        assert_eq!((apart.bytes(), apart.beginning(), apart.end()), (3, 1, 9));
    }

    /// Every set of ranges below 8, against a bit per byte.
    #[wasm_bindgen_test]
    fn inserting_and_removing_are_those_of_sets() {
        for bits in 0_u32..256 {
            let of = |bits: u32| {
                let mut ranges = Ranges::default();
                (0..8)
                    .filter(|at| bits >> at & 1 == 1)
                    .for_each(|at| ranges.insert(at..at + 1));
                ranges
            };
            for start in 0..8 {
                for end in start..8 {
                    let mask = (1_u32 << end) - (1 << start);
                    let mut more = of(bits);
                    more.insert(start..end);
                    assert_eq!(more, of(bits | mask));
                    let mut less = of(bits);
                    less.remove(&(start..end));
                    assert_eq!(less, of(bits & !mask));
                }
            }
        }
    }

    #[wasm_bindgen_test]
    fn gaps_are_found() {
        let some = ranges(&[(0, 4), (10, 12)]);
        assert_eq!(some.first_gap(Some(20), 100), Some(4..10));
        assert_eq!(some.first_gap(Some(20), 3), Some(4..7));
        assert_eq!(ranges(&[(3, 4)]).first_gap(Some(20), 100), Some(0..3));
        assert_eq!(ranges(&[(0, 20)]).first_gap(Some(20), 100), None);
        assert_eq!(ranges(&[(0, 20)]).first_gap(None, 5), Some(20..25));
    }
}
