//! Reads a list of labels as people write it, and prints the prompts that a model is asked, and the
//! query as JSON.
//!
//! ```sh
//! cargo run --example labels -- "cat; sea lion: a sea lion on a rock; dog"
//! ```

use cliplet_protocol::label;
use cliplet_protocol::label_list::{self, Colons};
use cliplet_protocol::query::{Candidate, LabelQuery};
use cliplet_protocol::scoring::Scoring;
use cliplet_protocol::template;

/// What a model is asked about the labels of a list: one prompt each, unless a label brings its
/// own.
pub fn query(list: &str) -> LabelQuery {
    let labels = label_list::read_distinct(list, Colons::Prompts);
    LabelQuery {
        labels: labels
            .iter()
            .map(|text| {
                let label::Label { name, prompts } = label::read(text);
                Candidate {
                    label: name,
                    prompts,
                }
            })
            .collect(),
        templates: vec![template::DEFAULT.to_owned()],
        scoring: Scoring::default(),
    }
}

fn main() -> Result<(), serde_json::Error> {
    let list = std::env::args().nth(1);
    let query = query(list.as_deref().unwrap_or("cat, dog, car"));
    for candidate in &query.labels {
        let prompts = candidate.filled(&query.templates);
        println!("{}: {}", candidate.label, prompts.join(" | "));
    }
    println!("{}", serde_json::to_string_pretty(&query)?);
    Ok(())
}
