//! Pictures: taken from a file, the clipboard or the samples, shown once the engine has opened them.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Blob, DataTransfer, File, FileList, Url};

use cliplet_protocol::messages::{ForgetPicture, RequestId, TakePicture};
use cliplet_protocol::query::PictureId;

use super::{Session, remote_picture, scoring};
use crate::browser;
use crate::engine::Ended;
use crate::files::{self, Found};
use crate::state::address::{self, Chosen, WEIGHTS};
use crate::state::collection::may_be_picture;
use crate::state::samples::Sample;
use crate::text;
pub use crate::text::PictureSource;

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

/// What is under way with pictures.
#[derive(Default)]
pub(super) struct Desk {
    pub(super) last_id: PictureId,
    /// The picture that was asked for last, and the request if it is under way.
    latest: PictureId,
    request: Option<RequestId>,
}

/// Files whose names and types are looked at in one task.
const MOST_AT_ONCE: usize = 100;

/// A file on its way in.
pub(super) struct Incoming {
    pub(super) file: Blob,
    pub(super) name: String,
    pub(super) alt: String,
    pub(super) sample: Option<Sample>,
    /// Its address, if it is one that the page around has given.
    pub(super) given: Option<String>,
    pub(super) note: Option<String>,
}

impl Session {
    /// Takes the picture of what was dropped or pasted. Returns whether there was anything for the page in it.
    pub fn take_transfer(self, transfer: &DataTransfer, way: PictureSource) {
        let files = transfer.files().as_ref().map(list).unwrap_or_default();
        if self.takes_many()
            && let Some(entries) = files::folders(transfer)
        {
            self.take_folders(entries);
        } else if files.is_empty() {
            match remote_picture::address_in(transfer).filter(|_| !self.is_embedded()) {
                Some(address) => drop(self.take_address(&address)),
                None => self.refuse(text::not_a_picture(way)),
            }
        } else if files.len() == 1 && is_folder(transfer) {
            self.refuse(text::FOLDER);
        } else {
            self.take_files(files);
        }
    }

    /// Whether several pictures are taken together: not inside other people's pages.
    fn takes_many(self) -> bool {
        !self.is_embedded()
    }

    /// Takes the pictures of a folder that was chosen.
    pub fn take_chosen_folder(self, files: &FileList) {
        let files = list(files);
        let found = files.into_iter().map(|file| Found { file, path: None });
        self.take_found(found.collect(), true, None);
    }

    /// Takes the picture of what was chosen.
    pub fn take_chosen(self, files: &FileList) {
        let files = list(files);
        if !files.is_empty() {
            self.take_files(files);
        }
    }

    pub(super) fn take_files(self, mut files: Vec<File>) {
        if self.searches() {
            return self.refuse(text::ONLY_GIVEN);
        }
        if self.is_live() {
            match self.is_embedded() {
                true => return self.refuse(text::ONLY_CAMERA),
                false => self.stop_camera(),
            }
        }
        // So many are no model, and are looked at a few at a time.
        if self.takes_many() && files.len() > MOST_AT_ONCE {
            return self.take_several(files);
        }
        let names: Vec<String> = files.iter().map(File::name).collect();
        match address::chosen(&names) {
            Chosen::Model(_) | Chosen::WithoutConfig if self.is_embedded() => {
                self.refuse(text::MODELS_ARE_ELSEWHERE);
                return;
            }
            Chosen::Model(_) | Chosen::WithoutConfig => {
                match self.add_model_of(files, WEIGHTS[0].0) {
                    Ok(()) => self.error.set(None),
                    Err(why) => self.refuse(why),
                }
                return;
            }
            Chosen::Other => {}
        }
        let is_picture = |file: &&File| may_be_picture(&file.name(), &file.type_());
        if self.takes_many() && files.iter().filter(is_picture).count() > 1 {
            return self.take_several(files);
        }
        let count = files.len();
        let first = files
            .iter()
            .position(|file| file.type_().starts_with("image/"))
            .unwrap_or(0);
        let file = files.swap_remove(first);
        let name = file.name();
        self.take(Incoming {
            note: (count > 1).then(|| text::first_of_several(count, &name)),
            alt: text::picture_alt(&name),
            name,
            file: file.unchecked_into(),
            sample: None,
            given: None,
        });
    }

    fn take_several(self, files: Vec<File>) {
        let found = files.into_iter().map(|file| Found { file, path: None });
        self.take_found(found.collect(), false, None);
    }

