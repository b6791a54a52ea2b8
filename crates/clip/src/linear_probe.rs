//! Teaching by example: a linear probe, which is a multinomial logistic regression on the
//! embeddings of pictures.
//!
//! The method is that of section 3.2 of the CLIP paper (arXiv:2103.00020): the model stays as it
//! is, and a linear classifier with an L2 penalty is fitted with L-BFGS on what its vision tower
//! gives. The objective is scikit-learn's `LogisticRegression`:
//! `C * sum(cross entropy) + |W|^2 / 2`, whose intercept is not penalised. It has one minimum, so
//! the same examples give the same probe. Here the embeddings are of unit length, as everywhere in
//! this crate.
//!
//! A probe is written to a small JSON file ([`LinearProbe::to_json`]) that holds all that is needed
//! to use it again, but for the model.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::error::quoted;
use crate::zero_shot::cosine;

/// A text whose embedding tells models apart: see [`LinearProbe::fits`].
pub const ANCHOR: &str = "a photo of a dog";

/// Classes that a probe may have.
pub const MOST_CLASSES: usize = 1_000;

/// Bytes that the file of a probe may have.
pub const MOST_FILE_BYTES: usize = 64 << 20;

/// What the file says it is.
const FORMAT: &str = "cliplet-linear-probe";
/// The only version of the format there is.
const VERSION: u32 = 1;
/// Characters that the name of a class, or of a model, may have.
const MOST_NAME: usize = 1_000;
/// Numbers that an embedding may have.
const MOST_WIDTH: usize = 65_536;

/// How a probe is fitted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Inverse strength of the L2 penalty, scikit-learn's `C`: the larger, the closer to the
    /// examples.
    pub c: f64,
}

impl Default for Settings {
    /// Embeddings of unit length differ by little, so that weights must be large, and the penalty
    /// small.
    fn default() -> Self {
        Self { c: 100.0 }
    }
}

/// The embedding of a picture, of unit length, and the number of the class that it is an example
/// of.
#[derive(Clone, Copy, Debug)]
pub struct Example<'a> {
    /// As the vision tower gives it.
    pub embedding: &'a [f32],
    /// From 0 on.
    pub class: usize,
}

/// What came of trying a probe on examples that it was not fitted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrossValidation {
    /// In how many parts the examples were, each of which was left out once.
    pub folds: usize,
    /// Examples whose class was told rightly.
    pub correct: usize,
    /// All of them.
    pub examples: usize,
}

/// A linear classifier on a model's embeddings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinearProbe {
    format: String,
    version: u32,
    /// The model's name, for people.
    model: String,
    /// What the model gives for [`ANCHOR`], of unit length.
    anchor: Vec<f32>,
    classes: Vec<String>,
    /// How many examples each class had.
    examples: Vec<usize>,
    settings: Settings,
    /// How good it was on examples that were left out, if there were enough.
    cross_validation: Option<CrossValidation>,
    bias: Vec<f32>,
    /// A row for each class, as long as an embedding.
    weights: Vec<Vec<f32>>,
}

impl LinearProbe {
    /// Fits a probe to examples.
    ///
    /// `model` is the model's name, for people; `anchor` its embedding of [`ANCHOR`].
    /// `cross_validation` is kept beside it, as [`Folds::try_fold`] has told.
    ///
    /// # Errors
    /// [`Error::Probe`] if there are fewer than two classes or more than [`MOST_CLASSES`], if a
    /// class has no name, the name of another or no example, or if the embeddings are not all as
    /// wide as the anchor.
    pub fn fit(
        model: &str,
        anchor: &[f32],
        classes: &[String],
        examples: &[Example<'_>],
        settings: Settings,
        cross_validation: Option<CrossValidation>,
    ) -> Result<Self, Error> {
        let mut counts = vec![0; classes.len()];
        for example in examples {
            let count = counts.get_mut(example.class);
            *count.ok_or_else(|| wrong("An example belongs to no class"))? += 1;
            if example.embedding.len() != anchor.len() {
                return Err(wrong("The examples are from different models"));
            }
        }
        check_classes(classes, &counts)?;
        let (weights, bias) = fit(examples, classes.len(), settings);
        let probe = Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            model: model.to_owned(),
            anchor: anchor.to_vec(),
            classes: classes.to_vec(),
            examples: counts,
            settings,
            cross_validation,
            bias,
            weights: weights.chunks(anchor.len()).map(<[f32]>::to_vec).collect(),
        };
        probe.check()?;
        Ok(probe)
    }

