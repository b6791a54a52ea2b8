//! A linear probe gives the probabilities of scikit-learn's logistic regression, and a file that is
//! no probe is refused. The reference values are written by `tools/make_probe.py`.

use cliplet_clip::Error;
use cliplet_clip::linear_probe::{
    CrossValidation, Example, Folds, LinearProbe, Settings, cross_validate,
};
use serde::Deserialize;
use serde_json::{Value, json};

const CASES: &str = include_str!("fixtures/linear_probe.json");

#[derive(Deserialize)]
struct Case {
    c: f64,
    examples: Vec<Vec<f32>>,
    classes: Vec<usize>,
    asked: Vec<Vec<f32>>,
    probabilities: Vec<Vec<f32>>,
    folds: Vec<usize>,
    told: Vec<usize>,
}

impl Case {
    fn all() -> Vec<Self> {
        serde_json::from_str(CASES).unwrap()
    }

    fn examples(&self) -> Vec<Example<'_>> {
        let pairs = self.examples.iter().zip(&self.classes);
        let examples = pairs.map(|(embedding, class)| Example {
            embedding,
            class: *class,
        });
        examples.collect()
    }

    fn settings(&self) -> Settings {
        Settings { c: self.c }
    }

    fn class_count(&self) -> usize {
        self.classes.iter().max().unwrap() + 1
    }

    fn probe(&self) -> LinearProbe {
        let classes = names(self.class_count());
        let tried = cross_validate(&self.examples(), self.class_count(), self.settings());
        let examples = self.examples();
        LinearProbe::fit("m", &anchor(), &classes, &examples, self.settings(), tried).unwrap()
    }
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|class| format!("class {class}")).collect()
}

/// Of the width that the script gives its embeddings.
fn anchor() -> Vec<f32> {
    let mut anchor = vec![0.0; 24];
    anchor[3] = 1.0;
    anchor
}

#[test]
fn probabilities_are_those_of_scikit_learn() {
    let mut compared = 0;
    for case in Case::all() {
        let probe = case.probe();
        for (asked, expected) in case.asked.iter().zip(&case.probabilities) {
            let ours = probe.probabilities(asked);
            assert_eq!(ours.len(), expected.len());
            for (ours, expected) in ours.iter().zip(expected) {
                assert!((ours - expected).abs() < 1e-4, "{ours}, not {expected}");
                compared += 1;
            }
        }
    }
    assert!(compared > 60, "{compared}");
}

#[test]
fn cross_validation_tells_what_scikit_learn_tells() {
    for case in Case::all() {
        let folds = Folds::stratified(&case.classes).unwrap();
        let examples = case.examples();
        let mut right = 0;
        let mut tried = 0;
        for fold in 0..folds.count() {
            for (at, class) in folds.try_fold(fold, &examples, case.class_count(), case.settings())
            {
                assert_eq!(case.folds[at], fold, "example {at}");
                assert_eq!(class, case.told[at], "example {at}");
                right += usize::from(class == case.classes[at]);
                tried += 1;
            }
        }
        assert_eq!(tried, examples.len());
        let expected = CrossValidation {
            folds: folds.count(),
            correct: right,
            examples: tried,
        };
        assert_eq!(case.probe().cross_validation(), Some(expected));
    }
}

#[test]
fn every_fold_has_its_share_of_every_class() {
    let classes: Vec<usize> = (0..83).map(|at| (at * at) % 3).collect();
    let folds = Folds::stratified(&classes).unwrap();
    assert_eq!(folds.count(), Folds::MOST);
    assert!(Folds::stratified(&[0, 0, 1]).is_none());
    assert!(Folds::stratified(&[]).is_none());
    assert_eq!(Folds::stratified(&[0, 1, 0, 1, 1]).unwrap().count(), 2);
}

#[test]
fn the_same_examples_give_the_same_file_and_the_file_the_same_probe() {
    for case in Case::all() {
        let probe = case.probe();
        let file = probe.to_json();
        assert_eq!(file, case.probe().to_json());
        assert_eq!(LinearProbe::from_json(file.as_bytes()).unwrap(), probe);
    }
}

#[test]
fn a_probe_is_for_the_model_whose_embeddings_it_was_fitted_to() {
    let probe = Case::all()[0].probe();
    let mut other_weights = anchor();
    other_weights[4] = 0.2;
    let length = 1.04f32.sqrt();
    other_weights.iter_mut().for_each(|x| *x /= length);
    assert!(probe.fits(&anchor()));
    assert!(probe.fits(&other_weights));
    let mut other = vec![0.0; 24];
    other[5] = 1.0;
    assert!(!probe.fits(&other));
    assert!(!probe.fits(&[1.0]));
}

