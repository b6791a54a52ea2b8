//! Rows as Parquet, through Arrow's own writer: `path`, of a classification `labels` and `scores`,
//! best first, and of an embedding `embedding`, a list of a fixed size.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::builder::{FixedSizeListBuilder, Float32Builder, ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Fields, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::file::NewFile;
use super::row::{Columns, Row, Rows};
use crate::stop::Stop;

/// Rows that are handed over together.
const BATCH: usize = 1024;

pub(super) fn rows(file: NewFile, columns: Columns) -> Result<Box<dyn Rows>, Stop> {
    let schema = Arc::new(schema(columns));
    let path = file.path().to_owned();
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(concat!("cliplet ", env!("CARGO_PKG_VERSION")).to_owned())
        .build();
    let writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties))
        .map_err(|error| unwritable(&path, &error))?;
    Ok(Box::new(ParquetRows {
        paths: StringBuilder::new(),
        labels: ListBuilder::new(StringBuilder::new()).with_field(item(DataType::Utf8)),
        scores: ListBuilder::new(Float32Builder::new()).with_field(item(DataType::Float32)),
        embeddings: columns.embedding.map(|width| {
            FixedSizeListBuilder::new(Float32Builder::new(), width as i32)
                .with_field(item(DataType::Float32))
        }),
        columns,
        waiting: 0,
        schema,
        writer,
        path,
    }))
}

/// An item of a list. None of them is missing.
fn item(of: DataType) -> Arc<Field> {
    Arc::new(Field::new("item", of, false))
}

fn schema(columns: Columns) -> Schema {
    let mut fields = vec![Field::new("path", DataType::Utf8, false)];
    if columns.has_results {
        let labels = DataType::List(item(DataType::Utf8));
        let scores = DataType::List(item(DataType::Float32));
        fields.push(Field::new("labels", labels, false));
        fields.push(Field::new("scores", scores, false));
    }
    if let Some(width) = columns.embedding {
        let embedding = DataType::FixedSizeList(item(DataType::Float32), width as i32);
        fields.push(Field::new("embedding", embedding, false));
    }
    Schema::new(Fields::from(fields))
}

struct ParquetRows {
    paths: StringBuilder,
    labels: ListBuilder<StringBuilder>,
    scores: ListBuilder<Float32Builder>,
    embeddings: Option<FixedSizeListBuilder<Float32Builder>>,
    columns: Columns,
    waiting: usize,
    schema: Arc<Schema>,
    writer: ArrowWriter<NewFile>,
    path: PathBuf,
}

impl ParquetRows {
    fn flush(&mut self) -> Result<(), Stop> {
        let mut columns: Vec<ArrayRef> = vec![Arc::new(self.paths.finish())];
        if self.columns.has_results {
            columns.push(Arc::new(self.labels.finish()));
            columns.push(Arc::new(self.scores.finish()));
        }
        if let Some(embeddings) = &mut self.embeddings {
            columns.push(Arc::new(embeddings.finish()));
        }
        self.waiting = 0;
        let batch =
            RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(Stop::failed)?;
        let written = self.writer.write(&batch);
        written.map_err(|error| unwritable(&self.path, &error))
    }
}

impl Rows for ParquetRows {
    fn row(&mut self, row: &Row) -> Result<(), Stop> {
        self.paths.append_value(row.source.name());
        if let Some(results) = &row.results {
            for result in results {
                self.labels.values().append_value(result.label);
                self.scores.values().append_value(result.score);
            }
            self.labels.append(true);
            self.scores.append(true);
        }
        if let (Some(embeddings), Some(embedding)) = (&mut self.embeddings, &row.embedding) {
            embeddings.values().append_slice(embedding);
            embeddings.append(true);
        }
        self.waiting += 1;
        if self.waiting < BATCH {
            Ok(())
        } else {
            self.flush()
        }
    }

    fn finish(mut self: Box<Self>) -> Result<(), Stop> {
        if self.waiting > 0 {
            self.flush()?;
        }
        let closed = self.writer.into_inner();
        closed
            .map_err(|error| unwritable(&self.path, &error))?
            .keep()
    }
}

fn unwritable(path: &Path, error: &parquet::errors::ParquetError) -> Stop {
    if let Some(error) = error.source().and_then(|cause| cause.downcast_ref()) {
        return Stop::unwritable(path, error);
    }
    Stop::Failed(format!("{} could not be written: {error}.", path.display()))
}
