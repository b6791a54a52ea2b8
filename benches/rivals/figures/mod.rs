//! What is measured: a module for each figure, and how contestants take turns.

mod collection;
mod exactness;
mod interactive;
mod keystroke;
mod label;
mod load;
mod memory;
mod picture;
mod pipeline;
mod visit;
mod wire;

use crate::arena::Arena;
use crate::contestants::{Contestant, Threads};
use crate::labels::Labels;
use crate::pictures::Pictures;
use crate::plan::Plan;
use crate::results::Results;
use crate::site::Sites;

/// What every figure is measured with.
pub struct Bench<'a> {
    /// What is asked for.
    pub plan: &'a Plan,
    /// The server.
    pub sites: &'a Sites,
    /// The pictures.
    pub pictures: &'a Pictures,
    /// Labels that are new to everybody.
    pub labels: Labels,
    /// What has been measured so far.
    pub results: Results,
}

/// A figure by its name.
type Figure = (&'static str, fn(&mut Bench));

const FIGURES: &[Figure] = &[
    ("picture", picture::measure),
    ("labels", label::measure_ten),
    ("label", label::measure_one),
    ("list", label::measure_thousand),
    ("pipeline", pipeline::measure),
    ("visit", visit::measure),
    ("interactive", interactive::measure),
    ("keystroke", keystroke::measure),
    ("load", load::measure),
    ("wire", wire::measure),
    ("memory", memory::measure),
    ("collection", collection::measure),
    ("exactness", exactness::measure),
];

impl Bench<'_> {
    /// Measures what the plan asks for.
    pub fn measure(&mut self) {
        for (name, measure) in FIGURES {
            if self.plan.figures.iter().any(|asked| asked == name) {
                println!("{name}");
                measure(self);
            }
        }
    }

    /// One thread, and many where the plan has more than one.
    fn threads(&self) -> Vec<Threads> {
        match self.plan.threads {
            1 => vec![Threads::One],
            _ => vec![Threads::One, Threads::Many],
        }
    }

    /// Starts contestants with the model that is timed.
    fn start(&mut self, arena: &Arena, contestants: &[Contestant]) {
        for contestant in contestants {
            if let Some(build) = arena.start(contestant, self.plan, &self.plan.models[0]) {
                self.results.engines.insert(contestant.name.clone(), build);
            }
        }
    }

    /// Lets contestants take turns: a round that is not counted, then `rounds` that are. In every
    /// other round they take turns the other way round, so that none always comes after the same
    /// other one.
    fn take_turns(
        &mut self,
        figure: &str,
        rounds: usize,
        contestants: &[Contestant],
        mut measure: impl FnMut(&mut Self, &Contestant, usize) -> f64,
    ) {
        for round in 0..=rounds {
            let mut order: Vec<&Contestant> = contestants.iter().collect();
            if round % 2 == 1 {
                order.reverse();
            }
            for contestant in order {
                let sample = measure(self, contestant, round);
                if round > 0 {
                    self.results.add(figure, &contestant.name, sample);
                }
            }
        }
    }
}