    /// The same probe, with how good it was on examples that were left out.
    pub fn with_cross_validation(self, tried: Option<CrossValidation>) -> Self {
        Self {
            cross_validation: tried,
            ..self
        }
    }

    /// Reads what [`LinearProbe::to_json`] has written. Anything may be in the file.
    ///
    /// # Errors
    /// [`Error::Probe`] if it is no probe, or one that would give no sensible scores.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MOST_FILE_BYTES {
            return Err(wrong("The file is too large for a linear probe"));
        }
        // First what it is: a file of something else is better called so than damaged.
        #[derive(Deserialize)]
        struct Head {
            format: String,
            version: u32,
        }
        let head: Head = serde_json::from_slice(bytes)
            .map_err(|_| wrong("The file is no linear probe as Cliplet writes it"))?;
        if head.format != FORMAT {
            return Err(wrong("The file is no linear probe as Cliplet writes it"));
        }
        if head.version != VERSION {
            return Err(wrong(format!(
                "The linear probe is of version {} of its format, and only {VERSION} is known",
                head.version
            )));
        }
        let probe: Self = serde_json::from_slice(bytes)
            .map_err(|error| wrong(format!("The linear probe is damaged: {error}")))?;
        probe.check()?;
        Ok(probe)
    }

    /// The probe as a file: JSON, with the weights as plain lists of numbers.
    pub fn to_json(&self) -> String {
        // Strings and finite numbers, which is what `check` lets through.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether it can be used with a model whose embedding of [`ANCHOR`] this is.
    ///
    /// The same model in other weights (q4_0 instead of f16, say) gives nearly the same embeddings,
    /// and a probe is as good there; those of two models that were trained apart have nothing in
    /// common. So the embeddings themselves are compared, and no name or hash of a file.
    pub fn fits(&self, anchor: &[f32]) -> bool {
        const SAME: f32 = 0.9;
        anchor.len() == self.anchor.len() && cosine(anchor, &self.anchor) >= SAME
    }

    /// The name of the model that it was fitted with.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The names of its classes.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// How many examples each class had.
    pub fn examples(&self) -> &[usize] {
        &self.examples
    }

    /// How good it was on examples that were left out, if there were enough.
    pub fn cross_validation(&self) -> Option<CrossValidation> {
        self.cross_validation
    }

    /// The logit of each class for the embedding of a picture. Their softmax are the probabilities.
    ///
    /// # Panics
    /// If the embedding is of another width than those it was fitted to.
    pub fn logits(&self, embedding: &[f32]) -> Vec<f32> {
        assert_eq!(
            embedding.len(),
            self.anchor.len(),
            "one model has one width"
        );
        let rows = self.weights.iter().zip(&self.bias);
        let logit = |weights: &[f32]| -> f32 {
            let products = weights.iter().zip(embedding).map(|(a, b)| a * b);
            products.sum()
        };
        rows.map(|(weights, bias)| logit(weights) + bias).collect()
    }

    /// The probability of each class for the embedding of a picture; all together make 1.
    ///
    /// # Panics
    /// If the embedding is of another width than those it was fitted to.
    pub fn probabilities(&self, embedding: &[f32]) -> Vec<f32> {
        crate::zero_shot::softmax(&self.logits(embedding), 1.0)
    }

    fn check(&self) -> Result<(), Error> {
        check_classes(&self.classes, &self.examples)?;
        if self.model.chars().count() > MOST_NAME {
            return Err(wrong("The name of the linear probe's model is too long"));
        }
        let width = self.anchor.len();
        let rows = self.weights.len();
        let square = rows == self.classes.len() && self.bias.len() == rows;
        if !square || self.weights.iter().any(|row| row.len() != width) {
            return Err(wrong("The linear probe's weights do not fit its classes"));
        }
        if width == 0 || width > MOST_WIDTH {
            return Err(wrong(
                "The linear probe is for embeddings of an impossible width",
            ));
        }
        // So large that no fit gives it, and so small that no sum of products is infinite.
        const LARGEST: f32 = 1e9;
        let mut numbers = self.weights.iter().flatten().chain(&self.bias);
        if !numbers.all(|number| number.abs() <= LARGEST) {
            return Err(wrong(
                "The linear probe has weights that are no sensible numbers",
            ));
        }
        let length: f64 = self.anchor.iter().map(|x| f64::from(*x).powi(2)).sum();
        if !(0.98..1.02).contains(&length) {
            return Err(wrong("The linear probe does not say which model it is for"));
        }
        let c = self.settings.c;
        if !(c.is_finite() && c > 0.0) {
            return Err(wrong("The linear probe has no sensible penalty"));
        }
        let tried = self.cross_validation;
        if tried.is_some_and(|tried| tried.correct > tried.examples || tried.examples == 0) {
            return Err(wrong("The linear probe's own accuracy is impossible"));
        }
        Ok(())
    }
}

