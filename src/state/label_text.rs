//! What a label's text says to the engine. The rules are `cliplet_protocol`'s, which the terminal
//! and the worker follow too.

use cliplet_protocol::label;
pub use cliplet_protocol::label::{escaped, name};
use cliplet_protocol::label_list::{self, Colons};
pub use cliplet_protocol::label_list::{is_list, split_typed};
use cliplet_protocol::query::Candidate;

/// What the model is asked for a label that reads so.
pub fn read(text: &str) -> Candidate {
    let label::Label { name, prompts } = label::read(text);
    Candidate {
        label: name,
        prompts,
    }
}

/// The labels of a list that is pasted or typed, as they are written, each of which may bring
/// prompts.
pub fn split_list(text: &str) -> Vec<String> {
    label_list::read(text, Colons::Prompts)
}

/// The labels of a list in which a colon is a colon, each once.
pub fn split_plain(text: &str) -> Vec<String> {
    label_list::read_distinct(text, Colons::Plain)
}
