//! The engine: a dedicated worker around Cliplet's model.
//!
//! What lives here: the messages that the page and the worker exchange ([`messages`], in an [`envelope`]), the list of models a page offers
//! ([`catalogue`]), what they say of many pictures ([`collection`]), how scores are made of cosines ([`scoring`]), and, behind the feature `worker`, everything that runs inside the worker: fetching and keeping
//! model files, decoding pictures with the browser, caching embeddings. It is the only code that talks to both the model
//! and the browser. What does not: arithmetic (crate `cliplet-clip`) and anything a person sees (the page).

pub mod catalogue;
pub mod collection;
pub mod envelope;
pub mod messages;
pub mod scoring;
#[cfg(feature = "worker")]
pub mod worker;
