//! What the page and the worker say to each other: types only.
//!
//! Every message crosses `postMessage` in an [`envelope`](crate::envelope), which can hold a file
//! beside it. One worker may work for several pages of one origin: each has a line of its own, and
//! ids of its own. A request carries an id chosen by the page; every reply carries the id of the
//! request it answers, and every request ends in exactly one of [`Reply::Done`], [`Reply::Failed`]
//! and [`Reply::Cancelled`], after any number of [`Reply::Progress`]. What a request is answered
//! with is a part of its type ([`Ask`]). A message is added here and nowhere else.

use serde::{Deserialize, Serialize};

use crate::catalogue::ModelEntry;
use crate::collection::{
    AskProbe, CloseCollection, CollectionChanged, DeletePictureStore, Find, Found, Gather,
    Gathered, Judge, Judged, KeptPictures, OpenPictureStore, Probabilities, SetAside, TakeProbe,
    Teach, Train, TrainedProbe,
};
use crate::query::{LabelQuery, PictureId};

/// Chosen by the page, unique while the page lives.
pub type RequestId = u32;

/// From the page to the worker. A picture's file, or its pixels, travel beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToWorker {
    /// Repeated in every reply.
    pub id: RequestId,
    /// What is wanted.
    pub request: Request,
}

/// A request that is answered.
pub trait Ask: Into<Request> {
    /// What it is answered with.
    type Answer: Into<Response> + TryFrom<Response>;
}

/// Makes the enums of all requests and all answers, and says which request is answered with what.
macro_rules! messages {
    (
        answered { $($request:ident => $answer_to:ident,)* }
        unanswered { $($unanswered:ident,)* }
        answers { $($answer:ident,)* }
    ) => {
        /// What the page can ask for: each a type of its own, which says what it [is answered
        /// with](Ask).
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[allow(missing_docs, reason = "each variant is documented at its type")]
        pub enum Request {
            $($request($request),)*
            $($unanswered($unanswered),)*
        }

        $(impl From<$request> for Request {
            fn from(request: $request) -> Self {
                Self::$request(request)
            }
        }

        impl Ask for $request {
            type Answer = $answer_to;
        })*

        /// What came of a request.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[allow(missing_docs, reason = "each variant is documented at its type")]
        pub enum Response {
            $($answer($answer),)*
        }

        $(impl From<$answer> for Response {
            fn from(answer: $answer) -> Self {
                Self::$answer(answer)
            }
        }

        impl TryFrom<Response> for $answer {
            type Error = ();

            fn try_from(response: Response) -> Result<Self, ()> {
                match response {
                    Response::$answer(answer) => Ok(answer),
                    _ => Err(()),
                }
            }
        })*
    };
}

messages! {
    answered {
        LoadModel => ModelReady,
        TakeModelFile => ModelFileTaken,
        ListFiles => StoredFiles,
        DeleteFile => StoredFiles,
        TakePicture => PictureTaken,
        TakePixels => PictureTaken,
        ForgetPicture => Forgotten,
        Classify => Scores,
        Explain => Explanation,
        Embed => Embeddings,
        Tokenize => Tokens,
        OpenPictureStore => KeptPictures,
        Gather => Gathered,
        Judge => Judged,
        Find => Found,
        SetAside => CollectionChanged,
        Teach => CollectionChanged,
        CloseCollection => CollectionChanged,
        DeletePictureStore => CollectionChanged,
        Train => TrainedProbe,
        TakeProbe => TrainedProbe,
        AskProbe => Probabilities,
    }
    unanswered {
        Join,
        Cancel,
    }
    answers {
        ModelReady,
        ModelFileTaken,
        StoredFiles,
        PictureTaken,
        Forgotten,
        Scores,
        Explanation,
        Embeddings,
        Tokens,
        KeptPictures,
        Gathered,
        Judged,
        Found,
        CollectionChanged,
        TrainedProbe,
        Probabilities,
    }
}

