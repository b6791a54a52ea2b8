//! A repository on its way into a GGUF.

use std::collections::{HashMap, HashSet};
use std::io::{Seek, SeekFrom, Write};

use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};

use super::config;
use super::header::{Layout, Words, layout};
use super::safetensors::{Entry, NumberType};
use super::source::{Data, Source, Stage, Wanted};
use super::tensors::{LOGIT_SCALE, TWICE, tensors, unwrapped};
use crate::config::{Config, Pooling};
use crate::error::quoted;
use crate::gguf::{MAGIC, WeightType};
use crate::tokenizer::Tokenizer;
use crate::{Error, file_kind};

/// The small files of a repository: their bytes, or none where it has no such file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Repository<'a> {
    /// `config.json`.
    pub config: Option<&'a [u8]>,
    /// `preprocessor_config.json`, or the `processor_config.json` that newer versions of
    /// transformers write.
    pub preprocessor_config: Option<&'a [u8]>,
    /// `tokenizer.json`.
    pub tokenizer: Option<&'a [u8]>,
}

/// Which towers a GGUF gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Towers {
    /// Both: all that the page can use.
    #[default]
    Both,
    /// The image tower alone, which embeds pictures.
    Image,
    /// The text tower and the tokenizer alone, which embed texts.
    Text,
}

impl Towers {
    /// Whether the image tower is one of them.
    pub fn has_images(self) -> bool {
        self != Self::Text
    }

    /// Whether the text tower is one of them.
    pub fn has_texts(self) -> bool {
        self != Self::Image
    }

    /// Whether a tensor, by its name in clip.cpp, is part of them.
    pub fn have(self, name: &str) -> bool {
        if name.starts_with("v") {
            self.has_images()
        } else {
            self.has_texts()
        }
    }
}

/// A model as its small files describe it, in whatever layout they are.
#[derive(Clone, Debug)]
pub struct Description {
    /// The towers that it has.
    pub towers: Towers,
    /// Its shape. That of a tower it has not is [`VisionConfig::absent`] or [`TextConfig::absent`].
    ///
    /// [`VisionConfig::absent`]: crate::config::VisionConfig::absent
    /// [`TextConfig::absent`]: crate::config::TextConfig::absent
    pub config: Config,
    /// Rows of the token embedding, of a text tower.
    pub vocabulary: usize,
    /// Its `tokenizer.json`; a text tower needs one.
    pub tokenizer_json: Option<String>,
    /// The token that its configuration takes for the end of text, where it names one. What counts
    /// is the tokenizer's.
    pub end_of_text: Option<u64>,
    /// The configuration has the model's own logit scale, and no tensor has to bring it.
    pub has_logit_scale: bool,
    /// Sentences on what the model's own preparation of pictures does otherwise than Cliplet.
    pub remarks: Vec<String>,
}

impl Description {
    /// Reads a repository's small files.
    ///
    /// # Errors
    /// As [`Conversion::new`].
    pub fn of_repository(repository: &Repository) -> Result<Self, Error> {
        let config = repository.config.ok_or_else(|| {
            Error::model(
                "The repository has no config.json, and so is not laid out as Hugging Face transformers lays out a CLIP",
            )
        })?;
        let read = config::read(config, repository.preprocessor_config)?;
        let tokenizer_json = repository
            .tokenizer
            .map(|bytes| {
                if let Some(kind) = file_kind::of(bytes).filter(|&kind| kind != "JSON") {
                    return Err(Error::model(format!(
                        "The repository's tokenizer.json is {kind}"
                    )));
                }
                std::str::from_utf8(bytes)
                    .map_err(|_| Error::model("The repository's tokenizer.json is no text"))
            })
            .transpose()?;
        Ok(Self {
            towers: Towers::Both,
            config: read.config,
            vocabulary: read.vocabulary,
            tokenizer_json: tokenizer_json.map(str::to_owned),
            end_of_text: read.end_of_text,
            has_logit_scale: false,
            remarks: read.remarks,
        })
    }
}

