//! LayerNorm over the last dimension.

use candle_core::{Module, Result, Tensor};

use super::{Path, parallel, with_numbers};

/// LayerNorm (Ba et al., 2016, arXiv:1607.06450) with weight and bias.
pub struct LayerNorm(Inner);

enum Inner {
    /// With its epsilon, which it tells nobody.
    Candle(candle_nn::LayerNorm, f64),
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
    /// `weight` and `bias` have as many numbers as the last dimension; `epsilon` is added to the variance.
    ///
    /// # Errors
    /// If they are no vectors.
    pub fn new(weight: Tensor, bias: Tensor, epsilon: f64, path: Path) -> Result<Self> {
        Ok(Self(match path {
            Path::Candle { .. } => {
                Inner::Candle(candle_nn::LayerNorm::new(weight, bias, epsilon), epsilon)
            }
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
    /// What becomes of the parts of a row. At a `whole` row, `1 x width`, LayerNorm is an affine map: of `parts x width` that
    /// add up to it, it makes as many and one more, the bias, that add up to the result.
    ///
    /// # Errors
    /// If the shapes do not fit.
    pub fn forward_parts(&self, whole: &Tensor, parts: &Tensor) -> Result<Tensor> {
        let (weight, bias, epsilon) = match &self.0 {
            Inner::Candle(layer_norm, epsilon) => {
                let Some(bias) = layer_norm.bias() else {
                    candle_core::bail!("a LayerNorm without bias");
                };
                (layer_norm.weight().clone(), bias.clone(), *epsilon)
            }
            Inner::Kernel {
                weight,
                bias,
                epsilon,
                ..
            } => (
                Tensor::new(&weight[..], whole.device())?,
                Tensor::new(&bias[..], whole.device())?,
                f64::from(*epsilon),
            ),
        };
        let centred = |xs: &Tensor| xs.broadcast_sub(&xs.mean_keepdim(1)?);
        let variance = centred(whole)?.sqr()?.mean_keepdim(1)?;
        let scale = weight.broadcast_div(&(variance + epsilon)?.sqrt()?)?;
        let parts = centred(parts)?.broadcast_mul(&scale)?;
        Tensor::cat(&[&parts, &bias.unsqueeze(0)?], 0)
    }
}

impl Module for LayerNorm {
    /// The shape stays.
    fn forward(&self, xs: &Tensor) -> Result<Tensor> {
        match &self.0 {
            Inner::Candle(layer_norm, _) => layer_norm.forward(xs),
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
