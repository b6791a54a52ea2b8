//! The picture on screen: taken from a file or the samples, shown once the engine has opened it.

use leptos::prelude::*;
use web_sys::{Blob, Url};

use cliplet_protocol::messages::{ForgetPicture, RequestId, TakePicture};
use cliplet_protocol::query::PictureId;

use super::base::Base;
use super::labels::LabelsController;
use super::support::{Hook, Local, lasting, readable};
use crate::browser;
use crate::engine::Ended;
use crate::state::samples::Sample;
use crate::text;

/// The picture on screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// The engine's name for it.
    pub id: PictureId,
    /// Where the browser finds it.
    pub url: String,
    /// Its file's name, or the sample's.
    pub name: String,
    /// What is to be seen, as far as anybody has said.
    pub alt: String,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// The sample that it is, if it is one.
    pub sample: Option<Sample>,
    /// Its address, if it is one that the page around has given.
    pub given: Option<String>,
}

/// A file on its way in.
pub(crate) struct Incoming {
    pub(crate) file: Blob,
    pub(crate) name: String,
    pub(crate) alt: String,
    pub(crate) sample: Option<Sample>,
    /// Its address, if it is one that the page around has given.
    pub(crate) given: Option<String>,
    pub(crate) note: Option<String>,
}

impl Incoming {
    pub(crate) fn new(file: Blob, name: String, alt: String) -> Self {
        Self {
            file,
            name,
            alt,
            sample: None,
            given: None,
            note: None,
        }
    }
}

/// The picture, and the one that is being opened.
pub struct PicturesController {
    base: Base,
    labels: &'static LabelsController,
    picture: RwSignal<Option<Picture>>,
    opening: RwSignal<Option<String>>,
    note: RwSignal<Option<String>>,
    pending: Local<Pending>,
    /// Called before a single picture is opened.
    pub(crate) on_taken: Hook,
    /// Called when the engine has another picture than before, or has it again.
    pub(crate) on_change: Hook,
}

#[derive(Default)]
struct Pending {
    last_id: PictureId,
    /// The picture that was asked for last, and the request if it is under way.
    latest: PictureId,
    request: Option<RequestId>,
    /// The file of the picture on screen.
    file: Option<Blob>,
}

