//! Other people's CLIPs: repositories as Hugging Face transformers lays a `CLIPModel` out, made
//! into a GGUF while they arrive.
//!
//! What lives here: reading a repository's JSON files (`config`, `json`, `shards`), the tensors of
//! a model under both their names (`tensors`), the header of the new file (`header`), the headers
//! of safetensors files (`safetensors`), and [`Conversion`], which takes their bytes in pieces of
//! any size and writes each weight to its place. What does not: files, networks, and reading the
//! GGUF again, which is [`crate::Clip`]'s.
//!
//! ```
//! use std::io::{Seek, Write};
//!
//! use cliplet_clip::Error;
//! use cliplet_clip::gguf::WeightType;
//! use cliplet_clip::hugging_face::{Conversion, Repository, Source};
//!
//! # fn convert(
//! #     (config, preprocessor_config, tokenizer): (&[u8], &[u8], &[u8]),
//! #     chunks: &[&[u8]],
//! #     out: &mut (impl Write + Seek),
//! # ) -> Result<(), Error> {
//! let repository = Repository {
//!     config: Some(config),
//!     preprocessor_config: Some(preprocessor_config),
//!     tokenizer: Some(tokenizer),
//! };
//! let mut conversion = Conversion::new(&repository, WeightType::Q8_0)?;
//! conversion.begin(out)?;
//! let mut source = Source::new("model.safetensors");
//! for chunk in chunks {
//!     conversion.push(&mut source, chunk, out)?;
//! }
//! conversion.finish(out)
//! # }
//! ```

mod config;
mod conversion;
mod header;
mod json;
mod safetensors;
mod shards;
mod source;
mod tensors;

pub use conversion::{Conversion, Description, Repository, Towers};
pub(crate) use json::parse;
pub use shards::{SAFETENSORS, SAFETENSORS_INDEX, shards};
pub use source::Source;

/// What readers of other layouts share with this one's.
#[cfg(feature = "terminal")]
pub mod shared {
    pub use super::json::{Object, parse};
    pub use super::safetensors::{Entry, NumberType, read_header};
    pub use super::tensors::{LOGIT_SCALE, TWICE, Tensor, tensors, unwrapped};
    pub use crate::error::quoted;
}
