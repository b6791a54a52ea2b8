//! What the kernels mean, one number at a time.

use std::ops::Range;

use super::activations::{Activations, Groups};
use super::attention::{Keys, Queries};
use super::depthwise::{Depthwise, MapRows};
use super::floats::FloatWeights;
use super::functions::Activation;
use super::kernel::Kernel;
use super::layout::{BLOCK, PANEL};
use super::out::Out;
use super::pack::PackedWeights;
use super::precision::{MOST_OF_EIGHT, Precision};
use super::product;
use super::product::Epilogue;
use super::quantise::inverse;

/// The oracle. Its activations have the given precision, whatever they are for.
pub struct Scalar(pub Precision);

impl Kernel for Scalar {
    fn name(&self) -> &'static str {
        "scalar"
    }

    fn coarse_precision(&self) -> Precision {
        self.0
    }

    fn fine_precision(&self) -> Precision {
        self.0
    }

    fn quantise(&self, xs: &[f32], mut groups: Groups) {
        let (inputs, precision) = (groups.inputs, groups.precision);
        for row in groups.rows.clone() {
            for (b, xs) in xs[row * inputs..][..inputs].chunks(BLOCK).enumerate() {
                let mut block = [0.0; BLOCK];
                block[..xs.len()].copy_from_slice(xs);
                let scale = scale(&block, precision);
                let inverse = inverse(scale);
                let quants = block.map(|x| (x * inverse).round_ties_even() as i32);
                groups.place(row, b).put(precision, scale, &quants);
            }
        }
    }

    fn multiply(
        &self,
        weights: &PackedWeights,
        xs: &Activations,
        epilogue: Epilogue,
        mut out: Out,
    ) {
        let panels = product::check(weights, xs, epilogue, &out);
        let order = weights.precision().order();
        for panel in panels {
            let outputs = panel * PANEL..weights.outputs().min((panel + 1) * PANEL);
            for row in 0..xs.rows() {
                let [results] = out.at(row, outputs.clone());
                for (lane, result) in results.iter_mut().enumerate() {
                    let mut sum = 0.0;
                    for (b, block) in weights.panel(panel).iter().enumerate() {
                        let (scale, quants) = xs.block(row, b);
                        let dot: i32 = (0..BLOCK)
                            .map(|i| quants[i] * i32::from(block.quants[order.position(lane, i)]))
                            .sum();
                        sum += scale * block.scales[lane] * dot as f32;
                    }
                    *result = finished(epilogue, outputs.start + lane, sum, *result);
                }
            }
        }
    }

    fn multiply_floats(
        &self,
        weights: &FloatWeights,
        xs: &[f32],
        epilogue: Epilogue,
        mut out: Out,
    ) {
        for panel in weights.check(xs, epilogue, &out) {
            let outputs = panel * PANEL..weights.outputs().min((panel + 1) * PANEL);
            for (row, xs) in xs.chunks_exact(weights.inputs().max(1)).enumerate() {
                let [results] = out.at(row, outputs.clone());
                for (output, result) in outputs.clone().zip(results) {
                    let products = xs.iter().enumerate();
                    let sum: f64 = products
                        .map(|(i, x)| f64::from(*x) * f64::from(weights.weight(output, i)))
                        .sum();
                    *result = finished(epilogue, output, sum as f32, *result);
                }
            }
        }
    }

    fn attend(&self, queries: Queries, keys: Keys, mut out: Out) {
        let width = queries.head_width;
        for row in queries.check(&out) {
            let seen = keys.seen_by.seen_by(row);
            keys.check(seen, queries.width());
            for head in 0..queries.heads {
                let column = |stride: usize, seen: u32| seen as usize * stride + head * width;
                let query = queries.head(row, head);
                let logit = |&seen: &u32| -> f64 {
                    let key = &keys.keys[column(keys.key_stride, seen)..][..width];
                    let dot: f64 = query.iter().zip(key).map(|(q, k)| f64::from(q * k)).sum();
                    dot / (width as f64).sqrt()
                };
                let logits: Vec<f64> = seen.iter().map(logit).collect();
                let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let weights: Vec<f64> = logits.iter().map(|logit| (logit - most).exp()).collect();
                let sum: f64 = weights.iter().sum();
                let [out] = out.at(row, head * width..(head + 1) * width);
                for (i, out) in out.iter_mut().enumerate() {
                    let values = seen
                        .iter()
                        .map(|&seen| f64::from(keys.values[column(keys.value_stride, seen) + i]));
                    let mixed: f64 = weights.iter().zip(values).map(|(w, v)| w * v).sum();
                    *out = (mixed / sum) as f32;
                }
            }
        }
    }

    fn layer_norm(&self, xs: &[f32], weight: &[f32], bias: &[f32], epsilon: f32, out: &mut [f32]) {
        let width = weight.len();
        for (xs, out) in xs.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
            let mean = xs.iter().map(|&x| f64::from(x)).sum::<f64>() / width as f64;
            let square = |&x: &f32| (f64::from(x) - mean).powi(2);
            let variance = xs.iter().map(square).sum::<f64>() / width as f64;
            let deviation = (variance + f64::from(epsilon)).sqrt();
            for (i, (x, out)) in xs.iter().zip(out).enumerate() {
                *out = ((f64::from(*x) - mean) / deviation) as f32 * weight[i] + bias[i];
            }
        }
    }

    fn convolve(
        &self,
        depthwise: &Depthwise,
        xs: MapRows,
        rows: Range<usize>,
        activation: Activation,
        out: &mut [f32],
    ) {
        depthwise.check(&xs, &rows, out);
        convolve(depthwise, xs, rows, activation, out);
    }

    fn activate(&self, activation: Activation, xs: &mut [f32]) {
        for x in xs {
            *x = activated(activation, *x);
        }
    }
}

