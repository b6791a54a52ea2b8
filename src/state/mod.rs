//! What the page knows: plain data and plain methods, tested natively.
//!
//! Here: the labels and what their text says, sets of them, what can be taken back, the prompt
//! templates, the scores and their order, many pictures, the grid they stand in and what labels
//! make of them, which model to load when, where people's own models lie, which files the browser
//! keeps, where words for a picture come from, what browser and host give, and what is saved
//! between visits. Not here: anything that draws, listens or waits (`components`, `session`), the
//! worker (`engine`), and the sentences a person reads (`text`).

pub mod address;
pub mod capabilities;
pub mod check;
pub mod collection;
pub mod collection_saved;
pub mod embed;
pub mod grid;
pub mod history;
pub mod kept;
pub mod label_sets;
pub mod label_text;
pub mod labels;
pub mod link;
pub mod model_card;
pub mod models;
pub mod order;
pub mod outcome;
pub mod picture_address;
pub mod rate;
pub mod samples;
pub mod saved;
pub mod scores;
pub mod template;
pub mod vocabulary;
pub mod why;
