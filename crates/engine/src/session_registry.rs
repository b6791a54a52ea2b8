//! All pages that the worker works for, and what they share: the models that they have loaded, with
//! what these have encoded, and the pictures that wait to be encoded.

use std::cell::RefCell;
use std::rc::Rc;

use cliplet_clip::picture::Picture;

use super::embedding::Embedding;
use super::model::LoadedModel;
use super::pictures::ContentHash;
use super::session_state::SessionState;
use super::source::Source;
use cliplet_protocol::messages::Failure;

/// All of them.
#[derive(Default)]
pub(super) struct SessionRegistry {
    sessions: RefCell<Vec<Rc<SessionState>>>,
    /// Decoded pictures that requests wait to be encoded.
    waiting: RefCell<Vec<Rc<WaitingPicture>>>,
}

/// A decoded picture that a request waits to be encoded.
pub(super) struct WaitingPicture {
    pub(super) model: Rc<LoadedModel>,
    pub(super) hash: ContentHash,
    pub(super) pixels: Rc<Picture>,
}

/// Pictures that are encoded together at most, so that a request can be cancelled in between.
const PICTURES_TOGETHER: usize = 4;

impl SessionRegistry {
    /// Counts another one among them.
    pub(super) fn add(&self, session: &Rc<SessionState>) {
        self.sessions.borrow_mut().push(Rc::clone(session));
    }

    /// Forgets one, its pictures and its model, unless others have them too.
    pub(super) fn remove(&self, session: &Rc<SessionState>) {
        self.sessions
            .borrow_mut()
            .retain(|other| !Rc::ptr_eq(other, session));
        for picture in session.pictures.take().values() {
            self.forget_unless_had(&picture.hash);
        }
        self.forget_collection(session);
        session.model.replace(None);
    }

    /// Forgets all pictures of the collection of one.
    pub(super) fn forget_collection(&self, session: &SessionState) {
        for hash in session.collection.clear() {
            self.forget_unless_had(&hash);
        }
    }

    /// The models that answer them, some perhaps several times.
    pub(super) fn models(&self) -> Vec<Rc<LoadedModel>> {
        let sessions = self.sessions.borrow();
        let models = sessions
            .iter()
            .map(|session| session.model.borrow().clone());
        models.flatten().collect()
    }

    /// The model that would be read of this file and source, if somebody has it.
    pub(super) fn model(&self, file: &str, source: &Source) -> Option<Rc<LoadedModel>> {
        let models = self.models();
        models.into_iter().find(|model| model.is(file, source))
    }

    /// Forgets what is kept for a picture of these contents, unless somebody has one.
    pub(super) fn forget_unless_had(&self, hash: &ContentHash) {
        let sessions = self.sessions.borrow();
        let had = sessions.iter().any(|session| session.has_picture(hash));
        if !had {
            for model in self.models() {
                model.forget_picture(hash);
            }
        }
    }

    /// A picture waits from now on.
    pub(super) fn wait(&self, picture: &Rc<WaitingPicture>) {
        self.waiting.borrow_mut().push(Rc::clone(picture));
    }

    /// The other way round.
    pub(super) fn wait_no_more(&self, picture: &Rc<WaitingPicture>) {
        self.waiting
            .borrow_mut()
            .retain(|other| !Rc::ptr_eq(other, picture));
    }

    /// Encodes a picture, and some that wait for the same model.
    pub(super) fn encode_with_others(
        &self,
        first: &Rc<WaitingPicture>,
    ) -> Result<Embedding, Failure> {
        let mut batch = vec![(first.hash, &*first.pixels)];
        let waiting = self.waiting.borrow();
        for other in waiting.iter() {
            let new = batch.iter().all(|(hash, _)| *hash != other.hash);
            let same = Rc::ptr_eq(&other.model, &first.model);
            if new && same && batch.len() < PICTURES_TOGETHER {
                batch.push((other.hash, &*other.pixels));
            }
        }
        let embeddings = first.model.encode_pictures(&batch)?;
        // A batch is never empty.
        Ok(Rc::clone(&embeddings[0]))
    }
}
