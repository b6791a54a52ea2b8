//! LayerNorm over the last dimension.

use candle_core::{Module, Result, Tensor};

use super::arithmetic::{ByCandle, Path};
use super::parallel;
use super::rows::with_numbers;

/// LayerNorm (Ba et al., 2016, arXiv:1607.06450) with weight and bias.
pub struct LayerNorm(Inner);

enum Inner {
    /// With its epsilon, which it tells nobody.
    #[allow(
        dead_code,
        reason = "nobody asks how it was made: that it can be is all"
    )]
    Candle(candle_nn::LayerNorm, f64, ByCandle),
    Kernel {
        kernel: &'static dyn cliplet_kernels::Kernel,
        weight: Vec<f32>,
        bias: Vec<f32>,
        epsilon: f32,
    },
}

/// Rows for which it is worth it to ask another thread.
const AT_LEAST: usize = 4;

impl LayerNorm {
    /// `weight` and `bias` have as many numbers as the last dimension; `epsilon` is added to the
    /// variance.
    ///
    /// # Errors
    /// If they are no vectors.
    pub fn new(weight: Tensor, bias: Tensor, epsilon: f64, path: Path) -> Result<Self> {
        Ok(Self(match path {
            Path::Candle(by) => Inner::Candle(
                candle_nn::LayerNorm::new(weight, bias, epsilon),
                epsilon,
                by,
            ),
            Path::Kernel(kernel, _) => Inner::Kernel {
                kernel,
                weight: weight.to_vec1()?,
                bias: bias.to_vec1()?,
                epsilon: epsilon as f32,
            },
        }))
    }
}

impl LayerNorm {
    /// What becomes of the parts of a row. At a `whole` row, `1 x width`, LayerNorm is an affine
    /// map: of `parts x width` that add up to it, it makes as many and one more, the bias, that add
    /// up to the result.
    ///
    /// # Errors
    /// If the shapes do not fit.
    pub fn forward_parts(&self, whole: &Tensor, parts: &Tensor) -> Result<Tensor> {
        let (weight, bias, epsilon) = match &self.0 {
            Inner::Candle(layer_norm, epsilon, _) => {
                let Some(bias) = layer_norm.bias() else {
                    candle_core::bail!("a LayerNorm without bias");
                };
                let weight = layer_norm.weight().to_vec1()?;
                (weight, bias.to_vec1()?, *epsilon)
            }
            Inner::Kernel {
                weight,
                bias,
                epsilon,
                ..
            } => (weight.clone(), bias.clone(), f64::from(*epsilon)),
        };
        let (count, width) = parts.dims2()?;
        if whole.dims() != [1, width] || weight.len() != width {
            candle_core::bail!(
                "parts of {width} numbers of a row of {:?}, to be normalised with {}",
                whole.dims(),
                weight.len()
            );
        }
        let mean = |xs: &[f32]| xs.iter().sum::<f32>() / width as f32;
        let whole: Vec<f32> = whole.flatten_all()?.to_vec1()?;
        let middle = mean(&whole);
        let squares = whole.iter().map(|x| f64::from(x - middle).powi(2));
        let variance = squares.sum::<f64>() / width as f64;
        let scale = (variance + epsilon).sqrt().recip() as f32;
        let mut normed: Vec<f32> = parts.flatten_all()?.to_vec1()?;
        for part in normed.chunks_exact_mut(width) {
            let middle = mean(part);
            for (x, weight) in part.iter_mut().zip(&weight) {
                *x = (*x - middle) * scale * weight;
            }
        }
        normed.extend(bias);
        Tensor::from_vec(normed, (count + 1, width), parts.device())
    }
}

impl Module for LayerNorm {
    /// The shape stays.
    fn forward(&self, xs: &Tensor) -> Result<Tensor> {
        match &self.0 {
            Inner::Candle(layer_norm, ..) => layer_norm.forward(xs),
            Inner::Kernel {
                kernel,
                weight,
                bias,
                epsilon,
            } => {
                let mut out = vec![0.0; xs.elem_count()];
                with_numbers(&xs.contiguous()?, |xs| {
                    if xs.len() % weight.len() != 0 {
                        candle_core::bail!("rows of {} numbers to be normalised", weight.len());
                    }
                    let rows = parallel::portion(xs.len() / weight.len()).max(AT_LEAST);
                    let length = rows * weight.len();
                    let rows = xs.chunks(length).zip(out.chunks_mut(length));
                    parallel::each(rows, |(xs, out)| {
                        kernel.layer_norm(xs, weight, bias, *epsilon, out);
                    });
                    Ok(())
                })?;
                Tensor::from_vec(out, xs.shape(), xs.device())
            }
        }
    }
}
