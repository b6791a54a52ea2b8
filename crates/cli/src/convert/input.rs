//! What there is to convert: which layout, which files.

use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use cliplet_checkpoints::{Checkpoint, gguf, open_clip, pytorch, safetensors};
use cliplet_clip::Error;
use cliplet_clip::gguf::Gguf;
use cliplet_clip::hugging_face::{Description, Repository, SAFETENSORS, SAFETENSORS_INDEX, shards};
use cliplet_clip::tokenizer::json_of_files;

use crate::model::{about, open};
use crate::stop::Stop;

/// transformers' file of weights before there were safetensors.
const PICKLE: &str = "pytorch_model.bin";
const CONFIG: &str = "config.json";
const TOKENIZER: &str = "tokenizer.json";

/// A model that was found.
pub(super) struct Model {
    pub(super) description: Description,
    pub(super) weights: Weights,
}

/// Where its weights are.
pub(super) enum Weights {
    Gguf(File),
    Checkpoints(Layout, Vec<Checkpoint<File>>),
}

/// Whose names tensors have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Transformers,
    OpenClip,
}

/// Looks at what a path names: a folder, a GGUF, or a file of weights in a folder with the files
/// that describe it.
pub(super) fn find(path: &Path) -> Result<Model, Stop> {
    if path.is_dir() {
        let (layout, files) = in_folder(path)?;
        let weights = files.iter().map(|file| checkpoint(file));
        let weights = weights.collect::<Result<_, Stop>>()?;
        return of_folder(path, layout, weights);
    }
    let mut file = open(path)?;
    let first = first(path, &mut file)?;
    if first.starts_with(b"GGUF") {
        let described = Gguf::open(&mut file).and_then(|file| gguf::describe(&file));
        return Ok(Model {
            description: described.map_err(|error| Stop::Failed(about(path, &error)))?,
            weights: Weights::Gguf(file),
        });
    }
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_open_clip = name.starts_with("open_clip") || !folder.join(CONFIG).exists();
    let layout = if is_open_clip && folder.join(open_clip::CONFIG).exists() {
        Layout::OpenClip
    } else {
        Layout::Transformers
    };
    // What is wrong with the file itself comes before what is missing beside it.
    let weights = checkpoint(path)?;
    if layout == Layout::Transformers && !folder.join(CONFIG).exists() {
        return Err(Stop::Failed(format!(
            "{} says nothing of its model's shape: {CONFIG} or {} must lie beside it.",
            path.display(),
            open_clip::CONFIG
        )));
    }
    of_folder(folder, layout, vec![weights])
}

/// Enough of a file's beginning to tell what it is; it is read from its beginning afterwards.
fn first(path: &Path, file: &mut File) -> Result<Vec<u8>, Stop> {
    let mut first = Vec::new();
    file.by_ref()
        .take(512)
        .read_to_end(&mut first)
        .and_then(|_| file.rewind())
        .map_err(|error| Stop::unreadable(path, &error))?;
    Ok(first)
}

/// The layout of a folder, and its files of weights. One that has both is taken as transformers
/// lays it out.
fn in_folder(folder: &Path) -> Result<(Layout, Vec<PathBuf>), Stop> {
    let there = |name: &str| {
        let path = folder.join(name);
        path.exists().then_some(path)
    };
    if there(CONFIG).is_some() {
        if let Some(path) = there(SAFETENSORS) {
            return Ok((Layout::Transformers, vec![path]));
        }
        if let Some(index) = small_file(folder, SAFETENSORS_INDEX)? {
            let names = shards(&index).map_err(|error| Stop::Failed(about(folder, &error)))?;
            if let Some(missing) = names.iter().find(|name| there(name).is_none()) {
                return Err(Stop::Failed(format!(
                    "{} lacks {missing}, which {SAFETENSORS_INDEX} lists: a part of the model is missing.",
                    folder.display()
                )));
            }
            let paths = names.iter().map(|name| folder.join(name));
            return Ok((Layout::Transformers, paths.collect()));
        }
        if let Some(path) = there(PICKLE) {
            return Ok((Layout::Transformers, vec![path]));
        }
    }
    if there(open_clip::CONFIG).is_some() {
        if let Some(path) = open_clip::WEIGHTS.into_iter().find_map(there) {
            return Ok((Layout::OpenClip, vec![path]));
        }
        let [safetensors, pickle] = open_clip::WEIGHTS;
        return Err(Stop::Failed(format!(
            "{} has {}, but neither {safetensors} nor {pickle}.",
            folder.display(),
            open_clip::CONFIG
        )));
    }
    let lacks = match there(CONFIG) {
        Some(_) => format!(
            "neither {SAFETENSORS} nor {SAFETENSORS_INDEX} nor {PICKLE}, and so no weights that can be read"
        ),
        None => format!(
            "neither {CONFIG} nor {}, and so is not laid out as a CLIP of transformers or of OpenCLIP",
            open_clip::CONFIG
        ),
    };
    let instead = instead(folder).map(|what| format!("; {what}"));
    Err(Stop::Failed(format!(
        "{} has {lacks}{}.",
        folder.display(),
        instead.unwrap_or_default()
    )))
}

