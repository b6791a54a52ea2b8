//! CLIP's tokenizer: lower-cased byte-level BPE with an end-of-word mark (`openai/CLIP`,
//! `clip/simple_tokenizer.py`), run by the `tokenizers` crate.
//!
//! A model file brings its tokenizer along in one of two ways: as a whole `tokenizer.json` in the
//! key `tokenizer.huggingface.json`, or, as clip.cpp writes it, as a bare list of tokens from which
//! the merges are recovered (`merges`). What tokenizers takes for granted of such a file is looked
//! at first (`normalizer`, `template`). Before a text is split, it is cleaned as OpenAI's CLIP and
//! OpenCLIP clean it (`clean`). What is not here: prompts, and what the tokens mean to the text
//! tower.

mod clean;
mod merges;
mod model;
mod normalizer;
mod template;

use std::fmt::Display;

use serde::Deserialize;
use serde_json::Value;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::utils::truncation::TruncationParams;
use tokenizers::{AddedToken, PostProcessor};

use crate::Error;
use crate::error::quoted;
use crate::gguf::Metadata;
use crate::hugging_face::parse;

/// The key that holds a whole `tokenizer.json`.
pub(crate) const JSON_KEY: &str = "tokenizer.huggingface.json";
/// The key that holds a list of tokens.
pub(crate) const TOKENS_KEY: &str = "tokenizer.ggml.tokens";

const START_OF_TEXT: &str = "<|startoftext|>";
const END_OF_TEXT: &str = "<|endoftext|>";

/// How CLIP splits a text into words before BPE (`simple_tokenizer.py`).
const WORD_PATTERN: &str =
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";

/// Tokens of one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// Start of text, the text's tokens, end of text; at least 2, at most the model's context
    /// length.
    pub ids: Vec<u32>,
    /// The text was longer than the context, and tokens at its end were left out.
    pub cut: bool,
}

/// Turns texts into token ids.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    /// What the post-processor puts behind a text.
    end_of_text: u32,
    highest: u32,
}

/// What of a `tokenizer.json` is looked at before tokenizers is. The rest, megabytes of tokens and
/// merges, is skipped.
#[derive(Deserialize)]
struct Risky {
    /// Read for its errors: tokenizers panics over one that is no JSON.
    #[serde(rename = "decoder")]
    _decoder: Option<Value>,
    normalizer: Option<Value>,
    post_processor: Option<Value>,
    model: Option<model::Risky>,
}

impl Tokenizer {
    /// The tokenizer of a model file whose token embedding has `vocabulary` rows and whose text
    /// tower takes `context_length` tokens.
    ///
    /// # Errors
    /// [`Error::Model`] if the file has none, a broken one, or one with more tokens than the model
    /// has embeddings.
    pub fn from_metadata(
        metadata: &Metadata,
        vocabulary: usize,
        context_length: usize,
    ) -> Result<Self, Error> {
        if metadata.has(JSON_KEY) {
            return Self::from_json(metadata.string(JSON_KEY)?, vocabulary, context_length);
        }
        if !metadata.has(TOKENS_KEY) {
            return Err(Error::model(
                "The file has no tokenizer and no list of tokens",
            ));
        }
        let tokens = metadata.strings(TOKENS_KEY)?;
        // Before anything is built of them.
        if tokens.len() > vocabulary {
            return Err(too_many(tokens.len() - 1, vocabulary));
        }
        Self::new(from_tokens(&tokens)?, vocabulary, context_length)
    }

    /// The same from a `tokenizer.json`.
    ///
    /// # Errors
    /// As [`Tokenizer::from_metadata`].
    pub fn from_json(json: &str, vocabulary: usize, context_length: usize) -> Result<Self, Error> {
        // Some of its sentences have their full stop already.
        let broken = |error: serde_json::Error| {
            let reason = error.to_string();
            let reason = reason.trim_end_matches('.');
            Error::model(format!("The model's tokenizer is broken: {reason}"))
        };
        let risky: Risky = serde_json::from_str(json).map_err(broken)?;
        if let Some(normalizer) = &risky.normalizer {
            normalizer::check(normalizer)?;
        }
        if let Some(post_processor) = &risky.post_processor {
            template::check(post_processor)?;
        }
        if let Some(model) = &risky.model {
            model.check()?;
        }
        let inner: tokenizers::Tokenizer = serde_json::from_str(json).map_err(broken)?;
        Self::new(inner, vocabulary, context_length)
    }