/// [`Kernel::convolve`] where all shapes fit; also of maps that are narrower than a vector.
pub(super) fn convolve(
    depthwise: &Depthwise,
    MapRows {
        side,
        first,
        numbers,
    }: MapRows,
    rows: Range<usize>,
    activation: Activation,
    out: &mut [f32],
) {
    let (across, channels) = (depthwise.side_of_results(side), depthwise.channels());
    let places = rows.flat_map(|row| (0..across).map(move |column| (row, column)));
    for ((row, column), out) in places.zip(out.chunks_exact_mut(channels.max(1))) {
        let ((down, top), (right, left)) = (
            depthwise.padding.taps(side, row),
            depthwise.padding.taps(side, column),
        );
        for (channel, out) in out.iter_mut().enumerate() {
            let mut sum = f64::from(depthwise.bias[channel]);
            for (y, tap_down) in (top..).zip(down.clone()) {
                for (x, tap_right) in (left..).zip(right.clone()) {
                    let tap = tap_down * depthwise.padding.kernel + tap_right;
                    let weight = depthwise.filters[tap * channels + channel];
                    let place = (y - first) * side + x;
                    sum += f64::from(numbers[place * channels + channel] * weight);
                }
            }
            *out = activated(activation, sum as f32);
        }
    }
}

/// Of a block of activations.
fn scale(xs: &[f32; BLOCK], precision: Precision) -> f32 {
    let largest = xs.iter().fold(0f32, |most, x| most.max(x.abs()));
    let mut scale = largest / precision.most() as f32;
    if precision == Precision::Seven {
        let (halves, _) = xs.as_chunks::<{ BLOCK / 2 }>();
        for half in halves {
            for first in [0, 2] {
                let eight = half
                    .iter()
                    .enumerate()
                    .filter(|(i, _)| i % 4 / 2 == first / 2);
                let sum: f32 = eight.map(|(_, x)| x.abs()).sum();
                // Rounding adds at most a half to each of eight.
                scale = scale.max(sum / (MOST_OF_EIGHT - 4.0));
            }
        }
    }
    scale
}

/// What becomes of an output's sum, at whose place there was a number `before`.
fn finished(epilogue: Epilogue, output: usize, mut sum: f32, before: f32) -> f32 {
    sum += epilogue.bias.map_or(0.0, |bias| bias[output]);
    if let Some(activation) = epilogue.activation {
        sum = activated(activation, sum);
    }
    if epilogue.residual { before + sum } else { sum }
}

fn activated(activation: Activation, x: f32) -> f32 {
    let x = f64::from(x);
    let y = match activation {
        Activation::Gelu => 0.5 * x * (1.0 + libm::erf(x * std::f64::consts::FRAC_1_SQRT_2)),
        Activation::QuickGelu => x / (1.0 + (-1.702 * x).exp()),
        Activation::Relu6 => x.clamp(0.0, 6.0),
    };
    y as f32
}
