//! The innermost loops of products of bytes.
//!
//! Activations have an [`offset`], so that none is below zero; what that adds to a dot product
//! depends on the weights alone, and is taken away from the beginning.

use super::super::activations::{Rows, offset};
use super::super::layout::{BLOCK, LANES, Order, PANEL, VECTORS};
use super::super::pack::PanelBlock;
use super::super::precision::Precision;
use super::super::vector::{Bytes, BytesAtOnce, array, each_product};
use super::{Block, Tile, add_scaled};

/// Steps of a block of bytes: four inputs each.
const STEPS: usize = BLOCK / 4;

/// [`Precision::Seven`] where bytes are multiplied into sixteen bits: these add up eight products
/// each before they are widened, in which they may run over, as long as what comes out in the end
/// fits. That it does is what [`MOST_OF_EIGHT`](super::super::MOST_OF_EIGHT) is for.
pub(in super::super) struct BytesBySixteen;

/// Halves of a block: each is widened once.
const HALVES: usize = 2;

impl<V: Bytes> Tile<V> for BytesBySixteen {
    const ORDER: Order = Order::Fours;
    const WORDS: usize = STEPS;
    const TURNS: usize = STEPS / HALVES;
    /// Per half, what the activations' offset adds, taken away.
    type Known = [[V::I; VECTORS]; HALVES];

    #[inline(always)]
    unsafe fn find_out(panel: &[PanelBlock], known: &mut Vec<Self::Known>) {
        known.clear();
        for block in panel {
            // Safety: the caller's promise.
            known.push(unsafe { added_by_halves::<V>(block) });
        }
    }

    #[inline(always)]
    unsafe fn add_block<const R: usize>(
        rows: Rows,
        block: &Block<Self::Known>,
        sums: &mut [[V::F; VECTORS]; R],
    ) {
        // Safety: a block has `STEPS` steps of `4 * PANEL` weights, and as many words per row; the
        // rest is the caller's promise.
        unsafe {
            let first = half_of_block::<V, R, 0>(rows.words, block);
            let second = half_of_block::<V, R, 1>(rows.words, block);
            let dots = array!([V::zero(); VECTORS]; R, |r| {
                array!(V::zero(); VECTORS, |v| V::add_32(first[r][v], second[r][v]))
            });
            add_scaled::<V, R>(sums, &dots, rows.scales, block.weights);
        }
    }
}

/// What the activations' offset adds to the dot products of a block's halves, taken away.
///
/// # Safety
/// The processor must have the instructions of `V`.
#[inline(always)]
unsafe fn added_by_halves<V: Bytes>(block: &PanelBlock) -> [[V::I; VECTORS]; HALVES] {
    let offsets = [offset(Precision::Seven) as u32 * 0x0101_0101];
    // Safety: a block has `STEPS` steps of `4 * PANEL` weights; the rest is the caller's promise.
    unsafe {
        let offsets = V::splat_word(offsets.as_ptr());
        let mut added = [[V::zero(); VECTORS]; HALVES];
        for step in 0..STEPS {
            for (v, added) in added[step / (STEPS / HALVES)].iter_mut().enumerate() {
                let weights = V::load_bytes(bytes(block, step, v));
                *added = V::sub_16(*added, V::dots_of_pairs(weights, offsets));
            }
        }
        added
    }
}

/// Where the weights of a step lie that one vector holds.
///
/// # Safety
/// The block is there, and has this step and this vector.
#[inline(always)]
unsafe fn bytes(block: *const PanelBlock, step: usize, vector: usize) -> *const i8 {
    // Safety: the caller's promise.
    unsafe {
        let step = (*block).quants.as_ptr().add(step * 4 * PANEL);
        step.add(vector * 4 * LANES)
    }
}

/// The dot products of one half of a block, in 32 bits.
///
/// # Safety
/// As [`Tile::add_block`], of which it is a part.
#[inline(always)]
unsafe fn half_of_block<V: Bytes, const R: usize, const HALF: usize>(
    words: *const u32,
    block: &Block<[[V::I; VECTORS]; HALVES]>,
) -> [[V::I; VECTORS]; R] {
    let first = HALF * STEPS / HALVES;
    // Safety: the caller's promise.
    unsafe {
        let mut sums = [(*block.known)[HALF]; R];
        let (words, weights) = (words.add(first * R), bytes(block.weights, first, 0));
        each_product!(
            V::load_bytes,
            4,
            block.turns,
            words,
            weights,
            sums,
            |sum, weights, xs| V::add_16(sum, V::dots_of_pairs(weights, xs))
        );
        array!([V::zero(); VECTORS]; R, |r| array!(V::zero(); VECTORS, |v| V::add_up(sums[r][v])))
    }
}

/// Where an instruction adds products of bytes up in 32 bits: activations of so many planes of
/// bytes, with an offset of two to the power of `SHIFT`.
pub(in super::super) struct BytesBy32<const PLANES: usize, const SHIFT: u32>;

/// See [`BytesBy32`].
const fn shift(precision: Precision) -> u32 {
    let offset = offset(precision);
    assert!(offset == 1 << offset.trailing_zeros());
    offset.trailing_zeros()
}

/// [`Precision::Seven`].
#[cfg(target_feature = "relaxed-simd")]
pub(in super::super) type SevensBy32 = BytesBy32<1, { shift(Precision::Seven) }>;
/// [`Precision::Eight`].
pub(in super::super) type EightsBy32 = BytesBy32<1, { shift(Precision::Eight) }>;
/// [`Precision::Fourteen`].
pub(in super::super) type FourteensBy32 = BytesBy32<2, { shift(Precision::Fourteen) }>;

impl<V: BytesAtOnce, const PLANES: usize, const SHIFT: u32> Tile<V> for BytesBy32<PLANES, SHIFT> {
    const ORDER: Order = Order::Fours;
    const WORDS: usize = PLANES * STEPS;
    const TURNS: usize = STEPS;
    type Known = ();

    #[inline(always)]
    unsafe fn find_out(_: &[PanelBlock], _: &mut Vec<()>) {}

    #[inline(always)]
    unsafe fn add_block<const R: usize>(
        rows: Rows,
        block: &Block<Self::Known>,
        sums: &mut [[V::F; VECTORS]; R],
    ) {
        let weights = block.weights;
        // Safety: a block has `STEPS` steps of `4 * PANEL` weights, and as many words per row and
        // plane; the rest is the caller's promise.
        unsafe {
            let taken_away = weights.negated_sums.as_ptr();
            let begin = array!(V::zero(); VECTORS, |v| V::load_16_times_two_to::<SHIFT>(taken_away.add(v * LANES)));
            let mut dots = [begin; R];
            for plane in 0..PLANES {
                if plane > 0 {
                    for dots in &mut dots {
                        for (dot, begin) in dots.iter_mut().zip(begin) {
                            *dot = V::add_32(V::times_128(*dot), begin);
                        }
                    }
                }
                let words = rows.words.add(plane * STEPS * R);
                let bytes = bytes(weights, 0, 0);
                each_product!(
                    V::load_bytes,
                    4,
                    block.turns,
                    words,
                    bytes,
                    dots,
                    |dot, weights, xs| V::add_dot_of_fours(dot, weights, xs)
                );
            }
            add_scaled::<V, R>(sums, &dots, rows.scales, weights);
        }
    }
}
