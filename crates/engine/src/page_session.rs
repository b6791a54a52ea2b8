//! What the worker does for each request of a page, and what it knows of that page.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use cliplet_clip::picture::Picture;
use cliplet_clip::zero_shot;
use futures_util::future::try_join;
use web_sys::Blob;

use super::collection::Collection;
use super::conversion::{self, Origin};
use super::decode::{self, Decoded, Pixels};
use super::fetch::{self, Patience, Source};
use super::model::{Embedding, LoadedModel};
use super::pictures::{self, ContentHash, Pictures, TakenPicture};
use super::port::{Attachments, PagePort};
use super::scoring;
use super::session_registry::{SessionRegistry, WaitingPicture};
use super::store::{self, Arriving, Label, Lock, ModelFile};
use super::tasks::{Stopped, Task, Tasks};
use cliplet_protocol::catalogue::{Layout, ModelEntry};
use cliplet_protocol::collection::{
    CloseCollection, CollectionChanged, DeletePictureStore, SetAside, Teach,
};
use cliplet_protocol::messages::{
    Classify, Embed, Embeddings, Failure, Forgotten, LabelScore, ListFiles, LoadModel,
    ModelFileTaken, ModelReady, PictureTaken, Progress, PromptTokens, Request, Response, Scores,
    StoredFiles, TakeModelFile, Tokens,
};
use cliplet_protocol::query::{LabelQuery, PictureId};

/// What an answer consists of: the message, and a file to go beside it.
pub(super) type Answer = (Response, Option<Blob>);

fn alone(answer: impl Into<Response>) -> Result<Answer, Stopped> {
    Ok((answer.into(), None))
}

fn with_file((answer, file): (impl Into<Response>, Option<Blob>)) -> Result<Answer, Stopped> {
    Ok((answer.into(), file))
}

/// A page that the worker works for.
pub(super) struct PageSession {
    pub(super) port: PagePort,
    pub(super) tasks: Tasks,
    /// The model that answers it.
    pub(super) model: RefCell<Option<Rc<LoadedModel>>>,
    pub(super) pictures: RefCell<Pictures>,
    /// Files on the device, by the id of the model that they belong to, with their names.
    model_files: RefCell<HashMap<String, Vec<(String, Blob)>>>,
    pub(super) collection: Collection,
    /// All of them, this one too.
    pub(super) all: Rc<SessionRegistry>,
}

impl PageSession {
    /// One that nothing is known of yet.
    pub(super) fn new(port: PagePort, all: &Rc<SessionRegistry>) -> Self {
        Self {
            tasks: Tasks::of(port.clone()),
            port,
            model: RefCell::default(),
            pictures: RefCell::default(),
            model_files: RefCell::default(),
            collection: Collection::default(),
            all: Rc::clone(all),
        }
    }

