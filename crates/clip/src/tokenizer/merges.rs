//! The merges of a BPE vocabulary, from its tokens alone.
//!
//! Training BPE appends one token per merge, so a token's id is also the rank of the merge that made it. Splitting a token
//! into characters and applying all merges of lower rank leaves just the two pieces that it was merged from. For CLIP's
//! vocabulary this gives back all 48,894 merges of `bpe_simple_vocab_16e6.txt`.

use std::collections::HashMap;

/// The mark that CLIP puts behind the last character of a word.
pub(super) const END_OF_WORD: &str = "</w>";

/// The pairs that were merged, in the order of their ranks. A token that no pair makes, such as a single character or a
/// special token, has none.
pub(super) fn recover<'a>(tokens: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    let ids: HashMap<&str, u32> = tokens
        .iter()
        .zip(0..)
        .map(|(token, id)| (*token, id))
        .collect();
    let mut merged: HashMap<(u32, u32), u32> = HashMap::new();
    let mut pairs = Vec::new();
    for (token, id) in tokens.iter().zip(0..) {
        let Some(mut pieces) = characters(token, &ids) else {
            continue;
        };
        apply(&merged, &mut pieces);
        if let [left, right] = pieces[..] {
            merged.insert((left, right), id);
            pairs.push((tokens[left as usize], tokens[right as usize]));
        }
    }
    pairs
}

/// The ids of a token's characters, the last one with the mark if the token has it; none if one is no token.
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

    #[test]
    fn each_token_is_split_by_the_merges_before_it() {
        let tokens = [
            "a", "b", "c", "a</w>", "b</w>", "c</w>", "ab", "bc", "abc</w>", "abc", "<|x|>",
        ];
        assert_eq!(
            recover(&tokens),
            [("a", "b"), ("b", "c"), ("ab", "c</w>"), ("ab", "c")]
        );
    }
}
