//! What `torch.save` writes of a dictionary of tensors: `pytorch_model.bin`,
//! `open_clip_pytorch_model.bin`, checkpoints of a training.
//!
//! Since PyTorch 1.6 that is a ZIP archive without compression: a pickle `data.pkl`, whose tensors
//! refer to files beside it, `data/0`, `data/1` and so on, with their bytes. The format is that of
//! `torch/serialization.py`. The archive's own reader is the crate zip; its pickle is read by
//! [`crate::pickle`], which runs nothing.

use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom};

use cliplet_clip::Error;
use cliplet_clip::hugging_face::shared::{NumberType, quoted};
use zip::{CompressionMethod, ZipArchive};

use crate::pickle::{self, Place, Value, Values};
use crate::{Checkpoint, Numbers, Tensor, unusable};

/// The pickles of the largest CLIPs have 200,000 bytes, those of trainings some more.
const MAX_PICKLE: u64 = 16 << 20;
/// Files in the archive: one a tensor.
const MAX_FILES: usize = 1 << 16;

/// Whether a file begins as one of these does, or as one of PyTorch's before version 1.6.
pub fn looks_like_one(first: &[u8]) -> bool {
    first.starts_with(b"PK\x03\x04") || is_legacy(first)
}

/// Before 1.6 a file began with a pickled magic number, and before 0.1.10 it was a tar archive.
fn is_legacy(first: &[u8]) -> bool {
    const MAGIC: &[u8] = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
    first.get(2..).is_some_and(|rest| rest.starts_with(MAGIC))
        || first
            .get(257..)
            .is_some_and(|rest| rest.starts_with(b"ustar"))
}

/// Reads which tensors a file has, and where.
///
/// # Errors
/// [`Error::Model`] if it is none of these files, is damaged, or asks for anything but tensors;
/// [`Error::Io`].
pub fn open<R: Read + Seek>(name: &str, mut reader: R) -> Result<Checkpoint<R>, Error> {
    let about = |what: String| unusable(format!("The file {}: {what}", quoted(name)));
    let length = reader.seek(SeekFrom::End(0))?;
    reader.rewind()?;
    let mut first = Vec::new();
    reader.by_ref().take(512).read_to_end(&mut first)?;
    if is_legacy(&first) {
        return Err(about(
            "it was saved as PyTorch did before version 1.6, which is not read; load it with a newer PyTorch and save it again, \
             torch.save(torch.load(path), path)"
                .to_owned(),
        ));
    }
    let archive = Archive::open(&mut reader, length).map_err(about)?;
    let values =
        pickle::read(&archive.pickle).map_err(|what| about(format!("its pickle {what}")))?;
    let tensors = tensors(&values, &archive.files).map_err(about)?;
    Ok(Checkpoint::new(name, tensors, reader))
}

/// What the archive is made of.
struct Archive {
    pickle: Vec<u8>,
    /// By their key: first byte and length, both within the file.
    files: HashMap<String, (u64, u64)>,
}

