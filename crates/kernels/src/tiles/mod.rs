//! The innermost loops of the products: a few rows and a panel, block by block of their inputs, with what is added up kept in
//! registers. Here is what they have in common, and that for pairs of sixteen bits; those for bytes are in `bytes`.

#[cfg(any(target_arch = "x86_64", target_feature = "relaxed-simd"))]
mod bytes;

#[cfg(target_feature = "relaxed-simd")]
pub(super) use bytes::SevensBy32;
#[cfg(any(target_arch = "x86_64", target_feature = "relaxed-simd"))]
pub(super) use bytes::{BytesBySixteen, EightsBy32, FourteensBy32};

use super::pack::PanelBlock;
use super::vector::{Vector, array};
use super::{BLOCK, LANES, Order, PANEL, VECTORS};

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
    /// What is to be known of a block besides what is packed.
    type Known: Copy;

    /// Finds it out, for all blocks of a panel, once for all rows.
    ///
    /// # Safety
    /// The processor must have the instructions of `V`.
    unsafe fn find_out(panel: &[PanelBlock], known: &mut Vec<Self::Known>);

    /// Adds products of `R` rows with a panel to `sums`.
    ///
    /// # Safety
    /// The processor must have the instructions of `V`; `rows` must have `R` rows, and `panel` `rows.blocks` blocks;
    /// `known` is what [`Tile::find_out`] finds out about these.
    unsafe fn tile<const R: usize>(
        rows: Rows,
        panel: *const PanelBlock,
        known: *const Self::Known,
        sums: &mut [[V::F; VECTORS]; R],
    );
}

/// Adds one block's dot products to the sums of a tile.
///
/// # Safety
/// The processor must have the instructions of `V`; the `R` scales must be there.
#[inline(always)]
unsafe fn add_block<V: Vector, const R: usize>(
    sums: &mut [[V::F; VECTORS]; R],
    dots: &[[V::I; VECTORS]; R],
    scales: *const f32,
    block: *const PanelBlock,
) {
    // Safety: as promised by the caller.
    unsafe {
        let of_weights = (*block).scales.as_ptr();
        let of_weights = array!(V::splat(0.0); VECTORS, |v| V::load(of_weights.add(v * LANES)));
        for r in 0..R {
            let scale = V::splat(*scales.add(r));
            for v in 0..VECTORS {
                let dot = V::mul(V::to_f32(dots[r][v]), scale);
                sums[r][v] = V::mul_add(dot, of_weights[v], sums[r][v]);
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
    unsafe fn find_out(_: &[PanelBlock], _: &mut Vec<()>) {}

    #[inline(always)]
    unsafe fn tile<const R: usize>(
        rows: Rows,
        panel: *const PanelBlock,
        _: *const Self::Known,
        sums: &mut [[V::F; VECTORS]; R],
    ) {
        const STEPS: usize = BLOCK / 2;
        // Safety: a block has `STEPS` steps of `2 * PANEL` weights, and as many words per row; the rest is the caller's
        // promise.
        unsafe {
            for b in 0..rows.blocks {
                let block = panel.add(b);
                let words = rows.words.add(b * STEPS * R);
                let mut dots = [[V::zero(); VECTORS]; R];
                for step in 0..STEPS {
                    let weights = (*block).quants.as_ptr().add(step * 2 * PANEL);
                    let words = words.add(step * R);
                    let weights =
                        array!(V::zero(); VECTORS, |v| V::load_pairs(weights.add(v * 2 * LANES)));
                    for (r, dots) in dots.iter_mut().enumerate() {
                        let xs = V::splat_word(words.add(r));
                        for (dot, &weights) in dots.iter_mut().zip(&weights) {
                            *dot = V::add_dot_of_pairs(*dot, weights, xs);
                        }
                    }
                }
                add_block::<V, R>(sums, &dots, rows.scales.add(b * R), block);
            }
        }
    }
}
