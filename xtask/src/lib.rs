//! The part of `cargo xtask` that the browser tests in `tests/` use too: how browsers are started
//! ([`chromium`], [`firefox`]). Everything that builds is the program's own (`main.rs` and its modules).

pub mod chromium;
pub mod firefox;