/// Make this model the one that answers: from the store if it is kept there, otherwise fetched,
/// with progress, and kept. Until it is ready, and if it fails or is cancelled, the model that
/// answered before goes on answering, and what has arrived stays: the next request goes on from
/// there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadModel {
    /// Which. Its `url` is absolute.
    pub model: ModelEntry,
    /// How long to wait for a silent server and between two attempts, as a multiple of what is
    /// usual: 1 unless somebody is trying things out.
    pub patience: f64,
}

/// Take a file of a model that lies on this device: the file beside the message, as the person
/// chose it. It is made use of when the model is loaded, instead of what lies at the model's
/// address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TakeModelFile {
    /// The id of the model that it belongs to.
    pub model: String,
    /// The file's name.
    pub name: String,
}

/// Say which model files are kept, parts of files among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListFiles;

/// Delete a kept file, or a part of one. A model that was read from it goes on answering. The
/// answer says what is left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeleteFile {
    /// Which: its [`StoredFile::name`].
    pub name: String,
}

/// Take a picture: the file beside the message, as the person chose it. It is decoded once, so that
/// a file that is no picture is refused now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakePicture {
    /// The page's name for it from now on.
    pub picture: PictureId,
}

/// Take a picture that is decoded already: the pixels beside the message, as an `ImageBitmap`,
/// which is best transferred, or as an `ImageData` of sRGB with eight bits a channel. They are kept
/// until the picture is forgotten, and count as a picture of their own: they are not compared with
/// those of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakePixels {
    /// The page's name for it from now on.
    pub picture: PictureId,
}

/// Forget a picture and what was kept for it, if it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgetPicture {
    /// Which.
    pub picture: PictureId,
}

/// Score a picture against labels. Only what is not known yet is encoded: the picture once per
/// model, each prompt once per model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Classify {
    /// Which.
    pub picture: PictureId,
    /// What it is compared with.
    pub query: LabelQuery,
}

/// Say which parts of a picture speak for one of some labels rather than for the others, as
/// `cliplet_clip::attribution` finds it. A label that is alone, or scored independently of the
/// others, is compared with the neutral prompt instead. It takes about as long as encoding the
/// picture, and hardly any time for the next label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explain {
    /// Which.
    pub picture: PictureId,
    /// All labels.
    pub query: LabelQuery,
    /// The label, by its place among them.
    pub label: u32,
}

/// Give the embeddings of pictures and of texts, for comparisons of one's own. Only what is not
/// known yet is encoded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Embed {
    /// Pictures that were taken.
    pub pictures: Vec<PictureId>,
    /// Texts, encoded as they are: without a template.
    pub prompts: Vec<String>,
}

/// Say how the model reads prompts: nothing is encoded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tokenize {
    /// The prompts, as they would be encoded.
    pub prompts: Vec<String>,
}

/// Work for another page too, whose requests come in at the port beside the message, and whose
/// replies go there, from [`FromWorker::Listening`] on. Its models, pictures and requests are its
/// own; a model that both have loaded is in memory once, and so is what it has encoded. A join has
/// no reply of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Join {
    /// Name of a Web Lock that the other page holds. When it is free, that page is gone, and what
    /// was kept for it is forgotten.
    pub lock: String,
}

/// Stop working on another request as soon as possible; that one then ends in [`Reply::Cancelled`]
/// unless it had ended already. A cancel has no reply of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancel {
    /// The request to stop.
    pub request: RequestId,
}

/// From the worker to the page. The preview of a picture travels beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FromWorker {
    /// Sent once, when the worker has started and listens. What was posted before may be lost.
    Listening {
        /// Which build of the engine runs, such as `relaxed-threads`.
        build: String,
        /// How many threads compute.
        threads: u32,
    },
    /// Sent at most once, and last: the worker has broken down and answers no more. All open
    /// requests have failed.
    Crashed {
        /// For a report.
        message: String,
    },
    /// An answer to a request.
    Reply {
        /// The request's id.
        id: RequestId,
        /// The answer.
        reply: Reply,
    },
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// Under way; more follows.
    Progress(Progress),
    /// The end: it worked.
    Done(Response),
    /// The end: it did not, and nothing that was there before is lost.
    Failed(Failure),
    /// The end: the page cancelled it.
    Cancelled,
}

