//! Cliplet's page: a picture, labels, and how well each fits.
//!
//! Client-side rendered with Leptos. Here live what is drawn ([`components`]), what happens when ([`session`]), the data
//! behind it ([`state`]), every sentence a person reads ([`text`]), and the only caller of the worker ([`engine`]). What
//! does not: the model and arithmetic on its numbers, which are the worker's, behind `cliplet-engine`'s messages.

pub mod app;
pub mod browser;
pub mod components;
pub mod engine;
pub mod session;
pub mod state;
pub mod text;
