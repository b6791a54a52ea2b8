//! What the towers are made of: the few operations that take nearly all the time.
//!
//! Each is a plain type or function over candle tensors, in f32, with rows of features in the last dimension. How exactly
//! weights are multiplied is chosen once, by [`Arithmetic`], and becomes a [`Path`]; the towers do not know. What is not
//! here: the order in which the operations make up a tower, and the loops themselves ([`cliplet_kernels`]).

mod activation;
mod attention;
mod blocks;
mod convolution;
mod floats;
mod layer_norm;
mod linear;
mod memory;
mod packed;
mod parallel;

use candle_core::{Device, Result, Storage, Tensor};

pub use activation::activate;
pub use attention::{Attention, Visible};
pub use convolution::{DepthwiseConvolution, PictureConvolution};
pub use layer_norm::LayerNorm;
pub use linear::Linear;
pub use memory::Memory;
pub use parallel::{on_all_threads, threads};

use cliplet_kernels::{self as kernels, Kernel, Precision};

/// How weights are multiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    /// Each matrix is expanded to f32 when it is used and multiplied in f32: exact, slow, and what everything else is
    /// measured against.
    #[cfg(feature = "reference")]
    Reference,
    /// Quantised weights are multiplied as they are, with activations quantised on the way.
    Fast,
}

/// From here on a tower is slow enough for coarse activations to be worth what they cost. In a wider one that is less,
/// too: embeddings of random models of width 768 keep a cosine of 0.9999 to exact ones, those of width 64 one of 0.998.
const WIDE: usize = 512;

/// What an [`Arithmetic`] comes to on this machine.
#[derive(Clone, Copy)]
pub enum Path {
    /// candle's operations.
    Candle(ByCandle),
    /// A kernel of ours, with activations of a precision.
    Kernel(&'static dyn Kernel, Precision),
}

/// candle's operations, which not every program has: without the feature `reference` there is no such value, and nothing that would need
/// one is compiled.
#[cfg(feature = "reference")]
#[derive(Clone, Copy)]
pub struct ByCandle {
    /// All weights are multiplied in f32; otherwise those that candle has quick products for are multiplied as they are.
    expanded: bool,
}

/// See above.
#[cfg(not(feature = "reference"))]
#[derive(Clone, Copy)]
pub enum ByCandle {}

#[cfg(all(
    not(feature = "reference"),
    not(all(target_arch = "wasm32", target_feature = "simd128"))
))]
compile_error!("there may be no kernel on this architecture: the feature `reference` is needed");

impl ByCandle {
    #[cfg(feature = "reference")]
    fn expanded(self) -> bool {
        self.expanded
    }

    #[cfg(not(feature = "reference"))]
    fn expanded(self) -> bool {
        match self {}
    }
}

impl Arithmetic {
    /// For an image tower of some width.
    pub fn for_images(self, width: usize) -> Path {
        match self {
            Self::Fast if width >= WIDE => self.path(false, |kernel| kernel.coarse_precision()),
            _ => self.path(false, |kernel| kernel.fine_precision()),
        }
    }

    /// For a convolutional image tower. Products are not what takes the time there: coarse
    /// activations make it no quicker, and leave embeddings a cosine of 0.8 to exact ones.
    pub fn for_convolutions(self) -> Path {
        self.fine()
    }

    /// For a text tower. Prompts of one list differ by a word or two, and activations of seven or eight bits, which candle's
    /// quick products have too, blur that: scores of a small model were off by more than a hundredth.
    pub fn for_texts(self) -> Path {
        self.fine()
    }

    /// For what makes an embedding of one row of an image tower. It takes no time to speak of, and nothing behind it evens out what
    /// it rounds: a fourth to a third of what embeddings were off by, when it was done in bytes, was its doing alone.
    pub fn for_projections(self) -> Path {
        self.fine()
    }

    /// With activations as good as f32.
    fn fine(self) -> Path {
        self.path(true, |kernel| kernel.fine_precision())
    }

    /// The path of a kernel, if there is one. Where candle does without, `expanded` says how.
    #[cfg_attr(not(feature = "reference"), expect(unused_variables))]
    fn path(self, expanded: bool, precision: impl FnOnce(&dyn Kernel) -> Precision) -> Path {
        match (self, kernels::active()) {
            (Self::Fast, Some(kernel)) => Path::Kernel(kernel, precision(kernel)),
            #[cfg(feature = "reference")]
            (Self::Fast, None) => Path::Candle(ByCandle { expanded }),
            #[cfg(feature = "reference")]
            (Self::Reference, _) => Path::Candle(ByCandle { expanded: true }),
            #[cfg(not(feature = "reference"))]
            (Self::Fast, None) => unreachable!("this architecture has a kernel"),
        }
    }
}

/// Some rows of a matrix, `rows.len() x width`. candle's `index_select` knows three types of indices and all types of
/// numbers, which would be 44 KB of the page's engine.
///
/// # Errors
/// If there is no such row.
pub fn select_rows(xs: &Tensor, rows: &[u32]) -> Result<Tensor> {
    let (count, width) = xs.dims2()?;
    let selected = with_numbers(&xs.contiguous()?, |numbers| {
        let mut selected = Vec::with_capacity(rows.len() * width);
        for &row in rows {
            let row = row as usize;
            if row >= count {
                candle_core::bail!("row {row} of {count}");
            }
            selected.extend_from_slice(&numbers[row * width..][..width]);
        }
        Ok(selected)
    })?;
    Tensor::from_vec(selected, (rows.len(), width), &Device::Cpu)
}

