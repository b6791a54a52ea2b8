//! Model files in the browser: each is kept in the origin private file system under the id and
//! revision of its model, and read from there on the next visit, and so are the embeddings of
//! prompts (`prompts`). Where the browser has no such file system, the file is kept in the Cache
//! API (`cache`), and where there is none either, it is held in memory for this visit.
//!
//! Beside each file lies its journal (`journal`), which says where the file comes from, which parts
//! of it have been written, and, in the end, that it is whole and right: a file is never taken for
//! whole because of its length. `arriving` is a file that is being written, `converting` one that
//! is being made of others. `pictures` keeps previews and embeddings of many pictures, in a folder
//! of their own. `lock` keeps tabs from writing one file at the same time. `inventory` is what a
//! person sees of all this: what is there, how large it is, and how much room is left. What is not
//! here: where the bytes come from ([`super::fetch`]).

mod arriving;
mod cache;
mod converting;
mod inventory;
mod journal;
mod lock;
mod model_file;
mod pictures;
mod position;
mod private_file;
mod prompts;

pub(super) use arriving::Arriving;
pub(super) use converting::Converting;
pub(super) use inventory::{delete, delete_other_revisions, files, remove};
pub(super) use journal::Label;
pub(super) use lock::{Lock, tell_other_tabs, wait_until_free};
pub(super) use model_file::{ModelFile, file_name};
pub(super) use pictures::{EmbeddingFile, NewPicture, PictureFile, delete_pictures};
pub(super) use prompts::{KeptPrompt, PromptFile};
