//! The whole model: both towers, the tokenizer and the configuration of one file.

use std::io::{Read, Seek};

use candle_core::Tensor;

use crate::attribution::Contributions;
use crate::config::Config;
use crate::gguf::Gguf;
use crate::ops::on_all_threads;
use crate::picture::Picture;
use crate::text::{TOKEN_EMBEDDING, TextTower};
use crate::tokenizer::Tokenizer;
use crate::vision::VisionTower;
use crate::{Arithmetic, Error, preprocess};

/// A CLIP, ready to encode pictures and texts into the same space.
pub struct Clip {
    config: Config,
    tokenizer: Tokenizer,
    vision: VisionTower,
    text: TextTower,
}

impl Clip {
    /// Reads a GGUF as clip.cpp writes it, tensor by tensor; the weights stay in memory as they are stored.
    ///
    /// # Errors
    /// [`Error::Model`] with a sentence if the file is damaged, or no CLIP of the ViT family with both towers;
    /// [`Error::Io`] if it cannot be read.
    pub fn read<R: Read + Seek>(reader: &mut R, arithmetic: Arithmetic) -> Result<Self, Error> {
        let mut file = Gguf::open(reader)?;
        let config = Config::from_metadata(file.metadata())?;
        let tokenizer = Tokenizer::from_metadata(
            file.metadata(),
            file.rows(TOKEN_EMBEDDING)?,
            config.text.context_length,
        )?;
        let dim = config.projection_dim;
        Ok(Self {
            vision: VisionTower::read(&mut file, &config.vision, dim, arithmetic)?,
            text: TextTower::read(&mut file, &config.text, dim, arithmetic)?,
            tokenizer,
            config,
        })
    }

    /// The model's shape.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The model's tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// The embedding of a picture: `projection_dim` numbers of unit length.
    ///
    /// # Errors
    /// [`Error::Compute`].
    pub fn encode_picture(&self, picture: &Picture) -> Result<Vec<f32>, Error> {
        let pixels = self.preprocess(picture)?;
        self.encode_pixels(pixels)
    }

    /// A picture as the image tower takes it: planar and normalised, `3 * image_size * image_size` numbers.
    ///
    /// # Errors
    /// As [`preprocess::resize_and_crop`].
    pub fn preprocess(&self, picture: &Picture) -> Result<Vec<f32>, Error> {
        let vision = &self.config.vision;
        let rgb = preprocess::resize_and_crop(picture, vision.image_size)?;
        Ok(preprocess::normalise(
            &rgb,
            &vision.image_mean,
            &vision.image_std,
        ))
    }

    /// The embedding of a preprocessed picture, planar and normalised, `3 * image_size * image_size` numbers:
    /// `projection_dim` numbers of unit length.
    ///
    /// # Errors
    /// [`Error::Compute`], also if there are more or fewer pixels.
    pub fn encode_pixels(&self, pixels: Vec<f32>) -> Result<Vec<f32>, Error> {
        let mut embeddings = self.encode_batch(&[pixels])?;
        Ok(embeddings.swap_remove(0))
    }

    /// The same for several at once, which is quicker than one after the other: each weight is read once for all.
    ///
    /// # Errors
    /// As [`Clip::encode_pixels`].
    pub fn encode_batch(&self, pictures: &[Vec<f32>]) -> Result<Vec<Vec<f32>>, Error> {
        let side = self.config.vision.image_size;
        let mut patches = Vec::with_capacity(pictures.len() * 3 * side * side);
        for pixels in pictures {
            patches.extend(self.patches(pixels)?);
        }
        let embeddings = on_all_threads(|| self.vision.forward(pictures.len(), patches))?;
        units(&embeddings)
    }

    /// The embedding of a preprocessed picture as a sum over its patches. It takes about as long as [`Clip::encode_pixels`].
    ///
    /// # Errors
    /// As [`Clip::encode_pixels`].
    pub fn contributions(&self, pixels: &[f32]) -> Result<Contributions, Error> {
        let patches = self.patches(pixels)?;
        on_all_threads(|| self.vision.contributions(patches))
    }

    /// The embedding of a text, cut to the model's context: `projection_dim` numbers of unit length.
    ///
    /// # Errors
    /// [`Error::Text`] and [`Error::Compute`].
    pub fn encode_text(&self, text: &str) -> Result<Vec<f32>, Error> {
        self.encode_tokens(&self.tokenizer.encode(text)?.ids)
    }

    /// The embedding of a tokenized text: `projection_dim` numbers of unit length.
    ///
    /// # Errors
    /// [`Error::Compute`], also if there are no ids, too many, or unknown ones.
    pub fn encode_tokens(&self, ids: &[u32]) -> Result<Vec<f32>, Error> {
        let mut embeddings = self.encode_token_lists(&[ids])?;
        Ok(embeddings.swap_remove(0))
    }

    /// The same for several texts at once. What their beginnings have in common is computed once, and what they have in common
    /// with the texts of earlier calls often not at all.
    ///
    /// # Errors
    /// As [`Clip::encode_tokens`].
    pub fn encode_token_lists(&self, texts: &[&[u32]]) -> Result<Vec<Vec<f32>>, Error> {
        units(&on_all_threads(|| self.text.forward(texts))?)
    }
}

impl Clip {
    /// The patches of a preprocessed picture.
    fn patches(&self, pixels: &[f32]) -> Result<Vec<f32>, Error> {
        let vision = &self.config.vision;
        let side = vision.image_size;
        if pixels.len() != 3 * side * side {
            let message = format!("{} numbers for {side} x {side} pixels", pixels.len());
            return Err(Error::Compute(candle_core::Error::Msg(message)));
        }
        Ok(preprocess::patches(pixels, side, vision.patch_size))
    }
}

/// Rows of a matrix, each made a unit vector.
fn units(embeddings: &Tensor) -> Result<Vec<Vec<f32>>, Error> {
    Ok(embeddings.to_vec2()?.into_iter().map(unit).collect())
}

/// The vector divided by its length. One without a length, which only broken weights give, stays as it is.
pub(crate) fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|x| *x /= length);
    }
    vector
}
