//! Which parts of a picture speak for a label.

use std::rc::Rc;

use cliplet_clip::attribution;

use crate::model::{Explained, LoadedModel};
use crate::page_session::PageSession;
use crate::tasks::{Stopped, Task};
use cliplet_protocol::messages::{Explain, Explanation, Failure};
use cliplet_protocol::query::PictureId;
use cliplet_protocol::scoring::Kind;

impl PageSession {
    pub(super) async fn explain(
        &self,
        task: &Task,
        request: &Explain,
    ) -> Result<Explanation, Stopped> {
        let scoring = &request.query.scoring;
        let model = self.state.model()?;
        let texts = model.labels(task, &request.query).await?;
        let text = texts.get(request.label as usize);
        let text = text.ok_or_else(|| Failure::Internal {
            message: "There is no such label.".to_owned(),
        })?;
        let alone = texts.len() == 1 || scoring.kind == Kind::Independent;
        let others = if alone {
            vec![model.prompt(task, &scoring.neutral).await?]
        } else {
            texts.clone()
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
        let hash = self.state.hash_of(id)?;
        if let Some(known) = model.explained(&hash) {
            return Ok(known);
        }
        let pixels = self.pixels_of(task, id).await?;
        task.yield_now().await?;
        Ok(model.explain(hash, &pixels)?)
    }
}