    fn new(
        mut inner: tokenizers::Tokenizer,
        vocabulary: usize,
        context_length: usize,
    ) -> Result<Self, Error> {
        let highest = inner.get_vocab(true).into_values().max().unwrap_or(0);
        let broken = |error: tokenizers::Error| {
            Error::model(format!("The model's tokenizer is broken: {error}"))
        };
        let around = inner.get_post_processor().map(|p| p.added_tokens(false));
        if around != Some(2) {
            return Err(no_ends());
        }
        inner.with_padding(None);
        inner
            .with_truncation(Some(TruncationParams {
                max_length: context_length,
                ..TruncationParams::default()
            }))
            .map_err(broken)?;
        let mut tokenizer = Self {
            inner,
            end_of_text: 0,
            highest,
        };
        // A post-processor has ids of its own, which need not be those of the vocabulary.
        let [start, end] = tokenizer.encode("")?.ids[..] else {
            return Err(no_ends());
        };
        tokenizer.end_of_text = end;
        let highest = highest.max(start).max(end) as usize;
        if highest >= vocabulary {
            return Err(too_many(highest, vocabulary));
        }
        Ok(tokenizer)
    }

    /// The id of the token that ends every text.
    pub fn end_of_text(&self) -> u32 {
        self.end_of_text
    }

    /// Whether a text can contain a token whose id is above that of the end of text, such as a word
    /// that was learnt later.
    pub(crate) fn has_tokens_above_end(&self) -> bool {
        self.highest > self.end_of_text
    }

    /// The tokenizer as a `tokenizer.json`, without what this model's context cuts off.
    ///
    /// # Errors
    /// [`Error::Model`] if it cannot be written as one, which a tokenizer that was read can be.
    #[cfg(feature = "terminal")]
    pub fn to_json(&self) -> Result<String, Error> {
        let mut inner = self.inner.clone();
        inner
            .with_truncation(None)
            .and_then(|inner| inner.to_string(false))
            .map_err(|error| {
                Error::model(format!("The model's tokenizer cannot be written: {error}"))
            })
    }

    /// The tokens in the order of their ids, of which there are `vocabulary`. An id without a token
    /// is a placeholder's.
    pub(crate) fn tokens(&self, vocabulary: usize) -> Vec<String> {
        let mut tokens: Vec<String> = (0..vocabulary).map(placeholder).collect();
        // Two contents may have one id; which of them comes out must not depend on a hash map's
        // order.
        let mut known: Vec<(String, u32)> = self.inner.get_vocab(true).into_iter().collect();
        known.sort();
        for (token, id) in known {
            if let Some(entry) = tokens.get_mut(id as usize) {
                *entry = token;
            }
        }
        tokens
    }

    /// The tokens of a text, as OpenCLIP reads it: quotes, ligatures, widths and HTML entities are
    /// cleaned first. A text longer than the context keeps its beginning and its end-of-text token,
    /// as in Hugging Face's `CLIPTokenizerFast` with `truncation=True`.
    ///
    /// # Errors
    /// [`Error::Text`] if the tokenizer refuses, which CLIP's does for no text.
    pub fn encode(&self, text: &str) -> Result<Tokens, Error> {
        let cleaned = clean::clean(text);
        let read = cleaned.as_ref().map_or(text, |cleaned| &cleaned.text);
        let encoding = self
            .inner
            .encode_fast(read, true)
            .map_err(|error| Error::Text(error.to_string()))?;
        Ok(Tokens {
            ids: encoding.get_ids().to_vec(),
            cut: !encoding.get_overflowing().is_empty(),
        })
    }

