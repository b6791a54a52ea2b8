//! What the page, the worker and the terminal agree on, so that each does it with the same code: [`system_files`] says which files of a
//! folder or an archive are looked at.

pub mod system_files;
