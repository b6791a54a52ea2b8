//! GGUF files as clip.cpp writes them: named tensors and metadata.
//!
//! The format is that of <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>, versions 2
//! and 3; the keys and tensor names are those of <https://github.com/monatis/clip.cpp>. candle
//! reads the file; `check` walks its header first, so that candle is handed nothing that would make
//! it panic or allocate more than the file justifies. A new file is written by `write`, which knows
//! where everything stands before there is a single weight. What is not here: what the tensors
//! mean.

mod check;
mod weights;
mod write;

use std::collections::HashMap;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::ops::Range;

use candle_core::quantized::gguf_file::{Content, TensorInfo, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Shape, Tensor};

use crate::Error;
use crate::error::candle_says;

pub(crate) use check::{MAX_ARRAY_ELEMENTS, MAX_TENSORS};
pub use weights::WeightType;
pub(crate) use write::{HeaderWriter, MAGIC};

/// What a file's header says of a tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTensor {
    /// As the file names it.
    pub name: String,
    /// Outermost first.
    pub dims: Vec<usize>,
    /// The type of its weights, as ggml names it: `q8_0`, `f16` and so on.
    pub weights: String,
    /// Of its weights.
    pub bytes: u64,
}

/// An open file: its header in memory, its tensors read one by one when asked for.
pub struct Gguf<'a, R: Read + Seek> {
    reader: BufReader<&'a mut R>,
    content: Content,
    metadata: Metadata,
}

impl<'a, R: Read + Seek> Gguf<'a, R> {
    /// Reads and checks the header.
    ///
    /// # Errors
    /// [`Error::Model`] if the file is no GGUF, is damaged, or is of a kind that is not read here;
    /// [`Error::Io`].
    pub fn open(reader: &'a mut R) -> Result<Self, Error> {
        let mut reader = BufReader::with_capacity(1 << 16, reader);
        check::check(&mut reader)?;
        reader.rewind()?;
        let mut content = Content::read(&mut reader).map_err(|error| damaged("header", &error))?;
        let metadata = Metadata(std::mem::take(&mut content.metadata));
        Ok(Self {
            reader,
            content,
            metadata,
        })
    }

    /// The file's keys and values.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// What the file holds beside its keys, in the order in which it stands.
    pub fn tensors(&self) -> Vec<StoredTensor> {
        let mut infos: Vec<_> = self.content.tensor_infos.iter().collect();
        infos.sort_by_key(|(_, info)| info.offset);
        infos
            .into_iter()
            .map(|(name, info)| {
                let (elements, weights) = (info.shape.elem_count(), info.ggml_dtype);
                StoredTensor {
                    name: name.clone(),
                    dims: info.shape.dims().to_vec(),
                    weights: format!("{weights:?}").to_lowercase(),
                    bytes: (elements / weights.block_size()) as u64 * weights.type_size() as u64,
                }
            })
            .collect()
    }

    /// A tensor as it is stored, which must have these dimensions, outermost first.
    ///
    /// # Errors
    /// [`Error::Model`] if there is no such tensor or its dimensions are others; [`Error::Io`].
    pub fn tensor(&mut self, name: &str, dims: &[usize]) -> Result<QTensor, Error> {
        let info = self.info(name, dims, dims)?;
        self.read(name, &info)
    }

