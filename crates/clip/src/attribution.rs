//! Which parts of a picture speak for a text: the picture's embedding as a sum over its patches.
//!
//! The class token, which the embedding is read off, gets what it knows of the picture through the attention of the blocks, and
//! that is a sum over patches (`encoder/trace.rs`). The LayerNorm behind the blocks is an affine map once its variance is
//! known, and the projection is linear. So each patch has a share of the embedding of its own, and with a text's
//! embedding each share has a product. This is the method of Gandelsman, Efros and Steinhardt, "Interpreting CLIP's Image
//! Representation via Text-Based Decomposition", ICLR 2024 (arXiv:2310.05916), over all blocks and heads. It needs no gradients,
//! and nothing in it is estimated: shares and rest add up to the cosine.
//!
//! What it is not: a patch's share is what is handed on from the patch's place, and by then blocks before have mixed
//! into it what is elsewhere. MLPs, the class token's look at itself, and biases are no patch's, and are in the rest.

use candle_core::{Module, Tensor};

use crate::Error;
use crate::encoder::Trace;
use crate::ops::LayerNorm;

/// The embedding of a picture as a sum.
#[derive(Clone, Debug, PartialEq)]
pub struct Contributions {
    across: usize,
    /// Row by row, of the embedding's width each, in units of the embedding's length.
    patches: Vec<Vec<f32>>,
    rest: Vec<f32>,
}

/// A cosine, or a difference of cosines, as a sum.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribution {
    /// Patches across, and down: pictures are square once they are cropped.
    pub across: usize,
    /// What each patch adds, row by row from the top, `across * across` numbers. Below zero: it speaks against.
    pub patches: Vec<f32>,
    /// What is no patch's.
    pub rest: f32,
}

impl Attribution {
    /// The cosine, or the difference of cosines.
    pub fn sum(&self) -> f32 {
        self.patches.iter().sum::<f32>() + self.rest
    }
}

impl Contributions {
    /// Carries what each row has given through the LayerNorm behind the blocks and the projection.
    pub(crate) fn new(
        trace: &Trace,
        layer_norm: &LayerNorm,
        projection: &crate::ops::Linear,
    ) -> Result<Self, Error> {
        let parts = Tensor::cat(&[&trace.given, &trace.rest], 0)?;
        let parts = layer_norm.forward_parts(&trace.whole, &parts)?;
        let mut parts: Vec<Vec<f32>> = projection.forward(&parts)?.to_vec2()?;
        let whole: Vec<f32> = projection
            .forward(&layer_norm.forward(&trace.whole)?)?
            .flatten_all()?
            .to_vec1()?;
        let length = whole.iter().map(|x| x * x).sum::<f32>().sqrt();
        if length > 0.0 {
            parts.iter_mut().flatten().for_each(|x| *x /= length);
        }
        // The first row is the class token's own, the last two what no row has given, and LayerNorm's bias.
        let mut patches = parts.split_off(1);
        let mut rest = parts.swap_remove(0);
        let others = patches.split_off(patches.len() - 2);
        for other in others {
            rest.iter_mut().zip(other).for_each(|(rest, x)| *rest += x);
        }
        Ok(Self {
            across: patches.len().isqrt(),
            patches,
            rest,
        })
    }

    /// The picture's embedding: of unit length, as exactly as the arithmetic is.
    pub fn embedding(&self) -> Vec<f32> {
        let mut sum = self.rest.clone();
        for patch in &self.patches {
            sum.iter_mut().zip(patch).for_each(|(sum, x)| *sum += x);
        }
        sum
    }

    /// The product of the embedding with a direction of its width, part by part. With a text's embedding that is the cosine; with
    /// a text's less that of others it is how much better the text fits than these.
    pub fn along(&self, direction: &[f32]) -> Attribution {
        let dot = |part: &Vec<f32>| part.iter().zip(direction).map(|(a, b)| a * b).sum();
        Attribution {
            across: self.across,
            patches: self.patches.iter().map(dot).collect(),
            rest: dot(&self.rest),
        }
    }
}

/// What a text has that others do not: its embedding less the mean of the others'. All are of one width.
///
/// Texts of one list have much in common, such as being sentences about photographs, and what speaks for that speaks for none of them.
pub fn against<'a>(text: &[f32], others: impl IntoIterator<Item = &'a [f32]>) -> Vec<f32> {
    let mut mean = vec![0.0; text.len()];
    let mut count = 0.0f32;
    for other in others {
        mean.iter_mut().zip(other).for_each(|(mean, x)| *mean += x);
        count += 1.0;
    }
    let share = 1.0 / count.max(1.0);
    text.iter()
        .zip(mean)
        .map(|(x, sum)| x - sum * share)
        .collect()
}
