//! All kernels that can run here, against the scalar one and against exact results.

use proptest::prelude::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::scalar::Scalar;
use super::*;

fn kernels() -> Vec<&'static dyn Kernel> {
    #[allow(unused_mut, reason = "there are architectures without a kernel")]
    let mut kernels: Vec<&'static dyn Kernel> = Vec::new();
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    kernels.push(&simd128::Simd128);
    #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
    kernels.extend([
        &relaxed::Relaxed::AtOnce as &dyn Kernel,
        &relaxed::Relaxed::BySixteen,
        // Once more where it is one of these.
        relaxed::active(),
    ]);
    #[cfg(target_arch = "x86_64")]
    kernels.extend(x86_64::available());
    kernels
}

/// The kernels, each with a precision that it multiplies with.
fn kernels_and_precisions() -> Vec<(&'static dyn Kernel, Precision)> {
    let precisions = |kernel: &'static dyn Kernel| {
        [kernel.coarse_precision(), kernel.fine_precision()].map(|precision| (kernel, precision))
    };
    kernels().into_iter().flat_map(precisions).collect()
}

/// Smooth pseudo-random numbers around zero, every 29th a hundred times as large, as outlier
/// channels are.
fn numbers(seed: usize, count: usize) -> Vec<f32> {
    (0..count)
        .map(|i| {
            let outlier = if i % 29 == seed % 29 { 100.0 } else { 1.0 };
            outlier * ((i * 7919 + seed * 104_729) as f32 * 0.618).sin()
        })
        .collect()
}

/// Largest numbers throughout, of either sign: what sums of products may run over with.
fn extremes(seed: usize, count: usize) -> Vec<f32> {
    (0..count)
        .map(|i| {
            if (i / (1 + seed % 5) + seed).is_multiple_of(3) {
                -1.0
            } else {
                1.0
            }
        })
        .collect()
}

const ACTIVATIONS: [Activation; 3] = [Activation::Gelu, Activation::QuickGelu, Activation::Relu6];

