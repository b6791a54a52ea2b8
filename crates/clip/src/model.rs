//! The whole model: both towers, the tokenizer and the configuration of one file; and each tower by
//! itself.

use std::io::{Read, Seek};

use candle_core::Tensor;

use crate::attribution::Contributions;
use crate::config::{
    Config, IMAGE_PROJECTION_DIM, MAX_WIDTH, TEXT_PROJECTION_DIM, TextConfig, VisionConfig,
};
use crate::gguf::Gguf;
use crate::ops::on_all_threads;
use crate::picture::Picture;
use crate::text::{TOKEN_EMBEDDING, TextTower};
use crate::tokenizer::Tokenizer;
use crate::towers::ImageTower;
use crate::{Arithmetic, Error, preprocess};

/// A CLIP, ready to encode pictures and texts into the same space.
pub struct Clip {
    config: Config,
    images: ImageEncoder,
    texts: TextEncoder,
}

impl Clip {
    /// Reads a GGUF as clip.cpp writes it, tensor by tensor; the weights stay in memory as they are
    /// stored.
    ///
    /// # Errors
    /// [`Error::Model`] with a sentence if the file is damaged, or no CLIP with both towers, of a
    /// kind that can be read; [`Error::Io`] if it cannot be read.
    pub fn read<R: Read + Seek>(reader: &mut R, arithmetic: Arithmetic) -> Result<Self, Error> {
        let mut file = Gguf::open(reader)?;
        Ok(Self {
            config: Config::from_metadata(file.metadata())?,
            images: ImageEncoder::read(&mut file, arithmetic)?,
            texts: TextEncoder::read(&mut file, arithmetic)?,
        })
    }

    /// The model's shape.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The model's tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        self.texts.tokenizer()
    }

    /// The part that encodes pictures.
    pub fn images(&self) -> &ImageEncoder {
        &self.images
    }

    /// The part that encodes texts.
    pub fn texts(&self) -> &TextEncoder {
        &self.texts
    }

    /// See [`ImageEncoder::encode_picture`].
    ///
    /// # Errors
    /// [`Error::Compute`].
    pub fn encode_picture(&self, picture: &Picture) -> Result<Vec<f32>, Error> {
        self.images.encode_picture(picture)
    }

    /// See [`ImageEncoder::preprocess`].
    ///
    /// # Errors
    /// As [`preprocess::resize_and_crop`].
    pub fn preprocess(&self, picture: &Picture) -> Result<Vec<f32>, Error> {
        self.images.preprocess(picture)
    }

    /// See [`ImageEncoder::encode_pixels`].
    ///
    /// # Errors
    /// [`Error::Compute`], also if there are more or fewer pixels.
    pub fn encode_pixels(&self, pixels: Vec<f32>) -> Result<Vec<f32>, Error> {
        self.images.encode_pixels(pixels)
    }

    /// See [`ImageEncoder::encode_batch`].
    ///
    /// # Errors
    /// As [`Clip::encode_pixels`].
    pub fn encode_batch(&self, pictures: &[Vec<f32>]) -> Result<Vec<Vec<f32>>, Error> {
        self.images.encode_batch(pictures)
    }

    /// See [`ImageEncoder::contributions`].
    ///
    /// # Errors
    /// As [`Clip::encode_pixels`].
    pub fn contributions(&self, pixels: &[f32]) -> Result<Contributions, Error> {
        self.images.contributions(pixels)
    }

    /// See [`TextEncoder::encode_text`].
    ///
    /// # Errors
    /// [`Error::Text`] and [`Error::Compute`].
    pub fn encode_text(&self, text: &str) -> Result<Vec<f32>, Error> {
        self.texts.encode_text(text)
    }

    /// See [`TextEncoder::encode_tokens`].
    ///
    /// # Errors
    /// [`Error::Compute`], also if there are no ids, too many, or unknown ones.
    pub fn encode_tokens(&self, ids: &[u32]) -> Result<Vec<f32>, Error> {
        self.texts.encode_tokens(ids)
    }

    /// See [`TextEncoder::encode_token_lists`].
    ///
    /// # Errors
    /// As [`Clip::encode_tokens`].
    pub fn encode_token_lists(&self, texts: &[&[u32]]) -> Result<Vec<Vec<f32>>, Error> {
        self.texts.encode_token_lists(texts)
    }
}

/// The image tower of a model, ready to encode pictures: of a whole one, or of a file that has
/// nothing else.
pub struct ImageEncoder {
    config: VisionConfig,
    projection_dim: usize,
    tower: ImageTower,
}

