//! One way in for whatever is dropped, pasted, chosen or named: a picture, several, a folder of
//! classes, or a model.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{DataTransfer, File, FileList};

use super::base::Base;
use super::camera::CameraController;
use super::collection::CollectionController;
use super::models::ModelsController;
use super::pictures::Incoming;
use super::pictures::PicturesController;
use super::support::{lasting, readable};
use crate::files::{self, Found};
use crate::state::address::{self, Chosen, WEIGHTS};
use crate::state::collection::{MOST_PICTURES, may_be_picture};
use crate::state::picture_address::{self, MOST_BYTES};
pub use crate::text::PictureSource;
use crate::text::collection as words;
use crate::{browser, remote_picture, text};

/// More files than this are no model, and are looked at a few at a time.
const MOST_OF_A_MODEL: usize = 100;

/// Where files and addresses come in.
pub struct IntakeController {
    base: Base,
    models: &'static ModelsController,
    pictures: &'static PicturesController,
    camera: &'static CameraController,
    collection: &'static CollectionController,
    address_open: RwSignal<bool>,
    address: RwSignal<String>,
}

impl IntakeController {
    pub(crate) fn new(
        base: Base,
        models: &'static ModelsController,
        pictures: &'static PicturesController,
        camera: &'static CameraController,
        collection: &'static CollectionController,
    ) -> &'static Self {
        lasting(Self {
            base,
            models,
            pictures,
            camera,
            collection,
            address_open: RwSignal::default(),
            address: RwSignal::default(),
        })
    }

    readable! {
        /// The field for a picture's address is there.
        address_open: bool;
        /// What is typed into it.
        address: String;
    }

    /// Shows the field for an address, or hides it.
    pub fn open_address(&self, open: bool) {
        self.address_open.set(open);
    }

    /// Takes what stands in that field.
    pub fn type_address(&self, typed: String) {
        self.address.set(typed);
    }

    /// Takes what was dropped or pasted.
    pub fn take_transfer(&'static self, transfer: &DataTransfer, source: PictureSource) {
        let files = transfer.files().as_ref().map(list).unwrap_or_default();
        if self.takes_many()
            && let Some(entries) = files::folders(transfer)
        {
            self.base.messages.dismiss_error();
            leptos::task::spawn_local(async move {
                // With some room for files that are no pictures.
                let (found, unread) = files::walk(entries, 2 * MOST_PICTURES).await;
                let unread = unread.map(|name| words::not_walked(&name));
                match unread {
                    Some(unread) if found.is_empty() => self.base.messages.fail(unread),
                    unread => self.take(found, true, unread),
                }
            });
        } else if files.is_empty() {
            match address_in(transfer).filter(|_| self.takes_many()) {
                Some(address) => drop(self.take_address(&address)),
                None => self.pictures.refuse(text::not_a_picture(source)),
            }
        } else if files.len() == 1 && is_folder(transfer) {
            self.pictures.refuse(text::FOLDER);
        } else {
            self.take_files(files, false);
        }
    }

    /// Takes files that were chosen. `in_folder`: with the folder around them.
    pub fn take_chosen(&'static self, files: &FileList, in_folder: bool) {
        let files = list(files);
        if !files.is_empty() || in_folder {
            self.take_files(files, in_folder);
        }
    }

    fn take_files(&'static self, files: Vec<File>, in_folder: bool) {
        let found = files.into_iter().map(|file| Found { file, path: None });
        self.take(found.collect(), in_folder, None);
    }

    /// Whether several pictures are taken together, and addresses are: not inside other people's
    /// pages.
    fn takes_many(&self) -> bool {
        !self.base.frame.is_embedded()
    }

    /// Takes files as what they are. `unread` says what could not be had of a folder.
    fn take(&'static self, mut found: Vec<Found>, in_folder: bool, unread: Option<String>) {
        if self.base.frame.searches() {
            return self.pictures.refuse(text::ONLY_GIVEN);
        }
        if self.camera.is_live() {
            if self.base.frame.is_embedded() {
                return self.pictures.refuse(text::ONLY_CAMERA);
            }
            self.camera.stop();
        }
        let few = !self.takes_many() || found.len() <= MOST_OF_A_MODEL;
        if few && self.take_model(&found) {
            return;
        }
        let is_picture = |found: &&Found| may_be_picture(&found.file.name(), &found.file.type_());
        let several = || found.iter().filter(is_picture).count() > 1;
        if self.takes_many() && (in_folder || !few || several()) {
            return self.collection.take(found, in_folder, unread);
        }
        let count = found.len();
        let first = found
            .iter()
            .position(|found| found.file.type_().starts_with("image/"));
        let file = found.swap_remove(first.unwrap_or_default()).file;
        let name = file.name();
        let note = (count > 1).then(|| text::first_of_several(count, &name));
        let alt = text::picture_alt(&name);
        self.pictures.take(Incoming {
            note,
            ..Incoming::new(file.unchecked_into(), name, alt)
        });
    }

    /// Takes files as a model, if they look like one. Gives whether they do.
    fn take_model(&'static self, found: &[Found]) -> bool {
        let names: Vec<String> = found.iter().map(|found| found.file.name()).collect();
        if address::chosen(&names) == Chosen::Other {
            return false;
        }
        if self.base.frame.is_embedded() {
            self.pictures.refuse(text::MODELS_ARE_ELSEWHERE);
            return true;
        }
        let files = found.iter().map(|found| found.file.clone()).collect();
        match self.models.add_of(files, WEIGHTS[0].0) {
            Ok(()) => self.base.messages.dismiss_error(),
            Err(why) => self.pictures.refuse(why),
        }
        true
    }

    /// Fetches the picture at an address that was typed, pasted or dropped. Returns whether it is
    /// one that can be asked.
    pub fn take_address(&'static self, typed: &str) -> bool {
        let address = match picture_address::read(typed) {
            Ok(address) => address,
            Err(trouble) => {
                self.pictures.refuse(text::no_picture_address(trouble));
                return false;
            }
        };
        if self.camera.is_live() {
            self.camera.stop();
        }
        let host = browser::host_of(&address);
        let name = browser::decoded(&text::file_name(&address));
        let name = text::picture_of_host(&name, &host);
        let turn = self.pictures.begin(&name);
        leptos::task::spawn_local(async move {
            let fetched = remote_picture::fetch_picture(&address, MOST_BYTES, || {
                self.pictures.is_latest(turn)
            })
            .await;
            if !self.pictures.is_latest(turn) {
                return;
            }
            match fetched {
                Ok(file) => {
                    self.address_open.set(false);
                    let alt = text::picture_alt(&name);
                    self.pictures.take(Incoming::new(file, name, alt));
                }
                Err(trouble) => self
                    .pictures
                    .refuse(&text::not_from_elsewhere(&host, &trouble)),
            }
        });
        true
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

/// The address in what was dropped or pasted: that of an image, where there is one in it, before
/// that of a link around it.
fn address_in(transfer: &DataTransfer) -> Option<String> {
    let get = |kind: &str| transfer.get_data(kind).unwrap_or_default();
    let is_fetched = |address: &String| picture_address::read(address).is_ok();
    if let Some(image) = browser::first_image(&get("text/html")).filter(is_fetched) {
        return Some(image);
    }
    let list = get("text/uri-list");
    if let Some(address) = picture_address::first_of_list(&list) {
        return Some(address.to_owned());
    }
    let text = get("text/plain");
    let text = text.trim();
    let is_address = picture_address::looks_like_one(text) || text.starts_with("data:image/");
    is_address.then(|| text.to_owned())
}
