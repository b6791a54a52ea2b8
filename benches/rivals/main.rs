//! Cliplet and its rivals, measured in turn in the same browser.
//!
//! `cargo xtask bench` builds and installs what this program needs, runs it with the path of a
//! plan, and makes a table of its results. What lives here: the contestants ([`contestants`];
//! `page/` has their side in the browser), what they are asked ([`figures`]), and what they are
//! asked with ([`labels`], [`pictures`], [`site`]). What does not: installing, medians, ratios,
//! tables, which are xtask's.

mod arena;
mod contestants;
mod figures;
mod labels;
mod pictures;
mod plan;
mod results;
mod site;
mod visitor;

use std::env;
use std::path::Path;
use std::process::ExitCode;

use cliplet_test_harness::{Options, Page};
use figures::Bench;
use labels::Labels;
use pictures::Pictures;
use plan::Plan;
use results::Results;
use site::Sites;

fn main() -> ExitCode {
    // Cargo adds arguments of its own when it runs benchmarks.
    let Some(path) = env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"))
    else {
        eprintln!("`cargo xtask bench` runs this, and installs first what it needs.");
        return ExitCode::from(2);
    };
    let plan = Plan::read(Path::new(&path));
    let pictures = Pictures::write(&plan.pictures);
    let sites = Sites::start(&plan);
    let mut bench = Bench {
        plan: &plan,
        sites: &sites,
        pictures: &pictures,
        labels: Labels::new(),
        results: Results::default(),
    };
    bench.measure();
    bench.results.browser = Page::blank_alone(&Options::default()).browser_version();
    bench.results.write(&plan.results);
    ExitCode::SUCCESS
}
