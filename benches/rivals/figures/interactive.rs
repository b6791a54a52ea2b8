//! A second visit with the processor slowed four times: from the navigation until everything is
//! drawn and answers at once. It has a goal and no rival.

use super::Bench;
use crate::visitor::{Place, Visitor};

/// How much slower the processor is.
const SLOWER: u32 = 4;

/// What the goal is filed under, and what it is in milliseconds.
const GOAL: (&str, f64) = ("goal", 1000.0);

pub fn measure(bench: &mut Bench) {
    let labels = bench.labels.fresh(10);
    let picture = bench.pictures.sample();
    let visitor = Visitor::new(bench.sites, bench.plan, Place::Cliplet, picture, &labels);
    visitor.visit_first();
    for _ in 0..bench.plan.rounds {
        let time = visitor.visit_slowly(SLOWER);
        let name = Place::Cliplet.name();
        bench.results.add("interactive", name, time);
        bench.results.add("interactive", GOAL.0, GOAL.1);
    }
}
