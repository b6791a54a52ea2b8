//! Models laid out as Hugging Face transformers does it, made into one file of the store while
//! their files arrive, from a server or from the device itself; and single files on the device.
//! What is not here: the conversion of the weights, which is `cliplet-clip`'s.

use cliplet_clip::Error;
use cliplet_clip::gguf::WeightType;
use cliplet_clip::hugging_face::{
    Conversion, Repository, SAFETENSORS, SAFETENSORS_INDEX, Source as Converted, shards,
};
use cliplet_clip::tokenizer::json_of_files;
use js_sys::Uint8Array;
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use super::fetch::{self, Ended, Patience, RangeDownload, Transfer};
use super::pictures;
use super::source::{Source, Version};
use super::store::{self, Arriving, Converting, Label, ModelFile};
use super::tasks::{Stopped, Task};
use cliplet_protocol::catalogue::ModelEntry;
use cliplet_protocol::messages::{Failure, Progress};

/// How often a model that changes while it arrives is begun with again.
const MOST_BEGINNINGS: u32 = 2;

/// Bytes of a file on the device that are read at a time.
const SLICE: u64 = 4 << 20;

/// Bytes in which the header of a file with weights most likely fits: one of a thousand tensors has
/// a hundred thousand.
const LIKELY_HEADER: u64 = 256 << 10;

/// Where a model's files come from.
#[derive(Clone, Copy)]
pub(super) enum Origin<'a> {
    /// Below this address, which ends in `/`.
    Server {
        /// The address.
        folder: &'a str,
        /// With the server.
        patience: Patience,
    },
    /// Files that a person has chosen, by their names.
    Device(&'a [(String, Blob)]),
}

/// Makes a model's file. The caller has the lock of `name`, and hears by `tell` how far it is.
///
/// # Errors
/// Those of the network and of the store, after which it can be gone on with where it has ended,
/// and [`Failure::UnusableModel`], after which it is deleted.
pub(super) async fn convert(
    task: &Task,
    model: &ModelEntry,
    name: &str,
    origin: Origin<'_>,
    tell: &dyn Fn(Progress),
) -> Result<ModelFile, Stopped> {
    let made = Maker {
        task,
        model,
        name,
        origin,
        tell,
    }
    .make()
    .await;
    if let Err(Stopped::Failed(Failure::UnusableModel { .. })) = made {
        store::remove(name).await;
    }
    made
}

/// Copies the one file that a person has chosen into the store.
///
/// # Errors
/// [`Failure::FilesGone`] if it cannot be read, and those of the store.
pub(super) async fn copy(
    task: &Task,
    files: &[(String, Blob)],
    arriving: &mut Arriving,
    tell: &dyn Fn(Progress),
) -> Result<(), Stopped> {
    let (_, blob) = files.first().ok_or(Failure::FilesGone)?;
    // A browser says nothing of a file's version: what an earlier attempt has copied may be another
    // one's.
    arriving.begin_anew()?;
    let total = Some(blob.size() as u64);
    arriving.describe(None, total);
    let mut at = 0;
    while let Some(bytes) = slice(blob, &mut at).await? {
        let begin = at - u64::from(bytes.length());
        arriving.write(begin, &bytes)?;
        if let Some(ready) = arriving.ready() {
            ready.await?;
        }
        if task.is_time_to_tell() {
            let received = at;
            tell(Progress::Downloading { received, total });
        }
        task.yield_if_due().await?;
    }
    Ok(())
}

/// The next bytes of a file on the device, from `at` on, which is moved behind them; none at its
/// end.
async fn slice(blob: &Blob, at: &mut u64) -> Result<Option<Uint8Array>, Failure> {
    let end = (*at + SLICE).min(blob.size() as u64);
    if end <= *at {
        return Ok(None);
    }
    let slice = blob.slice_with_f64_and_f64(*at as f64, end as f64);
    let slice = slice.map_err(|_| Failure::FilesGone)?;
    let buffer = JsFuture::from(slice.array_buffer()).await;
    *at = end;
    Ok(Some(Uint8Array::new(
        &buffer.map_err(|_| Failure::FilesGone)?,
    )))
}

struct Maker<'a> {
    task: &'a Task,
    model: &'a ModelEntry,
    name: &'a str,
    origin: Origin<'a>,
    tell: &'a dyn Fn(Progress),
}

