//! From cosines to scores: plain arithmetic on a few numbers.

use cliplet_clip::zero_shot;
use cliplet_protocol::scoring::{Kind, Scoring};

/// What is said of a list of labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Scored {
    /// From 0 to 1, in the order of the cosines.
    pub(super) scores: Vec<f32>,
    /// The best label against the neutral prompt, from 0 to 1, if the neutral prompt's cosine is
    /// known and there is a label.
    pub(super) fit: Option<f32>,
    /// None of the labels fits.
    pub(super) none_fits: bool,
}

/// The scores of labels whose embeddings have these cosines with the picture's, each from -1 to 1.
/// `neutral` is the neutral prompt's, which counts as 0 where it is needed and missing;
/// `logit_scale` is the model's, already exponentiated.
pub(super) fn score(
    scoring: &Scoring,
    cosines: &[f32],
    neutral: Option<f32>,
    logit_scale: f32,
) -> Scored {
    let scale = logit_scale / scoring.divisor();
    let against_neutral = |neutral: f32, cosine: f32| sigmoid(scale * (cosine - neutral));
    let scores = match scoring.kind {
        Kind::Softmax => zero_shot::softmax(cosines, scale),
        Kind::Independent => {
            let neutral = neutral.unwrap_or_default();
            let each = cosines.iter().copied();
            each.map(|cosine| against_neutral(neutral, cosine))
                .collect()
        }
    };
    let best = cosines.iter().copied().reduce(f32::max);
    let fit = neutral
        .zip(best)
        .map(|(neutral, best)| against_neutral(neutral, best));
    let none_fits = fit
        .zip(scoring.none_below)
        .is_some_and(|(fit, below)| fit < below);
    Scored {
        scores,
        fit,
        none_fits,
    }
}

/// 1 / (1 + exp(-x)), which is what a softmax over two values that are `x` apart gives the larger.
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f32, b: f32) -> bool {
        (a - b).abs() < 1e-5
    }

    #[test]
    fn a_softmax_shares_one_among_the_labels() {
        let scored = score(&Scoring::default(), &[0.3, 0.2, 0.28], None, 100.0);
        assert!(near(scored.scores.iter().sum(), 1.0));
        let expected = 1.0 / (1.0 + (-10.0f32).exp() + (-2.0f32).exp());
        assert!(near(scored.scores[0], expected));
        assert_eq!((scored.fit, scored.none_fits), (None, false));
    }

    #[test]
    fn a_temperature_divides_the_scale() {
        let warm = Scoring {
            temperature: 4.0,
            ..Scoring::default()
        };
        let (cosines, cool) = ([0.3, 0.2], Scoring::default());
        assert_eq!(
            score(&warm, &cosines, None, 100.0),
            score(&cool, &cosines, None, 25.0)
        );
        for nonsense in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            let temperature = nonsense;
            let scoring = Scoring {
                temperature,
                ..Scoring::default()
            };
            assert_eq!(
                score(&scoring, &cosines, None, 100.0),
                score(&cool, &cosines, None, 100.0)
            );
        }
    }

    #[test]
    fn independent_scores_do_not_depend_on_the_others() {
        let scoring = Scoring {
            kind: Kind::Independent,
            ..Scoring::default()
        };
        let alone = score(&scoring, &[0.25], Some(0.22), 100.0).scores[0];
        let among = score(&scoring, &[0.25, 0.4, 0.1], Some(0.22), 100.0).scores[0];
        assert!(near(alone, 1.0 / (1.0 + (-3.0f32).exp())));
        assert_eq!(alone, among);
        let same = score(&scoring, &[0.22], Some(0.22), 100.0).scores[0];
        assert!(near(same, 0.5));
    }

    #[test]
    fn none_fits_where_the_best_is_no_better_than_the_neutral_prompt() {
        let scoring = Scoring {
            none_below: Some(0.5),
            ..Scoring::default()
        };
        assert!(score(&scoring, &[0.1, 0.2], Some(0.22), 100.0).none_fits);
        assert!(!score(&scoring, &[0.1, 0.23], Some(0.22), 100.0).none_fits);
        // Nothing is said where nothing is known.
        assert!(!score(&scoring, &[0.1], None, 100.0).none_fits);
        assert_eq!(score(&scoring, &[], Some(0.2), 100.0), Scored::default());
    }
}
