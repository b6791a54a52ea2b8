//! EfficientNet-Lite (Tan and Le, 2019, arXiv:1905.11946; the variant for small devices, without
//! squeeze-and-excitation and with ReLU6), whose blocks are MobileNetV2's inverted residuals
//! (Sandler et al., 2018, arXiv:1801.04381), with a memory of concepts in the place of its
//! classifier.
//!
//! Its batch normalisations are folded into the convolutions. Maps are `places x channels`, so that
//! a convolution with filters of one place is a matrix product.

use std::io::{Read, Seek};

use candle_core::Tensor;

use crate::Error;
use crate::attribution::Contributions;
use crate::config::{Activation, EfficientNetLiteConfig, InvertedResidualConfig, STEM_STRIDE};
use crate::encoder::TowerReader;
use crate::gguf::Gguf;
use crate::ops::{
    Arithmetic, DepthwiseConvolution, InvertedResidual, Linear, Memory, PictureConvolution,
    mean_row,
};

/// Rows, and columns, of the stem's filters.
const STEM_KERNEL: usize = 3;

/// From normalised pixels to an embedding.
pub struct EfficientNetLite {
    image_size: usize,
    stem: PictureConvolution,
    blocks: Vec<InvertedResidual>,
    head: Linear,
    memory: Memory,
}

impl EfficientNetLite {
    /// Reads the tower's tensors. `image_size` is the side of a picture, in pixels.
    ///
    /// # Errors
    /// [`Error::Model`] if one is missing or has other dimensions than `config` says;
    /// [`Error::Io`].
    pub fn read<R: Read + Seek>(
        file: &mut Gguf<R>,
        config: &EfficientNetLiteConfig,
        image_size: usize,
        projection_dim: usize,
        arithmetic: Arithmetic,
    ) -> Result<Self, Error> {
        let mut reader = TowerReader {
            file,
            prefix: "v",
            path: arithmetic.for_convolutions(),
        };
        let seen = [3, STEM_KERNEL, STEM_KERNEL];
        let stem = reader.convolution("stem", &seen, config.stem_width)?;
        let blocks = config
            .blocks()
            .enumerate()
            .map(|(n, block)| read_block(&mut reader, n, &block))
            .collect::<Result<_, Error>>()?;
        let head = reader.convolution("head", &[config.last_width()], config.feature_width)?;
        let rows = config.memory.count;
        let values = reader.matrix("memory.value.weight", (rows, projection_dim))?;
        let keys = reader.convolution("memory.key", &[config.feature_width], rows)?;
        Ok(Self {
            image_size,
            stem: PictureConvolution::new(stem, STEM_KERNEL, STEM_STRIDE),
            blocks,
            head,
            memory: Memory::new(keys, &values, config.memory.sharpness)?,
        })
    }

    /// The embedding of a picture, planar and normalised, not yet of unit length:
    /// `1 x projection_dim`.
    ///
    /// # Errors
    /// If there are more or fewer pixels.
    pub fn forward(&self, pixels: &[f32]) -> candle_core::Result<Tensor> {
        self.memory.forward(&mean_row(&self.places(pixels)?)?)
    }

    /// The embedding of one picture as a sum over places of the last map, for pixels as in
    /// [`EfficientNetLite::forward`].
    ///
    /// # Errors
    /// If there are more or fewer pixels.
    pub fn contributions(&self, pixels: &[f32]) -> candle_core::Result<Contributions> {
        self.memory.contributions(&self.places(pixels)?)
    }

    /// The last map, `places x feature_width`, the mean of which over all places is the feature.
    fn places(&self, pixels: &[f32]) -> candle_core::Result<Tensor> {
        let mut xs = self
            .stem
            .forward_then(Activation::Relu6, pixels, self.image_size)?;
        for block in &self.blocks {
            xs = block.forward(&xs)?;
        }
        self.head.forward_then(Activation::Relu6, &xs)
    }
}

/// Block `n` of the tower.
fn read_block<R: Read + Seek>(
    reader: &mut TowerReader<R>,
    n: usize,
    config: &InvertedResidualConfig,
) -> Result<InvertedResidual, Error> {
    let name = |part: &str| format!("blk.{n}.{part}");
    let expand = if config.expanded == config.inputs {
        None
    } else {
        Some(reader.convolution(&name("expand"), &[config.inputs], config.expanded)?)
    };
    let side = config.kernel_size;
    let dims = [config.expanded, side, side];
    let filters = reader.tensor(&name("depthwise.weight"), &dims)?;
    let bias = reader.vector(&name("depthwise.bias"), config.expanded)?;
    Ok(InvertedResidual {
        expand,
        depthwise: DepthwiseConvolution::new(&filters, bias, config.stride, reader.path)?,
        project: reader.convolution(&name("project"), &[config.expanded], config.outputs)?,
        is_residual: config.is_residual(),
    })
}