/// Makes a GGUF as clip.cpp writes it, with tokenizer and logit scale inside, out of a repository's
/// safetensors files, while they arrive: in pieces of any size, several files in any order or at
/// once. The result is the same, byte for byte.
///
/// Of the weights it holds no more than a piece of some 64 KiB at a time. A file that is not
/// finished has no magic number at its beginning, so that nobody takes it for a model.
#[derive(Clone)]
pub struct Conversion {
    layout: Layout,
    remarks: Vec<String>,
    /// Those of the model, then the logit scale.
    tensors: Vec<Tensor>,
    by_name: HashMap<String, usize>,
    /// Tensors of a tower that is not asked for, by transformers' names.
    left_out: HashSet<String>,
    /// Kept from one piece to the next, so that it is allocated once.
    weights: Vec<f32>,
    stored: Vec<u8>,
}

/// Where a tensor goes, and how far it has come.
#[derive(Clone)]
struct Tensor {
    source: String,
    dims: Vec<usize>,
    /// Its first byte in the GGUF.
    place: u64,
    weight_type: WeightType,
    arrival: Arrival,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Arrival {
    /// No file's header has named it.
    Unknown,
    /// It is in a file whose header has come.
    Expected,
    /// It is written.
    Written,
}

/// Weights that are written together.
const BATCH: usize = 1 << 14;

impl Conversion {
    /// Reads a repository's small files and lays the GGUF out: its matrices in the type `weights`,
    /// as far as their rows are whole numbers of blocks.
    ///
    /// # Errors
    /// [`Error::Model`] with a sentence that names what the repository holds, if that is no CLIP of
    /// the ViT family with both towers, or what it lacks.
    pub fn new(repository: &Repository, weights: WeightType) -> Result<Self, Error> {
        Self::of(
            Description::of_repository(repository)?,
            weights,
            Towers::Both,
        )
    }

    /// The same for a model in whatever layout, whose tensors come under the names that
    /// transformers has for them, and for some of its towers.
    ///
    /// # Errors
    /// As [`Conversion::new`].
    pub fn of(model: Description, weights: WeightType, towers: Towers) -> Result<Self, Error> {
        let Description {
            towers: there,
            mut config,
            vocabulary,
            tokenizer_json,
            end_of_text,
            has_logit_scale,
            mut remarks,
        } = model;
        for (wanted, is_there, tower) in [
            (towers.has_images(), there.has_images(), "image"),
            (towers.has_texts(), there.has_texts(), "text"),
        ] {
            if wanted && !is_there {
                return Err(Error::model(format!("The model has no {tower} tower")));
            }
        }
        config.check()?;
        let words = if towers.has_texts() {
            let tokenizer_json = tokenizer_json.as_deref().ok_or_else(|| {
                    Error::model(
                        "The repository has no tokenizer.json, nor vocab.json and merges.txt, without which no text can be turned into \
                         tokens; those of openai/clip-vit-base-patch32 fit a model that knows CLIP's own 49408 tokens",
                    )
                })?;
            let tokenizer =
                Tokenizer::from_json(tokenizer_json, vocabulary, config.text.context_length)?;
            let end = u64::from(tokenizer.end_of_text());
            if let Some(other) = end_of_text.filter(|&other| other != end) {
                remarks.push(format!(
                        "The model's configuration calls the token {other} the end of a text, and its tokenizer ends texts with \
                         {end}; the embedding is read off the tokenizer's."
                    ));
            }
            if !tokenizer.has_tokens_above_end() {
                // Then the highest token is the end of text, and nothing needs to be said.
                config.text.pooling = Pooling::EndOfText;
            }
            Some(Words {
                tokens: tokenizer.tokens(vocabulary),
                tokenizer_json,
            })
        } else {
            None
        };
        let (of_model, left_out): (Vec<_>, Vec<_>) = tensors(&config, vocabulary)?
            .into_iter()
            .partition(|tensor| towers.have(&tensor.name));
        let layout = layout(
            &config,
            weights,
            words.as_ref(),
            towers.has_images(),
            &of_model,
        )?;
        let mut tensors: Vec<Tensor> = of_model
            .into_iter()
            .zip(&layout.tensors)
            .map(|(tensor, &(place, weight_type))| Tensor {
                source: tensor.source,
                dims: tensor.dims,
                place,
                weight_type,
                arrival: Arrival::Unknown,
            })
            .collect();
        if !has_logit_scale {
            tensors.push(Tensor {
                source: LOGIT_SCALE.to_owned(),
                dims: Vec::new(),
                place: layout.logit_scale,
                weight_type: WeightType::F32,
                arrival: Arrival::Unknown,
            });
        }
        let by_name = tensors.iter().enumerate();
        let by_name = by_name.map(|(i, tensor)| (tensor.source.clone(), i));
        Ok(Self {
            by_name: by_name.collect(),
            left_out: left_out.into_iter().map(|tensor| tensor.source).collect(),
            layout,
            remarks,
            tensors,
            weights: Vec::new(),
            stored: Vec::new(),
        })
    }

