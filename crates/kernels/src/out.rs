//! Where results go: a matrix of f32, or the part of one that a thread fills in.

use std::marker::PhantomData;
use std::ops::Range;

use super::layout::PANEL;

/// Some rows and some columns of a matrix of results, to be written to by whoever holds it.
///
/// Parts of one matrix come from [`split_columns`](Self::split_columns) and
/// [`split_rows`](Self::split_rows), which take the whole: no two parts share a place, so that
/// threads may fill them in at once.
#[derive(Debug)]
pub struct Out<'a> {
    /// The first row's first column of this part.
    first: *mut f32,
    /// Columns of the matrix.
    stride: usize,
    /// Rows of this part, counted in the matrix.
    rows: Range<usize>,
    /// Columns of this part, counted in the matrix.
    columns: Range<usize>,
    /// The matrix is borrowed as long as a part of it is there.
    matrix: PhantomData<&'a mut [f32]>,
}

// Safety: a part has its places of the matrix alone, as a `&mut [f32]` has its numbers.
unsafe impl Send for Out<'_> {}

impl<'a> Out<'a> {
    /// All of a matrix whose rows have so many columns.
    ///
    /// # Panics
    /// If `results` holds no whole rows.
    pub fn new(results: &'a mut [f32], columns: usize) -> Self {
        assert!(results.len().is_multiple_of(columns.max(1)), "whole rows");
        Self {
            first: results.as_mut_ptr(),
            stride: columns,
            rows: 0..results.len() / columns.max(1),
            columns: 0..columns,
            matrix: PhantomData,
        }
    }

    /// Rows of this part, counted in the matrix.
    pub fn rows(&self) -> Range<usize> {
        self.rows.clone()
    }

    /// Columns of this part, counted in the matrix.
    pub fn columns(&self) -> Range<usize> {
        self.columns.clone()
    }

    /// Parts side by side, of `portion` columns each; the last has what is left.
    pub fn split_columns(self, portion: usize) -> impl Iterator<Item = Self> {
        portions(self.columns.clone(), portion).map(move |columns| Self {
            first: self.first.wrapping_add(columns.start - self.columns.start),
            stride: self.stride,
            rows: self.rows.clone(),
            columns,
            matrix: PhantomData,
        })
    }

    /// Parts below each other, of `portion` rows each; the last has what is left.
    pub fn split_rows(self, portion: usize) -> impl Iterator<Item = Self> {
        portions(self.rows.clone(), portion).map(move |rows| Self {
            first: (self.first).wrapping_add((rows.start - self.rows.start) * self.stride),
            stride: self.stride,
            rows,
            columns: self.columns.clone(),
            matrix: PhantomData,
        })
    }

    /// The panels of weights whose outputs the columns are, of `outputs` altogether.
    ///
    /// # Panics
    /// If the columns are no whole panels.
    pub(super) fn panels(&self, outputs: usize) -> Range<usize> {
        let Range { start, end } = self.columns;
        let ends = end.is_multiple_of(PANEL) && end <= outputs || end == outputs;
        assert!(start.is_multiple_of(PANEL) && ends, "whole panels");
        start / PANEL..end.div_ceil(PANEL)
    }

    /// Some columns of `R` rows, from row `first` on; both counted in the matrix.
    ///
    /// # Panics
    /// If this part has not all of them.
    #[inline(always)]
    pub(super) fn at<const R: usize>(
        &mut self,
        first: usize,
        columns: Range<usize>,
    ) -> [&mut [f32]; R] {
        assert!(self.rows.start <= first && self.rows.end.saturating_sub(first) >= R);
        assert!(self.columns.start <= columns.start && columns.start <= columns.end);
        assert!(columns.end <= self.columns.end);
        let begin = (first - self.rows.start) * self.stride + columns.start - self.columns.start;
        std::array::from_fn(|r| {
            // Safety: as asserted, these places are among those that this part has alone, which
            // lie in the matrix that it borrows. Nobody else has them while `self` is borrowed,
            // and those of two rows are others, as no row is longer than the stride.
            unsafe {
                let begin = self.first.add(begin + r * self.stride);
                std::slice::from_raw_parts_mut(begin, columns.len())
            }
        })
    }
}

/// Ranges of so many one after the other, of which the last may be shorter.
fn portions(all: Range<usize>, portion: usize) -> impl Iterator<Item = Range<usize>> {
    let portion = portion.max(1);
    let end = all.end;
    all.step_by(portion)
        .map(move |first| first..end.min(first.saturating_add(portion)))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    /// Writes to each place of a part its row and its column.
    fn fill(mut part: Out) {
        for row in part.rows() {
            let columns = part.columns();
            let [places] = part.at(row, columns.clone());
            for (place, column) in places.iter_mut().zip(columns) {
                assert!(place.is_nan(), "a place of two parts");
                *place = (100 * row + column) as f32;
            }
        }
    }

    fn expected(rows: usize, columns: usize) -> Vec<f32> {
        let places = (0..rows).flat_map(|row| (0..columns).map(move |column| 100 * row + column));
        places.map(|place| place as f32).collect()
    }

    #[test]
    fn parts_are_the_whole_and_no_two_share_a_place() {
        for (rows, columns) in [(1, 1), (3, 7), (5, 48), (4, 50)] {
            for (down, right) in [(1, 1), (2, 24), (3, 5), (usize::MAX, usize::MAX)] {
                let mut results = vec![f32::NAN; rows * columns];
                let parts = Out::new(&mut results, columns).split_rows(down);
                parts
                    .flat_map(|part| part.split_columns(right))
                    .for_each(fill);
                assert_eq!(results, expected(rows, columns));
            }
        }
    }

    #[test]
    #[cfg(not(target_arch = "wasm32"))]
    fn threads_fill_in_parts_at_once() {
        let mut results = vec![f32::NAN; 6 * 50];
        std::thread::scope(|scope| {
            for part in Out::new(&mut results, 50).split_columns(7) {
                scope.spawn(|| part.split_rows(2).for_each(fill));
            }
        });
        assert_eq!(results, expected(6, 50));
    }

    #[test]
    fn an_empty_matrix_has_no_parts() {
        assert_eq!(Out::new(&mut [], 0).split_columns(3).count(), 0);
        assert_eq!(Out::new(&mut [], 5).split_rows(3).count(), 0);
    }

    #[test]
    #[cfg(not(target_arch = "wasm32"))]
    #[should_panic]
    fn a_part_has_no_column_of_the_next() {
        let mut results = [0.0; 20];
        if let Some(mut part) = Out::new(&mut results, 10).split_columns(5).next() {
            part.at::<1>(0, 4..6);
        }
    }

    #[test]
    #[cfg(not(target_arch = "wasm32"))]
    #[should_panic]
    fn a_part_has_no_row_of_the_next() {
        let mut results = [0.0; 20];
        if let Some(mut part) = Out::new(&mut results, 5).split_rows(2).next() {
            part.at::<2>(1, 0..5);
        }
    }
}
