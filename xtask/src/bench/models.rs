//! The models: random weights that `tools/make_bench_models.py` writes, once for each contestant,
//! or files of one's own.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::setup::{BenchOptions, directory};
use crate::files;
use crate::fingerprint::Fingerprint;
use crate::python;
use crate::step::{Result, step, watch};
use crate::workspace::Workspace;

/// All that decides what is written, and that must be there to write it.
const SOURCES: [&str; 7] = [
    "tools/make_bench_models.py",
    "tools/clip_file.py",
    "tools/clip_onnx.py",
    "tools/clip_vocabulary.py",
    "tools/random_clip.py",
    REQUIREMENTS,
    "crates/clip/tests/fixtures/tokens/clip-vocabulary.txt",
];

const REQUIREMENTS: &str = "tools/requirements-bench.txt";

/// The folders that the script writes; the first is what is timed.
const WRITTEN: [&str; 2] = ["outliers", "plain"];

/// One set of weights, for each contestant in the form it takes.
pub struct Model {
    name: String,
    gguf: PathBuf,
    hub: PathBuf,
}

/// The model that the command line names, if it names one.
pub fn named(options: &BenchOptions) -> Result<Option<Vec<Model>>> {
    let files = options.gguf.as_ref().zip(options.onnx.as_ref());
    let model = files.map(|(gguf, hub)| Model::of_files(gguf, hub));
    Ok(model.transpose()?.map(|model| vec![model]))
}

impl Model {
    /// Files that a person names.
    fn of_files(gguf: &Path, hub: &Path) -> Result<Self> {
        let absolute = |path: &Path| {
            path.canonicalize()
                .map_err(|error| format!("{} cannot be opened: {error}.", path.display()))
        };
        let model = Self {
            name: "named".to_owned(),
            gguf: absolute(gguf)?,
            hub: absolute(hub)?,
        };
        let towers = ["vision_model", "text_model"];
        let needed = [
            "config.json",
            "preprocessor_config.json",
            "tokenizer.json",
            "tokenizer_config.json",
        ]
        .map(str::to_owned)
        .into_iter()
        .chain(towers.map(|tower| format!("onnx/{tower}.onnx")))
        .chain(towers.map(|tower| format!("onnx/{tower}_quantized.onnx")))
        .chain(["onnx/model_quantized.onnx".to_owned()]);
        for name in needed {
            if !model.hub.join(&name).is_file() {
                return Err(format!(
                    "{} has no {name}. --onnx takes a folder as a repository for Transformers.js is laid out.",
                    model.hub.display()
                )
                .into());
            }
        }
        Ok(model)
    }

    /// Its GGUF.
    pub fn gguf(&self) -> &Path {
        &self.gguf
    }

    /// A graph of its image tower as ONNX, whose name ends so.
    pub fn image_tower(&self, ending: &str) -> PathBuf {
        self.hub.join(format!("onnx/vision_model{ending}.onnx"))
    }

    /// As the benchmark's plan has it.
    pub fn json(&self) -> Value {
        json!({ "name": self.name, "gguf": self.gguf, "hub": self.hub })
    }
}

/// Writes the models if they are not there. `cliplet` computes what the graphs are compared with
/// first.
pub fn write(workspace: &Workspace, cliplet: &Path) -> Result<Vec<Model>> {
    let directory = directory(workspace);
    let models = directory.join("models");
    let mut wanted = Fingerprint::default();
    for source in SOURCES {
        wanted = wanted.add_file(&workspace.root.join(source))?;
    }
    let wanted = wanted.finish();
    // Not within the folder, so that it can be put in place as a whole.
    let note = directory.join("models-written");
    let is_there =
        models.is_dir() && fs::read_to_string(&note).is_ok_and(|written| written == wanted);
    if !is_there {
        let python = python::install(
            workspace,
            &directory.join("python"),
            REQUIREMENTS,
            "what writes the models",
        )?;
        step("Writing models with random weights (once; 2.5 GB)", || {
            let unfinished = directory.join("models-unfinished");
            files::empty_directory(&unfinished)?;
            let mut command = workspace.command(python);
            command
                .arg(workspace.root.join(SOURCES[0]))
                .arg(&unfinished)
                .arg("--check")
                .arg(cliplet);
            watch(&mut command, "The message above says what went wrong.")?;
            files::empty_directory(&models)?;
            fs::remove_dir(&models)
                .and_then(|()| fs::rename(&unfinished, &models))
                .map_err(|error| format!("{} cannot be written: {error}.", models.display()))?;
            files::write(&note, &wanted)
        })?;
    }
    Ok(WRITTEN
        .iter()
        .map(|name| Model {
            name: (*name).to_owned(),
            gguf: models.join(name).join("model.gguf"),
            hub: models.join(name).join("hub"),
        })
        .collect())
}
