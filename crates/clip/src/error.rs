//! What can go wrong, as sentences.

use std::fmt;

/// Why a call failed. Its `Display` is a sentence for people.
#[derive(Debug)]
pub enum Error {
    /// The model file could not be read.
    Io(std::io::Error),
    /// The converted model could not be written.
    Output(std::io::Error),
    /// The file is not a model that can be used here; the sentence says what is wrong with it.
    Model(String),
    /// The picture has no bytes.
    EmptyPicture,
    /// The bytes are no picture that can be decoded; what the decoder said.
    UnreadablePicture(String),
    /// The file is known, and is none that can be read.
    UnsupportedPicture {
        /// What it is, as the end of a sentence that begins "The file is".
        what: String,
        /// What to do about it: a sentence without its full stop.
        advice: String,
    },
    /// The picture has more pixels than it may have.
    PictureTooLarge {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// The most that it may have.
        most: u64,
    },
    /// A text could not be turned into tokens; what the tokenizer said.
    Text(String),
    /// The arithmetic failed: a defect of this crate or of candle.
    Compute(candle_core::Error),
    /// A linear probe that cannot be fitted or used; the sentence says why.
    Probe(String),
}

impl Error {
    /// An unusable model, and why: a sentence without its full stop.
    pub(crate) fn model(reason: impl fmt::Display) -> Self {
        Self::Model(reason.to_string())
    }

    /// An [`Error::UnsupportedPicture`].
    pub(crate) fn unsupported_picture(what: impl Into<String>, advice: &str) -> Self {
        Self::UnsupportedPicture {
            what: what.into(),
            advice: advice.to_owned(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "The model file could not be read: {error}."),
            Self::Output(error) => write!(f, "The converted model could not be written: {error}."),
            Self::Model(reason) | Self::Probe(reason) => write!(f, "{reason}."),
            Self::EmptyPicture => write!(f, "The picture file is empty."),
            Self::UnreadablePicture(reason) => {
                write!(f, "The file is not a picture that can be read: {reason}.")
            }
            Self::UnsupportedPicture { what, advice } => {
                write!(f, "The file is {what}. {advice}.")
            }
            Self::PictureTooLarge {
                width,
                height,
                most: crate::picture::MAX_PIXELS,
            } => write!(
                f,
                "The picture is too large: {width} x {height} pixels, where {} million are the most.",
                crate::picture::MAX_PIXELS / 1_000_000
            ),
            Self::PictureTooLarge {
                width,
                height,
                most,
            } => write!(
                f,
                "The picture is too large: {width} x {height} pixels, where {most} are the most."
            ),
            Self::Text(reason) => write!(f, "The text could not be turned into tokens: {reason}."),
            Self::Compute(error) => write!(f, "The computation failed: {}.", candle_says(error)),
        }
    }
}

/// A name out of a file, in quotation marks: in one line, and no longer than a sentence bears.
pub fn quoted(name: &str) -> String {
    const MOST: usize = 80;
    match name.char_indices().nth(MOST) {
        Some((end, _)) => format!("{:?}…", &name[..end]),
        None => format!("{name:?}"),
    }
}

/// What candle says, without the backtrace that it may carry, which is no part of a sentence.
pub(crate) fn candle_says(error: &candle_core::Error) -> String {
    match error {
        candle_core::Error::WithBacktrace { inner, .. } => candle_says(inner),
        other => other.to_string(),
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) | Self::Output(error) => Some(error),
            Self::Compute(error) => Some(error),
            _ => None,
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Self {
        Self::Compute(error)
    }
}
