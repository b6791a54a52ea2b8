//! Multi-head attention over already projected queries, keys and values.

use candle_core::{Device, Result, Tensor};

use super::arithmetic::Path;
use super::parallel;
use super::rows::with_numbers;
use cliplet_kernels::{Kernel, Keys, Out, Queries, SeenBy};

/// Which rows of keys each row of queries sees.
#[derive(Clone, Debug, Default)]
pub struct Visible {
    /// All lists, one behind the other.
    keys: Vec<u32>,
    /// Where in there each row's list lies; several rows may share one.
    lists: Vec<std::ops::Range<usize>>,
}

impl Visible {
    /// Rows in groups of `positions`, each of which sees its own group, as in `groups` pictures.
    pub fn within_groups(groups: usize, positions: usize) -> Self {
        Self {
            keys: (0..(groups * positions) as u32).collect(),
            lists: (0..groups * positions)
                .map(|row| row / positions * positions)
                .map(|first| first..first + positions)
                .collect(),
        }
    }

    /// The next row sees these, of which there is at least one.
    pub fn push(&mut self, keys: impl IntoIterator<Item = u32>) {
        let begin = self.keys.len();
        self.keys.extend(keys);
        self.lists.push(begin..self.keys.len());
    }

    /// What these rows see.
    pub fn select(&self, rows: &[u32]) -> Self {
        Self {
            keys: self.keys.clone(),
            lists: rows
                .iter()
                .map(|&row| self.lists[row as usize].clone())
                .collect(),
        }
    }

    /// Rows of queries.
    pub fn rows(&self) -> usize {
        self.lists.len()
    }
}

impl SeenBy for Visible {
    fn seen_by(&self, row: usize) -> &[u32] {
        &self.keys[self.lists[row].clone()]
    }
}

/// Rows of queries for which it is worth it to ask another thread.
const AT_LEAST: usize = 4;

/// Scaled dot-product attention (Vaswani et al., 2017) with several heads.
#[derive(Clone, Copy)]
pub struct Attention {
    /// Number of heads; divides the width.
    pub heads: usize,
    /// How it is computed.
    pub path: Path,
}

impl Attention {
    /// `queries`: `rows x width`; `keys` and `values`: `others x width`. The result is as the
    /// queries.
    ///
    /// # Errors
    /// If the shapes do not fit or candle fails.
    pub fn forward(
        &self,
        queries: &Tensor,
        keys: &Tensor,
        values: &Tensor,
        visible: &Visible,
    ) -> Result<Tensor> {
        let (rows, width) = queries.dims2()?;
        let (others, _) = keys.dims2()?;
        let seen = visible
            .keys
            .iter()
            .max()
            .map_or(0, |&most| most as usize + 1);
        if keys.dims() != values.dims()
            || keys.dim(1)? != width
            || visible.rows() != rows
            || seen > others
            || !width.is_multiple_of(self.heads)
        {
            // Of tensors themselves all would be written that there is of candle's formatting.
            let [queries, keys, values] = [queries, keys, values].map(Tensor::dims);
            candle_core::bail!("attention of {queries:?} to {keys:?} and {values:?}");
        }
        match self.path {
            Path::Candle(_) => self.by_candle(queries, keys, values, visible),
            Path::Kernel(kernel, _) => self.by_kernel(kernel, queries, keys, values, visible),
        }
    }

    fn by_candle(
        &self,
        queries: &Tensor,
        keys: &Tensor,
        values: &Tensor,
        visible: &Visible,
    ) -> Result<Tensor> {
        let (rows, width) = queries.dims2()?;
        let head_width = width / self.heads;
        let by_head = |xs: &Tensor| {
            xs.reshape(((), self.heads, head_width))?
                .transpose(0, 1)?
                .contiguous()
        };
        let scale = 1.0 / (head_width as f64).sqrt();
        let (queries, keys, values) = (by_head(queries)?, by_head(keys)?, by_head(values)?);
        let logits = (queries.matmul(&keys.transpose(1, 2)?)? * scale)?;
        let logits = logits.broadcast_add(&mask(visible, keys.dim(1)?)?)?;
        candle_nn::ops::softmax_last_dim(&logits)?
            .matmul(&values)?
            .transpose(0, 1)?
            .reshape((rows, width))
    }

