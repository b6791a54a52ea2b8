//! `cliplet compare`: what smaller weights cost, or what another model says, on somebody's own
//! pictures and labels.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use cliplet_clip::{Clip, zero_shot};
use serde::Serialize;

use crate::encode::each;
use crate::labels::{self, LabelArguments};
use crate::model;
use crate::output::json_line;
use crate::pictures::{PictureArguments, Unit};
use crate::progress::Progress;
use crate::stop::Stop;

pub(crate) const EXAMPLES: &str = "\
Example:
  cliplet compare laion-f32.gguf laion-q4_0.gguf --images photos/ --labels-file animals.txt

The cosines are between what the two models make of one picture or prompt; ranks are compared by Spearman's coefficient over the
labels of each picture.";

#[derive(Debug, Args)]
pub(crate) struct CompareArguments {
    /// The model that is taken for right.
    #[arg(value_name = "A.gguf")]
    a: PathBuf,
    /// The model that is compared with it.
    #[arg(value_name = "B.gguf")]
    b: PathBuf,
    /// Compute in f32 over dequantised weights: slower, and exact.
    #[arg(long)]
    reference: bool,
    #[command(flatten)]
    labels: LabelArguments,
    /// Print JSON, one object.
    #[arg(long)]
    json: bool,
    /// The same pictures as behind the models, for those who rather name them.
    #[arg(long = "images", value_name = "IMAGE", num_args = 1..)]
    named: Vec<PathBuf>,
    #[command(flatten)]
    pictures: PictureArguments,
}

/// What two models have in common.
#[derive(Debug, Serialize)]
struct Comparison {
    a: Side,
    b: Side,
    reference: bool,
    pictures: usize,
    unusable: usize,
    labels: usize,
    templates: usize,
    /// None if the models' embeddings have different widths, so that they cannot be compared.
    picture_cosine: Option<Spread>,
    label_cosine: Option<Spread>,
    /// Of the order of all labels, a picture at a time; none with one label.
    rank_correlation: Option<Spread>,
    /// Part of the pictures whose best label is the same.
    top1_agreement: f64,
    largest_score_difference: f32,
}

#[derive(Debug, Serialize)]
struct Side {
    model: String,
    sha256: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Spread {
    mean: f64,
    least: f64,
}

impl Spread {
    fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let (mut sum, mut count, mut least) = (0.0, 0.0, f64::INFINITY);
        for value in values {
            sum += value;
            count += 1.0;
            least = least.min(value);
        }
        (count > 0.0).then(|| Self {
            mean: sum / count,
            least,
        })
    }
}

/// What one model makes of everything.
struct Seen {
    side: Side,
    scale: f32,
    labels: Vec<Vec<f32>>,
    /// None for those that cannot be used.
    pictures: Vec<Option<Vec<f32>>>,
}

pub(crate) fn run(arguments: &CompareArguments) -> Result<(), Stop> {
    let labels = arguments.labels.labels()?;
    let templates = arguments.labels.templates.templates()?;
    let units = arguments.pictures.units_with(&arguments.named)?;
    let see = |path: &PathBuf, says: bool| -> Result<Seen, Stop> {
        let clip = model::at(path, model::arithmetic(arguments.reference))?;
        Ok(Seen {
            side: Side {
                model: path.to_string_lossy().into_owned(),
                sha256: model::sha256(path)?,
            },
            scale: clip.config().logit_scale,
            labels: labels::embed(clip.texts(), &labels, &templates)?,
            pictures: pictures(&clip, &units, says)?,
        })
    };
    let (a, b) = (see(&arguments.a, true)?, see(&arguments.b, false)?);
    let unusable = a
        .pictures
        .iter()
        .filter(|picture| picture.is_none())
        .count();
    if unusable == a.pictures.len() {
        return Err(Stop::Failed(
            "None of the pictures can be used, so that there is nothing to compare.".to_owned(),
        ));
    }
    let comparison = compare(a, b, unusable, templates.len(), arguments.reference);
    let mut out = io::stdout().lock();
    if arguments.json {
        json_line(&mut out, &comparison)?
    } else {
        print(&mut out, &comparison)?
    }
    Stop::unless(unusable == 0)
}

fn pictures(clip: &Clip, units: &[Unit], says: bool) -> Result<Vec<Option<Vec<f32>>>, Stop> {
    let progress = Progress::of(None, "pictures");
    let mut embeddings = Vec::new();
    each(clip.images(), units, |picture, embedded| {
        progress.advance(1);
        let said = match &embedded {
            Ok(embedding) => embedding.note(&picture.path),
            Err(sentence) => Some(sentence.clone()),
        };
        if let Some(said) = said.filter(|_| says) {
            progress.say(&said);
        }
        embeddings.push(embedded.ok().map(|embedding| embedding.vector));
        Ok(())
    })?;
    Ok(embeddings)
}