    /// How long a text is, and where [`encode`](Self::encode) cuts it.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn measure(&self, text: &str) -> Result<Length, Error> {
        let cleaned = clean::clean(text);
        let read = cleaned.as_ref().map_or(text, |cleaned| &cleaned.text);
        let encoding = self
            .inner
            .encode(read, true)
            .map_err(|error| Error::Text(error.to_string()))?;
        // The pieces behind the first are not all there is: nothing is looked for far behind the
        // context.
        let is_cut = !encoding.get_overflowing().is_empty();
        let cut_at = is_cut.then(|| {
            let offsets = encoding.get_offsets();
            // Without start and end of text, which are around every text.
            let offsets = &offsets[1..offsets.len() - 1];
            let ends = offsets.iter().map(|(_, end)| *end);
            // A token may be a part of a character.
            let end = read.floor_char_boundary(ends.max().unwrap_or_default());
            match &cleaned {
                Some(cleaned) => cleaned.place_in_original(end),
                None => end,
            }
        });
        Ok(Length {
            tokens: encoding.get_ids().len(),
            cut_at,
        })
    }
}

/// How long a text is for the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    /// Tokens that are read, start and end of text among them.
    pub tokens: usize,
    /// Where it is cut: so many bytes of it, as it was given, are read, which end at a character's
    /// end.
    pub cut_at: Option<usize>,
}

fn no_ends() -> Error {
    Error::model("The model's tokenizer does not put start and end of text around a text")
}

fn too_many(highest: usize, vocabulary: usize) -> Error {
    Error::model(format!(
        "The model's tokenizer has the token {highest}, and its text tower knows only {vocabulary} tokens"
    ))
}

/// The tokenizer that a list of tokens, in the order of their ids, stands for. What stands behind
/// start and end of text was added to the vocabulary later, and is found in a text before it is
/// split into words.
fn from_tokens(tokens: &[&str]) -> Result<tokenizers::Tokenizer, Error> {
    let id_of = |token: &str| {
        tokens
            .iter()
            .position(|&t| t == token)
            .ok_or_else(|| Error::model(format!("The file's list of tokens has no \"{token}\"")))
    };
    let (start, end) = (id_of(START_OF_TEXT)?, id_of(END_OF_TEXT)?);
    let (words, others) = tokens.split_at(start.min(end));
    let mut added = Vec::new();
    for (&token, id) in others.iter().zip(words.len()..) {
        if token.ends_with(merges::END_OF_WORD) {
            return Err(merges::no_list_of_clip(&format!(
                "{} stands behind {START_OF_TEXT}",
                quoted(token)
            )));
        }
        if id != start && id != end && token != placeholder(id) {
            added.push(AddedToken::from(token, false));
        }
    }
    let merges = merges::recover(words)?;
    let vocabulary: Vocab = tokens
        .iter()
        .zip(0..)
        .map(|(token, id)| ((*token).to_owned(), id))
        .collect();
    if vocabulary.len() != tokens.len() {
        return Err(Error::model(
            "The file's list of tokens names a token twice",
        ));
    }
    let merges = merges
        .into_iter()
        .map(|(left, right)| (left.to_owned(), right.to_owned()))
        .collect();
    // What is large is handed over as it is: to write it down as JSON and read that takes longer
    // than all else.
    let no_tokenizer = |error: &dyn Display| {
        Error::model(format!(
            "The file's list of tokens makes no tokenizer: {error}"
        ))
    };
    let model = BPE::builder()
        .vocab_and_merges(vocabulary, merges)
        .unk_token(END_OF_TEXT.to_owned())
        .continuing_subword_prefix(String::new())
        .end_of_word_suffix(merges::END_OF_WORD.to_owned())
        .build()
        .map_err(|error| no_tokenizer(&error))?;
    // As text, like any other tokenizer: the engine has the code that reads that already.
    let around = json_around(start as u64, end as u64, "[]", EMPTY_MODEL);
    let mut tokenizer: tokenizers::Tokenizer =
        serde_json::from_str(&around).map_err(|error| no_tokenizer(&error))?;
    tokenizer.with_model(model);
    // They have their ids from the model.
    tokenizer
        .add_special_tokens([START_OF_TEXT, END_OF_TEXT].map(|token| AddedToken::from(token, true)))
        .and_then(|_| tokenizer.add_tokens(added))
        .map_err(|error| no_tokenizer(&error))?;
    Ok(tokenizer)
}