impl PicturesController {
    pub(crate) fn new(
        base: Base,
        labels: &'static LabelsController,
        picture: RwSignal<Option<Picture>>,
    ) -> &'static Self {
        lasting(Self {
            base,
            labels,
            picture,
            opening: RwSignal::default(),
            note: RwSignal::default(),
            pending: Local::default(),
            on_taken: Hook::default(),
            on_change: Hook::default(),
        })
    }

    readable! {
        /// The picture on screen.
        picture: Option<Picture>;
        /// The name of the picture that is being opened.
        opening: Option<String>;
        /// What there is to say about the picture on screen.
        note: Option<String>;
    }

    /// The engine's name for the picture on screen.
    pub(crate) fn id(&self) -> Option<PictureId> {
        self.picture()
            .with_untracked(|picture| picture.as_ref().map(|picture| picture.id))
    }

    /// A name that the engine has for no other picture.
    pub(crate) fn next_id(&self) -> PictureId {
        self.pending.with(|pending| {
            pending.last_id += 1;
            pending.last_id
        })
    }

    /// Puts another picture on screen, or none, without a question about it. Gives the one that was
    /// there.
    pub(crate) fn replace(&self, picture: Option<Picture>) -> Option<Picture> {
        self.picture
            .try_update(|shown| std::mem::replace(shown, picture))
            .flatten()
    }

    /// Takes a sample, and its labels where no others are lost by it.
    pub fn take_sample(&'static self, sample: Sample) {
        let turn = self.begin(&sample.name);
        leptos::task::spawn_local(async move {
            let fetched = browser::fetch_blob(&format!("samples/{}", sample.file)).await;
            if !self.is_latest(turn) {
                return;
            }
            match fetched {
                Ok(file) => {
                    let incoming = Incoming::new(file, sample.name.clone(), sample.alt.clone());
                    self.take(Incoming {
                        sample: Some(sample),
                        ..incoming
                    });
                }
                Err(_) => self.refuse(&text::sample_not_fetched(&sample.name)),
            }
        });
    }

    /// Says why nothing was taken, and leaves everything as it was.
    pub(crate) fn refuse(&'static self, why: &str) {
        self.opening.set(None);
        self.base.messages.fail(why.to_owned());
    }

    /// A new picture is on its way: the one that was on its way before no longer is.
    pub(crate) fn begin(&'static self, name: &str) -> PictureId {
        let id = self.next_id();
        let older = self.pending.with(|pending| {
            pending.latest = id;
            pending.request.take()
        });
        if let Some(older) = older {
            self.base.engine().cancel(older);
        }
        self.opening.set(Some(name.to_owned()));
        self.base.messages.dismiss_error();
        id
    }

    pub(crate) fn is_latest(&'static self, id: PictureId) -> bool {
        self.pending.with(|pending| pending.latest == id)
    }

    pub(crate) fn take(&'static self, incoming: Incoming) {
        self.on_taken.call(());
        let id = self.begin(&incoming.name);
        if let Some(trouble) = untrack(|| self.base.engine.trouble()) {
            self.refuse(&trouble);
            return;
        }
        let request = TakePicture { picture: id };
        let call = self
            .base
            .engine()
            .ask_with_file(request, Some(&incoming.file));
        self.pending.with(|pending| pending.request = Some(call.id));
        leptos::task::spawn_local(async move {
            let end = call.end_with_file().await;
            if !self.is_latest(id) {
                self.forget(id);
                return;
            }
            self.pending.with(|pending| pending.request = None);
            match end {
                Ok((taken, preview)) => {
                    let mut incoming = incoming;
                    if taken.incomplete {
                        let said = incoming.note.take().map(|note| format!("{note} "));
                        incoming.note = Some(said.unwrap_or_default() + text::INCOMPLETE);
                    }
                    self.show(id, incoming, preview, taken.width, taken.height);
                }
                Err(Ended::Failed(failure)) => {
                    self.refuse(&text::picture_refused(&incoming.name, &failure))
                }
                Err(Ended::Cancelled) => self.opening.set(None),
            }
        });
    }

    fn show(
        &'static self,
        id: PictureId,
        incoming: Incoming,
        preview: Option<Blob>,
        width: u32,
        height: u32,
    ) {
        let url = Url::create_object_url_with_blob(preview.as_ref().unwrap_or(&incoming.file))
            .unwrap_or_default();
        self.base
            .messages
            .announce(text::picture_taken(&incoming.name, width, height));
        if let Some(note) = &incoming.note {
            self.base.messages.announce(note.clone());
        }
        self.note.set(incoming.note);
        self.pending
            .with(|pending| pending.file = Some(incoming.file));
        let old = self.replace(Some(Picture {
            id,
            url,
            name: incoming.name,
            alt: incoming.alt,
            width,
            height,
            sample: incoming.sample.clone(),
            given: incoming.given,
        }));
        if let Some(old) = old {
            Url::revoke_object_url(&old.url).ok();
            self.forget(old.id);
        }
        self.opening.set(None);
        if let Some(sample) = incoming.sample {
            self.labels.offer_sample_labels(sample.labels);
        }
        self.on_change.call(());
    }

    pub(crate) fn forget(&'static self, picture: PictureId) {
        let call = self.base.engine().ask(ForgetPicture { picture });
        leptos::task::spawn_local(async move {
            // Nothing hangs on how that ends.
            call.end().await.ok();
        });
    }

    /// The engine is gone, and with it the picture that it was opening.
    pub(crate) fn engine_died(&self) {
        self.opening.set(None);
    }

    /// Takes off the page what there was to say about the picture on screen.
    pub(crate) fn dismiss_note(&self) {
        self.note.set(None);
    }

    /// Gives the picture on screen to an engine that does not know it.
    pub(crate) fn give_again(&'static self) {
        let Some(picture) = self.id() else {
            return;
        };
        let Some(file) = self.pending.with(|pending| pending.file.clone()) else {
            return;
        };
        let request = TakePicture { picture };
        let call = self.base.engine().ask_with_file(request, Some(&file));
        leptos::task::spawn_local(async move {
            match call.end().await {
                Ok(_) => drop(self.on_change.call(())),
                Err(Ended::Failed(failure)) => self.base.messages.fail(text::not_scored(&failure)),
                Err(Ended::Cancelled) => {}
            }
        });
    }
}
