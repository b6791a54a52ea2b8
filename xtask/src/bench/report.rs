//! Medians and ratios, and what they should be.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::table::Table;
use super::wire::Sizes;

/// The figure that has a table of its own.
const EXACTNESS: &str = "exactness";

const ORT_INT8: &str = "ONNX Runtime Web int8";
const ORT_F32: &str = "ONNX Runtime Web f32";
const TRANSFORMERS: &str = "Transformers.js";
const VIT_B_32: &str = "Cliplet with ViT-B/32";
const GOAL: &str = "a goal of 60 ms";
const GOAL_INTERACTIVE: &str = "a goal of 1 s";
const GOAL_TASK: &str = "a goal of 50 ms";
const GOAL_PICTURE: &str = "a goal of 2 KiB";
const READING: &str = "reading its file alone";

/// A comparison.
struct Row {
    /// What is measured, as `--only` names it.
    figure: &'static str,
    /// The same for people; `{n}` stands for the number of threads.
    title: &'static str,
    /// Under which names the numbers of both are filed.
    ours: &'static str,
    theirs: &'static str,
    /// The rival for people.
    rival: &'static str,
    /// What the ratio of the medians should be at most, if it should.
    at_most: Option<f64>,
}

const fn row(
    figure: &'static str,
    title: &'static str,
    [ours, theirs]: [&'static str; 2],
    rival: &'static str,
    at_most: Option<f64>,
) -> Row {
    Row {
        figure,
        title,
        ours,
        theirs,
        rival,
        at_most,
    }
}

const ONE: [&str; 2] = ["cliplet/1", "ort-int8/1"];
const MANY: [&str; 2] = ["cliplet/n", "ort-int8/n"];
const PIPELINE: [&str; 2] = ["cliplet/n", "transformers/n"];

const ROWS: &[Row] = &[
    row(
        "picture",
        "one picture, 1 thread",
        ONE,
        ORT_INT8,
        Some(0.50),
    ),
    row(
        "picture",
        "one picture, {n} threads",
        MANY,
        ORT_INT8,
        Some(0.50),
    ),
    row(
        "picture",
        "one picture, 1 thread",
        ["cliplet/1", "ort-f32/1"],
        ORT_F32,
        None,
    ),
    row(
        "picture",
        "one picture, {n} threads",
        ["cliplet/n", "ort-f32/n"],
        ORT_F32,
        None,
    ),
    row(
        "picture",
        "one picture, simd128 build, 1 thread",
        ["cliplet-simd128/1", "ort-f32/1"],
        ORT_F32,
        Some(0.60),
    ),
    row(
        "picture",
        "one picture, simd128 build, 1 thread",
        ["cliplet-simd128/1", "ort-int8/1"],
        ORT_INT8,
        None,
    ),
    row(
        "labels",
        "ten new labels, 1 thread",
        ONE,
        ORT_INT8,
        Some(0.20),
    ),
    row(
        "labels",
        "ten new labels, {n} threads",
        MANY,
        ORT_INT8,
        Some(0.20),
    ),
    row(
        "label",
        "one new label among ten, 1 thread",
        ONE,
        ORT_INT8,
        Some(0.05),
    ),
    row(
        "label",
        "one new label among ten, {n} threads",
        MANY,
        ORT_INT8,
        Some(0.05),
    ),
    row("list", "1,000 labels, 1 thread", ONE, ORT_INT8, Some(0.40)),
    row(
        "list",
        "1,000 labels, {n} threads",
        MANY,
        ORT_INT8,
        Some(0.40),
    ),
    row(
        "pipeline",
        "one picture, ten known labels, from a JPEG, 1 thread",
        ["cliplet/1", "transformers/1"],
        TRANSFORMERS,
        Some(0.30),
    ),
    row(
        "pipeline",
        "one picture, ten known labels, from a JPEG, {n} threads",
        PIPELINE,
        TRANSFORMERS,
        Some(0.30),
    ),
    row(
        "pipeline",
        "the same by the starter, {n} threads",
        ["starter/n", "cliplet/n"],
        VIT_B_32,
        Some(0.48),
    ),
    row(
        "visit",
        "second visit, to the first result",
        PIPELINE,
        TRANSFORMERS,
        Some(0.50),
    ),
    row(
        "interactive",
        "second visit, until all answers, processor four times as slow",
        ["cliplet/n", "goal"],
        GOAL_INTERACTIVE,
        Some(1.0),
    ),
    row(
        "keystroke",
        "a letter in a label, to its score, 95th percentile, {n} threads",
        ["cliplet/n", "goal"],
        GOAL,
        Some(1.0),
    ),
    row(
        "load",
        "a kept model, until it can answer, {n} threads",
        ["cliplet/n", "reading/1"],
        READING,
        Some(4.0),
    ),
    row(
        GZIP,
        "bytes before the model, gzip",
        PIPELINE,
        TRANSFORMERS,
        Some(0.25),
    ),
    row(
        BROTLI,
        "bytes before the model, brotli",
        PIPELINE,
        TRANSFORMERS,
        None,
    ),
    row(
        "memory",
        "peak memory of the renderer",
        PIPELINE,
        TRANSFORMERS,
        Some(0.60),
    ),
    row(
        "collection task",
        "the longest task while 1,000 pictures are encoded, {n} threads",
        ["cliplet/n", "goal"],
        GOAL_TASK,
        Some(1.0),
    ),
    row(
        PER_PICTURE,
        "memory of the page for each of 2,000 pictures",
        ["cliplet/n", "goal"],
        GOAL_PICTURE,
        Some(1.0),
    ),
];

// The figure `wire` is compared in two ways.
const GZIP: &str = "wire gzip";
const BROTLI: &str = "wire brotli";
/// Its bytes are few.
const PER_PICTURE: &str = "collection memory";

/// The names of all figures, in the order in which they are measured.
pub fn figures() -> Vec<&'static str> {
    let mut names: Vec<&str> = ROWS
        .iter()
        .map(|row| row.figure.split(' ').next().unwrap_or_default())
        .chain([EXACTNESS])
        .collect();
    names.dedup();
    names
}

