//! Labels: ten new ones, one new one among ten, a list of a thousand.
//!
//! Cliplet is asked for scores, from the labels' words on; ONNX Runtime only runs its text model on
//! token ids that are there already. It has no memory of its own for what it has encoded, nor does
//! Transformers.js lend it one, so that it always encodes all of a list.

use serde_json::json;

use super::Bench;
use crate::arena::Arena;
use crate::contestants::{Contestant, Tower};
use crate::labels::TEMPLATE;

const FEW: usize = 10;
const THOUSAND: usize = 1000;

/// A list of a thousand takes seconds, so that fewer rounds of it say as much.
const ROUNDS_OF_THE_THOUSAND: usize = 5;

pub fn measure_ten(bench: &mut Bench) {
    let (arena, contestants) = start(bench);
    bench.take_turns(
        "labels",
        bench.plan.rounds,
        &contestants,
        |bench, contestant, _| {
            let labels = bench.labels.fresh(FEW);
            arena.time("labels", json!([contestant.name, labels, TEMPLATE]))
        },
    );
}

pub fn measure_one(bench: &mut Bench) {
    let (arena, contestants) = start(bench);
    bench.take_turns(
        "label",
        bench.plan.rounds,
        &contestants,
        |bench, contestant, round| {
            let mut labels = bench.labels.fresh(FEW);
            let changed = round % FEW;
            // The same number of words, or nine labels would not be what they were in another
            // round.
            let fresh = bench.labels.fresh(FEW).swap_remove(changed);
            if contestant.is_cliplet() {
                arena.time("labels", json!([contestant.name, labels, TEMPLATE]));
            }
            labels[changed] = fresh;
            arena.time("labels", json!([contestant.name, labels, TEMPLATE]))
        },
    );
}

pub fn measure_thousand(bench: &mut Bench) {
    let (arena, contestants) = start(bench);
    let rounds = bench.plan.rounds.min(ROUNDS_OF_THE_THOUSAND);
    bench.take_turns("list", rounds, &contestants, |bench, contestant, _| {
        let labels = bench.labels.fresh(THOUSAND);
        arena.time("labels", json!([contestant.name, labels, TEMPLATE]))
    });
}

/// Starts whoever encodes labels, with a picture that is encoded already.
fn start<'a>(bench: &mut Bench<'a>) -> (Arena<'a>, Vec<Contestant>) {
    let arena = Arena::open(bench.sites);
    let mut contestants = Vec::new();
    for threads in bench.threads() {
        contestants.push(Contestant::cliplet(threads));
        contestants.push(Contestant::ort_int8(Tower::Text, threads));
    }
    bench.start(&arena, &contestants);
    for contestant in &contestants {
        let picture = &bench.pictures.small()[0];
        arena.call(
            "prepare",
            json!([contestant.name, picture, ["picture"], TEMPLATE]),
        );
    }
    (arena, contestants)
}
