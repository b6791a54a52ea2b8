//! What the worker does for each request of a page.
//!
//! [`PageSession::answer`] is the list of them. What is about labels is here; what is about models
//! (`models`), single pictures (`pictures`), many pictures (`collection`), and which parts of a
//! picture speak for a label (`explain`) is in files of its own.

mod collection;
mod explain;
mod models;
mod pictures;

use cliplet_clip::zero_shot;
use web_sys::Blob;

use crate::fetch::Patience;
use crate::page_session::PageSession;
use crate::port::Attachments;
use crate::scoring;
use crate::store;
use crate::tasks::{Stopped, Task};
use cliplet_protocol::collection::{
    CloseCollection, CollectionChanged, DeletePictureStore, SetAside, Teach,
};
use cliplet_protocol::messages::{
    Classify, Embed, Embeddings, Failure, Forgotten, LabelScore, ListFiles, LoadModel,
    ModelFileTaken, PromptTokens, Request, Response, Scores, TakeModelFile, Tokens,
};

/// What an answer consists of: the message, and a file to go beside it.
pub(crate) type Answer = (Response, Option<Blob>);

fn alone(answer: impl Into<Response>) -> Result<Answer, Stopped> {
    Ok((answer.into(), None))
}

fn with_file((answer, file): (impl Into<Response>, Option<Blob>)) -> Result<Answer, Stopped> {
    Ok((answer.into(), file))
}

impl PageSession {
    /// Does what is asked.
    pub(crate) async fn answer(
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
            Request::OpenPictureStore(request) => {
                let model = self.state.model.borrow().clone();
                with_file(
                    self.state
                        .collection
                        .open_store(model, request.list)
                        .await?,
                )
            }
            Request::Gather(request) => {
                with_file(self.gather(task, attachments.file, &request).await?)
            }
            Request::Judge(request) => alone(self.judge(task, &request).await?),
            Request::Find(request) => alone(self.find(task, &request.query).await?),
            Request::SetAside(SetAside { items, aside }) => {
                self.state.collection.set_aside(&items, aside);
                alone(CollectionChanged)
            }
            Request::Teach(Teach { items, class }) => {
                self.state.collection.teach(&items, class.into());
                alone(CollectionChanged)
            }
            Request::CloseCollection(CloseCollection) => {
                self.all.forget_collection(&self.state);
                alone(CollectionChanged)
            }
            Request::DeletePictureStore(DeletePictureStore) => {
                self.state.collection.delete_store().await?;
                alone(CollectionChanged)
            }
            Request::Train(request) => alone(self.train(task, &request).await?),
            Request::TakeProbe(request) => alone(self.take_probe(task, &request.json).await?),
            Request::AskProbe(request) => alone(self.probabilities(task, request.picture).await?),
            // These are no tasks of their own; they have been carried out before they come here.
            Request::Join(_) | Request::Cancel(_) => Err(Stopped::Cancelled),
        }
    }

    async fn classify(&self, task: &Task, request: &Classify) -> Result<Scores, Stopped> {
        let scoring = &request.query.scoring;
        let model = self.state.model()?;
        let image = self.encode_picture(task, &model, request.picture).await?;
        let neutral = model.neutral(task, scoring).await?;
        let neutral = neutral.map(|neutral| zero_shot::cosine(&image, neutral.as_ref()));
        let texts = model.labels(task, &request.query).await?;
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
        let model = self.state.model()?;
        let measured = prompts.iter().map(|prompt| model.measure(prompt));
        Ok(Tokens {
            model: model.id.clone(),
            context: model.clip.config().text.context_length as u32,
            prompts: measured.collect::<Result<Vec<PromptTokens>, _>>()?,
        })
    }

    async fn embed(&self, task: &Task, request: &Embed) -> Result<Embeddings, Stopped> {
        let model = self.state.model()?;
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
}
