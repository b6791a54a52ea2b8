//! From cosines to scores: what page and worker agree on, in plain arithmetic on a few numbers.
//!
//! A picture and a label have one number in common, the cosine of their embeddings. A score says what that number means, and
//! there are two ways. *Softmax* compares the labels of a list with each other, as CLIP was trained and as *Learning Transferable
//! Visual Models From Natural Language Supervision* (Radford and others, 2021, section 3.1.2) classifies. *Independent* compares
//! each label with a prompt that says nothing of what is in the picture, by a softmax over those two, so that no label
//! takes anything from another.

use serde::{Deserialize, Serialize};

/// Says nothing of what is in a picture.
pub const NEUTRAL: &str = "a photo";

/// How scores are made of cosines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scoring {
    /// What a label is compared with.
    pub kind: Kind,
    /// Divides the model's logit scale: above 1 scores come nearer to each other, below 1 the best takes more. 1 is as trained.
    /// What is no positive number counts as 1.
    pub temperature: f32,
    /// The prompt without a label that others are compared with, where that is needed.
    pub neutral: String,
    /// None of the labels fits where the best one's [`Scored::fit`] is below this, from 0 to 1. Without it, nobody asks.
    pub none_below: Option<f32>,
}

/// What a label is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The other labels of the list. All scores together make 1.
    #[default]
    Softmax,
    /// The neutral prompt: above one half, the label fits better than that.
    Independent,
}

impl Default for Scoring {
    fn default() -> Self {
        Self {
            kind: Kind::Softmax,
            temperature: 1.0,
            neutral: NEUTRAL.to_owned(),
            none_below: None,
        }
    }
}

/// What is said of a list of labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scored {
    /// From 0 to 1, in the order of the cosines.
    pub scores: Vec<f32>,
    /// The best label against the neutral prompt, from 0 to 1, if the neutral prompt's cosine is known and there is a label.
    pub fit: Option<f32>,
    /// None of the labels fits.
    pub none_fits: bool,
}

impl Scoring {
    /// Whether the cosine of the neutral prompt is needed.
    pub fn needs_neutral(&self) -> bool {
        self.kind == Kind::Independent || self.none_below.is_some()
    }

    /// The scores of labels whose embeddings have these cosines with the picture's, each from -1 to 1. `neutral` is the neutral
    /// prompt's, which counts as 0 where it is needed and missing; `logit_scale` is the model's, already exponentiated.
    pub fn score(&self, cosines: &[f32], neutral: Option<f32>, logit_scale: f32) -> Scored {
        let scale = logit_scale / self.divisor();
        let against_neutral = |neutral: f32, cosine: f32| sigmoid(scale * (cosine - neutral));
        let scores = match self.kind {
            Kind::Softmax => softmax(cosines, scale),
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
            .zip(self.none_below)
            .is_some_and(|(fit, below)| fit < below);
        Scored {
            scores,
            fit,
            none_fits,
        }
    }

    fn divisor(&self) -> f32 {
        match self.temperature.is_finite() && self.temperature > 0.0 {
            true => self.temperature,
            false => 1.0,
        }
    }
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
        let scored = Scoring::default().score(&[0.3, 0.2, 0.28], None, 100.0);
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
            warm.score(&cosines, None, 100.0),
            cool.score(&cosines, None, 25.0)
        );
        for nonsense in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            let temperature = nonsense;
            let scoring = Scoring {
                temperature,
                ..Scoring::default()
            };
            assert_eq!(
                scoring.score(&cosines, None, 100.0),
                cool.score(&cosines, None, 100.0)
            );
        }
    }

    #[test]
    fn independent_scores_do_not_depend_on_the_others() {
        let scoring = Scoring {
            kind: Kind::Independent,
            ..Scoring::default()
        };
        assert!(scoring.needs_neutral());
        let alone = scoring.score(&[0.25], Some(0.22), 100.0).scores[0];
        let among = scoring.score(&[0.25, 0.4, 0.1], Some(0.22), 100.0).scores[0];
        assert!(near(alone, 1.0 / (1.0 + (-3.0f32).exp())));
        assert_eq!(alone, among);
        let same = scoring.score(&[0.22], Some(0.22), 100.0).scores[0];
        assert!(near(same, 0.5));
    }

    #[test]
    fn none_fits_where_the_best_is_no_better_than_the_neutral_prompt() {
        let scoring = Scoring {
            none_below: Some(0.5),
            ..Scoring::default()
        };
        assert!(scoring.needs_neutral() && !Scoring::default().needs_neutral());
        assert!(scoring.score(&[0.1, 0.2], Some(0.22), 100.0).none_fits);
        assert!(!scoring.score(&[0.1, 0.23], Some(0.22), 100.0).none_fits);
        // Nothing is said where nothing is known.
        assert!(!scoring.score(&[0.1], None, 100.0).none_fits);
        assert_eq!(scoring.score(&[], Some(0.2), 100.0), Scored::default());
    }

    #[test]
    fn what_is_not_said_is_as_usual() {
        let scoring: Scoring = serde_json::from_str("{\"kind\":\"independent\"}").unwrap();
        assert_eq!(scoring.kind, Kind::Independent);
        assert_eq!((scoring.temperature, &*scoring.neutral), (1.0, "a photo"));
    }
}
