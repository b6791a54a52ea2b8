//! Every sentence a person reads, by topic.
//!
//! What lives here: words alone. Each file is about one thing that the page does. `format` has the
//! parts of sentences that all of them use, and `failures` says why something failed. What is about
//! [`labels`], a [`collection`] or the browser's [`capabilities`] is named with its topic;
//! everything else is found here directly. When a sentence is shown is decided elsewhere. Names of
//! controls that never change stand in the components that draw them.

mod camera;
pub mod capabilities;
pub mod collection;
mod embed;
mod engine;
mod failures;
mod files;
mod format;
mod label_list;
pub mod labels;
mod model;
mod offline;
mod page;
mod picture;
mod remote_picture;
mod scores;
mod share;
#[cfg(test)]
mod test_support;
mod why;

pub use camera::*;
pub use embed::*;
pub use engine::*;
pub use files::*;
pub use format::*;
pub use label_list::*;
pub use model::*;
pub use offline::*;
pub use page::*;
pub use picture::*;
pub use remote_picture::*;
pub use scores::*;
pub use share::*;
pub use why::*;
