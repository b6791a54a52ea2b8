//! One picture and ten labels that have been asked before, from a photograph's file to scores; the
//! same by the starter.

use serde_json::json;

use super::Bench;
use crate::arena::Arena;
use crate::contestants::Contestant;
use crate::labels::TEMPLATE;

pub fn measure(bench: &mut Bench) {
    let arena = Arena::open(bench.sites);
    let mut contestants = Vec::new();
    for threads in bench.threads() {
        contestants.push(Contestant::cliplet(threads));
        contestants.push(Contestant::starter(threads));
        contestants.push(Contestant::transformers(threads));
    }
    bench.start(&arena, &contestants);
    let labels = bench.labels.fresh(10);
    for contestant in &contestants {
        let picture = bench.pictures.sample();
        arena.call(
            "prepare",
            json!([contestant.name, picture, labels, TEMPLATE]),
        );
    }
    let photograph = bench.pictures.photograph();
    bench.take_turns(
        "pipeline",
        bench.plan.rounds,
        &contestants,
        |_, contestant, _| {
            arena.time(
                "whole",
                json!([contestant.name, photograph, labels, TEMPLATE]),
            )
        },
    );
}
