//! The image towers, each in a module of its own that reads as its paper does.
//!
//! What is not here: the blocks that a Vision Transformer shares with the text tower (`encoder`),
//! the operations that towers are made of ([`ops`](crate::ops)), and the text tower
//! ([`text`](crate::text)).

mod efficientnet_lite;
mod vit;

use std::io::{Read, Seek};

use candle_core::Tensor;

pub use efficientnet_lite::EfficientNetLite;
pub use vit::Vit;

use crate::attribution::Contributions;
use crate::config::{ImageTowerConfig, VisionConfig};
use crate::gguf::Gguf;
use crate::ops::{Arithmetic, stack_rows};
use crate::{Error, preprocess};

/// An image tower of the kind that its file says.
pub struct ImageTower {
    image_size: usize,
    kind: Kind,
}

enum Kind {
    Vit(Vit),
    EfficientNetLite(EfficientNetLite),
}

impl ImageTower {
    /// Reads the tower's tensors.
    ///
    /// # Errors
    /// [`Error::Model`] if one is missing or has other dimensions than `config` says;
    /// [`Error::Io`].
    pub fn read<R: Read + Seek>(
        file: &mut Gguf<R>,
        config: &VisionConfig,
        projection_dim: usize,
        arithmetic: Arithmetic,
    ) -> Result<Self, Error> {
        let side = config.image_size;
        let kind = match &config.tower {
            ImageTowerConfig::Vit(vit) => {
                Kind::Vit(Vit::read(file, vit, side, projection_dim, arithmetic)?)
            }
            ImageTowerConfig::EfficientNetLite(net) => Kind::EfficientNetLite(
                EfficientNetLite::read(file, net, side, projection_dim, arithmetic)?,
            ),
        };
        Ok(Self {
            image_size: side,
            kind,
        })
    }

    /// The embeddings of pictures, not yet of unit length: `pictures x projection_dim`.
    ///
    /// Each picture is planar and normalised, `3 * image_size * image_size` numbers.
    ///
    /// # Errors
    /// [`Error::Compute`] if one has more or fewer.
    pub fn forward(&self, pictures: &[Vec<f32>]) -> Result<Tensor, Error> {
        pictures.iter().try_for_each(|pixels| self.check(pixels))?;
        Ok(match &self.kind {
            Kind::Vit(vit) => {
                let mut patches = Vec::with_capacity(pictures.iter().map(Vec::len).sum());
                for pixels in pictures {
                    patches.extend(self.patches(vit, pixels));
                }
                vit.forward(pictures.len(), patches)?
            }
            // One after the other: maps of one picture fit a cache, and weights are few.
            Kind::EfficientNetLite(net) => {
                let embeddings = pictures.iter().map(|pixels| net.forward(pixels));
                let embeddings = embeddings.collect::<candle_core::Result<Vec<_>>>()?;
                stack_rows(&embeddings.iter().collect::<Vec<_>>())?
            }
        })
    }

    /// The embedding of one picture, as in [`ImageTower::forward`], as a sum over its parts.
    ///
    /// # Errors
    /// As [`ImageTower::forward`].
    pub fn contributions(&self, pixels: &[f32]) -> Result<Contributions, Error> {
        self.check(pixels)?;
        Ok(match &self.kind {
            Kind::Vit(vit) => vit.contributions(self.patches(vit, pixels))?,
            Kind::EfficientNetLite(net) => net.contributions(pixels)?,
        })
    }

    fn patches(&self, vit: &Vit, pixels: &[f32]) -> Vec<f32> {
        preprocess::patches(pixels, self.image_size, vit.patch_size())
    }

    fn check(&self, pixels: &[f32]) -> Result<(), Error> {
        let side = self.image_size;
        if pixels.len() == 3 * side * side {
            Ok(())
        } else {
            let message = format!("{} numbers for {side} x {side} pixels", pixels.len());
            Err(Error::Compute(candle_core::Error::Msg(message)))
        }
    }
}
