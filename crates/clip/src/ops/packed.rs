//! Products with packed weights, for one of our kernels.

use std::cell::RefCell;

use candle_core::{Result, Tensor};

use super::parallel;
use super::row_product::RowProduct;
use super::rows::with_numbers;
use crate::config::Activation;
use cliplet_kernels::{Activations, Epilogue, Kernel, Out, PANEL, PackedWeights, ROWS};

/// `y = x W^T + b` by a kernel.
pub(super) struct PackedLinear {
    kernel: &'static dyn Kernel,
    weights: PackedWeights,
    bias: Option<Vec<f32>>,
}

/// From so many rows on, products with at most so many weights are shared out by rows: those of
/// pixels, and not those of a transformer, whose weights should pass once for all rows.
const MANY_ROWS: usize = 150;
/// See above.
const FEW_WEIGHTS: usize = 1 << 17;

/// Rows that a thread multiplies at once, a multiple of [`ROWS`]: few enough to stay in its cache,
/// and enough for weights to be read seldom.
const ROWS_AT_ONCE: usize = 40 * ROWS;

thread_local! {
    /// Kept from one product to the next.
    static ACTIVATIONS: RefCell<Activations> = RefCell::default();
}

impl PackedLinear {
    /// `bias`: one number an output.
    pub(super) fn new(
        weights: PackedWeights,
        bias: Option<&Tensor>,
        kernel: &'static dyn Kernel,
    ) -> Result<Self> {
        let outputs = weights.outputs();
        let bias: Option<Vec<f32>> = bias.map(Tensor::to_vec1).transpose()?;
        if bias.as_ref().is_some_and(|bias| bias.len() != outputs) {
            candle_core::bail!("a bias that is not as long as a product of {outputs} outputs");
        }
        Ok(Self {
            kernel,
            weights,
            bias,
        })
    }

    /// The product, put through an activation function if there is one, or added to `residual` if
    /// that is there.
    pub(super) fn forward(
        &self,
        xs: &Tensor,
        activation: Option<Activation>,
        residual: Option<&Tensor>,
    ) -> Result<Tensor> {
        let rows = xs.elem_count() / self.weights.inputs();
        let mut out = match residual {
            Some(residual) => residual.flatten_all()?.to_vec1()?,
            None => vec![0.0; rows * self.weights.outputs()],
        };
        let residual = residual.is_some();
        let weights = self.weights.outputs() * self.weights.inputs();
        if rows >= MANY_ROWS && weights <= FEW_WEIGHTS {
            // Each thread quantises some rows and multiplies them with all weights while they are
            // in its cache.
            self.multiply_shared(xs, ROWS_AT_ONCE, activation, residual, &mut out)?;
        } else {
            let epilogue = Epilogue {
                bias: None,
                activation,
                residual,
            };
            multiply(&[self], xs, epilogue, [&mut out])?;
        }
        self.shaped(xs, out)
    }

    /// The product of at most [`ROWS_AT_ONCE`] rows, on the thread that asks.
    fn multiply_some(&self, xs: &[f32], epilogue: Epilogue, out: &mut [f32]) {
        let weights = &self.weights;
        let mut activations = ACTIVATIONS.take();
        let rows = xs.len() / weights.inputs();
        activations.reset(rows, weights.inputs(), weights.precision());
        for groups in activations.split(ROWS_AT_ONCE) {
            self.kernel.quantise(xs, groups);
        }
        let out = Out::new(out, weights.outputs());
        self.kernel.multiply(weights, &activations, epilogue, out);
        ACTIVATIONS.set(activations);
    }

    /// Several products of the same activations, which are quantised once.
    pub(super) fn together<const N: usize>(all: [&Self; N], xs: &Tensor) -> Result<[Tensor; N]> {
        let mut outs = all.map(|linear| {
            let rows = xs.elem_count() / linear.weights.inputs();
            vec![0.0; rows * linear.weights.outputs()]
        });
        multiply(&all, xs, Epilogue::default(), outs.each_mut())?;
        let mut tensors = Vec::with_capacity(N);
        for (linear, out) in all.into_iter().zip(outs) {
            tensors.push(linear.shaped(xs, out)?);
        }
        // One was pushed for each.
        Ok(tensors.try_into().unwrap_or_else(|_| unreachable!()))
    }

    /// The results, with the dimensions of the activations but for the last.
    fn shaped(&self, xs: &Tensor, out: Vec<f32>) -> Result<Tensor> {
        let mut dims = xs.dims().to_vec();
        if let Some(last) = dims.last_mut() {
            *last = self.weights.outputs();
        }
        Tensor::from_vec(out, dims, xs.device())
    }
}

impl RowProduct for PackedLinear {
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
            bias: self.bias.as_deref(),
            activation,
            residual,
        };
        let some = xs.chunks(ROWS_AT_ONCE * self.inputs());
        for (xs, out) in some.zip(out.chunks_mut(ROWS_AT_ONCE * self.outputs())) {
            self.multiply_some(xs, epilogue, out);
        }
    }
}

/// `epilogue` is for all, but for the biases, which are each one's own.
fn multiply<const N: usize>(
    all: &[&PackedLinear; N],
    xs: &Tensor,
    epilogue: Epilogue,
    outs: [&mut Vec<f32>; N],
) -> Result<()> {
    let PackedLinear {
        kernel, weights, ..
    } = all[0];
    let (inputs, precision) = (weights.inputs(), weights.precision());
    for linear in all {
        if xs.dims().last() != Some(&linear.weights.inputs()) {
            candle_core::bail!(
                "a product of {:?} with {} inputs",
                xs.dims(),
                linear.weights.inputs()
            );
        }
    }
    let mut activations = ACTIVATIONS.take();
    let rows = xs.elem_count() / inputs;
    activations.reset(rows, inputs, precision);
    with_numbers(&xs.contiguous()?, |xs| {
        let groups = rows.div_ceil(ROWS);
        parallel::each(activations.split(parallel::portion(groups)), |groups| {
            kernel.quantise(xs, groups);
        });
        Ok(())
    })?;
    let mut work = Vec::new();
    for (linear, out) in all.iter().zip(outs) {
        let panels = linear.weights.panels();
        let outputs = linear.weights.outputs().div_ceil(panels.max(1));
        let portion = parallel::portion_of(panels, rows * inputs * outputs);
        let out = Out::new(out, linear.weights.outputs());
        work.extend(out.split_columns(portion * PANEL).map(|out| (linear, out)));
    }
    parallel::each(work, |(linear, out)| {
        let bias = linear.bias.as_deref();
        let epilogue = Epilogue { bias, ..epilogue };
        kernel.multiply(&linear.weights, &activations, epilogue, out);
    });
    ACTIVATIONS.set(activations);
    Ok(())
}
