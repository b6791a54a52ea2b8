//! LayerNorm over the last dimension.

use candle_core::{Module, Result, Tensor};

use super::{Path, with_numbers};

/// LayerNorm (Ba et al., 2016, arXiv:1607.06450) with weight and bias.
pub struct LayerNorm(Inner);

enum Inner {
    Candle(candle_nn::LayerNorm),
    Kernel {
        kernel: &'static dyn crate::kernels::Kernel,
        weight: Vec<f32>,
        bias: Vec<f32>,
        epsilon: f32,
    },
}

impl LayerNorm {
    /// `weight` and `bias` have as many numbers as the last dimension; `epsilon` is added to the variance.
    ///
    /// # Errors
    /// If they are no vectors.
    pub fn new(weight: Tensor, bias: Tensor, epsilon: f64, path: Path) -> Result<Self> {
        Ok(Self(match path {
            Path::Candle { .. } => Inner::Candle(candle_nn::LayerNorm::new(weight, bias, epsilon)),
            Path::Kernel(kernel, _) => Inner::Kernel {
                kernel,
                weight: weight.to_vec1()?,
                bias: bias.to_vec1()?,
                epsilon: epsilon as f32,
            },
        }))
    }
}

impl Module for LayerNorm {
    /// The shape stays.
    fn forward(&self, xs: &Tensor) -> Result<Tensor> {
        match &self.0 {
            Inner::Candle(layer_norm) => layer_norm.forward(xs),
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
                    kernel.layer_norm(xs, weight, bias, *epsilon, &mut out);
                    Ok(())
                })?;
                Tensor::from_vec(out, xs.shape(), xs.device())
            }
        }
    }
}