fn wrong(reason: impl Into<String>) -> Error {
    Error::Probe(reason.into())
}

fn check_classes(classes: &[String], examples: &[usize]) -> Result<(), Error> {
    if classes.len() < 2 {
        return Err(wrong("A linear probe needs at least two classes"));
    }
    if classes.len() > MOST_CLASSES {
        return Err(wrong(format!(
            "A linear probe can have {MOST_CLASSES} classes, and not {}",
            classes.len()
        )));
    }
    if examples.len() != classes.len() {
        return Err(wrong("The linear probe's weights do not fit its classes"));
    }
    let mut names = std::collections::HashSet::new();
    for (name, count) in classes.iter().zip(examples) {
        if name.trim().is_empty() || name.chars().count() > MOST_NAME {
            return Err(wrong("A class needs a name, and not too long a one"));
        }
        if !names.insert(name) {
            return Err(wrong(format!("Two classes are called {}", quoted(name))));
        }
        if *count == 0 {
            return Err(wrong(format!("The class {} has no example", quoted(name))));
        }
    }
    Ok(())
}

/// The examples in parts, each of which has its share of every class (stratified k-fold
/// cross-validation).
#[derive(Clone, Debug)]
pub struct Folds {
    /// The part of each example.
    of: Vec<usize>,
    count: usize,
}

impl Folds {
    /// Parts, at most, that cross-validation is made with.
    pub const MOST: usize = 5;

    /// Puts examples of these classes into as many parts as the smallest class has examples, and
    /// [`Folds::MOST`] at most. None where a class has one example alone, which could not be left
    /// out.
    ///
    /// The examples of a class go round the parts one after the other, and each class begins where
    /// the one before has ended, so that parts are of equal size, but for one.
    pub fn stratified(classes: &[usize]) -> Option<Self> {
        let class_count = classes.iter().max()? + 1;
        let mut counts = vec![0; class_count];
        for class in classes {
            counts[*class] += 1;
        }
        let smallest = counts.iter().copied().filter(|count| *count > 0).min()?;
        if smallest < 2 {
            return None;
        }
        let count = smallest.min(Self::MOST);
        let mut of = vec![0; classes.len()];
        let mut next = 0;
        for class in 0..class_count {
            for (at, _) in classes.iter().enumerate().filter(|(_, c)| **c == class) {
                of[at] = next % count;
                next += 1;
            }
        }
        Some(Self { of, count })
    }

    /// How many parts there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Fits a probe to all examples but those of one part, and tells what class it takes these for:
    /// the number of each example of the part, with that of the class.
    ///
    /// # Panics
    /// If these are other examples than the folds were made for.
    pub fn try_fold(
        &self,
        fold: usize,
        examples: &[Example<'_>],
        class_count: usize,
        settings: Settings,
    ) -> Vec<(usize, usize)> {
        assert_eq!(examples.len(), self.of.len(), "the same examples");
        let rest = self.of.iter().zip(examples).filter(|(of, _)| **of != fold);
        let rest: Vec<Example<'_>> = rest.map(|(_, example)| *example).collect();
        let (weights, bias) = fit(&rest, class_count, settings);
        let left_out = (0..examples.len()).filter(|at| self.of[*at] == fold);
        let told = left_out.map(|at| {
            let embedding = examples[at].embedding;
            let logits = weights.chunks(embedding.len()).zip(&bias);
            let logits = logits.map(|(row, bias)| {
                let products = row.iter().zip(embedding).map(|(a, b)| a * b);
                products.sum::<f32>() + bias
            });
            let best = logits.enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b));
            (at, best.map_or(0, |(class, _)| class))
        });
        told.collect()
    }
}

