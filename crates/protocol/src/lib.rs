//! What the page, the worker, `cliplet.js` and the terminal agree on, so that each does it with the
//! same code.
//!
//! What lives here: the messages between page and worker ([`messages`], of many pictures
//! [`collection`], in an [`envelope`]), what they ask about ([`query`]), the list of models that a
//! page offers ([`catalogue`]) and what names others ([`model_address`]), how scores are to be made
//! of cosines ([`scoring`]), prompt templates ([`template`]), one label ([`label`]) and a list of
//! them as people have it ([`label_list`]), which files of a folder or an archive are looked at
//! ([`system_files`]), and how text files are decoded ([`text`]). What does not: the model, and
//! anything that a person sees.
//!
//! Within 0.1, [`label`], [`label_list`], [`query`], [`scoring`], [`template`] and [`catalogue`]
//! stay as they are, and so does the JSON of their types. [`messages`], [`collection`] and
//! [`envelope`] are between one version of the page and the same version of its worker, and change
//! with any version.

#![forbid(unsafe_code)]

pub mod catalogue;
pub mod collection;
pub mod envelope;
pub mod label;
pub mod label_list;
pub mod messages;
pub mod model_address;
pub mod query;
pub mod scoring;
pub mod system_files;
pub mod template;
pub mod text;

/// Runs the samples of the README as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
