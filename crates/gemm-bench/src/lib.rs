//! The matrix products of a ViT-B/32, by the kernels of `cliplet-kernels` and by those of the
//! crates that could take their place: rten-gemm, candle's quantised product, and `gemm` (which
//! candle's product in f32 is).
//!
//! What lives here: a table of how quick each is on one thread; docs/performance.md has the
//! commands that print it for this machine and for a browser. It is a crate of its own so that
//! nothing else is compiled with what is only compared. What does not: the comparison with other
//! engines as a whole, which drives the page.

#![forbid(unsafe_code)]

use std::fmt::Write;
use std::hint::black_box;

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Module, Tensor};
use cliplet_kernels::{
    self as kernels, Activations, Epilogue, Kernel, Out, PackedWeights, Precision, QuantisedBlock,
};
use rten_gemm::{GemmExecutor, GemmInputA, GemmInputB, GemmOptions};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;
use web_time::Instant;

/// Rows, inputs and outputs: a picture's 50 rows through the image tower of a ViT-B/32, and the
/// rows that ten prompts come to through its text tower.
const SHAPES: [(usize, usize, usize); 4] = [
    (50, 768, 768),
    (50, 768, 3072),
    (50, 3072, 768),
    (25, 512, 2048),
];

/// Rounds in which all take their turn; the quickest of each counts, since a machine has other
/// things to do.
const ROUNDS: usize = 40;

/// One way to compute a product.
struct Contestant {
    name: String,
    /// Multiplications and additions a cycle that its instructions come to at best; known for
    /// kernels of ours.
    most_a_cycle: Option<f64>,
    product: Box<dyn FnMut()>,
}

/// A table in Markdown: thousands of millions of multiplications and additions per second, by the
/// quickest of many rounds, and for our kernels the share of what their instructions could do,
/// where a cycle has two vector products. What a product costs includes quantising its activations.
/// Below it stands the clock that the shares are of.
///
/// # Panics
/// If one of the crates refuses.
pub fn table() -> String {
    let mut table = String::new();
    let clock = clock();
    for (i, shape) in SHAPES.into_iter().enumerate() {
        let mut contestants = contestants(shape);
        if i == 0 {
            let names = contestants.iter().map(|contestant| &contestant.name[..]);
            let names: Vec<&str> = names.collect();
            let _ = writeln!(table, "| rows x inputs x outputs | {} |", names.join(" | "));
            let _ = writeln!(table, "|---|{}", "---|".repeat(names.len()));
        }
        let (rows, inputs, outputs) = shape;
        let _ = write!(table, "| {rows} x {inputs} x {outputs} |");
        let operations = (rows * inputs * outputs) as f64;
        for (seconds, contestant) in quickest(&mut contestants).into_iter().zip(&contestants) {
            let speed = operations / seconds;
            let _ = write!(table, " {:.1}", speed / 1e9);
            if let Some(most) = contestant.most_a_cycle {
                let _ = write!(table, " ({:.0} %)", 100.0 * speed / (clock * most));
            }
            table.push_str(" |");
        }
        table.push('\n');
    }
    let _ = writeln!(table, "\nThe clock: {:.2} GHz.", clock / 1e9);
    table
}

/// Cycles per second, by the time that a chain of steps takes of which each needs the one before:
/// an exclusive or, one cycle, and a multiplication of 64 bits, three on every x86-64 of the last
/// ten years and on most others. Where it is another number, the clock is off, and the shares with
/// it.
fn clock() -> f64 {
    const STEPS: u64 = 2_000_000;
    const CYCLES: u64 = 4;
    let chain = || {
        let mut x = black_box(1u64);
        for _ in 0..STEPS {
            x = (x ^ 0x5555).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
        black_box(x);
    };
    let quickest = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            chain();
            begun.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min);
    (STEPS * CYCLES) as f64 / quickest
}

/// What two vector products a cycle come to, which is what processors do that have no more than
/// that: each multiplies as many pairs of numbers as a vector of ours holds, bytes or sixteen bits.
fn most_a_cycle(precision: Precision) -> f64 {
    const PRODUCTS: usize = 2;
    let numbers = match precision {
        Precision::Seven | Precision::Eight => 4 * kernels::LANES,
        // Every number twice, in two halves; or half as many.
        Precision::Fourteen | Precision::Fifteen => 2 * kernels::LANES,
    };
    (PRODUCTS * numbers) as f64
}

/// Seconds for one product each.
fn quickest(contestants: &mut [Contestant]) -> Vec<f64> {
    let mut quickest = vec![f64::INFINITY; contestants.len()];
    for _ in 0..ROUNDS {
        for (contestant, quickest) in contestants.iter_mut().zip(&mut quickest) {
            // Long enough for the coarse clocks of browsers.
            const REPEATS: u32 = 3;
            let begun = Instant::now();
            (0..REPEATS).for_each(|_| (contestant.product)());
            let seconds = begun.elapsed().as_secs_f64() / f64::from(REPEATS);
            *quickest = quickest.min(seconds);
        }
    }
    quickest
}