fn close(a: f32, b: f32, least: f32) -> bool {
    (a - b).abs() <= least.max(1e-5 * a.abs().max(b.abs()))
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
    fn new(
        numbers: fn(usize, usize) -> Vec<f32>,
        seed: usize,
        shape: (usize, usize, usize),
    ) -> Self {
        let (rows, inputs, outputs) = shape;
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

    fn quantised(&self, by: &dyn Kernel, precision: Precision) -> Activations {
        let mut activations = Activations::default();
        activations.reset(self.rows, self.inputs, precision);
        // In parts, as several threads would.
        for groups in activations.split(1 + self.rows % 2) {
            by.quantise(&self.xs, groups);
        }
        activations
    }

    fn by(&self, kernel: &dyn Kernel, precision: Precision, activations: &Activations) -> Vec<f32> {
        let weights = PackedWeights::pack(self.outputs, self.inputs, precision, &|o, b| {
            self.block(o, b)
        });
        let mut out = vec![f32::NAN; self.rows * self.outputs];
        let epilogue = Epilogue {
            bias: Some(&self.bias),
            ..Epilogue::default()
        };
        // In parts, as several threads would.
        let portion = weights.panels().div_ceil(3) * PANEL;
        for part in Out::new(&mut out, self.outputs).split_columns(portion) {
            kernel.multiply(&weights, activations, epilogue, part);
        }
        out
    }

    /// With the quantised weights and with the activations as they are.
    fn exact(&self) -> Vec<f32> {
        let mut results = Vec::new();
        for x in self.xs.chunks_exact(self.inputs) {
            for output in 0..self.outputs {
                let products = x.chunks(BLOCK).enumerate().flat_map(|(b, x)| {
                    let QuantisedBlock { scale, quants } = self.block(output, b);
                    x.iter()
                        .zip(quants)
                        .map(move |(x, q)| f64::from(*x) * f64::from(scale) * f64::from(q))
                });
                results.push((products.sum::<f64>() + f64::from(self.bias[output])) as f32);
            }
        }
        results
    }

    /// How far each result may be off if every activation is off by half a step of its block, and
    /// rounding of f32.
    fn allowance(&self, activations: &Activations) -> Vec<f32> {
        let mut allowances = Vec::new();
        for (row, x) in self.xs.chunks_exact(self.inputs).enumerate() {
            for output in 0..self.outputs {
                let blocks = x.chunks(BLOCK).enumerate().map(|(b, x)| {
                    let largest = x.iter().fold(0f32, |most, x| most.max(x.abs()));
                    let QuantisedBlock { scale, quants } = self.block(output, b);
                    let weights: f32 = quants.iter().map(|q| scale * f32::from(*q).abs()).sum();
                    let step = activations.block(row, b).0;
                    weights * (0.501 * step + 1e-5 * largest)
                });
                allowances.push(blocks.sum::<f32>() + 1e-5);
            }
        }
        allowances
    }

    /// How far apart two sums of the blocks' products may be that are added up in f32, in whatever
    /// order: each addition, and each product before it, is off by half an ulp of what is as large
    /// as all addends together. Outliers of opposite signs leave a result that is much smaller than
    /// these.
    fn rounding(&self, activations: &Activations) -> Vec<f32> {
        let mut allowances = Vec::new();
        for row in 0..self.rows {
            for output in 0..self.outputs {
                let products = (0..activations.row_blocks()).map(|b| {
                    let (step, xs) = activations.block(row, b);
                    let QuantisedBlock { scale, quants } = self.block(output, b);
                    let dot: i32 = xs.iter().zip(quants).map(|(x, q)| x * i32::from(q)).sum();
                    (step * scale * dot as f32).abs()
                });
                let addends: f32 = products.sum::<f32>() + self.bias[output].abs();
                let roundings = activations.row_blocks() + 4;
                allowances.push(addends * f32::EPSILON * roundings as f32);
            }
        }
        allowances
    }

    /// Checks one kernel with one precision.
    fn check(&self, kernel: &dyn Kernel, precision: Precision) -> Result<(), TestCaseError> {
        let scalar = Scalar(precision);
        let ours = self.quantised(kernel, precision);
        let theirs = self.quantised(&scalar, precision);
        for (row, b) in (0..self.rows).flat_map(|r| (0..ours.row_blocks()).map(move |b| (r, b))) {
            let ((scale, quants), (expected, expected_quants)) =
                (ours.block(row, b), theirs.block(row, b));
            prop_assert!(close(scale, expected, 0.0), "{scale}, {expected}");
            for (quant, expected) in quants.into_iter().zip(expected_quants) {
                // A number half-way between two may go either way.
                prop_assert!(quant.abs_diff(expected) <= 1, "{quant}, {expected}");
            }
        }

        let name = kernel.name();
        let results = self.by(kernel, precision, &ours);
        let expected = self.by(&scalar, precision, &ours);
        let rounding = self.rounding(&ours);
        for ((result, expected), rounding) in results.iter().zip(&expected).zip(rounding) {
            prop_assert!(
                (result - expected).abs() <= rounding,
                "{name}: {result}, {expected} with {rounding}"
            );
        }
        for ((result, exact), allowance) in
            results.iter().zip(self.exact()).zip(self.allowance(&ours))
        {
            prop_assert!(
                (result - exact).abs() <= allowance,
                "{name}: {result}, {exact} with {allowance}"
            );
        }
        Ok(())
    }
}

struct Lists {
    seen: Vec<Vec<u32>>,
    /// Rows above this one see what it sees.
    shared: usize,
}

impl SeenBy for Lists {
    fn seen_by(&self, row: usize) -> &[u32] {
        &self.seen[row.min(self.shared).min(self.seen.len() - 1)]
    }
}

/// Where lengths end: Miri, which takes a thousand times as long, has shorter ones.
fn most(usual: usize) -> usize {
    if cfg!(miri) { usual / 3 } else { usual }
}

/// Rows, inputs and outputs.
fn shape() -> impl Strategy<Value = (usize, usize, usize)> {
    (1usize..most(14), 1usize..most(200), 1usize..most(60))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 1 } else { 100 }))]
    #[test]
    fn products_are_off_by_no_more_than_the_steps_of_the_activations(seed in 0usize..1000, shape in shape()) {
        for (kernel, precision) in kernels_and_precisions() {
            Product::new(numbers, seed, shape).check(kernel, precision)?;
        }
    }

    #[test]
    fn nothing_runs_over(seed in 0usize..1000, shape in shape()) {
        for (kernel, precision) in kernels_and_precisions() {
            Product::new(extremes, seed, shape).check(kernel, precision)?;
        }
    }

    #[test]
    fn the_scalar_kernel_means_a_product(seed in 0usize..1000, shape in shape()) {
        for precision in [Precision::Seven, Precision::Fourteen, Precision::Fifteen] {
            Product::new(numbers, seed, shape).check(&Scalar(precision), precision)?;
        }
    }

    #[test]
    fn epilogues_are_applied_in_order(seed in 0usize..1000, shape in shape(), residual: bool, activation in 0usize..3) {
        let activation = ACTIVATIONS[activation];
        let product = Product::new(numbers, seed, shape);
        for (kernel, precision) in kernels_and_precisions() {
            let activations = product.quantised(kernel, precision);
            let epilogue = Epilogue { bias: None, activation: Some(activation), residual };
            let before = numbers(seed + 3, product.rows * product.outputs);
            let by = |kernel: &dyn Kernel| {
                let weights = PackedWeights::pack(product.outputs, product.inputs, precision, &|o, b| product.block(o, b));
                let mut out = before.clone();
                kernel.multiply(&weights, &activations, epilogue, Out::new(&mut out, product.outputs));
                out
            };
            let (results, expected) = (by(kernel), by(&Scalar(precision)));
            for (i, rounding) in product.rounding(&activations).into_iter().enumerate() {
                // No activation function is steeper than 1.2, and each is exact to a millionth of
                // what it gives.
                let given = expected[i].abs() + if residual { before[i].abs() } else { 0.0 };
                let allowance = 1.2 * rounding + 2e-6 * given.max(1.0);
                let (result, expected) = (results[i], expected[i]);
                prop_assert!((result - expected).abs() <= allowance, "{}: {result}, {expected} with {allowance}", kernel.name());
            }
        }
    }

    #[test]
    fn products_of_floats_are_what_they_mean(
        seed in 0usize..1000, shape in shape(), activation in 0usize..4, residual: bool,
    ) {
        let (rows, inputs, outputs) = shape;
        let plain = |seed: usize, count: usize| -> Vec<f32> { numbers(seed, count).iter().map(|x| x.sin()).collect() };
        let (xs, matrix, bias) = (plain(seed, rows * inputs), plain(seed + 1, outputs * inputs), plain(seed + 2, outputs));
        let weights = FloatWeights::pack(outputs, inputs, &matrix);
        let epilogue = Epilogue { bias: Some(&bias), activation: ACTIVATIONS.get(activation).copied(), residual };
        let before = plain(seed + 3, rows * outputs);
        let by = |kernel: &dyn Kernel| {
            let mut out = before.clone();
            let portion = weights.panels().div_ceil(3) * PANEL;
            for part in Out::new(&mut out, outputs).split_columns(portion) {
                kernel.multiply_floats(&weights, &xs, epilogue, part);
            }
            out
        };
        let scalar = by(&Scalar(Precision::Fifteen));
        for (i, result) in scalar.iter().enumerate() {
            let (x, weights) = (&xs[i / outputs * inputs..][..inputs], &matrix[i % outputs * inputs..][..inputs]);
            let mut exact = bias[i % outputs] + x.iter().zip(weights).map(|(x, w)| x * w).sum::<f32>();
            if let Some(&Activation::Relu6) = ACTIVATIONS.get(activation) {
                exact = exact.clamp(0.0, 6.0);
            }
            if activation >= 2 {
                exact += if residual { before[i] } else { 0.0 };
                prop_assert!(close(*result, exact, 1e-4), "{result}, {exact}");
            }
        }
        for kernel in kernels() {
            for (result, expected) in by(kernel).iter().zip(&scalar) {
                prop_assert!(close(*result, *expected, 1e-4), "{}: {result}, {expected}", kernel.name());
            }
        }
    }

    #[test]
    fn attention_is_what_it_means(
        seed in 0usize..1000, rows in 1usize..most(12), heads in 1usize..4, head_width in 1usize..most(70), spare in 0usize..5,
    ) {
        let width = heads * head_width;
        let (stride, others) = (width + spare, rows + 3);
        let plain = |seed: usize, count: usize| -> Vec<f32> { numbers(seed, count).iter().map(|x| x.sin() * 2.0).collect() };
        let (q, k, v) = (plain(seed, rows * stride), plain(seed + 1, others * stride), plain(seed + 2, others * width));
        // Each row sees some of the others, in no particular order; rows of a picture share one
        // list.
        let seen: Vec<Vec<u32>> = (0..rows)
            .map(|row| (0..=(row + seed) % others).map(|i| ((i * 7 + row) % others) as u32).collect())
            .collect();
        let seen = Lists { seen, shared: seed % 3 };
        let queries = Queries { numbers: &q, stride, heads, head_width };
        let keys = Keys { keys: &k, key_stride: stride, values: &v, value_stride: width, seen_by: &seen };
        let by = |kernel: &dyn Kernel| {
            let mut out = vec![f32::NAN; rows * width];
            for part in Out::new(&mut out, width).split_rows(rows.div_ceil(2)) {
                kernel.attend(queries, keys, part);
            }
            out
        };
        let expected = by(&Scalar(Precision::Fifteen));
        for kernel in kernels() {
            for (result, expected) in by(kernel).iter().zip(&expected) {
                prop_assert!(close(*result, *expected, 1e-5), "{}: {result}, {expected}", kernel.name());
            }
        }
    }

    #[test]
    fn depthwise_convolution_is_what_it_means(
        seed in 0usize..1000, side in 1usize..most(24), channels in 1usize..40, kernel in 1usize..8, stride in 1usize..3,
        activation in 0usize..3,
    ) {
        let plain = |seed: usize, count: usize| -> Vec<f32> { numbers(seed, count).iter().map(|x| x.sin() * 2.0).collect() };
        let (xs, filters) = (plain(seed, side * side * channels), plain(seed + 1, channels * kernel * kernel));
        let depthwise = Depthwise::new(&filters, plain(seed + 2, channels), kernel, stride);
        let across = depthwise.side_of_results(side);
        let by = |by: &dyn Kernel| {
            let mut out = vec![f32::NAN; across * across * channels];
            // In parts, as several threads would.
            let middle = seed % (across + 1);
            let (first, second) = out.split_at_mut(middle * across * channels);
            for (rows, out) in [(0..middle, first), (middle..across, second)] {
                let seen = depthwise.rows_seen(side, rows.clone());
                let line = side * channels;
                let numbers = &xs[seen.start * line..seen.end * line];
                let xs = MapRows { side, first: seen.start, numbers };
                by.convolve(&depthwise, xs, rows, ACTIVATIONS[activation], out);
            }
            out
        };
        let expected = by(&Scalar(Precision::Fifteen));
        for kernel in kernels() {
            for (result, expected) in by(kernel).iter().zip(&expected) {
                prop_assert!(close(*result, *expected, 1e-4), "{}: {result}, {expected}", kernel.name());
            }
        }
    }

    #[test]
    fn layer_norm_is_what_it_means(seed in 0usize..1000, rows in 1usize..6, width in 1usize..100) {
        let (xs, weight, bias) = (numbers(seed, rows * width), numbers(seed + 1, width), numbers(seed + 2, width));
        let by = |kernel: &dyn Kernel| {
            let mut out = vec![f32::NAN; rows * width];
            kernel.layer_norm(&xs, &weight, &bias, 1e-5, &mut out);
            out
        };
        let expected = by(&Scalar(Precision::Fifteen));
        let rounding = rounding_of_layer_norm(&xs, &weight);
        for kernel in kernels() {
            for ((result, expected), rounding) in by(kernel).iter().zip(&expected).zip(&rounding) {
                prop_assert!(close(*result, *expected, 2e-4 + rounding), "{}: {result}, {expected}", kernel.name());
            }
        }
    }
}

