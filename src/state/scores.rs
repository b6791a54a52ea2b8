//! The scores on screen: whose they are, whether they still hold, and the order they put the labels
//! in.

use std::cmp::Ordering;
use std::collections::HashMap;

use cliplet_protocol::messages::{Classify, LabelScore};
use cliplet_protocol::query::{Candidate, LabelQuery, PictureId};
use cliplet_protocol::scoring::Scoring;

use super::label_text;
use super::labels::{Label, LabelId};

/// The score whose bar is as long as its row: all of it, or of many labels, among which a fit has
/// little to itself, the best.
pub fn full_bar(scores: impl ExactSizeIterator<Item = f32>) -> f32 {
    /// More labels than this are many.
    const MANY: usize = 24;
    /// A shorter bar is left short: among these labels none is better than another.
    const LEAST: f32 = 0.01;
    if scores.len() <= MANY {
        return 1.0;
    }
    scores.fold(LEAST, f32::max)
}

/// Everything scores depend on, the model aside.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The picture on screen.
    pub picture: PictureId,
    /// The labels the model is asked.
    pub labels: Vec<(LabelId, Candidate)>,
    /// The templates in force.
    pub templates: Vec<String>,
    /// How scores are made.
    pub scoring: Scoring,
}

impl Question {
    /// As the engine is asked it.
    pub fn request(&self) -> Classify {
        Classify {
            picture: self.picture,
            query: self.query(),
        }
    }

    /// What the picture is compared with.
    pub fn query(&self) -> LabelQuery {
        let labels = self.labels.iter().map(|(_, candidate)| candidate.clone());
        LabelQuery {
            labels: labels.collect(),
            templates: self.templates.clone(),
            scoring: self.scoring.clone(),
        }
    }
}

/// What a row shows.
#[derive(Clone, Debug, PartialEq)]
pub struct RowScore {
    /// What the model said.
    pub score: LabelScore,
    /// It said so of this picture and of the label as it now reads. Otherwise the score is shown
    /// until the next comes, and counts for nothing.
    pub holds: bool,
}

/// The last answer.
#[derive(Clone, Debug, Default)]
pub struct Scores {
    rows: HashMap<LabelId, (Candidate, LabelScore)>,
    answered: Option<(Question, String)>,
}

impl Scores {
    /// Takes an answer: `scores` in the order of the question's labels, given by `model`.
    pub fn take(&mut self, question: Question, model: String, scores: &[LabelScore]) {
        self.rows = question
            .labels
            .iter()
            .zip(scores)
            .map(|((id, candidate), score)| (*id, (candidate.clone(), *score)))
            .collect();
        self.answered = Some((question, model));
    }

    /// Whether the scores on screen are this model's answer to this question.
    pub fn answer(&self, question: &Question, model: &str) -> bool {
        self.answered
            .as_ref()
            .is_some_and(|(answered, by)| answered == question && by == model)
    }

    /// The id of the model that gave them.
    pub fn model(&self) -> Option<&str> {
        self.answered.as_ref().map(|(_, model)| model.as_str())
    }

    /// The score of a row whose label reads `text`, while `picture` is on screen.
    pub fn of(&self, id: LabelId, text: &str, picture: Option<PictureId>) -> Option<RowScore> {
        let (scored, score) = self.rows.get(&id)?;
        let of_this_picture =
            self.answered.as_ref().map(|(question, _)| question.picture) == picture;
        Some(RowScore {
            score: *score,
            holds: of_this_picture && *scored == label_text::read(text),
        })
    }

    /// The labels best first; those without a score last; otherwise as they stand in the list.
    pub fn order(&self, labels: &[Label]) -> Vec<LabelId> {
        let mut order: Vec<(LabelId, Option<f32>)> = labels
            .iter()
            .map(|label| {
                (
                    label.id,
                    self.rows.get(&label.id).map(|(_, score)| score.score),
                )
            })
            .collect();
        order.sort_by(|(_, a), (_, b)| match (a, b) {
            (Some(a), Some(b)) => b.total_cmp(a),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        });
        order.into_iter().map(|(id, _)| id).collect()
    }

    /// The labels and scores of the answer, best first, at most `count`.
    pub fn best(&self, count: usize) -> Vec<(String, f32)> {
        let best = self.best_first().into_iter().take(count);
        best.map(|(label, score)| (label, score.score)).collect()
    }

