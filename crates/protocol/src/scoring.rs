//! How scores are to be made of cosines: what page and worker agree on. The arithmetic is the
//! engine's.
//!
//! A picture and a label have one number in common, the cosine of their embeddings. A score says
//! what that number means, and there are two ways. *Softmax* compares the labels of a list with
//! each other, as CLIP was trained and as *Learning Transferable Visual Models From Natural
//! Language Supervision* (Radford and others, 2021, section 3.1.2) classifies. *Independent*
//! compares each label with a prompt that says nothing of what is in the picture, by a softmax over
//! those two, so that no label takes anything from another.

use serde::{Deserialize, Serialize};

/// Says nothing of what is in a picture.
pub const NEUTRAL: &str = "a photo";

/// How scores are made of cosines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scoring {
    /// What a label is compared with.
    pub kind: Kind,
    /// Divides the model's logit scale: above 1 scores come nearer to each other, below 1 the best
    /// takes more. 1 is as trained. What is no positive number counts as 1.
    pub temperature: f32,
    /// The prompt without a label that others are compared with, where that is needed.
    pub neutral: String,
    /// None of the labels fits where the best one's fit to the picture, against the neutral prompt,
    /// is below this, from 0 to 1. `None`: the question is not asked.
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

impl Scoring {
    /// Whether the cosine of the neutral prompt is needed.
    pub fn needs_neutral(&self) -> bool {
        self.kind == Kind::Independent || self.none_below.is_some()
    }

    /// What the logit scale is divided by.
    pub fn divisor(&self) -> f32 {
        if self.temperature.is_finite() && self.temperature > 0.0 {
            self.temperature
        } else {
            1.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_as_usual() {
        let scoring: Scoring = serde_json::from_str("{\"kind\":\"independent\"}").unwrap();
        assert_eq!(scoring.kind, Kind::Independent);
        assert_eq!((scoring.temperature, &*scoring.neutral), (1.0, "a photo"));
        assert!(scoring.needs_neutral() && !Scoring::default().needs_neutral());
    }
}
