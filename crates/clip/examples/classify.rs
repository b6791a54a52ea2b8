//! Says how well each of some labels fits a picture.
//!
//! ```sh
//! cargo run --release --example classify -- MODEL.gguf PICTURE LABEL LABEL...
//! ```

use std::env;
use std::error::Error;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use cliplet_clip::{Arithmetic, Clip, picture, zero_shot};

/// The labels with their scores, from 0 to 1, the best first.
pub fn classify(
    model: &Path,
    picture: &Path,
    labels: &[String],
) -> Result<Vec<(String, f32)>, Box<dyn Error>> {
    let clip = Clip::read(&mut BufReader::new(File::open(model)?), Arithmetic::Fast)?;
    let image = clip.encode_picture(&picture::decode(&fs::read(picture)?)?)?;
    let mut texts = Vec::new();
    for label in labels {
        texts.push(clip.encode_text(&format!("a photo of a {label}"))?);
    }
    let scores = zero_shot::score(&image, &texts, clip.config().logit_scale);
    let scores = scores.iter().map(|score| score.probability);
    let mut results: Vec<_> = labels.iter().cloned().zip(scores).collect();
    results.sort_by(|a, b| b.1.total_cmp(&a.1));
    Ok(results)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [model, picture, labels @ ..] = &arguments[..] else {
        return Err("Give a model, a picture and some labels.".into());
    };
    for (label, score) in classify(Path::new(model), Path::new(picture), labels)? {
        println!("{:5.1} %  {label}", 100.0 * score);
    }
    Ok(())
}
