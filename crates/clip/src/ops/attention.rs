//! Multi-head attention over already projected queries, keys and values.

use candle_core::{D, DType, Device, Result, Tensor};

/// Scaled dot-product attention (Vaswani et al., 2017) with `heads` heads.
#[derive(Clone, Copy, Debug)]
pub struct Attention {
    /// Number of heads; divides the width.
    pub heads: usize,
    /// Each position sees only itself and those before it.
    pub causal: bool,
}

impl Attention {
    /// `queries`, `keys` and `values`: `batch x positions x width`; so is the result.
    ///
    /// # Errors
    /// If the shapes differ or candle fails.
    pub fn forward(&self, queries: &Tensor, keys: &Tensor, values: &Tensor) -> Result<Tensor> {
        let (batch, positions, width) = queries.dims3()?;
        let head_width = width / self.heads;
        let by_head = |xs: &Tensor| {
            xs.reshape((batch, positions, self.heads, head_width))?
                .transpose(1, 2)?
                .contiguous()
        };
        let scale = 1.0 / (head_width as f64).sqrt();
        let (queries, keys, values) = (by_head(queries)?, by_head(keys)?, by_head(values)?);
        let mut logits = (queries.matmul(&keys.transpose(D::Minus2, D::Minus1)?)? * scale)?;
        if self.causal {
            logits = logits.broadcast_add(&causal_mask(positions)?)?;
        }
        candle_nn::ops::softmax_last_dim(&logits)?
            .matmul(&values)?
            .transpose(1, 2)?
            .reshape((batch, positions, width))
    }
}

/// Added to logits of `positions x positions`: minus infinity above the diagonal, zero elsewhere.
fn causal_mask(positions: usize) -> Result<Tensor> {
    let mask: Vec<f32> = (0..positions)
        .flat_map(|row| {
            (0..positions).map(move |column| if column > row { f32::NEG_INFINITY } else { 0.0 })
        })
        .collect();
    Tensor::from_vec(mask, (positions, positions), &Device::Cpu)?.to_dtype(DType::F32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn numbers(seed: usize, shape: (usize, usize, usize)) -> Tensor {
        let values: Vec<f32> = (0..shape.0 * shape.1 * shape.2)
            .map(|i| ((i * 7919 + seed * 104_729) as f32 * 0.618).sin() * 2.0)
            .collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    }

    /// The definition, one number at a time, for a batch of one.
    fn oracle(attention: Attention, q: &[Vec<f32>], k: &[Vec<f32>], v: &[Vec<f32>]) -> Vec<f32> {
        let (positions, width) = (q.len(), q[0].len());
        let head_width = width / attention.heads;
        let mut result = vec![0.0; positions * width];
        for head in 0..attention.heads {
            let columns = head * head_width..(head + 1) * head_width;
            for row in 0..positions {
                let seen = if attention.causal { row + 1 } else { positions };
                let weights: Vec<f64> = (0..seen)
                    .map(|other| {
                        let dot: f64 = columns
                            .clone()
                            .map(|c| f64::from(q[row][c]) * f64::from(k[other][c]))
                            .sum();
                        (dot / (head_width as f64).sqrt()).exp()
                    })
                    .collect();
                let sum: f64 = weights.iter().sum();
                for column in columns.clone() {
                    let mixed: f64 = (0..seen)
                        .map(|other| weights[other] * f64::from(v[other][column]))
                        .sum();
                    result[row * width + column] = (mixed / sum) as f32;
                }
            }
        }
        result
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn attention_agrees_with_its_definition(
            seed in 0usize..1000, positions in 1usize..20, heads in 1usize..5, head_width in 1usize..20, causal: bool,
        ) {
            let attention = Attention { heads, causal };
            let shape = (1, positions, heads * head_width);
            let [q, k, v] = [0, 1, 2].map(|i| numbers(seed + i, shape));
            let result = attention.forward(&q, &k, &v).unwrap();
            let result: Vec<f32> = result.flatten_all().unwrap().to_vec1().unwrap();
            let rows = |xs: &Tensor| xs.squeeze(0).unwrap().to_vec2::<f32>().unwrap();
            for (a, b) in result.iter().zip(oracle(attention, &rows(&q), &rows(&k), &rows(&v))) {
                prop_assert!((a - b).abs() < 1e-4, "{a} {b}");
            }
        }
    }
}
