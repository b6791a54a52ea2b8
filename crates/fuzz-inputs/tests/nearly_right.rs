//! Files that are nearly right, and what was found before. `CLIPLET_CASES=100000` tries more of
//! them, and other ones in every run.

use std::env;
use std::time::SystemTime;

use cliplet_fuzz_inputs::{TARGETS, read, regressions, seeds};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// How often each target is tried: as many as end in some seconds. The fuzzer is for more.
const CASES: u32 = 60;

/// A change of a file's bytes.
#[derive(Clone, Debug)]
enum Change {
    /// Some bytes become others. Headers are at the beginning, so that is where most of them are.
    Set(u32, Vec<u8>),
    /// The file ends here.
    Cut(u32),
    /// Some bytes are not there.
    Leave(u32, u32),
    /// Some bytes are there twice.
    Repeat(u32, u32),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let place = |place: u32| place as usize % bytes.len();
        match self {
            Self::Set(at, others) => {
                let at = place(*at);
                for (byte, other) in bytes[at..].iter_mut().zip(others) {
                    *byte = *other;
                }
            }
            Self::Cut(at) => bytes.truncate(place(*at)),
            Self::Leave(at, length) => {
                let at = place(*at);
                let end = bytes.len().min(at + *length as usize);
                bytes.drain(at..end);
            }
            Self::Repeat(at, length) => {
                let at = place(*at);
                let end = bytes.len().min(at + *length as usize);
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
        }
    }
}

fn change() -> impl Strategy<Value = Change> {
    let near = prop_oneof![3 => 0u32..2000, 1 => any::<u32>()];
    let number = prop_oneof![
        prop::collection::vec(any::<u8>(), 1..9),
        Just(vec![0xff; 8]),
        Just(vec![0; 8]),
        Just(i64::MAX.to_le_bytes().to_vec()),
        any::<u64>().prop_map(|digits| digits.to_string().into_bytes()),
    ];
    prop_oneof![
        4 => (near.clone(), number).prop_map(|(at, bytes)| Change::Set(at, bytes)),
        1 => any::<u32>().prop_map(Change::Cut),
        1 => (near.clone(), 1u32..100).prop_map(|(at, length)| Change::Leave(at, length)),
        1 => (near, 1u32..100).prop_map(|(at, length)| Change::Repeat(at, length)),
    ]
}

fn nearly_right(name: &str) {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).unwrap();
    let files: Vec<Vec<u8>> = seeds(name).iter().map(|path| read(path)).collect();
    files.iter().for_each(|bytes| target(bytes));
    let more = env::var("CLIPLET_CASES").ok();
    let config = Config {
        cases: more.as_ref().map_or(CASES, |cases| cases.parse().unwrap()),
        failure_persistence: None,
        ..Config::default()
    };
    // Without being asked for more, the same cases in every run.
    let random = match more {
        Some(_) => {
            let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
            let seed = [now.to_le_bytes(), [0; 16]].concat();
            TestRng::from_seed(RngAlgorithm::ChaCha, &seed)
        }
        None => TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    };
    let strategy = (0..files.len(), prop::collection::vec(change(), 1..4));
    TestRunner::new_with_rng(config, random)
        .run(&strategy, |(file, changes)| {
            let mut bytes = files[file].clone();
            changes.iter().for_each(|change| change.apply(&mut bytes));
            target(&bytes);
            Ok(())
        })
        .unwrap();
}

#[test]
fn models() {
    nearly_right("gguf");
}

#[test]
fn weights() {
    nearly_right("safetensors");
}

#[test]
fn tokenizers() {
    nearly_right("tokenizer");
}

#[test]
fn pickles() {
    nearly_right("pickle");
}

#[test]
fn pictures() {
    nearly_right("picture");
}

#[test]
fn sizes() {
    nearly_right("sizes");
}

#[test]
fn what_was_found_before() {
    for (name, target) in TARGETS {
        for file in regressions(name) {
            target(&read(&file));
        }
    }
}
