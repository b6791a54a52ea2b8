//! Convolutions that are no matrix products as they stand: one of a picture, and one in which no
//! channel sees another. A convolution with filters of one place is a [`Linear`].
//!
//! Maps are square, `places x channels`, row by row from the top. They are padded with zeros as
//! TensorFlow's SAME does ([`SamePadding`]).

use candle_core::{Device, IndexOp, Result, Tensor};
use cliplet_kernels::{Depthwise, Kernel, MapRows, SamePadding};

use super::activation::activate;
use super::arithmetic::{ByCandle, Path};
use super::linear::Linear;
use super::parallel;
use super::rows::with_numbers;
use crate::config::Activation;

/// A convolution of a picture by way of a copy: all that a filter sees, side by side.
pub struct PictureConvolution {
    /// Of rows of `3 * kernel * kernel` numbers.
    product: Linear,
    filters: SamePadding,
}

impl PictureConvolution {
    /// `product` has as inputs a filter's weights as they are stored, `3 x kernel x kernel`.
    pub fn new(product: Linear, kernel: usize, stride: usize) -> Self {
        Self {
            product,
            filters: SamePadding { kernel, stride },
        }
    }

    /// From a picture, planar, of `side x side` pixels, to a map.
    ///
    /// # Errors
    /// If there are more or fewer pixels.
    pub fn forward_then(
        &self,
        activation: Activation,
        pixels: &[f32],
        side: usize,
    ) -> Result<Tensor> {
        if pixels.len() != 3 * side * side {
            candle_core::bail!("{} numbers for {side} x {side} pixels", pixels.len());
        }
        let across = self.filters.side_of_results(side);
        let line = across * 3 * self.filters.kernel * self.filters.kernel;
        let places = across * across;
        let Some(product) = self.product.by_rows() else {
            let mut seen = vec![0.0; across * line];
            for (row, seen) in seen.chunks_mut(line).enumerate() {
                self.see(pixels, side, row, seen);
            }
            let seen = Tensor::from_vec(seen, (places, ()), &Device::Cpu)?;
            return self.product.forward_then(activation, &seen);
        };
        let outputs = product.outputs();
        let mut out = vec![0.0; places * outputs];
        let portion = parallel::portion(across);
        let parts = out.chunks_mut(portion * across * outputs).enumerate();
        parallel::each(parts, |(part, out)| {
            let mut seen = vec![0.0; line];
            let rows = out.chunks_mut(across * outputs);
            for (row, out) in (part * portion..).zip(rows) {
                self.see(pixels, side, row, &mut seen);
                product.multiply(&seen, Some(activation), false, out);
            }
        });
        Tensor::from_vec(out, (places, outputs), &Device::Cpu)
    }

    /// All that the filters of a row of results see, side by side. What lies outside of the picture
    /// is zero.
    fn see(&self, pixels: &[f32], side: usize, row: usize, seen: &mut [f32]) {
        let (down, top) = self.filters.taps(side, row);
        seen.fill(0.0);
        let columns = seen.chunks_mut(3 * self.filters.kernel * self.filters.kernel);
        for (column, seen) in columns.enumerate() {
            let (right, left) = self.filters.taps(side, column);
            for channel in 0..3 {
                for (y, down) in (top..).zip(down.clone()) {
                    let from = &pixels[(channel * side + y) * side + left..][..right.len()];
                    let line = (channel * self.filters.kernel + down) * self.filters.kernel;
                    let to = &mut seen[line + right.start..line + right.end];
                    // A call for a copy of three numbers would take longer than that.
                    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
                }
            }
        }
    }
}

/// A convolution in which each channel has a filter of its own.
pub struct DepthwiseConvolution(Inner);

