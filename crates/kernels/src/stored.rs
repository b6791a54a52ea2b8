//! From the block types of GGML to the blocks that are packed.
//!
//! Layouts are those of `block_q4_0`, `block_q5_0` and `block_q8_0` in ggml-common.h
//! (<https://github.com/ggml-org/ggml>), whose symmetric blocks are taken over exactly.

use half::f16;

use super::layout::BLOCK;
use super::quantised_block::QuantisedBlock;

/// A type of blocks of [`BLOCK`] weights that can be packed as they are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockType {
    /// A scale of sixteen bits, and eight bits a weight.
    Q8_0,
    /// The same with five bits.
    Q5_0,
    /// The same with four bits.
    Q4_0,
}

impl BlockType {
    /// Bytes of a block.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Q8_0 => 34,
            Self::Q5_0 => 22,
            Self::Q4_0 => 18,
        }
    }

    /// The blocks of a matrix, one after the other.
    pub fn decode(self, stored: &[u8]) -> Vec<QuantisedBlock> {
        match self {
            Self::Q8_0 => stored.as_chunks().0.iter().map(q8_0).collect(),
            Self::Q5_0 => stored.as_chunks().0.iter().map(q5_0).collect(),
            Self::Q4_0 => stored.as_chunks().0.iter().map(q4_0).collect(),
        }
    }
}

#[inline(always)]
pub(super) fn q8_0(&[low, high, ref bytes @ ..]: &[u8; 34]) -> QuantisedBlock {
    QuantisedBlock {
        scale: scale([low, high]),
        quants: bytes.map(|byte| byte as i8),
    }
}

#[inline(always)]
pub(super) fn q5_0(&[low, high, a, b, c, d, ref bytes @ ..]: &[u8; 22]) -> QuantisedBlock {
    let fifth_bits = u32::from_le_bytes([a, b, c, d]);
    let mut quants = nibbles(bytes);
    for (i, quant) in quants.iter_mut().enumerate() {
        *quant = (*quant | ((fifth_bits >> i & 1) as i8) << 4) - 16;
    }
    QuantisedBlock {
        scale: scale([low, high]),
        quants,
    }
}

#[inline(always)]
pub(super) fn q4_0(&[low, high, ref bytes @ ..]: &[u8; 18]) -> QuantisedBlock {
    QuantisedBlock {
        scale: scale([low, high]),
        quants: nibbles(bytes).map(|nibble| nibble - 8),
    }
}

fn scale(bytes: [u8; 2]) -> f32 {
    f16::from_le_bytes(bytes).to_f32()
}

/// The low halves of 16 bytes, then the high ones.
#[inline(always)]
fn nibbles(bytes: &[u8; BLOCK / 2]) -> [i8; BLOCK] {
    std::array::from_fn(|i| {
        let byte = bytes[i % (BLOCK / 2)];
        (if i < BLOCK / 2 { byte & 15 } else { byte >> 4 }) as i8
    })
}
