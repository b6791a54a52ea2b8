//! The image tower: a Vision Transformer (Dosovitskiy et al., 2020, arXiv:2010.11929) as CLIP has
//! it, with a LayerNorm before the blocks.

use std::io::{Read, Seek};

use candle_core::{Device, Module, Tensor};

use crate::Error;
use crate::attribution::Contributions;
use crate::config::VitConfig;
use crate::encoder::{Encoder, TowerReader};
use crate::gguf::Gguf;
use crate::ops::{Arithmetic, LayerNorm, Linear, Visible, add, stack_rows};

/// From normalised pixels to an embedding.
pub struct Vit {
    patch_size: usize,
    /// Of one picture.
    patches: usize,
    /// The patch convolution, as the matrix product that it is: its stride is its size.
    patch_embedding: Linear,
    class_embedding: Tensor,
    position_embedding: Tensor,
    pre_layer_norm: LayerNorm,
    encoder: Encoder,
    post_layer_norm: LayerNorm,
    projection: Linear,
}

impl Vit {
    /// Reads the tower's tensors. `image_size` is the side of a picture, in pixels.
    ///
    /// # Errors
    /// [`Error::Model`] if one is missing or has other dimensions than `config` says;
    /// [`Error::Io`].
    pub fn read<R: Read + Seek>(
        file: &mut Gguf<R>,
        config: &VitConfig,
        image_size: usize,
        projection_dim: usize,
        arithmetic: Arithmetic,
    ) -> Result<Self, Error> {
        let (width, side) = (config.encoder.width, config.patch_size);
        let patches = config.patches(image_size);
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
            position_embedding: reader.matrix("position_embd.weight", (1 + patches, width))?,
            pre_layer_norm: reader.layer_norm("pre_ln", &config.encoder)?,
            encoder: Encoder::read(&mut reader, &config.encoder)?,
            post_layer_norm: reader.layer_norm("post_ln", &config.encoder)?,
            projection: TowerReader {
                path: arithmetic.for_projections(),
                ..reader
            }
            .projection("visual_projection.weight", width, projection_dim)?,
            patch_size: side,
            patches,
        })
    }

    /// Side of a square patch, in pixels.
    pub fn patch_size(&self) -> usize {
        self.patch_size
    }

    /// The embeddings of some pictures, not yet of unit length: `pictures x projection_dim`.
    ///
    /// `patches` holds all pictures' patches as [`crate::preprocess::patches`] cuts them:
    /// `(pictures * patches) x (3 * patch_size * patch_size)`.
    ///
    /// # Errors
    /// If there are more or fewer.
    pub fn forward(&self, pictures: usize, patches: Vec<f32>) -> candle_core::Result<Tensor> {
        let positions = 1 + self.patches;
        let visible = Visible::within_groups(pictures, positions);
        let xs = self.embed(pictures, patches)?;
        let classes: Vec<u32> = (0..pictures).map(|i| (i * positions) as u32).collect();
        let (xs, _) = self.encoder.forward(&xs, &visible, &[], &classes)?;
        self.projection.forward(&self.post_layer_norm.forward(&xs)?)
    }

    /// The embedding of one picture as a sum over its patches, which are as in [`Vit::forward`].
    ///
    /// # Errors
    /// If there are more or fewer patches.
    pub fn contributions(&self, patches: Vec<f32>) -> candle_core::Result<Contributions> {
        let trace = self.encoder.trace(&self.embed(1, patches)?)?;
        // What each row has given, carried through the LayerNorm behind the blocks and the
        // projection.
        let parts = stack_rows(&[&trace.given, &trace.rest])?;
        let parts = self.post_layer_norm.forward_parts(&trace.whole, &parts)?;
        let mut parts: Vec<Vec<f32>> = self.projection.forward(&parts)?.to_vec2()?;
        let whole = self.post_layer_norm.forward(&trace.whole)?;
        let whole: Vec<f32> = self.projection.forward(&whole)?.flatten_all()?.to_vec1()?;
        // The first row is the class token's own, the last two what no row has given, and
        // LayerNorm's bias.
        let mut patches = parts.split_off(1);
        let mut rest = parts.swap_remove(0);
        let others = patches.split_off(patches.len() - 2);
        for other in others {
            rest.iter_mut().zip(other).for_each(|(rest, x)| *rest += x);
        }
        Ok(Contributions::new(patches, rest, &whole))
    }

    /// What the blocks begin with: class token and patches of each picture, with their positions,
    /// normalised.
    fn embed(&self, pictures: usize, patches: Vec<f32>) -> candle_core::Result<Tensor> {
        let (count, side) = (self.patches, self.patch_size);
        let shape = (pictures * count, 3 * side * side);
        let patches = Tensor::from_vec(patches, shape, &Device::Cpu)?;
        let patches = self.patch_embedding.forward(&patches)?;
        let width = patches.dim(1)?;
        let class = self.class_embedding.reshape((1, width))?;
        let of_pictures = (0..pictures).map(|picture| patches.narrow(0, picture * count, count));
        let of_pictures = of_pictures.collect::<candle_core::Result<Vec<_>>>()?;
        let rows: Vec<&Tensor> = of_pictures
            .iter()
            .flat_map(|patches| [&class, patches])
            .collect();
        let xs = stack_rows(&rows)?.reshape((pictures, 1 + count, width))?;
        let xs = add(&xs, &self.position_embedding)?;
        self.pre_layer_norm
            .forward(&xs.reshape((pictures * (1 + count), width))?)
    }
}
