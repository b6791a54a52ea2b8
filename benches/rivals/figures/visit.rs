//! The second visit: from the navigation to the first result, everything being in the browser's
//! stores and caches.

use super::Bench;
use crate::visitor::{Place, Visitor};

pub fn measure(bench: &mut Bench) {
    let labels = bench.labels.fresh(10);
    let picture = bench.pictures.sample();
    let places = [Place::Cliplet, Place::Transformers];
    let visitors = places.map(|place| {
        let visitor = Visitor::new(bench.sites, bench.plan, place, picture, &labels);
        visitor.visit_first();
        (place, visitor)
    });
    // The first of them is the second visit, and the one that people make most: it counts.
    for _ in 0..bench.plan.rounds {
        for (place, visitor) in &visitors {
            let time = visitor.visit_again();
            bench.results.add("visit", place.name(), time);
        }
    }
}
