//! CLIPs in other people's files, on their way into a GGUF.
//!
//! What lives here: files of weights as tensors under names, whose bytes are read when they are
//! wanted ([`Checkpoint`]): safetensors ([`safetensors`]), what PyTorch saves ([`pytorch`], which
//! reads a pickle without running anything, [`pickle`]), and GGUFs ([`gguf`]); OpenCLIP's
//! configuration and names ([`open_clip`]); and the way of all of these into a conversion
//! ([`send`]). What does not: the model, and the GGUF that is written, both of which are
//! `cliplet-clip`'s; folders, progress and what is said to people.
//!
//! Nothing in a file is believed: every count, length and place is compared with what there is
//! before it is used.

#![forbid(unsafe_code)]

mod checkpoint;
pub mod gguf;
pub mod open_clip;
pub mod pickle;
pub mod pytorch;
pub mod safetensors;
mod send;

pub use checkpoint::{Checkpoint, Numbers, Tensor};
pub use send::{Piece, as_transformers, send};

use cliplet_clip::Error;

/// An unusable file, and why: a sentence without its full stop.
fn unusable(reason: impl Into<String>) -> Error {
    Error::Model(reason.into())
}
