//! Zero-shot classification: the class whose name fits best, and how often that is the right one.

use std::path::PathBuf;

use clap::Args;
use cliplet_clip::zero_shot::cosine;
use serde::Serialize;

use super::data::Data;
use super::report::{Settings, line, mean, percent, recall, report};
use crate::labels::{self, TemplateArguments};
use crate::model::{self, ModelArguments};
use crate::stop::Stop;

pub(super) const EXAMPLES: &str = "\
Examples:
  cliplet eval zero-shot --model laion.gguf pets/
  cliplet eval zero-shot --model laion.gguf --classes imagenet-1k --template-file imagenet-80 imagenet/val/
  cliplet eval zero-shot --model laion.gguf --classes names.txt --json shards/*.tar

A folder has a subfolder for each class, with its pictures. Archives are webdataset's: 0001.jpg, 0001.cls, 0002.jpg and so on.";

#[derive(Debug, Args)]
pub(crate) struct ZeroShotArguments {
    #[command(flatten)]
    model: ModelArguments,
    /// A file with a class name a line, in the order of the classes' numbers, which for a folder is
    /// the alphabetical order of its subfolders; or imagenet-1k. Without it, a folder's classes are
    /// called as its subfolders.
    #[arg(long, value_name = "FILE")]
    classes: Option<PathBuf>,
    #[command(flatten)]
    templates: TemplateArguments,
    /// Print JSON, one object, with the recall of each class.
    #[arg(long)]
    json: bool,
    /// A folder with a subfolder for each class, or tar archives.
    #[arg(required = true, value_name = "DATA")]
    data: Vec<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Outcome {
    #[serde(flatten)]
    settings: Settings,
    templates: Vec<String>,
    pictures: usize,
    unusable: usize,
    classes: usize,
    top1: f64,
    /// None with fewer than five classes.
    top5: Option<f64>,
    /// Of the classes that have pictures.
    mean_per_class_recall: f64,
    recalls: Vec<Recall>,
}

#[derive(Debug, Serialize)]
struct Recall {
    class: String,
    pictures: usize,
    /// None without pictures.
    recall: Option<f64>,
}

/// Pictures of a class, and how many of them were told rightly.
#[derive(Clone, Copy, Default)]
struct Count {
    pictures: usize,
    first: usize,
    among_five: usize,
}

pub(super) fn run(arguments: &ZeroShotArguments) -> Result<(), Stop> {
    let templates = arguments.templates.templates()?;
    let data = Data::find(&arguments.data, arguments.classes.as_deref())?;
    let clip = model::whole(&arguments.model)?;
    let texts = labels::embed(clip.texts(), &data.classes, &templates)?;
    let mut counts = vec![Count::default(); data.classes.len()];
    let unusable = data.embed(clip.images(), |class, embedding| {
        let cosines: Vec<f32> = texts.iter().map(|text| cosine(&embedding, text)).collect();
        let before = before(&cosines, class);
        let count = &mut counts[class];
        count.pictures += 1;
        count.first += usize::from(before == 0);
        count.among_five += usize::from(before < 5);
    })?;
    let sum = |of: fn(&Count) -> usize| counts.iter().map(of).sum::<usize>();
    let pictures = sum(|count| count.pictures);
    if pictures == 0 {
        return Err(Stop::Failed(
            "There is no picture that can be used.".to_owned(),
        ));
    }
    let part = |count: usize| count as f64 / pictures as f64;
    let recalls: Vec<Recall> = data
        .classes
        .iter()
        .zip(&counts)
        .map(|(class, count)| Recall {
            class: class.clone(),
            pictures: count.pictures,
            recall: recall(count.pictures, count.first),
        })
        .collect();
    let outcome = Outcome {
        settings: Settings::new("zero-shot", &arguments.model)?,
        templates,
        pictures,
        unusable,
        classes: data.classes.len(),
        top1: part(sum(|count| count.first)),
        top5: (data.classes.len() >= 5).then(|| part(sum(|count| count.among_five))),
        mean_per_class_recall: mean(recalls.iter().map(|class| class.recall)),
        recalls,
    };
    report(arguments.json, &outcome, |out, outcome| {
        outcome.settings.print(out)?;
        line(out, "classes", outcome.classes)?;
        line(out, "templates", outcome.templates.len())?;
        line(out, "pictures", outcome.pictures)?;
        line(out, "that cannot be used", outcome.unusable)?;
        line(out, "top-1", percent(outcome.top1))?;
        if let Some(top5) = outcome.top5 {
            line(out, "top-5", percent(top5))?;
        }
        line(
            out,
            "mean per-class recall",
            percent(outcome.mean_per_class_recall),
        )
    })?;
    Stop::unless(unusable == 0)
}

/// How many classes come before this one: those that fit better, and of those that fit as well the
/// ones with lower numbers.
fn before(cosines: &[f32], class: usize) -> usize {
    let own = cosines[class];
    cosines
        .iter()
        .enumerate()
        .filter(|&(other, &cosine)| cosine > own || (cosine == own && other < class))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_counted_in_their_order() {
        let cosines = [0.1, 0.5, 0.5, 0.3];
        assert_eq!(
            (0..4)
                .map(|class| before(&cosines, class))
                .collect::<Vec<_>>(),
            [3, 0, 1, 2]
        );
    }
}
