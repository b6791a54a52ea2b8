//! Requests about single pictures: taking one, and forgetting it.

use std::rc::Rc;

use futures_util::future::try_join;
use web_sys::Blob;

use crate::decode::{self, Decoded};
use crate::page_session::PageSession;
use crate::pictures::{self, Source, TakenPicture, unlike_others};
use crate::pixels::Pixels;
use crate::preview;
use crate::tasks::{Stopped, Task};
use cliplet_protocol::messages::PictureTaken;
use cliplet_protocol::query::PictureId;

impl PageSession {
    pub(super) async fn take_picture(
        &self,
        task: &Task,
        id: PictureId,
        file: Blob,
    ) -> Result<(PictureTaken, Option<Blob>), Stopped> {
        let decoded = decode::decode(&file);
        let (decoded, hash) = try_join(decoded, pictures::hash(&file)).await?;
        let Decoded { picture, foreign } = decoded;
        let preview = if foreign {
            Some(preview::whole(&picture).await?)
        } else {
            None
        };
        task.check_cancelled()?;
        let answer = PictureTaken {
            width: picture.width(),
            height: picture.height(),
            incomplete: picture.is_incomplete(),
        };
        let taken = TakenPicture {
            source: Source::File(file),
            hash,
            pixels: Some(Rc::new(picture)),
        };
        self.state.pictures.borrow_mut().insert(id, taken);
        Ok((answer, preview))
    }

    pub(super) async fn take_pixels(
        &self,
        id: PictureId,
        pixels: Pixels,
    ) -> Result<PictureTaken, Stopped> {
        let picture = pixels.read().await?;
        let answer = PictureTaken {
            width: picture.width(),
            height: picture.height(),
            incomplete: false,
        };
        let taken = TakenPicture {
            source: Source::Pixels(Rc::new(picture)),
            hash: unlike_others(),
            pixels: None,
        };
        self.state.pictures.borrow_mut().insert(id, taken);
        Ok(answer)
    }

    pub(super) fn forget_picture(&self, id: PictureId) {
        let forgotten = self.state.pictures.borrow_mut().remove(&id);
        if let Some(forgotten) = forgotten {
            self.all.forget_unless_had(&forgotten.hash);
        }
    }
}
