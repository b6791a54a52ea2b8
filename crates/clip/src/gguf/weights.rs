//! The types of weights that are written, and numbers in them.

use std::fmt;
use std::str::FromStr;

use candle_core::quantized::GgmlDType;
use half::f16;
use half::slice::HalfFloatSliceExt;

/// How the weights of a file are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightType {
    /// 32 bits each.
    F32,
    /// 16 bits each.
    F16,
    /// 8.5 bits each: blocks of 32 whole numbers of eight bits, and their scale.
    Q8_0,
    /// 4.5 bits each: blocks of 32 whole numbers of four bits, and their scale.
    Q4_0,
    /// 6 bits each: blocks of 32 whole numbers of five bits, their scale and their least.
    #[cfg(feature = "terminal")]
    Q5_1,
    /// 5.5 bits each: blocks of 32 whole numbers of five bits, and their scale.
    #[cfg(feature = "terminal")]
    Q5_0,
    /// 5 bits each: blocks of 32 whole numbers of four bits, their scale and their least.
    #[cfg(feature = "terminal")]
    Q4_1,
}

/// Weights in a block of the quantised types (`QK8_0` and `QK4_0` in ggml-common.h).
const BLOCK: usize = 32;

impl WeightType {
    /// All of them, from large to small.
    #[cfg(not(feature = "terminal"))]
    pub const ALL: [Self; 4] = [Self::F32, Self::F16, Self::Q8_0, Self::Q4_0];
    /// All of them, from large to small.
    #[cfg(feature = "terminal")]
    pub const ALL: [Self; 7] = [
        Self::F32,
        Self::F16,
        Self::Q8_0,
        Self::Q5_1,
        Self::Q5_0,
        Self::Q4_1,
        Self::Q4_0,
    ];

    /// As candle knows it.
    pub(crate) fn ggml(self) -> GgmlDType {
        match self {
            Self::F32 => GgmlDType::F32,
            Self::F16 => GgmlDType::F16,
            Self::Q8_0 => GgmlDType::Q8_0,
            Self::Q4_0 => GgmlDType::Q4_0,
            #[cfg(feature = "terminal")]
            Self::Q5_1 => GgmlDType::Q5_1,
            #[cfg(feature = "terminal")]
            Self::Q5_0 => GgmlDType::Q5_0,
            #[cfg(feature = "terminal")]
            Self::Q4_1 => GgmlDType::Q4_1,
        }
    }

    /// Its number in ggml.h.
    pub(super) fn id(self) -> u32 {
        match self {
            Self::F32 => 0,
            Self::F16 => 1,
            Self::Q4_0 => 2,
            Self::Q8_0 => 8,
            #[cfg(feature = "terminal")]
            Self::Q4_1 => 3,
            #[cfg(feature = "terminal")]
            Self::Q5_0 => 6,
            #[cfg(feature = "terminal")]
            Self::Q5_1 => 7,
        }
    }

    /// What clip.cpp's `general.file_type` says of a file of such weights.
    pub(crate) fn file_type(self) -> u32 {
        match self {
            Self::F32 => 0,
            Self::F16 => 1,
            Self::Q4_0 => 2,
            Self::Q8_0 => 7,
            #[cfg(feature = "terminal")]
            Self::Q4_1 => 3,
            #[cfg(feature = "terminal")]
            Self::Q5_0 => 8,
            #[cfg(feature = "terminal")]
            Self::Q5_1 => 9,
        }
    }

    /// Weights that are stored together.
    pub(crate) fn block(self) -> usize {
        self.ggml().block_size()
    }

    /// Bytes of so many.
    pub(crate) fn block_bytes(self) -> usize {
        self.ggml().type_size()
    }