    fn by_kernel(
        &self,
        kernel: &'static dyn Kernel,
        queries: &Tensor,
        keys: &Tensor,
        values: &Tensor,
        visible: &Visible,
    ) -> Result<Tensor> {
        let (rows, width) = queries.dims2()?;
        let mut mixed = vec![0.0; rows * width];
        let out = Out::new(&mut mixed, width);
        with_numbers(&queries.contiguous()?, |queries| {
            with_numbers(&keys.contiguous()?, |keys| {
                with_numbers(&values.contiguous()?, |values| {
                    let queries = Queries {
                        numbers: queries,
                        stride: width,
                        heads: self.heads,
                        head_width: width / self.heads,
                    };
                    let keys = Keys {
                        keys,
                        key_stride: width,
                        values,
                        value_stride: width,
                        seen_by: visible,
                    };
                    let portion = parallel::portion(rows).max(AT_LEAST);
                    parallel::each(out.split_rows(portion), |out| {
                        kernel.attend(queries, keys, out);
                    });
                    Ok(())
                })
            })
        })?;
        Tensor::from_vec(mixed, (rows, width), &Device::Cpu)
    }
}

/// Added to logits of `rows x others`: zero where a row sees the other, minus infinity elsewhere.
fn mask(visible: &Visible, others: usize) -> Result<Tensor> {
    let rows = visible.rows();
    let mut mask = vec![f32::NEG_INFINITY; rows * others];
    for (row, mask) in mask.chunks_exact_mut(others).enumerate() {
        for &seen in visible.seen_by(row) {
            mask[seen as usize] = 0.0;
        }
    }
    Tensor::from_vec(mask, (rows, others), &Device::Cpu)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Arithmetic;
    use crate::ops::arithmetic::WIDE;
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn numbers(seed: usize, shape: (usize, usize)) -> Tensor {
        let values: Vec<f32> = (0..shape.0 * shape.1)
            .map(|i| ((i * 7919 + seed * 104_729) as f32 * 0.618).sin() * 2.0)
            .collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    }

    /// The definition, one number at a time.
    fn oracle(heads: usize, visible: &Visible, [q, k, v]: [&[Vec<f32>]; 3]) -> Vec<f32> {
        let width = q[0].len();
        let head_width = width / heads;
        let mut result = vec![0.0; q.len() * width];
        for (head, row) in (0..heads).flat_map(|head| (0..q.len()).map(move |row| (head, row))) {
            let columns = head * head_width..(head + 1) * head_width;
            let weights: Vec<(usize, f64)> = visible
                .seen_by(row)
                .iter()
                .map(|&other| {
                    let products = columns
                        .clone()
                        .map(|c| f64::from(q[row][c]) * f64::from(k[other as usize][c]));
                    let dot: f64 = products.sum();
                    (other as usize, (dot / (head_width as f64).sqrt()).exp())
                })
                .collect();
            let sum: f64 = weights.iter().map(|(_, weight)| weight).sum();
            for column in columns {
                let mixed: f64 = weights
                    .iter()
                    .map(|&(other, weight)| weight * f64::from(v[other][column]))
                    .sum();
                result[row * width + column] = (mixed / sum) as f32;
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
            let mut visible = Visible::within_groups(2, positions);
            if causal {
                visible = Visible::default();
                (0..2 * positions as u32).for_each(|row| visible.push(0..=row));
            }
            let [q, k, v] = [0, 1, 2].map(|i| numbers(seed + i, (2 * positions, heads * head_width)));
            let rows = [&q, &k, &v].map(|xs| xs.to_vec2::<f32>().unwrap());
            let expected = oracle(heads, &visible, [&rows[0], &rows[1], &rows[2]]);
            for arithmetic in [Arithmetic::Reference, Arithmetic::Fast] {
                let attention = Attention { heads, path: arithmetic.for_images(WIDE) };
                let result = attention.forward(&q, &k, &v, &visible).unwrap();
                let result: Vec<f32> = result.flatten_all().unwrap().to_vec1().unwrap();
                for (a, b) in result.iter().zip(&expected) {
                    prop_assert!((a - b).abs() < 1e-4, "{a} {b}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_there_cannot_be_seen() {
        let xs = numbers(1, (2, 4));
        let mut visible = Visible::default();
        visible.push([0]);
        visible.push([2]);
        for arithmetic in [Arithmetic::Reference, Arithmetic::Fast] {
            let attention = Attention {
                heads: 2,
                path: arithmetic.for_images(WIDE),
            };
            assert!(attention.forward(&xs, &xs, &xs, &visible).is_err());
        }
    }
}
