//! `cliplet convert`.

mod input;

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use cliplet_checkpoints::{Checkpoint, as_transformers, gguf, open_clip, send};
use cliplet_clip::Error;
use cliplet_clip::gguf::{Gguf, WeightType};
use cliplet_clip::hugging_face::{self, Conversion};

use crate::model::about;
use crate::output::{NewFile, refuse_inputs};
use crate::progress::Progress;
use crate::stop::{Stop, say};
use input::{Layout, Model, Weights};

pub(crate) const EXAMPLES: &str = "\
Examples:
  cliplet convert CLIP-ViT-B-32-laion2B-s34B-b79K laion.gguf
  cliplet convert --weights q4_0 open_clip_model.safetensors laion-small.gguf
  cliplet convert --tower image laion-f32.gguf laion-pictures-only.gguf

A folder holds config.json, preprocessor_config.json, tokenizer.json, and model.safetensors, the files that
model.safetensors.index.json lists, or pytorch_model.bin; or, as OpenCLIP lays it out, open_clip_config.json, tokenizer.json, and
open_clip_model.safetensors or open_clip_pytorch_model.bin. What is in a .bin is read, and never run.";

#[derive(Debug, Args)]
pub(crate) struct ConvertArguments {
    /// How matrices are stored: f32, f16, q8_0, q5_1, q5_0, q4_1 or q4_0.
    #[arg(long, value_name = "TYPE", default_value = "q8_0", value_parser = weight_type)]
    weights: WeightType,
    /// Which towers the new file has; if nothing is said, those that IN has.
    #[arg(long, value_enum)]
    tower: Option<Tower>,
    /// A folder laid out like a repository of the Hugging Face Hub, one of the files of weights in
    /// such a folder, or a GGUF.
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// The GGUF to write; one that is there is replaced when the new one is whole.
    #[arg(value_name = "OUT.gguf")]
    out: PathBuf,
}

/// Which towers a file gets, as the arguments say it.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Tower {
    /// Both.
    Both,
    /// The one that encodes pictures.
    Image,
    /// The one that encodes texts.
    Text,
}

impl Tower {
    fn towers(self) -> hugging_face::Towers {
        match self {
            Self::Both => hugging_face::Towers::Both,
            Self::Image => hugging_face::Towers::Image,
            Self::Text => hugging_face::Towers::Text,
        }
    }
}

fn weight_type(name: &str) -> Result<WeightType, String> {
    name.parse().map_err(|()| {
        let names: Vec<String> = WeightType::ALL.iter().map(WeightType::to_string).collect();
        format!("the types are {}", names.join(", "))
    })
}

pub(crate) fn run(arguments: &ConvertArguments) -> Result<(), Stop> {
    let ConvertArguments {
        weights,
        tower,
        input,
        out,
    } = arguments;
    refuse_inputs(&[out], read_of(input).iter().map(PathBuf::as_path))?;
    let failed = |error: Error| Stop::Failed(about(input, &error));
    let Model {
        description,
        weights: found,
    } = input::find(input)?;
    let towers = tower.map_or(description.towers, Tower::towers);
    let mut conversion = Conversion::of(description.clone(), *weights, towers).map_err(failed)?;
    for remark in conversion.remarks() {
        say(remark);
    }
    let mut new = NewFile::create_seekable(out, "GGUF")?;
    conversion.begin(&mut new).map_err(failed)?;
    match found {
        Weights::Gguf(mut file) => {
            let mut file = Gguf::open(&mut file).map_err(failed)?;
            let bytes = file.tensors().iter().map(|tensor| tensor.bytes).sum();
            let progress = Progress::of_bytes(bytes);
            gguf::send(
                &input.to_string_lossy(),
                &mut file,
                &description,
                &mut conversion,
                &mut new,
                |bytes| progress.advance(bytes),
            )
            .map_err(failed)?;
        }
        Weights::Checkpoints(layout, mut checkpoints) => {
            let bytes = |checkpoint: &Checkpoint<_>| -> u64 {
                checkpoint.tensors.iter().map(|tensor| tensor.bytes()).sum()
            };
            let progress = Progress::of_bytes(checkpoints.iter().map(bytes).sum());
            for checkpoint in &mut checkpoints {
                let pieces = match layout {
                    Layout::Transformers => as_transformers(checkpoint),
                    Layout::OpenClip => open_clip::pieces(checkpoint),
                };
                send(checkpoint, &pieces, &mut conversion, &mut new, |bytes| {
                    progress.advance(bytes);
                })
                .map_err(failed)?;
            }
        }
    }
    conversion.finish(&mut new).map_err(failed)?;
    new.keep()?;
    say(&format!(
        "{} is written: {weights}, {} bytes.",
        out.display(),
        conversion.length()
    ));
    Ok(())
}

/// What may be read of a model: what is named, and in its folder all that is no GGUF and no other
/// model's weights.
fn read_of(input: &Path) -> Vec<PathBuf> {
    let (folder, is_folder) = if input.is_dir() {
        (input, true)
    } else {
        (input.parent().unwrap_or(input), false)
    };
    let folder = if folder == Path::new("") {
        Path::new(".")
    } else {
        folder
    };
    let has = |path: &Path, ending: &str| path.extension().is_some_and(|own| own == ending);
    let beside = fs::read_dir(folder).into_iter().flatten().flatten();
    let beside = beside.map(|entry| entry.path()).filter(|path| {
        // A folder's weights may have any name that its index lists.
        has(path, "json") || is_folder && !has(path, "gguf")
    });
    beside.chain([input.to_owned()]).collect()
}
