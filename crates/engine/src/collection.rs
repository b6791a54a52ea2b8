//! What is known of a page's collection of many pictures.
//!
//! What is held of a picture is the browser's handle of its file, its hash, and, with the model,
//! its embedding.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use cliplet_clip::linear_probe::LinearProbe;
use js_sys::{Array, Uint8Array};
use web_sys::{Blob, BlobPropertyBag};

use super::embedding::Embedding;
use super::model::LoadedModel;
use super::pictures::ContentHash;
use super::store::{self, EmbeddingFile, NewPicture, PictureFile};
use super::tasks::Stopped;
use cliplet_protocol::collection::{ItemId, KeptPicture, KeptPictures};
use cliplet_protocol::messages::Failure;

/// What is known of a page's collection.
#[derive(Default)]
pub(super) struct Collection {
    items: RefCell<HashMap<ItemId, Item>>,
    probe: RefCell<Option<Rc<LinearProbe>>>,
    previews: RefCell<Option<PictureFile>>,
    /// Where the embeddings of a model are kept, by the name of the model's file.
    embeddings: RefCell<Option<(String, EmbeddingFile)>>,
    /// It is being opened.
    opening: Cell<bool>,
}

#[derive(Default)]
struct Item {
    /// None where only the preview was kept.
    file: Option<Blob>,
    /// None until it has been read.
    hash: Option<ContentHash>,
    /// It was taken out.
    aside: bool,
    /// The class that it is an example of, empty if of none, where that was said in this visit.
    class: Option<Rc<str>>,
}

impl Collection {
    /// Whether a picture of these contents is in it.
    pub(super) fn has(&self, hash: &ContentHash) -> bool {
        let items = self.items.borrow();
        items.values().any(|item| item.hash.as_ref() == Some(hash))
    }

    /// A picture of these contents other than this one.
    pub(super) fn same(&self, hash: &ContentHash, item: ItemId) -> Option<ItemId> {
        let items = self.items.borrow();
        let same = items.iter().filter(|(id, other)| {
            **id != item && !other.aside && other.hash.as_ref() == Some(hash)
        });
        same.map(|(id, _)| *id).min()
    }

    pub(super) fn hash_of(&self, item: ItemId) -> Option<ContentHash> {
        self.items.borrow().get(&item)?.hash
    }

    pub(super) fn linear_probe(&self) -> Result<Rc<LinearProbe>, Failure> {
        let probe = self.probe.borrow().clone();
        probe.ok_or_else(|| Failure::UnusableProbe {
            reason: "There is no linear probe yet.".to_owned(),
        })
    }

    /// Forgets all pictures, and gives the hashes of those that had been read.
    pub(super) fn clear(&self) -> Vec<ContentHash> {
        let items = self.items.take();
        items.values().filter_map(|item| item.hash).collect()
    }

    /// Takes a picture's file, where there is one, and gives what is known of the picture.
    pub(super) fn take(
        &self,
        id: ItemId,
        file: Option<Blob>,
    ) -> (Option<Blob>, Option<ContentHash>) {
        let mut items = self.items.borrow_mut();
        let item = items.entry(id).or_default();
        if file.is_some() {
            item.file = file;
        }
        (item.file.clone(), item.hash)
    }

    /// The pictures that were not taken out, in their order.
    pub(super) fn ids(&self) -> Vec<ItemId> {
        let items = self.items.borrow();
        let there = items.iter().filter(|(_, item)| !item.aside);
        let mut ids: Vec<ItemId> = there.map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids
    }

    /// Makes a linear probe the one that is asked.
    pub(super) fn set_linear_probe(&self, probe: LinearProbe) {
        self.probe.replace(Some(Rc::new(probe)));
    }

    /// Opens what was kept of pictures, and gives what is there that the collection has not: their
    /// number, or with `list` they themselves, numbered from there on.
    pub(super) async fn open_store(
        &self,
        model: Option<Rc<LoadedModel>>,
        list: Option<ItemId>,
    ) -> Result<(KeptPictures, Option<Blob>), Stopped> {
        // One at a time: a file can be opened once.
        if !self.opening.replace(true) {
            if self.previews.borrow().is_none() {
                let previews = PictureFile::open().await;
                self.previews.replace(previews);
            }
            if let Some(model) = model {
                self.open_embeddings(&model).await;
            }
            self.opening.set(false);
        }
        let mut previews = self.previews.borrow_mut();
        let Some(previews) = &mut *previews else {
            let kept = KeptPictures {
                open: false,
                others: 0,
                pictures: Vec::new(),
            };
            return Ok((kept, None));
        };
        let had: HashSet<ContentHash> = {
            let items = self.items.borrow();
            items.values().filter_map(|item| item.hash).collect()
        };
        let others: Vec<(ContentHash, KeptPicture)> = previews
            .all()
            .into_iter()
            .filter(|(hash, _)| !had.contains(hash))
            .map(|(hash, known)| {
                let picture = KeptPicture {
                    name: known.name.clone(),
                    folder: known.folder.clone(),
                    width: known.width,
                    height: known.height,
                    preview: known.preview.1,
                    class: known.class.clone(),
                };
                (hash, picture)
            })
            .collect();
        let Some(first) = list else {
            let kept = KeptPictures {
                open: true,
                others: others.len() as u32,
                pictures: Vec::new(),
            };
            return Ok((kept, None));
        };
        let parts = Array::new();
        let mut pictures = Vec::with_capacity(others.len());
        for (at, (hash, picture)) in others.into_iter().enumerate() {
            let preview = previews.preview(&hash).unwrap_or_default();
            parts.push(&Uint8Array::from(&preview[..]));
            let item = Item {
                hash: Some(hash),
                ..Item::default()
            };
            let id = first + at as ItemId;
            self.items.borrow_mut().insert(id, item);
            pictures.push(KeptPicture {
                preview: preview.len() as u32,
                ..picture
            });
        }
        let kept = KeptPictures {
            open: true,
            others: 0,
            pictures,
        };
        Ok((kept, Some(blob_of(&parts)?)))
    }

