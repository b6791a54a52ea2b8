//! A linear probe: logistic regression on embeddings, fitted to some pictures and tried on others.

use std::path::PathBuf;

use clap::Args;
use cliplet_clip::linear_probe::{ANCHOR, Example, LinearProbe, Settings as Fit};
use serde::Serialize;

use super::data::Data;
use super::report::{Settings, line, mean, percent, recall, report};
use crate::model::{self, ModelArguments};
use crate::stop::{Stop, say};

pub(super) const EXAMPLES: &str = "\
Example:
  cliplet eval probe --model laion.gguf --train pets/train --test pets/test

Both folders have a subfolder for each class, of the same names. What the values mean is what they mean in scikit-learn's
LogisticRegression.";

#[derive(Debug, Args)]
pub(crate) struct ProbeArguments {
    #[command(flatten)]
    model: ModelArguments,
    /// Pictures that the probe is fitted to: a folder with a subfolder for each class, or a tar
    /// archive.
    #[arg(long, value_name = "DATA")]
    train: PathBuf,
    /// Pictures that it is tried on.
    #[arg(long, value_name = "DATA")]
    test: PathBuf,
    /// A file with a class name a line, which archives need.
    #[arg(long, value_name = "FILE")]
    classes: Option<PathBuf>,
    /// Inverse strength of the penalty on large weights.
    #[arg(long, default_value_t = Fit::default().c)]
    c: f64,
    /// Print JSON, one object.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Outcome {
    #[serde(flatten)]
    settings: Settings,
    c: f64,
    classes: usize,
    train_pictures: usize,
    pictures: usize,
    unusable: usize,
    top1: f64,
    mean_per_class_recall: f64,
}

pub(super) fn run(arguments: &ProbeArguments) -> Result<(), Stop> {
    if arguments.c.is_nan() || arguments.c <= 0.0 {
        return Err(Stop::Usage("--c must be above zero.".to_owned()));
    }
    let find =
        |path: &PathBuf| Data::find(std::slice::from_ref(path), arguments.classes.as_deref());
    let (train, test) = (find(&arguments.train)?, find(&arguments.test)?);
    if train.classes != test.classes {
        return Err(Stop::Failed(
            "The classes of the pictures to fit to and of those to try are not the same."
                .to_owned(),
        ));
    }
    let clip = model::whole(&arguments.model)?;
    let mut examples = Vec::new();
    let mut unusable = train.embed(clip.images(), |class, embedding| {
        examples.push((class, embedding));
    })?;
    let borrowed: Vec<Example> = examples
        .iter()
        .map(|(class, embedding)| Example {
            embedding,
            class: *class,
        })
        .collect();
    let anchor = clip.encode_text(ANCHOR).map_err(Stop::failed)?;
    let settings = Settings::new("probe", &arguments.model)?;
    say(&format!(
        "The probe is being fitted to {} pictures.",
        borrowed.len()
    ));
    let fit = Fit { c: arguments.c };
    let probe = LinearProbe::fit(
        &settings.model,
        &anchor,
        &train.classes,
        &borrowed,
        fit,
        None,
    )
    .map_err(Stop::failed)?;
    let mut counts = vec![(0usize, 0usize); test.classes.len()];
    unusable += test.embed(clip.images(), |class, embedding| {
        let logits = probe.logits(&embedding);
        let best = (0..logits.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b]));
        counts[class].0 += 1;
        counts[class].1 += usize::from(best == Some(class));
    })?;
    let pictures: usize = counts.iter().map(|(pictures, _)| pictures).sum();
    let right: usize = counts.iter().map(|(_, right)| right).sum();
    if pictures == 0 {
        return Err(Stop::Failed(
            "There is no picture to try that can be used.".to_owned(),
        ));
    }
    let outcome = Outcome {
        settings,
        c: arguments.c,
        classes: test.classes.len(),
        train_pictures: examples.len(),
        pictures,
        unusable,
        top1: right as f64 / pictures as f64,
        mean_per_class_recall: mean(
            counts
                .iter()
                .map(|&(pictures, right)| recall(pictures, right)),
        ),
    };
    report(arguments.json, &outcome, |out, outcome| {
        outcome.settings.print(out)?;
        line(out, "classes", outcome.classes)?;
        line(out, "C", outcome.c)?;
        line(out, "pictures to fit to", outcome.train_pictures)?;
        line(out, "pictures to try", outcome.pictures)?;
        line(out, "that cannot be used", outcome.unusable)?;
        line(out, "top-1", percent(outcome.top1))?;
        line(
            out,
            "mean per-class recall",
            percent(outcome.mean_per_class_recall),
        )
    })?;
    Stop::unless(unusable == 0)
}
