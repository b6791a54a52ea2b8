//! The whole model: both towers, the tokenizer and the configuration of one file.

use std::io::{Read, Seek};

use candle_core::{Device, Tensor};
use candle_nn::Module;

use crate::config::Config;
use crate::gguf::Gguf;
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
        let vision = &self.config.vision;
        let rgb = preprocess::resize_and_crop(picture, vision.image_size)?;
        let pixels = preprocess::normalise(&rgb, &vision.image_mean, &vision.image_std);
        self.encode_pixels(pixels)
    }

    /// The embedding of a preprocessed picture, planar and normalised, `3 * image_size * image_size` numbers:
    /// `projection_dim` numbers of unit length.
    ///
    /// # Errors
    /// [`Error::Compute`], also if there are more or fewer pixels.
    pub fn encode_pixels(&self, pixels: Vec<f32>) -> Result<Vec<f32>, Error> {
        let side = self.config.vision.image_size;
        let pixels = Tensor::from_vec(pixels, (1, 3, side, side), &Device::Cpu)?;
        let embedding = self.vision.forward(&pixels)?.squeeze(0)?;
        Ok(unit(embedding.to_vec1()?))
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
        Ok(unit(self.text.forward(ids)?.to_vec1()?))
    }
}

/// The vector divided by its length. One without a length, which only broken weights give, stays as it is.
fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|x| *x /= length);
    }
    vector
}
