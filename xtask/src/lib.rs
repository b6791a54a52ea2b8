//! The part of `cargo xtask` that the browser tests in `tests/` use too.
//!
//! What lives here: a static file server for the built page ([`server`]), the page's Content-Security-Policy ([`policy`]), and
//! how browsers are started ([`chromium`], [`firefox`]). What does not: everything that builds, which is the program's own
//! (`main.rs` and its modules).

pub mod chromium;
pub mod firefox;
pub mod policy;
pub mod server;
