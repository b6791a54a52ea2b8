//! Matrix products with weights that stay quantised in memory.

use std::io::{Read, Seek};

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Module, Result, Tensor};

use super::activation::activate;
use super::arithmetic::{ByCandle, Path};
use super::blocks;
use super::floats::FloatLinear;
use super::packed::PackedLinear;
use super::row_product::RowProduct;
use crate::Error;
use crate::config::Activation;
use crate::gguf::StoredMatrix;

/// `y = x W^T + b`: `W` is `outputs x inputs` as stored in the file, `b`, if there is one, has
/// `outputs` elements.
pub struct Linear(Product);

enum Product {
    /// By candle, with the weights as they are stored, either multiplied so or expanded for the
    /// moment.
    Stored {
        weight: QTensor,
        bias: Option<Tensor>,
        by: ByCandle,
    },
    /// By a kernel of ours, with weights in blocks.
    Packed(PackedLinear),
    /// The same with weights that are numbers.
    Floats(FloatLinear),
}

/// With so many weights an activation is multiplied in f32 no slower than it is quantised and then
/// multiplied.
const FEW_OUTPUTS: usize = 112;

impl Linear {
    /// From a weight of two dimensions and a bias of its first.
    ///
    /// # Errors
    /// If the dimensions are others.
    pub fn new(weight: QTensor, bias: Option<Tensor>, path: Path) -> Result<Self> {
        Ok(Self(match path {
            Path::Candle(by) => Product::Stored { weight, bias, by },
            Path::Kernel(kernel, precision) => {
                let packed = blocks::pack(&weight, precision)?;
                Product::Packed(PackedLinear::new(packed, bias.as_ref(), kernel)?)
            }
        }))
    }

    /// The same with a weight that is still in its file. Where it can be packed as it is read,
    /// there is never more of it in memory than a piece.
    ///
    /// # Errors
    /// As [`Linear::new`], and those of [`StoredMatrix::rows`].
    pub(crate) fn read<R: Read + Seek>(
        mut weight: StoredMatrix<R>,
        bias: Option<Tensor>,
        path: Path,
    ) -> std::result::Result<Self, Error> {
        let packed = match path {
            Path::Kernel(kernel, precision) => {
                let (weights, dims) = (weight.weights(), weight.dims());
                let read = |rows, to: &mut [u8]| weight.rows(rows, to);
                blocks::pack_rows(weights, dims, precision, read)?.map(|packed| (kernel, packed))
            }
            Path::Candle(_) => None,
        };
        if let Some((kernel, packed)) = packed {
            let packed = PackedLinear::new(packed, bias.as_ref(), kernel)?;
            return Ok(Self(Product::Packed(packed)));
        }
        Ok(Self::new(weight.whole()?, bias, path)?)
    }

    /// The same for a convolution, which has many rows. It is multiplied in f32 where weights are
    /// stored so, since they would bear eight bits badly, and where there are few outputs, since
    /// quantising activations would take longer than the product.
    ///
    /// # Errors
    /// As [`Linear::read`].
    pub(crate) fn read_convolution<R: Read + Seek>(
        weight: StoredMatrix<R>,
        bias: Tensor,
        path: Path,
    ) -> std::result::Result<Self, Error> {
        let is_stored_so = matches!(weight.weights(), GgmlDType::F32 | GgmlDType::F16);
        match path {
            Path::Kernel(kernel, _) if is_stored_so || weight.dims().0 <= FEW_OUTPUTS => {
                let weight = weight.whole()?.dequantize(&Device::Cpu)?;
                let floats = FloatLinear::new(&weight, &bias, kernel)?;
                Ok(Self(Product::Floats(floats)))
            }
            _ => Self::read(weight, Some(bias), path),
        }
    }

    /// The product by rows, where a kernel computes it.
    pub(super) fn by_rows(&self) -> Option<&dyn RowProduct> {
        match &self.0 {
            Product::Stored { .. } => None,
            Product::Packed(packed) => Some(packed),
            Product::Floats(floats) => Some(floats),
        }
    }

    /// The activation function of the product.
    ///
    /// # Errors
    /// If `xs` has another last dimension than `inputs`.
    pub fn forward_then(&self, activation: Activation, xs: &Tensor) -> Result<Tensor> {
        match &self.0 {
            Product::Stored { .. } => activate(activation, &self.forward(xs)?),
            Product::Packed(packed) => packed.forward(xs, Some(activation), None),
            Product::Floats(floats) => floats.forward(xs, Some(activation), None),
        }
    }

    /// The product, added to `residual`, which has its shape.
    ///
    /// # Errors
    /// If the shapes do not fit.
    pub fn forward_onto(&self, residual: &Tensor, xs: &Tensor) -> Result<Tensor> {
        match &self.0 {
            Product::Stored { .. } => residual + self.forward(xs)?,
            Product::Packed(packed) => packed.forward(xs, None, Some(residual)),
            Product::Floats(floats) => floats.forward(xs, None, Some(residual)),
        }
    }