    /// Bytes of the finished GGUF.
    pub fn length(&self) -> u64 {
        self.layout.file_length
    }

    /// Sentences on what the repository's own preparation of pictures does otherwise than Cliplet.
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// Writes the header, but for the magic number, at the beginning of `out`, which should be
    /// empty, and makes it as long as it will be. Not to be called for a file that is gone on with:
    /// it would take back the logit scale.
    ///
    /// # Errors
    /// [`Error::Output`].
    pub fn begin<W: Write + Seek>(&self, out: &mut W) -> Result<(), Error> {
        let header = &self.layout.header;
        write_at(out, 0, &[0; MAGIC.len()])?;
        write_at(out, MAGIC.len() as u64, &header[MAGIC.len()..])?;
        // Between and behind tensors are zeros.
        write_at(out, self.layout.file_length - 1, &[0])
    }

    /// Takes the next bytes of a file, those from [`Source::position`] on, and writes the weights
    /// in them to their places.
    ///
    /// # Errors
    /// [`Error::Model`] if the file is no safetensors file, is damaged, or does not hold what the
    /// configuration says; [`Error::Output`] if `out` cannot be written. After that one the same
    /// call may be made again from [`Source::position`] on.
    pub fn push<W: Write + Seek>(
        &mut self,
        source: &mut Source,
        mut bytes: &[u8],
        out: &mut W,
    ) -> Result<(), Error> {
        if let Stage::Header(header) = &mut source.stage {
            let taken = header.push(&source.name, bytes)?;
            source.position += taken as u64;
            bytes = &bytes[taken..];
            let Some((length, entries)) = header.entries(&source.name)? else {
                return Ok(());
            };
            source.stage = Stage::Data(self.accept(&source.name, length, entries)?);
        }
        let Source {
            name,
            position,
            stage: Stage::Data(data),
        } = source
        else {
            return Ok(());
        };
        loop {
            self.settle(data, *position);
            let Some(&wanted) = data.wanted.get(data.next) else {
                break;
            };
            if *position < wanted.begin {
                let skipped = (wanted.begin - *position).min(bytes.len() as u64);
                bytes = &bytes[skipped as usize..];
                *position += skipped;
                if bytes.is_empty() {
                    return Ok(());
                }
                continue;
            }
            let begun = data.partial.len();
            if begun == wanted.block {
                let at = *position - begun as u64;
                self.write(name, &wanted, at, &data.partial, out)?;
                data.partial.clear();
                continue;
            }
            if bytes.is_empty() {
                return Ok(());
            }
            if begun > 0 || bytes.len() < wanted.block {
                let (taken, rest) = bytes.split_at(bytes.len().min(wanted.block - begun));
                data.partial.extend(taken);
                *position += taken.len() as u64;
                bytes = rest;
                continue;
            }
            let left = usize::try_from(wanted.end - *position).unwrap_or(usize::MAX);
            let batch = BATCH * wanted.number_type.bytes();
            let whole = bytes.len().min(left).min(batch) / wanted.block * wanted.block;
            let (batch, rest) = bytes.split_at(whole);
            self.write(name, &wanted, *position, batch, out)?;
            *position += whole as u64;
            bytes = rest;
        }
        let behind = bytes.len() as u64;
        if behind > data.length - *position {
            return Err(Error::model(format!(
                "The file {} is damaged: it goes on behind its last tensor",
                quoted(name)
            )));
        }
        *position += behind;
        Ok(())
    }

