//! How near the results are to what exact arithmetic gives.
//!
//! Two references. One is the f32 arithmetic of Cliplet over the weights of the very file,
//! dequantised: what differs from it is the fast path's doing. The other is the f32 graphs, which
//! hold the weights as they were before anything was quantised: what differs from those is the
//! doing of the file's format and of the fast path together, and it is the same for all
//! contestants.

use std::process::Command;

use serde_json::{Value, json};

use super::Bench;
use crate::arena::Arena;
use crate::contestants::{Contestant, Threads, Tower};
use crate::labels::TEMPLATE;
use crate::plan::{Model, Plan};
use crate::results::{Cosines, Exactness};

const LISTS: usize = 30;
const LABELS: usize = 10;

/// Embeddings of unit length.
struct Embeddings {
    pictures: Vec<Vec<f64>>,
    prompts: Vec<Vec<f64>>,
}

pub fn measure(bench: &mut Bench) {
    let labels = bench.labels.fresh(LISTS * LABELS);
    let prompts: Vec<String> = labels
        .iter()
        .map(|label| TEMPLATE.replace("{}", label))
        .collect();
    for model in &bench.plan.models {
        let arena = Arena::open(bench.sites);
        let mut embed = |contestant: &Contestant| {
            if let Some(build) = arena.start(contestant, bench.plan, model) {
                let engines = &mut bench.results.engines;
                engines.insert(contestant.name.clone(), build);
            }
            let arguments = json!([contestant.name, bench.pictures.small(), prompts]);
            let found = Embeddings::read(arena.call("embed", arguments));
            arena.stop(contestant);
            found
        };
        let fast = embed(&Contestant::cliplet(Threads::One));
        let plain = embed(&Contestant::plain_cliplet());
        let int8 = embed(&Contestant::ort_int8(Tower::Both, Threads::One));
        let f32 = embed(&Contestant::ort_f32(Tower::Both, Threads::One));
        let reference = Embeddings::of_the_file(bench, model, &prompts);

        let file = "f32 arithmetic on the same file";
        let original = "f32 arithmetic on the weights before quantisation";
        let rows = [
            ("Cliplet", &fast, file, &reference),
            ("Cliplet, simd128", &plain, file, &reference),
            ("Cliplet", &fast, "Cliplet, simd128", &plain),
            ("Cliplet", &fast, original, &f32),
            ("Cliplet, simd128", &plain, original, &f32),
            ("ONNX Runtime Web int8", &int8, original, &f32),
        ];
        for (what, found, of, exact) in rows {
            let row = found.compared_with(exact, &model.name, what, of);
            println!("  {row:?}");
            bench.results.exactness.push(row);
        }
    }
}

impl Embeddings {
    /// Reads what `bench.embed` of the page gives.
    fn read(answer: Value) -> Self {
        let rows = |name: &str| {
            serde_json::from_value(answer[name].clone())
                .unwrap_or_else(|error| panic!("these are no embeddings: {error}"))
        };
        Self {
            pictures: rows("pictures"),
            prompts: rows("prompts"),
        }
    }

    /// What `cliplet embed --reference` gives.
    fn of_the_file(bench: &Bench, model: &Model, prompts: &[String]) -> Self {
        let Plan { cliplet, .. } = bench.plan;
        let pictures = bench.pictures.small_files();
        let mut command = Command::new(cliplet);
        command
            .args(["embed", "--reference", "--model"])
            .arg(&model.gguf);
        for picture in &pictures {
            command.arg("--image").arg(picture);
        }
        for prompt in prompts {
            command.arg("--text").arg(prompt);
        }
        let output = command
            .output()
            .unwrap_or_else(|error| panic!("{} cannot be run: {error}", cliplet.display()));
        assert!(
            output.status.success(),
            "{} failed: {}",
            cliplet.display(),
            String::from_utf8_lossy(&output.stderr)
        );
        let mut rows: Vec<Vec<f64>> = String::from_utf8_lossy(&output.stdout)
            .lines()
            .map(|line| {
                let mut line: Value = serde_json::from_str(line).expect("cliplet prints JSON");
                serde_json::from_value(line["embedding"].take()).expect("with an embedding")
            })
            .collect();
        assert_eq!(rows.len(), pictures.len() + prompts.len());
        Self {
            prompts: rows.split_off(pictures.len()),
            pictures: rows,
        }
    }

    fn compared_with(&self, exact: &Self, model: &str, what: &str, reference: &str) -> Exactness {
        let lists = self.prompts.len() / LABELS;
        let best = |of: &Self, picture: usize, list: usize| {
            (LABELS * list..LABELS * (list + 1))
                .max_by(|left, right| {
                    let cosine = |prompt: &usize| dot(&of.pictures[picture], &of.prompts[*prompt]);
                    cosine(left).total_cmp(&cosine(right))
                })
                .expect("a list has labels")
        };
        let pairs = self.pictures.len() * lists;
        let equal = (0..pairs)
            .filter(|pair| {
                let (picture, list) = (pair / lists, pair % lists);
                best(self, picture, list) == best(exact, picture, list)
            })
            .count();
        Exactness {
            model: model.to_owned(),
            what: what.to_owned(),
            reference: reference.to_owned(),
            pictures: cosines(&self.pictures, &exact.pictures),
            prompts: cosines(&self.prompts, &exact.prompts),
            best_label: equal as f64 / pairs as f64,
            pairs,
        }
    }
}

fn cosines(left: &[Vec<f64>], right: &[Vec<f64>]) -> Cosines {
    assert_eq!(left.len(), right.len());
    let mut cosines: Vec<f64> = left
        .iter()
        .zip(right)
        .map(|(left, right)| dot(left, right))
        .collect();
    cosines.sort_by(f64::total_cmp);
    Cosines {
        least: cosines[0],
        median: cosines[cosines.len() / 2],
    }
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    assert_eq!(left.len(), right.len());
    left.iter()
        .zip(right)
        .map(|(left, right)| left * right)
        .sum()
}
