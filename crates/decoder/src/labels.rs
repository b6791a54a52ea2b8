//! The reader of label lists for `cliplet.js`, as a program of its own, which that fetches when it
//! is first given a list as one text. The page has the reader in its own program.

use cliplet_protocol::label_list::{self, Colons};
use wasm_bindgen::prelude::wasm_bindgen;

fn main() {}

/// The labels of a list, each once, as [`label_list::read_distinct`] reads them.
#[wasm_bindgen]
pub fn read(list: &str) -> Vec<String> {
    label_list::read_distinct(list, Colons::Plain)
}