impl Archive {
    fn open<R: Read + Seek>(reader: &mut R, length: u64) -> Result<Self, String> {
        let damaged = |error: zip::result::ZipError| {
            format!("it is no file of PyTorch's, or is damaged or cut off: {error}")
        };
        let mut archive = ZipArchive::new(reader).map_err(damaged)?;
        if archive.len() > MAX_FILES {
            return Err(format!("its archive has {} files", archive.len()));
        }
        let mut places = HashMap::new();
        for index in 0..archive.len() {
            let file = archive.by_index_raw(index).map_err(damaged)?;
            let name = file.name().map_err(damaged)?.into_owned();
            if file.compression() != CompressionMethod::Stored || file.encrypted() {
                return Err("its archive is compressed, which PyTorch's are not".to_owned());
            }
            let begin = file.data_start();
            let end = begin.and_then(|begin| begin.checked_add(file.size()));
            match (begin, end) {
                (Some(begin), Some(end)) if end <= length => {
                    places.insert(name, (begin, file.size()));
                }
                _ => return Err(CUT_OFF.to_owned()),
            }
        }
        let Some(root) = places
            .keys()
            .find_map(|name| name.strip_suffix("data.pkl"))
            .filter(|root| root.is_empty() || root.ends_with('/'))
            .map(str::to_owned)
        else {
            return Err("it is an archive without a data.pkl, and so none of PyTorch's".to_owned());
        };
        let reader = archive.into_inner();
        let mut read = |name: &str, most: u64| -> Result<Option<Vec<u8>>, String> {
            let Some(&(begin, length)) = places.get(&format!("{root}{name}")) else {
                return Ok(None);
            };
            if length > most {
                return Err(format!("its {name} has {length} bytes, which are too many"));
            }
            let mut bytes = vec![0; length as usize];
            reader
                .seek(SeekFrom::Start(begin))
                .and_then(|_| reader.read_exact(&mut bytes))
                .map_err(|_| CUT_OFF.to_owned())?;
            Ok(Some(bytes))
        };
        if read("byteorder", 16)?.is_some_and(|order| order != b"little") {
            return Err(
                "its numbers are big-endian, and only little-endian ones are read".to_owned(),
            );
        }
        let pickle = read("data.pkl", MAX_PICKLE)?.unwrap_or_default();
        let data = format!("{root}data/");
        let files = places
            .into_iter()
            .filter_map(|(name, place)| Some((name.strip_prefix(&data)?.to_owned(), place)))
            .collect();
        Ok(Self { pickle, files })
    }
}

const CUT_OFF: &str = "it is cut off";

type Files = HashMap<String, (u64, u64)>;

/// Under what checkpoints of trainings have a model's tensors.
const WRAPPERS: [&str; 8] = [
    "state_dict",
    "model_state_dict",
    "model",
    "module",
    "ema_model",
    "ema",
    "model_ema",
    "state_dict_ema",
];

/// The tensors of the dictionary that the pickle is of, or of the one that it has under a name such
/// as `state_dict`. What is no tensor is left out.
fn tensors(values: &Values, files: &Files) -> Result<Vec<Tensor>, String> {
    let dict = |place: Place| match values.get(place) {
        Value::Dict(pairs) => Some(&pairs[..]),
        _ => None,
    };
    let mut whole = dict(values.root())
        .ok_or("its pickle is no dictionary of tensors, but perhaps a whole model")?;
    // A dictionary may contain itself.
    for _ in 0..WRAPPERS.len() {
        let inner: Vec<_> = whole
            .iter()
            .filter_map(|(key, value)| Some((values.text(*key)?, dict(*value)?)))
            .filter(|(key, pairs)| WRAPPERS.contains(key) && !pairs.is_empty())
            .collect();
        whole = match inner[..] {
            [] => break,
            [(_, inner)] => inner,
            [(one, _), (other, _), ..] => {
                return Err(format!(
                    "it holds more than one set of weights, {} and {}; save one of them alone",
                    quoted(one),
                    quoted(other)
                ));
            }
        };
    }
    let mut found: Vec<Tensor> = Vec::new();
    for (key, value) in whole {
        let Some(name) = values.text(*key) else {
            continue;
        };
        if let Some(tensor) = tensor(values, name, *value, files)? {
            found.push(tensor);
        }
    }
    let mut names: Vec<&str> = found.iter().map(|tensor| &tensor.name[..]).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("its tensor {} is there twice", quoted(twice[0])));
    }
    Ok(found)
}

