//! What the page and the worker say to each other: types only.
//!
//! Every message crosses `postMessage` in an [`envelope`](crate::envelope), which can hold a file beside it. One worker may work
//! for several pages of one origin: each has a line of its own, and ids of its own. A request
//! carries an id chosen by the page; every reply carries the id of the request it answers, and every request ends in exactly one of [`Reply::Done`],
//! [`Reply::Failed`] and [`Reply::Cancelled`], after any number of [`Reply::Progress`]. A message is added here and
//! nowhere else.

use serde::{Deserialize, Serialize};

use crate::catalogue::ModelEntry;
use crate::collection::{ForCollection, OfCollection};
use crate::scoring::Scoring;

/// Chosen by the page, unique while the page lives.
pub type RequestId = u32;

/// The page's name for one picture it has handed over, unique while the page lives.
pub type PictureId = u32;

/// From the page to the worker. A picture's file, or its pixels, travel beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToWorker {
    /// Repeated in every reply.
    pub id: RequestId,
    /// What is wanted.
    pub request: Request,
}

/// What the page can ask for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// Make this model the one that answers: from the store if it is kept there, otherwise fetched, with progress, and
    /// kept. Until it is ready, and if it fails or is cancelled, the model that answered before goes on answering, and what
    /// has arrived stays: the next request goes on from there. Ends in [`Done::ModelReady`].
    LoadModel {
        /// Which. Its `url` is absolute.
        model: ModelEntry,
        /// How long to wait for a silent server and between two attempts, as a multiple of what is usual: 1 unless
        /// somebody is trying things out.
        patience: f64,
    },
    /// Take a file of a model that lies on this device: the file beside the message, as the person chose it. It is made use of
    /// when the model is loaded, instead of what lies at the model's address. Ends in [`Done::ModelFileTaken`].
    TakeModelFile {
        /// The id of the model that it belongs to.
        model: String,
        /// The file's name.
        name: String,
    },
    /// Say which model files are kept, parts of files among them. Ends in [`Done::Files`].
    ListFiles,
    /// Delete a kept file, or a part of one. A model that was read from it goes on answering. Ends in [`Done::Files`], with
    /// what is left.
    DeleteFile {
        /// Which: its [`StoredFile::name`].
        name: String,
    },
    /// Take a picture: the file beside the message, as the person chose it. It is decoded once, so that a file that
    /// is no picture is refused now. Ends in [`Done::PictureTaken`].
    TakePicture {
        /// The page's name for it from now on.
        picture: PictureId,
    },
    /// Take a picture that is decoded already: the pixels beside the message, as an `ImageBitmap`, which is best transferred, or as
    /// an `ImageData` of sRGB with eight bits a channel. They are kept until the picture is forgotten, and count as a picture of
    /// their own: they are not compared with those of others. Ends in [`Done::PictureTaken`].
    TakePixels {
        /// The page's name for it from now on.
        picture: PictureId,
    },
    /// Forget a picture and what was kept for it. Ends in [`Done::Forgotten`], also where there was none.
    ForgetPicture {
        /// Which.
        picture: PictureId,
    },
    /// Score a picture against labels. Only what is not known yet is encoded: the picture once per model, each prompt
    /// once per model. Ends in [`Done::Scores`].
    Classify {
        /// Which.
        picture: PictureId,
        /// Candidate labels, all different.
        labels: Vec<Candidate>,
        /// Prompt templates of the labels that have no prompts of their own; `{}` stands for the label. Without any, a label is
        /// its own prompt.
        templates: Vec<String>,
        /// How scores are made of cosines.
        #[serde(default)]
        scoring: Scoring,
    },
    /// Give the embeddings of pictures and of texts, for comparisons of one's own. Only what is not known yet is encoded.
    /// Ends in [`Done::Embeddings`].
    Embed {
        /// Pictures that were taken.
        pictures: Vec<PictureId>,
        /// Texts, encoded as they are: without a template.
        prompts: Vec<String>,
    },
    /// Say how the model reads prompts: nothing is encoded. Ends in [`Done::Tokens`].
    Tokenize {
        /// The prompts, as they would be encoded.
        prompts: Vec<String>,
    },
    /// Work for another page too, whose requests come in at the port beside the message, and whose replies go there, from
    /// [`FromWorker::Listening`] on. Its models, pictures and requests are its own; a model that both have loaded is in memory once,
    /// and so is what it has encoded. A join has no reply of its own.
    Join {
        /// Name of a Web Lock that the other page holds. When it is free, that page is gone, and what was kept for it is forgotten.
        lock: String,
    },
    /// Stop working on another request as soon as possible; that one then ends in [`Reply::Cancelled`] unless it had
    /// ended already. A cancel has no reply of its own.
    Cancel {
        /// The request to stop.
        request: RequestId,
    },
    /// Say which parts of a picture speak for one of some labels rather than for the others, as
    /// `cliplet_clip::attribution` finds it. A label that is alone, or scored independently of the others, is compared with the neutral
    /// prompt instead. It takes about as long as encoding the picture, and hardly any time for the next label. Ends in
    /// [`Done::Explained`].
    Explain {
        /// Which.
        picture: PictureId,
        /// Candidate labels, as in [`Request::Classify`].
        labels: Vec<Candidate>,
        /// Prompt templates, as there.
        templates: Vec<String>,
        /// How scores are made, as there.
        #[serde(default)]
        scoring: Scoring,
        /// The label, by its place in `labels`.
        label: u32,
    },
    /// Something about the page's collection of many pictures. Ends in [`Done::Collection`].
    Collection(ForCollection),
}

