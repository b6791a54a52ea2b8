//! Encoding one picture that is decoded and has the model's size.

use serde_json::json;

use super::Bench;
use crate::arena::Arena;
use crate::contestants::{Contestant, Threads, Tower};

pub fn measure(bench: &mut Bench) {
    let arena = Arena::open(bench.sites);
    let mut contestants = vec![Contestant::plain_cliplet()];
    for threads in bench.threads() {
        contestants.push(Contestant::cliplet(threads));
        contestants.push(Contestant::ort_int8(Tower::Vision, threads));
        contestants.push(Contestant::ort_f32(Tower::Vision, threads));
    }
    // One thread first, so that each is next to whom it is compared with.
    debug_assert!(bench.threads().first() == Some(&Threads::One));
    bench.start(&arena, &contestants);
    let pictures = bench.pictures.small();
    bench.take_turns(
        "picture",
        bench.plan.rounds,
        &contestants,
        |_, contestant, round| {
            let picture = &pictures[round % pictures.len()];
            arena.time("picture", json!([contestant.name, picture]))
        },
    );
}
