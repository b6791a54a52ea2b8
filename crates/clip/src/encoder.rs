//! The stack of pre-norm transformer blocks that both towers share.

use std::io::{Read, Seek};

use candle_core::Tensor;
use candle_nn::{LayerNorm, Module};

use crate::Error;
use crate::config::{Activation, EncoderConfig};
use crate::gguf::Gguf;
use crate::ops::{Arithmetic, Attention, Linear, activate};

/// Reads a tower's tensors: those whose names begin with `v.` or `t.`.
pub(crate) struct TowerReader<'a, 'r, R: Read + Seek> {
    pub(crate) file: &'a mut Gguf<'r, R>,
    pub(crate) prefix: &'static str,
    pub(crate) arithmetic: Arithmetic,
}

impl<R: Read + Seek> TowerReader<'_, '_, R> {
    pub(crate) fn layer_norm(
        &mut self,
        name: &str,
        config: &EncoderConfig,
    ) -> Result<LayerNorm, Error> {
        Ok(LayerNorm::new(
            self.vector(&format!("{name}.weight"), config.width)?,
            self.vector(&format!("{name}.bias"), config.width)?,
            config.layer_norm_epsilon,
        ))
    }

    pub(crate) fn vector(&mut self, name: &str, length: usize) -> Result<Tensor, Error> {
        self.file
            .dequantised(&format!("{}.{name}", self.prefix), &[length])
    }

    pub(crate) fn matrix(&mut self, name: &str, dims: (usize, usize)) -> Result<Tensor, Error> {
        self.file
            .dequantised(&format!("{}.{name}", self.prefix), &[dims.0, dims.1])
    }

    fn linear(&mut self, name: &str, inputs: usize, outputs: usize) -> Result<Linear, Error> {
        let weight = self.file.tensor(
            &format!("{}.{name}.weight", self.prefix),
            &[outputs, inputs],
        )?;
        let bias = self.vector(&format!("{name}.bias"), outputs)?;
        Ok(Linear::new(weight, Some(bias), self.arithmetic)?)
    }

    /// The projection into the shared space, which has no prefix and no bias.
    pub(crate) fn projection(
        &mut self,
        name: &str,
        width: usize,
        projection_dim: usize,
    ) -> Result<Linear, Error> {
        let weight = self.file.tensor(name, &[projection_dim, width])?;
        Ok(Linear::new(weight, None, self.arithmetic)?)
    }
}

struct SelfAttention {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    attention: Attention,
}

impl SelfAttention {
    fn read<R: Read + Seek>(
        reader: &mut TowerReader<R>,
        block: usize,
        config: &EncoderConfig,
        causal: bool,
    ) -> Result<Self, Error> {
        let mut linear =
            |name: &str| reader.linear(&format!("blk.{block}.{name}"), config.width, config.width);
        Ok(Self {
            query: linear("attn_q")?,
            key: linear("attn_k")?,
            value: linear("attn_v")?,
            output: linear("attn_out")?,
            attention: Attention {
                heads: config.heads,
                causal,
            },
        })
    }
}

impl Module for SelfAttention {
    fn forward(&self, xs: &Tensor) -> candle_core::Result<Tensor> {
        let mixed = self.attention.forward(
            &self.query.forward(xs)?,
            &self.key.forward(xs)?,
            &self.value.forward(xs)?,
        )?;
        self.output.forward(&mixed)
    }
}

struct Mlp {
    first: Linear,
    second: Linear,
    activation: Activation,
}

impl Mlp {
    fn read<R: Read + Seek>(
        reader: &mut TowerReader<R>,
        block: usize,
        config: &EncoderConfig,
    ) -> Result<Self, Error> {
        // clip.cpp calls the first matrix "down" and the second "up", the reverse of llama.cpp.
        Ok(Self {
            first: reader.linear(
                &format!("blk.{block}.ffn_down"),
                config.width,
                config.mlp_width,
            )?,
            second: reader.linear(
                &format!("blk.{block}.ffn_up"),
                config.mlp_width,
                config.width,
            )?,
            activation: config.activation,
        })
    }
}

impl Module for Mlp {
    fn forward(&self, xs: &Tensor) -> candle_core::Result<Tensor> {
        let hidden = activate(self.activation, &self.first.forward(xs)?)?;
        self.second.forward(&hidden)
    }
}

struct Block {
    layer_norm1: LayerNorm,
    self_attention: SelfAttention,
    layer_norm2: LayerNorm,
    mlp: Mlp,
}

impl Module for Block {
    fn forward(&self, xs: &Tensor) -> candle_core::Result<Tensor> {
        let xs = (xs
            + self
                .self_attention
                .forward(&self.layer_norm1.forward(xs)?)?)?;
        &xs + self.mlp.forward(&self.layer_norm2.forward(&xs)?)?
    }
}

/// The blocks, one after the other.
pub(crate) struct Encoder {
    blocks: Vec<Block>,
}

impl Encoder {
    /// Reads all blocks of a tower; a causal one lets no position see a later one.
    pub(crate) fn read<R: Read + Seek>(
        reader: &mut TowerReader<R>,
        config: &EncoderConfig,
        causal: bool,
    ) -> Result<Self, Error> {
        let blocks = (0..config.blocks)
            .map(|block| {
                Ok(Block {
                    layer_norm1: reader.layer_norm(&format!("blk.{block}.ln1"), config)?,
                    self_attention: SelfAttention::read(reader, block, config, causal)?,
                    layer_norm2: reader.layer_norm(&format!("blk.{block}.ln2"), config)?,
                    mlp: Mlp::read(reader, block, config)?,
                })
            })
            .collect::<Result<_, Error>>()?;
        Ok(Self { blocks })
    }
}

impl Module for Encoder {
    /// `batch x positions x width`, and so is the result.
    fn forward(&self, xs: &Tensor) -> candle_core::Result<Tensor> {
        self.blocks
            .iter()
            .try_fold(xs.clone(), |xs, block| block.forward(&xs))
    }
}
