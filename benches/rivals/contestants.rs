//! Who takes part: a program, a build or a precision of it, and a number of threads.

use serde_json::{Value, json};

use crate::plan::{Model, Plan};
use crate::site::Sites;

/// A program as it is set up for a measurement.
#[derive(Clone, Debug)]
pub struct Contestant {
    /// What its numbers are filed under: `cliplet/1`, `ort-int8/n`, and so on; `n` stands for the
    /// plan's threads.
    pub name: String,
    program: Program,
    threads: Threads,
}

/// How many threads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threads {
    /// One.
    One,
    /// As many as the plan says.
    Many,
}

/// A part of a model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tower {
    /// For pictures.
    Vision,
    /// For prompts.
    Text,
    /// One for each.
    Both,
}

#[derive(Clone, Copy, Debug)]
enum Program {
    /// The build that Cliplet itself chooses in this browser.
    Cliplet,
    /// The build without relaxed SIMD.
    PlainCliplet,
    /// The first, with the starter in the place of the model.
    Starter,
    Ort {
        int8: bool,
        tower: Tower,
    },
    Transformers,
}

impl Contestant {
    fn new(name: &str, program: Program, threads: Threads) -> Self {
        let count = match threads {
            Threads::One => "1",
            Threads::Many => "n",
        };
        Self {
            name: format!("{name}/{count}"),
            program,
            threads,
        }
    }

    /// Cliplet as it comes.
    pub fn cliplet(threads: Threads) -> Self {
        Self::new("cliplet", Program::Cliplet, threads)
    }

    /// Cliplet's build for browsers without relaxed SIMD, on one thread.
    pub fn plain_cliplet() -> Self {
        Self::new("cliplet-simd128", Program::PlainCliplet, Threads::One)
    }

    /// Cliplet as it comes, with the starter.
    pub fn starter(threads: Threads) -> Self {
        Self::new("starter", Program::Starter, threads)
    }

    /// ONNX Runtime Web with weights of eight bits.
    pub fn ort_int8(tower: Tower, threads: Threads) -> Self {
        Self::new("ort-int8", Program::Ort { int8: true, tower }, threads)
    }

    /// ONNX Runtime Web with weights of 32 bits.
    pub fn ort_f32(tower: Tower, threads: Threads) -> Self {
        Self::new("ort-f32", Program::Ort { int8: false, tower }, threads)
    }

    /// The pipeline of Transformers.js.
    pub fn transformers(threads: Threads) -> Self {
        Self::new("transformers", Program::Transformers, threads)
    }

    /// Whether it is Cliplet, in whatever build.
    pub fn is_cliplet(&self) -> bool {
        matches!(
            self.program,
            Program::Cliplet | Program::PlainCliplet | Program::Starter
        )
    }

    /// What `bench.start` of the page takes: the kind of contestant and its options.
    pub fn options(&self, sites: &Sites, plan: &Plan, model: &Model) -> (&'static str, Value) {
        let threads = match self.threads {
            Threads::One => 1,
            Threads::Many => plan.threads,
        };
        let cliplet = |query: String, entry: Value| {
            let script = format!("{}?{query}", sites.engine(&self.name));
            ("cliplet", json!({ "script": script, "model": entry }))
        };
        let entry = || sites.entry(&model.name);
        let hub = format!("/models/{}/hub", model.name);
        match self.program {
            Program::Cliplet => cliplet(format!("threads={threads}"), entry()),
            Program::PlainCliplet => cliplet("build=simd128".to_owned(), entry()),
            Program::Starter => {
                let mut starter = entry();
                starter["id"] = json!("starter");
                starter["url"] = json!("/cliplet/models/starter.gguf");
                starter["bytes"] = Value::Null;
                cliplet(format!("threads={threads}"), starter)
            }
            Program::Ort { int8, tower } => {
                let suffix = if int8 { "_quantized" } else { "" };
                let file = |name: &str, other: Tower| {
                    (tower != other).then(|| format!("{name}{suffix}.onnx"))
                };
                let options = json!({
                    "threads": threads,
                    "hub": hub,
                    "visionModel": file("vision_model", Tower::Text),
                    "textModel": file("text_model", Tower::Vision),
                });
                ("ort", options)
            }
            Program::Transformers => ("transformers", json!({ "threads": threads, "hub": hub })),
        }
    }
}
