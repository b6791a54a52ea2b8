//! What the page and the worker say to each other about many pictures: types only, like [`crate::messages`], which carries them.
//!
//! A page has one collection of pictures, which it hands over one by one. Of each the worker keeps the file as the browser
//! has it, which is no more than a handle, and the embedding; the page gets a small preview. Questions about all of them are
//! answered from the embeddings, in lists of numbers instead of a thing for each picture, since there are thousands.

use serde::{Deserialize, Serialize};

use crate::messages::Candidate;
use crate::scoring::Scoring;

/// The page's name for a picture of its collection, unique while the page lives.
pub type ItemId = u32;

/// Pixels along the longer side of a preview.
pub const PREVIEW_SIDE: u32 = 256;

/// What the page can ask about its collection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ForCollection {
    /// Open the store in which pictures are kept from one visit to the next, and what the present model made of them there. Asked before
    /// anything is [gathered](Self::Gather) that is to be kept, and again when another model answers. With `list`, pictures that are
    /// kept and not yet in the collection become part of it, with ids from this one on. Ends in [`OfCollection::Kept`].
    OpenStore {
        /// The first of the ids, if kept pictures are wanted in the collection.
        list: Option<ItemId>,
    },
    /// Take a picture into the collection: the file beside the message, or none where it is there already, and another
    /// model answers now. It is decoded and encoded. Ends in [`OfCollection::Gathered`].
    Gather {
        /// The page's name for it.
        item: ItemId,
        /// Its file's name.
        name: String,
        /// The folder that it lies in, where that says what class it is of.
        folder: Option<String>,
        /// Keep its preview and its embedding for the next visit.
        keep: bool,
    },
    /// Say which labels fit pictures best. Those that the present model has not encoded are left out. Ends in
    /// [`OfCollection::Judged`].
    Judge {
        /// Which pictures.
        items: Vec<ItemId>,
        /// Who says so.
        judge: Judge,
        /// How many labels to tell of each, best first.
        best: u32,
        /// A label whose score is wanted for every picture.
        of: Option<u32>,
    },
    /// Put all pictures in the order in which they fit. Ends in [`OfCollection::Found`].
    Find {
        /// What they are compared with.
        query: Query,
    },
    /// Take pictures out, or put them back. Ends in [`OfCollection::Arranged`].
    SetAside {
        /// Which.
        items: Vec<ItemId>,
        /// Out, or back.
        aside: bool,
    },
    /// Write down of which class pictures are an example. It stays for the next visit where they are kept. Ends in
    /// [`OfCollection::Arranged`].
    Teach {
        /// Which.
        items: Vec<ItemId>,
        /// The class's name; empty where they are examples of none.
        class: String,
    },
    /// Forget all pictures. What is kept for the next visit stays. Ends in [`OfCollection::Arranged`].
    Close,
    /// Delete all that is kept of pictures for the next visit. Ends in [`OfCollection::Arranged`].
    DeleteStore,
    /// Fit a linear probe to pictures of the collection, which judges from now on where it is asked. Ends in
    /// [`OfCollection::Probe`].
    Train {
        /// The classes' names, all different.
        classes: Vec<String>,
        /// The examples.
        items: Vec<ItemId>,
        /// The class of each.
        of: Vec<u32>,
    },
    /// Take the linear probe of a file. Ends in [`OfCollection::Probe`].
    TakeProbe {
        /// What is in the file.
        json: String,
    },
    /// The probabilities that the linear probe gives for a picture that was taken for [`crate::messages::Request::Classify`]. Ends in
    /// [`OfCollection::Probabilities`].
    Probe {
        /// Which.
        picture: crate::messages::PictureId,
    },
}

/// Who says which label fits a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Judge {
    /// Labels, as in [`crate::messages::Request::Classify`].
    Labels {
        /// All different.
        labels: Vec<Candidate>,
        /// For those without prompts of their own.
        templates: Vec<String>,
        /// How scores are made of cosines.
        scoring: Scoring,
    },
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

/// What came of a request about the collection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum OfCollection {
    /// The store is open, or cannot be had. The previews of the pictures are beside the message, in one file, one after the other.
    Kept {
        /// Pictures can be kept.
        open: bool,
        /// How many pictures are kept that are not in the collection.
        others: u32,
        /// Those that are part of the collection from now on, in the order of their ids.
        pictures: Vec<KeptPicture>,
    },
    /// The picture is in the collection. Its preview, a JPEG, is beside the message, unless it was there already.
    Gathered {
        /// The model that has encoded it.
        model: String,
        /// Pixels across, upright; 0 where they are not known because nothing had to be decoded.
        width: u32,
        /// Pixels down.
        height: u32,
        /// The end of its file is missing, as far as something had to be decoded.
        incomplete: bool,
        /// Another picture of the collection that is byte for byte the same.
        same_as: Option<ItemId>,
        /// It was to be kept, and there is no room for it.
        no_room: bool,
        /// The class that it was an example of in an earlier visit, if it is new to this one.
        class: Option<String>,
    },
    /// Labels for pictures.
    Judged {
        /// The model by whose embeddings.
        model: String,
        /// The pictures that could be judged.
        items: Vec<ItemId>,
        /// How many labels there are for each picture: as many as were asked for, or as there are.
        each: u32,
        /// The numbers of the labels: the best ones of the first picture, then those of the second, and so on.
        labels: Vec<u32>,
        /// Their scores, in the same order.
        scores: Vec<f32>,
        /// Whether none of the labels fits, for each picture.
        none_fits: Vec<bool>,
        /// The score of the label that was asked for, for each picture, if one was.
        of: Vec<f32>,
    },
    /// Pictures, best first.
    Found {
        /// Which.
        items: Vec<ItemId>,
        /// The cosine of each.
        cosines: Vec<f32>,
    },
    /// It is done.
    Arranged,
    /// A linear probe judges where it is asked.
    Probe {
        /// Its classes.
        classes: Vec<String>,
        /// How many examples each had.
        examples: Vec<u32>,
        /// By cross-validation, how many examples of how many it has told rightly, if that could be tried.
        cross_validation: Option<(u32, u32)>,
        /// How long the fitting took, in milliseconds.
        milliseconds: u32,
        /// The name of the model that it was fitted with.
        model: String,
        /// The probe as a file.
        json: String,
    },
    /// Probabilities.
    Probabilities {
        /// The model by whose embeddings.
        model: String,
        /// One for each class.
        probabilities: Vec<f32>,
    },
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
