//! What a page has: the model that answers it, its pictures, and its collection.

use std::cell::RefCell;
use std::rc::Rc;

use super::collection::Collection;
use super::model::LoadedModel;
use super::pictures::{ContentHash, Pictures};
use cliplet_protocol::messages::Failure;
use cliplet_protocol::query::PictureId;

/// What one page has.
#[derive(Default)]
pub(super) struct SessionState {
    /// The model that answers it.
    pub(super) model: RefCell<Option<Rc<LoadedModel>>>,
    pub(super) pictures: RefCell<Pictures>,
    pub(super) collection: Collection,
}

impl SessionState {
    /// The model that answers. A request holds it to the end: another may become the one that
    /// answers meanwhile.
    pub(super) fn model(&self) -> Result<Rc<LoadedModel>, Failure> {
        self.model.borrow().clone().ok_or(Failure::NoModel)
    }

    /// What is the same of two pictures if they are.
    pub(super) fn hash_of(&self, id: PictureId) -> Result<ContentHash, Failure> {
        let pictures = self.pictures.borrow();
        let picture = pictures.get(&id).ok_or(Failure::UnknownPicture)?;
        Ok(picture.hash)
    }

    /// Whether it has a picture of these contents.
    pub(super) fn has_picture(&self, hash: &ContentHash) -> bool {
        let pictures = self.pictures.borrow();
        let taken = pictures.values().any(|picture| picture.hash == *hash);
        taken || self.collection.has(hash)
    }
}
