//! The innermost loops of the products: one block of a few rows and of a panel, with its dot
//! products kept in registers. Here is what they have in common, and that for pairs of sixteen
//! bits; those for bytes are in `bytes`.

#[cfg(any(target_arch = "x86_64", target_feature = "relaxed-simd"))]
mod bytes;

#[cfg(target_feature = "relaxed-simd")]
pub(super) use bytes::SevensBy32;
#[cfg(any(target_arch = "x86_64", target_feature = "relaxed-simd"))]
pub(super) use bytes::{BytesBySixteen, EightsBy32, FourteensBy32};

use super::activations::Rows;
use super::layout::{BLOCK, LANES, Order, PANEL, VECTORS};
use super::pack::PanelBlock;
use super::vector::{Vector, array, each_product};

/// One block of a panel.
pub(super) struct Block<'a, K> {
    pub(super) weights: &'a PanelBlock,
    /// What [`Tile::find_out`] has found out about it.
    #[allow(dead_code, reason = "not all kernels have to know something")]
    pub(super) known: *const K,
    /// [`Tile::TURNS`], which the compiler does not know.
    #[allow(dead_code, reason = "some loops are better where it does")]
    pub(super) turns: usize,
}

/// The innermost loop of a kernel, for one precision.
pub(super) trait Tile<V: Vector> {
    /// The order of the weights.
    const ORDER: Order;
    /// Words of a block of one row.
    const WORDS: usize;
    /// Turns of the innermost loop.
    const TURNS: usize;
    /// What is to be known of a block besides what is packed.
    type Known: Copy;

    /// Finds it out, for all blocks of a panel, once for all rows.
    ///
    /// # Safety
    /// The processor must have the instructions of `V`.
    unsafe fn find_out(panel: &[PanelBlock], known: &mut Vec<Self::Known>);

    /// Adds products of one block of `R` rows with a block of weights to `sums`.
    ///
    /// # Safety
    /// The processor must have the instructions of `V`; `rows` must have `R` rows, and all that
    /// `block` says must be so.
    unsafe fn add_block<const R: usize>(
        rows: Rows,
        block: &Block<Self::Known>,
        sums: &mut [[V::F; VECTORS]; R],
    );
}

/// Adds one block's dot products to the sums of a tile.
///
/// # Safety
/// The processor must have the instructions of `V`; the `R` scales must be there.
#[inline(always)]
unsafe fn add_scaled<V: Vector, const R: usize>(
    sums: &mut [[V::F; VECTORS]; R],
    dots: &[[V::I; VECTORS]; R],
    scales: *const f32,
    weights: &PanelBlock,
) {
    // As V8 has no registers left for them while dot products are computed.
    let weights = if cfg!(target_arch = "wasm32") {
        std::hint::black_box(weights)
    } else {
        weights
    };
    // Safety: as promised by the caller.
    unsafe {
        let of_weights = weights.scales.as_ptr();
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

/// So many turns of an innermost loop, which is not to be unrolled in WebAssembly: of an unrolled
/// one V8 loads so much ahead that it runs out of registers, and the loop is half as fast.
#[inline(always)]
pub(super) fn rolled(turns: usize) -> usize {
    if cfg!(target_arch = "wasm32") {
        std::hint::black_box(turns)
    } else {
        turns
    }
}

/// [`super::Precision::Fifteen`]: a dot product of two pairs of sixteen bits per lane.
pub(super) struct Pairs;

impl<V: Vector> Tile<V> for Pairs {
    const ORDER: Order = Order::Pairs;
    const WORDS: usize = BLOCK / 2;
    const TURNS: usize = BLOCK / 2;
    type Known = ();

    #[inline(always)]
    unsafe fn find_out(_: &[PanelBlock], _: &mut Vec<()>) {}

    #[inline(always)]
    unsafe fn add_block<const R: usize>(
        rows: Rows,
        block: &Block<Self::Known>,
        sums: &mut [[V::F; VECTORS]; R],
    ) {
        // Safety: a block has as many turns of `2 * PANEL` weights, and as many words per row; the
        // rest is the caller's promise.
        unsafe {
            let mut dots = [[V::zero(); VECTORS]; R];
            let weights = block.weights.quants.as_ptr();
            // Turns that the compiler knows it counts by what it reads, which leaves V8 a register
            // more.
            each_product!(
                V::load_pairs,
                2,
                <Self as Tile<V>>::TURNS,
                rows.words,
                weights,
                dots,
                |dot, pair, xs| V::add_dot_of_pairs(dot, pair, xs)
            );
            add_scaled::<V, R>(sums, &dots, rows.scales, block.weights);
        }
    }
}
