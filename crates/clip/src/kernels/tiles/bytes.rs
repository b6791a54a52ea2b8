//! The innermost loops of products of bytes.
//!
//! Activations have an [`offset`], so that none is below zero; what that adds to a dot product depends on the weights
//! alone, and is taken away from the beginning.

use super::super::activations::offset;
use super::super::pack::PanelBlock;
use super::super::vector::{Bytes, BytesAtOnce, array};
use super::super::{BLOCK, Order, PANEL, PANELS_OF_A_TILE, PackedWeights, Precision};
use super::{Rows, Tile, add_block, rolled};

/// Steps of a block of bytes: four inputs each.
const STEPS: usize = BLOCK / 4;

/// [`Precision::Seven`] where bytes are multiplied into sixteen bits: these add up eight
/// products each before they are widened, in which they may run over, as long as what comes out in the end fits. That it
/// does is what [`MOST_OF_EIGHT`](super::super::MOST_OF_EIGHT) is for.
pub(in super::super) struct BytesBySixteen;

/// Halves of a block: each is widened once.
const HALVES: usize = 2;

impl<V: Bytes> Tile<V> for BytesBySixteen {
    const ROWS: usize = 4;
    const ORDER: Order = Order::Fours;
    /// Per half, what the activations' offset adds, taken away.
    type Known = [V::I; HALVES];

    #[inline(always)]
    unsafe fn known<'a, const P: usize>(
        weights: &'a PackedWeights,
        first: usize,
        room: &'a mut Vec<Self::Known>,
    ) -> &'a [Self::Known] {
        // Safety: the caller's promise.
        unsafe {
            room.clear();
            room.resize(weights.row_blocks() * PANELS_OF_A_TILE, [V::zero(); HALVES]);
            for p in 0..P {
                let places = room.iter_mut().skip(p).step_by(PANELS_OF_A_TILE);
                for (place, block) in places.zip(weights.panel(first + p)) {
                    *place = added_by_halves::<V>(block);
                }
            }
        }
        room
    }

    #[inline(always)]
    unsafe fn tile<const R: usize, const P: usize>(
        rows: Rows,
        panels: [*const PanelBlock; P],
        known: *const Self::Known,
    ) -> [[V::F; P]; R] {
        // Safety: a block has `STEPS` steps of `4 * PANEL` weights, and as many words per row; the rest is the caller's
        // promise.
        unsafe {
            let mut sums = [[V::splat(0.0); P]; R];
            let rolled = rolled(STEPS / HALVES);
            for b in 0..rows.blocks {
                let words = rows.words.add(b * STEPS * R);
                let known = known.add(b * PANELS_OF_A_TILE);
                let blocks = panels.map(|panel| panel.add(b));
                let first = half_of_block::<V, R, P, 0>(words, blocks, known, rolled);
                let second = half_of_block::<V, R, P, 1>(words, blocks, known, rolled);
                let dots = array!([V::zero(); P]; R, |r| {
                    array!(V::zero(); P, |p| V::add_32(first[r][p], second[r][p]))
                });
                add_block::<V, R, P>(&mut sums, &dots, rows.scales.add(b * R), &panels, b);
            }
            sums
        }
    }
}

/// What the activations' offset adds to the dot products of a block's halves, taken away.
///
/// # Safety
/// The processor must have the instructions of `V`.
#[inline(always)]
unsafe fn added_by_halves<V: Bytes>(block: &PanelBlock) -> [V::I; HALVES] {
    let offsets = [offset(Precision::Seven) as u32 * 0x0101_0101];
    // Safety: a block has `STEPS` steps of `4 * PANEL` weights; the rest is the caller's promise.
    unsafe {
        let offsets = V::splat_word(offsets.as_ptr());
        array!(V::zero(); HALVES, |half| {
            let mut sum = V::zero();
            for step in 0..STEPS / HALVES {
                let at = (half * STEPS / HALVES + step) * 4 * PANEL;
                let weights = V::load_bytes(block.quants.as_ptr().add(at));
                sum = V::sub_16(sum, V::dots_of_pairs(weights, offsets));
            }
            sum
        })
    }
}

