//! Activations as whole numbers: each block of a row has a scale of its own, `x = scale * quant`.

use super::layout::{BLOCK, ROWS};
use super::precision::Precision;
use super::words::{words_of_bytes, words_of_fifteens};

/// Quantised rows, in the order in which a product reads them: rows in groups (`in_threes`), in a
/// group block by block, and in a block word by word, one per row. A word is four activations of
/// seven or eight bits, with an offset so that none is below zero, or two of fifteen.
#[derive(Debug)]
pub struct Activations {
    rows: usize,
    inputs: usize,
    precision: Precision,
    words: Vec<u32>,
    scales: Vec<f32>,
}

/// Some groups of rows, to be filled in by one thread while others fill in others.
#[derive(Debug)]
pub struct Groups<'a> {
    pub(super) rows: std::ops::Range<usize>,
    pub(super) inputs: usize,
    pub(super) precision: Precision,
    words: &'a mut [u32],
    scales: &'a mut [f32],
}

/// One block of some rows of activations as a tile reads it: word after word, and in a word row
/// after row.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    pub(super) words: *const u32,
    /// One per row.
    pub(super) scales: *const f32,
}

impl Rows {
    /// What lies so many blocks further on; it need not be there.
    #[inline(always)]
    pub(super) fn after(self, blocks: usize, words_of_block: usize) -> Self {
        Self {
            words: self.words.wrapping_add(blocks * words_of_block),
            scales: self.scales.wrapping_add(blocks),
        }
    }
}

/// Where one block of one row lies.
pub(super) struct BlockPlace<'a> {
    /// The first word; those after it lie `stride` apart.
    pub(super) words: &'a mut [u32],
    pub(super) stride: usize,
    pub(super) scale: &'a mut f32,
}

/// What is added to a quantised activation, or to a half of one, to be above zero.
pub(super) const fn offset(precision: Precision) -> i32 {
    match precision {
        Precision::Seven | Precision::Fourteen => 64,
        Precision::Eight => 128,
        Precision::Fifteen => 0,
    }
}

impl Default for Activations {
    fn default() -> Self {
        Self {
            rows: 0,
            inputs: 1,
            precision: Precision::Fifteen,
            words: Vec::new(),
            scales: Vec::new(),
        }
    }
}

impl Activations {
    /// Makes room for `rows` rows of `inputs` numbers. What they held is lost, and their memory is
    /// used again.
    pub fn reset(&mut self, rows: usize, inputs: usize, precision: Precision) {
        let blocks = rows * inputs.div_ceil(BLOCK);
        self.words.clear();
        self.words.resize(blocks * words_of(precision), 0);
        self.scales.clear();
        self.scales.resize(blocks, 0.0);
        (self.rows, self.inputs, self.precision) = (rows, inputs, precision);
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Numbers in a row.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Of each number.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    pub(super) fn row_blocks(&self) -> usize {
        self.inputs.div_ceil(BLOCK)
    }

    /// Where the rows from this one on begin, which is the first of a group.
    pub(super) fn rows_from(&self, first: usize) -> Rows {
        assert_eq!(first % ROWS, 0, "a group's first row");
        let blocks = first * self.row_blocks();
        Rows {
            words: self.words[blocks * words_of(self.precision)..].as_ptr(),
            scales: self.scales[blocks..].as_ptr(),
        }
    }

    /// All rows, some `groups` groups of [`ROWS`] at a time.
    pub fn split(&mut self, groups: usize) -> impl Iterator<Item = Groups<'_>> {
        let (rows, inputs, precision) = (self.rows, self.inputs, self.precision);
        let (row_blocks, rows_of_a_part) = (self.row_blocks(), groups.max(1) * ROWS);
        let (mut words, mut scales) = (&mut self.words[..], &mut self.scales[..]);
        let mut first = 0;
        std::iter::from_fn(move || {
            if first == rows {
                return None;
            }
            let count = rows_at_once(rows - first, rows_of_a_part);
            let blocks = count * row_blocks;
            let own_words = words.split_off_mut(..blocks * words_of(precision))?;
            let own_scales = scales.split_off_mut(..blocks)?;
            first += count;
            Some(Groups {
                rows: first - count..first,
                inputs,
                precision,
                words: own_words,
                scales: own_scales,
            })
        })
    }