enum Inner {
    Candle {
        /// `channels x kernel x kernel`.
        filters: Tensor,
        bias: Tensor,
        stride: usize,
        /// That it can be computed so.
        #[allow(dead_code, reason = "nobody asks how: that there is one is all")]
        by: ByCandle,
    },
    Kernel(&'static dyn Kernel, Depthwise),
}

impl DepthwiseConvolution {
    /// From filters of `channels x kernel x kernel`, and a bias of `channels`.
    ///
    /// # Errors
    /// If the dimensions are others.
    pub fn new(filters: &Tensor, bias: Tensor, stride: usize, path: Path) -> Result<Self> {
        let (channels, kernel, _) = filters.dims3()?;
        Ok(Self(match path {
            Path::Candle(by) => Inner::Candle {
                filters: filters.clone(),
                bias,
                stride,
                by,
            },
            Path::Kernel(by, _) => {
                let bias = bias.to_vec1()?;
                if filters.elem_count() != channels * kernel * kernel || bias.len() != channels {
                    candle_core::bail!("depthwise filters of {:?}", filters.dims());
                }
                let filters = filters.flatten_all()?.to_vec1::<f32>()?;
                Inner::Kernel(by, Depthwise::new(&filters, bias, kernel, stride))
            }
        }))
    }

    /// Channels of the maps that it is applied to, and of its results.
    pub(super) fn channels(&self) -> usize {
        match &self.0 {
            Inner::Candle { bias, .. } => bias.elem_count(),
            Inner::Kernel(_, depthwise) => depthwise.channels(),
        }
    }

    /// The filters and what applies them, where that is a kernel.
    pub(super) fn by_kernel(&self) -> Option<(&'static dyn Kernel, &Depthwise)> {
        match &self.0 {
            Inner::Candle { .. } => None,
            Inner::Kernel(kernel, depthwise) => Some((*kernel, depthwise)),
        }
    }

    /// The activation function of the convolution of a map, `places x channels`, with zeros around
    /// it.
    ///
    /// # Errors
    /// If the map is not square or has other channels.
    pub fn forward_then(&self, activation: Activation, xs: &Tensor) -> Result<Tensor> {
        let (places, channels) = xs.dims2()?;
        let side = places.isqrt();
        match &self.0 {
            Inner::Candle {
                filters,
                bias,
                stride,
                ..
            } => {
                let kernel = filters.dim(1)?;
                let stride = *stride;
                let steps = SamePadding { kernel, stride };
                let (before, behind) = steps.padding(side);
                let across = steps.side_of_results(side);
                let padded = xs
                    .reshape((side, side, channels))?
                    .pad_with_zeros(0, before, behind)?
                    .pad_with_zeros(1, before, behind)?;
                // What lies under one place of the filters, for all results.
                let under = |place: usize| {
                    let places = (0..across).map(|i| (i * stride + place) as u32);
                    Tensor::from_iter(places, &Device::Cpu)
                };
                let mut ys = bias
                    .broadcast_as((across, across, channels))?
                    .contiguous()?;
                for down in 0..kernel {
                    let rows = padded.index_select(&under(down)?, 0)?;
                    for right in 0..kernel {
                        let seen = rows.index_select(&under(right)?, 1)?;
                        let weights = filters.i((.., down, right))?.contiguous()?;
                        ys = (ys + seen.broadcast_mul(&weights)?)?;
                    }
                }
                let ys = ys.reshape(((), channels))?;
                activate(activation, &ys)
            }
            Inner::Kernel(kernel, depthwise) => {
                if places != side * side || channels != depthwise.channels() {
                    candle_core::bail!("a depthwise convolution of {:?}", xs.dims());
                }
                let across = depthwise.side_of_results(side);
                let mut out = vec![0.0; across * across * channels];
                with_numbers(&xs.contiguous()?, |xs| {
                    let portion = parallel::portion(across);
                    let rows = (0..across).step_by(portion);
                    let parts = rows.zip(out.chunks_mut(portion * across * channels));
                    parallel::each(parts, |(first, out)| {
                        let rows = first..across.min(first + portion);
                        let xs = MapRows {
                            side,
                            first: 0,
                            numbers: xs,
                        };
                        kernel.convolve(depthwise, xs, rows, activation, out);
                    });
                    Ok(())
                })?;
                Tensor::from_vec(out, (across * across, channels), &Device::Cpu)
            }
        }
    }
}
