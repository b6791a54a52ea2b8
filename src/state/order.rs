//! Putting rows in another order with few moves, one row staying where it is.
//!
//! A browser takes the focus, the caret and a running composition from an input that is moved. So
//! the row a person is in is never moved: the others move around it.

use std::collections::HashMap;
use std::hash::Hash;

/// Move `row` to stand right before `before`, or last where that is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move<K> {
    /// What moves.
    pub row: K,
    /// What it comes to stand before.
    pub before: Option<K>,
}

/// The moves that, carried out one after the other, make `now` into `wanted`. Both hold the same
/// keys, each once; a key of only one of them is left out of account. `pinned` is not among those
/// that move.
pub fn moves<K: Copy + Eq + Hash>(now: &[K], wanted: &[K], pinned: Option<K>) -> Vec<Move<K>> {
    let place: HashMap<K, usize> = now.iter().enumerate().map(|(at, &key)| (key, at)).collect();
    let wanted: Vec<K> = wanted
        .iter()
        .copied()
        .filter(|key| place.contains_key(key))
        .collect();
    let places: Vec<usize> = wanted.iter().map(|key| place[key]).collect();
    let pinned = pinned.and_then(|key| wanted.iter().position(|&other| other == key));
    let stays = longest_rising(&places, pinned);

    // From the last row to the first, so that what a row is put before is already in its place.
    let mut moves = Vec::new();
    let mut before = None;
    for (at, &row) in wanted.iter().enumerate().rev() {
        if !stays[at] {
            moves.push(Move { row, before });
        }
        before = Some(row);
    }
    moves
}

/// Which elements of `values` make up a longest rising subsequence, of those that contain the
/// element at `through`.
fn longest_rising(values: &[usize], through: Option<usize>) -> Vec<bool> {
    let fits = |at: usize| match through {
        Some(pin) if at < pin => values[at] < values[pin],
        Some(pin) if at > pin => values[at] > values[pin],
        _ => true,
    };
    // ends[n]: where the rising subsequence of length n + 1 with the smallest last element ends.
    let mut ends: Vec<usize> = Vec::new();
    let mut previous = vec![None; values.len()];
    for at in (0..values.len()).filter(|&at| fits(at)) {
        let length = ends.partition_point(|&end| values[end] < values[at]);
        previous[at] = length.checked_sub(1).map(|shorter| ends[shorter]);
        if length == ends.len() {
            ends.push(at);
        } else {
            ends[length] = at;
        }
    }
    let mut chosen = vec![false; values.len()];
    let mut next = ends.last().copied();
    while let Some(at) = next {
        chosen[at] = true;
        next = previous[at];
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carry_out(now: &[u32], moves: &[Move<u32>]) -> Vec<u32> {
        let mut rows = now.to_vec();
        for step in moves {
            rows.retain(|&row| row != step.row);
            let at = step.before.map_or(rows.len(), |before| {
                rows.iter().position(|&row| row == before).unwrap()
            });
            rows.insert(at, step.row);
        }
        rows
    }

    /// A small generator of repeatable numbers (an LCG with Knuth's constants), enough to shuffle
    /// with.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, limit: usize) -> usize {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            ((self.0 >> 33) as usize) % limit
        }

        fn shuffle(&mut self, rows: &mut [u32]) {
            for at in (1..rows.len()).rev() {
                rows.swap(at, self.below(at + 1));
            }
        }
    }

    #[test]
    fn every_shuffle_is_reached_and_the_pinned_row_never_moves() {
        let mut numbers = Numbers(7);
        for round in 0..2_000 {
            let length = numbers.below(30);
            let mut now: Vec<u32> = (0..length as u32).collect();
            let mut wanted = now.clone();
            numbers.shuffle(&mut now);
            numbers.shuffle(&mut wanted);
            let pinned = (length > 0 && round % 3 != 0).then(|| now[numbers.below(length)]);
            let moves = moves(&now, &wanted, pinned);
            assert_eq!(
                carry_out(&now, &moves),
                wanted,
                "from {now:?}, pinned {pinned:?}"
            );
            assert!(moves.iter().all(|step| Some(step.row) != pinned));
        }
    }

    #[test]
    fn nothing_moves_that_need_not() {
        assert!(moves(&[1, 2, 3], &[1, 2, 3], Some(2)).is_empty());
        assert_eq!(
            moves(&[1, 2, 3, 4], &[4, 1, 2, 3], None),
            [Move {
                row: 4,
                before: Some(1)
            }]
        );
        assert_eq!(moves(&[1, 2, 3, 4], &[4, 1, 2, 3], Some(4)).len(), 3);
    }

    #[test]
    fn rows_that_only_one_side_knows_are_left_alone() {
        let moves = moves(&[1, 2, 9, 3], &[3, 8, 2, 1], Some(7));
        assert!(moves.iter().all(|step| ![7, 8, 9].contains(&step.row)));
        assert!(moves.iter().all(|step| step.before != Some(8)));
    }
}