/// The sum of two tensors, of which the second has the first's last dimensions and is added again for each of the others.
/// candle's `broadcast_add` does this for all types of numbers, which would be 17 KB of the page's engine.
///
/// # Errors
/// If the dimensions are others.
pub fn add(xs: &Tensor, ys: &Tensor) -> Result<Tensor> {
    if !xs.dims().ends_with(ys.dims()) || ys.elem_count() == 0 {
        candle_core::bail!("a sum of {:?} and {:?}", xs.dims(), ys.dims());
    }
    let sum = with_numbers(&xs.contiguous()?, |xs| {
        with_numbers(&ys.contiguous()?, |ys| {
            let parts = xs.chunks(ys.len());
            let sums = parts.flat_map(|part| part.iter().zip(ys).map(|(x, y)| x + y));
            Ok(sums.collect::<Vec<f32>>())
        })
    })?;
    Tensor::from_vec(sum, xs.dims(), &Device::Cpu)
}

/// Matrices of one width, one below the other. candle's `cat` does it along any dimension, for all types of numbers.
///
/// # Errors
/// If their widths differ, or there are none.
pub fn stack_rows(matrices: &[&Tensor]) -> Result<Tensor> {
    let width = matrices.first().map_or(Ok(0), |first| first.dim(1))?;
    let mut stacked = Vec::new();
    for matrix in matrices {
        if matrix.dims2()?.1 != width {
            candle_core::bail!("a matrix of {:?} below one of width {width}", matrix.dims());
        }
        with_numbers(&matrix.contiguous()?, |numbers| {
            stacked.extend_from_slice(numbers);
            Ok(())
        })?;
    }
    let rows = stacked.len().checked_div(width);
    let rows = rows.ok_or_else(|| candle_core::Error::msg("no matrix to put below another"))?;
    Tensor::from_vec(stacked, (rows, width), &Device::Cpu)
}

/// The mean of a matrix' rows, `1 x width`.
///
/// # Errors
/// If it is none.
pub fn mean_row(xs: &Tensor) -> Result<Tensor> {
    let (rows, width) = xs.dims2()?;
    let mean = with_numbers(&xs.contiguous()?, |numbers| {
        let mut mean = vec![0.0; width];
        for row in numbers.chunks(width) {
            mean.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        mean.iter_mut().for_each(|sum| *sum /= rows as f32);
        Ok(mean)
    })?;
    Tensor::from_vec(mean, (1, width), &Device::Cpu)
}

/// Does something with the numbers of a contiguous tensor.
fn with_numbers<T>(xs: &Tensor, work: impl FnOnce(&[f32]) -> Result<T>) -> Result<T> {
    let (storage, layout) = xs.storage_and_layout();
    let Storage::Cpu(storage) = &*storage else {
        candle_core::bail!("a tensor that is not in memory");
    };
    let Some((begin, end)) = layout.contiguous_offsets() else {
        candle_core::bail!("a tensor that is not contiguous: {layout:?}");
    };
    work(&storage.as_slice::<f32>()?[begin..end])
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn numbers(dims: &[usize]) -> Tensor {
        let count = dims.iter().product::<usize>() as u32;
        let numbers: Vec<f32> = (0..count).map(|n| n as f32).collect();
        Tensor::from_vec(numbers, dims, &Device::Cpu).unwrap()
    }

    #[test]
    fn rows_are_selected_as_candle_does() {
        let xs = numbers(&[5, 3]);
        let rows = [4u32, 0, 0, 2];
        let expected = xs.index_select(&Tensor::new(&rows, &Device::Cpu).unwrap(), 0);
        let expected: Vec<Vec<f32>> = expected.unwrap().to_vec2().unwrap();
        let selected = select_rows(&xs, &rows).unwrap();
        assert_eq!(selected.to_vec2::<f32>().unwrap(), expected);
        let transposed = select_rows(&xs.t().unwrap(), &[2]).unwrap();
        assert_eq!(
            transposed.to_vec2::<f32>().unwrap(),
            [[2.0, 5.0, 8.0, 11.0, 14.0]]
        );
        assert!(select_rows(&xs, &[5]).is_err());
    }

    #[test]
    fn stacks_and_means_are_candles() {
        let (xs, ys) = (numbers(&[3, 4]), numbers(&[2, 4]));
        let expected = Tensor::cat(&[&xs, &ys], 0).unwrap();
        let stacked = stack_rows(&[&xs, &ys]).unwrap();
        assert_eq!(
            stacked.to_vec2::<f32>().unwrap(),
            expected.to_vec2::<f32>().unwrap()
        );
        assert!(stack_rows(&[&xs, &numbers(&[2, 3])]).is_err());
        assert!(stack_rows(&[]).is_err());
        let mean = mean_row(&xs).unwrap();
        assert_eq!(mean.to_vec2::<f32>().unwrap(), [[4.0, 5.0, 6.0, 7.0]]);
    }

    #[test]
    fn sums_are_candles() {
        let xs = numbers(&[2, 3, 4]);
        for dims in [&[2, 3, 4][..], &[3, 4], &[4]] {
            let ys = numbers(dims);
            let expected = xs.broadcast_add(&ys).unwrap().flatten_all().unwrap();
            let sum = add(&xs, &ys).unwrap();
            assert_eq!(sum.dims(), xs.dims());
            let sum = sum.flatten_all().unwrap();
            assert_eq!(
                sum.to_vec1::<f32>().unwrap(),
                expected.to_vec1::<f32>().unwrap()
            );
        }
        assert!(add(&xs, &numbers(&[3])).is_err());
        assert!(add(&xs, &numbers(&[2, 3])).is_err());
    }
}
