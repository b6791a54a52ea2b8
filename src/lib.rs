//! Cliplet's page: a picture, labels, and how well each fits.
//!
//! Client-side rendered with Leptos. Here live what is drawn ([`components`]), what happens when ([`session`]), the data
//! behind it ([`state`]), every sentence a person reads ([`text`]), what is asked of the browser and the host to tell people of it
//! ([`probe`]), the only caller of the worker ([`engine`]) and the only
//! caller of the service worker ([`offline`]). What does not: the model and arithmetic on its numbers, which are the worker's, behind `cliplet-engine`'s messages.

pub mod app;
pub mod browser;
pub mod components;
pub mod engine;
pub mod offline;
pub mod probe;
pub mod session;
pub mod state;
pub mod text;
