//! What the page, the worker and the terminal agree on, so that each does it with the same code: [`system_files`] says which files of a
//! folder or an archive are looked at, [`text`] decodes text files, [`label`] reads one label, and [`label_list`] reads a list of labels as
//! people have them.

pub mod label;
pub mod label_list;
pub mod system_files;
pub mod text;
