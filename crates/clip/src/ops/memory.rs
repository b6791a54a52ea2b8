//! Attention of one query over a memory of keys and values that a model has learnt.
//!
//! A query looks at every key at once, and gets the mean of the values, weighted by how well
//! their keys fit (Sukhbaatar et al., "End-To-End Memory Networks", 2015, arXiv:1503.08895). Where
//! keys are a classifier's and values are embeddings of its classes' names, that is ConSE's convex
//! combination of semantic embeddings (Norouzi et al., 2013, arXiv:1312.5650).

use candle_core::{Device, Module, Result, Tensor};

use super::linear::Linear;
use super::rows::{mean_row, stack_rows};
use crate::attribution::Contributions;
use crate::zero_shot::softmax;

/// `softmax(sharpness * (K f + b)) V`, less the mean of `V`'s rows: what everything has in common
/// says nothing.
pub struct Memory {
    /// `K` and `b`: `rows x width` of a query, and one number a row.
    keys: Linear,
    /// `V` less the mean of its rows, row by row. As weights of a softmax make one, what is taken
    /// away of each row is taken away of the result.
    values: Vec<Vec<f32>>,
    sharpness: f32,
}

impl Memory {
    /// `keys` has as many outputs as `values`, `rows x width`, has rows.
    ///
    /// # Errors
    /// If `values` is no matrix.
    pub fn new(keys: Linear, values: &Tensor, sharpness: f32) -> Result<Self> {
        let mean: Vec<f32> = mean_row(values)?.squeeze(0)?.to_vec1()?;
        let mut values: Vec<Vec<f32>> = values.to_vec2()?;
        for row in &mut values {
            row.iter_mut().zip(&mean).for_each(|(x, mean)| *x -= mean);
        }
        Ok(Self {
            keys,
            values,
            sharpness,
        })
    }

    /// `queries x width` of a query to `queries x width` of a value.
    ///
    /// # Errors
    /// If queries have another width than keys.
    pub fn forward(&self, queries: &Tensor) -> Result<Tensor> {
        let logits: Vec<Vec<f32>> = self.keys.forward(queries)?.to_vec2()?;
        let read = logits.iter().map(|logits| {
            let weights = softmax(logits, self.sharpness);
            self.read(weights)
        });
        Tensor::new(read.collect::<Vec<_>>(), &Device::Cpu)
    }

    /// What a query that is the mean of some parts, `parts x width`, gets, as a sum over these.
    ///
    /// Products with keys are linear, and the softmax is not. Each of its weights `w` has changed
    /// from `w0`, that of a query of zeros, by its logarithmic mean times the change of its
    /// logarithm,
    ///
    /// ```text
    /// w - w0 = L (ln w - ln w0),    L = (w - w0) / (ln w - ln w0)
    /// ```
    ///
    /// and that is a sum over parts: a row's product with a part, less what all rows together make
    /// of the part, weighted by `L`, as the softmax divides by their sum. So nothing is left over,
    /// and no part is preferred. This is the logarithmic mean Divisia index (Ang, "Decomposition
    /// analysis for policymaking in energy", Energy Policy 32, 2004).
    ///
    /// # Errors
    /// As [`Memory::forward`].
    pub fn contributions(&self, parts: &Tensor) -> Result<Contributions> {
        let (count, width) = parts.dims2()?;
        let sharpness = f64::from(self.sharpness);
        let nothing = Tensor::zeros((1, width), parts.dtype(), parts.device())?;
        let logits: Vec<Vec<f32>> = self
            .keys
            .forward(&stack_rows(&[parts, &nothing])?)?
            .to_vec2()?;
        let (of_nothing, of_parts) = (&logits[count], &logits[..count]);
        // What each part adds to the logits of nothing, row by row.
        let added: Vec<Vec<f64>> = of_parts
            .iter()
            .map(|part| {
                let rows = part.iter().zip(of_nothing);
                rows.map(|(x, zero)| sharpness * f64::from(x - zero) / count as f64)
                    .collect()
            })
            .collect();
        let before: Vec<f64> = of_nothing
            .iter()
            .map(|&zero| sharpness * f64::from(zero))
            .collect();
        let mut after = before.clone();
        for part in &added {
            after.iter_mut().zip(part).for_each(|(sum, x)| *sum += x);
        }
        let (before, after) = (log_softmax(&before), log_softmax(&after));
        let means: Vec<f64> = before
            .iter()
            .zip(&after)
            .map(|(&before, &after)| logarithmic_mean(before, after))
            .collect();
        let all: f64 = means.iter().sum();
        let shares = added.iter().map(|part| {
            let weighted = part.iter().zip(&means).map(|(x, mean)| x * mean);
            let together = weighted.sum::<f64>() / all;
            let rows = part.iter().zip(&means);
            self.read(rows.map(|(x, mean)| (mean * (x - together)) as f32))
        });
        let shares: Vec<Vec<f32>> = shares.collect();
        let rest = self.read(before.iter().map(|before| before.exp() as f32));
        let whole = self.read(after.iter().map(|after| after.exp() as f32));
        Ok(Contributions::new(shares, rest, &whole))
    }

    /// The sum of all values, each times its weight.
    fn read(&self, weights: impl IntoIterator<Item = f32>) -> Vec<f32> {
        let mut sum = vec![0.0; self.values.first().map_or(0, Vec::len)];
        for (value, weight) in self.values.iter().zip(weights) {
            sum.iter_mut()
                .zip(value)
                .for_each(|(sum, x)| *sum += weight * x);
        }
        sum
    }
}

/// Logarithms of a softmax's weights.
fn log_softmax(logits: &[f64]) -> Vec<f64> {
    let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logits.iter().map(|logit| (logit - most).exp()).sum();
    let subtracted = most + sum.ln();
    logits.iter().map(|logit| logit - subtracted).collect()
}

/// Of two numbers, which are given by their logarithms. Of a number with itself it is that number.
fn logarithmic_mean(a: f64, b: f64) -> f64 {
    if (b - a).abs() < 1e-6 {
        a.exp()
    } else {
        (b.exp() - a.exp()) / (b - a)
    }
}
