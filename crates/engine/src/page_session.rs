//! A page that the worker works for: its requests under way, what it has, and how its pictures are
//! encoded.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use cliplet_clip::picture::Picture;
use web_sys::Blob;

use super::decode;
use super::embedding::Embedding;
use super::model::LoadedModel;
use super::pictures::{ContentHash, Source};
use super::port::PagePort;
use super::session_registry::{SessionRegistry, WaitingPicture};
use super::session_state::SessionState;
use super::tasks::{Stopped, Task, Tasks};
use cliplet_protocol::messages::{Failure, Progress};
use cliplet_protocol::query::PictureId;

/// A page that the worker works for.
pub(super) struct PageSession {
    pub(super) port: PagePort,
    pub(super) tasks: Tasks,
    pub(super) state: Rc<SessionState>,
    /// Files on the device, by the id of the model that they belong to, with their names.
    pub(super) model_files: RefCell<HashMap<String, Vec<(String, Blob)>>>,
    /// What all pages have, this one too.
    pub(super) all: Rc<SessionRegistry>,
}

impl PageSession {
    /// One that nothing is known of yet.
    pub(super) fn new(port: PagePort, all: &Rc<SessionRegistry>) -> Self {
        let state = Rc::default();
        all.add(&state);
        Self {
            tasks: Tasks::of(port.clone()),
            port,
            state,
            model_files: RefCell::default(),
            all: Rc::clone(all),
        }
    }

    /// Stops what the page has asked for, and forgets what it has.
    pub(super) fn end(&self) {
        self.tasks.cancel_all();
        self.all.remove(&self.state);
    }

    /// What can wait until a request has been answered.
    pub(super) fn tidy_up(&self) {
        if let Some(model) = &*self.state.model.borrow() {
            model.keep_prompts();
        }
    }

    pub(super) async fn encode_picture(
        &self,
        task: &Task,
        model: &Rc<LoadedModel>,
        id: PictureId,
    ) -> Result<Embedding, Stopped> {
        let hash = self.state.hash_of(id)?;
        if let Some(known) = model.picture(&hash) {
            return Ok(known);
        }
        let pixels = self.pixels_of(task, id).await?;
        let embedding = self.encode_pixels(task, model, hash, pixels).await?;
        if let Some(picture) = self.state.pictures.borrow_mut().get_mut(&id) {
            picture.pixels = None;
        }
        Ok(embedding)
    }

    /// The pixels of a picture that is about to be encoded; its file is decoded again where they
    /// are not kept.
    pub(super) async fn pixels_of(
        &self,
        task: &Task,
        id: PictureId,
    ) -> Result<Rc<Picture>, Stopped> {
        let (pixels, source) = {
            let pictures = self.state.pictures.borrow();
            let picture = pictures.get(&id).ok_or(Failure::UnknownPicture)?;
            (picture.pixels.clone(), picture.source.clone())
        };
        task.tell(Progress::EncodingPicture);
        task.yield_now().await?;
        Ok(match (pixels, source) {
            (Some(pixels), _) | (None, Source::Pixels(pixels)) => pixels,
            (None, Source::File(file)) => Rc::new(decode::decode(&file).await?.picture),
        })
    }

    /// Encodes a decoded picture, together with others that wait.
    pub(super) async fn encode_pixels(
        &self,
        task: &Task,
        model: &Rc<LoadedModel>,
        hash: ContentHash,
        pixels: Rc<Picture>,
    ) -> Result<Embedding, Stopped> {
        // Other requests wait for pictures, too. Each says so before it lets the others go first,
        // and whoever comes back first encodes for all.
        let waiting = Rc::new(WaitingPicture {
            model: Rc::clone(model),
            hash,
            pixels,
        });
        self.all.wait(&waiting);
        let turn = task.yield_now().await;
        self.all.wait_no_more(&waiting);
        turn?;
        match model.picture(&hash) {
            Some(known) => Ok(known),
            None => Ok(self.all.encode_with_others(&waiting)?),
        }
    }
}
