//! The shape of a model, wholly as its file describes it.

mod efficientnet_lite;

pub use cliplet_kernels::Activation;
pub(crate) use efficientnet_lite::STEM_STRIDE;
pub use efficientnet_lite::{
    EfficientNetLiteConfig, InvertedResidualConfig, MemoryConfig, StageConfig,
};

use crate::Error;
use crate::error::quoted;
use crate::gguf::Metadata;

/// The logit scale where the file names none: CLIP's training clips it at 100, and published models
/// have reached that.
pub const DEFAULT_LOGIT_SCALE: f32 = 100.0;

/// Both towers.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The image tower.
    pub vision: VisionConfig,
    /// The text tower.
    pub text: TextConfig,
    /// Width of the space that both towers project to.
    pub projection_dim: usize,
    /// Factor on cosines before the softmax: the learnt inverse temperature, already exponentiated.
    pub logit_scale: f32,
}

/// The image tower: what all kinds have, and the kind.
#[derive(Clone, Debug, PartialEq)]
pub struct VisionConfig {
    /// Which kind of tower it is, and that kind's shape.
    pub tower: ImageTowerConfig,
    /// Side of the square picture it takes, in pixels.
    pub image_size: usize,
    /// Subtracted from each channel, red, green, blue, after rescaling to 0..1.
    pub image_mean: [f32; 3],
    /// Divides each channel after that.
    pub image_std: [f32; 3],
}

/// The kinds of image towers.
#[derive(Clone, Debug, PartialEq)]
pub enum ImageTowerConfig {
    /// A Vision Transformer.
    Vit(VitConfig),
    /// An EfficientNet-Lite with a memory of concepts.
    EfficientNetLite(EfficientNetLiteConfig),
}

/// The key that says of which kind the image tower is; where it is missing, that is [`VIT`].
pub(crate) const ARCHITECTURE: &str = "clip.vision.architecture";
const VIT: &str = "vit";
const EFFICIENTNET_LITE: &str = "efficientnet-lite";

/// A Vision Transformer.
#[derive(Clone, Debug, PartialEq)]
pub struct VitConfig {
    /// Its transformer.
    pub encoder: EncoderConfig,
    /// Side of a square patch, in pixels; divides the picture's.
    pub patch_size: usize,
}

impl VitConfig {
    /// Patches of a picture of this side, in pixels.
    pub fn patches(&self, image_size: usize) -> usize {
        (image_size / self.patch_size).pow(2)
    }
}

impl VisionConfig {
    /// What stands for the image tower of a model that has none: no blocks, a picture of one pixel.
    pub fn absent(activation: Activation) -> Self {
        Self {
            tower: ImageTowerConfig::Vit(VitConfig {
                encoder: EncoderConfig::absent(activation),
                patch_size: 1,
            }),
            image_size: 1,
            image_mean: [0.0; 3],
            image_std: [1.0; 3],
        }
    }

    /// The shape of a Vision Transformer, for what is done with no other kind.
    ///
    /// # Errors
    /// [`Error::Model`] if the tower is of another kind.
    pub fn vit(&self) -> Result<&VitConfig, Error> {
        match &self.tower {
            ImageTowerConfig::Vit(vit) => Ok(vit),
            ImageTowerConfig::EfficientNetLite(_) => Err(Error::model(format!(
                "The model's image tower is of the kind \"{EFFICIENTNET_LITE}\", and only models with Vision Transformers can be converted"
            ))),
        }
    }
}

/// The text tower.
#[derive(Clone, Debug, PartialEq)]
pub struct TextConfig {
    /// Its transformer.
    pub encoder: EncoderConfig,
    /// The most tokens of a prompt, start and end of text included.
    pub context_length: usize,
    /// Which token's row becomes the embedding.
    pub pooling: Pooling,
}

/// Which token of a prompt its embedding is read off. It matters only to models that know tokens
/// above the end of text, such as a padding token, or words that were learnt later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pooling {
    /// The first end of text.
    #[default]
    EndOfText,
    /// The first occurrence of the highest id, as OpenAI's `clip/model.py` has it, OpenCLIP where
    /// its configuration does not say otherwise, and transformers where `eos_token_id` is 2
    /// (`CLIPTextModel`).
    HighestToken,
}

/// The key that says which token; readers that do not know it take the end of text.
pub(crate) const POOLING: &str = "clip.text.pool_type";
/// [`Pooling::HighestToken`], as OpenCLIP calls it.
pub(crate) const HIGHEST_TOKEN: &str = "argmax";

impl TextConfig {
    /// What stands for the text tower of a model that has none.
    pub fn absent(activation: Activation) -> Self {
        Self {
            encoder: EncoderConfig::absent(activation),
            context_length: 2,
            pooling: Pooling::default(),
        }
    }
}