/// A `tokenizer.json` out of the files that transformers reads where there is none: `vocab.json`,
/// `merges.txt`, and `added_tokens.json`, if there are words that were added later.
///
/// # Errors
/// [`Error::Model`] if one of them is damaged, or they are not CLIP's.
pub fn json_of_files(vocab: &[u8], merges: &[u8], added: Option<&[u8]>) -> Result<String, Error> {
    let vocab = parse("vocab.json", vocab)?;
    let id_of = |token: &str| {
        vocab
            .get(token)
            .and_then(Value::as_u64)
            .ok_or_else(|| Error::model(format!("The repository's vocab.json has no \"{token}\"")))
    };
    let (start, end) = (id_of(START_OF_TEXT)?, id_of(END_OF_TEXT)?);
    let merges = std::str::from_utf8(merges)
        .map_err(|_| Error::model("The repository's merges.txt is no text"))?;
    // The first line is a comment.
    let is_merge = |line: &&str| !line.is_empty() && !line.starts_with("#version");
    let merges: Vec<&str> = merges.lines().filter(is_merge).collect();
    if merges.iter().any(|merge| merge.split(' ').count() != 2) {
        return Err(Error::model(
            "The repository's merges.txt is damaged: a line is no pair of tokens",
        ));
    }
    let mut tokens = vec![
        (start, added_token(START_OF_TEXT, start, true)),
        (end, added_token(END_OF_TEXT, end, true)),
    ];
    for (token, id) in parse("added_tokens.json", added.unwrap_or(b"{}"))? {
        let id = id.as_u64().ok_or_else(|| {
            Error::model(format!(
                "The repository's added_tokens.json has no id for {}",
                quoted(&token)
            ))
        })?;
        if id != start && id != end {
            tokens.push((id, added_token(&token, id, false)));
        }
    }
    tokens.sort_unstable_by_key(|(id, _)| *id);
    let tokens: Vec<String> = tokens.into_iter().map(|(_, token)| token).collect();
    let merges: Vec<String> = merges.into_iter().map(in_json).collect();
    let model = format!(
        r#"{{"type":"BPE","dropout":null,"unk_token":"{END_OF_TEXT}","continuing_subword_prefix":"","end_of_word_suffix":"{}","fuse_unk":false,"byte_fallback":false,"ignore_merges":false,"vocab":{},"merges":[{}]}}"#,
        merges::END_OF_WORD,
        Value::Object(vocab),
        merges.join(",")
    );
    let tokens = format!("[{}]", tokens.join(","));
    Ok(json_around(start, end, &tokens, &model))
}

fn added_token(content: &str, id: u64, special: bool) -> String {
    let (content, normalized) = (in_json(content), !special);
    format!(
        r#"{{"id":{id},"content":{content},"single_word":false,"lstrip":false,"rstrip":false,"normalized":{normalized},"special":{special}}}"#
    )
}

/// A text as JSON writes it.
fn in_json(text: &str) -> String {
    Value::from(text).to_string()
}

/// A model without tokens and merges, in JSON.
const EMPTY_MODEL: &str = r#"{"type":"BPE","vocab":{},"merges":[]}"#;

/// A `tokenizer.json` of CLIP's: what transformers' `CLIPTokenizer` puts around these added tokens
/// and this model, which are JSON.
fn json_around(start: u64, end: u64, added_tokens: &str, model: &str) -> String {
    let word = in_json(WORD_PATTERN);
    format!(
        r#"{{"version":"1.0","added_tokens":{added_tokens},
"normalizer":{{"type":"Sequence","normalizers":[
{{"type":"NFC"}},
{{"type":"Replace","pattern":{{"Regex":"\\s+"}},"content":" "}},
{{"type":"Lowercase"}}]}},
"pre_tokenizer":{{"type":"Sequence","pretokenizers":[
{{"type":"Split","pattern":{{"Regex":{word}}},"behavior":"Removed","invert":true}},
{{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}}]}},
"post_processor":{{"type":"RobertaProcessing","sep":["{END_OF_TEXT}",{end}],"cls":["{START_OF_TEXT}",{start}],
"trim_offsets":false,"add_prefix_space":false}},
"decoder":null,"model":{model}}}"#
    )
}

/// What stands for an id without a token, named as llama.cpp's converters name it.
fn placeholder(id: usize) -> String {
    format!("[PAD{id}]")
}
