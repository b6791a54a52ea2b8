//! From the block types of GGML to the blocks that are packed.
//!
//! Layouts are those of `block_q4_0`, `block_q5_0` and `block_q8_0` in ggml-common.h
//! (<https://github.com/ggml-org/ggml>), whose symmetric blocks are taken over exactly. All other types are expanded and
//! quantised to eight bits.

use std::ops::Range;

use candle_core::Device;
use candle_core::quantized::{GgmlDType, QTensor};
use half::f16;

use super::parallel;
use crate::kernels::{BLOCK, PANEL, PackedWeights, Precision, QuantisedBlock};

/// Rows that are packed together: so many bytes of the file, which are still in the processor's cache when they are packed. Few in
/// tests, whose matrices are small, so that these too are packed in pieces.
const PIECE: usize = if cfg!(test) { 1 << 10 } else { 1 << 20 };

/// Packs a matrix whose rows `read` gives as they are stored, a range at a time and in their order. None if they are of a type
/// whose blocks are others than those that are packed; then nothing is read.
pub(super) fn pack_rows<E>(
    weights: GgmlDType,
    (outputs, inputs): (usize, usize),
    precision: Precision,
    read: impl FnMut(Range<usize>, &mut Vec<u8>) -> Result<(), E>,
) -> Result<Option<PackedWeights>, E> {
    let size = (outputs, inputs);
    match weights {
        GgmlDType::Q8_0 => pack_blocks(34, q8_0, size, precision, read).map(Some),
        GgmlDType::Q5_0 => pack_blocks(22, q5_0, size, precision, read).map(Some),
        GgmlDType::Q4_0 => pack_blocks(18, q4_0, size, precision, read).map(Some),
        _ => Ok(None),
    }
}

/// The same for blocks of `bytes` each, of which `decode` makes those that are packed.
fn pack_blocks<E>(
    bytes: usize,
    decode: impl Fn(&[u8]) -> QuantisedBlock + Sync,
    (outputs, inputs): (usize, usize),
    precision: Precision,
    mut read: impl FnMut(Range<usize>, &mut Vec<u8>) -> Result<(), E>,
) -> Result<PackedWeights, E> {
    let row_blocks = inputs / BLOCK;
    let row_bytes = row_blocks * bytes;
    let panels = (PIECE / (row_bytes * PANEL).max(1)).max(1);
    let mut packed = PackedWeights::empty(outputs, inputs, precision);
    let mut rows = Vec::new();
    for first in (0..outputs).step_by(panels * PANEL) {
        let last = outputs.min(first + panels * PANEL);
        rows.clear();
        read(first..last, &mut rows)?;
        let block = |row: usize, b: usize| decode(&rows[(row * row_blocks + b) * bytes..][..bytes]);
        let portion = parallel::portion(panels);
        packed.pack_next(panels, portion, block, |rooms, pack| {
            parallel::each(rooms, pack);
        });
    }
    Ok(packed)
}

/// Packs a matrix of any type: numbers that are of none of the types above are quantised to eight bits.
pub(super) fn pack(weight: &QTensor, precision: Precision) -> candle_core::Result<PackedWeights> {
    let (outputs, inputs) = weight.shape().dims2()?;
    let bytes = weight.data()?;
    let row_bytes = bytes.len() / outputs.max(1);
    let read = |rows: Range<usize>, to: &mut Vec<u8>| -> candle_core::Result<()> {
        to.extend(&bytes[rows.start * row_bytes..rows.end * row_bytes]);
        Ok(())
    };
    if let Some(packed) = pack_rows(weight.dtype(), (outputs, inputs), precision, read)? {
        return Ok(packed);
    }
    let rows: Vec<Vec<f32>> = weight.dequantize(&Device::Cpu)?.to_vec2()?;
    Ok(PackedWeights::pack(outputs, inputs, precision, |row, b| {
        let row = &rows[row];
        QuantisedBlock::from_weights(&row[b * BLOCK..row.len().min((b + 1) * BLOCK)])
    }))
}

fn scale(block: &[u8]) -> f32 {
    f16::from_le_bytes([block[0], block[1]]).to_f32()
}

fn q8_0(block: &[u8]) -> QuantisedBlock {
    let mut quants = [0; BLOCK];
    for (quant, byte) in quants.iter_mut().zip(&block[2..]) {
        *quant = *byte as i8;
    }
    QuantisedBlock {
        scale: scale(block),
        quants,
    }
}

fn q4_0(block: &[u8]) -> QuantisedBlock {
    QuantisedBlock {
        scale: scale(block),
        quants: nibbles(&block[2..]).map(|nibble| nibble - 8),
    }
}

fn q5_0(block: &[u8]) -> QuantisedBlock {
    let fifth_bits = u32::from_le_bytes([block[2], block[3], block[4], block[5]]);
    let mut quants = nibbles(&block[6..]);
    for (i, quant) in quants.iter_mut().enumerate() {
        *quant = (*quant | ((fifth_bits >> i & 1) as i8) << 4) - 16;
    }
    QuantisedBlock {
        scale: scale(block),
        quants,
    }
}

/// The low halves of 16 bytes, then the high ones.
fn nibbles(bytes: &[u8]) -> [i8; BLOCK] {
    std::array::from_fn(|i| {
        let byte = bytes[i % (BLOCK / 2)];
        (if i < BLOCK / 2 { byte & 15 } else { byte >> 4 }) as i8
    })
}

#[cfg(test)]
mod tests {
    use candle_core::Tensor;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn blocks_are_what_candle_expands() {
        let weights: Vec<f32> = (0..3 * 96)
            .map(|i| ((i * 7919) as f32 * 0.618).sin())
            .collect();
        let weights = Tensor::from_vec(weights, (3, 96), &Device::Cpu).unwrap();
        for (dtype, decode) in [
            (GgmlDType::Q8_0, q8_0 as fn(&[u8]) -> QuantisedBlock),
            (GgmlDType::Q5_0, q5_0),
            (GgmlDType::Q4_0, q4_0),
        ] {
            let quantised = QTensor::quantize(&weights, dtype).unwrap();
            let expected = quantised.dequantize(&Device::Cpu).unwrap();
            let expected: Vec<f32> = expected.flatten_all().unwrap().to_vec1().unwrap();
            let bytes = quantised.data().unwrap();
            let blocks = bytes.chunks_exact(dtype.type_size()).map(decode);
            let found: Vec<f32> = blocks
                .flat_map(|block| block.quants.map(|quant| block.scale * f32::from(quant)))
                .collect();
            assert_eq!(found.len(), expected.len());
            for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
                assert!((found - expected).abs() < 1e-7, "{dtype:?} {i}");
            }
        }
    }
}
