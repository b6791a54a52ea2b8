//! What comes over the wire before a model does. `cargo xtask bench` compresses the files and adds
//! up.

use super::Bench;
use crate::visitor::{Place, Visitor};

pub fn measure(bench: &mut Bench) {
    bench.sites.fetched();
    drop(Visitor::open_without_picture(bench.sites));
    let cliplet = files(bench.sites.fetched());
    bench
        .results
        .wire
        .insert(Place::Cliplet.name().to_owned(), cliplet);

    let labels = bench.labels.fresh(10);
    let picture = bench.pictures.sample();
    let visitor = Visitor::new(
        bench.sites,
        bench.plan,
        Place::Transformers,
        picture,
        &labels,
    );
    visitor.visit_first();
    let transformers = files(bench.sites.fetched());
    bench
        .results
        .wire
        .insert(Place::Transformers.name().to_owned(), transformers);
}

/// What was fetched, without models (and what belongs to them: configuration, tokenizer), pictures
/// of the benchmark's own, and what there is not.
fn files(mut fetched: Vec<String>) -> Vec<String> {
    fetched.retain(|path| {
        !path.starts_with("/models/")
            && !path.starts_with("/pictures/")
            && !path.ends_with(".gguf")
            && !path.ends_with("/favicon.ico")
    });
    fetched.sort();
    fetched.dedup();
    fetched
}