/// Ordinary numbers: denormal ones would cost ten times as much.
fn numbers(seed: usize, count: usize) -> Vec<f32> {
    let number = |i| ((i * 7919 + seed * 104_729) as f32 * 0.618).sin();
    (0..count).map(number).collect()
}

fn contestants((rows, inputs, outputs): (usize, usize, usize)) -> Vec<Contestant> {
    let (xs, weights) = (numbers(1, rows * inputs), numbers(2, outputs * inputs));
    let mut all = Vec::new();
    let mut add = |name: String, most_a_cycle: Option<f64>, product: Box<dyn FnMut()>| {
        all.push(Contestant {
            name,
            most_a_cycle,
            product,
        });
    };

    if let Some(kernel) = kernels::active() {
        for precision in [kernel.coarse_precision(), kernel.fine_precision()] {
            let name = format!("Cliplet: {}, {precision:?} bits", kernel.name());
            let shape = (rows, inputs, outputs);
            let product = ours(kernel, precision, xs.clone(), &weights, shape);
            add(name, Some(most_a_cycle(precision)), product);
        }
    }

    let bytes = |xs: &[f32]| -> Vec<i8> { xs.iter().map(|x| (x * 100.0) as i8).collect() };
    let executor = GemmExecutor::<u8, i8, i32>::default();
    let packed = executor.prepack_b(
        NdTensor::from_data([inputs, outputs], bytes(&numbers(3, inputs * outputs))).view(),
    );
    let quants: Vec<u8> = bytes(&xs).iter().map(|x| x.cast_unsigned()).collect();
    let quants = NdTensor::from_data([rows, inputs], quants);
    let mut out = vec![0i32; rows * outputs];
    add(
        format!("rten-gemm: {}, int8, one scale", executor.kernel_name()),
        None,
        Box::new(move || {
            let (a, b) = (
                GemmInputA::Unpacked(quants.view()),
                GemmInputB::Packed(&packed),
            );
            executor
                .gemm(&mut out, a, b, GemmOptions::default())
                .expect("rten-gemm multiplies");
            black_box(&out);
        }),
    );

    let executor = GemmExecutor::<f32>::default();
    let packed = executor
        .prepack_b(NdTensor::from_data([inputs, outputs], numbers(2, inputs * outputs)).view());
    let a = NdTensor::from_data([rows, inputs], xs.clone());
    let mut out = vec![0f32; rows * outputs];
    add(
        format!("rten-gemm: {}, f32", executor.kernel_name()),
        None,
        Box::new(move || {
            let (a, b) = (GemmInputA::Unpacked(a.view()), GemmInputB::Packed(&packed));
            executor
                .gemm(&mut out, a, b, GemmOptions::default())
                .expect("rten-gemm multiplies");
            black_box(&out);
        }),
    );

    let tensor = |numbers: Vec<f32>, shape: (usize, usize)| {
        Tensor::from_vec(numbers, shape, &Device::Cpu).expect("numbers fit their shape")
    };
    let (xs, weights) = (
        tensor(xs, (rows, inputs)),
        tensor(weights, (outputs, inputs)),
    );
    let quantised = QTensor::quantize(&weights, GgmlDType::Q8_0).expect("blocks are whole");
    let quantised = candle_core::quantized::QMatMul::from_qtensor(quantised).expect("it is q8_0");
    let activations = xs.clone();
    add(
        "candle: q8_0".to_owned(),
        None,
        Box::new(move || {
            black_box(quantised.forward(&activations).expect("candle multiplies"));
        }),
    );
    let transposed = weights.t().and_then(|weights| weights.contiguous());
    let transposed = transposed.expect("candle transposes");
    add(
        "gemm: f32".to_owned(),
        None,
        Box::new(move || {
            black_box(xs.matmul(&transposed).expect("candle multiplies"));
        }),
    );
    all
}

fn ours(
    kernel: &'static dyn Kernel,
    precision: Precision,
    xs: Vec<f32>,
    weights: &[f32],
    (rows, inputs, outputs): (usize, usize, usize),
) -> Box<dyn FnMut()> {
    let weights = PackedWeights::pack(outputs, inputs, precision, &|output, block| {
        let row = &weights[output * inputs..][..inputs];
        QuantisedBlock::from_weights(&row[block * kernels::BLOCK..][..kernels::BLOCK])
    });
    let mut activations = Activations::default();
    let mut out = vec![0f32; rows * outputs];
    Box::new(move || {
        activations.reset(rows, inputs, precision);
        for groups in activations.split(usize::MAX / rows / inputs) {
            kernel.quantise(&xs, groups);
        }
        let out = Out::new(&mut out, outputs);
        kernel.multiply(&weights, &activations, Epilogue::default(), out);
    })
}