/// How far each result may be off because the mean of a row is rounded: numbers that are nearly
/// alike have a small deviation, by which what their mean is off is divided.
fn rounding_of_layer_norm(xs: &[f32], weight: &[f32]) -> Vec<f32> {
    let rows = xs.chunks_exact(weight.len()).flat_map(|row| {
        let count = row.len() as f64;
        let mean = row.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
        let squares = row.iter().map(|&x| (f64::from(x) - mean).powi(2));
        let deviation = (squares.sum::<f64>() / count + 1e-5).sqrt();
        let largest = row
            .iter()
            .fold(0f64, |most, x| most.max(f64::from(x.abs())));
        let off = 4.0 * f64::from(f32::EPSILON) * largest / deviation;
        let each = row.iter().zip(weight).map(move |(&x, &weight)| {
            let normed = (f64::from(x) - mean).abs() / deviation;
            (f64::from(weight.abs()) * off * (1.0 + normed)) as f32
        });
        each.collect::<Vec<_>>()
    });
    rows.collect()
}

/// What `torch.nn.functional.conv2d` makes of it, padded by hand as TensorFlow's SAME is.
#[test]
fn maps_are_padded_as_tensorflow_does() {
    // Side, kernel, stride, and the results from the top left.
    let cases: [(usize, usize, usize, &[f32]); 5] = [
        (
            3,
            3,
            1,
            &[
                0.094, 0.154, 0.106, 0.186, 0.285, 0.186, 0.106, 0.154, 0.094,
            ],
        ),
        (4, 3, 2, &[0.348, 0.252, 0.274, 0.175]),
        (
            5,
            3,
            2,
            &[0.128, 0.241, 0.184, 0.441, 0.681, 0.453, 0.32, 0.457, 0.28],
        ),
        (4, 5, 2, &[2.596, 1.874, 1.246, 0.819]),
        (1, 5, 2, &[0.013]),
    ];
    for (side, kernel, stride, expected) in cases {
        let xs: Vec<f32> = (1..=side * side).map(|x| x as f32 / 100.0).collect();
        let filter: Vec<f32> = (1..=kernel * kernel).map(|x| x as f32 / 10.0).collect();
        let depthwise = Depthwise::new(&filter, vec![0.0], kernel, stride);
        let across = depthwise.side_of_results(side);
        let mut out = vec![f32::NAN; across * across];
        let scalar = Scalar(Precision::Fifteen);
        scalar.convolve(
            &depthwise,
            MapRows {
                side,
                first: 0,
                numbers: &xs,
            },
            0..across,
            Activation::Relu6,
            &mut out,
        );
        assert_eq!(out.len(), expected.len());
        for (result, expected) in out.iter().zip(expected) {
            assert!(
                close(*result, *expected, 1e-6),
                "{side} {kernel} {stride}: {out:?}"
            );
        }
    }
}

