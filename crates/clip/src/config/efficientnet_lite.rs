//! The shape of an EfficientNet-Lite with a memory, as its file describes it.

use crate::Error;
use crate::gguf::Metadata;

use super::{MAX_BLOCKS, MAX_WIDTH};

/// EfficientNet-Lite: inverted residuals in stages, then a memory of concepts.
#[derive(Clone, Debug, PartialEq)]
pub struct EfficientNetLiteConfig {
    /// Channels that the first convolution makes of the picture.
    pub stem_width: usize,
    /// The stages, of which there is at least one.
    pub stages: Vec<StageConfig>,
    /// Channels of the last convolution, the mean of which over all places is the feature.
    pub feature_width: usize,
    /// What makes an embedding of a feature.
    pub memory: MemoryConfig,
}

/// Inverted residuals of one width.
#[derive(Clone, Debug, PartialEq)]
pub struct StageConfig {
    /// How many.
    pub blocks: usize,
    /// How many times as wide as what comes in a block is inside.
    pub expansion: usize,
    /// Rows, and columns, of the depthwise filters.
    pub kernel_size: usize,
    /// Places from one result of the first block to the next; in the others that is 1.
    pub stride: usize,
    /// Channels that come out.
    pub width: usize,
}

/// Rows of keys and values, which the feature asks once.
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryConfig {
    /// Rows.
    pub count: usize,
    /// Factor on the keys' products before the softmax; above zero.
    pub sharpness: f32,
}

/// One block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvertedResidualConfig {
    /// Channels that come in.
    pub inputs: usize,
    /// Channels inside; where they are as many, there is no expansion.
    pub expanded: usize,
    /// Channels that come out.
    pub outputs: usize,
    /// As [`StageConfig::kernel_size`].
    pub kernel_size: usize,
    /// Places from one result to the next.
    pub stride: usize,
}

impl InvertedResidualConfig {
    /// What comes in is added to what comes out.
    pub fn is_residual(&self) -> bool {
        self.stride == 1 && self.inputs == self.outputs
    }
}

/// Above these no tower of the kind is known.
const MAX_STAGES: usize = 16;
const MAX_EXPANSION: usize = 64;
const MAX_KERNEL_SIZE: usize = 7;
const MAX_STRIDE: usize = 2;
const MAX_MEMORY: usize = 1 << 20;
/// The most numbers of a map, three times as many as EfficientNet-Lite4's largest has. Nothing
/// else in a file says how large a picture is.
const MAX_MAP: u64 = 1 << 24;

/// The stem halves the picture's side.
pub(crate) const STEM_STRIDE: usize = 2;

const BLOCK_COUNTS: &str = "clip.vision.stage.block_count";

impl EfficientNetLiteConfig {
    pub(super) fn from_metadata(metadata: &Metadata) -> Result<Self, Error> {
        let block_counts = metadata.sizes(BLOCK_COUNTS, MAX_BLOCKS, MAX_STAGES)?;
        let of_stages = |name: &str, most: usize| {
            let key = format!("clip.vision.stage.{name}");
            let sizes = metadata.sizes(&key, most, MAX_STAGES)?;
            if sizes.len() == block_counts.len() {
                Ok(sizes)
            } else {
                Err(Error::model(format!(
                    "The file's \"{key}\" has {} values, and its \"{BLOCK_COUNTS}\" has {}",
                    sizes.len(),
                    block_counts.len()
                )))
            }
        };
        let expansions = of_stages("expansion", MAX_EXPANSION)?;
        let kernel_sizes = of_stages("kernel_size", MAX_KERNEL_SIZE)?;
        let strides = of_stages("stride", MAX_STRIDE)?;
        let widths = of_stages("width", MAX_WIDTH)?;
        let stages = (0..block_counts.len()).map(|i| StageConfig {
            blocks: block_counts[i],
            expansion: expansions[i],
            kernel_size: kernel_sizes[i],
            stride: strides[i],
            width: widths[i],
        });
        Ok(Self {
            stem_width: metadata.size("clip.vision.stem_width", MAX_WIDTH)?,
            stages: stages.collect(),
            feature_width: metadata.size("clip.vision.feature_width", MAX_WIDTH)?,
            memory: MemoryConfig {
                count: metadata.size("clip.vision.memory.count", MAX_MEMORY)?,
                sharpness: metadata.float("clip.vision.memory.sharpness")?,
            },
        })
    }

    /// All blocks, in their order.
    pub fn blocks(&self) -> impl Iterator<Item = InvertedResidualConfig> {
        let mut inputs = self.stem_width;
        self.stages.iter().flat_map(move |stage| {
            let first = inputs;
            inputs = stage.width;
            (0..stage.blocks).map(move |block| {
                let (inputs, stride) = match block {
                    0 => (first, stage.stride),
                    _ => (stage.width, 1),
                };
                InvertedResidualConfig {
                    inputs,
                    expanded: inputs * stage.expansion,
                    outputs: stage.width,
                    kernel_size: stage.kernel_size,
                    stride,
                }
            })
        })
    }

    /// Channels of what the last stage gives.
    pub fn last_width(&self) -> usize {
        self.stages
            .last()
            .map_or(self.stem_width, |stage| stage.width)
    }

    /// The names of all tensors.
    pub fn tensor_names(&self) -> Vec<String> {
        let mut layers = vec!["stem".to_owned()];
        for (n, block) in self.blocks().enumerate() {
            let expands = block.expanded != block.inputs;
            let parts = expands.then_some("expand").into_iter();
            layers.extend(
                parts
                    .chain(["depthwise", "project"])
                    .map(|part| format!("blk.{n}.{part}")),
            );
        }
        layers.extend(["head".to_owned(), "memory.key".to_owned()]);
        let layers = layers
            .iter()
            .flat_map(|layer| ["weight", "bias"].map(|part| format!("v.{layer}.{part}")));
        layers.chain(["v.memory.value.weight".to_owned()]).collect()
    }

    pub(super) fn check(&self, image_size: usize) -> Result<(), Error> {
        let blocks: usize = self.stages.iter().map(|stage| stage.blocks).sum();
        if self.stages.is_empty() || blocks > MAX_BLOCKS {
            return Err(Error::model(format!(
                "The model's image tower has {blocks} blocks in {} stages, and there must be from 1 to {MAX_BLOCKS}",
                self.stages.len()
            )));
        }
        if self.blocks().any(|block| block.expanded > MAX_WIDTH) {
            return Err(Error::model(format!(
                "A block of the model's image tower expands to more than {MAX_WIDTH} channels"
            )));
        }
        if self.memory.sharpness <= 0.0 {
            return Err(Error::model(
                "The sharpness of the model's memory is not above zero",
            ));
        }
        // Sides are at most 2^14 and widths 2^16, so that nothing overflows here.
        let map = |side: usize, channels: usize| (side as u64).pow(2) * channels as u64;
        let mut side = image_size.div_ceil(STEM_STRIDE);
        let mut largest = map(image_size, 3).max(map(side, self.stem_width));
        for block in self.blocks() {
            largest = largest.max(map(side, block.expanded));
            side = side.div_ceil(block.stride);
            largest = largest.max(map(side, block.outputs));
        }
        largest = largest.max(map(side, self.feature_width));
        if largest > MAX_MAP {
            return Err(Error::model(format!(
                "Of pictures of {image_size} x {image_size} pixels the model's image tower would make {largest} numbers at once, and {MAX_MAP} are the most that can be"
            )));
        }
        Ok(())
    }
}
