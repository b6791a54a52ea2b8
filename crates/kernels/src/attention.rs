//! Scaled dot-product attention, for vector kernels: row by row, since rows of texts differ in what
//! they see.

use std::ops::Range;

use super::functions;
use super::layout::LANES;
use super::out::Out;
use super::vector::{Vector, array};

/// Rows that ask: `rows x width`, `stride` apart; a row's heads lie side by side.
#[derive(Clone, Copy, Debug)]
pub struct Queries<'a> {
    /// The first row begins where it does.
    pub numbers: &'a [f32],
    /// From one row to the next.
    pub stride: usize,
    /// Number of heads.
    pub heads: usize,
    /// Width of a head.
    pub head_width: usize,
}

/// Rows that answer, and who sees which.
#[derive(Clone, Copy)]
pub struct Keys<'a> {
    /// `rows x width`, `key_stride` apart.
    pub keys: &'a [f32],
    /// From one row of keys to the next.
    pub key_stride: usize,
    /// `rows x width`, `value_stride` apart.
    pub values: &'a [f32],
    /// From one row of values to the next.
    pub value_stride: usize,
    /// The rows that a query sees, of which there is at least one.
    pub seen_by: &'a (dyn SeenBy + Sync),
}

/// Who sees which rows of keys.
pub trait SeenBy {
    /// The rows that a row of queries sees.
    fn seen_by(&self, row: usize) -> &[u32];
}

impl Queries<'_> {
    /// Of all heads together.
    pub fn width(&self) -> usize {
        self.heads * self.head_width
    }

    /// The rows that `out` has results of. Panics unless it has them of all heads.
    pub(super) fn check(&self, out: &Out) -> Range<usize> {
        assert_eq!(out.columns(), 0..self.width(), "all heads");
        out.rows()
    }

    /// One head of a row.
    pub(super) fn head(&self, row: usize, head: usize) -> &[f32] {
        &self.numbers[row * self.stride + head * self.head_width..][..self.head_width]
    }
}

impl Keys<'_> {
    /// Panics unless all of a width's keys and values of the rows in `seen` are there.
    pub(super) fn check(&self, seen: &[u32], width: usize) {
        let highest = seen.iter().max().expect("a query sees something");
        let ends = |stride: usize| *highest as usize * stride + width;
        assert!(
            ends(self.key_stride) <= self.keys.len()
                && ends(self.value_stride) <= self.values.len(),
            "a key that is there"
        );
    }
}

/// See [`super::Kernel::attend`].
///
/// # Safety
/// The processor must have the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn attend<V: Vector>(queries: Queries, keys: Keys, mut out: Out) {
    let rows = queries.check(&out);
    let mut row = rows.start;
    let mut weights = Vec::new();
    while row < rows.end {
        let seen = keys.seen_by.seen_by(row);
        keys.check(seen, queries.width());
        // Rows of one picture see the same; two of them load each key and value once.
        let two = row + 1 < rows.end && std::ptr::eq(seen, keys.seen_by.seen_by(row + 1));
        // Safety: `check` has seen that all keys and values are there; the rest is the caller's
        // promise.
        unsafe {
            if two {
                attend_rows::<V, 2>(queries, &keys, row, seen, &mut weights, &mut out);
            } else {
                attend_rows::<V, 1>(queries, &keys, row, seen, &mut weights, &mut out);
            }
        }
        row += 1 + usize::from(two);
    }
}

/// Rows that see the same.
///
/// # Safety
/// As [`attend`]; all that is seen must be there.
#[inline(always)]
unsafe fn attend_rows<V: Vector, const R: usize>(
    queries: Queries,
    keys: &Keys,
    first: usize,
    seen: &[u32],
    weights: &mut Vec<f32>,
    out: &mut Out,
) {
    // Filled up to whole vectors, and to whole groups of keys.
    let length = seen.len().next_multiple_of(LANES.max(KEYS));
    weights.clear();
    weights.resize(R * length, f32::NEG_INFINITY);
    for head in 0..queries.heads {
        let columns = head * queries.head_width..(head + 1) * queries.head_width;
        let rows: [&[f32]; R] = std::array::from_fn(|r| queries.head(first + r, head));
        // Safety: the caller's promise.
        unsafe {
            logits::<V, R>(rows, keys, columns.start, seen, weights);
            for weights in weights.chunks_exact_mut(length) {
                softmax::<V>(weights, seen.len());
            }
            let out = out.at(first, columns.clone());
            mix::<V, R>(weights, keys, columns.start, seen, out);
        }
    }
}

/// Keys whose dot products are computed side by side.
const KEYS: usize = 4;