/// What a benchmark's numbers say.
pub struct Report {
    facts: Value,
    comparisons: Vec<Comparison>,
    exactness: Value,
    threads: usize,
}

struct Comparison {
    row: &'static Row,
    ours: Vec<f64>,
    theirs: Vec<f64>,
}

impl Comparison {
    fn medians(&self) -> (f64, f64) {
        (median(&self.ours), median(&self.theirs))
    }

    fn ratio(&self) -> f64 {
        let (ours, theirs) = self.medians();
        ours / theirs
    }

    /// Whether the ratio is what it should be.
    fn holds(&self) -> Option<bool> {
        self.row.at_most.map(|at_most| self.ratio() <= at_most)
    }
}

impl Report {
    /// A report on what the benchmark's program has written.
    pub fn new(
        measured: &Value,
        sizes: BTreeMap<String, Sizes>,
        facts: Value,
        threads: usize,
    ) -> Self {
        let samples = |row: &Row, contestant: &str| -> Option<Vec<f64>> {
            match row.figure {
                GZIP => Some(vec![sizes.get(contestant)?.gzip]),
                BROTLI => Some(vec![sizes.get(contestant)?.brotli]),
                figure => {
                    let samples = measured["samples"][figure][contestant].as_array()?;
                    let samples: Vec<f64> = samples.iter().filter_map(Value::as_f64).collect();
                    (!samples.is_empty()).then_some(samples)
                }
            }
        };
        let comparisons = ROWS
            .iter()
            .filter_map(|row| {
                Some(Comparison {
                    row,
                    ours: samples(row, row.ours)?,
                    theirs: samples(row, row.theirs)?,
                })
            })
            .collect();
        Self {
            facts,
            comparisons,
            exactness: measured[EXACTNESS].clone(),
            threads,
        }
    }

    /// For a terminal.
    pub fn text(&self) -> String {
        self.show(Table::text)
    }

    /// For `docs/performance.md`.
    pub fn markdown(&self) -> String {
        self.show(Table::markdown)
    }

