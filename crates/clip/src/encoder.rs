//! The stack of pre-norm transformer blocks that both towers share.

mod trace;

use std::io::{Read, Seek};

use candle_core::{Module, Tensor};

use crate::Error;
use crate::config::{Activation, EncoderConfig};
use crate::gguf::Gguf;
use crate::ops::{Attention, LayerNorm, Linear, Path, Visible, select_rows, stack_rows};

/// Reads a tower's tensors: those whose names begin with `v.` or `t.`.
pub(crate) struct TowerReader<'a, 'r, R: Read + Seek> {
    pub(crate) file: &'a mut Gguf<'r, R>,
    pub(crate) prefix: &'static str,
    pub(crate) path: Path,
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
            self.path,
        )?)
    }

    pub(crate) fn vector(&mut self, name: &str, length: usize) -> Result<Tensor, Error> {
        self.file
            .dequantised(&format!("{}.{name}", self.prefix), &[length])
    }

    pub(crate) fn matrix(&mut self, name: &str, dims: (usize, usize)) -> Result<Tensor, Error> {
        self.tensor(name, &[dims.0, dims.1])
    }

    pub(crate) fn tensor(&mut self, name: &str, dims: &[usize]) -> Result<Tensor, Error> {
        self.file
            .dequantised(&format!("{}.{name}", self.prefix), dims)
    }

    fn linear(&mut self, name: &str, inputs: usize, outputs: usize) -> Result<Linear, Error> {
        let bias = self.vector(&format!("{name}.bias"), outputs)?;
        let name = format!("{}.{name}.weight", self.prefix);
        let weight = self
            .file
            .matrix(&name, &[outputs, inputs], (outputs, inputs))?;
        Linear::read(weight, Some(bias), self.path)
    }

    /// A convolution's filters, each of these dimensions, as the product with what they see.
    /// Weights that are stored as numbers stay so.
    pub(crate) fn convolution(
        &mut self,
        name: &str,
        dims: &[usize],
        outputs: usize,
    ) -> Result<Linear, Error> {
        let bias = self.vector(&format!("{name}.bias"), outputs)?;
        let name = format!("{}.{name}.weight", self.prefix);
        let size = (outputs, dims.iter().product());
        let weight = self
            .file
            .matrix(&name, &[&[outputs], dims].concat(), size)?;
        Linear::read_convolution(weight, bias, self.path)
    }

    /// The projection into the shared space, which has no prefix and no bias.
    pub(crate) fn projection(
        &mut self,
        name: &str,
        width: usize,
        projection_dim: usize,
    ) -> Result<Linear, Error> {
        let size = (projection_dim, width);
        let weight = self.file.matrix(name, &[projection_dim, width], size)?;
        Linear::read(weight, None, self.path)
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
    ) -> Result<Self, Error> {
        let path = reader.path;
        let mut linear =
            |name: &str| reader.linear(&format!("blk.{block}.{name}"), config.width, config.width);
        Ok(Self {
            query: linear("attn_q")?,
            key: linear("attn_k")?,
            value: linear("attn_v")?,
            output: linear("attn_out")?,
            attention: Attention {
                heads: config.heads,
                path,
            },
        })
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

/// What a block remembers of rows, for rows that come later and see them: `rows x width` each.
pub(crate) struct KeysAndValues {
    pub(crate) keys: Tensor,
    pub(crate) values: Tensor,
}

impl KeysAndValues {
    fn followed_by(&self, later: &Self) -> candle_core::Result<Self> {
        Ok(Self {
            keys: stack_rows(&[&self.keys, &later.keys])?,
            values: stack_rows(&[&self.values, &later.values])?,
        })
    }
}

struct Block {
    layer_norm1: LayerNorm,
    self_attention: SelfAttention,
    layer_norm2: LayerNorm,
    mlp: Mlp,
}

/// Some rows out of all: their numbers, and what each sees.
struct Wanted<'a> {
    rows: &'a [u32],
    visible: &'a Visible,
}

impl Block {
    /// What becomes of the rows, or of those that are wanted, and the keys and values of all.
    /// `earlier` are those of rows that stand before them.
    fn forward(
        &self,
        xs: &Tensor,
        visible: &Visible,
        earlier: Option<&KeysAndValues>,
        wanted: Option<Wanted>,
    ) -> candle_core::Result<(Tensor, KeysAndValues)> {
        let SelfAttention {
            query,
            key,
            value,
            output,
            attention,
        } = &self.self_attention;
        let normed = self.layer_norm1.forward(xs)?;
        let (queries, keys, values) = match &wanted {
            None => {
                let [queries, keys, values] = Linear::together([query, key, value], &normed)?;
                (queries, keys, values)
            }
            Some(wanted) => {
                let [keys, values] = Linear::together([key, value], &normed)?;
                let queries = query.forward(&select_rows(&normed, wanted.rows)?)?;
                (queries, keys, values)
            }
        };
        let own = KeysAndValues { keys, values };
        let all = earlier
            .map(|earlier| earlier.followed_by(&own))
            .transpose()?;
        let seen = all.as_ref().unwrap_or(&own);
        let (xs, visible) = match wanted {
            None => (xs.clone(), visible),
            Some(wanted) => (select_rows(xs, wanted.rows)?, wanted.visible),
        };
        let mixed = attention.forward(&queries, &seen.keys, &seen.values, visible)?;
        let xs = output.forward_onto(&xs, &mixed)?;
        let hidden = self
            .mlp
            .first
            .forward_then(self.mlp.activation, &self.layer_norm2.forward(&xs)?)?;
        Ok((self.mlp.second.forward_onto(&xs, &hidden)?, own))
    }
}

/// The blocks, one after the other.
pub(crate) struct Encoder {
    blocks: Vec<Block>,
}

impl Encoder {
    /// Reads all blocks of a tower.
    pub(crate) fn read<R: Read + Seek>(
        reader: &mut TowerReader<R>,
        config: &EncoderConfig,
    ) -> Result<Self, Error> {
        let blocks = (0..config.blocks)
            .map(|block| {
                Ok(Block {
                    layer_norm1: reader.layer_norm(&format!("blk.{block}.ln1"), config)?,
                    self_attention: SelfAttention::read(reader, block, config)?,
                    layer_norm2: reader.layer_norm(&format!("blk.{block}.ln2"), config)?,
                    mlp: Mlp::read(reader, block, config)?,
                })
            })
            .collect::<Result<_, Error>>()?;
        Ok(Self { blocks })
    }

    /// `rows x width` to what becomes of the `wanted` rows, and of each block the keys and values
    /// of all rows.
    ///
    /// `visible` says which rows each row sees, counting those first that stand before them:
    /// `earlier` has their keys and values, block by block, and is empty if there are none. The
    /// last block computes no more than what is wanted.
    pub(crate) fn forward(
        &self,
        xs: &Tensor,
        visible: &Visible,
        earlier: &[KeysAndValues],
        wanted: &[u32],
    ) -> candle_core::Result<(Tensor, Vec<KeysAndValues>)> {
        let visible_to_wanted = visible.select(wanted);
        let last = self.blocks.len() - 1;
        let mut xs = xs.clone();
        let mut remembered = Vec::with_capacity(self.blocks.len());
        for (i, block) in self.blocks.iter().enumerate() {
            let wanted = (i == last).then_some(Wanted {
                rows: wanted,
                visible: &visible_to_wanted,
            });
            let (ys, own) = block.forward(&xs, visible, earlier.get(i), wanted)?;
            xs = ys;
            remembered.push(own);
        }
        Ok((xs, remembered))
    }
}
