//! Multiplies a batch of activations with a matrix of quantised weights, with the quickest kernel
//! of this machine and with the scalar one, and compares the results with the product in f32.
//!
//! ```sh
//! cargo run --release --example product
//! ```

use cliplet_kernels::scalar::Scalar;
use cliplet_kernels::{
    Activations, BLOCK, Epilogue, Kernel, Out, PackedWeights, Precision, QuantisedBlock, active,
};

const ROWS: usize = 7;
const INPUTS: usize = 8 * BLOCK;
const OUTPUTS: usize = 100;

/// What came of the comparison.
pub struct Comparison {
    /// The quickest kernel's name.
    pub kernel: &'static str,
    /// The largest difference between its results and those of the scalar kernel.
    pub from_scalar: f32,
    /// The largest difference between its results and those in f32.
    pub from_f32: f32,
    /// The largest result.
    pub largest: f32,
}

/// `xs W^T` with activations of eight bits or fewer, whatever the kernel multiplies fastest.
fn product(kernel: &dyn Kernel, matrix: &[f32], xs: &[f32]) -> Vec<f32> {
    let precision = kernel.coarse_precision();
    // Once per model.
    let weights = PackedWeights::pack(OUTPUTS, INPUTS, precision, &|output, block| {
        let row = &matrix[output * INPUTS..][..INPUTS];
        QuantisedBlock::from_weights(&row[block * BLOCK..][..BLOCK])
    });
    // Once per product.
    let mut activations = Activations::default();
    activations.reset(ROWS, INPUTS, precision);
    for groups in activations.split(ROWS) {
        kernel.quantise(xs, groups);
    }
    let mut results = vec![0.0; ROWS * OUTPUTS];
    let out = Out::new(&mut results, OUTPUTS);
    kernel.multiply(&weights, &activations, Epilogue::default(), out);
    results
}

/// The same in f32, without any quantisation.
fn exact(matrix: &[f32], xs: &[f32]) -> Vec<f32> {
    let rows = xs.chunks_exact(INPUTS);
    rows.flat_map(|x| {
        let weights = matrix.chunks_exact(INPUTS);
        weights.map(move |weights| x.iter().zip(weights).map(|(x, w)| x * w).sum())
    })
    .collect()
}

/// Samples of a wave: numbers between -1 and 1.
fn numbers(count: usize, phase: f32) -> Vec<f32> {
    (0..count)
        .map(|i| (i as f32 * 0.618 + phase).sin())
        .collect()
}

/// Multiplies, and compares.
pub fn compare() -> Comparison {
    let matrix = numbers(OUTPUTS * INPUTS, 0.0);
    let xs = numbers(ROWS * INPUTS, 1.0);
    let kernel = active().unwrap_or(&Scalar(Precision::Eight));
    let results = product(kernel, &matrix, &xs);
    let difference = |others: &[f32]| {
        let pairs = results.iter().zip(others);
        pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    };
    let scalar = Scalar(kernel.coarse_precision());
    Comparison {
        kernel: kernel.name(),
        from_scalar: difference(&product(&scalar, &matrix, &xs)),
        from_f32: difference(&exact(&matrix, &xs)),
        largest: results.iter().map(|x| x.abs()).fold(0.0, f32::max),
    }
}

fn main() {
    let Comparison {
        kernel,
        from_scalar,
        from_f32,
        largest,
    } = compare();
    println!("Kernel {kernel}: results up to {largest:.2},");
    println!("{from_scalar:.6} from those of the scalar kernel, {from_f32:.4} from those in f32.");
}
