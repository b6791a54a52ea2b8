//! Retrieval: a picture by its captions, and captions by their picture.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use clap::Args;
use cliplet_clip::zero_shot::cosine;
use cliplet_protocol::text;
use serde::{Deserialize, Serialize};

use super::report::{Settings, line, percent, report};
use crate::encode::each;
use crate::model::{self, ModelArguments};
use crate::pictures::Unit;
use crate::progress::Progress;
use crate::stop::Stop;
use crate::text_file;

pub(super) const EXAMPLES: &str = "\
Example:
  cliplet eval retrieval --model laion.gguf --captions captions.jsonl

Each line of the file is {\"image\":\"a.jpg\", \"captions\":[\"a cat\", \"a cat on a sofa\"]}, or a path, a tab and a caption. Paths are
relative to the file.";

#[derive(Debug, Args)]
pub(crate) struct RetrievalArguments {
    #[command(flatten)]
    model: ModelArguments,
    /// Pictures and their captions: JSON, an object a line, or a path, a tab and a caption a line.
    #[arg(long, value_name = "FILE")]
    captions: PathBuf,
    /// Print JSON, one object.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Outcome {
    #[serde(flatten)]
    settings: Settings,
    pictures: usize,
    unusable: usize,
    captions: usize,
    /// Part of the captions whose picture is among the first so many.
    text_to_image: Recalls,
    /// Part of the pictures that have one of their captions among the first so many.
    image_to_text: Recalls,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Recalls {
    at_1: f64,
    at_5: f64,
    at_10: f64,
}

impl Recalls {
    /// From how many others come before the right one.
    fn of(before: &[usize]) -> Self {
        let at = |most: usize| {
            let found = before.iter().filter(|&&before| before < most).count();
            found as f64 / before.len() as f64
        };
        Self {
            at_1: at(1),
            at_5: at(5),
            at_10: at(10),
        }
    }
}

/// Pictures, each with its captions.
type Pairs = Vec<(PathBuf, Vec<String>)>;

#[derive(Deserialize)]
struct Line {
    image: PathBuf,
    #[serde(default)]
    captions: Vec<String>,
    caption: Option<String>,
}

/// Reads a file of captions. A picture may be on several lines.
fn read(path: &Path) -> Result<Pairs, Stop> {
    let list = text_file::read(path)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut pairs: Pairs = Vec::new();
    let mut places: HashMap<PathBuf, usize> = HashMap::new();
    for (number, line) in text::lines(&list).enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let wrong =
            |what: &str| Stop::Failed(format!("{}, line {}: {what}.", path.display(), number + 1));
        let (image, captions) = if line.trim_start().starts_with('{') {
            let line: Line =
                serde_json::from_str(line).map_err(|error| wrong(&error.to_string()))?;
            let captions = line.captions.into_iter().chain(line.caption);
            (line.image, captions.collect())
        } else {
            let (image, caption) = line
                .split_once('\t')
                .ok_or_else(|| wrong("there is no tab between a picture and its caption"))?;
            (PathBuf::from(image), vec![caption.to_owned()])
        };
        let captions: Vec<String> = captions;
        if captions.is_empty() {
            return Err(wrong("the picture has no caption"));
        }
        let image = folder.join(image);
        let place = *places.entry(image.clone()).or_insert_with(|| {
            pairs.push((image, Vec::new()));
            pairs.len() - 1
        });
        pairs[place].1.extend(captions);
    }
    Ok(pairs)
}

pub(super) fn run(arguments: &RetrievalArguments) -> Result<(), Stop> {
    let pairs = read(&arguments.captions)?;
    let clip = model::whole(&arguments.model)?;
    let units: Vec<Unit> = pairs
        .iter()
        .map(|(path, _)| Unit::File(path.clone()))
        .collect();
    let progress = Progress::of(Some(units.len() as u64), "pictures");
    let (mut images, mut texts, mut owner, mut unusable) = (Vec::new(), Vec::new(), Vec::new(), 0);
    let mut captions = pairs.iter().map(|(_, captions)| captions);
    each(clip.images(), &units, |picture, embedded| {
        progress.advance(1);
        let captions = captions.next().expect("there is one a picture");
        match embedded {
            Ok(embedding) => {
                if let Some(note) = embedding.note(&picture.path) {
                    progress.say(&note);
                }
                for caption in captions {
                    texts.push((caption.clone(), format!("caption \"{caption}\"")));
                    owner.push(images.len());
                }
                images.push(embedding.vector);
            }
            Err(sentence) => {
                unusable += 1;
                progress.say(&sentence);
            }
        }
        Ok(())
    })?;
    drop(progress);
    if images.is_empty() {
        return Err(Stop::Failed(
            "There is no picture that can be used.".to_owned(),
        ));
    }
    let progress = Progress::of(Some(texts.len() as u64), "captions");
    let texts = model::embed_texts(clip.texts(), &texts, |done| progress.advance(done as u64))?;
    drop(progress);
    let outcome = Outcome {
        settings: Settings::new("retrieval", &arguments.model)?,
        pictures: images.len(),
        unusable,
        captions: texts.len(),
        text_to_image: Recalls::of(&text_to_image(&images, &texts, &owner)),
        image_to_text: Recalls::of(&image_to_text(&images, &texts, &owner)),
    };
    report(arguments.json, &outcome, |out, outcome| {
        outcome.settings.print(out)?;
        line(out, "pictures", outcome.pictures)?;
        line(out, "that cannot be used", outcome.unusable)?;
        line(out, "captions", outcome.captions)?;
        for (name, recalls) in [
            ("text to image", outcome.text_to_image),
            ("image to text", outcome.image_to_text),
        ] {
            line(out, &format!("{name} recall@1"), percent(recalls.at_1))?;
            line(out, &format!("{name} recall@5"), percent(recalls.at_5))?;
            line(out, &format!("{name} recall@10"), percent(recalls.at_10))?;
        }
        Ok(())
    })?;
    Stop::unless(unusable == 0)
}

/// For each text, how many pictures come before its own.
fn text_to_image(images: &[Vec<f32>], texts: &[Vec<f32>], owner: &[usize]) -> Vec<usize> {
    texts
        .iter()
        .zip(owner)
        .map(|(text, &owner)| {
            let own = cosine(&images[owner], text);
            let better = images.iter().enumerate().filter(|&(i, image)| {
                let other = cosine(image, text);
                other > own || (other == own && i < owner)
            });
            better.count()
        })
        .collect()
}

/// For each picture, how many texts of others come before the best of its own.
fn image_to_text(images: &[Vec<f32>], texts: &[Vec<f32>], owner: &[usize]) -> Vec<usize> {
    images
        .iter()
        .enumerate()
        .map(|(i, image)| {
            let cosines: Vec<f32> = texts.iter().map(|text| cosine(image, text)).collect();
            let of_own = cosines.iter().zip(owner).filter(|&(_, &owner)| owner == i);
            let own = of_own
                .map(|(&cosine, _)| cosine)
                .fold(f32::NEG_INFINITY, f32::max);
            let better = cosines.iter().zip(owner);
            better
                .filter(|&(&cosine, &owner)| owner != i && cosine > own)
                .count()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_before_is_counted() {
        let images = [vec![1.0, 0.0], vec![0.0, 1.0]];
        let texts = [vec![0.9, 0.1], vec![0.8, 0.2], vec![0.7, 0.3]];
        let owner = [0, 0, 1];
        assert_eq!(text_to_image(&images, &texts, &owner), [0, 0, 1]);
        assert_eq!(image_to_text(&images, &texts, &owner), [0, 0]);
        let recalls = Recalls::of(&[0, 0, 1]);
        assert!((recalls.at_1 - 2.0 / 3.0).abs() < 1e-12 && recalls.at_5 == 1.0);
    }
}