/// A candidate label, as the model is asked it.
///
/// Where it has several prompts, its embedding is the mean of theirs, each of unit length, made a unit vector again: the ensembles
/// of the CLIP paper (Radford and others, 2021, section 3.1.4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Candidate {
    /// What stands at `{}`. Not empty.
    pub label: String,
    /// Prompts of its own, in the place of all templates; `{}` stands for the label here too.
    #[serde(default)]
    pub prompts: Vec<String>,
}

impl Candidate {
    /// A label that the templates are for.
    pub fn new(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            prompts: Vec::new(),
        }
    }

    /// The prompts that are encoded for it: at least one.
    pub fn filled(&self, templates: &[String]) -> Vec<String> {
        let templates = match self.prompts.is_empty() {
            true => templates,
            false => &self.prompts,
        };
        match templates {
            [] => vec![self.label.clone()],
            _ => {
                let filled = templates.iter();
                filled
                    .map(|template| template.replace("{}", &self.label))
                    .collect()
            }
        }
    }
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
    /// Sent at most once, and last: the worker has broken down and answers no more. All open requests have failed.
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
    Done(Done),
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
    /// The connection broke, or the server cannot answer now; it is asked again by and by, without anybody's doing.
    Retrying {
        /// Bytes so far, which stay.
        received: u64,
        /// Bytes in all, where known.
        total: Option<u64>,
        /// Until it is asked again.
        seconds: u32,
    },
    /// Another tab of this browser is fetching the same file. This one waits, and takes over if that one ends.
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

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Done {
    /// This model answers from now on.
    ModelReady {
        /// Its id in the catalogue.
        model: String,
        /// Whether the file is kept for the next visit. `false`: the browser gave no room, and it will be fetched again.
        kept: bool,
    },
    /// The file will be made use of.
    ModelFileTaken,
    /// What is kept.
    Files {
        /// In the order of their names.
        files: Vec<StoredFile>,
        /// Bytes that this site takes on the device, as the browser estimates it.
        used: Option<u64>,
        /// Bytes that the browser would still let it take.
        available: Option<u64>,
    },
    /// The picture is decoded. Where the browser itself cannot show the file, a PNG to show instead is beside the
    /// message.
    PictureTaken {
        /// Pixels across, upright.
        width: u32,
        /// Pixels down, upright.
        height: u32,
        /// The end of the file is missing, and some of the picture with it.
        incomplete: bool,
    },
    /// The picture is forgotten.
    Forgotten,
    /// An embedding per picture and per text, each of unit length and as long as the others.
    Embeddings {
        /// The id of the model that gave them.
        model: String,
        /// In the order of the request's pictures.
        pictures: Vec<Vec<f32>>,
        /// In the order of the request's prompts.
        prompts: Vec<Vec<f32>>,
    },
    /// A score per label.
    Scores {
        /// The id of the model that gave them.
        model: String,
        /// In the order of the request's labels.
        scores: Vec<LabelScore>,
        /// What the model multiplies cosines with: its learnt inverse temperature, already exponentiated.
        logit_scale: f32,
        /// The cosine of the picture's and the neutral prompt's embedding, where the scoring needs it.
        neutral: Option<f32>,
        /// The best label against the neutral prompt, from 0 to 1, where that is known.
        fit: Option<f32>,
        /// None of the labels fits, as the scoring has it.
        none_fits: bool,
    },
    /// How prompts are read.
    Tokens {
        /// The id of the model that reads them.
        model: String,
        /// The most tokens that it reads of a prompt, those for its start and its end among them.
        context: u32,
        /// In the order of the request's prompts.
        prompts: Vec<PromptTokens>,
    },
    /// Which parts of the picture speak for the label.
    Explained {
        /// The id of the model that was asked.
        model: String,
        /// The label was compared with the neutral prompt, and not with the other labels.
        alone: bool,
        /// Patches across, and down, of what the model looks at.
        across: u32,
        /// What each patch adds to the cosine, less what it adds to those of what the label was compared with: row by row from the
        /// top, `across * across` numbers.
        patches: Vec<f32>,
        /// What is of no patch. With those of the patches it adds up to how much the label's cosine is above theirs.
        rest: f32,
        /// What the model looks at, as shares of the picture: left, top, width, height.
        kept: [f64; 4],
    },
    /// What came of a request about the collection.
    Collection(OfCollection),
}

/// A model file that the browser keeps, or the part of one that has arrived.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StoredFile {
    /// Its name in the store, for [`Request::DeleteFile`].
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
    /// What the request's [`Scoring`] makes of it, from 0 to 1.
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
    /// No connection to where the model lies: no network, a refused connection, or a server that does not allow this page.
    Unreachable,
    /// The server answered something else than the file.
    HttpStatus {
        /// HTTP status code.
        code: u16,
    },
    /// The connection broke before the whole file was here, again and again. What has arrived stays.
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
    /// A web page came instead of the file: most likely the log-in page of a network. Nothing of it is kept.
    WebPage,
    /// The file at the server is not as long as the catalogue says, so it is another one. Nothing of it is kept.
    WrongLength {
        /// Bytes in the catalogue.
        expected: u64,
        /// Bytes at the server; unknown if it goes on for longer.
        found: Option<u64>,
    },
    /// The file has another SHA-256 than the catalogue says: it was changed, or damaged on its way. Nothing of it is kept.
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
    /// The model's files, which were chosen on this device, are not at hand, or cannot be read any more.
    FilesGone,
    /// The file is not a model that can be used here.
    UnusableModel {
        /// What is wrong with it, as a sentence.
        reason: String,
    },
    /// Not even memory has room for the model.
    OutOfMemory,
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
    /// The file is a TIFF, or a JPEG whose end is missing, and the program that decodes these cannot be fetched.
    NoDecoder,
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