/// A tensor, or a parameter, which is one in a wrapper.
fn tensor(
    values: &Values,
    name: &str,
    place: Place,
    files: &Files,
) -> Result<Option<Tensor>, String> {
    let Value::Call(callable, arguments) = values.get(place) else {
        return Ok(None);
    };
    let arguments = values.tuple(*arguments).unwrap_or_default();
    let about = |what: &str| format!("its tensor {} {what}", quoted(name));
    match values.name(*callable) {
        Some(("torch._utils", "_rebuild_parameter")) => {
            let inner = arguments.first().ok_or_else(|| about("is not there"))?;
            match values.get(*inner) {
                // One wrapper and no more: a file could nest as many as it has bytes.
                Value::Call(callable, arguments)
                    if values.name(*callable) == Some(TENSOR)
                        && let Some(arguments) = values.tuple(*arguments) =>
                {
                    rebuilt(values, name, arguments, files).map(Some)
                }
                _ => Err(about("is a parameter without a tensor")),
            }
        }
        Some(TENSOR) => rebuilt(values, name, arguments, files).map(Some),
        // Numbers, sizes and the like, which checkpoints of trainings have beside their tensors.
        Some(("torch", "Size" | "device")) => Ok(None),
        Some((module, function)) => Err(format!(
            "its pickle asks to call {}, which is not done, and is not needed for tensors",
            quoted(&format!("{module}.{function}"))
        )),
        None => Ok(None),
    }
}

const TENSOR: (&str, &str) = ("torch._utils", "_rebuild_tensor_v2");

/// `_rebuild_tensor_v2(storage, storage_offset, size, stride, …)`, where the storage is the
/// persistent object `("storage", class, key, location, elements)`.
fn rebuilt(
    values: &Values,
    name: &str,
    arguments: &[Place],
    files: &Files,
) -> Result<Tensor, String> {
    let about = |what: &str| format!("its tensor {} {what}", quoted(name));
    let damaged = || about("makes no sense");
    let [storage, offset, size, stride, ..] = arguments else {
        return Err(damaged());
    };
    let Value::Persistent(storage) = values.get(*storage) else {
        return Err(damaged());
    };
    let Some([kind, class, key, _, elements]) = values.tuple(*storage) else {
        return Err(damaged());
    };
    let sizes = |place: Place| -> Option<Vec<u64>> {
        let parts = values.tuple(place)?.iter();
        parts.map(|part| values.size(*part)).collect()
    };
    let (Some("storage"), Some(("torch", class)), Some(key), Some(elements)) = (
        values.text(*kind),
        values.name(*class),
        values.text(*key),
        values.size(*elements),
    ) else {
        return Err(damaged());
    };
    let (Some(offset), Some(dims), Some(strides)) =
        (values.size(*offset), sizes(*size), sizes(*stride))
    else {
        return Err(damaged());
    };
    let numbers = numbers(class)
        .ok_or_else(|| about(&format!("has a storage of the class {}", quoted(class))))?;
    let &(begin, bytes) = files
        .get(key)
        .ok_or_else(|| about("refers to a file that the archive does not have"))?;
    // The product of the dimensions so far is the step from one number to the next in this
    // dimension.
    let mut count = 1u64;
    if dims.len() != strides.len() {
        return Err(damaged());
    }
    for (&dim, &stride) in dims.iter().zip(&strides).rev() {
        if dim > 1 && stride != count {
            return Err(about("is not stored row by row, which is not read"));
        }
        count = count.checked_mul(dim).ok_or_else(damaged)?;
    }
    let of = |count: u64| count.checked_mul(numbers.bytes());
    let end = offset.checked_add(count).filter(|&end| end <= elements);
    if end.and(of(elements)).is_none_or(|needed| needed > bytes) {
        return Err(about("goes on beyond its bytes"));
    }
    Ok(Tensor {
        name: name.to_owned(),
        begin: begin + offset * numbers.bytes(),
        numbers,
        dims,
    })
}

/// The numbers of a class of storages.
fn numbers(class: &str) -> Option<Numbers> {
    let other = |name: &str, bytes| Some(Numbers::Other(name.to_owned(), bytes));
    match class {
        "FloatStorage" => Some(Numbers::Weights(NumberType::F32)),
        "HalfStorage" => Some(Numbers::Weights(NumberType::F16)),
        "BFloat16Storage" => Some(Numbers::Weights(NumberType::Bf16)),
        "DoubleStorage" => other("F64", 8),
        "LongStorage" => other("I64", 8),
        "IntStorage" => other("I32", 4),
        "ShortStorage" => other("I16", 2),
        "CharStorage" => other("I8", 1),
        "ByteStorage" => other("U8", 1),
        "BoolStorage" => other("BOOL", 1),
        _ => None,
    }
}
