//! The innermost loops of the products: a few rows and panels, block by block of their inputs, with what is added up kept in
//! registers. Here is what they have in common, and that for pairs of sixteen bits; those for bytes are in `bytes`.

#[cfg(any(target_arch = "x86_64", target_feature = "relaxed-simd"))]
mod bytes;

#[cfg(target_feature = "relaxed-simd")]
pub(super) use bytes::SevensBy32;
#[cfg(any(target_arch = "x86_64", target_feature = "relaxed-simd"))]
pub(super) use bytes::{BytesBySixteen, EightsBy32, FourteensBy32};

use super::pack::PanelBlock;
use super::vector::{Vector, array};
use super::{BLOCK, Order, PANEL, PackedWeights};

/// Rows of activations as a tile reads them: word after word, and in a word row after row.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    pub(super) words: *const u32,
    pub(super) scales: *const f32,
    pub(super) blocks: usize,
}

/// The innermost loop of a kernel, for one precision.
pub(super) trait Tile<V: Vector> {
    /// Rows of a whole tile, at most 5.
    const ROWS: usize;
    /// The order of the weights.
    const ORDER: Order;
    /// What is known of each block of a panel besides its weights.
    type Known: Copy;

    /// What is known of the blocks of `P` panels of a tile: block by block, those of a block [`PANELS_OF_A_TILE`](super::PANELS_OF_A_TILE)
    /// behind those of the last. What is not known yet is found out, once for all rows, and put into `room`.
    ///
    /// # Safety
    /// The processor must have the instructions of `V`.
    unsafe fn known<'a, const P: usize>(
        weights: &'a PackedWeights,
        first: usize,
        room: &'a mut Vec<Self::Known>,
    ) -> &'a [Self::Known];

    /// Products of `R` rows with `P` panels.
    ///
    /// # Safety
    /// The processor must have the instructions of `V`; `rows` must have `R` rows, and every panel `rows.blocks` blocks;
    /// `known` is what [`Tile::known`] gives for these.
    unsafe fn tile<const R: usize, const P: usize>(
        rows: Rows,
        panels: [*const PanelBlock; P],
        known: *const Self::Known,
    ) -> [[V::F; P]; R];
}

/// Adds one block's dot products to the sums of a tile.
///
/// # Safety
/// The processor must have the instructions of `V`; block `b` of every panel and the `R` scales must be there.
#[inline(always)]
unsafe fn add_block<V: Vector, const R: usize, const P: usize>(
    sums: &mut [[V::F; P]; R],
    dots: &[[V::I; P]; R],
    scales: *const f32,
    panels: &[*const PanelBlock; P],
    b: usize,
) {
    // Safety: as promised by the caller.
    unsafe {
        let weight_scales =
            array!(V::splat(0.0); P, |p| V::load((*panels[p].add(b)).scales.as_ptr()));
        for r in 0..R {
            let scale = V::splat(*scales.add(r));
            for p in 0..P {
                let dot = V::mul(V::to_f32(dots[r][p]), scale);
                sums[r][p] = V::mul_add(dot, weight_scales[p], sums[r][p]);
            }
        }
    }
}

/// So many turns of a loop over bytes, which is not to be unrolled in WebAssembly: of an unrolled one V8 loads so much ahead that
/// it runs out of registers, and the loop is half as fast.
#[cfg(any(target_arch = "x86_64", target_feature = "relaxed-simd"))]
#[inline(always)]
fn rolled(turns: usize) -> usize {
    match cfg!(target_arch = "wasm32") {
        true => std::hint::black_box(turns),
        false => turns,
    }
}

/// [`super::Precision::Fifteen`]: a dot product of two pairs of sixteen bits per lane.
pub(super) struct Pairs;

impl<V: Vector> Tile<V> for Pairs {
    const ROWS: usize = 5;
    const ORDER: Order = Order::Pairs;
    type Known = ();

    #[inline(always)]
    unsafe fn known<'a, const P: usize>(
        _: &'a PackedWeights,
        _: usize,
        _: &'a mut Vec<()>,
    ) -> &'a [()] {
        &[]
    }

    #[inline(always)]
    unsafe fn tile<const R: usize, const P: usize>(
        rows: Rows,
        panels: [*const PanelBlock; P],
        _: *const Self::Known,
    ) -> [[V::F; P]; R] {
        const STEPS: usize = BLOCK / 2;
        // Safety: a block has `STEPS` steps of `2 * PANEL` weights, and as many words per row; the rest is the caller's
        // promise.
        unsafe {
            let mut sums = [[V::splat(0.0); P]; R];
            for b in 0..rows.blocks {
                let words = rows.words.add(b * STEPS * R);
                let mut dots = [[V::zero(); P]; R];
                for step in 0..STEPS {
                    let weights = array!(V::zero(); P, |p| {
                        V::load_pairs((*panels[p].add(b)).quants.as_ptr().add(step * 2 * PANEL))
                    });
                    for (r, dots) in dots.iter_mut().enumerate() {
                        let xs = V::splat_word(words.add(step * R + r));
                        for (dot, &weights) in dots.iter_mut().zip(&weights) {
                            *dot = V::add_dot_of_pairs(*dot, weights, xs);
                        }
                    }
                }
                add_block::<V, R, P>(&mut sums, &dots, rows.scales.add(b * R), &panels, b);
            }
            sums
        }
    }
}