    /// Does what is asked.
    pub(super) async fn answer(
        &self,
        task: &Task,
        request: Request,
        attachments: Attachments,
    ) -> Result<Answer, Stopped> {
        match request {
            Request::LoadModel(LoadModel { model, patience }) => {
                let patience = Patience::new(patience);
                alone(self.load_model(task, &model, patience).await?)
            }
            Request::TakeModelFile(TakeModelFile { model, name }) => {
                let file = attachments.file.ok_or(Failure::FilesGone)?;
                let mut files = self.model_files.borrow_mut();
                let files = files.entry(model).or_default();
                files.retain(|(other, _)| *other != name);
                files.push((name, file));
                alone(ModelFileTaken)
            }
            Request::ListFiles(ListFiles) => alone(store::files().await),
            Request::DeleteFile(request) => alone(self.delete_file(&request.name).await?),
            Request::TakePicture(request) => {
                let file = attachments.file.ok_or(Failure::UnknownPicture)?;
                with_file(self.take_picture(task, request.picture, file).await?)
            }
            Request::TakePixels(request) => {
                let pixels = attachments.pixels.ok_or(Failure::UnreadablePicture)?;
                alone(self.take_pixels(request.picture, pixels).await?)
            }
            Request::ForgetPicture(request) => {
                self.forget_picture(request.picture);
                alone(Forgotten)
            }
            Request::Classify(request) => alone(self.classify(task, &request).await?),
            Request::Tokenize(request) => alone(self.tokenize(&request.prompts)?),
            Request::Explain(request) => alone(self.explain(task, &request).await?),
            Request::Embed(request) => alone(self.embed(task, &request).await?),
            Request::OpenPictureStore(request) => with_file(self.open_store(request.list).await?),
            Request::Gather(request) => {
                with_file(self.gather(task, attachments.file, &request).await?)
            }
            Request::Judge(request) => alone(self.judge(task, &request).await?),
            Request::Find(request) => alone(self.find(task, &request.query).await?),
            Request::SetAside(SetAside { items, aside }) => {
                self.set_aside(&items, aside);
                alone(CollectionChanged)
            }
            Request::Teach(Teach { items, class }) => {
                self.teach(&items, class.into());
                alone(CollectionChanged)
            }
            Request::CloseCollection(CloseCollection) => {
                self.forget_collection();
                alone(CollectionChanged)
            }
            Request::DeletePictureStore(DeletePictureStore) => {
                self.delete_picture_store().await?;
                alone(CollectionChanged)
            }
            Request::Train(request) => alone(self.train(task, &request).await?),
            Request::TakeProbe(request) => alone(self.take_probe(task, &request.json).await?),
            Request::AskProbe(request) => alone(self.probabilities(task, request.picture).await?),
            // These are no tasks of their own; they have been carried out before they come here.
            Request::Join(_) | Request::Cancel(_) => Err(Stopped::Cancelled),
        }
    }

    /// What can wait until a request has been answered.
    pub(super) fn tidy_up(&self) {
        if let Some(model) = &*self.model.borrow() {
            model.keep_prompts();
        }
    }

    async fn load_model(
        &self,
        task: &Task,
        model: &ModelEntry,
        patience: Patience,
    ) -> Result<ModelReady, Stopped> {
        let name = store::file_name(model);
        let source = Source {
            url: model.url.clone(),
            // Those of a folder are not those of the file that is made of it.
            bytes: model.bytes.filter(|_| model.layout == Layout::Gguf),
            sha256: model.sha256.clone(),
        };
        let _lock = Lock::take(task, &name, {
            let progress_sender = task.progress_sender();
            move |received, total| progress_sender.tell(Progress::Elsewhere { received, total })
        })
        .await?;
        if let Some(loaded) = self.all.model(&name, &source) {
            return Ok(self.answer_with(loaded));
        }
        if let Some(file) = ModelFile::kept(&name, &source).await {
            match self.read_model(task, model, &source, file).await {
                // A kept file that cannot be read is as good as none.
                Err(Stopped::Failed(_)) => drop(store::remove(&name).await),
                other => return other,
            }
        }
        let handed_over = self.model_files.borrow_mut().remove(&model.id);
        let origin = match &handed_over {
            Some(files) => Origin::Device(files),
            None if model.is_on_device() => return Err(Failure::FilesGone.into()),
            None => Origin::Server {
                folder: &model.url,
                patience,
            },
        };
        let tell = |progress: Progress| {
            if let Progress::Downloading { received, total } = progress {
                store::tell_other_tabs(&name, received, total);
            }
            task.tell(progress);
        };
        let file = match model.layout {
            Layout::Gguf => bring_in(task, model, &name, &source, origin, &tell).await?,
            Layout::Transformers => conversion::convert(task, model, &name, origin, &tell).await?,
        };
        let read = self.read_model(task, model, &source, file).await;
        match read {
            Err(Stopped::Failed(_)) => drop(store::remove(&name).await),
            // Nobody has asked for the one before it: it came with the page. What somebody has chosen is theirs to delete.
            Ok(_) if model.preview => store::delete_other_revisions(model).await,
            _ => {}
        }
        read
    }

    async fn read_model(
        &self,
        task: &Task,
        model: &ModelEntry,
        source: &Source,
        mut file: ModelFile,
    ) -> Result<ModelReady, Stopped> {
        task.tell(Progress::LoadingModel);
        task.yield_now().await?;
        let loaded = LoadedModel::read(model, source, &mut file).await?;
        Ok(self.answer_with(Rc::new(loaded)))
    }

