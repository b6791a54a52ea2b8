//! Labels that nobody has asked for yet.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

/// How many words the labels of a list have, over and over: mostly one, as in the lists of people.
const WORDS: [usize; 10] = [1, 1, 2, 1, 1, 2, 1, 1, 2, 3];

/// The template of all figures.
pub const TEMPLATE: &str = "a photo of a {}";

/// A supply of labels. All lists of one length have as many words in the same places, so that no
/// contestant has more to do than another.
pub struct Labels {
    random: Random,
    words: Vec<String>,
    /// How many of the words have been labels by themselves.
    given: usize,
    /// Labels of several words that have been given.
    phrases: HashSet<String>,
}

impl Labels {
    /// Labels made of the words in CLIP's vocabulary.
    pub fn new() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("crates/clip/tests/fixtures/tokens/clip-vocabulary.txt");
        let vocabulary = fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()));
        let mut words: Vec<String> = vocabulary
            .split('\n')
            .filter_map(|entry| entry.strip_suffix("</w>"))
            .filter(|word| {
                (4..=12).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase())
            })
            .map(str::to_owned)
            .collect();
        let mut random = Random(1);
        for at in (1..words.len()).rev() {
            words.swap(at, random.below(at + 1));
        }
        Self {
            random,
            words,
            given: 0,
            phrases: HashSet::new(),
        }
    }

    /// A list of labels, all different from each other and from all before.
    pub fn fresh(&mut self, count: usize) -> Vec<String> {
        (0..count)
            .map(|at| match WORDS[at % WORDS.len()] {
                1 => self.word(),
                words => self.phrase(words),
            })
            .collect()
    }

    fn word(&mut self) -> String {
        let word = self.words.get(self.given);
        self.given += 1;
        word.expect("there are words for this many rounds; ask for fewer with --rounds")
            .clone()
    }

    fn phrase(&mut self, words: usize) -> String {
        loop {
            let chosen: Vec<&str> = (0..words)
                .map(|_| self.random.below(self.words.len()))
                .map(|at| self.words[at].as_str())
                .collect();
            let phrase = chosen.join(" ");
            if self.phrases.insert(phrase.clone()) {
                return phrase;
            }
        }
    }
}

/// Numbers that look random and are the same on every run: SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        (bits % end as u64) as usize
    }
}
