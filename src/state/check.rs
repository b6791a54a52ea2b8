//! How well labels tell pictures apart whose classes are known: accuracy, recall, who is taken for
//! whom, and the worst mistakes.
//!
//! As scikit-learn's `accuracy_score`, `top_k_accuracy_score`, `recall_score` and
//! `confusion_matrix` count.

use std::collections::{BTreeMap, HashMap};

use cliplet_protocol::collection::ItemId;

use super::labels::key;

/// Mistakes that are shown at most.
const MOST_MISTAKES: usize = 24;

/// Which label a folder's name means: the one that reads the same but for capitals, and with spaces
/// for hyphens and underscores.
pub fn label_of(folder: &str, labels: &[String]) -> Option<u32> {
    let plain = |text: &str| key(&text.replace(['_', '-'], " "));
    let folder = plain(folder);
    let same = labels.iter().position(|label| plain(label) == folder);
    same.map(|at| at as u32)
}

/// A folder's name as a label: without underscores, which stand for spaces there, and without what
/// parts the labels of a list.
pub fn as_label(folder: &str) -> String {
    super::labels::tidy(&folder.replace(['_', ',', ';'], " "))
}

/// A picture whose class is known, and what was said of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Which.
    pub item: ItemId,
    /// The number of the right label.
    pub right: u32,
    /// The labels that fit best, best first, at most five.
    pub best: Vec<u32>,
    /// The score of the first of them.
    pub score: f32,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// All pictures that were counted.
    pub pictures: usize,
    /// Of these, so many got the right label.
    pub right: usize,
    /// Of these, so many had the right label among the first five.
    pub among_five: usize,
    /// The mean of the classes' recalls, from 0 to 1, so that each counts the same however many
    /// pictures it has.
    pub mean_recall: f64,
    /// The classes, in the order of their labels.
    pub classes: Vec<Class>,
    /// How many pictures of a class were taken for which label: class and label by their numbers.
    pub confusion: BTreeMap<(u32, u32), usize>,
    /// The pictures whose wrong label had the highest score.
    pub mistakes: Vec<Mistake>,
}

/// What came of it for one class.
#[derive(Clone, Debug, PartialEq)]
pub struct Class {
    /// The number of its label.
    pub label: u32,
    /// Its pictures.
    pub pictures: usize,
    /// Of these, so many got it.
    pub right: usize,
    /// So many pictures of other classes got it.
    pub wrongly: usize,
}

/// A picture that got the wrong label.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mistake {
    /// Which.
    pub item: ItemId,
    /// The right label.
    pub right: u32,
    /// The one it got.
    pub told: u32,
    /// With this score.
    pub score: f32,
}

impl Report {
    /// Counts. None if there is nothing to count.
    pub fn of(told: &[Prediction]) -> Option<Self> {
        let told: Vec<&Prediction> = told.iter().filter(|told| !told.best.is_empty()).collect();
        if told.is_empty() {
            return None;
        }
        let mut confusion: BTreeMap<(u32, u32), usize> = BTreeMap::new();
        for told in &told {
            *confusion.entry((told.right, told.best[0])).or_default() += 1;
        }
        let mut counts: BTreeMap<u32, (usize, usize)> = BTreeMap::new();
        let mut got: HashMap<u32, usize> = HashMap::new();
        for ((right, label), count) in &confusion {
            let class = counts.entry(*right).or_default();
            class.0 += count;
            if right == label {
                class.1 += count;
            } else {
                *got.entry(*label).or_default() += count;
            }
        }
        let classes = counts.into_iter().map(|(label, (pictures, right))| Class {
            label,
            pictures,
            right,
            wrongly: got.get(&label).copied().unwrap_or_default(),
        });
        let classes: Vec<Class> = classes.collect();
        let recalls = classes.iter().map(Class::recall).sum::<f64>();
        let wrong = told.iter().filter(|told| told.best[0] != told.right);
        let mut mistakes: Vec<Mistake> = wrong
            .map(|told| Mistake {
                item: told.item,
                right: told.right,
                told: told.best[0],
                score: told.score,
            })
            .collect();
        mistakes.sort_by(|a, b| b.score.total_cmp(&a.score));
        let right = told.len() - mistakes.len();
        mistakes.truncate(MOST_MISTAKES);
        Some(Self {
            pictures: told.len(),
            right,
            among_five: told
                .iter()
                .filter(|told| told.best.iter().take(5).any(|label| *label == told.right))
                .count(),
            mean_recall: recalls / classes.len() as f64,
            classes,
            confusion,
            mistakes,
        })
    }

    /// The share of pictures with the right label.
    pub fn accuracy(&self) -> f64 {
        self.right as f64 / self.pictures as f64
    }

    /// The share of pictures with the right label among the first five.
    pub fn top_five(&self) -> f64 {
        self.among_five as f64 / self.pictures as f64
    }

    /// The labels that pictures got: the classes', and others after them, in the order of their
    /// numbers.
    pub fn columns(&self) -> Vec<u32> {
        let mut columns: Vec<u32> = self.classes.iter().map(|class| class.label).collect();
        let mut others: Vec<u32> = self.confusion.keys().map(|(_, label)| *label).collect();
        others.sort_unstable();
        others.dedup();
        others.retain(|label| !columns.contains(label));
        columns.extend(others);
        columns
    }
}

impl Class {
    /// The share of its pictures that got it.
    pub fn recall(&self) -> f64 {
        self.right as f64 / self.pictures.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(item: ItemId, right: u32, best: &[u32], score: f32) -> Prediction {
        Prediction {
            item,
            right,
            best: best.to_vec(),
            score,
        }
    }

    #[test]
    fn everything_is_counted_as_it_is_defined() {
        let report = Report::of(&[
            told(1, 0, &[0, 1, 2], 0.9),
            told(2, 0, &[0, 1, 2], 0.6),
            told(3, 0, &[1, 2, 0], 0.5),
            told(4, 0, &[4, 1, 2, 3, 5, 0], 0.7),
            told(5, 1, &[1, 0], 0.8),
            told(6, 1, &[], 0.0),
        ])
        .unwrap();
        assert_eq!(
            (report.pictures, report.right, report.among_five),
            (5, 3, 4)
        );
        assert!((report.accuracy() - 0.6).abs() < 1e-9 && (report.top_five() - 0.8).abs() < 1e-9);
        // Half of the one class and all of the other.
        assert!((report.mean_recall - 0.75).abs() < 1e-9);
        assert_eq!(report.classes[1].wrongly, 1);
        assert_eq!(report.confusion[&(0, 4)], 1);
        assert_eq!(report.columns(), [0, 1, 4]);
        let mistakes: Vec<ItemId> = report.mistakes.iter().map(|mistake| mistake.item).collect();
        assert_eq!(mistakes, [4, 3]);
        assert_eq!(Report::of(&[]), None);
    }

    #[test]
    fn folders_mean_the_labels_that_read_the_same() {
        let labels: Vec<String> = ["Tabby cat", "dog", "T-shirt"].map(str::to_owned).to_vec();
        assert_eq!(label_of("tabby_cat", &labels), Some(0));
        assert_eq!(label_of("DOG", &labels), Some(1));
        assert_eq!(label_of("t shirt", &labels), Some(2));
        assert_eq!(label_of("dogs", &labels), None);
        assert_eq!(as_label("great_white_shark"), "great white shark");
    }
}
