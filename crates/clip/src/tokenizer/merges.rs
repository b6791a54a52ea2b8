//! The merges of a BPE vocabulary, from its tokens alone.
//!
//! Training BPE appends one token per merge, so a token's id is also the rank of the merge that
//! made it. Splitting a token into characters and applying all merges of lower rank leaves just the
//! two pieces that it was merged from. For CLIP's vocabulary this gives back all 48,894 merges of
//! `bpe_simple_vocab_16e6.txt`.

use std::collections::HashMap;

use crate::Error;
use crate::error::quoted;

/// The mark that CLIP puts behind the last character of a word.
pub(super) const END_OF_WORD: &str = "</w>";

/// The pairs that were merged, in the order of their ranks. CLIP's list has tokens for all 256
/// bytes, within a word and at its end, and each of the others is made of two before it. Of any
/// other list, texts would be split otherwise than the model has learnt.
///
/// # Errors
/// [`Error::Model`] if it is another one.
pub(super) fn recover<'a>(tokens: &[&'a str]) -> Result<Vec<(&'a str, &'a str)>, Error> {
    let ids: HashMap<&str, u32> = tokens
        .iter()
        .zip(0..)
        .map(|(token, id)| (*token, id))
        .collect();
    if !tokens.iter().any(|token| token.ends_with(END_OF_WORD)) {
        return Err(no_list_of_clip(
            "no token has the mark </w>, which CLIP's have at the end of a word",
        ));
    }
    for byte in bytes() {
        for token in [byte.to_string(), format!("{byte}{END_OF_WORD}")] {
            if !ids.contains_key(&token[..]) {
                return Err(no_list_of_clip(&format!(
                    "it has no token {}",
                    quoted(&token)
                )));
            }
        }
    }
    let mut merged: HashMap<(u32, u32), u32> = HashMap::new();
    let mut pairs = Vec::new();
    for (token, id) in tokens.iter().zip(0..) {
        let pieces = characters(token, &ids).map(|mut pieces| {
            apply(&merged, &mut pieces);
            pieces
        });
        match pieces.as_deref() {
            // A single byte's.
            Some([_]) => {}
            Some(&[left, right]) => {
                merged.insert((left, right), id);
                pairs.push((tokens[left as usize], tokens[right as usize]));
            }
            _ => {
                return Err(no_list_of_clip(&format!(
                    "{} is made of no two tokens before it",
                    quoted(token)
                )));
            }
        }
    }
    Ok(pairs)
}

/// Why a list is not taken for CLIP's.
pub(super) fn no_list_of_clip(reason: &str) -> Error {
    Error::model(format!(
        "The file's list of tokens is not CLIP's: {reason}; convert the model again from its original, with cliplet convert"
    ))
}

/// The characters that stand for the 256 bytes in a byte-level vocabulary (`bytes_to_unicode` in
/// `simple_tokenizer.py`): printable ones for themselves, the others beyond them.
fn bytes() -> impl Iterator<Item = char> {
    let others = 256..256 + 68;
    let printable = (33..127).chain(161..173).chain(174..256);
    printable.chain(others).filter_map(char::from_u32)
}

/// The ids of a token's characters, the last one with the mark if the token has it; none if one is
/// no token.
fn characters(token: &str, ids: &HashMap<&str, u32>) -> Option<Vec<u32>> {
    let word = token.strip_suffix(END_OF_WORD).unwrap_or(token);
    let mut pieces = Vec::new();
    let mut starts = word.char_indices().map(|(start, _)| start).peekable();
    while let Some(start) = starts.next() {
        let end = starts.peek().copied().unwrap_or(token.len());
        pieces.push(*ids.get(&token[start..end])?);
    }
    Some(pieces)
}

/// Applies merges, lowest rank first, until none is left that fits.
fn apply(merged: &HashMap<(u32, u32), u32>, pieces: &mut Vec<u32>) {
    loop {
        let best = pieces
            .windows(2)
            .enumerate()
            .filter_map(|(at, pair)| merged.get(&(pair[0], pair[1])).map(|&id| (id, at)))
            .min();
        let Some((id, at)) = best else { return };
        pieces.splice(at..at + 2, [id]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// All bytes, within a word and at its end, and what is behind them.
    fn list(behind: &[&str]) -> Vec<String> {
        let within: Vec<String> = bytes().map(String::from).collect();
        let at_end = within.iter().map(|byte| format!("{byte}{END_OF_WORD}"));
        let behind = behind.iter().map(|&token| token.to_owned());
        within.iter().cloned().chain(at_end).chain(behind).collect()
    }

    #[test]
    fn each_token_is_split_by_the_merges_before_it() {
        let tokens = list(&["ab", "bc", "abc</w>", "abc"]);
        let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
        assert_eq!(tokens.len(), 512 + 4);
        assert_eq!(
            recover(&tokens).unwrap(),
            [("a", "b"), ("b", "c"), ("ab", "c</w>"), ("ab", "c")]
        );
    }

    #[test]
    fn what_is_no_list_of_clip_is_refused() {
        let tokens = list(&[]);
        let refused = |tokens: &[String]| {
            let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
            recover(&tokens)
                .err()
                .map(|error| error.to_string())
                .unwrap()
        };
        let unmarked: Vec<String> = tokens
            .iter()
            .map(|token| token.replace(END_OF_WORD, " "))
            .collect();
        assert!(refused(&unmarked).contains("mark </w>"));
        let first_is_missing = refused(&tokens[1..]);
        assert!(
            first_is_missing.contains("no token \"!\""),
            "{first_is_missing}"
        );
        // As a sorted list has them.
        let early = refused(&list(&["abc", "ab"]));
        assert!(early.contains("\"abc\" is made of no two"), "{early}");
    }
}
