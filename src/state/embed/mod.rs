//! The page inside other people's pages: what those may set, and what they are told.
//!
//! Here: settings and their limits ([`settings`]), the colours made of a host's accent
//! ([`accent`]), and what is said to the host ([`messages`]). All of it comes from people who are
//! not trusted, or goes to them. Not here: the frame's window and its port (`host`), and what
//! becomes of a setting (`session`).

pub mod accent;
pub mod messages;
pub mod settings;
