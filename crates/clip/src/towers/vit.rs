//! The image tower: a Vision Transformer (Dosovitskiy et al., 2020, arXiv:2010.11929) as CLIP has it, with a LayerNorm
//! before the blocks.

use std::io::{Read, Seek};

use candle_core::{Device, Module, Tensor};

use crate::Error;
use crate::attribution::Contributions;
use crate::config::VisionConfig;
use crate::encoder::{Encoder, TowerReader};
use crate::gguf::Gguf;
use crate::ops::{Arithmetic, LayerNorm, Linear, Visible, add};

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
        let path = arithmetic.for_images(width);
        let kernel = file.matrix(
            "v.patch_embd.weight",
            &[width, 3, side, side],
            (width, 3 * side * side),
        )?;
        let patch_embedding = Linear::read(kernel, None, path)?;
        let mut reader = TowerReader {
            file,
            prefix: "v",
            path,
        };
        Ok(Self {
            patch_embedding,
            class_embedding: reader.vector("class_embd", width)?,
            position_embedding: reader
                .matrix("position_embd.weight", (1 + config.patches(), width))?,
            pre_layer_norm: reader.layer_norm("pre_ln", &config.encoder)?,
            encoder: Encoder::read(&mut reader, &config.encoder)?,
            post_layer_norm: reader.layer_norm("post_ln", &config.encoder)?,
            projection: TowerReader {
                path: arithmetic.for_projections(),
                ..reader
            }
            .projection("visual_projection.weight", width, projection_dim)?,
            config: config.clone(),
        })
    }

    /// The embeddings of some pictures, not yet of unit length: `pictures x projection_dim`.
    ///
    /// `patches` holds all pictures' patches as [`crate::preprocess::patches`] cuts them: `(pictures * patches) x
    /// (3 * patch_size * patch_size)`.
    ///
    /// # Errors
    /// If there are more or fewer.
    pub fn forward(&self, pictures: usize, patches: Vec<f32>) -> candle_core::Result<Tensor> {
        let positions = 1 + self.config.patches();
        let visible = Visible::within_groups(pictures, positions);
        let xs = self.embed(pictures, patches)?;
        let classes: Vec<u32> = (0..pictures).map(|i| (i * positions) as u32).collect();
        let (xs, _) = self.encoder.forward(&xs, &visible, &[], &classes)?;
        self.projection.forward(&self.post_layer_norm.forward(&xs)?)
    }

    /// The embedding of one picture as a sum over its patches, which are as in [`VisionTower::forward`].
    ///
    /// # Errors
    /// If there are more or fewer patches.
    pub fn contributions(&self, patches: Vec<f32>) -> Result<Contributions, Error> {
        let trace = self.encoder.trace(&self.embed(1, patches)?)?;
        Contributions::new(&trace, &self.post_layer_norm, &self.projection)
    }

    /// What the blocks begin with: class token and patches of each picture, with their positions, normalised.
    fn embed(&self, pictures: usize, patches: Vec<f32>) -> candle_core::Result<Tensor> {
        let (count, side) = (self.config.patches(), self.config.patch_size);
        let shape = (pictures * count, 3 * side * side);
        let patches = Tensor::from_vec(patches, shape, &Device::Cpu)?;
        let patches = self.patch_embedding.forward(&patches)?;
        let width = patches.dim(1)?;
        let class = self.class_embedding.broadcast_as((pictures, 1, width))?;
        let xs = Tensor::cat(&[class, patches.reshape((pictures, count, width))?], 1)?;
        let xs = add(&xs, &self.position_embedding)?;
        self.pre_layer_norm
            .forward(&xs.reshape((pictures * (1 + count), width))?)
    }
}
