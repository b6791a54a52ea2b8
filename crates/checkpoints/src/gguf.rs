//! A GGUF as clip.cpp writes it, on its way into another one with weights of another type.

use std::io::{Read, Seek, Write};

use cliplet_clip::Error;
use cliplet_clip::config::Config;
use cliplet_clip::gguf::Gguf;
use cliplet_clip::hugging_face::shared::tensors;
use cliplet_clip::hugging_face::{Conversion, Description, Source, Towers};
use cliplet_clip::text::TOKEN_EMBEDDING;
use cliplet_clip::tokenizer::Tokenizer;
use serde_json::{Map, json};

/// What a file says of its model, both towers or the one that it has. A tokenizer that it has as a
/// list of tokens alone becomes a whole `tokenizer.json`.
///
/// # Errors
/// [`Error::Model`] if it holds no tower of a CLIP.
pub fn describe<R: Read + Seek>(file: &Gguf<R>) -> Result<Description, Error> {
    let metadata = file.metadata();
    let towers = match (
        metadata.bool("clip.has_vision_encoder")?,
        metadata.bool("clip.has_text_encoder")?,
    ) {
        (true, true) => Towers::Both,
        (true, false) => Towers::Image,
        (false, true) => Towers::Text,
        (false, false) => {
            return Err(Error::Model("The file holds no tower of a CLIP".to_owned()));
        }
    };
    let config = match towers {
        Towers::Both => Config::from_metadata(metadata)?,
        Towers::Image => Config::of_image_tower(metadata)?,
        Towers::Text => Config::of_text_tower(metadata)?,
    };
    let mut vocabulary = 1;
    let mut tokenizer_json = None;
    if towers.has_texts() {
        vocabulary = file.rows(TOKEN_EMBEDDING)?;
        let tokenizer = Tokenizer::from_metadata(metadata, vocabulary, config.text.context_length)?;
        const JSON: &str = "tokenizer.huggingface.json";
        tokenizer_json = Some(if metadata.has(JSON) {
            metadata.string(JSON)?.to_owned()
        } else {
            tokenizer.to_json()?
        });
    }
    Ok(Description {
        towers,
        config,
        vocabulary,
        tokenizer_json,
        end_of_text: None,
        has_logit_scale: true,
        remarks: Vec::new(),
    })
}

/// Sends all tensors of a file, in f32, into a conversion that [`describe`]s it. `progress` is told
/// of bytes of the old file that have been sent. In memory is one tensor at a time.
///
/// # Errors
/// As [`Conversion::push`], and [`Error::Model`] if the file lacks a tensor or is damaged.
pub fn send<R: Read + Seek, W: Write + Seek>(
    name: &str,
    file: &mut Gguf<R>,
    model: &Description,
    conversion: &mut Conversion,
    out: &mut W,
    mut progress: impl FnMut(u64),
) -> Result<(), Error> {
    let mut tensors = tensors(&model.config, model.vocabulary)?;
    tensors.retain(|tensor| model.towers.have(&tensor.name));
    let mut header = Map::new();
    let mut at = 0;
    for tensor in &tensors {
        let count: u64 = tensor.dims.iter().map(|&dim| dim as u64).product();
        let end = at + 4 * count;
        header.insert(
            tensor.source.clone(),
            json!({"dtype": "F32", "shape": tensor.dims, "data_offsets": [at, end]}),
        );
        at = end;
    }
    let stored = file.tensors();
    let header = serde_json::Value::Object(header).to_string();
    let mut source = Source::new(name);
    conversion.push(&mut source, &(header.len() as u64).to_le_bytes(), out)?;
    conversion.push(&mut source, header.as_bytes(), out)?;
    let mut bytes = Vec::new();
    for tensor in &tensors {
        let numbers = file
            .dequantised(&tensor.name, &tensor.dims)?
            .flatten_all()?
            .to_vec1::<f32>()?;
        for part in numbers.chunks(1 << 18) {
            bytes.clear();
            bytes.extend(part.iter().flat_map(|number| number.to_le_bytes()));
            conversion.push(&mut source, &bytes, out)?;
        }
        let stored = stored.iter().find(|stored| stored.name == tensor.name);
        progress(stored.map_or(0, |stored| stored.bytes));
    }
    Ok(())
}
