//! Texts of every kind get the token ids that OpenCLIP's tokenizer gives them, from CLIP's list of
//! tokens alone, without its merges. Where OpenCLIP's cleaning changes nothing, these are the ids
//! of Hugging Face's CLIPTokenizerFast. The texts and ids are written by `tools/make_tokens.py`.

mod common;

use std::io::Cursor;

use cliplet_clip::gguf::Gguf;
use cliplet_clip::tokenizer::Tokenizer;
use common::gguf::File;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

// Natively and, unchanged, in a browser.
#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

const VOCABULARY: &str = include_str!("fixtures/tokens/clip-vocabulary.txt");
const TEXTS_AND_IDS: &str = include_str!("fixtures/tokens/ids.jsonl");
/// Texts that OpenCLIP cleans: quotes, ligatures, widths, HTML entities, control characters.
const CLEANED_TEXTS_AND_IDS: &str = include_str!("fixtures/tokens/cleaned.jsonl");

const CONTEXT_LENGTH: usize = 77;

/// The tokenizer of a file that holds this list of tokens and nothing else.
fn tokenizer(tokens: &[&str]) -> Tokenizer {
    try_tokenizer(tokens).unwrap()
}

fn try_tokenizer(tokens: &[&str]) -> Result<Tokenizer, cliplet_clip::Error> {
    let mut file = File::new();
    file.set_strings("tokenizer.ggml.tokens", tokens.iter().copied());
    let mut bytes = Cursor::new(file.write());
    let gguf = Gguf::open(&mut bytes).unwrap();
    Tokenizer::from_metadata(gguf.metadata(), tokens.len(), CONTEXT_LENGTH)
}

#[test]
fn token_ids_are_those_of_transformers() {
    let (texts, cut_texts) = compare(TEXTS_AND_IDS);
    assert!(
        texts >= 3000 && cut_texts >= 20,
        "{texts} texts, {cut_texts} cut"
    );
}

#[test]
fn token_ids_of_cleaned_texts_are_those_of_open_clip() {
    let (texts, cut_texts) = compare(CLEANED_TEXTS_AND_IDS);
    assert!(
        texts >= 4000 && cut_texts >= 5,
        "{texts} texts, {cut_texts} cut"
    );
}