    /// Makes a model the one that answers.
    fn answer_with(&self, model: Rc<LoadedModel>) -> ModelReady {
        let ready = ModelReady {
            model: model.id.clone(),
            kept: model.kept,
        };
        self.model.replace(Some(model));
        ready
    }

    async fn delete_file(&self, name: &str) -> Result<StoredFiles, Stopped> {
        for model in self.all.models() {
            if model.file == name {
                model.close_kept_prompts();
            }
        }
        store::delete(name).await?;
        Ok(store::files().await)
    }

    async fn take_picture(
        &self,
        task: &Task,
        id: PictureId,
        file: Blob,
    ) -> Result<(PictureTaken, Option<Blob>), Stopped> {
        let decoded = decode::decode(&file);
        let (decoded, hash) = try_join(decoded, pictures::hash(&file)).await?;
        let Decoded { picture, foreign } = decoded;
        let preview = match foreign {
            true => Some(decode::preview(&picture).await?),
            false => None,
        };
        task.check_cancelled()?;
        let answer = PictureTaken {
            width: picture.width(),
            height: picture.height(),
            incomplete: picture.is_incomplete(),
        };
        let taken = TakenPicture {
            source: pictures::Source::File(file),
            hash,
            pixels: Some(Rc::new(picture)),
        };
        self.pictures.borrow_mut().insert(id, taken);
        Ok((answer, preview))
    }

    async fn take_pixels(&self, id: PictureId, pixels: Pixels) -> Result<PictureTaken, Stopped> {
        let picture = pixels.read().await?;
        let answer = PictureTaken {
            width: picture.width(),
            height: picture.height(),
            incomplete: false,
        };
        let taken = TakenPicture {
            source: pictures::Source::Pixels(Rc::new(picture)),
            hash: pictures::unlike_others(),
            pixels: None,
        };
        self.pictures.borrow_mut().insert(id, taken);
        Ok(answer)
    }

    fn forget_picture(&self, id: PictureId) {
        let forgotten = self.pictures.borrow_mut().remove(&id);
        if let Some(forgotten) = forgotten {
            self.all.forget_unless_had(&forgotten.hash);
        }
    }

    async fn classify(&self, task: &Task, request: &Classify) -> Result<Scores, Stopped> {
        let LabelQuery {
            labels,
            templates,
            scoring,
        } = &request.query;
        // Held to the end: another model may become the one that answers meanwhile.
        let model = self.model.borrow().clone().ok_or(Failure::NoModel)?;
        let image = self.encode_picture(task, &model, request.picture).await?;
        let neutral = model.neutral(task, scoring).await?;
        let neutral = neutral.map(|neutral| zero_shot::cosine(&image, neutral.as_ref()));
        let texts = model.candidates(task, labels, templates).await?;
        let cosines: Vec<f32> = texts
            .iter()
            .map(|text| zero_shot::cosine(&image, text.as_ref()))
            .collect();
        let logit_scale = model.clip.config().logit_scale;
        let scored = scoring::score(scoring, &cosines, neutral, logit_scale);
        let scores = texts.iter().zip(cosines).zip(scored.scores);
        let scores = scores.map(|((text, cosine), score)| LabelScore {
            cosine,
            score,
            cut: text.cut,
        });
        Ok(Scores {
            model: model.id.clone(),
            scores: scores.collect(),
            logit_scale,
            neutral,
            fit: scored.fit,
            none_fits: scored.none_fits,
        })
    }

    fn tokenize(&self, prompts: &[String]) -> Result<Tokens, Failure> {
        let model = self.model.borrow().clone().ok_or(Failure::NoModel)?;
        let measured = prompts.iter().map(|prompt| model.measure(prompt));
        Ok(Tokens {
            model: model.id.clone(),
            context: model.clip.config().text.context_length as u32,
            prompts: measured.collect::<Result<Vec<PromptTokens>, _>>()?,
        })
    }

