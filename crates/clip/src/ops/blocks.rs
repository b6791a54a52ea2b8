//! From the block types of GGML to the blocks that are packed.
//!
//! Layouts are those of `block_q4_0`, `block_q5_0` and `block_q8_0` in ggml-common.h
//! (<https://github.com/ggml-org/ggml>), whose symmetric blocks are taken over exactly. All other types are expanded and
//! quantised to eight bits.

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Result};
use half::f16;

use crate::kernels::{BLOCK, QuantisedBlock};

/// Calls `with` with a function that gives block `b` of a row of the matrix.
pub(super) fn with_blocks<T>(
    weight: &QTensor,
    inputs: usize,
    with: impl FnOnce(&dyn Fn(usize, usize) -> QuantisedBlock) -> T,
) -> Result<T> {
    let decode = match weight.dtype() {
        GgmlDType::Q8_0 => q8_0,
        GgmlDType::Q5_0 => q5_0,
        GgmlDType::Q4_0 => q4_0,
        _ => {
            let rows: Vec<Vec<f32>> = weight.dequantize(&Device::Cpu)?.to_vec2()?;
            return Ok(with(&|row, b| {
                let row = &rows[row];
                QuantisedBlock::from_weights(&row[b * BLOCK..row.len().min((b + 1) * BLOCK)])
            }));
        }
    };
    let bytes = weight.data()?;
    let size = weight.dtype().type_size();
    Ok(with(&|row, b| {
        let at = (row * (inputs / BLOCK) + b) * size;
        decode(&bytes[at..at + size])
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
        for (dtype, most) in [
            (GgmlDType::Q8_0, 1e-7),
            (GgmlDType::Q5_0, 1e-7),
            (GgmlDType::Q4_0, 1e-7),
            (GgmlDType::Q5_1, 5e-3),
            (GgmlDType::F16, 5e-3),
        ] {
            let quantised = QTensor::quantize(&weights, dtype).unwrap();
            let expected = quantised.dequantize(&Device::Cpu).unwrap();
            let expected: Vec<Vec<f32>> = expected.to_vec2().unwrap();
            let at = |row: usize, input: usize| expected[row][input];
            with_blocks(&quantised, 96, |block| {
                for (row, input) in (0..3).flat_map(|row| (0..96).map(move |input| (row, input))) {
                    let QuantisedBlock { scale, quants } = block(row, input / BLOCK);
                    let weight = scale * f32::from(quants[input % BLOCK]);
                    assert!(
                        (weight - at(row, input)).abs() < most,
                        "{dtype:?} {row} {input}"
                    );
                }
            })
            .unwrap();
        }
    }
}