impl Maker<'_> {
    async fn make(&self) -> Result<ModelFile, Stopped> {
        (self.tell)(Progress::Downloading {
            received: 0,
            total: self.model.bytes,
        });
        let config = self.small("config.json").await?;
        let mut preprocessor_config = self.small("preprocessor_config.json").await?;
        if preprocessor_config.is_none() {
            preprocessor_config = self.small("processor_config.json").await?;
        }
        let mut tokenizer = self.small("tokenizer.json").await?;
        if tokenizer.is_none()
            && let Some(vocab) = self.small("vocab.json").await?
            && let Some(merges) = self.small("merges.txt").await?
        {
            let added = self.small("added_tokens.json").await?;
            let json = json_of_files(&vocab, &merges, added.as_deref()).map_err(failure)?;
            tokenizer = Some(json.into_bytes());
        }
        let repository = Repository {
            config: config.as_deref(),
            preprocessor_config: preprocessor_config.as_deref(),
            tokenizer: tokenizer.as_deref(),
        };
        let weights: WeightType = self.model.weights.parse().map_err(|_| Failure::Internal {
            message: format!("no weights can be made into {}", self.model.weights),
        })?;
        let begin = || Conversion::new(&repository, weights).map_err(failure);
        let mut conversion = begin()?;
        let files = match self.small(SAFETENSORS_INDEX).await? {
            Some(index) => shards(&index).map_err(failure)?,
            None => vec![SAFETENSORS.to_owned()],
        };

        let label = Label::of(self.model);
        let mut converting = Converting::open(self.name, &label, &self.fingerprint()).await;
        let fits = converting.parts().len() <= files.len()
            && converting
                .parts()
                .iter()
                .zip(&files)
                .all(|(part, file)| part.name == *file);
        let mut is_new = converting.parts().is_empty();
        if !fits {
            converting.begin_anew()?;
            is_new = true;
        }
        converting.reserve(conversion.length()).await?;
        let mut beginnings = 0;
        loop {
            if is_new {
                conversion.begin(&mut converting).map_err(failure)?;
            }
            match self.all(&files, &mut conversion, &mut converting).await {
                Ok(()) => break,
                Err(Ended::Changed) if beginnings < MOST_BEGINNINGS => {
                    beginnings += 1;
                    converting.begin_anew()?;
                    conversion = begin()?;
                    is_new = true;
                }
                Err(Ended::Stopped(stopped)) => return Err(stopped),
                Err(Ended::Changed | Ended::NoParts | Ended::TooMany) => {
                    return Err(Failure::Changing.into());
                }
            }
        }
        conversion.finish(&mut converting).map_err(failure)?;
        Ok(converting.finish().await?)
    }

    /// What a file in the store is made of, and how.
    fn fingerprint(&self) -> String {
        let weights = &self.model.weights;
        match self.origin {
            Origin::Server { folder, .. } => format!("{folder} as {weights}"),
            Origin::Device(files) => {
                let files = files
                    .iter()
                    .map(|(name, file)| format!("{name} {}", file.size()));
                let files: Vec<String> = files.collect();
                format!("{} as {weights}", files.join(", "))
            }
        }
    }

    /// The bytes of a small file, if there is one of that name.
    async fn small(&self, name: &str) -> Result<Option<Vec<u8>>, Stopped> {
        match self.origin {
            Origin::Server { folder, patience } => {
                fetch::small(self.task, &format!("{folder}{name}"), patience).await
            }
            Origin::Device(files) => match find(files, name) {
                Some(file) => Ok(Some(
                    pictures::bytes(file)
                        .await
                        .map_err(|_| Failure::FilesGone)?,
                )),
                None => Ok(None),
            },
        }
    }

    async fn all(
        &self,
        files: &[String],
        conversion: &mut Conversion,
        converting: &mut Converting,
    ) -> Result<(), Ended> {
        for (index, file) in files.iter().enumerate() {
            let known = converting.parts().get(index);
            let version = known.map(|part| part.version.clone());
            match self.origin {
                Origin::Server { folder, patience } => {
                    let source = Source {
                        url: format!("{folder}{file}"),
                        bytes: None,
                        sha256: None,
                    };
                    let transfer = Transfer::new(
                        self.task,
                        &source,
                        patience,
                        version,
                        None,
                        converting.used(),
                    );
                    let whole = files.len() == 1;
                    let mut one = One {
                        maker: self,
                        index,
                        file,
                        whole,
                        open: &|at, end| {
                            Flow::Server(&transfer, RangeDownload::new(&transfer, at, end))
                        },
                    };
                    match one.convert(conversion, converting).await {
                        // It is gone on with as far as it has come, and what is here is skipped.
                        Err(Ended::NoParts) if !transfer.whole_only.get() => {
                            transfer.whole_only.set(true);
                            one.convert(conversion, converting).await?;
                        }
                        ended => ended?,
                    }
                }
                Origin::Device(all) => {
                    let blob = find(all, file).ok_or_else(|| Failure::UnusableModel {
                        reason: format!("The file {file} is missing among those that were chosen."),
                    })?;
                    let mut one = One {
                        maker: self,
                        index,
                        file,
                        whole: files.len() == 1,
                        open: &|at, _| Flow::Device { blob, at },
                    };
                    one.convert(conversion, converting).await?;
                }
            }
        }
        Ok(())
    }
}