    /// The largest magnitude that can be stored; half precision ends soonest, and it is what scales
    /// are in.
    pub(crate) fn most(self) -> f32 {
        match self {
            Self::F32 => f32::MAX,
            Self::F16 => f16::MAX.to_f32(),
            Self::Q8_0 => 127.0 * f16::MAX.to_f32(),
            Self::Q4_0 => 8.0 * f16::MAX.to_f32(),
            #[cfg(feature = "terminal")]
            Self::Q5_0 => 16.0 * f16::MAX.to_f32(),
            // The least of a block is stored as well.
            #[cfg(feature = "terminal")]
            Self::Q4_1 | Self::Q5_1 => f16::MAX.to_f32(),
        }
    }

    /// Appends weights, a whole number of blocks, none of which is above [`WeightType::most`].
    pub(crate) fn store(self, weights: &[f32], to: &mut Vec<u8>) {
        match self {
            Self::F32 => to.extend(weights.iter().flat_map(|weight| weight.to_le_bytes())),
            Self::F16 => {
                for part in weights.chunks(64) {
                    let mut halves = [f16::ZERO; 64];
                    let halves = &mut halves[..part.len()];
                    halves.convert_from_f32_slice(part);
                    to.extend(halves.iter().flat_map(|half| half.to_le_bytes()));
                }
            }
            Self::Q8_0 => weights
                .as_chunks()
                .0
                .iter()
                .for_each(|block| store_q8_0(block, to)),
            Self::Q4_0 => weights
                .as_chunks()
                .0
                .iter()
                .for_each(|block| store_q4_0(block, to)),
            #[cfg(feature = "terminal")]
            Self::Q5_1 | Self::Q5_0 | Self::Q4_1 => store_as_candle_does(self.ggml(), weights, to),
        }
    }
}

/// `quantize_row_q8_0_ref` in ggml-quants.c.
fn store_q8_0(weights: &[f32; BLOCK], to: &mut Vec<u8>) {
    let most = weights.iter().fold(0f32, |most, x| most.max(x.abs()));
    let scale = most / 127.0;
    let inverse = inverse(scale);
    to.extend(f16::from_f32(scale).to_le_bytes());
    to.extend(weights.map(|x| rounded(x * inverse) as u8));
}

/// Weights so near to zero that their scale has no inverse become zero: in half precision, so is
/// the scale.
fn inverse(scale: f32) -> f32 {
    let inverse = 1.0 / scale;
    if inverse.is_finite() { inverse } else { 0.0 }
}

/// To the nearest whole number, halves away from zero, as `f32::round`: which calls a function for
/// every number where the processor, or WebAssembly, has no instruction for it. The number that is
/// added is the largest below a half, so that it lifts no number over a half that is below.
fn rounded(x: f32) -> i32 {
    (x + 0.5f32.next_down().copysign(x)) as i32
}

/// `quantize_row_q4_0_ref` in ggml-quants.c: the weight of the largest magnitude becomes -8.
fn store_q4_0(weights: &[f32; BLOCK], to: &mut Vec<u8>) {
    let (mut lowest, mut highest) = (0f32, 0f32);
    for &x in weights {
        lowest = lowest.min(x);
        highest = highest.max(x);
    }
    let most = if -lowest == highest {
        // The first of the two decides.
        let first = weights.iter().find(|x| x.abs() == highest && highest > 0.0);
        first.copied().unwrap_or(0.0)
    } else if -lowest > highest {
        lowest
    } else {
        highest
    };
    let scale = most / -8.0;
    let inverse = inverse(scale);
    to.extend(f16::from_f32(scale).to_le_bytes());
    let whole = weights.map(|x| ((x * inverse + 8.5) as i32).clamp(0, 15) as u8);
    let (low, high) = whole.split_at(BLOCK / 2);
    let mut packed = [0; BLOCK / 2];
    for ((packed, low), high) in packed.iter_mut().zip(low).zip(high) {
        *packed = low | high << 4;
    }
    to.extend(packed);
}