    /// Takes a sample, and its labels where no others are lost by it.
    pub fn take_sample(self, sample: Sample) {
        let turn = self.begin(&sample.name);
        leptos::task::spawn_local(async move {
            let fetched = browser::fetch_blob(&format!("samples/{}", sample.file)).await;
            if !self.is_latest(turn) {
                return;
            }
            match fetched {
                Ok(file) => self.take(Incoming {
                    file,
                    name: sample.name.clone(),
                    alt: sample.alt.clone(),
                    sample: Some(sample),
                    given: None,
                    note: None,
                }),
                Err(_) => self.refuse(&text::sample_not_fetched(&sample.name)),
            }
        });
    }

    /// Says why nothing was taken, and leaves everything as it was.
    pub(super) fn refuse(self, why: &str) {
        self.opening.set(None);
        self.error.set(Some(why.to_owned()));
    }

    /// A new picture is on its way: the one that was on its way before no longer is.
    pub(super) fn begin(self, name: &str) -> PictureId {
        let (id, older) = self.with_desk(|desk| {
            desk.pictures.last_id += 1;
            desk.pictures.latest = desk.pictures.last_id;
            (desk.pictures.latest, desk.pictures.request.take())
        });
        if let Some(older) = older {
            self.engine().cancel(older);
        }
        self.opening.set(Some(name.to_owned()));
        self.error.set(None);
        id
    }

    pub(super) fn is_latest(self, id: PictureId) -> bool {
        self.with_desk(|desk| desk.pictures.latest == id)
    }

    pub(super) fn take(self, incoming: Incoming) {
        self.make_way_for_picture();
        let id = self.begin(&incoming.name);
        if let Some(trouble) = untrack(|| self.engine_trouble()) {
            self.refuse(&trouble);
            return;
        }
        let request = TakePicture { picture: id };
        let call = self.engine().ask_with_file(request, Some(&incoming.file));
        self.with_desk(|desk| desk.pictures.request = Some(call.id));
        leptos::task::spawn_local(async move {
            let end = call.end_with_file().await;
            if !self.is_latest(id) {
                self.forget(id);
                return;
            }
            self.with_desk(|desk| desk.pictures.request = None);
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
        self,
        id: PictureId,
        incoming: Incoming,
        preview: Option<Blob>,
        width: u32,
        height: u32,
    ) {
        let url = Url::create_object_url_with_blob(preview.as_ref().unwrap_or(&incoming.file))
            .unwrap_or_default();
        self.announce(text::picture_taken(&incoming.name, width, height));
        if let Some(note) = &incoming.note {
            self.announce(note.clone());
        }
        self.picture_note.set(incoming.note);
        self.with_desk(|desk| desk.file = Some(incoming.file));
        let old = self.picture.try_update(|picture| {
            picture.replace(Picture {
                id,
                url,
                name: incoming.name,
                alt: incoming.alt,
                width,
                height,
                sample: incoming.sample.clone(),
                given: incoming.given,
            })
        });
        if let Some(old) = old.flatten() {
            Url::revoke_object_url(&old.url).ok();
            self.forget(old.id);
        }
        self.opening.set(None);
        if let Some(sample) = incoming.sample {
            self.offer_sample_labels(sample.labels);
        }
        self.refresh_all();
        self.score_after(scoring::AT_ONCE);
    }

    pub(super) fn forget(self, picture: PictureId) {
        let call = self.engine().ask(ForgetPicture { picture });
        leptos::task::spawn_local(async move {
            // Nothing hangs on how that ends.
            call.end().await.ok();
        });
    }

    /// Gives the picture on screen to an engine that does not know it.
    pub(super) fn give_picture_again(self) {
        let Some(picture) = self
            .picture
            .with_untracked(|picture| picture.as_ref().map(|picture| picture.id))
        else {
            return;
        };
        let Some(file) = self.with_desk(|desk| desk.file.clone()) else {
            return;
        };
        let request = TakePicture { picture };
        let call = self.engine().ask_with_file(request, Some(&file));
        leptos::task::spawn_local(async move {
            match call.end().await {
                Ok(_) => self.score_now(),
                Err(Ended::Failed(failure)) => self.error.set(Some(text::not_scored(&failure))),
                Err(Ended::Cancelled) => {}
            }
        });
    }
}

fn list(files: &FileList) -> Vec<File> {
    (0..files.length())
        .filter_map(|at| files.item(at))
        .collect()
}

/// Whether the first thing in a transfer is a folder, which reads like a file that cannot be read.
fn is_folder(transfer: &DataTransfer) -> bool {
    let items = transfer.items();
    let entry = items
        .get(0)
        .and_then(|item| item.webkit_get_as_entry().ok().flatten());
    entry.is_some_and(|entry| entry.is_directory())
}