/// How far a request has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Progress {
    /// Bytes of a model are arriving.
    Downloading {
        /// Bytes so far.
        received: u64,
        /// Bytes in all, where the server or the catalogue says.
        total: Option<u64>,
    },
    /// The connection broke, or the server cannot answer now; it is asked again by and by, without
    /// anybody's doing.
    Retrying {
        /// Bytes so far, which stay.
        received: u64,
        /// Bytes in all, where known.
        total: Option<u64>,
        /// Until it is asked again.
        seconds: u32,
    },
    /// Another tab of this browser is fetching the same file. This one waits, and takes over if
    /// that one ends.
    Elsewhere {
        /// Bytes that the other tab has.
        received: u64,
        /// Bytes in all, where known.
        total: Option<u64>,
    },
    /// A model's bytes are all here and are being read into memory.
    LoadingModel,
    /// Prompts are being encoded.
    EncodingLabels {
        /// Prompts encoded for this request so far.
        done: u32,
        /// Prompts to encode for this request.
        total: u32,
    },
    /// The picture is being encoded.
    EncodingPicture,
}

/// This model answers from now on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelReady {
    /// Its id in the catalogue.
    pub model: String,
    /// Whether the file is kept for the next visit. `false`: the browser gave no room, and it will
    /// be fetched again.
    pub kept: bool,
}

/// The file will be made use of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelFileTaken;

/// What is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredFiles {
    /// In the order of their names.
    pub files: Vec<StoredFile>,
    /// Bytes that this site takes on the device, as the browser estimates it.
    pub used: Option<u64>,
    /// Bytes that the browser would still let it take.
    pub available: Option<u64>,
}

/// The picture is decoded. Where the browser itself cannot show the file, a PNG to show instead is
/// beside the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PictureTaken {
    /// Pixels across, upright.
    pub width: u32,
    /// Pixels down, upright.
    pub height: u32,
    /// The end of the file is missing, and some of the picture with it.
    pub incomplete: bool,
}

/// The picture is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forgotten;

/// A score per label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// The id of the model that gave them.
    pub model: String,
    /// In the order of the query's labels.
    pub scores: Vec<LabelScore>,
    /// What the model multiplies cosines with: its learnt inverse temperature, already
    /// exponentiated.
    pub logit_scale: f32,
    /// The cosine of the picture's and the neutral prompt's embedding, where the scoring needs it.
    pub neutral: Option<f32>,
    /// The best label against the neutral prompt, from 0 to 1, where that is known.
    pub fit: Option<f32>,
    /// None of the labels fits, as the scoring has it.
    pub none_fits: bool,
}

/// Which parts of the picture speak for the label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The id of the model that was asked.
    pub model: String,
    /// The label was compared with the neutral prompt, and not with the other labels.
    pub alone: bool,
    /// Patches across, and down, of what the model looks at.
    pub across: u32,
    /// What each patch adds to the cosine, less what it adds to those of what the label was
    /// compared with: row by row from the top, `across * across` numbers.
    pub patches: Vec<f32>,
    /// What is of no patch. With those of the patches it adds up to how much the label's cosine is
    /// above theirs.
    pub rest: f32,
    /// What the model looks at, as shares of the picture: left, top, width, height.
    pub kept: [f64; 4],
}

/// An embedding per picture and per text, each of unit length and as long as the others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Embeddings {
    /// The id of the model that gave them.
    pub model: String,
    /// In the order of the request's pictures.
    pub pictures: Vec<Vec<f32>>,
    /// In the order of the request's prompts.
    pub prompts: Vec<Vec<f32>>,
}

/// How prompts are read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tokens {
    /// The id of the model that reads them.
    pub model: String,
    /// The most tokens that it reads of a prompt, those for its start and its end among them.
    pub context: u32,
    /// In the order of the request's prompts.
    pub prompts: Vec<PromptTokens>,
}

/// A model file that the browser keeps, or the part of one that has arrived.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StoredFile {
    /// Its name in the store, for [`DeleteFile`].
    pub name: String,
    /// The id of the model it belongs to, as it was in the catalogue.
    pub model: String,
    /// The revision of that model.
    pub revision: String,
    /// The model's name, for people.
    pub title: String,
    /// Bytes that it takes.
    pub bytes: u64,
    /// Bytes that it will have when it is whole, where known.
    pub total: Option<u64>,
    /// All of it is there, and right as far as can be checked.
    pub whole: bool,
}