    async fn embed(&self, task: &Task, request: &Embed) -> Result<Embeddings, Stopped> {
        // Held to the end, as in `classify`.
        let model = self.model.borrow().clone().ok_or(Failure::NoModel)?;
        let mut images = Vec::with_capacity(request.pictures.len());
        for picture in &request.pictures {
            task.yield_if_due().await?;
            images.push(self.encode_picture(task, &model, *picture).await?.to_vec());
        }
        let texts = model.prompts(task, &request.prompts).await?;
        Ok(Embeddings {
            model: model.id.clone(),
            pictures: images,
            prompts: texts.iter().map(|text| text.as_ref().to_vec()).collect(),
        })
    }

    pub(super) async fn encode_picture(
        &self,
        task: &Task,
        model: &Rc<LoadedModel>,
        id: PictureId,
    ) -> Result<Embedding, Stopped> {
        let hash = self.hash_of(id)?;
        if let Some(known) = model.picture(&hash) {
            return Ok(known);
        }
        let pixels = self.pixels_of(task, id).await?;
        let embedding = self.encode_pixels(task, model, hash, pixels).await?;
        if let Some(picture) = self.pictures.borrow_mut().get_mut(&id) {
            picture.pixels = None;
        }
        Ok(embedding)
    }

    /// What is the same of two pictures if they are.
    pub(super) fn hash_of(&self, id: PictureId) -> Result<ContentHash, Failure> {
        let pictures = self.pictures.borrow();
        let picture = pictures.get(&id).ok_or(Failure::UnknownPicture)?;
        Ok(picture.hash)
    }

    /// The pixels of a picture that is about to be encoded; its file is decoded again where they are not kept.
    pub(super) async fn pixels_of(
        &self,
        task: &Task,
        id: PictureId,
    ) -> Result<Rc<Picture>, Stopped> {
        let (pixels, source) = {
            let pictures = self.pictures.borrow();
            let picture = pictures.get(&id).ok_or(Failure::UnknownPicture)?;
            (picture.pixels.clone(), picture.source.clone())
        };
        task.tell(Progress::EncodingPicture);
        task.yield_now().await?;
        Ok(match (pixels, source) {
            (Some(pixels), _) | (None, pictures::Source::Pixels(pixels)) => pixels,
            (None, pictures::Source::File(file)) => Rc::new(decode::decode(&file).await?.picture),
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
        // Other requests wait for pictures, too. Each says so before it lets the others go first, and whoever comes back
        // first encodes for all.
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

/// Brings a model's one file into the store. The caller has its lock.
async fn bring_in(
    task: &Task,
    model: &ModelEntry,
    name: &str,
    source: &Source,
    origin: Origin<'_>,
    tell: &dyn Fn(Progress),
) -> Result<ModelFile, Stopped> {
    let mut arriving = Arriving::open(name, &Label::of(model), source).await;
    let fetched = match (
        arriving.reserve(source.bytes.unwrap_or_default()).await,
        origin,
    ) {
        (Err(no_room), _) => Err(no_room.into()),
        (Ok(()), Origin::Server { patience, .. }) => {
            fetch::bring_in(task, source, patience, &mut arriving, tell).await
        }
        (Ok(()), Origin::Device(files)) => conversion::copy(task, files, &mut arriving, tell).await,
    };
    let began = arriving.have().bytes() > 0;
    let wanted = source.bytes.unwrap_or_default();
    let wanted = wanted.saturating_sub(arriving.have().bytes());
    let file = match fetched {
        Ok(()) => arriving.finish(task, source).await,
        Err(stopped) => {
            drop(arriving);
            Err(stopped)
        }
    };
    match file {
        Err(Stopped::Failed(Failure::WrongLength { .. } | Failure::WrongHash)) => {
            store::remove(name).await;
        }
        Err(_) if !began => drop(store::remove(name).await),
        _ => {}
    }
    match file {
        // Whatever the browser says, it has not taken the next bytes.
        Err(Stopped::Failed(Failure::NoRoom { missing: None })) => {
            let missing = Some(wanted).filter(|&missing| missing > 0);
            Err(Failure::NoRoom { missing }.into())
        }
        file => file,
    }
}