    fn show(&self, form: impl Fn(&Table) -> String) -> String {
        let mut text = format!("\n{}\n", self.facts_in_words());
        for table in [self.ratios(), self.exactness()] {
            if !table.is_empty() {
                text += &format!("\n{}", form(&table));
            }
        }
        let held: Vec<bool> = self
            .comparisons
            .iter()
            .filter_map(Comparison::holds)
            .collect();
        if !held.is_empty() {
            let kept = held.iter().filter(|held| **held).count();
            text += &format!(
                "\n{kept} of {} ratios are as low as they should be.\n",
                held.len()
            );
        }
        text
    }

    fn facts_in_words(&self) -> String {
        let fact = |name: &str| match &self.facts[name] {
            Value::String(text) => text.clone(),
            Value::Null => "unknown".to_owned(),
            other => other.to_string(),
        };
        let engines = self.facts["engines"].as_object();
        let mut builds: Vec<&str> = engines
            .into_iter()
            .flatten()
            .filter_map(|(_, build)| build.as_str())
            .collect();
        builds.sort_unstable();
        builds.dedup();
        // Some figures are those of the page, which does not say which build it has.
        let builds = if builds.is_empty() {
            String::new()
        } else {
            format!(" (builds: {})", builds.join(", "))
        };
        format!(
            "{}; {} cores; {} GiB; {}\n{}; ONNX Runtime Web {}; Transformers.js {}; Cliplet {}{builds}\nMedians of {} rounds.",
            fact("processor"),
            fact("cores"),
            fact("memory_gib"),
            fact("system"),
            fact("browser"),
            fact("onnxruntime-web"),
            fact("transformers.js"),
            fact("commit"),
            fact("rounds"),
        )
    }

    fn ratios(&self) -> Table {
        let mut table = Table::new([
            "figure",
            "rival",
            "Cliplet",
            "the rival",
            "ratio",
            "at most",
            "",
        ]);
        for comparison in &self.comparisons {
            let Row {
                figure,
                rival,
                at_most,
                ..
            } = comparison.row;
            let (ours, theirs) = comparison.medians();
            table.add([
                self.title(comparison),
                (*rival).to_owned(),
                with_unit(figure, ours),
                with_unit(figure, theirs),
                format!("{:.2}", comparison.ratio()),
                at_most.map_or(String::new(), |at_most| format!("{at_most:.2}")),
                match comparison.holds() {
                    Some(true) => "yes",
                    Some(false) => "NO",
                    None => "",
                }
                .to_owned(),
            ]);
        }
        table
    }

    fn title(&self, comparison: &Comparison) -> String {
        comparison
            .row
            .title
            .replace("{n}", &self.threads.to_string())
    }

    fn exactness(&self) -> Table {
        let mut table = Table::new([
            "model",
            "computed by",
            "compared with",
            "pictures, least",
            "median",
            "prompts, least",
            "median",
            "best label",
        ]);
        for row in self.exactness.as_array().into_iter().flatten() {
            let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            let cosine = |of: &str, which: &str| {
                row[of][which]
                    .as_f64()
                    .map_or(String::new(), |cosine| format!("{cosine:.6}"))
            };
            table.add([
                text("model"),
                text("what"),
                text("reference"),
                cosine("pictures", "least"),
                cosine("pictures", "median"),
                cosine("prompts", "least"),
                cosine("prompts", "median"),
                row["best_label"]
                    .as_f64()
                    .map_or(String::new(), |part| format!("{:.2} %", 100.0 * part)),
            ]);
        }
        table
    }

    /// Everything, with all samples.
    pub fn json(&self) -> Value {
        let comparisons = self.comparisons.iter().map(|comparison| {
            let (ours, theirs) = comparison.medians();
            json!({
                "figure": comparison.row.figure,
                "title": self.title(comparison),
                "rival": comparison.row.rival,
                "unit": unit(comparison.row.figure),
                "cliplet": { "median": ours, "samples": comparison.ours },
                "other": { "median": theirs, "samples": comparison.theirs },
                "ratio": comparison.ratio(),
                "at_most": comparison.row.at_most,
            })
        });
        json!({
            "facts": self.facts,
            "comparisons": comparisons.collect::<Vec<_>>(),
            "exactness": self.exactness,
        })
    }
}