impl ImageEncoder {
    /// Reads what the file holds of an image tower; that it holds one has been seen.
    ///
    /// # Errors
    /// As [`Clip::read`].
    pub fn read<R: Read + Seek>(file: &mut Gguf<R>, arithmetic: Arithmetic) -> Result<Self, Error> {
        let config = VisionConfig::from_metadata(file.metadata())?;
        let projection_dim = file.metadata().size(IMAGE_PROJECTION_DIM, MAX_WIDTH)?;
        let tower = ImageTower::read(file, &config, projection_dim, arithmetic)?;
        Ok(Self {
            config,
            projection_dim,
            tower,
        })
    }

    /// Width of the space that it projects to.
    pub fn projection_dim(&self) -> usize {
        self.projection_dim
    }

    /// The tower's shape.
    pub fn config(&self) -> &VisionConfig {
        &self.config
    }

    /// The embedding of a picture: `projection_dim` numbers of unit length.
    ///
    /// # Errors
    /// [`Error::Compute`].
    pub fn encode_picture(&self, picture: &Picture) -> Result<Vec<f32>, Error> {
        let pixels = self.preprocess(picture)?;
        self.encode_pixels(pixels)
    }

    /// A picture as the image tower takes it: planar and normalised, `3 * image_size * image_size`
    /// numbers.
    ///
    /// # Errors
    /// As [`preprocess::resize_and_crop`].
    pub fn preprocess(&self, picture: &Picture) -> Result<Vec<f32>, Error> {
        let config = &self.config;
        let rgb = preprocess::resize_and_crop(picture, config.image_size)?;
        Ok(preprocess::normalise(
            &rgb,
            &config.image_mean,
            &config.image_std,
        ))
    }

    /// The embedding of a preprocessed picture, planar and normalised,
    /// `3 * image_size * image_size` numbers: `projection_dim` numbers of unit length.
    ///
    /// # Errors
    /// [`Error::Compute`], also if there are more or fewer pixels.
    pub fn encode_pixels(&self, pixels: Vec<f32>) -> Result<Vec<f32>, Error> {
        let mut embeddings = self.encode_batch(&[pixels])?;
        Ok(embeddings.swap_remove(0))
    }

    /// The same for several at once, which is quicker than one after the other: each weight is read
    /// once for all.
    ///
    /// # Errors
    /// As [`ImageEncoder::encode_pixels`].
    pub fn encode_batch(&self, pictures: &[Vec<f32>]) -> Result<Vec<Vec<f32>>, Error> {
        units(&on_all_threads(|| self.tower.forward(pictures))?)
    }

    /// The embedding of a preprocessed picture as a sum over its patches. It takes about as long as
    /// [`ImageEncoder::encode_pixels`].
    ///
    /// # Errors
    /// As [`ImageEncoder::encode_pixels`].
    pub fn contributions(&self, pixels: &[f32]) -> Result<Contributions, Error> {
        on_all_threads(|| self.tower.contributions(pixels))
    }
}

/// The text tower of a model and its tokenizer, ready to encode texts: of a whole one, or of a file
/// that has nothing else.
pub struct TextEncoder {
    projection_dim: usize,
    tokenizer: Tokenizer,
    tower: TextTower,
}

impl TextEncoder {
    /// Reads what the file holds of a text tower; that it holds one has been seen.
    ///
    /// # Errors
    /// As [`Clip::read`].
    pub fn read<R: Read + Seek>(file: &mut Gguf<R>, arithmetic: Arithmetic) -> Result<Self, Error> {
        let config = TextConfig::from_metadata(file.metadata())?;
        let projection_dim = file.metadata().size(TEXT_PROJECTION_DIM, MAX_WIDTH)?;
        let tokenizer = Tokenizer::from_metadata(
            file.metadata(),
            file.rows(TOKEN_EMBEDDING)?,
            config.context_length,
        )?;
        let end = tokenizer.end_of_text();
        let tower = TextTower::read(file, &config, end, projection_dim, arithmetic)?;
        Ok(Self {
            projection_dim,
            tokenizer,
            tower,
        })
    }

    /// Width of the space that it projects to.
    pub fn projection_dim(&self) -> usize {
        self.projection_dim
    }

    /// The model's tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// The embedding of a text, cut to the model's context: `projection_dim` numbers of unit
    /// length.
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

    /// The same for several texts at once. What their beginnings have in common is computed once,
    /// and what they have in common with the texts of earlier calls often not at all.
    ///
    /// # Errors
    /// As [`TextEncoder::encode_tokens`].
    pub fn encode_token_lists(&self, texts: &[&[u32]]) -> Result<Vec<Vec<f32>>, Error> {
        units(&on_all_threads(|| self.tower.forward(texts))?)
    }
}

/// Rows of a matrix, each made a unit vector.
fn units(embeddings: &Tensor) -> Result<Vec<Vec<f32>>, Error> {
    Ok(embeddings.to_vec2()?.into_iter().map(unit).collect())
}

/// The vector divided by its length. One without a length, which only broken weights give, stays as
/// it is.
pub(crate) fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|x| *x /= length);
    }
    vector
}