fn compare(a: Seen, b: Seen, unusable: usize, templates: usize, reference: bool) -> Comparison {
    let both: Vec<(&Vec<f32>, &Vec<f32>)> = a
        .pictures
        .iter()
        .zip(&b.pictures)
        .filter_map(|(a, b)| Some((a.as_ref()?, b.as_ref()?)))
        .collect();
    let comparable = a.labels[0].len() == b.labels[0].len();
    let cosines = |pairs: &mut dyn Iterator<Item = (&Vec<f32>, &Vec<f32>)>| {
        comparable.then(|| Spread::of(pairs.map(|(a, b)| dot(a, b))))?
    };
    let (mut ranks, mut same, mut difference) = (Vec::new(), 0, 0f32);
    for (of_a, of_b) in &both {
        let scores_a = zero_shot::score(of_a, &a.labels, a.scale);
        let scores_b = zero_shot::score(of_b, &b.labels, b.scale);
        let cosines = |scores: &[zero_shot::Score]| -> Vec<f32> {
            scores.iter().map(|score| score.cosine).collect()
        };
        let (cosines_a, cosines_b) = (cosines(&scores_a), cosines(&scores_b));
        if a.labels.len() > 1 {
            ranks.push(rank_correlation(&cosines_a, &cosines_b));
        }
        same += usize::from(best(&cosines_a) == best(&cosines_b));
        for (a, b) in scores_a.iter().zip(&scores_b) {
            difference = difference.max((a.probability - b.probability).abs());
        }
    }
    Comparison {
        pictures: both.len(),
        unusable,
        labels: a.labels.len(),
        templates,
        reference,
        picture_cosine: cosines(&mut both.iter().copied()),
        label_cosine: cosines(&mut a.labels.iter().zip(&b.labels)),
        rank_correlation: Spread::of(ranks),
        top1_agreement: same as f64 / both.len().max(1) as f64,
        largest_score_difference: difference,
        a: a.side,
        b: b.side,
    }
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    let products = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b));
    products.sum()
}

/// The first of the largest.
fn best(values: &[f32]) -> Option<usize> {
    let largest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    values.iter().position(|&value| value == largest)
}

/// Spearman's coefficient: that of Pearson between ranks, where equal values share the mean of
/// theirs.
fn rank_correlation(a: &[f32], b: &[f32]) -> f64 {
    let (a, b) = (ranks(a), ranks(b));
    let mean = (a.len() as f64 - 1.0) / 2.0;
    let product = |a: &[f64], b: &[f64]| -> f64 {
        a.iter().zip(b).map(|(a, b)| (a - mean) * (b - mean)).sum()
    };
    let spread = (product(&a, &a) * product(&b, &b)).sqrt();
    // Where one of them says the same of all labels, there is no order to agree on.
    if spread > 0.0 {
        product(&a, &b) / spread
    } else {
        0.0
    }
}

fn ranks(values: &[f32]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = first as f64 + (equal.len() as f64 - 1.0) / 2.0;
        equal.iter().for_each(|&i| ranks[i] = rank);
        first += equal.len();
    }
    ranks
}

fn print(out: &mut impl Write, comparison: &Comparison) -> io::Result<()> {
    let spread = |spread: Option<Spread>| match spread {
        Some(Spread { mean, least }) => format!("{mean:.6} on average, {least:.6} at least"),
        None => "cannot be compared".to_owned(),
    };
    let Comparison { a, b, .. } = comparison;
    writeln!(out, "A                {}", a.model)?;
    writeln!(out, "B                {}", b.model)?;
    writeln!(
        out,
        "pictures         {}, and {} that cannot be used",
        comparison.pictures, comparison.unusable
    )?;
    writeln!(
        out,
        "labels           {}, {} templates each",
        comparison.labels, comparison.templates
    )?;
    writeln!(
        out,
        "picture cosine   {}",
        spread(comparison.picture_cosine)
    )?;
    writeln!(out, "label cosine     {}", spread(comparison.label_cosine))?;
    writeln!(
        out,
        "rank correlation {}",
        spread(comparison.rank_correlation)
    )?;
    writeln!(
        out,
        "same best label  {:.2} %",
        100.0 * comparison.top1_agreement
    )?;
    writeln!(
        out,
        "scores           differ by {:.2} points at most",
        100.0 * comparison.largest_score_difference
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_agree_or_do_not() {
        assert_eq!(rank_correlation(&[0.1, 0.2, 0.9], &[1.0, 5.0, 6.0]), 1.0);
        assert_eq!(rank_correlation(&[0.1, 0.2, 0.9], &[3.0, 2.0, 1.0]), -1.0);
        assert_eq!(rank_correlation(&[1.0, 1.0], &[1.0, 2.0]), 0.0);
        assert_eq!(ranks(&[2.0, 1.0, 2.0]), [1.5, 0.0, 1.5]);
        // scipy.stats.spearmanr([1, 2, 3, 4, 5], [5, 6, 7, 8, 7])
        let value = rank_correlation(&[1.0, 2.0, 3.0, 4.0, 5.0], &[5.0, 6.0, 7.0, 8.0, 7.0]);
        assert!((value - 0.820_782_681_668_123_3).abs() < 1e-12, "{value}");
    }

    #[test]
    fn the_first_of_the_best_is_best() {
        assert_eq!(best(&[0.1, 0.5, 0.5]), Some(1));
        assert_eq!(best(&[]), None);
    }
}