/// Compares all texts with their ids. Gives how many there are, and how many of them are cut.
fn compare(texts_and_ids: &str) -> (usize, usize) {
    let tokens: Vec<&str> = VOCABULARY.lines().collect();
    assert_eq!(tokens.len(), 49_408);
    let tokenizer = tokenizer(&tokens);
    let (mut texts, mut cut_texts, mut wrong) = (0, 0, Vec::new());
    for line in texts_and_ids.lines() {
        let (text, ids, cut): (String, Vec<u32>, bool) = serde_json::from_str(line).unwrap();
        let ours = tokenizer.encode(&text).unwrap();
        assert!(ids.len() <= CONTEXT_LENGTH);
        if ours.ids != ids || ours.cut != cut {
            wrong.push(format!("{text:?}: {ours:?}, expected {ids:?}, cut {cut}"));
        }
        let length = tokenizer.measure(&text).unwrap();
        let read = length.cut_at.map_or(&*text, |at| &text[..at]);
        let measured = if cut {
            length.tokens == CONTEXT_LENGTH && read.len() < text.len()
        } else {
            length.tokens == ids.len() && length.cut_at.is_none()
        };
        if !measured {
            wrong.push(format!(
                "{text:?}: {length:?}, expected {} ids, cut {cut}",
                ids.len()
            ));
        }
        texts += 1;
        cut_texts += usize::from(cut);
    }
    assert!(
        wrong.is_empty(),
        "{} of {texts}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    (texts, cut_texts)
}

#[test]
fn a_long_text_says_where_it_is_cut() {
    let tokens: Vec<&str> = VOCABULARY.lines().collect();
    let length = tokenizer(&tokens).measure(&"cat ".repeat(100)).unwrap();
    // Of 77 tokens two are for the start and the end.
    assert_eq!(length.tokens, CONTEXT_LENGTH);
    assert_eq!(length.cut_at, Some("cat ".len() * 75 - 1));
    let turtles = tokenizer(&tokens)
        .measure(&"\u{1f422}".repeat(100))
        .unwrap();
    let cut_at = turtles.cut_at.unwrap();
    assert!(cut_at > 0 && cut_at.is_multiple_of(4), "{cut_at}");
}

#[test]
fn a_cut_is_where_it_is_in_the_text_that_was_given() {
    let tokens: Vec<&str> = VOCABULARY.lines().collect();
    let tokenizer = tokenizer(&tokens);
    for (word, tokens, first) in [
        // "child" and "'s"; "fish"; "&" and "#"; "cat", around which everything else goes away.
        ("child\u{2019}s ", 2, "child"),
        ("\u{fb01}sh&nbsp;", 1, "\u{fb01}sh"),
        ("\u{ff06}\u{3000}", 1, "\u{ff06}"),
        ("&eacute;\r\n", 1, "&eacute;"),
        ("\u{feff}cat\u{1b}[1m ", 1, "\u{feff}cat"),
        ("e\u{301} ", 1, "e\u{301}"),
    ] {
        let text = word.repeat(100);
        let length = tokenizer.measure(&text).unwrap();
        assert_eq!(length.tokens, CONTEXT_LENGTH, "{word:?}");
        // 75 tokens are read.
        let whole = 74 / tokens * word.len();
        assert_eq!(length.cut_at, Some(whole + first.len()), "{word:?}");
        let read = &text[..length.cut_at.unwrap()];
        assert_eq!(
            tokenizer.encode(read).unwrap().ids,
            tokenizer.encode(&text).unwrap().ids
        );
    }
}

#[test]
fn both_apostrophes_are_one() {
    let tokens: Vec<&str> = VOCABULARY.lines().collect();
    let tokenizer = tokenizer(&tokens);
    let typed = tokenizer.encode("a child's toy").unwrap();
    for text in [
        "a child\u{2019}s toy",
        "a child&rsquo;s toy",
        "a child&#8217;s\u{a0}toy",
    ] {
        assert_eq!(tokenizer.encode(text).unwrap(), typed, "{text}");
    }
}

/// A fixture of one's own making cannot find what one did not think of; published ids can.
#[test]
fn ids_known_from_elsewhere() {
    let tokens: Vec<&str> = VOCABULARY.lines().collect();
    let tokenizer = tokenizer(&tokens);
    // What `clip.tokenize` of OpenAI gives, without the padding.
    assert_eq!(
        tokenizer.encode("a photo of a cat").unwrap().ids,
        [49406, 320, 1125, 539, 320, 2368, 49407]
    );
}

/// As converters have written lists that lose how words end, or the order of the merges.
#[test]
fn lists_that_are_not_clip_s_are_refused() {
    let tokens: Vec<&str> = VOCABULARY.lines().collect();
    let refused = |tokens: Vec<String>| {
        let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
        let error = try_tokenizer(&tokens)
            .err()
            .expect("it is no list of CLIP's");
        let sentence = error.to_string();
        common::assert_sentence("a list", &sentence);
        sentence
    };
    let with = |change: &dyn Fn(&str) -> String| tokens.iter().map(|token| change(token)).collect();
    let without_mark = |by: &'static str| with(&move |token| token.replace("</w>", by));
    for mark in ["", " ", "\u{2581}", "\u{120}"] {
        let sentence = refused(without_mark(mark));
        assert!(
            sentence.contains("no token has the mark </w>"),
            "{sentence}"
        );
    }
    // The mark of a language model's list, in front of a word.
    let in_front = with(&|token| match token.strip_suffix("</w>") {
        Some(word) => format!("\u{120}{word}"),
        None => token.to_owned(),
    });
    assert!(refused(in_front).contains("no token has the mark"));
    // In alphabetical order, with start and end of text behind them.
    let mut sorted: Vec<String> = tokens.iter().map(|&token| token.to_owned()).collect();
    sorted[..49_406].sort();
    let sentence = refused(sorted);
    assert!(
        sentence.contains("is made of no two tokens before it"),
        "{sentence}"
    );
    // Some bytes left out.
    let some: Vec<String> = tokens[3..].iter().map(|&token| token.to_owned()).collect();
    assert!(refused(some).contains("it has no token"));
    // The end of text before the words.
    let mut early: Vec<String> = tokens.iter().map(|&token| token.to_owned()).collect();
    early[600..].rotate_right(2);
    let sentence = refused(early);
    assert!(sentence.contains("stands behind"), "{sentence}");
}

/// A list of tokens with a padding token and learnt words behind it, and ids without a token, gives
/// the ids that transformers gives.
#[test]
fn words_behind_the_list_are_read_as_transformers_reads_them() {
    let tokens: Vec<&str> = VOCABULARY.lines().collect();
    let behind = ["<pad>", "<cat-toy>", "xyloword", "SKS", "[PAD772]"];
    let tokens = [&tokens[..766], &tokens[49_406..], &behind].concat();
    let tokenizer = tokenizer(&tokens);
    assert_eq!(tokenizer.end_of_text(), 767);
    let cases: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("fixtures/hugging_face/cases.json")).unwrap();
    let case = cases.iter().find(|case| case["name"] == "f16-words");
    let mut compared = 0;
    for prompt in case.unwrap()["prompts"].as_array().unwrap() {
        let text = prompt["text"].as_str().unwrap();
        let ids: Vec<u32> = serde_json::from_value(prompt["ids"].clone()).unwrap();
        // The model of the case has a shorter context.
        if ids.len() < 40 {
            assert_eq!(tokenizer.encode(text).unwrap().ids, ids, "{text}");
            compared += 1;
        }
    }
    assert!(compared > 12, "{compared}");
    assert!(!tokenizer.encode("[PAD772]").unwrap().ids.contains(&772));
}