/// The scaled dot products of some rows with all keys, row by row. Behind a row's, minus infinity
/// fills up the last vector.
///
/// # Safety
/// The processor must have the instructions of `V`, and all keys must be there.
#[inline(always)]
unsafe fn logits<V: Vector, const R: usize>(
    queries: [&[f32]; R],
    keys: &Keys,
    column: usize,
    seen: &[u32],
    logits: &mut [f32],
) {
    let width = queries[0].len();
    let scale = 1.0 / (width as f32).sqrt();
    let whole = width / LANES * LANES;
    let length = logits.len() / R;
    for (group, seen) in seen.chunks(KEYS).enumerate() {
        // A last group of fewer is filled up with its first key, whose results nobody takes.
        let starts: [*const f32; KEYS] = std::array::from_fn(|i| {
            let row = *seen.get(i).unwrap_or(&seen[0]) as usize;
            // Safety: the caller's promise.
            unsafe { keys.keys.as_ptr().add(row * keys.key_stride + column) }
        });
        // Safety: a head's numbers begin at each of `starts`; the rest is the caller's promise.
        let sums = unsafe {
            let mut sums = [[V::splat(0.0); KEYS]; R];
            for i in (0..whole).step_by(LANES) {
                let keys = array!(V::splat(0.0); KEYS, |k| V::load(starts[k].add(i)));
                for (sums, query) in sums.iter_mut().zip(queries) {
                    let query = V::load(query.as_ptr().add(i));
                    for (sum, key) in sums.iter_mut().zip(keys) {
                        *sum = V::mul_add(query, key, *sum);
                    }
                }
            }
            array!([0.0; KEYS]; R, |r| V::sums(sums[r]))
        };
        for (r, mut dots) in sums.into_iter().enumerate() {
            for (dot, key) in dots.iter_mut().zip(starts) {
                for (i, query) in queries[r].iter().enumerate().skip(whole) {
                    // Safety: as above.
                    *dot += query * unsafe { *key.add(i) };
                }
            }
            let logits = &mut logits[r * length + group * KEYS..][..seen.len()];
            for (logit, dot) in logits.iter_mut().zip(dots) {
                *logit = dot * scale;
            }
        }
    }
}

/// Softmax of the first `count` numbers; those behind are none.
///
/// # Safety
/// The processor must have the instructions of `V`, and the slice must hold whole vectors.
#[inline(always)]
unsafe fn softmax<V: Vector>(logits: &mut [f32], count: usize) {
    logits[count..].fill(f32::NEG_INFINITY);
    let length = logits.len();
    let at = logits.as_mut_ptr();
    // Safety: whole vectors within the slice; the rest is the caller's promise.
    unsafe {
        let mut most = V::load(at);
        for i in (0..length).step_by(LANES) {
            most = V::max(most, V::load(at.add(i)));
        }
        let most = V::splat(V::max_lane(most));
        let mut sum = V::splat(0.0);
        for i in (0..length).step_by(LANES) {
            let power = functions::exp::<V>(V::sub(V::load(at.add(i)), most));
            V::store(power, at.add(i));
            // What fills up the last vector adds nothing that could be seen.
            sum = V::add(sum, power);
        }
        let zero = V::splat(0.0);
        let inverse = V::splat(1.0 / V::sums([sum, zero, zero, zero])[0]);
        for i in (0..length).step_by(LANES) {
            V::store(V::mul(V::load(at.add(i)), inverse), at.add(i));
        }
    }
}

/// For some rows the values' sum, each times its weight.
///
/// # Safety
/// The processor must have the instructions of `V`, and all values must be there.
#[inline(always)]
unsafe fn mix<V: Vector, const R: usize>(
    weights: &[f32],
    keys: &Keys,
    column: usize,
    seen: &[u32],
    mut out: [&mut [f32]; R],
) {
    const WIDE: usize = 4;
    let width = out[0].len();
    let whole = width / LANES * LANES;
    let length = weights.len() / R;
    // Safety: a head's numbers begin at each of these; the rest is the caller's promise.
    let value = |row: u32, at: usize| unsafe {
        let begin = row as usize * keys.value_stride + column + at;
        keys.values.as_ptr().add(begin)
    };
    let mut at = 0;
    // Safety: as above; every row of `out` is as long as a head, and every row of weights at least
    // as `seen`.
    unsafe {
        while at + WIDE * LANES <= whole {
            let mut sums = [[V::splat(0.0); WIDE]; R];
            for (k, &row) in seen.iter().enumerate() {
                let value = value(row, at);
                let values = array!(V::splat(0.0); WIDE, |i| V::load(value.add(i * LANES)));
                for (r, sums) in sums.iter_mut().enumerate() {
                    let weight = V::splat(*weights.get_unchecked(r * length + k));
                    for (sum, value) in sums.iter_mut().zip(values) {
                        *sum = V::mul_add(weight, value, *sum);
                    }
                }
            }
            for (out, sums) in out.iter_mut().zip(sums) {
                for (i, sum) in sums.into_iter().enumerate() {
                    V::store(sum, out.as_mut_ptr().add(at + i * LANES));
                }
            }
            at += WIDE * LANES;
        }
        for (out, weights) in out.iter_mut().zip(weights.chunks_exact(length)) {
            for at in (at..whole).step_by(LANES) {
                let mut sum = V::splat(0.0);
                for (&weight, &row) in weights.iter().zip(seen) {
                    sum = V::mul_add(V::splat(weight), V::load(value(row, at)), sum);
                }
                V::store(sum, out.as_mut_ptr().add(at));
            }
            for (i, out) in out.iter_mut().enumerate().skip(whole) {
                let products = weights.iter().zip(seen);
                *out = products.map(|(weight, &row)| weight * *value(row, i)).sum();
            }
        }
    }
}