    /// The same as a matrix of `rows x columns` that stays in the file for now; it has as many
    /// elements as `dims`.
    ///
    /// # Errors
    /// As [`Gguf::tensor`].
    pub(crate) fn matrix<'g>(
        &'g mut self,
        name: &'g str,
        dims: &[usize],
        (rows, columns): (usize, usize),
    ) -> Result<StoredMatrix<'g, 'a, R>, Error> {
        let info = self.info(name, dims, &[rows, columns])?;
        Ok(StoredMatrix {
            gguf: self,
            name,
            info,
            dims: (rows, columns),
        })
    }

    /// What the header says of a tensor, read as if its dimensions were `shape`.
    fn info(&self, name: &str, dims: &[usize], shape: &[usize]) -> Result<TensorInfo, Error> {
        let info = self
            .content
            .tensor_infos
            .get(name)
            .ok_or_else(|| Error::model(format!("The file has no tensor \"{name}\"")))?;
        if info.shape.dims() != dims {
            return Err(Error::model(format!(
                "The file's tensor \"{name}\" has the dimensions {:?}, and its configuration asks for {dims:?}",
                info.shape.dims()
            )));
        }
        Ok(TensorInfo {
            ggml_dtype: info.ggml_dtype,
            shape: Shape::from(shape),
            offset: info.offset,
        })
    }

    fn read(&mut self, name: &str, info: &TensorInfo) -> Result<QTensor, Error> {
        let start = self.content.tensor_data_offset;
        info.read(&mut self.reader, start, &Device::Cpu)
            .map_err(|error| damaged(&format!("tensor \"{name}\""), &error))
    }

    /// A small tensor, expanded to f32.
    ///
    /// # Errors
    /// As [`Gguf::tensor`].
    pub fn dequantised(&mut self, name: &str, dims: &[usize]) -> Result<Tensor, Error> {
        Ok(self.tensor(name, dims)?.dequantize(&Device::Cpu)?)
    }

    /// The first dimension of a matrix, for the one that the configuration does not name: the
    /// vocabulary's size.
    ///
    /// # Errors
    /// [`Error::Model`] if there is no such tensor or it is no matrix.
    pub fn rows(&self, name: &str) -> Result<usize, Error> {
        match self.content.tensor_infos.get(name).map(|i| i.shape.dims()) {
            Some(&[rows, _]) => Ok(rows),
            Some(dims) => Err(Error::model(format!(
                "The file's tensor \"{name}\" has the dimensions {dims:?}, and should be a matrix"
            ))),
            None => Err(Error::model(format!("The file has no tensor \"{name}\""))),
        }
    }
}

/// A matrix that is still in its file.
pub(crate) struct StoredMatrix<'g, 'a, R: Read + Seek> {
    gguf: &'g mut Gguf<'a, R>,
    name: &'g str,
    info: TensorInfo,
    dims: (usize, usize),
}

impl<R: Read + Seek> StoredMatrix<'_, '_, R> {
    /// Rows and columns.
    pub(crate) fn dims(&self) -> (usize, usize) {
        self.dims
    }

    /// The type of its weights.
    pub(crate) fn weights(&self) -> GgmlDType {
        self.info.ggml_dtype
    }

    /// All of it.
    ///
    /// # Errors
    /// [`Error::Model`] if the file is damaged.
    pub(crate) fn whole(self) -> Result<QTensor, Error> {
        self.gguf.read(self.name, &self.info)
    }

    /// Some rows, as they are stored.
    ///
    /// # Errors
    /// As [`StoredMatrix::whole`].
    ///
    /// # Panics
    /// If there is not as much room as these rows have bytes.
    pub(crate) fn rows(&mut self, rows: Range<usize>, to: &mut [u8]) -> Result<(), Error> {
        let (weights, (_, columns)) = (self.weights(), self.dims);
        let row_bytes = columns / weights.block_size() * weights.type_size();
        assert_eq!(to.len(), rows.len() * row_bytes, "room for rows");
        let start = self.gguf.content.tensor_data_offset + self.info.offset;
        let reader = &mut self.gguf.reader;
        reader
            .seek(SeekFrom::Start(start + (rows.start * row_bytes) as u64))
            .and_then(|_| reader.read_exact(to))
            .map_err(|error| damaged(&format!("tensor \"{}\"", self.name), &error.into()))
    }
}

fn damaged(part: &str, error: &candle_core::Error) -> Error {
    let reason = candle_says(error);
    Error::model(format!("The file's {part} is damaged: {reason}"))
}

/// A GGUF's keys and values. Every getter's error is an [`Error::Model`] that names the key.
#[derive(Debug)]
pub struct Metadata(HashMap<String, Value>);

impl Metadata {
    /// Whether the file has this key.
    pub fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// A string.
    ///
    /// # Errors
    /// If it is missing or no string.
    pub fn string(&self, key: &str) -> Result<&str, Error> {
        match self.get(key)? {
            Value::String(value) => Ok(value),
            other => Err(wrong_type(key, "a string", other)),
        }
    }

