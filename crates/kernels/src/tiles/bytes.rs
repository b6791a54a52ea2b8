//! The innermost loops of products of bytes.
//!
//! Activations have an [`offset`], so that none is below zero; what that adds to a dot product depends on the weights
//! alone, and is taken away from the beginning.

use super::super::activations::offset;
use super::super::pack::PanelBlock;
use super::super::vector::{Bytes, BytesAtOnce, array};
use super::super::{BLOCK, LANES, Order, PANEL, Precision, VECTORS};
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
    unsafe fn tile<const R: usize>(
        rows: Rows,
        panel: *const PanelBlock,
        known: *const Self::Known,
        sums: &mut [[V::F; VECTORS]; R],
    ) {
        // Safety: a block has `STEPS` steps of `4 * PANEL` weights, and as many words per row; the rest is the caller's
        // promise.
        unsafe {
            let rolled = rolled(STEPS / HALVES);
            for b in 0..rows.blocks {
                let words = rows.words.add(b * STEPS * R);
                let (block, known) = (panel.add(b), known.add(b));
                let first = half_of_block::<V, R, 0>(words, block, known, rolled);
                let second = half_of_block::<V, R, 1>(words, block, known, rolled);
                let dots = array!([V::zero(); VECTORS]; R, |r| {
                    array!(V::zero(); VECTORS, |v| V::add_32(first[r][v], second[r][v]))
                });
                add_block::<V, R>(sums, &dots, rows.scales.add(b * R), block);
            }
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
/// As [`Tile::tile`], of which it is a part: `words` and `known` are those of the block.
#[inline(always)]
unsafe fn half_of_block<V: Bytes, const R: usize, const HALF: usize>(
    words: *const u32,
    block: *const PanelBlock,
    known: *const [[V::I; VECTORS]; HALVES],
    rolled: usize,
) -> [[V::I; VECTORS]; R] {
    // Safety: the caller's promise.
    unsafe {
        let mut sums = [(*known)[HALF]; R];
        let first = HALF * STEPS / HALVES;
        for step in first..first + rolled {
            let weights = array!(V::zero(); VECTORS, |v| V::load_bytes(bytes(block, step, v)));
            let words = words.add(step * R);
            for (r, sums) in sums.iter_mut().enumerate() {
                let xs = V::splat_word(words.add(r));
                for (sum, &weights) in sums.iter_mut().zip(&weights) {
                    *sum = V::add_16(*sum, V::dots_of_pairs(weights, xs));
                }
            }
        }
        array!([V::zero(); VECTORS]; R, |r| array!(V::zero(); VECTORS, |v| V::add_up(sums[r][v])))
    }
}

/// Where an instruction adds products of bytes up in 32 bits: activations of so many planes of bytes, with an
/// offset of two to the power of `SHIFT`.
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
    /// Eight dot products at a time, as many as are under way in a processor that begins two a cycle and needs four cycles for each.
    const ROWS: usize = 4;
    const ORDER: Order = Order::Fours;
    type Known = ();

    #[inline(always)]
    unsafe fn find_out(_: &[PanelBlock], _: &mut Vec<()>) {}

    #[inline(always)]
    unsafe fn tile<const R: usize>(
        rows: Rows,
        panel: *const PanelBlock,
        _: *const Self::Known,
        sums: &mut [[V::F; VECTORS]; R],
    ) {
        // Safety: a block has `STEPS` steps of `4 * PANEL` weights, and as many words per row and plane; the rest is the
        // caller's promise.
        unsafe {
            let steps = rolled(STEPS);
            for b in 0..rows.blocks {
                let block = panel.add(b);
                let taken_away = (*block).negated_sums.as_ptr();
                let begin = array!(V::zero(); VECTORS, |v| V::load_16_times_two_to::<SHIFT>(taken_away.add(v * LANES)));
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
                        let weights =
                            array!(V::zero(); VECTORS, |v| V::load_bytes(bytes(block, step, v)));
                        let words = words.add(step * R);
                        for (r, dots) in dots.iter_mut().enumerate() {
                            let xs = V::splat_word(words.add(r));
                            for (dot, &weights) in dots.iter_mut().zip(&weights) {
                                *dot = V::add_dot_of_fours(*dot, weights, xs);
                            }
                        }
                    }
                }
                add_block::<V, R>(in_memory(sums), &dots, rows.scales.add(b * R), block);
            }
        }
    }
}

/// The sums of a tile, which are to lie in memory in WebAssembly where they and the dot products are more than V8 has registers
/// for: otherwise it moves dot products to and fro in the innermost loop.
#[inline(always)]
fn in_memory<F, const R: usize>(sums: &mut [[F; VECTORS]; R]) -> &mut [[F; VECTORS]; R] {
    match cfg!(target_arch = "wasm32") && R > 3 {
        true => std::hint::black_box(sums),
        false => sums,
    }
}
