//! A matrix product with packed weights, as a candle operation.

use candle_core::quantized::QTensor;
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape};

use super::blocks::with_blocks;
use crate::kernels::{Active, Kernel, PackedWeights};

/// `y = x W^T + b` on the architecture's own kernel.
pub(super) struct PackedLinear {
    weights: PackedWeights,
    bias: Option<Vec<f32>>,
}

impl PackedLinear {
    /// Packs a matrix of `outputs x inputs`.
    pub(super) fn new(weight: &QTensor, bias: Option<Vec<f32>>) -> Result<Self> {
        let (outputs, inputs) = weight.shape().dims2()?;
        let weights = with_blocks(weight, inputs, |block| {
            PackedWeights::pack::<Active>(outputs, inputs, block)
        })?;
        Ok(Self { weights, bias })
    }
}

impl CustomOp1 for PackedLinear {
    fn name(&self) -> &'static str {
        "packed-linear"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let Some((begin, end)) = layout.contiguous_offsets() else {
            candle_core::bail!("a packed product takes contiguous activations, not {layout:?}");
        };
        let xs = &storage.as_slice::<f32>()?[begin..end];
        let mut dims = layout.dims().to_vec();
        match dims.last_mut() {
            Some(last) if *last == self.weights.inputs() => *last = self.weights.outputs(),
            _ => candle_core::bail!(
                "a product of {dims:?} with {} inputs",
                self.weights.inputs()
            ),
        }
        let shape = Shape::from(dims);
        let mut out = vec![0.0; shape.elem_count()];
        Active::multiply(&self.weights, xs, self.bias.as_deref(), &mut out);
        Ok((CpuStorage::F32(out), shape))
    }
}