    /// A truth value.
    ///
    /// # Errors
    /// If it is missing or no truth value.
    pub fn bool(&self, key: &str) -> Result<bool, Error> {
        match self.get(key)? {
            Value::Bool(value) => Ok(*value),
            other => Err(wrong_type(key, "true or false", other)),
        }
    }

    /// A finite number.
    ///
    /// # Errors
    /// If it is missing, no f32 or f64, or not finite.
    pub fn float(&self, key: &str) -> Result<f32, Error> {
        float(key, self.get(key)?)
    }

    /// A whole number from 1 to `most`.
    ///
    /// # Errors
    /// If it is missing, no whole number, or not within these bounds.
    pub fn size(&self, key: &str, most: usize) -> Result<usize, Error> {
        size(key, self.get(key)?, most)
    }

    /// A list of whole numbers from 1 to `most`.
    ///
    /// # Errors
    /// If it is missing, no such list, or longer than `longest`.
    pub fn sizes(&self, key: &str, most: usize, longest: usize) -> Result<Vec<usize>, Error> {
        match self.get(key)? {
            Value::Array(values) if values.len() <= longest => {
                values.iter().map(|value| size(key, value, most)).collect()
            }
            Value::Array(values) => Err(Error::model(format!(
                "The file's \"{key}\" has {} values, and may have {longest}",
                values.len()
            ))),
            other => Err(wrong_type(key, "a list of whole numbers", other)),
        }
    }

    /// Three finite numbers.
    ///
    /// # Errors
    /// If they are missing, not three, or not numbers.
    pub fn three_floats(&self, key: &str) -> Result<[f32; 3], Error> {
        match self.get(key)? {
            Value::Array(values) => match values.as_slice() {
                [red, green, blue] => Ok([float(key, red)?, float(key, green)?, float(key, blue)?]),
                _ => Err(Error::model(format!(
                    "The file's \"{key}\" has {} values, and must have 3",
                    values.len()
                ))),
            },
            other => Err(wrong_type(key, "a list of numbers", other)),
        }
    }

    /// A list of strings.
    ///
    /// # Errors
    /// If it is missing or anything else.
    pub fn strings(&self, key: &str) -> Result<Vec<&str>, Error> {
        let value = self.get(key)?;
        let Value::Array(values) = value else {
            return Err(wrong_type(key, "a list of strings", value));
        };
        values
            .iter()
            .map(|value| match value {
                Value::String(value) => Ok(value.as_str()),
                other => Err(wrong_type(key, "a list of strings", other)),
            })
            .collect()
    }

    fn get(&self, key: &str) -> Result<&Value, Error> {
        self.0
            .get(key)
            .ok_or_else(|| Error::model(format!("The file has no key \"{key}\"")))
    }
}

fn size(key: &str, value: &Value, most: usize) -> Result<usize, Error> {
    let value = match value {
        Value::U8(value) => i128::from(*value),
        Value::I8(value) => i128::from(*value),
        Value::U16(value) => i128::from(*value),
        Value::I16(value) => i128::from(*value),
        Value::U32(value) => i128::from(*value),
        Value::I32(value) => i128::from(*value),
        Value::U64(value) => i128::from(*value),
        Value::I64(value) => i128::from(*value),
        other => return Err(wrong_type(key, "a whole number", other)),
    };
    match usize::try_from(value) {
        Ok(value) if (1..=most).contains(&value) => Ok(value),
        _ => Err(Error::model(format!(
            "The file's \"{key}\" is {value}, and must be from 1 to {most}"
        ))),
    }
}

fn float(key: &str, value: &Value) -> Result<f32, Error> {
    let value = match value {
        Value::F32(value) => *value,
        Value::F64(value) => *value as f32,
        other => return Err(wrong_type(key, "a number", other)),
    };
    if value.is_finite() {
        Ok(value)
    } else {
        Err(Error::model(format!(
            "The file's \"{key}\" is {value}, which is no number to compute with"
        )))
    }
}

fn wrong_type(key: &str, wanted: &str, found: &Value) -> Error {
    Error::model(format!(
        "The file's \"{key}\" must be {wanted}, and is of the type {:?}",
        found.value_type()
    ))
}