    /// Deletes all that is kept of pictures.
    pub(super) async fn delete_store(&self) -> Result<(), Failure> {
        self.previews.take();
        self.embeddings.take();
        if store::delete_pictures().await {
            Ok(())
        } else {
            Err(Failure::FileInUse)
        }
    }

    /// Opens what is kept of a model's embeddings, and gives them to it.
    async fn open_embeddings(&self, model: &Rc<LoadedModel>) {
        let is_open = {
            let embeddings = self.embeddings.borrow();
            embeddings
                .as_ref()
                .is_some_and(|(file, _)| *file == model.file)
        };
        if is_open {
            return;
        }
        self.embeddings.take();
        let width = model.clip.config().projection_dim;
        if let Some(mut file) = EmbeddingFile::open(&model.file, model.bytes, width).await {
            model.know_pictures(file.take());
            let open = (model.file.clone(), file);
            self.embeddings.replace(Some(open));
        }
    }

    /// A picture has been read.
    pub(super) fn has_hash(&self, id: ItemId, hash: ContentHash) {
        if let Some(item) = self.items.borrow_mut().get_mut(&id) {
            item.hash = Some(hash);
        }
    }

    /// Size and preview of a picture that is kept.
    pub(super) fn kept(&self, hash: &ContentHash) -> Option<(u32, u32, Blob)> {
        let mut previews = self.previews.borrow_mut();
        let previews = previews.as_mut()?;
        let known = previews.get(hash)?;
        let (width, height) = (known.width, known.height);
        let preview = previews.preview(hash)?;
        let parts = Array::of1(&Uint8Array::from(&preview[..]));
        Some((width, height, blob_of(&parts).ok()?))
    }

    /// Keeps a picture for the next visit. Gives whether there was room; where the store cannot be
    /// had, nobody needs any.
    pub(super) fn keep(
        &self,
        model: &LoadedModel,
        new: &NewPicture<'_>,
        embedding: &[f32],
    ) -> bool {
        let previews = &self.previews;
        let room = (previews.borrow_mut().as_mut()).is_none_or(|previews| previews.add(new));
        match &mut *self.embeddings.borrow_mut() {
            Some((file, embeddings)) if room && *file == model.file => {
                embeddings.add(&new.hash, embedding)
            }
            _ => room,
        }
    }

    /// Takes pictures out, or puts them back.
    pub(super) fn set_aside(&self, items: &[ItemId], aside: bool) {
        let mut previews = self.previews.borrow_mut();
        let mut known = self.items.borrow_mut();
        for id in items {
            let Some(item) = known.get_mut(id) else {
                continue;
            };
            item.aside = aside;
            if let (Some(hash), Some(previews)) = (&item.hash, previews.as_mut()) {
                // Where there is no room to write it down, it is there again at the next visit.
                previews.set_out(hash, aside);
            }
        }
    }

    /// Examples of a class are written down where they are kept; those that are not read yet, when
    /// they are.
    pub(super) fn teach(&self, ids: &[ItemId], class: Rc<str>) {
        let mut hashes = Vec::new();
        let mut known = self.items.borrow_mut();
        for id in ids {
            let item = known.entry(*id).or_default();
            item.class = Some(Rc::clone(&class));
            hashes.extend(item.hash);
        }
        // Where there is no room to write it down, it is forgotten at the next visit.
        if let Some(previews) = self.previews.borrow_mut().as_mut() {
            previews.teach(&hashes, &class);
        }
    }

    /// Writes down what was said of a picture before it was read.
    pub(super) fn write_class(&self, id: ItemId, hash: &ContentHash) {
        let class = self
            .items
            .borrow()
            .get(&id)
            .and_then(|item| item.class.clone());
        let mut previews = self.previews.borrow_mut();
        if let (Some(class), Some(previews)) = (class, previews.as_mut()) {
            previews.teach(&[*hash], &class);
        }
    }

    /// The class that a picture was an example of in an earlier visit, unless something else was
    /// said in this one.
    pub(super) fn earlier_class(&self, id: ItemId, hash: &ContentHash) -> Option<String> {
        let said = self.items.borrow().get(&id)?.class.is_some();
        let previews = self.previews.borrow();
        let known = previews.as_ref()?.get(hash)?;
        known.class.clone().filter(|_| !said)
    }

    /// Those of some pictures that a model has encoded, with what it gave.
    pub(super) fn encoded(
        &self,
        model: &LoadedModel,
        items: &[ItemId],
    ) -> Vec<(ItemId, Embedding)> {
        let known = items.iter().filter_map(|id| {
            let hash = self.hash_of(*id)?;
            Some((*id, model.picture(&hash)?))
        });
        known.collect()
    }
}

/// A JPEG, or several one after the other.
fn blob_of(parts: &Array) -> Result<Blob, Failure> {
    let options = BlobPropertyBag::new();
    options.set_type("image/jpeg");
    Blob::new_with_u8_array_sequence_and_options(parts, &options).map_err(|error| {
        Failure::Internal {
            message: format!("{error:?}"),
        }
    })
}
