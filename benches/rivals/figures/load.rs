//! Making a kept model ready to answer, beside reading its file and doing nothing with it.

use serde_json::json;

use super::Bench;
use crate::arena::Arena;
use crate::contestants::{Contestant, Threads};

/// What the times of reading alone are filed under.
const READING: &str = "reading/1";

pub fn measure(bench: &mut Bench) {
    let arena = Arena::open(bench.sites);
    let cliplet = Contestant::cliplet(Threads::Many);
    bench.start(&arena, std::slice::from_ref(&cliplet));
    for round in 0..=bench.plan.rounds {
        let loading = arena.time("load", json!([cliplet.name]));
        let reading = arena.time("read", json!([]));
        // The first round finds caches cold.
        if round > 0 {
            bench.results.add("load", &cliplet.name, loading);
            bench.results.add("load", READING, reading);
        }
    }
}
