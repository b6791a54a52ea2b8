//! Cliplet's page: a picture, labels, and how well each fits.
//!
//! Client-side rendered with Leptos. Here live what is drawn ([`components`]), what happens when
//! ([`controllers`], which [`session`] makes), the data behind it ([`state`]), every sentence a
//! person reads ([`text`]), what is asked of the browser and the host to tell people of it
//! ([`probe`]), and the only callers of the worker ([`engine`]), of the service worker
//! ([`offline`]), of files on the device ([`files`]), of a page around ([`host`]), of the camera
//! ([`camera`]) and of other sites ([`remote_picture`]), and what is drawn by hand ([`canvas`]).
//! What does not: the model and arithmetic on its numbers, which are the worker's, behind
//! `cliplet-engine`'s messages.
//!
//! There are two documents of it: the page ([`app::App`]), and the page inside other people's pages
//! ([`embedded::Embedded`]).

#![forbid(unsafe_code)]

pub mod app;
pub mod browser;
pub mod camera;
pub mod canvas;
pub mod components;
pub mod controllers;
pub mod embedded;
pub mod engine;
pub mod files;
pub mod host;
pub mod offline;
pub mod probe;
pub mod remote_picture;
pub mod session;
pub mod state;
pub mod text;
