//! Typing: from a letter in a label to its new score on the screen. What counts is the 95th
//! percentile, which has a goal and no rival: nobody else edits labels in place.

use super::Bench;
use crate::visitor::{Place, Visitor};

/// Labels that are typed in a round, and letters of each.
const LABELS: usize = 5;
const LETTERS: usize = 10;

/// What the goal is filed under, and what it is in milliseconds.
const GOAL: (&str, f64) = ("goal", 60.0);

pub fn measure(bench: &mut Bench) {
    let labels = bench.labels.fresh(10);
    let picture = bench.pictures.sample();
    let visitor = Visitor::new(bench.sites, bench.plan, Place::Cliplet, picture, &labels);
    visitor.visit_first();
    // A first round warms up what runs for the first time.
    for round in 0..=bench.plan.rounds {
        // Labels that nobody has typed before. A space would change nothing before the next letter,
        // so there is none.
        let letters = bench.labels.fresh(2 * LABELS).concat();
        let letters = letters.chars().filter(char::is_ascii_alphabetic);
        let letters: Vec<char> = letters.take(LABELS * LETTERS).collect();
        let mut times: Vec<f64> = letters
            .chunks(LETTERS)
            .flat_map(|label| visitor.type_into_label(label))
            .collect();
        times.sort_by(f64::total_cmp);
        let percentile = times[(times.len() * 95).div_ceil(100) - 1];
        if round > 0 {
            bench
                .results
                .add("keystroke", Place::Cliplet.name(), percentile);
            bench.results.add("keystroke", GOAL.0, GOAL.1);
        }
    }
}
