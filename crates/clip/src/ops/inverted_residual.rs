//! A depthwise convolution between two products: narrow, wide, narrow.
//!
//! What is wide is many times as large as what comes in and goes out, and in the first blocks of a
//! tower larger than a processor's caches. There, some rows of the map at a time pass all three
//! operations, so that of what is wide there is never more than a cache holds.

use std::cell::RefCell;
use std::ops::Range;

use candle_core::{Device, Module, Result, Tensor};
use cliplet_kernels::{Depthwise, Kernel, MapRows};

use super::convolution::DepthwiseConvolution;
use super::linear::Linear;
use super::parallel;
use super::row_product::RowProduct;
use super::rows::with_numbers;
use crate::config::Activation;

/// An inverted residual (Sandler et al., 2018, arXiv:1801.04381), whose activation function is
/// ReLU6.
pub struct InvertedResidual {
    /// Where the block is wider inside.
    pub expand: Option<Linear>,
    /// The convolution of what is wide.
    pub depthwise: DepthwiseConvolution,
    /// Back to a narrow map.
    pub project: Linear,
    /// What comes in is added to what comes out; it has the same shape.
    pub is_residual: bool,
}

impl InvertedResidual {
    /// From a square map to another, `places x channels`, row by row from the top.
    ///
    /// # Errors
    /// If the map is not square, has other channels, or has another shape than the result that it
    /// is to be added to.
    pub fn forward(&self, xs: &Tensor) -> Result<Tensor> {
        if self.depthwise.channels() * xs.dim(0)? * size_of::<f32>() >= LARGE
            && let Some(stripes) = Stripes::of(self, xs)?
        {
            return stripes.forward(xs);
        }
        self.forward_whole(xs)
    }

    /// The same with all of what is wide in memory at once.
    fn forward_whole(&self, xs: &Tensor) -> Result<Tensor> {
        let expanded = match &self.expand {
            Some(expand) => expand.forward_then(Activation::Relu6, xs)?,
            None => xs.clone(),
        };
        let filtered = self.depthwise.forward_then(Activation::Relu6, &expanded)?;
        if self.is_residual {
            self.project.forward_onto(xs, &filtered)
        } else {
            self.project.forward(&filtered)
        }
    }
}

/// Wide maps of so many bytes are computed in stripes.
const LARGE: usize = 600 << 10;
/// Bytes of the wide rows that a thread has at a time.
const STRIPE: usize = 192 << 10;

/// Rows of results that are worth a piece of their own: those that two pieces see are expanded for
/// both.
const LEAST_ROWS: usize = 6;

/// An inverted residual by a kernel, some rows at a time.
struct Stripes<'a> {
    kernel: &'static dyn Kernel,
    expand: Option<&'a dyn RowProduct>,
    depthwise: &'a Depthwise,
    project: &'a dyn RowProduct,
    is_residual: bool,
    /// Of the map that comes in.
    side: usize,
}

/// What a thread keeps from one stripe to the next.
#[derive(Default)]
struct Buffers {
    /// Rows of the expanded map.
    wide: Vec<f32>,
    /// Rows of its convolution.
    filtered: Vec<f32>,
}

thread_local! {
    static BUFFERS: RefCell<Buffers> = RefCell::default();
}

impl<'a> Stripes<'a> {
    /// None where a kernel does not compute all of it.
    fn of(block: &'a InvertedResidual, xs: &Tensor) -> Result<Option<Self>> {
        let Some((kernel, depthwise)) = block.depthwise.by_kernel() else {
            return Ok(None);
        };
        let Some(project) = block.project.by_rows() else {
            return Ok(None);
        };
        let expand = match &block.expand {
            Some(expand) => match expand.by_rows() {
                Some(expand) => Some(expand),
                None => return Ok(None),
            },
            None => None,
        };
        let (places, channels) = xs.dims2()?;
        let (side, wide) = (places.isqrt(), depthwise.channels());
        let across = depthwise.side_of_results(side);
        let (inputs, expanded) = expand.map_or((wide, wide), |by| (by.inputs(), by.outputs()));
        let fits = places == side * side
            && (channels, expanded, project.inputs()) == (inputs, wide, wide)
            && (!block.is_residual || (across, project.outputs()) == (side, channels));
        if !fits {
            candle_core::bail!("an inverted residual of {:?}", xs.dims());
        }
        Ok(Some(Self {
            kernel,
            expand,
            depthwise,
            project,
            is_residual: block.is_residual,
            side,
        }))
    }

    fn forward(&self, xs: &Tensor) -> Result<Tensor> {
        let across = self.depthwise.side_of_results(self.side);
        let outputs = self.project.outputs();
        let mut out = vec![0.0; across * across * outputs];
        let portion = match parallel::threads() {
            1 => across,
            threads => across.div_ceil(2 * threads).max(LEAST_ROWS),
        };
        with_numbers(&xs.contiguous()?, |xs| {
            let pieces = (0..across).step_by(portion);
            let pieces = pieces.zip(out.chunks_mut(portion * across * outputs));
            parallel::each(pieces, |(first, out)| {
                let mut buffers = BUFFERS.take();
                let rows = first..across.min(first + portion);
                self.compute(xs, rows, &mut buffers, out);
                BUFFERS.set(buffers);
            });
            Ok(())
        })?;
        Tensor::from_vec(out, (across * across, outputs), &Device::Cpu)
    }

