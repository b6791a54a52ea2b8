//! From matrices as they are stored to packed ones, a piece at a time. Types of blocks that the
//! kernels do not take over are expanded and quantised to eight bits.

use std::ops::Range;

use candle_core::Device;
use candle_core::quantized::{GgmlDType, QTensor};
use cliplet_kernels::{BLOCK, BlockType, PANEL, PackedWeights, Precision, QuantisedBlock};

use super::parallel;

/// Rows that are packed together: so many bytes of the file, which are still in the processor's
/// cache when they are packed. Few in tests, whose matrices are small, so that these too are packed
/// in pieces.
const PIECE: usize = if cfg!(test) { 1 << 10 } else { 1 << 20 };

/// The type of blocks that these weights are stored in, if it is one that can be packed as it is.
fn block_type(weights: GgmlDType) -> Option<BlockType> {
    match weights {
        GgmlDType::Q8_0 => Some(BlockType::Q8_0),
        GgmlDType::Q5_0 => Some(BlockType::Q5_0),
        GgmlDType::Q4_0 => Some(BlockType::Q4_0),
        _ => None,
    }
}

/// Packs a matrix whose rows `read` gives as they are stored, a range at a time and in their order.
/// None if they are of a type whose blocks are others than those that are packed; then nothing is
/// read.
pub(super) fn pack_rows<E>(
    weights: GgmlDType,
    (outputs, inputs): (usize, usize),
    precision: Precision,
    mut read: impl FnMut(Range<usize>, &mut [u8]) -> Result<(), E>,
) -> Result<Option<PackedWeights>, E> {
    let Some(stored) = block_type(weights) else {
        return Ok(None);
    };
    let row_bytes = inputs / BLOCK * stored.bytes();
    let panels = (PIECE / (row_bytes * PANEL).max(1)).max(1);
    let portion = parallel::portion(panels);
    let mut packed = PackedWeights::empty(outputs, inputs, precision);
    let mut piece = vec![0; row_bytes * outputs.min(panels * PANEL)];
    for first in (0..outputs).step_by(panels * PANEL) {
        let last = outputs.min(first + panels * PANEL);
        let rows = &mut piece[..(last - first) * row_bytes];
        read(first..last, rows)?;
        packed.pack_next(rows, stored, portion, &|rooms, pack| {
            parallel::each(rooms, pack);
        });
    }
    Ok(Some(packed))
}

/// Packs a matrix of any type: numbers that are of none of the types above are quantised to eight
/// bits.
pub(super) fn pack(weight: &QTensor, precision: Precision) -> candle_core::Result<PackedWeights> {
    let (outputs, inputs) = weight.shape().dims2()?;
    let bytes = weight.data()?;
    let row_bytes = bytes.len() / outputs.max(1);
    let read = |rows: Range<usize>, to: &mut [u8]| -> candle_core::Result<()> {
        to.copy_from_slice(&bytes[rows.start * row_bytes..rows.end * row_bytes]);
        Ok(())
    };
    if let Some(packed) = pack_rows(weight.dtype(), (outputs, inputs), precision, read)? {
        return Ok(packed);
    }
    let rows: Vec<Vec<f32>> = weight.dequantize(&Device::Cpu)?.to_vec2()?;
    Ok(PackedWeights::pack(
        outputs,
        inputs,
        precision,
        &|row, b| {
            let row = &rows[row];
            QuantisedBlock::from_weights(&row[b * BLOCK..row.len().min((b + 1) * BLOCK)])
        },
    ))
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
        for dtype in [GgmlDType::Q8_0, GgmlDType::Q5_0, GgmlDType::Q4_0] {
            let stored = block_type(dtype).unwrap();
            assert_eq!(stored.bytes(), dtype.type_size());
            let quantised = QTensor::quantize(&weights, dtype).unwrap();
            let expected = quantised.dequantize(&Device::Cpu).unwrap();
            let expected: Vec<f32> = expected.flatten_all().unwrap().to_vec1().unwrap();
            let bytes = quantised.data().unwrap();
            let blocks = stored.decode(&bytes);
            let found: Vec<f32> = blocks
                .iter()
                .flat_map(|block| block.quants.map(|quant| block.scale * f32::from(quant)))
                .collect();
            assert_eq!(found.len(), expected.len());
            for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
                assert!((found - expected).abs() < 1e-7, "{dtype:?} {i}");
            }
        }
    }
}