    /// The scale and the quants of block `b` of a row.
    pub(super) fn block(&self, row: usize, b: usize) -> (f32, [i32; BLOCK]) {
        let (first, scale, stride) = indices(row, b, self.rows, self.inputs, self.precision);
        let word = |i: usize| self.words[first + i * stride];
        let offset = offset(self.precision);
        let byte = |i: usize| i32::from(word(i / 4).to_le_bytes()[i % 4]) - offset;
        let quants = std::array::from_fn(|i| match self.precision {
            Precision::Seven | Precision::Eight => byte(i),
            Precision::Fourteen => 128 * byte(i) + byte(BLOCK + i),
            Precision::Fifteen => i32::from((word(i / 2) >> (i % 2 * 16)) as i16),
        });
        (self.scales[scale], quants)
    }
}

impl Groups<'_> {
    /// Where block `b` of a row lies.
    #[inline(always)]
    pub(super) fn place(&mut self, row: usize, b: usize) -> BlockPlace<'_> {
        let rows = self.rows.len();
        let row = row - self.rows.start;
        let (words, scale, stride) = indices(row, b, rows, self.inputs, self.precision);
        BlockPlace {
            words: &mut self.words[words..],
            stride,
            scale: &mut self.scales[scale],
        }
    }
}

/// Of block `b` of a row of `rows`: the index of its first word, that of its scale, and how far
/// apart its words lie.
#[inline(always)]
fn indices(
    row: usize,
    b: usize,
    rows: usize,
    inputs: usize,
    precision: Precision,
) -> (usize, usize, usize) {
    let row_blocks = inputs.div_ceil(BLOCK);
    assert!(row < rows && b < row_blocks, "a block");
    let threes = in_threes(rows);
    let (first, stride) = if row < threes {
        (row / ROWS * ROWS, ROWS)
    } else {
        let first = row - (row - threes) % 2;
        (first, 2.min(rows - first))
    };
    let blocks = first * row_blocks + b * stride;
    let words = blocks * words_of(precision) + row - first;
    (words, blocks + row - first, stride)
}

/// How many of some rows are in groups of [`ROWS`]. What is left is two, or twice two in the place
/// of one more group and a single row, for which a processor would wait.
pub(super) const fn in_threes(rows: usize) -> usize {
    const { assert!(ROWS == 3) };
    match rows % ROWS {
        1 if rows > ROWS => rows - 4,
        left => rows - left,
    }
}

/// How many of some rows to take at once, so that no group is divided: at most `most`, which is a
/// multiple of [`ROWS`], or four where there are no more.
pub(super) const fn rows_at_once(rows: usize, most: usize) -> usize {
    match in_threes(rows) {
        _ if rows <= most => rows,
        0 => rows,
        threes if threes < most => threes,
        _ => most,
    }
}

/// Words of a block.
pub(super) const fn words_of(precision: Precision) -> usize {
    match precision {
        Precision::Seven | Precision::Eight => BLOCK / 4,
        Precision::Fourteen | Precision::Fifteen => BLOCK / 2,
    }
}

impl BlockPlace<'_> {
    /// Puts a block there.
    pub(super) fn put(self, precision: Precision, scale: f32, quants: &[i32; BLOCK]) {
        let offset = offset(precision);
        match precision {
            Precision::Seven | Precision::Eight => {
                self.put_words(scale, words_of_bytes(quants, offset));
            }
            Precision::Fourteen => {
                let highs = quants.map(|quant| (quant + offset) >> 7);
                let lows = std::array::from_fn(|i| quants[i] - 128 * highs[i]);
                let words = words_of_bytes(&highs, offset).into_iter();
                self.put_words(scale, words.chain(words_of_bytes(&lows, offset)));
            }
            Precision::Fifteen => self.put_words(scale, words_of_fifteens(quants)),
        }
    }

    /// Puts a block there, as words.
    #[inline(always)]
    pub(super) fn put_words(self, scale: f32, words: impl IntoIterator<Item = u32>) {
        *self.scale = scale;
        for (place, word) in self.words.iter_mut().step_by(self.stride).zip(words) {
            *place = word;
        }
    }
}
