//! The way of one picture through the blocks, with an account of what each row has given to the row
//! that is read.
//!
//! Everything that a block does to a row is added to it. So what is read in the end is a sum: what
//! the row was at first, and what each block's attention and MLP have added. Attention in turn is a
//! sum over the rows that are looked at. This is the decomposition of Gandelsman, Efros and
//! Steinhardt, "Interpreting CLIP's Image Representation via Text-Based Decomposition", ICLR 2024
//! (arXiv:2310.05916), section 3.

use candle_core::{Device, Module, Tensor};

use super::{Block, Encoder};
use crate::ops::{Visible, add};

/// What the first row has become, as the sum that it is.
pub(crate) struct Trace {
    /// `rows x width`: what each row, the first among them, has given to the first through
    /// attention, over all blocks and heads.
    pub(crate) given: Tensor,
    /// `1 x width`: all else; what the first row was, the biases, and what the MLPs have added.
    pub(crate) rest: Tensor,
    /// `1 x width`: what the first row has become. The sum of the others, as exactly as the
    /// arithmetic is.
    pub(crate) whole: Tensor,
}

impl Encoder {
    /// The way of the rows of one picture, `rows x width`, each of which sees all.
    pub(crate) fn trace(&self, xs: &Tensor) -> candle_core::Result<Trace> {
        let (rows, width) = xs.dims2()?;
        let visible = Visible::within_groups(1, rows);
        let mut xs = xs.clone();
        let mut given = Tensor::zeros((rows, width), xs.dtype(), &Device::Cpu)?;
        let mut rest = xs.narrow(0, 0, 1)?;
        for block in &self.blocks {
            let ToFirst {
                given: by_attention,
                sum,
                bias,
            } = block.given_to_first(&xs)?;
            let (ys, _) = block.forward(&xs, &visible, None, None)?;
            given = add(&given, &by_attention)?;
            let by_mlp = block.by_mlp(&add(&add(&xs.narrow(0, 0, 1)?, &sum)?, &bias)?)?;
            rest = add(&add(&rest, &bias)?, &by_mlp)?;
            xs = ys;
        }
        let whole = xs.narrow(0, 0, 1)?;
        Ok(Trace { given, rest, whole })
    }
}

/// What a block's attention adds to the first row.
struct ToFirst {
    /// `rows x width`: what each row gives to it.
    given: Tensor,
    /// `1 x width`: their sum.
    sum: Tensor,
    /// `1 x width`: the bias of the output.
    bias: Tensor,
}

impl Block {
    fn given_to_first(&self, xs: &Tensor) -> candle_core::Result<ToFirst> {
        let attention = &self.self_attention;
        let normed = self.layer_norm1.forward(xs)?;
        let query = attention.query.forward(&normed.narrow(0, 0, 1)?)?;
        let keys: Vec<Vec<f32>> = attention.key.forward(&normed)?.to_vec2()?;
        let mut values: Vec<Vec<f32>> = attention.value.forward(&normed)?.to_vec2()?;
        let query: Vec<f32> = query.flatten_all()?.to_vec1()?;
        let head_width = query.len() / attention.attention.heads;
        for head in 0..attention.attention.heads {
            let columns = head * head_width..(head + 1) * head_width;
            let weights = looks(
                &query[columns.clone()],
                keys.iter().map(|key| &key[columns.clone()]),
            );
            for (value, weight) in values.iter_mut().zip(weights) {
                value[columns.clone()].iter_mut().for_each(|x| *x *= weight);
            }
        }
        // A row of zeros brings the bias out, which is nobody's gift.
        let (rows, width) = (values.len(), query.len());
        let mut weighted = values.concat();
        weighted.resize((rows + 1) * width, 0.0);
        let weighted = Tensor::from_vec(weighted, (rows + 1, width), &Device::Cpu)?;
        let mut out: Vec<Vec<f32>> = attention.output.forward(&weighted)?.to_vec2()?;
        let bias = out.pop().unwrap_or_default();
        let mut sum = vec![0.0; width];
        for row in &mut out {
            for ((x, bias), sum) in row.iter_mut().zip(&bias).zip(&mut sum) {
                *x -= bias;
                *sum += *x;
            }
        }
        let one = |row| Tensor::from_vec(row, (1, width), &Device::Cpu);
        Ok(ToFirst {
            given: Tensor::from_vec(out.concat(), (rows, width), &Device::Cpu)?,
            sum: one(sum)?,
            bias: one(bias)?,
        })
    }

    /// What the MLP adds to a row, `1 x width`.
    fn by_mlp(&self, row: &Tensor) -> candle_core::Result<Tensor> {
        let hidden = self
            .mlp
            .first
            .forward_then(self.mlp.activation, &self.layer_norm2.forward(row)?)?;
        self.mlp.second.forward(&hidden)
    }
}

/// How much a query looks at each key: softmax of the scaled products.
fn looks<'a>(query: &[f32], keys: impl Iterator<Item = &'a [f32]>) -> Vec<f32> {
    let scale = 1.0 / (query.len() as f32).sqrt();
    let dot = |key: &[f32]| -> f32 { query.iter().zip(key).map(|(q, k)| q * k).sum() };
    let products: Vec<f32> = keys.map(|key| scale * dot(key)).collect();
    let most = products.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let exponentials: Vec<f32> = products
        .iter()
        .map(|product| (product - most).exp())
        .collect();
    let sum: f32 = exponentials.iter().sum();
    exponentials
        .into_iter()
        .map(|weight| weight / sum)
        .collect()
}
