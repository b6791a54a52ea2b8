//! The image tower: a Vision Transformer (Dosovitskiy et al., 2020, arXiv:2010.11929) as CLIP has it, with a LayerNorm
//! before the blocks.

use std::io::{Read, Seek};

use candle_core::{IndexOp, Tensor};
use candle_nn::{LayerNorm, Module};

use crate::Error;
use crate::config::VisionConfig;
use crate::encoder::{Encoder, TowerReader};
use crate::gguf::Gguf;
use crate::ops::{Arithmetic, Linear};

/// From normalised pixels to an embedding.
pub struct VisionTower {
    config: VisionConfig,
    /// The patch convolution, as the matrix product that it is: its stride is its size.
    patch_embedding: Linear,
    class_embedding: Tensor,
    position_embedding: Tensor,
    pre_layer_norm: LayerNorm,
    encoder: Encoder,
    post_layer_norm: LayerNorm,
    projection: Linear,
}

impl VisionTower {
    /// Reads the tower's tensors.
    ///
    /// # Errors
    /// [`Error::Model`] if one is missing or has other dimensions than `config` says; [`Error::Io`].
    pub fn read<R: Read + Seek>(
        file: &mut Gguf<R>,
        config: &VisionConfig,
        projection_dim: usize,
        arithmetic: Arithmetic,
    ) -> Result<Self, Error> {
        let (width, side) = (config.encoder.width, config.patch_size);
        let kernel = file.tensor_as(
            "v.patch_embd.weight",
            &[width, 3, side, side],
            &[width, 3 * side * side],
        )?;
        let mut reader = TowerReader {
            file,
            prefix: "v",
            arithmetic,
        };
        Ok(Self {
            patch_embedding: Linear::new(kernel, None, arithmetic)?,
            class_embedding: reader.vector("class_embd", width)?,
            position_embedding: reader
                .matrix("position_embd.weight", (1 + config.patches(), width))?,
            pre_layer_norm: reader.layer_norm("pre_ln", &config.encoder)?,
            encoder: Encoder::read(&mut reader, &config.encoder, false)?,
            post_layer_norm: reader.layer_norm("post_ln", &config.encoder)?,
            projection: reader.projection("visual_projection.weight", width, projection_dim)?,
            config: config.clone(),
        })
    }

    /// `batch x 3 x image_size x image_size` to `batch x patches x (3 * patch_size * patch_size)`, in the order of the
    /// convolution's kernel: channel, row, column.
    fn patches(&self, pixels: &Tensor) -> candle_core::Result<Tensor> {
        let side = self.config.patch_size;
        let (batch, _, _, _) = pixels.dims4()?;
        let across = self.config.image_size / side;
        pixels
            .reshape(vec![batch, 3, across, side, across, side])?
            .permute(vec![0, 2, 4, 1, 3, 5])?
            .reshape((batch, across * across, 3 * side * side))
    }
}

impl Module for VisionTower {
    /// `batch x 3 x image_size x image_size`, normalised, to `batch x projection_dim`, not yet of unit length.
    fn forward(&self, pixels: &Tensor) -> candle_core::Result<Tensor> {
        let patches = self.patch_embedding.forward(&self.patches(pixels)?)?;
        let (batch, _, width) = patches.dims3()?;
        let class = self.class_embedding.broadcast_as((batch, 1, width))?;
        let xs = Tensor::cat(&[&class, &patches], 1)?.broadcast_add(&self.position_embedding)?;
        let xs = self.encoder.forward(&self.pre_layer_norm.forward(&xs)?)?;
        let class = self
            .post_layer_norm
            .forward(&xs.i((.., 0))?.contiguous()?)?;
        self.projection.forward(&class)
    }
}