/// A stack of pre-norm transformer blocks.
#[derive(Clone, Debug, PartialEq)]
pub struct EncoderConfig {
    /// Width of the residual stream.
    pub width: usize,
    /// Width inside the MLP.
    pub mlp_width: usize,
    /// Number of blocks.
    pub blocks: usize,
    /// Attention heads; divides `width`.
    pub heads: usize,
    /// Added to the variance in every LayerNorm.
    pub layer_norm_epsilon: f64,
    /// Inside the MLP.
    pub activation: Activation,
}

/// Above these no CLIP is known, and sizes computed from them would overflow.
pub(crate) const MAX_WIDTH: usize = 1 << 16;
pub(crate) const MAX_BLOCKS: usize = 1024;
pub(crate) const MAX_IMAGE_SIZE: usize = 1 << 14;

impl Config {
    /// From the metadata of a GGUF as clip.cpp writes it.
    ///
    /// # Errors
    /// [`Error::Model`] if a key is missing, of the wrong type, or has a value no CLIP can have.
    pub fn from_metadata(metadata: &Metadata) -> Result<Self, Error> {
        let architecture = metadata.string("general.architecture").unwrap_or("clip");
        if architecture != "clip" {
            return Err(Error::model(format!(
                "The file holds a model of the architecture \"{architecture}\", not a CLIP"
            )));
        }
        for (key, tower) in [
            ("clip.has_vision_encoder", "image"),
            ("clip.has_text_encoder", "text"),
        ] {
            if !metadata.bool(key)? {
                return Err(Error::model(format!(
                    "The file holds no {tower} tower, and Cliplet needs both an image and a text tower"
                )));
            }
        }
        let vision = VisionConfig::from_metadata(metadata)?;
        let text = TextConfig::from_metadata(metadata)?;
        let projection_dim = metadata.size(IMAGE_PROJECTION_DIM, MAX_WIDTH)?;
        if metadata.size(TEXT_PROJECTION_DIM, MAX_WIDTH)? != projection_dim {
            return Err(Error::model(
                "The file's towers project to spaces of different widths, so that nothing can be compared",
            ));
        }
        let logit_scale = logit_scale(metadata)?;
        let config = Self {
            vision,
            text,
            projection_dim,
            logit_scale,
        };
        config.check()?;
        Ok(config)
    }

    /// The same of a file that has an image tower alone. That of texts is [`TextConfig::absent`].
    ///
    /// # Errors
    /// As [`Config::from_metadata`].
    pub fn of_image_tower(metadata: &Metadata) -> Result<Self, Error> {
        let vision = VisionConfig::from_metadata(metadata)?;
        let activation = match &vision.tower {
            ImageTowerConfig::Vit(vit) => vit.encoder.activation,
            ImageTowerConfig::EfficientNetLite(_) => Activation::Gelu,
        };
        let config = Self {
            text: TextConfig::absent(activation),
            vision,
            projection_dim: metadata.size(IMAGE_PROJECTION_DIM, MAX_WIDTH)?,
            logit_scale: logit_scale(metadata)?,
        };
        config.check()?;
        Ok(config)
    }

    /// The same of a file that has a text tower alone. That of pictures is
    /// [`VisionConfig::absent`].
    ///
    /// # Errors
    /// As [`Config::from_metadata`].
    pub fn of_text_tower(metadata: &Metadata) -> Result<Self, Error> {
        let text = TextConfig::from_metadata(metadata)?;
        let config = Self {
            vision: VisionConfig::absent(text.encoder.activation),
            text,
            projection_dim: metadata.size(TEXT_PROJECTION_DIM, MAX_WIDTH)?,
            logit_scale: logit_scale(metadata)?,
        };
        config.check()?;
        Ok(config)
    }

    /// Passes if the numbers, each of which is within its bounds, go together.
    ///
    /// # Errors
    /// [`Error::Model`] if they are those of no CLIP.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.vision.check()?;
        self.text.encoder.check("text")?;
        if self.logit_scale <= 0.0 {
            return Err(Error::model("The model's logit scale is not above zero"));
        }
        Ok(())
    }
}

fn logit_scale(metadata: &Metadata) -> Result<f32, Error> {
    if metadata.has("clip.logit_scale") {
        metadata.float("clip.logit_scale")
    } else {
        Ok(DEFAULT_LOGIT_SCALE)
    }
}

/// Keys that one tower has each, and that must agree.
pub(crate) const IMAGE_PROJECTION_DIM: &str = "clip.vision.projection_dim";
pub(crate) const TEXT_PROJECTION_DIM: &str = "clip.text.projection_dim";