/// candle's own quantiser, which gives the bytes of ggml's for these types.
#[cfg(feature = "terminal")]
fn store_as_candle_does(ggml: GgmlDType, weights: &[f32], to: &mut Vec<u8>) {
    use candle_core::quantized::QTensor;
    use candle_core::{Device, Tensor};

    let stored = Tensor::new(weights, &Device::Cpu)
        .and_then(|weights| QTensor::quantize(&weights, ggml))
        .expect("whole blocks in memory can be quantised");
    to.extend_from_slice(&stored.data().expect("they are in memory"));
}

impl fmt::Display for WeightType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Q8_0 => "q8_0",
            Self::Q4_0 => "q4_0",
            #[cfg(feature = "terminal")]
            Self::Q4_1 => "q4_1",
            #[cfg(feature = "terminal")]
            Self::Q5_0 => "q5_0",
            #[cfg(feature = "terminal")]
            Self::Q5_1 => "q5_1",
        })
    }
}

impl FromStr for WeightType {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let is = |weights: &Self| weights.to_string() == name;
        Self::ALL.into_iter().find(is).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use candle_core::quantized::QTensor;
    use candle_core::{Device, Tensor};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    /// Weights of many magnitudes, some alike, some zero, some exactly between two whole multiples
    /// of their scale.
    fn weights() -> Vec<f32> {
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        let mut random = || {
            // xorshift64 (Marsaglia, 2003).
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        };
        let mut weights: Vec<f32> = (0..BLOCK * 4000)
            .map(|i| random() * 10f32.powi((i / BLOCK % 13) as i32 - 9))
            .collect();
        weights.extend([0.0; BLOCK]);
        weights.extend([-0.0; BLOCK]);
        weights.extend([65_504.0; BLOCK]);
        for most in [127.0, -127.0, 8.0, -8.0] {
            // The largest comes twice, with both signs.
            weights.extend((0..BLOCK).map(|i| match i {
                7 => most,
                9 => -most,
                _ => i as f32 / 2.0 - 8.0,
            }));
        }
        weights
    }

    #[test]
    fn weights_are_stored_as_candle_stores_them() {
        // Those of the terminal are candle's own; their bytes are compared with the gguf package's
        // in `tests/conversion.rs`.
        let weights = weights();
        for weight_type in WeightType::ALL {
            let tensor = Tensor::new(&weights[..], &Device::Cpu).unwrap();
            let expected = QTensor::quantize(&tensor, weight_type.ggml()).unwrap();
            let mut stored = Vec::new();
            weight_type.store(&weights, &mut stored);
            let expected = expected.data().unwrap();
            assert_eq!(stored.len(), expected.len(), "{weight_type}");
            let bytes = weight_type.block_bytes();
            for (i, (ours, theirs)) in stored.chunks(bytes).zip(expected.chunks(bytes)).enumerate()
            {
                let block = &weights[i * weight_type.block()..][..weight_type.block()];
                assert_eq!(ours, theirs, "{weight_type}, {block:?}");
            }
        }
    }

    #[test]
    fn what_is_next_to_nothing_becomes_nothing() {
        let tiny = [f32::MIN_POSITIVE / 2.0; BLOCK];
        let (mut tiny_stored, mut zeros) = (Vec::new(), Vec::new());
        WeightType::Q8_0.store(&tiny, &mut tiny_stored);
        WeightType::Q8_0.store(&[0.0; BLOCK], &mut zeros);
        assert_eq!(tiny_stored, zeros);
    }

    #[test]
    fn halves_are_rounded_away_from_zero() {
        for half in 0..255 {
            let half = half as f32 / 2.0;
            for x in [
                half,
                half.next_up(),
                half.next_down(),
                -half,
                -half.next_down(),
            ] {
                assert_eq!(rounded(x), x.round() as i32, "{x}");
            }
        }
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for weight_type in WeightType::ALL {
            assert_eq!(weight_type.to_string().parse(), Ok(weight_type));
        }
        assert_eq!("q5_k".parse::<WeightType>(), Err(()));
    }
}
