//! Products in f32, for one of our kernels.

use candle_core::{Result, Tensor};
use cliplet_kernels::{Epilogue, FloatWeights, Kernel, Out, ROWS};

use super::parallel;
use super::row_product::RowProduct;
use super::rows::with_numbers;
use crate::config::Activation;

/// Rows that a thread multiplies at once, at most; a multiple of [`ROWS`].
const MOST_ROWS: usize = 20 * ROWS;

/// `y = x W^T + b` by a kernel, with weights that are numbers.
pub(super) struct FloatLinear {
    kernel: &'static dyn Kernel,
    weights: FloatWeights,
    bias: Vec<f32>,
}

impl FloatLinear {
    /// `weight`: `outputs x inputs`; `bias`: one number an output.
    pub(super) fn new(weight: &Tensor, bias: &Tensor, kernel: &'static dyn Kernel) -> Result<Self> {
        let (outputs, inputs) = weight.dims2()?;
        let bias = bias.to_vec1()?;
        if bias.len() != outputs {
            candle_core::bail!("a bias that is not as long as a product of {outputs} outputs");
        }
        let weights = with_numbers(weight, |matrix| {
            Ok(FloatWeights::pack(outputs, inputs, matrix))
        })?;
        Ok(Self {
            kernel,
            weights,
            bias,
        })
    }

    /// The product of `rows x inputs`, put through an activation function if there is one, or added
    /// to `residual` if that is there.
    pub(super) fn forward(
        &self,
        xs: &Tensor,
        activation: Option<Activation>,
        residual: Option<&Tensor>,
    ) -> Result<Tensor> {
        let outputs = self.outputs();
        let (rows, _) = xs.dims2()?;
        let mut out = match residual {
            Some(residual) => residual.flatten_all()?.to_vec1()?,
            None => vec![0.0; rows * outputs],
        };
        let at_once = parallel::portion(rows)
            .next_multiple_of(ROWS)
            .min(MOST_ROWS);
        self.multiply_shared(xs, at_once, activation, residual.is_some(), &mut out)?;
        Tensor::from_vec(out, (rows, outputs), xs.device())
    }
}

impl RowProduct for FloatLinear {
    fn inputs(&self) -> usize {
        self.weights.inputs()
    }

    fn outputs(&self) -> usize {
        self.weights.outputs()
    }

    fn multiply(
        &self,
        xs: &[f32],
        activation: Option<Activation>,
        residual: bool,
        out: &mut [f32],
    ) {
        let epilogue = Epilogue {
            bias: Some(&self.bias),
            activation,
            residual,
        };
        let out = Out::new(out, self.outputs());
        self.kernel
            .multiply_floats(&self.weights, xs, epilogue, out);
    }
}