    /// Goes on with a file of which another conversion, with the same repository and type of
    /// weights, has written all before the byte `at` into the same output: its [`Source::written`].
    /// The header of `source` must have been pushed, and may be more behind it, but nothing beyond
    /// `at`, which is then the byte that is wanted next.
    ///
    /// # Errors
    /// [`Error::Model`] if the file cannot be gone on with there.
    pub fn resume(&mut self, source: &mut Source, at: u64) -> Result<(), Error> {
        let written = source.written();
        if let Stage::Data(data) = &mut source.stage {
            let within = |wanted: &&Wanted| (wanted.begin..wanted.end).contains(&at);
            let between_blocks = data
                .wanted
                .iter()
                .find(within)
                .is_none_or(|wanted| (at - wanted.begin).is_multiple_of(wanted.block as u64));
            if (written..=data.length).contains(&at) && between_blocks {
                data.partial.clear();
                source.position = at;
                self.settle(data, at);
                return Ok(());
            }
        }
        Err(Error::model(format!(
            "The file {} cannot be gone on with at its byte {at}",
            quoted(&source.name)
        )))
    }

    /// Checks that every tensor of the model is in a file whose header has come. Worth asking as
    /// soon as all headers have, which is long before [`Conversion::finish`] would tell.
    ///
    /// # Errors
    /// [`Error::Model`] with a sentence that names what is missing.
    pub fn check_headers(&self) -> Result<(), Error> {
        self.check(
            |arrival| arrival != Arrival::Unknown,
            "The model's files lack a part of it",
        )
    }

    fn check(&self, passes: impl Fn(Arrival) -> bool, what: &str) -> Result<(), Error> {
        let mut missing = self.tensors.iter().filter(|tensor| !passes(tensor.arrival));
        let Some(first) = missing.next() else {
            return Ok(());
        };
        let others = match missing.count() {
            0 => String::new(),
            others => format!(" and {others} more"),
        };
        Err(Error::model(format!(
            "{what}: its tensor \"{}\"{others}",
            first.source
        )))
    }

    /// Checks that all weights have come, and makes the output a GGUF.
    ///
    /// # Errors
    /// [`Error::Model`] with a sentence that names what is missing; [`Error::Output`].
    pub fn finish<W: Write + Seek>(&self, out: &mut W) -> Result<(), Error> {
        self.check_headers()?;
        self.check(
            |arrival| arrival == Arrival::Written,
            "The model's files are cut off, and lack a part of it",
        )?;
        write_at(out, 0, &MAGIC)?;
        out.flush().map_err(Error::Output)
    }

    /// Finds the model's tensors among those of a file.
    fn accept(&mut self, file: &str, header: u64, entries: Vec<Entry>) -> Result<Data, Error> {
        let length = header + entries.last().map_or(0, |entry| entry.end);
        let (mut wanted, mut found) = (Vec::new(), HashSet::new());
        for entry in &entries {
            let Some(&tensor) = self.by_name.get(&*unwrapped(&entry.name)) else {
                continue;
            };
            let target = &self.tensors[tensor];
            let about = |what: String| {
                Error::model(format!(
                    "The file {}: its tensor {} {what}",
                    quoted(file),
                    quoted(&entry.name)
                ))
            };
            let dims = |dims: &[usize]| dims.iter().map(|&dim| dim as u64).eq(entry.dims.clone());
            let as_expected = if target.source == LOGIT_SCALE {
                dims(&[]) || dims(&[1])
            } else {
                dims(&target.dims)
            };
            if !as_expected {
                return Err(about(format!(
                    "has the dimensions {:?}, and config.json asks for {:?}",
                    &entry.dims[..entry.dims.len().min(8)],
                    target.dims
                )));
            }
            let number_type = NumberType::named(&entry.number_type).ok_or_else(|| {
                about(format!(
                    "has numbers of the type {}, and only F32, F16 and BF16 are read",
                    quoted(&entry.number_type)
                ))
            })?;
            if target.arrival != Arrival::Unknown {
                return Err(about("is in another file as well".to_owned()));
            }
            if !found.insert(tensor) {
                return Err(about(TWICE.to_owned()));
            }
            wanted.push(Wanted {
                tensor,
                number_type,
                begin: header + entry.begin,
                end: header + entry.end,
                block: target.weight_type.block() * number_type.bytes(),
            });
        }
        let is_left_out = |entry: &Entry| self.left_out.contains(&*unwrapped(&entry.name));
        if wanted.is_empty() && !entries.iter().any(is_left_out) {
            return Err(Error::model(format!(
                "The file {} holds {}",
                quoted(file),
                what_else(&entries)
            )));
        }
        for wanted in &wanted {
            self.tensors[wanted.tensor].arrival = Arrival::Expected;
        }
        Ok(Data {
            header,
            length,
            wanted,
            next: 0,
            partial: Vec::new(),
        })
    }

