//! What people type to name a model somewhere else, read as `cliplet.js` reads it too, and what the
//! weights are called that it can be made into.

pub use cliplet_protocol::model_address::{AddressError, Chosen, chosen, model_at, model_of_files};

/// The weights that a folder can be made into, with what they are called, the first unless a person
/// says otherwise.
pub const WEIGHTS: [(&str, &str); 3] = [
    ("q8_0", "8 bits a weight"),
    ("q4_0", "4 bits: half as large, less exact"),
    ("f16", "16 bits: twice as large, exact"),
];
