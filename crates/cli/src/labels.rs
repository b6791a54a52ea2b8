//! Labels and prompt templates, as the arguments name them, and what the model makes of them.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use cliplet_clip::{TextEncoder, zero_shot};
use cliplet_protocol::label_list::{self, Colons};
use cliplet_protocol::{template, text};

use crate::model::embed_texts;
use crate::progress::Progress;
use crate::stop::{Stop, say};
use crate::text_file;

/// ImageNet-1k's class names as CLIP's authors cleaned them up; `public/label-sets/SOURCES.md` says
/// where they come from.
const IMAGENET_1K: &str = include_str!("../../../public/label-sets/imagenet-1k.txt");
/// What the list is called on the command line.
const IMAGENET_1K_NAME: &str = "imagenet-1k";
/// The 80 templates that CLIP's authors used on ImageNet.
const IMAGENET_80: &str = include_str!("../../../public/templates/imagenet-80.txt");

#[derive(Debug, Args)]
pub(crate) struct LabelArguments {
    /// Candidate labels: a list as in a file of them, such as "cat, dog". These, or --labels-file.
    #[arg(long)]
    pub(crate) labels: Option<String>,
    /// A file of labels: one a line or separated by commas, semicolons or tabs, with bullets or
    /// numbers, or as JSON, Markdown or HTML; - for stdin; or imagenet-1k for the 1,000 names of
    /// ImageNet's classes.
    #[arg(long, value_name = "FILE", conflicts_with = "labels")]
    pub(crate) labels_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) templates: TemplateArguments,
}

#[derive(Debug, Args)]
pub(crate) struct TemplateArguments {
    /// Prompt template; {} stands for the label. May be given several times: a label's embedding is
    /// then the mean over them.
    #[arg(long, value_name = "TEMPLATE", default_value = template::DEFAULT)]
    pub(crate) template: Vec<String>,
    /// A file with a template a line, or imagenet-80 for the 80 that CLIP's authors used on
    /// ImageNet.
    #[arg(long, value_name = "FILE", conflicts_with = "template")]
    pub(crate) template_file: Option<PathBuf>,
}

impl LabelArguments {
    /// The labels: trimmed, without empty ones, each once.
    pub(crate) fn labels(&self) -> Result<Vec<String>, Stop> {
        let labels = match (&self.labels, &self.labels_file) {
            (Some(list), _) => label_list::read_distinct(list, Colons::Plain),
            (None, Some(path)) => listed(path)?,
            (None, None) => {
                return Err(Stop::Usage(
                    "There is nothing to compare with: name labels as in --labels \"cat, dog\", or a file of them as in \
                     --labels-file animals.txt."
                        .to_owned(),
                ));
            }
        };
        if labels.is_empty() {
            Err(Stop::Usage(
                "There is no label: at least one is wanted, as in --labels \"cat, dog\"."
                    .to_owned(),
            ))
        } else {
            Ok(labels)
        }
    }
}

/// The labels of a file, of stdin, or of the list that is built in, each once.
fn listed(path: &Path) -> Result<Vec<String>, Stop> {
    if is_built_in(path, IMAGENET_1K_NAME) {
        // Two of its names are there twice.
        return Ok(label_list::distinct(labels_in(path)?, Colons::Plain));
    }
    let list = if path == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .map_err(|error| Stop::unreadable(path, &error))?;
        text_file::decode(Path::new("stdin"), &bytes)?
    } else {
        text_file::read(path)?
    };
    let labels = label_list::read(&list, Colons::Plain);
    let lines = text::lines(&list).filter(|line| !line.trim().is_empty());
    let lines = lines.count();
    if lines > 1 && labels.len() > lines {
        say(&format!(
            "{}: {lines} lines hold {} labels, since commas, semicolons and tabs separate labels. A label that has one goes in \
             double quotes.",
            path.display(),
            labels.len()
        ));
    }
    Ok(label_list::distinct(labels, Colons::Plain))
}

/// The lines of a file of class names, or of the list that is built in.
pub(crate) fn labels_in(path: &Path) -> Result<Vec<String>, Stop> {
    lines(path, IMAGENET_1K_NAME, IMAGENET_1K)
}

impl TemplateArguments {
    /// The templates, each of which has a place for the label.
    pub(crate) fn templates(&self) -> Result<Vec<String>, Stop> {
        let templates = match &self.template_file {
            Some(path) => lines(path, "imagenet-80", IMAGENET_80)?,
            None => self.template.clone(),
        };
        if templates.is_empty() {
            return Err(Stop::Usage("There is no template.".to_owned()));
        }
        match templates
            .iter()
            .find(|template| !template::has_placeholder(template))
        {
            Some(template) => Err(Stop::Usage(format!(
                "The template \"{template}\" has no {{}} where the label goes."
            ))),
            None => Ok(templates),
        }
    }
}

/// The lines of a file that are not empty, trimmed; or of a list that is built in, if that is its
/// name and no file has it.
fn lines(path: &Path, built_in: &str, list: &str) -> Result<Vec<String>, Stop> {
    let text = if is_built_in(path, built_in) {
        list.to_owned()
    } else {
        text_file::read(path)?
    };
    let lines = text::lines(&text).map(str::trim);
    Ok(lines
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect())
}

fn is_built_in(path: &Path, name: &str) -> bool {
    path == Path::new(name) && !path.exists()
}

/// An embedding a label: of its prompt, or of several the mean, made unit again, as CLIP's authors
/// did it.
pub(crate) fn embed(
    encoder: &TextEncoder,
    labels: &[String],
    templates: &[String],
) -> Result<Vec<Vec<f32>>, Stop> {
    let prompts: Vec<(String, String)> = labels
        .iter()
        .flat_map(|label| {
            templates.iter().map(move |template| {
                let name = format!("prompt for \"{label}\"");
                (template::fill(template, label), name)
            })
        })
        .collect();
    let progress = Progress::of(Some(prompts.len() as u64), "prompts");
    let embeddings = embed_texts(encoder, &prompts, |done| progress.advance(done as u64))?;
    Ok(embeddings
        .chunks(templates.len())
        .map(zero_shot::ensemble)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_that_are_built_in_are_whole() {
        let names = labels_in(Path::new("imagenet-1k")).unwrap();
        assert_eq!(names.len(), 1000);
        assert_eq!(names[0], "tench");
        let templates = TemplateArguments {
            template: Vec::new(),
            template_file: Some("imagenet-80".into()),
        };
        assert_eq!(templates.templates().unwrap().len(), 80);
    }
}
