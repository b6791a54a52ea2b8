//! Which parts of a picture speak for a text: the picture's embedding as a sum over its patches.
//!
//! # Vision Transformers
//!
//! The class token, which the embedding is read off, gets what it knows of the picture through the
//! attention of the blocks, and that is a sum over patches (`encoder/trace.rs`). The LayerNorm
//! behind the blocks is an affine map once its variance is known, and the projection is linear. So
//! each patch has a share of the embedding of its own, and with a text's embedding each share has a
//! product. This is the method of Gandelsman, Efros and Steinhardt, "Interpreting CLIP's Image
//! Representation via Text-Based Decomposition", ICLR 2024 (arXiv:2310.05916), over all blocks and
//! heads. It needs no gradients, and nothing in it is estimated: shares and rest add up to the
//! cosine.
//!
//! What it is not: a patch's share is what is handed on from the patch's place, and by then blocks
//! before have mixed into it what is elsewhere. MLPs, the class token's look at itself, and biases
//! are no patch's, and are in the rest.
//!
//! # Convolutional towers with a memory
//!
//! The feature is the mean over the places of the last map, and its products with the memory's
//! keys are linear: each place has a share of every concept's logit of its own, which is that
//! concept's class activation map (Zhou et al., "Learning Deep Features for Discriminative
//! Localization", 2016, arXiv:1512.04150). The softmax over concepts is not linear. What each of
//! its weights differs by from that of a picture of which nothing is known, a feature of zeros, is
//! divided among places in proportion to what they add to the weight's logarithm
//! ([`Memory::contributions`](crate::ops::Memory::contributions)). It is one exact division among
//! others that are possible: a place's share depends on what is in the others, since concepts
//! compete. The rest is what the memory gives of nothing. Here a patch is a place of the last map,
//! of which filters before have seen more than lies under it.

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
    /// What each patch adds, row by row from the top, `across * across` numbers. Below zero: it
    /// speaks against.
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
    /// From what each patch gives, row by row, and the rest: the parts of `whole`, which has any
    /// length.
    pub(crate) fn new(mut patches: Vec<Vec<f32>>, mut rest: Vec<f32>, whole: &[f32]) -> Self {
        let length = whole.iter().map(|x| x * x).sum::<f32>().sqrt();
        if length > 0.0 {
            let numbers = patches.iter_mut().flatten().chain(&mut rest);
            numbers.for_each(|x| *x /= length);
        }
        Self {
            across: patches.len().isqrt(),
            patches,
            rest,
        }
    }

    /// The picture's embedding: of unit length, as exactly as the arithmetic is.
    pub fn embedding(&self) -> Vec<f32> {
        let mut sum = self.rest.clone();
        for patch in &self.patches {
            sum.iter_mut().zip(patch).for_each(|(sum, x)| *sum += x);
        }
        sum
    }

    /// The product of the embedding with a direction of its width, part by part. With a text's
    /// embedding that is the cosine; with a text's less that of others it is how much better the
    /// text fits than these.
    pub fn along(&self, direction: &[f32]) -> Attribution {
        let dot = |part: &Vec<f32>| part.iter().zip(direction).map(|(a, b)| a * b).sum();
        Attribution {
            across: self.across,
            patches: self.patches.iter().map(dot).collect(),
            rest: dot(&self.rest),
        }
    }
}

/// What a text has that others do not: its embedding less the mean of the others'. All are of one
/// width.
///
/// Texts of one list have much in common, such as being sentences about photographs, and what
/// speaks for that speaks for none of them.
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