    /// Several products of the same numbers.
    ///
    /// # Errors
    /// If `xs` has another last dimension than `inputs`.
    pub fn together<const N: usize>(all: [&Self; N], xs: &Tensor) -> Result<[Tensor; N]> {
        let packed = all.map(|linear| match &linear.0 {
            Product::Packed(packed) => Some(packed),
            Product::Stored { .. } | Product::Floats(_) => None,
        });
        if packed.iter().all(Option::is_some) {
            return PackedLinear::together(packed.map(Option::unwrap), xs);
        }
        let mut products = Vec::with_capacity(N);
        for linear in all {
            products.push(linear.forward(xs)?);
        }
        // One was pushed for each.
        Ok(products.try_into().unwrap_or_else(|_| unreachable!()))
    }
}

/// Whether candle multiplies this type as it is with vector instructions, on x86-64 and Arm. The
/// others are quicker expanded, one matrix at a time.
fn has_native_kernel(dtype: GgmlDType) -> bool {
    matches!(dtype, GgmlDType::Q8_0 | GgmlDType::Q4_0)
}

impl Module for Linear {
    /// `xs`: any dimensions, the last one `inputs`; the result has `outputs` there.
    fn forward(&self, xs: &Tensor) -> Result<Tensor> {
        match &self.0 {
            Product::Stored { weight, bias, by } => {
                let xs = xs.contiguous()?;
                let product = if by.expanded() || !has_native_kernel(weight.dtype()) {
                    xs.broadcast_matmul(&weight.dequantize(&Device::Cpu)?.t()?)?
                } else {
                    xs.apply_op1_no_bwd(weight)?
                };
                match bias {
                    Some(bias) => product.broadcast_add(bias),
                    None => Ok(product),
                }
            }
            Product::Packed(packed) => packed.forward(xs, None, None),
            Product::Floats(floats) => floats.forward(xs, None, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Arithmetic;
    use crate::ops::arithmetic::WIDE;
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// Smooth pseudo-random numbers around zero.
    fn numbers(seed: usize, shape: (usize, usize)) -> Tensor {
        let values: Vec<f32> = (0..shape.0 * shape.1)
            .map(|i| ((i * 7919 + seed * 104_729) as f32 * 0.618).sin())
            .collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    }

    fn product(
        xs: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        dtype: GgmlDType,
        arithmetic: Arithmetic,
    ) -> Vec<f32> {
        let weight = QTensor::quantize(weight, dtype).unwrap();
        Linear::new(weight, Some(bias.clone()), arithmetic.for_images(WIDE))
            .and_then(|linear| linear.forward(xs))
            .unwrap()
            .flatten_all()
            .unwrap()
            .to_vec1()
            .unwrap()
    }

    /// Three nested loops over the dequantised weights.
    fn oracle(xs: &Tensor, weight: &Tensor, bias: &Tensor, dtype: GgmlDType) -> Vec<f32> {
        let weight = QTensor::quantize(weight, dtype)
            .unwrap()
            .dequantize(&Device::Cpu)
            .unwrap();
        let (xs, weight): (Vec<Vec<f32>>, Vec<Vec<f32>>) =
            (xs.to_vec2().unwrap(), weight.to_vec2().unwrap());
        let bias: Vec<f32> = bias.to_vec1().unwrap();
        let dot = |x: &[f32], w: &[f32]| -> f64 {
            x.iter()
                .zip(w)
                .map(|(x, w)| f64::from(*x) * f64::from(*w))
                .sum()
        };
        xs.iter()
            .flat_map(|x| {
                weight
                    .iter()
                    .zip(&bias)
                    .map(move |(w, b)| (dot(x, w) + f64::from(*b)) as f32)
            })
            .collect()
    }

    fn cosine(a: &[f32], b: &[f32]) -> f32 {
        let dot = |a: &[f32], b: &[f32]| -> f32 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    }

    const TYPES: [GgmlDType; 7] = [
        GgmlDType::F32,
        GgmlDType::F16,
        GgmlDType::Q8_0,
        GgmlDType::Q5_0,
        GgmlDType::Q5_1,
        GgmlDType::Q4_0,
        GgmlDType::Q4_1,
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn products_agree_with_the_scalar_oracle(
            seed in 0usize..1000, rows in 1usize..40, blocks in 1usize..5, outputs in 1usize..40, dtype in 0usize..7,
        ) {
            let dtype = TYPES[dtype];
            let xs = numbers(seed, (rows, 32 * blocks));
            let weight = numbers(seed + 1, (outputs, 32 * blocks));
            let bias = numbers(seed + 2, (1, outputs)).flatten_all().unwrap();
            let expected = oracle(&xs, &weight, &bias, dtype);
            let reference = product(&xs, &weight, &bias, dtype, Arithmetic::Reference);
            for (a, b) in reference.iter().zip(&expected) {
                prop_assert!((a - b).abs() < 1e-3, "{a} {b}");
            }
            let fast = product(&xs, &weight, &bias, dtype, Arithmetic::Fast);
            if rows * outputs > 16 {
                prop_assert!(cosine(&fast, &expected) > 0.999);
            }
        }
    }
}
