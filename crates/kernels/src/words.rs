//! Quantised activations of a block as words of 32 bits.

use super::layout::BLOCK;

/// Numbers that are bytes once `offset` is added, as words of four.
#[inline(always)]
pub(super) fn words_of_bytes(quants: &[i32; BLOCK], offset: i32) -> [u32; BLOCK / 4] {
    let (fours, _) = quants.as_chunks::<4>();
    std::array::from_fn(|i| u32::from_le_bytes(fours[i].map(|quant| (quant + offset) as u8)))
}

/// Numbers of sixteen bits as words of two.
#[inline(always)]
pub(super) fn words_of_fifteens(quants: &[i32; BLOCK]) -> [u32; BLOCK / 2] {
    let (pairs, _) = quants.as_chunks::<2>();
    std::array::from_fn(|i| pairs[i][0] as u32 & 0xffff | (pairs[i][1] as u32) << 16)
}
