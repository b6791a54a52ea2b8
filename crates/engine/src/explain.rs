//! Which parts of a picture speak for a label.

use std::rc::Rc;

use cliplet_clip::attribution::{self, Contributions};
use cliplet_clip::picture::Picture;
use cliplet_clip::preprocess;

use super::model::LoadedModel;
use super::page_session::PageSession;
use super::pictures::ContentHash;
use super::tasks::{Stopped, Task};
use cliplet_protocol::messages::{Explain, Explanation, Failure};
use cliplet_protocol::query::{LabelQuery, PictureId};
use cliplet_protocol::scoring::Kind;

/// What is known of the picture that was explained last, by one model. Of any label, it says the rest by products alone.
pub(super) struct Explained {
    hash: ContentHash,
    contributions: Contributions,
    /// Left, top, width and height of what the model looks at, as shares of the picture.
    kept: [f64; 4],
}

impl PageSession {
    pub(super) async fn explain(
        &self,
        task: &Task,
        request: &Explain,
    ) -> Result<Explanation, Stopped> {
        let LabelQuery {
            labels,
            templates,
            scoring,
        } = &request.query;
        // Held to the end: another model may become the one that answers meanwhile.
        let model = self.model.borrow().clone().ok_or(Failure::NoModel)?;
        let texts = model.candidates(task, labels, templates).await?;
        let text = texts.get(request.label as usize);
        let text = text.ok_or_else(|| Failure::Internal {
            message: "There is no such label.".to_owned(),
        })?;
        let alone = texts.len() == 1 || scoring.kind == Kind::Independent;
        let others = match alone {
            true => {
                let neutral = std::slice::from_ref(&scoring.neutral);
                model.prompts(task, neutral).await?
            }
            false => texts.clone(),
        };
        let others = others.iter().map(|other| other.as_ref());
        let direction = attribution::against(text.as_ref(), others);
        let explained = self.explained(task, &model, request.picture).await?;
        let attribution = explained.contributions.along(&direction);
        Ok(Explanation {
            model: model.id.clone(),
            alone,
            across: attribution.across as u32,
            patches: attribution.patches,
            rest: attribution.rest,
            kept: explained.kept,
        })
    }

    async fn explained(
        &self,
        task: &Task,
        model: &LoadedModel,
        id: PictureId,
    ) -> Result<Rc<Explained>, Stopped> {
        let hash = self.hash_of(id)?;
        if let Some(known) = model
            .explained
            .borrow()
            .as_ref()
            .filter(|known| known.hash == hash)
        {
            return Ok(Rc::clone(known));
        }
        let pixels = self.pixels_of(task, id).await?;
        task.yield_now().await?;
        let explained = Rc::new(explain(model, hash, &pixels)?);
        model.explained.replace(Some(Rc::clone(&explained)));
        Ok(explained)
    }
}

fn explain(
    model: &LoadedModel,
    hash: ContentHash,
    picture: &Picture,
) -> Result<Explained, Failure> {
    let internal = |error: cliplet_clip::Error| Failure::Internal {
        message: error.to_string(),
    };
    let pixels = model.clip.preprocess(picture).map_err(internal)?;
    let (width, height) = (picture.width(), picture.height());
    let side = model.clip.config().vision.image_size;
    let [left, top, kept_width, kept_height] = preprocess::kept_part(width, height, side);
    let (width, height) = (f64::from(width), f64::from(height));
    Ok(Explained {
        hash,
        contributions: model.clip.contributions(&pixels).map_err(internal)?,
        kept: [
            left / width,
            top / height,
            kept_width / width,
            kept_height / height,
        ],
    })
}
