//! Zero-shot scores: which of several texts fits a picture.

/// What a model says of one text beside the others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Cosine of the angle between the picture's and the text's embedding, from -1 to 1.
    pub cosine: f32,
    /// Softmax over all texts of cosine times logit scale, from 0 to 1; all together they make 1.
    pub probability: f32,
}

/// Scores a picture against texts, in the order of the texts.
///
/// `image` and every text are embeddings of unit length and of the same width. `logit_scale` is the
/// model's learnt inverse temperature, already exponentiated
/// ([`crate::config::Config::logit_scale`]).
///
/// # Panics
/// If a text's width differs from the picture's.
pub fn score(image: &[f32], texts: &[impl AsRef<[f32]>], logit_scale: f32) -> Vec<Score> {
    let cosines: Vec<f32> = texts
        .iter()
        .map(|text| cosine(image, text.as_ref()))
        .collect();
    softmax(&cosines, logit_scale)
        .into_iter()
        .zip(cosines)
        .map(|(probability, cosine)| Score {
            cosine,
            probability,
        })
        .collect()
}

/// The embedding of a label that has several prompts: the mean of theirs, which have unit length,
/// made a unit vector again (the prompt ensembles of the CLIP paper, section 3.1.4). One embedding
/// alone is itself.
///
/// # Panics
/// If there is none, or their widths differ.
pub fn ensemble(embeddings: &[impl AsRef<[f32]>]) -> Vec<f32> {
    let (first, others) = embeddings
        .split_first()
        .expect("an ensemble has at least one prompt");
    let mut sum = first.as_ref().to_vec();
    if others.is_empty() {
        return sum;
    }
    for other in others {
        let other = other.as_ref();
        assert_eq!(
            sum.len(),
            other.len(),
            "embeddings of one model have one width"
        );
        sum.iter_mut().zip(other).for_each(|(sum, x)| *sum += x);
    }
    crate::model::unit(sum)
}

/// Dot product of two unit vectors, kept within -1 and 1 where rounding would leave them.
///
/// # Panics
/// If their widths differ.
pub fn cosine(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len(), "embeddings of one model have one width");
    let dot: f32 = a.iter().zip(b).map(|(a, b)| a * b).sum();
    dot.clamp(-1.0, 1.0)
}

/// Softmax of `scale * values`, shifted by the largest so that nothing overflows.
pub fn softmax(values: &[f32], scale: f32) -> Vec<f32> {
    let largest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let exponentials: Vec<f32> = values
        .iter()
        .map(|value| (scale * (value - largest)).exp())
        .collect();
    let sum: f32 = exponentials.iter().sum();
    exponentials.into_iter().map(|value| value / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_nearest_text_wins_by_the_logit_scale() {
        let scores = score(&[1.0, 0.0], &[[0.6, 0.8], [0.8, 0.6]], 10.0);
        assert!((scores[0].cosine - 0.6).abs() < 1e-6);
        let expected = 1.0 / (1.0 + (10.0f32 * -0.2).exp());
        assert!((scores[1].probability - expected).abs() < 1e-6);
    }

    #[test]
    fn an_ensemble_points_between_its_prompts_and_has_unit_length() {
        let mean = ensemble(&[[1.0, 0.0], [0.0, 1.0]]);
        let half = 0.5f32.sqrt();
        assert!((mean[0] - half).abs() < 1e-6 && (mean[1] - half).abs() < 1e-6);
        assert_eq!(ensemble(&[[0.6, 0.8]]), [0.6, 0.8]);
        // Opposites have no mean to point to.
        assert_eq!(ensemble(&[[1.0, 0.0], [-1.0, 0.0]]), [0.0, 0.0]);
    }

    #[test]
    fn no_texts_give_no_scores() {
        assert!(score(&[1.0], &[] as &[[f32; 1]], 100.0).is_empty());
    }

    proptest! {
        #[test]
        fn probabilities_are_a_distribution_in_the_order_of_the_cosines(
            angles in prop::collection::vec(0.0f32..6.0, 1..50),
            scale in 0.1f32..200.0,
        ) {
            let texts: Vec<[f32; 2]> = angles.iter().map(|a| [a.cos(), a.sin()]).collect();
            let scores = score(&[1.0, 0.0], &texts, scale);
            let sum: f32 = scores.iter().map(|s| s.probability).sum();
            prop_assert!((sum - 1.0).abs() < 1e-4);
            for a in &scores {
                for b in &scores {
                    prop_assert!(a.cosine < b.cosine || a.probability >= b.probability);
                }
            }
        }
    }
}
