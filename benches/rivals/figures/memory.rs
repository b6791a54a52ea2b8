//! The most memory that the page's process has held when a first picture is classified, at a first
//! visit.

use std::collections::HashMap;
use std::fs;

use super::Bench;
use crate::visitor::{Place, Visitor};

/// Starting a browser and fetching a model takes long, and its memory hardly differs from one time
/// to the next.
const MOST_ROUNDS: usize = 3;

pub fn measure(bench: &mut Bench) {
    let labels = bench.labels.fresh(10);
    for _ in 0..bench.plan.rounds.min(MOST_ROUNDS) {
        for place in [Place::Cliplet, Place::Transformers] {
            let picture = bench.pictures.sample();
            let visitor = Visitor::new(bench.sites, bench.plan, place, picture, &labels);
            visitor.visit_first();
            match renderers_peak(visitor.process_id()) {
                Some(bytes) => bench.results.add("memory", place.name(), bytes as f64),
                None => println!("  Only Linux tells how much memory a process has held."),
            }
        }
    }
}

/// The largest peak of resident memory among the renderers that descend from a process, in bytes. A
/// page's workers are threads of its renderer.
fn renderers_peak(ancestor: u32) -> Option<u64> {
    let parents: HashMap<u32, u32> = fs::read_dir("/proc")
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|process| Some((process, status(process, "PPid:")? as u32)))
        .collect();
    let descends = |mut process: u32| {
        while let Some(parent) = parents.get(&process) {
            if *parent == ancestor {
                return true;
            }
            process = *parent;
        }
        false
    };
    parents
        .keys()
        .filter(|process| descends(**process) && is_renderer(**process))
        .filter_map(|process| Some(status(*process, "VmHWM:")? * 1024))
        .max()
}

fn is_renderer(process: u32) -> bool {
    let command = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&command).contains("--type=renderer")
}

/// A number of `/proc/PROCESS/status`.
fn status(process: u32, key: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse().ok()
}