/// One of a model's files with weights.
struct One<'a> {
    maker: &'a Maker<'a>,
    index: usize,
    file: &'a str,
    /// There are no others.
    whole: bool,
    /// Its bytes from one on, up to but not including another if that is said and possible.
    open: &'a dyn Fn(u64, Option<u64>) -> Flow<'a>,
}

impl One<'_> {
    async fn convert(
        &mut self,
        conversion: &mut Conversion,
        converting: &mut Converting,
    ) -> Result<(), Ended> {
        let mut source = Converted::new(self.file);
        let used = converting
            .parts()
            .get(self.index)
            .map(|part| part.used.beginning());
        // Up to the end of its header first, and no further: what is behind may be here. Where that
        // is so, no more than a likely length is asked for.
        let mut flow = (self.open)(0, used.map(|_| LIKELY_HEADER));
        // What has come and is not taken yet: its beginning until the length of the header is
        // known, and then what is behind it.
        let (mut held, mut come, mut header) = (Vec::new(), 0, None);
        while source.header_length().is_none() {
            let mut bytes = flow.next().await?;
            if bytes.is_none() && come == LIKELY_HEADER {
                flow = (self.open)(LIKELY_HEADER, None);
                bytes = flow.next().await?;
            }
            let Some(bytes) = bytes else {
                conversion
                    .push(&mut source, &held, converting)
                    .map_err(failure)?;
                source.check_end().map_err(failure)?;
                return Ok(());
            };
            come += u64::from(bytes.length());
            held.extend(bytes.to_vec());
            if header.is_none() {
                let length = held.first_chunk().copied().map(u64::from_le_bytes);
                header = length.map(|length| length.saturating_add(8));
            }
            if let Some(header) = header {
                let left = (header - source.position()).min(held.len() as u64) as usize;
                conversion
                    .push(&mut source, &held[..left], converting)
                    .map_err(failure)?;
                held.drain(..left);
            }
        }
        // Rather now than after hundreds of megabytes.
        if self.whole {
            conversion.check_headers().map_err(failure)?;
        }
        if used.is_none() {
            converting.begin_part(self.file, flow.version())?;
        }
        let behind = source.position();
        match used.filter(|&used| used > behind) {
            Some(used) => {
                conversion.resume(&mut source, used).map_err(failure)?;
                drop(held);
                if source.length() != Some(used) {
                    flow = (self.open)(used, None);
                }
            }
            None => {
                conversion
                    .push(&mut source, &held, converting)
                    .map_err(failure)?;
                drop(held);
                converting.has_used(source.written());
                // The part with the header is over, if that was all that was asked for.
                if used.is_some() && source.length() != Some(source.position()) {
                    flow = (self.open)(source.position(), None);
                }
            }
        }
        while source.length() != Some(source.position()) {
            let Some(bytes) = flow.next().await? else {
                break;
            };
            conversion
                .push(&mut source, &bytes.to_vec(), converting)
                .map_err(failure)?;
            converting.has_used(source.written());
            flow.received(converting.used());
            if self.maker.task.is_time_to_tell() {
                let of_this = source.length().filter(|_| self.whole);
                let received = converting.used();
                let total = of_this.or(self.maker.model.bytes);
                (self.maker.tell)(Progress::Downloading {
                    received,
                    // What a catalogue says of a folder may be a guess.
                    total: total.filter(|&total| received <= total),
                });
            }
            self.maker.task.yield_if_due().await?;
        }
        Ok(())
    }
}

/// A file's bytes, in order.
#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
enum Flow<'a> {
    Server(&'a Transfer<'a>, RangeDownload<'a>),
    Device { blob: &'a Blob, at: u64 },
}

impl Flow<'_> {
    /// The next bytes; none at the end.
    async fn next(&mut self) -> Result<Option<Uint8Array>, Ended> {
        match self {
            Self::Server(_, part) => Ok(part.next().await?.map(|(_, bytes)| bytes)),
            Self::Device { blob, at } => Ok(slice(blob, at).await?),
        }
    }

    /// Which version of the file it is.
    fn version(&self) -> Version {
        match self {
            Self::Server(transfer, _) => transfer.version.borrow().clone().unwrap_or_default(),
            Self::Device { .. } => Version::default(),
        }
    }

    /// Says how many bytes are here, for sentences about broken connections.
    fn received(&self, bytes: u64) {
        if let Self::Server(transfer, _) = self {
            transfer.received.set(bytes);
        }
    }
}

fn find<'a>(files: &'a [(String, Blob)], name: &str) -> Option<&'a Blob> {
    files
        .iter()
        .find(|(file, _)| file == name)
        .map(|(_, blob)| blob)
}

fn failure(error: Error) -> Failure {
    match error {
        Error::Output(_) => Failure::NoRoom { missing: None },
        other => Failure::UnusableModel {
            reason: other.to_string(),
        },
    }
}