fn unit(figure: &str) -> &'static str {
    match figure {
        GZIP | BROTLI | "memory" | PER_PICTURE => "bytes",
        _ => "ms",
    }
}

fn with_unit(figure: &str, value: f64) -> String {
    match unit(figure) {
        "bytes" if figure == PER_PICTURE => format!("{:.2} KiB", value / 1024.0),
        "bytes" => format!("{:.2} MiB", value / f64::from(1 << 20)),
        _ if value < 100.0 => format!("{value:.1} ms"),
        _ => format!("{value:.0} ms"),
    }
}

/// The middle of some numbers, or the mean of the two in the middle.
pub fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        1 => sorted[middle],
        _ => (sorted[middle - 1] + sorted[middle]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[3.0]), 3.0);
        assert_eq!(median(&[9.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[9.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    fn figures_have_names_and_each_has_one() {
        let mut names = figures();
        assert_eq!(names.first(), Some(&"picture"));
        assert!(
            names.contains(&"wire") && names.contains(&EXACTNESS),
            "{names:?}"
        );
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    fn report() -> Report {
        let measured = json!({
            "samples": {
                "picture": {
                    "cliplet/1": [50.0, 40.0, 45.0],
                    "ort-int8/1": [100.0, 90.0, 110.0],
                    "ort-f32/n": [1.0],
                },
                "label": { "cliplet/n": [6.0], "ort-int8/n": [100.0] },
            },
            "exactness": [{
                "model": "plain", "what": "Cliplet", "reference": "f32",
                "pictures": { "least": 0.9995, "median": 0.9999 },
                "prompts": { "least": 1.0, "median": 1.0 },
                "best_label": 0.995, "pairs": 100,
            }],
        });
        let sizes = BTreeMap::from([
            (
                "cliplet/n".to_owned(),
                Sizes {
                    plain: 4e6,
                    gzip: 1e6,
                    brotli: 9e5,
                },
            ),
            (
                "transformers/n".to_owned(),
                Sizes {
                    plain: 3e7,
                    gzip: 8e6,
                    brotli: 6e6,
                },
            ),
        ]);
        Report::new(&measured, sizes, json!({ "browser": "Chrome/1" }), 4)
    }

    #[test]
    fn what_was_measured_on_both_sides_is_compared() {
        let report = report();
        let titles: Vec<String> = report
            .comparisons
            .iter()
            .map(|row| report.title(row))
            .collect();
        assert_eq!(
            titles,
            [
                "one picture, 1 thread",
                "one new label among ten, 4 threads",
                "bytes before the model, gzip",
                "bytes before the model, brotli",
            ]
        );
        let text = report.text();
        assert!(text.contains("2 of 3 ratios"), "{text}");
        let line = |title: &str| {
            text.lines()
                .find(|line| line.starts_with(title))
                .unwrap()
                .to_owned()
        };
        let picture = line("one picture, 1 thread");
        assert!(
            picture.contains("45.0 ms") && picture.contains("100 ms") && picture.contains("0.45"),
            "{picture}"
        );
        assert!(picture.ends_with("yes"), "{picture}");
        assert!(line("one new label").ends_with("NO"), "{text}");
        assert!(line("plain").contains("99.50 %"), "{text}");
        assert!(report.markdown().contains("| one picture, 1 thread "));
    }

    #[test]
    fn the_json_has_medians_ratios_and_samples() {
        let json = report().json();
        let first = &json["comparisons"][0];
        assert_eq!(first["cliplet"]["median"], 45.0);
        assert_eq!(first["other"]["samples"], json!([100.0, 90.0, 110.0]));
        assert_eq!(first["ratio"], 0.45);
        assert_eq!(json["facts"]["browser"], "Chrome/1");
        assert_eq!(json["exactness"][0]["best_label"], 0.995);
    }
}