#[test]
fn activation_functions_are_what_they_mean() {
    let (most, step) = if cfg!(miri) {
        (101, 1.0)
    } else {
        (40_001, 0.0025)
    };
    for activation in ACTIVATIONS {
        let xs: Vec<f32> = (-most..=most).map(|i| i as f32 * step).collect();
        let mut expected = xs.clone();
        Scalar(Precision::Fifteen).activate(activation, &mut expected);
        for kernel in kernels() {
            let mut results = xs.clone();
            kernel.activate(activation, &mut results);
            for ((x, result), expected) in xs.iter().zip(&results).zip(&expected) {
                assert!(
                    (result - expected).abs() <= 1e-6 * expected.abs().max(1.0),
                    "{}, {activation:?} of {x}: {result}, {expected}",
                    kernel.name()
                );
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "takes too long")]
fn more_panels_than_a_cache_holds_are_multiplied() {
    for (kernel, precision) in kernels_and_precisions() {
        Product::new(numbers, 3, (5, 3072, 7 * PANEL + 1))
            .check(kernel, precision)
            .unwrap();
    }
}

#[test]
#[cfg_attr(miri, ignore = "takes too long")]
fn more_rows_than_take_a_block_at_once_are_multiplied() {
    for (kernel, precision) in kernels_and_precisions() {
        for more in 0..5 {
            let shape = (2 * product::MOST_ROWS + more, 70, PANEL + 1);
            Product::new(numbers, more, shape)
                .check(kernel, precision)
                .unwrap();
        }
    }
}

#[test]
fn rows_of_nothing_but_zeros_stay_so() {
    for (kernel, precision) in kernels_and_precisions() {
        let mut product = Product::new(numbers, 3, (2, 64, 5));
        product.xs[64..].fill(0.0);
        let activations = product.quantised(kernel, precision);
        assert_eq!(
            product.by(kernel, precision, &activations)[5..],
            product.bias
        );
    }
}