/// Tries a probe on every example, each time fitted to the parts that do not have it. None where a
/// class has one example alone.
pub fn cross_validate(
    examples: &[Example<'_>],
    class_count: usize,
    settings: Settings,
) -> Option<CrossValidation> {
    let classes: Vec<usize> = examples.iter().map(|example| example.class).collect();
    let folds = Folds::stratified(&classes)?;
    let told = (0..folds.count())
        .flat_map(|fold| folds.try_fold(fold, examples, class_count, settings))
        .collect::<Vec<_>>();
    let right = told.iter().filter(|(at, class)| classes[*at] == *class);
    Some(CrossValidation {
        folds: folds.count(),
        correct: right.count(),
        examples: examples.len(),
    })
}

/// Weights, a row after the other, and bias.
fn fit(examples: &[Example<'_>], classes: usize, settings: Settings) -> (Vec<f32>, Vec<f32>) {
    let problem = Problem::new(examples, classes, settings);
    let solution = minimise(&problem);
    let (weights, bias) = solution.split_at(classes * problem.width);
    // Back from embeddings that had their mean taken away.
    let rows = weights.chunks(problem.width.max(1));
    let bias = rows
        .zip(bias)
        .map(|(row, bias)| (bias - dot(row, &problem.mean)) as f32);
    let bias = bias.collect();
    (weights.iter().map(|weight| *weight as f32).collect(), bias)
}

/// What is minimised: mean cross entropy + |W|^2 / (2 C n), which is scikit-learn's objective over
/// C n. The variables are the weights, a row for each class, and then the biases.
struct Problem {
    /// The embeddings less their mean, one after the other. As the bias is not penalised, the
    /// minimum is the same, and it is found in fewer steps: embeddings of pictures all point
    /// roughly the same way.
    inputs: Vec<f64>,
    mean: Vec<f64>,
    /// The class of each.
    targets: Vec<usize>,
    width: usize,
    classes: usize,
    penalty: f64,
}

impl Problem {
    fn new(examples: &[Example<'_>], classes: usize, settings: Settings) -> Self {
        let count = examples.len().max(1) as f64;
        let width = examples.first().map_or(0, |first| first.embedding.len());
        let mut mean = vec![0.0; width];
        for example in examples {
            for (mean, x) in mean.iter_mut().zip(example.embedding) {
                *mean += f64::from(*x) / count;
            }
        }
        let inputs = examples.iter().flat_map(|example| {
            let centred = example.embedding.iter().zip(&mean);
            centred.map(|(x, mean)| f64::from(*x) - mean)
        });
        Self {
            inputs: inputs.collect(),
            targets: examples.iter().map(|example| example.class).collect(),
            width,
            classes,
            penalty: 1.0 / (settings.c * count),
            mean,
        }
    }

    /// The value at a point; its gradient is put into `gradient`.
    fn value(&self, at: &[f64], gradient: &mut [f64]) -> f64 {
        let (weights, bias) = at.split_at(self.classes * self.width);
        gradient.fill(0.0);
        let (by_weights, by_bias) = gradient.split_at_mut(weights.len());
        let share = 1.0 / self.targets.len().max(1) as f64;
        let mut logits = vec![0.0; self.classes];
        let mut loss = 0.0;
        for (input, target) in self.inputs.chunks(self.width.max(1)).zip(&self.targets) {
            let rows = weights.chunks(self.width).zip(bias);
            for (logit, (row, bias)) in logits.iter_mut().zip(rows) {
                *logit = dot(row, input) + bias;
            }
            let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = logits.iter().map(|logit| (logit - largest).exp()).sum();
            loss += share * (largest + sum.ln() - logits[*target]);
            for (class, logit) in logits.iter().enumerate() {
                let probability = (logit - largest).exp() / sum;
                let error = share * (probability - f64::from(u8::from(class == *target)));
                by_bias[class] += error;
                let row = &mut by_weights[class * self.width..][..self.width];
                add(row, error, input);
            }
        }
        add(by_weights, self.penalty, weights);
        loss + self.penalty / 2.0 * dot(weights, weights)
    }

    /// A step along the gradient that is never too long at the beginning: one over a bound of the
    /// curvature there. The inputs are not longer than 2, and half the square of that bounds the
    /// Hessian of softmax.
    fn first_step(&self) -> f64 {
        1.0 / (2.0 + self.penalty)
    }
}

/// L-BFGS with a backtracking line search: Nocedal and Wright, Numerical Optimization, 2nd edition,
/// algorithms 7.4, 7.5 and 3.1. The problem is strictly convex but for a constant added to all
/// biases, along which the gradient is nothing, so that every step has a positive curvature, and
/// the search needs no second Wolfe condition.
fn minimise(problem: &Problem) -> Vec<f64> {
    const REMEMBERED: usize = 10;
    const MOST_STEPS: usize = 1_000;
    const SMALL: f64 = 1e-6;
    let size = problem.classes * (problem.width + 1);
    let mut point = vec![0.0; size];
    let mut gradient = vec![0.0; size];
    let mut value = problem.value(&point, &mut gradient);
    let enough = SMALL * largest(&gradient);
    let mut past: std::collections::VecDeque<Step> = std::collections::VecDeque::new();
    let mut next_gradient = vec![0.0; size];
    for _ in 0..MOST_STEPS {
        if largest(&gradient) <= enough {
            break;
        }
        let direction = direction(problem, &past, &gradient);
        let slope = dot(&direction, &gradient);
        let mut length = 1.0;
        let moved = loop {
            let mut moved = point.clone();
            add(&mut moved, length, &direction);
            let there = problem.value(&moved, &mut next_gradient);
            if there <= value + 1e-4 * length * slope {
                value = there;
                break Some(moved);
            }
            length /= 2.0;
            if length < 1e-9 {
                break None;
            }
        };
        // No better point can be told from this one in the precision there is.
        let Some(moved) = moved else { break };
        let step: Vec<f64> = moved.iter().zip(&point).map(|(a, b)| a - b).collect();
        let change = next_gradient.iter().zip(&gradient);
        let change: Vec<f64> = change.map(|(a, b)| a - b).collect();
        let curvature = dot(&step, &change);
        if curvature > 0.0 {
            if past.len() == REMEMBERED {
                past.pop_front();
            }
            past.push_back(Step {
                step,
                change,
                curvature,
            });
        }
        point = moved;
        std::mem::swap(&mut gradient, &mut next_gradient);
    }
    point
}

/// A step of the past, and by how much the gradient changed along it.
struct Step {
    step: Vec<f64>,
    change: Vec<f64>,
    curvature: f64,
}

/// Minus the gradient times the inverse of the Hessian, as far as the steps of the past tell
/// (algorithm 7.4).
fn direction(
    problem: &Problem,
    past: &std::collections::VecDeque<Step>,
    gradient: &[f64],
) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut shares = Vec::with_capacity(past.len());
    for step in past.iter().rev() {
        let share = dot(&step.step, &direction) / step.curvature;
        add(&mut direction, -share, &step.change);
        shares.push(share);
    }
    let scale = past.back().map_or(problem.first_step(), |last| {
        last.curvature / dot(&last.change, &last.change)
    });
    direction.iter_mut().for_each(|d| *d *= scale);
    for (step, share) in past.iter().zip(shares.iter().rev()) {
        let back = dot(&step.change, &direction) / step.curvature;
        add(&mut direction, share - back, &step.step);
    }
    direction
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |most, value| value.abs().max(most))
}

/// Dot product, summed in eight lanes, which compilers turn into vectors.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a_lanes, a_rest) = a.as_chunks::<8>();
    let (b_lanes, b_rest) = b.as_chunks::<8>();
    let mut lanes = [0.0; 8];
    for (a, b) in a_lanes.iter().zip(b_lanes) {
        for lane in 0..8 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f64>() + rest
}

/// Adds a multiple of one to the other.
fn add(to: &mut [f64], times: f64, from: &[f64]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += times * from;
    }
}