    /// Notes the tensors of a file that are written when all of it up to `position` has been taken.
    fn settle(&mut self, data: &mut Data, position: u64) {
        if !data.partial.is_empty() {
            return;
        }
        while let Some(wanted) = data.wanted.get(data.next)
            && wanted.end <= position
        {
            self.tensors[wanted.tensor].arrival = Arrival::Written;
            data.next += 1;
        }
    }

    /// Writes whole blocks of a tensor, whose first byte is the file's byte `at`.
    fn write<W: Write + Seek>(
        &mut self,
        file: &str,
        wanted: &Wanted,
        at: u64,
        bytes: &[u8],
        out: &mut W,
    ) -> Result<(), Error> {
        let tensor = &self.tensors[wanted.tensor];
        self.weights.clear();
        decode(wanted.number_type, bytes, &mut self.weights);
        let about = |what: String| {
            Error::model(format!(
                "The file {}: a weight in its tensor \"{}\" {what}",
                quoted(file),
                tensor.source
            ))
        };
        if !self.weights.iter().all(|weight| weight.is_finite()) {
            return Err(about("is no number".to_owned()));
        }
        if tensor.source == LOGIT_SCALE {
            for weight in &mut self.weights {
                // In f64, so that every machine's exponential function rounds to the same f32.
                *weight = f64::from(*weight).exp() as f32;
                if *weight == 0.0 {
                    return Err(about("is the logarithm of nothing".to_owned()));
                }
            }
        }
        let most = tensor.weight_type.most();
        if !self.weights.iter().all(|weight| weight.abs() <= most) {
            return Err(about(format!("is too large for {}", tensor.weight_type)));
        }
        self.stored.clear();
        tensor.weight_type.store(&self.weights, &mut self.stored);
        let blocks = (at - wanted.begin) / wanted.block as u64;
        let place = tensor.place + blocks * tensor.weight_type.block_bytes() as u64;
        write_at(out, place, &self.stored)
    }
}

/// What a file holds that has not one tensor of a `CLIPModel`, as far as the names tell.
fn what_else(entries: &[Entry]) -> String {
    let any = |is: &dyn Fn(&str) -> bool| entries.iter().any(|entry| is(&entry.name));
    if any(&|name| name.contains(".lora_") || name.contains(".hada_")) {
        return "an adapter (LoRA) for another model; merge it into that one and save the whole"
            .to_owned();
    }
    let has = |prefix: &str| any(&|name| unwrapped(name).starts_with(prefix));
    if has("visual.layer1.") || has("visual.attnpool.") {
        return "a CLIP whose image tower is a ResNet".to_owned();
    }
    if has("visual.") {
        return "a CLIP in OpenCLIP's layout, and only that of Hugging Face transformers is read"
            .to_owned();
    }
    match entries.first() {
        Some(entry) => format!("no tensor of a CLIP; its first is {}", quoted(&entry.name)),
        None => "no tensors".to_owned(),
    }
}

/// Numbers as they are in the file, little-endian, as f32, which holds each of them exactly.
fn decode(number_type: NumberType, bytes: &[u8], to: &mut Vec<f32>) {
    match number_type {
        NumberType::F32 => to.extend(bytes.as_chunks().0.iter().map(|&x| f32::from_le_bytes(x))),
        NumberType::Bf16 => {
            let numbers = bytes.as_chunks().0.iter();
            to.extend(numbers.map(|&x| bf16::from_le_bytes(x).to_f32()));
        }
        NumberType::F16 => {
            for part in bytes.as_chunks().0.chunks(64) {
                let mut halves = [f16::ZERO; 64];
                for (half, &x) in halves.iter_mut().zip(part) {
                    *half = f16::from_le_bytes(x);
                }
                let mut numbers = [0.0; 64];
                halves.convert_to_f32_slice(&mut numbers);
                to.extend(&numbers[..part.len()]);
            }
        }
    }
}

fn write_at<W: Write + Seek>(out: &mut W, place: u64, bytes: &[u8]) -> Result<(), Error> {
    out.seek(SeekFrom::Start(place))
        .and_then(|_| out.write_all(bytes))
        .map_err(Error::Output)
}