#[test]
fn what_cannot_be_fitted_is_refused() {
    let case = &Case::all()[0];
    let examples = case.examples();
    let settings = Settings::default();
    let refused = |classes: &[&str], examples: &[Example<'_>]| {
        let classes: Vec<String> = classes.iter().map(|name| (*name).to_owned()).collect();
        let error = LinearProbe::fit("m", &anchor(), &classes, examples, settings, None);
        sentence(error.unwrap_err())
    };
    assert!(refused(&["a"], &[]).contains("two classes"));
    assert!(refused(&["a", "b"], &examples).contains("no class"));
    assert!(refused(&["a", "b", "c", "a"], &examples).contains("called \"a\""));
    assert!(refused(&["a", "b", "c", " "], &examples).contains("needs a name"));
    assert!(refused(&["a", "b", "c", "d", "e"], &examples).contains("no example"));
    let narrow = Example {
        embedding: &[1.0],
        class: 0,
    };
    assert!(refused(&["a", "b", "c", "d"], &[narrow]).contains("different models"));
}

#[test]
fn files_that_are_no_probes_are_refused_in_a_sentence() {
    let good: Value = serde_json::from_str(&Case::all()[1].probe().to_json()).unwrap();
    let changed = |key: &str, value: Value| {
        let mut probe = good.clone();
        probe[key] = value;
        probe.to_string()
    };
    let row = good["weights"][0].clone();
    let bad = [
        String::new(),
        "{".to_owned(),
        "<!doctype html>".to_owned(),
        "[]".to_owned(),
        "[".repeat(100_000),
        json!({ "format": "cliplet-linear-probe" }).to_string(),
        json!({ "format": "cliplet-linear-probe", "version": 1 }).to_string(),
        changed("format", json!("something else")),
        changed("version", json!(2)),
        changed("classes", json!(["a", "b"])),
        changed("classes", json!(["a", "b", "a"])),
        changed("classes", json!(["a", "b", "x".repeat(1_001)])),
        changed("classes", json!([])),
        changed("examples", json!([1, 1])),
        changed("examples", json!([1, 0, 1])),
        changed("examples", json!([1, -1, 1])),
        changed("weights", json!([row, row])),
        changed("weights", json!([row, row, [1.0]])),
        changed("weights", json!([[], [], []])),
        changed("bias", json!([0.0, 0.0])),
        changed("bias", json!([0.0, 0.0, 1e30])),
        changed("bias", json!([0.0, 0.0, null])),
        changed("anchor", json!([])),
        changed("anchor", json!(vec![0.0; 24])),
        changed("anchor", json!(vec![1e30; 24])),
        changed("model", json!("m".repeat(1_001))),
        changed("settings", json!({ "c": 0.0 })),
        changed(
            "cross_validation",
            json!({ "folds": 2, "correct": 3, "examples": 2 }),
        ),
        good.to_string().replace("\"bias\":[", "\"bias\":[1e400,"),
    ];
    LinearProbe::from_json(good.to_string().as_bytes()).unwrap();
    for file in bad {
        let begin: String = file.chars().take(60).collect();
        match LinearProbe::from_json(file.as_bytes()) {
            Err(error) => drop(sentence(error)),
            Ok(_) => panic!("{begin}"),
        }
    }
    let whole = good.to_string();
    for length in (0..whole.len()).step_by(97) {
        assert!(LinearProbe::from_json(&whole.as_bytes()[..length]).is_err());
    }
}

/// What an error says, which must be one sentence.
fn sentence(error: Error) -> String {
    let sentence = error.to_string();
    assert!(
        sentence.ends_with('.') && !sentence.contains('\n'),
        "{sentence}"
    );
    assert!(sentence.len() < 400, "{sentence}");
    sentence
}

/// As many as somebody may give: it must be a matter of a moment. How long it takes is printed, and
/// not judged.
#[test]
fn twenty_classes_of_twenty_pictures() {
    const WIDTH: usize = 512;
    let mut seed = 1u64;
    let mut random = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 40) as f32 / (1 << 24) as f32 - 0.5
    };
    let centres: Vec<f32> = (0..20 * WIDTH).map(|_| random()).collect();
    let embeddings: Vec<Vec<f32>> = (0..400)
        .map(|at| {
            let centre = &centres[at % 20 * WIDTH..][..WIDTH];
            let near = centre.iter().map(|x| 0.5 * x + 0.8 * random() + 0.3);
            let near: Vec<f32> = near.collect();
            let length = near.iter().map(|x| x * x).sum::<f32>().sqrt();
            near.iter().map(|x| x / length).collect()
        })
        .collect();
    let examples: Vec<Example<'_>> = embeddings
        .iter()
        .enumerate()
        .map(|(at, embedding)| Example {
            embedding,
            class: at % 20,
        })
        .collect();
    let mut anchor = vec![0.0; WIDTH];
    anchor[0] = 1.0;
    let began = std::time::Instant::now();
    let settings = Settings::default();
    let probe = LinearProbe::fit("m", &anchor, &names(20), &examples, settings, None).unwrap();
    println!("fitted in {:?}", began.elapsed());
    let began = std::time::Instant::now();
    let tried = cross_validate(&examples, 20, settings).unwrap();
    println!("cross-validated in {:?}: {tried:?}", began.elapsed());
    let right = examples.iter().filter(|example| {
        let logits = probe.logits(example.embedding);
        let best = (0..20).max_by(|a, b| logits[*a].total_cmp(&logits[*b]));
        best == Some(example.class)
    });
    assert_eq!(right.count(), 400, "the examples themselves");
    assert!(tried.correct > 300, "{tried:?}");
}