    /// Some rows of results, on the thread that asks.
    fn compute(&self, xs: &[f32], rows: Range<usize>, buffers: &mut Buffers, out: &mut [f32]) {
        let Self {
            side, depthwise, ..
        } = *self;
        let (wide, across) = (depthwise.channels(), depthwise.side_of_results(side));
        let line = side * wide;
        let outputs = across * self.project.outputs();
        let at_once = (STRIPE / size_of::<f32>() / line.max(1)).max(1);
        // Rows of the wide map that are in the buffer.
        let mut held: Range<usize> = 0..0;
        let stripes = rows.clone().step_by(at_once);
        for (first, out) in stripes.zip(out.chunks_mut(at_once * outputs)) {
            let rows = first..rows.end.min(first + at_once);
            let seen = depthwise.rows_seen(side, rows.clone());
            let numbers = match self.expand {
                None => &xs[seen.start * line..seen.end * line],
                Some(expand) => {
                    // The last rows for the stripe above are the first ones for this.
                    let kept = held.end.saturating_sub(seen.start);
                    let from = (held.end - kept - held.start) * line;
                    buffers
                        .wide
                        .resize(buffers.wide.len().max(seen.len() * line), 0.0);
                    buffers.wide.copy_within(from..from + kept * line, 0);
                    let inputs = side * expand.inputs();
                    expand.multiply(
                        &xs[(seen.start + kept) * inputs..seen.end * inputs],
                        Some(Activation::Relu6),
                        false,
                        &mut buffers.wide[kept * line..seen.len() * line],
                    );
                    held = seen.clone();
                    &buffers.wide[..seen.len() * line]
                }
            };
            let map = MapRows {
                side,
                first: seen.start,
                numbers,
            };
            let count = rows.len() * across * wide;
            buffers
                .filtered
                .resize(buffers.filtered.len().max(count), 0.0);
            let filtered = &mut buffers.filtered[..count];
            self.kernel
                .convolve(depthwise, map, rows.clone(), Activation::Relu6, filtered);
            if self.is_residual {
                out.copy_from_slice(&xs[rows.start * outputs..rows.end * outputs]);
            }
            self.project.multiply(filtered, None, self.is_residual, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::quantized::{GgmlDType, QTensor};
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::Arithmetic;

    fn numbers(seed: usize, shape: &[usize]) -> Tensor {
        let count: usize = shape.iter().product();
        let numbers = (0..count).map(|i| ((i * 7919 + seed * 104_729) as f32 * 0.618).sin());
        Tensor::from_vec(numbers.collect::<Vec<_>>(), shape, &Device::Cpu).unwrap()
    }

    fn linear(seed: usize, inputs: usize, outputs: usize, arithmetic: Arithmetic) -> Linear {
        let weight = QTensor::quantize(&numbers(seed, &[outputs, inputs]), GgmlDType::Q8_0);
        let bias = numbers(seed + 1, &[outputs]);
        Linear::new(weight.unwrap(), Some(bias), arithmetic.for_convolutions()).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn stripes_make_up_the_whole(
            seed in 0usize..1000, side in 1usize..40, blocks in 1usize..3, expansion in 1usize..8,
            outputs in 1usize..5, kernel in 1usize..8, stride in 1usize..3, residual: bool,
        ) {
            let (inputs, outputs) = (32 * blocks, 8 * outputs);
            let wide = inputs * expansion;
            let is_residual = residual && stride == 1;
            let outputs = if is_residual { inputs } else { outputs };
            let block = |arithmetic: Arithmetic| InvertedResidual {
                expand: (expansion > 1).then(|| linear(seed, inputs, wide, arithmetic)),
                depthwise: DepthwiseConvolution::new(
                    &numbers(seed + 2, &[wide, kernel, kernel]),
                    numbers(seed + 3, &[wide]),
                    stride,
                    arithmetic.for_convolutions(),
                ).unwrap(),
                project: linear(seed + 4, wide, outputs, arithmetic),
                is_residual,
            };
            let xs = numbers(seed + 5, &[side * side, inputs]);
            let fast = block(Arithmetic::Fast);
            let Some(stripes) = Stripes::of(&fast, &xs).unwrap() else {
                return Ok(());
            };
            let striped: Vec<f32> = stripes.forward(&xs).unwrap().flatten_all().unwrap().to_vec1().unwrap();
            let whole: Vec<f32> = fast.forward_whole(&xs).unwrap().flatten_all().unwrap().to_vec1().unwrap();
            prop_assert_eq!(&striped, &whole);
            #[cfg(feature = "reference")]
            {
                let exact = block(Arithmetic::Reference).forward(&xs).unwrap();
                let exact: Vec<f32> = exact.flatten_all().unwrap().to_vec1().unwrap();
                let most = exact.iter().fold(1f32, |most, x| most.max(x.abs()));
                for (fast, exact) in striped.iter().zip(&exact) {
                    prop_assert!((fast - exact).abs() < 2e-3 * most, "{fast}, {exact}, {most}");
                }
            }
        }
    }

    #[test]
    fn maps_that_do_not_fit_are_refused() {
        let arithmetic = Arithmetic::Fast;
        let depthwise = |wide| {
            let filters = numbers(1, &[wide, 3, 3]);
            let path = arithmetic.for_convolutions();
            DepthwiseConvolution::new(&filters, numbers(2, &[wide]), 1, path).unwrap()
        };
        let block = InvertedResidual {
            expand: Some(linear(0, 32, 640, arithmetic)),
            depthwise: depthwise(640),
            project: linear(3, 640, 32, arithmetic),
            is_residual: true,
        };
        let forward =
            |block: &InvertedResidual, shape: [usize; 2]| block.forward(&numbers(4, &shape));
        assert!(forward(&block, [400, 32]).is_ok());
        for shape in [[399, 32], [400, 33], [401, 32]] {
            assert!(forward(&block, shape).is_err());
        }
        let block = InvertedResidual {
            project: linear(3, 640, 64, arithmetic),
            ..block
        };
        assert!(forward(&block, [400, 32]).is_err());
    }
}