impl VisionConfig {
    /// The image tower of a GGUF, whatever else is in it: a Vision Transformer as clip.cpp writes
    /// it, unless the file says that it is another kind.
    ///
    /// # Errors
    /// As [`Config::from_metadata`].
    pub fn from_metadata(metadata: &Metadata) -> Result<Self, Error> {
        let architecture = if metadata.has(ARCHITECTURE) {
            metadata.string(ARCHITECTURE)?
        } else {
            VIT
        };
        let vision = Self {
            tower: match architecture {
                VIT => ImageTowerConfig::Vit(VitConfig {
                    encoder: encoder(metadata, "vision")?,
                    patch_size: metadata.size("clip.vision.patch_size", MAX_IMAGE_SIZE)?,
                }),
                EFFICIENTNET_LITE => ImageTowerConfig::EfficientNetLite(
                    EfficientNetLiteConfig::from_metadata(metadata)?,
                ),
                other => {
                    return Err(Error::model(format!(
                        "The file's image tower is of the kind {}, and only \"{VIT}\" and \"{EFFICIENTNET_LITE}\" can be read",
                        quoted(other)
                    )));
                }
            },
            image_size: metadata.size("clip.vision.image_size", MAX_IMAGE_SIZE)?,
            image_mean: metadata.three_floats("clip.vision.image_mean")?,
            image_std: metadata.three_floats("clip.vision.image_std")?,
        };
        vision.check()?;
        Ok(vision)
    }

    fn check(&self) -> Result<(), Error> {
        if self.image_std.iter().any(|&std| std <= 0.0) {
            return Err(Error::model(
                "The model's standard deviation of a colour channel is not above zero",
            ));
        }
        match &self.tower {
            ImageTowerConfig::Vit(vit) => vit.check(self.image_size),
            ImageTowerConfig::EfficientNetLite(net) => net.check(self.image_size),
        }
    }
}

impl VitConfig {
    fn check(&self, image_size: usize) -> Result<(), Error> {
        if !image_size.is_multiple_of(self.patch_size) {
            return Err(Error::model(format!(
                "The model's pictures of {image_size} x {image_size} pixels cannot be cut into patches of {0} x {0}",
                self.patch_size
            )));
        }
        self.encoder.check("image")
    }
}

impl TextConfig {
    /// The text tower of a GGUF as clip.cpp writes it, whatever else is in it.
    ///
    /// # Errors
    /// As [`Config::from_metadata`].
    pub fn from_metadata(metadata: &Metadata) -> Result<Self, Error> {
        let text = Self {
            encoder: encoder(metadata, "text")?,
            // Start and end of text are always there.
            context_length: metadata.size("clip.text.context_length", MAX_WIDTH)?.max(2),
            pooling: if metadata.has(POOLING) {
                match metadata.string(POOLING)? {
                    "eos" => Pooling::EndOfText,
                    HIGHEST_TOKEN => Pooling::HighestToken,
                    other => {
                        return Err(Error::model(format!(
                            "The file's \"{POOLING}\" is {}, and must be \"eos\" or \"{HIGHEST_TOKEN}\"",
                            quoted(other)
                        )));
                    }
                }
            } else {
                Pooling::EndOfText
            },
        };
        text.encoder.check("text")?;
        Ok(text)
    }
}

impl EncoderConfig {
    fn absent(activation: Activation) -> Self {
        Self {
            width: 1,
            mlp_width: 1,
            blocks: 0,
            heads: 1,
            layer_norm_epsilon: 0.0,
            activation,
        }
    }

    fn check(&self, tower: &str) -> Result<(), Error> {
        if !self.width.is_multiple_of(self.heads) {
            return Err(Error::model(format!(
                "The model's {tower} tower of width {} cannot be split into {} attention heads",
                self.width, self.heads
            )));
        }
        if self.layer_norm_epsilon < 0.0 {
            return Err(Error::model(format!(
                "The model's LayerNorm epsilon of the {tower} tower is below zero"
            )));
        }
        Ok(())
    }
}

fn encoder(metadata: &Metadata, tower: &str) -> Result<EncoderConfig, Error> {
    let key = |name: &str| format!("clip.{tower}.{name}");
    Ok(EncoderConfig {
        width: metadata.size(&key("embedding_length"), MAX_WIDTH)?,
        mlp_width: metadata.size(&key("feed_forward_length"), MAX_WIDTH)?,
        blocks: metadata.size(&key("block_count"), MAX_BLOCKS)?,
        heads: metadata.size(&key("attention.head_count"), MAX_WIDTH)?,
        layer_norm_epsilon: f64::from(metadata.float(&key("attention.layer_norm_epsilon"))?),
        activation: if metadata.bool("clip.use_gelu")? {
            Activation::Gelu
        } else {
            Activation::QuickGelu
        },
    })
}
