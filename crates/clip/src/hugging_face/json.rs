//! Getters for the JSON files of a repository, whose errors name the file and the key.

use serde_json::{Map, Value};

use crate::error::quoted;
use crate::{Error, file_kind};

/// A JSON object, and what it is called in sentences. The errors of its getters are
/// [`Error::Model`], and name the key.
pub struct Object<'a> {
    /// The repository's file.
    file: &'static str,
    /// Where in the file, with a full stop at its end if it is not empty.
    path: String,
    map: &'a Map<String, Value>,
}

/// Reads a file that must be a JSON object.
///
/// # Errors
/// [`Error::Model`] if it is anything else.
pub fn parse(file: &str, bytes: &[u8]) -> Result<Map<String, Value>, Error> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Error::model(format!(
            "The repository's {file} is no JSON object"
        ))),
        Err(error) => Err(no_json(file, bytes, &error)),
    }
}

/// What there is to say of a file that should be JSON.
pub(crate) fn no_json(file: &str, bytes: &[u8], error: &serde_json::Error) -> Error {
    let kind = file_kind::of(&bytes[..bytes.len().min(file_kind::ENOUGH)]);
    Error::model(match kind.filter(|&kind| kind != "JSON") {
        Some(kind) => format!("The repository's {file} is {kind}"),
        None => format!("The repository's {file} is damaged: {error}"),
    })
}

impl<'a> Object<'a> {
    /// The whole of a file.
    pub fn new(file: &'static str, map: &'a Map<String, Value>) -> Self {
        let path = String::new();
        Self { file, path, map }
    }

    /// All keys and values, in alphabetical order.
    #[cfg(feature = "terminal")]
    pub fn entries(&self) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
        self.map.iter()
    }

    /// A value; one that is null is none.
    pub fn get(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    /// An object inside.
    pub fn object(&self, key: &str) -> Result<Option<Object<'a>>, Error> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(Object {
                file: self.file,
                path: format!("{}{key}.", self.path),
                map,
            })),
            Some(_) => Err(self.wrong(key, "must be an object")),
        }
    }

    /// A string.
    pub fn string(&self, key: &str) -> Result<Option<&'a str>, Error> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(key, "must be a string")),
        }
    }

    /// A truth value.
    pub fn bool(&self, key: &str, default: bool) -> Result<bool, Error> {
        match self.get(key) {
            None => Ok(default),
            Some(Value::Bool(value)) => Ok(*value),
            Some(_) => Err(self.wrong(key, "must be true or false")),
        }
    }

    /// A whole number from 1 to `most`.
    pub fn size(&self, key: &str, default: usize, most: usize) -> Result<usize, Error> {
        match self.get(key) {
            None => Ok(default),
            Some(value) => self.size_of(key, value, most),
        }
    }

    /// The side of a square: a whole number, or a list of two that are equal.
    pub fn side(&self, key: &str, default: usize, most: usize) -> Result<usize, Error> {
        match self.get(key) {
            Some(Value::Array(sides)) => match &sides[..] {
                [height, width] if height == width => self.size_of(key, width, most),
                _ => Err(self.wrong(key, "must be a square")),
            },
            _ => self.size(key, default, most),
        }
    }

    fn size_of(&self, key: &str, value: &Value, most: usize) -> Result<usize, Error> {
        let size = value.as_u64().and_then(|size| usize::try_from(size).ok());
        size.filter(|size| (1..=most).contains(size))
            .ok_or_else(|| self.wrong(key, &format!("must be a whole number from 1 to {most}")))
    }

    /// A number that f32 can hold.
    pub fn float(&self, key: &str, default: f64) -> Result<f64, Error> {
        match self.get(key) {
            None => Ok(default),
            Some(value) => finite(value).ok_or_else(|| self.wrong(key, "must be a number")),
        }
    }

    /// A number for each colour channel.
    pub fn three_floats(&self, key: &str, default: [f32; 3]) -> Result<[f32; 3], Error> {
        let Some(value) = self.get(key) else {
            return Ok(default);
        };
        let numbers = value.as_array().and_then(|values| {
            let numbers: Option<Vec<f32>> = values
                .iter()
                .map(|value| finite(value).map(|number| number as f32))
                .collect();
            numbers?.try_into().ok()
        });
        numbers.ok_or_else(|| self.wrong(key, "must be three numbers"))
    }

    /// What is wrong with a key.
    pub fn wrong(&self, key: &str, what: &str) -> Error {
        let Self { file, path, .. } = self;
        let value = match self.map.get(key) {
            Some(value @ (Value::Number(_) | Value::Bool(_) | Value::Null)) => {
                format!(" is {value} and")
            }
            Some(Value::String(text)) => format!(" is {} and", quoted(text)),
            _ => String::new(),
        };
        Error::model(format!(
            "The repository's {file} is of no use: its \"{path}{key}\"{value} {what}"
        ))
    }
}

fn finite(value: &Value) -> Option<f64> {
    value.as_f64().filter(|number| (*number as f32).is_finite())
}