/// What a folder has that somebody may have taken for a CLIP's files.
fn instead(folder: &Path) -> Option<String> {
    const OTHERS: [(&str, &str); 8] = [
        (
            "adapter_config.json",
            "is of an adapter (LoRA), which is to be merged into its model first",
        ),
        (
            "pytorch_model.bin.index.json",
            "lists pickles, which are read if they are one file; save the model as safetensors",
        ),
        ("tf_model.h5", "is for TensorFlow, and is not read"),
        ("flax_model.msgpack", "is for Flax, and is not read"),
        ("model.onnx", "is an ONNX model, which is not read"),
        (
            "model_index.json",
            "is of a pipeline, whose models are folders of their own",
        ),
        (
            "modules.json",
            "is of Sentence Transformers, whose CLIP is in a folder of its own",
        ),
        (
            "diffusion_pytorch_model.safetensors",
            "is the model of a diffusion pipeline, and no CLIP",
        ),
    ];
    if let Some((name, what)) = OTHERS.iter().find(|(name, _)| folder.join(name).exists()) {
        return Some(format!("its {name} {what}"));
    }
    let entries = fs::read_dir(folder).ok()?.flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".gguf"))
        .collect();
    names.sort();
    let name = names.first()?;
    Some(format!("name its {name} itself, which is a GGUF already"))
}

fn of_folder(folder: &Path, layout: Layout, weights: Vec<Checkpoint<File>>) -> Result<Model, Stop> {
    let failed = |error: Error| Stop::Failed(about(folder, &error));
    let mut tokenizer = small_file(folder, TOKENIZER)?;
    if tokenizer.is_none()
        && let Some(vocab) = small_file(folder, "vocab.json")?
        && let Some(merges) = small_file(folder, "merges.txt")?
    {
        let added = small_file(folder, "added_tokens.json")?;
        let json = json_of_files(&vocab, &merges, added.as_deref()).map_err(failed)?;
        tokenizer = Some(json.into_bytes());
    }
    let description = match layout {
        Layout::Transformers => {
            let preprocessor_config = match small_file(folder, "preprocessor_config.json")? {
                None => small_file(folder, "processor_config.json")?,
                found => found,
            };
            Description::of_repository(&Repository {
                config: small_file(folder, CONFIG)?.as_deref(),
                preprocessor_config: preprocessor_config.as_deref(),
                tokenizer: tokenizer.as_deref(),
            })
            .map_err(failed)?
        }
        Layout::OpenClip => {
            let config = small_file(folder, open_clip::CONFIG)?.unwrap_or_default();
            let tokenizer = tokenizer.map(String::from_utf8).transpose().map_err(|_| {
                Stop::Failed(format!("{}: its {TOKENIZER} is no text.", folder.display()))
            })?;
            open_clip::describe(&config, tokenizer).map_err(failed)?
        }
    };
    Ok(Model {
        description,
        weights: Weights::Checkpoints(layout, weights),
    })
}

/// Opens a file of weights, by how it begins and not by what it is called.
fn checkpoint(path: &Path) -> Result<Checkpoint<File>, Stop> {
    let mut file = open(path)?;
    let first = first(path, &mut file)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let opened = if pytorch::looks_like_one(&first) {
        pytorch::open(&name, file)
    } else {
        safetensors::open(&name, file)
    };
    opened.map_err(|error| Stop::Failed(about(path.parent().unwrap_or(path), &error)))
}

/// The bytes of a file, if it is there.
fn small_file(folder: &Path, name: &str) -> Result<Option<Vec<u8>>, Stop> {
    let path = folder.join(name);
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Stop::unreadable(&path, &error)),
    }
}