/// The dot products of one half of a block, in 32 bits.
///
/// # Safety
/// As [`Tile::tile`], of which it is a part: `words` are those of the block, and there are `P` of `known`.
#[inline(always)]
unsafe fn half_of_block<V: Bytes, const R: usize, const P: usize, const HALF: usize>(
    words: *const u32,
    blocks: [*const PanelBlock; P],
    known: *const [V::I; HALVES],
    rolled: usize,
) -> [[V::I; P]; R] {
    // Safety: the caller's promise.
    unsafe {
        let begin = array!(V::zero(); P, |p| (*known.add(p))[HALF]);
        let mut sums = [begin; R];
        let first = HALF * STEPS / HALVES;
        for step in first..first + rolled {
            let weights = array!(V::zero(); P, |p| {
                V::load_bytes((*blocks[p]).quants.as_ptr().add(step * 4 * PANEL))
            });
            for (r, sums) in sums.iter_mut().enumerate() {
                let xs = V::splat_word(words.add(step * R + r));
                for (sum, &weights) in sums.iter_mut().zip(&weights) {
                    *sum = V::add_16(*sum, V::dots_of_pairs(weights, xs));
                }
            }
        }
        array!([V::zero(); P]; R, |r| array!(V::zero(); P, |p| V::add_up(sums[r][p])))
    }
}

/// Where an instruction adds products of bytes up in 32 bits: activations of so many planes of bytes, with an offset.
pub(in super::super) struct BytesBy32<const PLANES: usize, const OFFSET: i32>;

/// [`Precision::Seven`].
#[cfg(target_feature = "relaxed-simd")]
pub(in super::super) type SevensBy32 = BytesBy32<1, { offset(Precision::Seven) }>;
/// [`Precision::Eight`].
pub(in super::super) type EightsBy32 = BytesBy32<1, { offset(Precision::Eight) }>;
/// [`Precision::Fourteen`].
pub(in super::super) type FourteensBy32 = BytesBy32<2, { offset(Precision::Fourteen) }>;

impl<V: BytesAtOnce, const PLANES: usize, const OFFSET: i32> Tile<V> for BytesBy32<PLANES, OFFSET> {
    /// Four take more registers than V8 has. Where weights are multiplied by one plane only, reading them more often costs less.
    const ROWS: usize = if PLANES == 1 { 3 } else { 4 };
    const ORDER: Order = Order::Fours;
    /// What the activations' offset adds, taken away.
    type Known = [i32; PANEL];

    #[inline(always)]
    unsafe fn known<'a, const P: usize>(
        weights: &'a PackedWeights,
        first: usize,
        _: &'a mut Vec<Self::Known>,
    ) -> &'a [Self::Known] {
        weights.corrections(first)
    }

    #[inline(always)]
    unsafe fn tile<const R: usize, const P: usize>(
        rows: Rows,
        panels: [*const PanelBlock; P],
        known: *const Self::Known,
    ) -> [[V::F; P]; R] {
        // Safety: a block has `STEPS` steps of `4 * PANEL` weights, and as many words per row and plane; the rest is the
        // caller's promise.
        unsafe {
            const { assert!(size_of::<V::I>() == size_of::<Self::Known>()) }
            let mut sums = [[V::splat(0.0); P]; R];
            let steps = rolled(STEPS);
            for b in 0..rows.blocks {
                let begin = array!(V::zero(); P, |p| {
                    V::load_bytes(known.add(b * PANELS_OF_A_TILE + p).cast())
                });
                let mut dots = [begin; R];
                for plane in 0..PLANES {
                    let words = rows.words.add((b * PLANES + plane) * STEPS * R);
                    if plane > 0 {
                        for dots in &mut dots {
                            for (dot, begin) in dots.iter_mut().zip(begin) {
                                *dot = V::add_32(V::times_128(*dot), begin);
                            }
                        }
                    }
                    for step in 0..steps {
                        let weights = array!(V::zero(); P, |p| {
                            V::load_bytes((*panels[p].add(b)).quants.as_ptr().add(step * 4 * PANEL))
                        });
                        for (r, dots) in dots.iter_mut().enumerate() {
                            let xs = V::splat_word(words.add(step * R + r));
                            for (dot, &weights) in dots.iter_mut().zip(&weights) {
                                *dot = V::add_dot_of_fours(*dot, weights, xs);
                            }
                        }
                    }
                }
                add_block::<V, R, P>(&mut sums, &dots, rows.scales.add(b * R), &panels, b);
            }
            sums
        }
    }
}
