//! Where the pictures of a grid stand, and which of them are in sight. All lengths are in pixels.

use std::ops::Range;

/// A cell is at least so wide.
const LEAST_WIDTH: f64 = 132.0;
/// It may be wider where there is more room, up to this.
const ENOUGH_WIDTH: f64 = 200.0;
/// Between two cells.
const GAP: f64 = 8.0;
/// Below the picture, for what is said of it.
const BELOW: f64 = 34.0;
/// The height of a picture, as a share of its width.
const SHAPE: f64 = 0.78;
/// Rows that are drawn above and below those in sight, so that slow scrolling finds them there.
const BEYOND: usize = 2;

/// A grid as it is scrolled.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Grid {
    width: f64,
    height: f64,
    top: f64,
}

impl Grid {
    /// One of this width and height in sight, scrolled down so far.
    pub fn new(width: f64, height: f64, top: f64) -> Self {
        Self { width, height, top }
    }

    /// How many cells are beside each other: two at least, where there is any room.
    pub fn columns(self) -> usize {
        let wanted = (90.0 + self.width / 14.0).clamp(LEAST_WIDTH, ENOUGH_WIDTH);
        let fit = ((self.width + GAP) / (wanted + GAP)).floor();
        (fit as usize).max(2)
    }

    /// The width of a cell.
    pub fn cell_width(self) -> f64 {
        let columns = self.columns() as f64;
        ((self.width - GAP * (columns - 1.0)) / columns)
            .floor()
            .max(1.0)
    }

    /// The height of a cell.
    pub fn cell_height(self) -> f64 {
        (self.cell_width() * SHAPE + BELOW).round()
    }

    fn row_height(self) -> f64 {
        self.cell_height() + GAP
    }

    /// The height of so many cells.
    pub fn height(self, count: usize) -> f64 {
        let rows = count.div_ceil(self.columns()) as f64;
        (rows * self.row_height() - GAP).max(0.0)
    }

    /// Where a cell stands, from the left and from the top.
    pub fn position(self, at: usize) -> (f64, f64) {
        let (row, column) = (at / self.columns(), at % self.columns());
        (
            column as f64 * (self.cell_width() + GAP),
            row as f64 * self.row_height(),
        )
    }

    /// The cells to draw, of so many.
    pub fn in_sight(self, count: usize) -> Range<usize> {
        if self.width <= 0.0 {
            return 0..0;
        }
        let first = (self.top / self.row_height()).floor().max(0.0) as usize;
        let last = ((self.top + self.height) / self.row_height())
            .ceil()
            .max(0.0) as usize;
        let columns = self.columns();
        let begin = first.saturating_sub(BEYOND) * columns;
        let end = (last + BEYOND) * columns;
        begin.min(count)..end.min(count)
    }

    /// How far to scroll so that a cell is in sight, if it is not.
    pub fn scrolled_to(self, at: usize) -> Option<f64> {
        let (_, top) = self.position(at);
        let bottom = top + self.cell_height();
        if top < self.top {
            Some(top)
        } else if bottom > self.top + self.height {
            Some(bottom - self.height)
        } else {
            None
        }
    }

    /// The cell that a key leads to, of so many, if it leads anywhere.
    pub fn moved(self, from: usize, key: &str, count: usize) -> Option<usize> {
        let last = count.checked_sub(1)?;
        let columns = self.columns();
        let page = ((self.height / self.row_height()).floor() as usize).max(1) * columns;
        let to = match key {
            "ArrowLeft" => from.checked_sub(1)?,
            "ArrowRight" => from + 1,
            "ArrowUp" => from.checked_sub(columns)?,
            "ArrowDown" => from + columns,
            "PageUp" => from.saturating_sub(page),
            "PageDown" => (from + page).min(last),
            "Home" => 0,
            "End" => last,
            _ => return None,
        };
        (to <= last).then_some(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_fill_the_width_in_whole_pixels() {
        let grid = Grid::new(1_000.0, 600.0, 0.0);
        assert_eq!(grid.columns(), 5);
        let (x, _) = grid.position(4);
        assert!(x + grid.cell_width() <= 1_000.0 && x + grid.cell_width() > 990.0);
        assert_eq!(grid.position(5), (0.0, grid.cell_height() + GAP));
        assert_eq!(Grid::new(280.0, 600.0, 0.0).columns(), 2);
    }

    #[test]
    fn of_thousands_only_those_in_sight_are_drawn() {
        let grid = Grid::new(1_000.0, 600.0, 30_000.0);
        let drawn = grid.in_sight(5_000);
        assert!(
            drawn.len() < 100 && drawn.contains(&(drawn.start + 20)),
            "{drawn:?}"
        );
        let (_, first) = grid.position(drawn.start);
        let (_, end) = grid.position(drawn.end);
        assert!(first <= 30_000.0 && end >= 30_600.0);
        assert_eq!(grid.in_sight(10), 10..10);
        assert_eq!(Grid::new(1_000.0, 600.0, 0.0).in_sight(3), 0..3);
        assert_eq!(Grid::default().in_sight(3), 0..0);
        assert!(grid.height(5_000) > 100_000.0 && grid.height(0) == 0.0);
    }

    #[test]
    fn keys_lead_where_people_expect_and_not_beyond_the_ends() {
        let grid = Grid::new(1_000.0, 600.0, 0.0);
        assert_eq!(grid.moved(0, "ArrowRight", 10), Some(1));
        assert_eq!(grid.moved(0, "ArrowLeft", 10), None);
        assert_eq!(grid.moved(1, "ArrowDown", 10), Some(6));
        assert_eq!(grid.moved(8, "ArrowDown", 10), None);
        assert_eq!(grid.moved(8, "ArrowUp", 10), Some(3));
        assert_eq!(grid.moved(8, "Home", 10), Some(0));
        assert_eq!(grid.moved(0, "End", 10), Some(9));
        assert_eq!(grid.moved(0, "PageDown", 10), Some(9));
        assert_eq!(grid.moved(0, "a", 10), None);
        assert_eq!(grid.moved(0, "End", 0), None);
    }

    #[test]
    fn scrolling_goes_no_further_than_is_needed() {
        let grid = Grid::new(1_000.0, 600.0, 300.0);
        assert_eq!(grid.scrolled_to(12), None);
        assert_eq!(grid.scrolled_to(0), Some(0.0));
        let down = grid.scrolled_to(70).unwrap();
        assert_eq!(Grid::new(1_000.0, 600.0, down).scrolled_to(70), None);
    }
}
