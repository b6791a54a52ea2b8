//! The part of `cargo xtask` that the browser tests in `tests/` use too.
//!
//! What lives here: how browsers are started ([`chromium`], [`firefox`]), and under its old name
//! the server of the built page, which is a crate of its own. What does not: everything that
//! builds, which is the program's own (`main.rs` and its modules).

pub mod chromium;
pub mod firefox;

pub use cliplet_server as server;
pub use cliplet_server::policy;
