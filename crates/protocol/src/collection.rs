//! What the page and the worker say to each other about many pictures: types only, like
//! [`messages`](crate::messages), which carries them.
//!
//! A page has one collection of pictures, which it hands over one by one. Of each the worker keeps
//! the file as the browser has it, which is no more than a handle, and the embedding; the page gets
//! a small preview. Questions about all of them are answered from the embeddings, in lists of
//! numbers instead of a thing for each picture, since there are thousands.

use serde::{Deserialize, Serialize};

use crate::query::{Candidate, LabelQuery, PictureId};

/// The page's name for a picture of its collection, unique while the page lives.
pub type ItemId = u32;

/// Pixels along the longer side of a preview.
pub const PREVIEW_SIDE: u32 = 256;

/// Open the store in which pictures are kept from one visit to the next, and what the present model
/// made of them there. Asked before anything is [gathered](Gather) that is to be kept, and again
/// when another model answers. With `list`, pictures that are kept and not yet in the collection
/// become part of it, with ids from this one on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenPictureStore {
    /// The first of the ids, if kept pictures are wanted in the collection.
    pub list: Option<ItemId>,
}

/// Take a picture into the collection: the file beside the message, or none where it is there
/// already, and another model answers now. It is decoded and encoded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gather {
    /// The page's name for it.
    pub item: ItemId,
    /// Its file's name.
    pub name: String,
    /// The folder that it lies in, where that says what class it is of.
    pub folder: Option<String>,
    /// Keep its preview and its embedding for the next visit.
    pub keep: bool,
}

/// Say which labels fit pictures best. Those that the present model has not encoded are left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judge {
    /// Which pictures.
    pub items: Vec<ItemId>,
    /// Who says so.
    pub by: Classifier,
    /// How many labels to tell of each, best first.
    pub best: u32,
    /// A label whose score is wanted for every picture.
    pub of: Option<u32>,
}

/// Put all pictures in the order in which they fit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Find {
    /// What they are compared with.
    pub query: Query,
}

/// Take pictures out, or put them back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetAside {
    /// Which.
    pub items: Vec<ItemId>,
    /// Out, or back.
    pub aside: bool,
}

/// Write down of which class pictures are an example. It stays for the next visit where they are
/// kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Teach {
    /// Which.
    pub items: Vec<ItemId>,
    /// The class's name; empty where they are examples of none.
    pub class: String,
}

/// Forget all pictures. What is kept for the next visit stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseCollection;

/// Delete all that is kept of pictures for the next visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletePictureStore;

/// Fit a linear probe to pictures of the collection, which classifies from now on where it is
/// asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Train {
    /// The classes' names, all different.
    pub classes: Vec<String>,
    /// The examples.
    pub items: Vec<ItemId>,
    /// The class of each.
    pub of: Vec<u32>,
}

/// Take the linear probe of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TakeProbe {
    /// What is in the file.
    pub json: String,
}

/// The probabilities that the linear probe gives for a picture that was taken for
/// [`Classify`](crate::messages::Classify).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskProbe {
    /// Which.
    pub picture: PictureId,
}

/// What says which label fits a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Classifier {
    /// Labels, as in [`Classify`](crate::messages::Classify).
    Labels(LabelQuery),
    /// The linear probe, whose classes are the labels.
    Probe,
}

/// What pictures are compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Query {
    /// Words.
    Words {
        /// As a label.
        words: Candidate,
        /// Templates that they are put into.
        templates: Vec<String>,
    },
    /// A picture of the collection.
    Like(ItemId),
}

/// The store is open, or cannot be had. The previews of the pictures are beside the message, in one
/// file, one after the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptPictures {
    /// Pictures can be kept.
    pub open: bool,
    /// How many pictures are kept that are not in the collection.
    pub others: u32,
    /// Those that are part of the collection from now on, in the order of their ids.
    pub pictures: Vec<KeptPicture>,
}

/// The picture is in the collection. Its preview, a JPEG, is beside the message, unless it was
/// there already.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gathered {
    /// The model that has encoded it.
    pub model: String,
    /// Pixels across, upright; 0 where they are not known because nothing had to be decoded.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// The end of its file is missing, as far as something had to be decoded.
    pub incomplete: bool,
    /// Another picture of the collection that is byte for byte the same.
    pub same_as: Option<ItemId>,
    /// It was to be kept, and there is no room for it.
    pub no_room: bool,
    /// The class that it was an example of in an earlier visit, if it is new to this one.
    pub class: Option<String>,
}

/// Labels for pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// The model by whose embeddings.
    pub model: String,
    /// The pictures that could be judged.
    pub items: Vec<ItemId>,
    /// How many labels there are for each picture: as many as were asked for, or as there are.
    pub each: u32,
    /// The numbers of the labels: the best ones of the first picture, then those of the second, and
    /// so on.
    pub labels: Vec<u32>,
    /// Their scores, in the same order.
    pub scores: Vec<f32>,
    /// Whether none of the labels fits, for each picture.
    pub none_fits: Vec<bool>,
    /// The score of the label that was asked for, for each picture, if one was.
    pub of: Vec<f32>,
}

/// Pictures, best first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// Which.
    pub items: Vec<ItemId>,
    /// The cosine of each.
    pub cosines: Vec<f32>,
}

/// It is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionChanged;

/// A linear probe classifies where it is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainedProbe {
    /// Its classes.
    pub classes: Vec<String>,
    /// How many examples each had.
    pub examples: Vec<u32>,
    /// By cross-validation, how many examples of how many it has told rightly, if that could be
    /// tried.
    pub cross_validation: Option<(u32, u32)>,
    /// How long the fitting took, in milliseconds.
    pub milliseconds: u32,
    /// The name of the model that it was fitted with.
    pub model: String,
    /// The probe as a file.
    pub json: String,
}

/// Probabilities of a linear probe's classes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Probabilities {
    /// The model by whose embeddings.
    pub model: String,
    /// One for each class.
    pub probabilities: Vec<f32>,
}

/// A picture that was kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptPicture {
    /// Its file's name.
    pub name: String,
    /// The folder that it lay in, where that says what class it is of.
    pub folder: Option<String>,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Bytes of its preview.
    pub preview: u32,
    /// The class that it is an example of.
    pub class: Option<String>,
}