    /// The labels of the answer and what the model said of each, best first.
    pub fn best_first(&self) -> Vec<(String, LabelScore)> {
        let Some((question, _)) = &self.answered else {
            return Vec::new();
        };
        let mut best: Vec<(String, LabelScore)> = question
            .labels
            .iter()
            .filter_map(|(id, _)| self.rows.get(id))
            .map(|(candidate, score)| (candidate.label.clone(), *score))
            .collect();
        best.sort_by(|(_, a), (_, b)| b.score.total_cmp(&a.score));
        best
    }

    /// Something of each of some labels that the answer is about, best first.
    pub fn best_first_of<T, U>(
        &self,
        labels: impl Iterator<Item = (LabelId, T)>,
        take: impl Fn(T, LabelScore) -> U,
    ) -> Vec<U> {
        let mut scored: Vec<(T, LabelScore)> = labels
            .filter_map(|(id, label)| Some((label, self.rows.get(&id)?.1)))
            .collect();
        scored.sort_by(|(_, a), (_, b)| b.score.total_cmp(&a.score));
        scored
            .into_iter()
            .map(|(label, score)| take(label, score))
            .collect()
    }

    /// Forgets them all.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::labels::{Labels, Origin};

    fn score(score: f32) -> LabelScore {
        LabelScore {
            cosine: score / 4.0,
            score,
            cut: false,
        }
    }

    fn answered(labels: &Labels, values: &[f32]) -> Scores {
        let question = Question {
            picture: 5,
            labels: labels.usable(),
            templates: vec!["{}".to_owned()],
            scoring: Scoring::default(),
        };
        let values: Vec<LabelScore> = values.iter().map(|&value| score(value)).collect();
        let mut scores = Scores::default();
        scores.take(question, "m".to_owned(), &values);
        scores
    }

    #[test]
    fn of_many_labels_the_best_one_has_the_longest_bar() {
        assert_eq!(full_bar([0.3, 0.2].into_iter()), 1.0);
        let many = |best: f32| full_bar((0..998).map(move |at| if at == 5 { best } else { 0.001 }));
        assert_eq!(many(0.04), 0.04);
        assert_eq!(many(0.002), 0.01);
        assert_eq!(full_bar([].into_iter()), 1.0);
    }

    #[test]
    fn best_first_and_equal_scores_as_they_stand() {
        let labels = Labels::new(["a", "b", "c", "d"], Origin::Default);
        let scores = answered(&labels, &[0.1, 0.4, 0.1, 0.4]);
        assert_eq!(scores.order(labels.list()), [2, 4, 1, 3]);
        assert_eq!(
            scores.best(3),
            [
                ("b".to_owned(), 0.4),
                ("d".to_owned(), 0.4),
                ("a".to_owned(), 0.1)
            ]
        );
    }

    #[test]
    fn labels_without_a_score_come_last() {
        let mut labels = Labels::new(["a", "b"], Origin::Default);
        let scores = answered(&labels, &[0.2, 0.8]);
        labels.add(["x", "y"]);
        assert_eq!(scores.order(labels.list()), [2, 1, 3, 4]);
        assert_eq!(scores.of(3, "x", Some(5)), None);
    }

    #[test]
    fn not_even_a_nan_breaks_the_order() {
        let labels = Labels::new(["a", "b", "c"], Origin::Default);
        let order = answered(&labels, &[0.2, f32::NAN, 0.8]).order(labels.list());
        assert_eq!(order.len(), 3);
    }

    #[test]
    fn a_score_holds_for_one_text_and_one_picture() {
        let labels = Labels::new(["a b"], Origin::Default);
        let scores = answered(&labels, &[1.0]);
        assert!(scores.of(1, " a  b ", Some(5)).unwrap().holds);
        assert!(!scores.of(1, "a bc", Some(5)).unwrap().holds);
        assert!(!scores.of(1, "a b", Some(6)).unwrap().holds);
        assert!(!scores.of(1, "a b", None).unwrap().holds);
    }

    #[test]
    fn an_answer_is_to_one_question_by_one_model() {
        let labels = Labels::new(["a"], Origin::Default);
        let scores = answered(&labels, &[1.0]);
        let question = Question {
            picture: 5,
            labels: labels.usable(),
            templates: vec!["{}".to_owned()],
            scoring: Scoring::default(),
        };
        assert!(scores.answer(&question, "m"));
        assert!(!scores.answer(&question, "n"));
        let other = Question {
            templates: vec!["a {}".to_owned()],
            ..question
        };
        assert!(!scores.answer(&other, "m"));
    }
}
