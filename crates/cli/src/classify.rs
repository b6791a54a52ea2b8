//! `cliplet classify`.

use std::borrow::Cow;
use std::io::{self, Write};

use cliplet_clip::{prompt, zero_shot};
use serde::Serialize;

use crate::arguments::ClassifyArguments;
use crate::{Stop, input, output};

/// One picture's line of JSON.
#[derive(Serialize)]
struct Classified<'a> {
    image: Cow<'a, str>,
    results: Vec<LabelResult<'a>>,
}

#[derive(Serialize)]
struct LabelResult<'a> {
    label: &'a str,
    score: f32,
    cosine: f32,
}

pub(crate) fn run(arguments: &ClassifyArguments) -> Result<(), Stop> {
    let labels = labels(&arguments.labels)?;
    if !prompt::has_placeholder(&arguments.template) {
        return Err(Stop::Usage(format!(
            "The template \"{}\" has no {{}} where the label goes.",
            arguments.template
        )));
    }
    let clip = input::model(&arguments.model)?;
    let prompts: Vec<String> = labels
        .iter()
        .map(|label| prompt::fill(&arguments.template, label))
        .collect();
    let named = prompts.iter().map(String::as_str).zip(&labels);
    let named: Vec<_> = named
        .map(|(prompt, label)| (prompt, format!("prompt for \"{label}\"")))
        .collect();
    let texts = input::texts(&clip, &named)?;
    let mut out = io::stdout().lock();
    let mut all_used = true;
    for path in &arguments.images {
        let Some(picture) = input::picture(path) else {
            all_used = false;
            continue;
        };
        let image = clip.encode_picture(&picture).map_err(Stop::failed)?;
        let scores = zero_shot::score(&image, &texts, clip.config().logit_scale);
        let mut results: Vec<LabelResult> = labels
            .iter()
            .zip(scores)
            .map(|(label, score)| LabelResult {
                label,
                score: score.probability,
                cosine: score.cosine,
            })
            .collect();
        results.sort_by(|a, b| b.cosine.total_cmp(&a.cosine));
        if arguments.json {
            // The bytes of a name need not be text, which JSON is.
            let image = path.to_string_lossy();
            output::json_line(&mut out, &Classified { image, results })?;
        } else {
            writeln!(out, "{}", path.display())?;
            for result in &results {
                writeln!(out, "{:8.2} %  {}", 100.0 * result.score, result.label)?;
            }
        }
    }
    Stop::unless(all_used)
}

/// The labels of a comma-separated list: trimmed, without empty ones, each once.
fn labels(list: &str) -> Result<Vec<&str>, Stop> {
    let mut labels: Vec<&str> = Vec::new();
    for label in list.split(',').map(str::trim) {
        if !label.is_empty() && !labels.contains(&label) {
            labels.push(label);
        }
    }
    match labels.is_empty() {
        true => Err(Stop::Usage(
            "There is no label: --labels wants at least one, as in --labels \"cat, dog\"."
                .to_owned(),
        )),
        false => Ok(labels),
    }
}
