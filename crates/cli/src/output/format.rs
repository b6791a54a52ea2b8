//! The formats of rows.

use std::path::Path;

use clap::ValueEnum;

/// Formats of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// A JSON object a line.
    Jsonl,
    /// Comma-separated values, with a line of names above them.
    Csv,
    /// Embeddings as numpy's .npy, with the names of the pictures in a .txt beside it.
    Npy,
    /// Embeddings as safetensors, with the names in its metadata.
    Safetensors,
    /// Parquet, for DuckDB, Polars, LanceDB, Spark and the like.
    Parquet,
}

impl Format {
    /// By what a file is called.
    pub(super) fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "txt" => Some(Self::Text),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            "csv" => Some(Self::Csv),
            "npy" => Some(Self::Npy),
            "safetensors" => Some(Self::Safetensors),
            "parquet" => Some(Self::Parquet),
            _ => None,
        }
    }

    /// What files of it are called.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Npy => "npy",
            Self::Safetensors => "safetensors",
            Self::Parquet => "parquet",
        }
    }
}