/// What the model says of one label.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelScore {
    /// Cosine of the picture's and the label's embedding, from -1 to 1.
    pub cosine: f32,
    /// What the request's [`Scoring`](crate::scoring::Scoring) makes of it, from 0 to 1.
    pub score: f32,
    /// A prompt was longer than the model's context, and its end was left out.
    pub cut: bool,
}

/// How the model reads one prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptTokens {
    /// How many tokens are read, those for its start and its end among them.
    pub tokens: u32,
    /// So many bytes of the prompt are read, where it is longer than the model's context.
    pub cut_at: Option<u32>,
}

/// Why a request failed. The page turns it into a sentence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Failure {
    /// No connection to where the model lies: no network, a refused connection, or a server that
    /// does not allow this page.
    Unreachable,
    /// The server answered something else than the file.
    HttpStatus {
        /// HTTP status code.
        code: u16,
    },
    /// The connection broke before the whole file was here, again and again. What has arrived
    /// stays.
    Interrupted {
        /// Bytes that arrived.
        received: u64,
        /// Bytes expected, where known.
        total: Option<u64>,
    },
    /// The server keeps the connection and sends nothing. What has arrived stays.
    Stalled {
        /// Bytes that arrived.
        received: u64,
        /// Bytes expected, where known.
        total: Option<u64>,
    },
    /// A web page came instead of the file: most likely the log-in page of a network. Nothing of it
    /// is kept.
    WebPage,
    /// The file at the server is not as long as the catalogue says, so it is another one. Nothing
    /// of it is kept.
    WrongLength {
        /// Bytes in the catalogue.
        expected: u64,
        /// Bytes at the server; unknown if it goes on for longer.
        found: Option<u64>,
    },
    /// The file has another SHA-256 than the catalogue says: it was changed, or damaged on its way.
    /// Nothing of it is kept.
    WrongHash,
    /// The file at the server is replaced again and again while it is fetched.
    Changing,
    /// The browser gives this page no room for the file. What has arrived stays.
    NoRoom {
        /// Bytes that are missing, where known; some more than that is better.
        missing: Option<u64>,
    },
    /// The kept file cannot be deleted now, as a tab is reading or writing it.
    FileInUse,
    /// The model's files, which were chosen on this device, are not at hand, or cannot be read any
    /// more.
    FilesGone,
    /// The file is not a model that can be used here.
    UnusableModel {
        /// What is wrong with it, as a sentence.
        reason: String,
    },
    /// Not even memory has room for the model.
    OutOfMemory {
        /// Bytes that are wanted at once, where that is a model.
        wanted: Option<u64>,
    },
    /// The file has no bytes.
    EmptyPicture,
    /// Neither the browser nor the decoders shipped with Cliplet can make a picture of the file.
    UnreadablePicture,
    /// The file is of a kind that is known, and none that is read, or it is cut off.
    UnsupportedPicture {
        /// What it is, as the end of a sentence that begins "The file is".
        what: String,
        /// What to do about it: a sentence without its full stop.
        advice: String,
    },
    /// The picture is not the browser's to decode, and the program that decodes such ones cannot be
    /// fetched.
    NoDecoder,
    /// The browser decodes the picture and does not let its pixels be read, most likely as a
    /// protection against fingerprinting, and none of the decoders shipped with Cliplet reads it.
    HiddenPixels,
    /// The picture has more pixels than can be held.
    PictureTooLarge {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// The picture is not, or no longer, known.
    UnknownPicture,
    /// There is no model yet.
    NoModel,
    /// A defect of Cliplet itself.
    Internal {
        /// For a report.
        message: String,
    },
    /// A linear probe that cannot be fitted or used.
    UnusableProbe {
        /// What is wrong, as a sentence.
        reason: String,
    },
    /// The linear probe was fitted to the embeddings of another model.
    ProbeOfOtherModel {
        /// The name of that model.
        model: String,
    },
}
