//! What the worker does for each request.

use std::cell::RefCell;
use std::rc::Rc;

use cliplet_clip::picture::Picture;
use cliplet_clip::{prompt, zero_shot};
use web_sys::Blob;

use super::decode::{self, Decoded};
use super::fetch::Download;
use super::model::{Embedding, LoadedModel};
use super::pictures::{self, Pictures, TakenPicture};
use super::store::{self, Arriving, ModelFile};
use super::tasks::{Stopped, Task, Tasks};
use crate::catalogue::ModelEntry;
use crate::messages::{Done, Failure, LabelScore, PictureId, Progress, Request};

/// What an answer consists of: the message, and a file to go beside it.
pub(super) type Answer = (Done, Option<Blob>);

/// All that the worker knows.
#[derive(Default)]
pub(super) struct Engine {
    pub(super) tasks: Tasks,
    model: RefCell<Option<Rc<LoadedModel>>>,
    pictures: RefCell<Pictures>,
}

impl Engine {
    /// Does what is asked.
    pub(super) async fn answer(
        &self,
        task: &Task,
        request: Request,
        blob: Option<Blob>,
    ) -> Result<Answer, Stopped> {
        match request {
            Request::LoadModel { model } => self.load_model(task, &model).await,
            Request::TakePicture { picture } => {
                let file = blob.ok_or(Failure::UnknownPicture)?;
                self.take_picture(task, picture, file).await
            }
            Request::ForgetPicture { picture } => {
                self.forget_picture(picture);
                Ok((Done::Forgotten, None))
            }
            Request::Classify {
                picture,
                labels,
                template,
            } => self.classify(task, picture, &labels, &template).await,
            // A cancel is no task of its own; it has been carried out before it comes here.
            Request::Cancel { .. } => Err(Stopped::Cancelled),
        }
    }

    async fn load_model(&self, task: &Task, model: &ModelEntry) -> Result<Answer, Stopped> {
        if let Some(file) = ModelFile::kept(model).await {
            match self.read_model(task, model, file).await {
                // A kept file that cannot be read is as good as none.
                Err(Stopped::Failed(_)) => store::remove(model).await,
                other => return other,
            }
        }
        let file = fetch_model(task, model).await?;
        let read = self.read_model(task, model, file).await;
        if let Err(Stopped::Failed(_)) = read {
            store::remove(model).await;
        }
        read
    }

    async fn read_model(
        &self,
        task: &Task,
        model: &ModelEntry,
        mut file: ModelFile,
    ) -> Result<Answer, Stopped> {
        task.tell(Progress::LoadingModel);
        task.breathe_deeply().await?;
        let loaded = LoadedModel::read(&model.id, &mut file)?;
        *self.model.borrow_mut() = Some(Rc::new(loaded));
        let done = Done::ModelReady {
            model: model.id.clone(),
            kept: file.is_kept(),
        };
        Ok((done, None))
    }

    async fn take_picture(
        &self,
        task: &Task,
        id: PictureId,
        file: Blob,
    ) -> Result<Answer, Stopped> {
        let Decoded { picture, foreign } = decode::decode(&file).await?;
        task.breathe_deeply().await?;
        let hash = pictures::hash(&file).await?;
        let preview = match foreign {
            true => Some(decode::preview(&picture).await?),
            false => None,
        };
        task.go_on()?;
        let done = Done::PictureTaken {
            width: picture.width(),
            height: picture.height(),
        };
        let taken = TakenPicture {
            file,
            hash,
            pixels: Some(Rc::new(picture)),
        };
        self.pictures.borrow_mut().insert(id, taken);
        Ok((done, preview))
    }

    fn forget_picture(&self, id: PictureId) {
        let mut pictures = self.pictures.borrow_mut();
        let Some(forgotten) = pictures.remove(&id) else {
            return;
        };
        let again = pictures.values().any(|other| other.hash == forgotten.hash);
        if let (false, Some(model)) = (again, &*self.model.borrow()) {
            model.forget_picture(&forgotten.hash);
        }
    }

    async fn classify(
        &self,
        task: &Task,
        picture: PictureId,
        labels: &[String],
        template: &str,
    ) -> Result<Answer, Stopped> {
        // Held to the end: another model may become the one that answers meanwhile.
        let model = self.model.borrow().clone().ok_or(Failure::NoModel)?;
        let image = self.encode_picture(task, &model, picture).await?;
        let prompts: Vec<String> = labels
            .iter()
            .map(|label| prompt::fill(template, label))
            .collect();
        let texts = model.prompts(task, &prompts).await?;
        let scores = zero_shot::score(&image, &texts, model.clip.config().logit_scale)
            .into_iter()
            .zip(&texts)
            .map(|(score, text)| LabelScore {
                cosine: score.cosine,
                score: score.probability,
                cut: text.cut,
            })
            .collect();
        let done = Done::Scores {
            model: model.id.clone(),
            scores,
        };
        Ok((done, None))
    }

    async fn encode_picture(
        &self,
        task: &Task,
        model: &LoadedModel,
        id: PictureId,
    ) -> Result<Embedding, Stopped> {
        let (hash, pixels, file) = {
            let pictures = self.pictures.borrow();
            let picture = pictures.get(&id).ok_or(Failure::UnknownPicture)?;
            (picture.hash, picture.pixels.clone(), picture.file.clone())
        };
        if let Some(known) = model.picture(&hash) {
            return Ok(known);
        }
        task.tell(Progress::EncodingPicture);
        task.breathe_deeply().await?;
        let pixels: Rc<Picture> = match pixels {
            Some(pixels) => pixels,
            None => Rc::new(decode::decode(&file).await?.picture),
        };
        let embedding = model.encode_picture(hash, &pixels)?;
        if let Some(picture) = self.pictures.borrow_mut().get_mut(&id) {
            picture.pixels = None;
        }
        Ok(embedding)
    }
}

/// Brings a model's file in from the network, into the store.
async fn fetch_model(task: &Task, model: &ModelEntry) -> Result<ModelFile, Stopped> {
    let progress = |received| Progress::Downloading {
        received,
        total: Some(model.bytes),
    };
    task.tell(progress(0));
    let mut download = Download::begin(task, &model.url, model.bytes).await?;
    let mut arriving = Arriving::begin(model).await;
    while let Some(chunk) = download.next().await? {
        arriving.append(&chunk).await?;
        task.tell_now_and_then(|| progress(download.received()));
    }
    task.tell(progress(download.received()));
    Ok(arriving.finish()?)
}
