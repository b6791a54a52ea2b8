//! Matrix products of f32 activations with quantised weights: the arithmetic that takes nearly all the time.
//!
//! A [`Kernel`] is a plain type, one per architecture, all with the same meaning: [`scalar`] states it and is the oracle
//! of the others' tests. Weights are packed once, when a model is loaded ([`PackedWeights`]); activations are quantised
//! row by row and block by block on the way (`quantise`), so that a few large channels, which real CLIPs have, spoil
//! only their own blocks. What is not here: candle, tensors, and what is multiplied with what.
//!
//! With `b` counting blocks of [`BLOCK`] inputs, `w = scale_w[b] * quant_w` and `x = scale_x[b] * quant_x + least_x[b]`, a
//! product is
//!
//! ```text
//! sum over b of  scale_x[b] * scale_w[b] * (quant_x . quant_w)  +  least_x[b] * (scale_w[b] * sum of quant_w)
//! ```
//!
//! where only the first parenthesis depends on both, and is a dot product of small whole numbers.

mod pack;
mod quantise;
pub mod scalar;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub mod simd128;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod tiles;

pub use pack::{PackedWeights, QuantisedBlock};

/// The kernel of the architecture that this is compiled for, where one of ours is the best there is.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub type Active = simd128::Simd128;

/// Inputs that share a scale, in weights and in activations; that of GGML's block types.
pub const BLOCK: usize = 32;

/// Outputs that are computed side by side, one per lane of a 128-bit vector.
pub const PANEL: usize = 4;

/// How the products are computed on one architecture.
pub trait Kernel {
    /// Where the weight of one of [`PANEL`] outputs and one of [`BLOCK`] inputs lies in a packed block.
    fn position(output: usize, input: usize) -> usize;

    /// `out = xs W^T + bias`: `xs` has `rows * inputs` numbers, `bias` `outputs`, and `out` `rows * outputs`.
    ///
    /// # Panics
    /// If a slice has another length.
    fn multiply(weights: &PackedWeights, xs: &[f32], bias: Option<&[f32]>, out: &mut [f32]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::scalar::Scalar;
    use super::*;

    /// Smooth pseudo-random numbers around zero, every 29th a hundred times as large, as outlier channels are.
    fn numbers(seed: usize, count: usize) -> Vec<f32> {
        (0..count)
            .map(|i| {
                let outlier = if i % 29 == seed % 29 { 100.0 } else { 1.0 };
                outlier * ((i * 7919 + seed * 104_729) as f32 * 0.618).sin()
            })
            .collect()
    }

    struct Product {
        rows: usize,
        inputs: usize,
        outputs: usize,
        weights: Vec<f32>,
        xs: Vec<f32>,
        bias: Vec<f32>,
    }

    impl Product {
        fn random(seed: usize, rows: usize, inputs: usize, outputs: usize) -> Self {
            Self {
                rows,
                inputs,
                outputs,
                weights: numbers(seed, outputs * inputs),
                xs: numbers(seed + 1, rows * inputs),
                bias: numbers(seed + 2, outputs),
            }
        }

        fn block(&self, output: usize, block: usize) -> QuantisedBlock {
            let row = &self.weights[output * self.inputs..][..self.inputs];
            QuantisedBlock::from_weights(&row[block * BLOCK..self.inputs.min((block + 1) * BLOCK)])
        }

        fn by<K: Kernel>(&self) -> Vec<f32> {
            let weights =
                PackedWeights::pack::<K>(self.outputs, self.inputs, |o, b| self.block(o, b));
            let mut out = vec![f32::NAN; self.rows * self.outputs];
            K::multiply(&weights, &self.xs, Some(&self.bias), &mut out);
            out
        }

        /// With the quantised weights and with the activations as they are.
        fn exact(&self) -> Vec<f32> {
            let weights: Vec<f64> = (0..self.outputs)
                .flat_map(|output| {
                    (0..self.inputs).map(move |input| {
                        let block = self.block(output, input / BLOCK);
                        f64::from(block.scale) * f64::from(block.quants[input % BLOCK])
                    })
                })
                .collect();
            self.xs
                .chunks_exact(self.inputs)
                .flat_map(|x| {
                    weights
                        .chunks_exact(self.inputs)
                        .zip(&self.bias)
                        .map(|(w, b)| {
                            let dot: f64 = x.iter().zip(w).map(|(x, w)| f64::from(*x) * w).sum();
                            (dot + f64::from(*b)) as f32
                        })
                })
                .collect()
        }
    }

    impl Product {
        /// How far each result may be off if every activation is off by half a step of its block, and rounding of f32.
        fn allowance(&self) -> Vec<f32> {
            let mut allowances = Vec::new();
            for x in self.xs.chunks_exact(self.inputs) {
                for output in 0..self.outputs {
                    let blocks = x.chunks(BLOCK).enumerate().map(|(b, x)| {
                        let least = x.iter().copied().fold(f32::INFINITY, f32::min);
                        let most = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                        let QuantisedBlock { scale, quants } = self.block(output, b);
                        let weights: f32 = quants.iter().map(|q| scale * f32::from(*q).abs()).sum();
                        let largest = least.abs().max(most.abs());
                        weights * (0.5 * (most - least) / 32767.0 + 1e-5 * largest)
                    });
                    allowances.push(blocks.sum::<f32>() + 1e-5);
                }
            }
            allowances
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]
        #[test]
        fn results_are_off_by_no_more_than_the_steps_of_the_activations(
            seed in 0usize..1000, rows in 1usize..12, inputs in 1usize..200, outputs in 1usize..20,
        ) {
            let product = Product::random(seed, rows, inputs, outputs);
            let pairs = product.by::<Scalar>().into_iter().zip(product.exact());
            for ((result, exact), allowance) in pairs.zip(product.allowance()) {
                prop_assert!((result - exact).abs() <= allowance, "{result}, {exact} with {allowance}");
            }
        }
    }

    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn the_vector_kernel_means_what_the_scalar_one_does(
            seed in 0usize..1000, rows in 1usize..12, inputs in 1usize..200, outputs in 1usize..20,
        ) {
            let product = Product::random(seed, rows, inputs, outputs);
            let pairs = product.by::<Active>().into_iter().zip(product.by::<Scalar>());
            for ((vector, scalar), allowance) in pairs.zip(product.allowance()) {
                prop_assert!((vector - scalar).abs() <= allowance, "{vector}, {scalar} with {allowance}");
            }
        }
    }

    #[test]
    fn rows_of_one_number_and_of_nothing_but_zeros_stay_so() {
        let mut product = Product::random(3, 2, 64, 5);
        product.xs = [[0.25; 64], [0.0; 64]].concat();
        let results = product.by::<Scalar>();
        for (result, exact) in results.iter().zip(product.exact()) {
            assert!((result - exact).abs() < 1e-4, "{result}, {exact}");
        }
        assert_eq!(results[5..], product.bias);
    }
}
