//! Cliplet inside other people's pages: the element of `embed.js`, and the frame.

mod camera;
mod hostile;
mod in_a_page;
mod kinds_of_hosts;
mod looks;
mod search;
