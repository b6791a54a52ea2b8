"""Writes texts and the token ids that CLIPTokenizerFast gives them with CLIP's whole vocabulary.

The ids are cut to 77 as transformers cuts them (`truncation=True, max_length=77`).  Three tokenizers are compared on
every text, and what they differ in is printed: transformers' own, the one that the published `tokenizer.json`
describes, and the regular-expression one of the package open_clip_torch.
"""

import argparse
import importlib.util
import json
import random
import sys
import types
import unicodedata
from pathlib import Path

import regex
import tokenizers

import clip_vocabulary

DEFAULT_OUT = Path(__file__).parent.parent / "crates/clip/tests/fixtures/tokens"
CONTEXT_LENGTH = 77
SEED = 20_210_226  # The day CLIP's paper was published.

NOUNS = """
    cat dog horse bird fish tree house car bicycle aeroplane mountain river espresso accordion xylophone labrador
    photograph landscape skyscraper hummingbird chrysanthemum antidisestablishmentarianism
""".split()

TEMPLATES = [
    "a photo of a {}",
    "a photo of the {}.",
    "A {}!",
    "{} and {}",
    "THE {} IS HERE",
    "itap of my {}, 2021",
    "{}s'",
]

CONTRACTIONS = [
    "'s",
    "'t",
    "'re",
    "'ve",
    "'m",
    "'ll",
    "'d",
    "'S",
    "'T",
    "'RE",
    "'Ve",
    "'M",
    "'lL",
    "'D",
    "'x",
    "’s",
    "’t",
]

SCRIPTS = [
    "naïve café façade Ångström Łódź Đorđe Þórr ß ẞ œuvre ÆØÅ",
    "İstanbul Iğdır ığüşöç DİYARBAKIR ılık",
    "ẞTRASSE STRAẞE Straße GROẞ",
    "Ελληνικά ΟΔΥΣΣΕΥΣ Σίσυφος ΣΣ ΑΣ ας",
    "Русский язык ЁЖИК ёжик Київ",
    "中文字符 汉字漢字 日本語のテキスト カタカナ ひらがな ㍿ 한국어 텍스트",
    "عربي نص مُشَكَّل العَرَبِيَّة ١٢٣",
    "עברית שָׁלוֹם",
    "हिन्दी क्षत्रिय नमस्ते १२३",
    "বাংলা தமிழ் తెలుగు ಕನ್ನಡ മലയാളം සිංහල ไทย ລາວ བོད་ မြန်မာ ភាសាខ្មែរ ქართული Հայերեն አማርኛ",
    "ﬁ ﬂ ﬀ ǆ ǅ Ǆ ŉ ſ K Å Ω ℌ 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝕋 ⓣ ａｂｃ ＡＢＣ",
    "½ ¼ ² ³ ₂ Ⅷ ⅷ ① 一 〇 ٣ ৪",
]

EMOJI = [
    "😀", "🐈", "🐈‍⬛", "👩‍🚀", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "🇺🇳", "👍🏽", "❤️", "❤", "☕", "⛵️", "1️⃣", "🫠", "🪿",
    "🧑🏿‍❤️‍💋‍🧑🏻",
]  # fmt: skip

SPECIAL = [
    "<|endoftext|>",
    "<|startoftext|>",
    "<|ENDOFTEXT|>",
    "<|StartOfText|>",
    "a<|endoftext|>b",
    "a <|endoftext|> b",
    "<|startoftext|>a photo<|endoftext|>",
    "<|endoftext|><|endoftext|>",
    "<|endoftext|",
    "|endoftext|>",
    "< |endoftext|>",
    "<|endofte\u200bxt|>",
    "x<|startoftext|><|endoftext|>y" * 20,
    "</w>",
    "cat</w>",
    "<s></s><pad>[CLS]",
]

PUNCTUATION = [
    "...", "…", "?!?!", "--", "—", "a-b", "a_b", "_", "__init__", "_a_", "snake_case_name", "$5.00", "100%", "#1",
    "@you", "C++", "C#", "e.g.", "i.e.,", "(a)", "[b]", "{c}", "\"quoted\"", "'quoted'", "''", "'", "'''s", "!'s",
    "a's's", "~`^*&=+|\\/", "<b>bold</b>", "&amp;", "&lt;cat&gt;", "&#39;", "&eacute;", "&", "&;",
    "http://example.org/a?b=c&d=e#f", "a@b.c", "3.14159", "1,000,000", "0x1F", "1e-5", "12:34", "2021-02-26", "4K",
    "mp3", "B2B", "x86_64", "°C", "€", "£", "¥", "©", "™", "¿", "¡", "«»", "„“", "‚‘", "•", "·", "†", "‡", "§", "¶",
    "∞", "≠", "→", "✓", "★", "♥", "♪", "．", "。", "、", "！", "？",
]  # fmt: skip

SPACES = [
    "", " ", "  ", "\t", "\n", "\r", "\r\n", "\u000b", "\u000c", "\u00a0", "\u1680", "\u2000", "\u2003", "\u2009",
    "\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "\u0085", "\u001c", "\u001d", "\u001e", "\u001f", "\u200b",
    "\u200c", "\u200d", "\u2060", "\ufeff", "\u180e", "\u00ad",
]  # fmt: skip

NORMALISATION = [
    "cafe\u0301", "café", "A\u030a", "Å", "\u212b", "o\u0308\u0304", "\u1e69", "s\u0323\u0307", "s\u0307\u0323",
    "\u0344", "\u0958", "\u0915\u093c", "\u1100\u1161\u11a8", "각", "\ufb1d", "\u0301a", "e\u0301" * 40,
    "a" + "\u0301" * 60, "I\u0307", "i\u0307", "\u0130", "\u0131", "\u0049\u0307stanbul", "\u01c5", "\u1f88",
    "\u0390", "\u2126", "\uf900", "\U0002f800",
]  # fmt: skip

# At the edges of planes, of surrogates and of what is assigned.
EDGES = [
    0x00, 0x01, 0x07, 0x08, 0x1B, 0x7F, 0x80, 0x9F, 0xA1, 0xAC, 0xAD, 0xAE, 0xFF, 0x100, 0x7FF, 0x800, 0xD7FF,
    0xE000, 0xF8FF, 0xFDD0, 0xFFFD, 0xFFFE, 0xFFFF, 0x10000, 0x1F600, 0x1FFFF, 0x2FFFF, 0xE0001, 0xE0020, 0xE007F,
    0xE0100, 0xF0000, 0x10FFFD, 0x10FFFF,
]  # fmt: skip


def texts() -> list[str]:
    """All texts, each once."""
    rng = random.Random(SEED)
    found = [*PUNCTUATION, *SPECIAL, *NORMALISATION, *SCRIPTS, *EMOJI]
    for script in SCRIPTS:
        found += [*script.split(), script.upper(), script.lower(), script.title()]
        found += [unicodedata.normalize(form, script) for form in ("NFC", "NFD", "NFKC", "NFKD")]
    for noun in NOUNS:
        found += [template.replace("{}", noun) for template in TEMPLATES]
        found += [noun, noun.upper(), noun.title(), noun + "s"]
    for contraction in CONTRACTIONS:
        found += [
            f"it{contraction}",
            f"IT{contraction} it",
            contraction,
            f" {contraction}",
            f"x{contraction}y",
            f"1{contraction}",
        ]
        found += [f"it{contraction}{other}" for other in CONTRACTIONS[:7]]
    for space in SPACES:
        found += [
            space,
            f"a{space}b",
            f"{space}cat",
            f"cat{space}",
            f"a {space} b",
            f"cat{space}'s",
            space * 5,
            f"1{space}2",
        ]
    for code in EDGES:
        found += [chr(code), f"a{chr(code)}b", f"cat {chr(code)} dog", chr(code) * 3]
    for emoji in EMOJI:
        found += [f"a {emoji}", f"cat{emoji}dog", emoji * 4, f"{emoji}'s"]
    # Around the length at which a text is cut: CLIP gives "cat" one token, and a digit one.
    found += [" ".join(["cat"] * n) for n in (1, 2, 73, 74, 75, 76, 77, 78, 150, 1000)]
    found += ["7" * n for n in (1, 2, 74, 75, 76, 77, 200)]
    found += [
        "a" * 5000,
        "é" * 500,
        "猫" * 300,
        "🐈‍⬛" * 60,
        "!" * 400,
        " " * 400 + "cat",
        "lorem ipsum dolor sit amet " * 40,
    ]
    pieces = [*NOUNS, *CONTRACTIONS, *PUNCTUATION, *SPACES[1:], *EMOJI, *SPECIAL[:5], *NORMALISATION]
    pieces += [word for script in SCRIPTS for word in script.split()]
    for _ in range(900):
        found.append("".join(rng.choice(pieces) + rng.choice(["", "", " ", "  "]) for _ in range(rng.randrange(2, 12))))
    # Any code points at all, by planes and by blocks of 128.
    for _ in range(300):
        found.append("".join(chr(rng.choice(codes)) for codes in rng.choices(BLOCKS, k=rng.randrange(1, 9))))
    for _ in range(300):
        found.append("".join(chr(code) for code in rng.choices(rng.choice(BLOCKS), k=rng.randrange(1, 12))))
    # What CLIP's vocabulary itself is made of.
    vocabulary = clip_vocabulary.tokens()[512:-2]
    for _ in range(300):
        tokens = rng.choices(vocabulary, k=rng.randrange(1, 9))
        found.append(" ".join(token.removesuffix(clip_vocabulary.END_OF_WORD) for token in tokens))
    return list(dict.fromkeys(found))


BLOCKS = [
    codes
    for start in (*range(0, 0xD800, 128), *range(0xE000, 0x20000, 128), *range(0x20000, 0x110000, 0x4000))
    if (codes := [code for code in range(start, start + 128) if unicodedata.category(chr(code)) not in ("Cn", "Cs")])
]


def open_clip_tokenizer():
    """open_clip's tokenizer without its cleaning (HTML entities, mended encodings), which transformers has not."""
    # Only one module of the package is run, so what its other modules import need not be installed.
    sys.modules.setdefault("ftfy", types.SimpleNamespace(fix_text=lambda text: text))
    path = Path(clip_vocabulary.merges_path()).parent / "tokenizer.py"
    spec = importlib.util.spec_from_file_location("open_clip_tokenizer", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    tokenizer = module.SimpleTokenizer()
    tokenizer.clean_fn = lambda text: text
    return tokenizer


def open_clip_ids(tokenizer, text: str) -> list[int]:
    """Its ids, with start and end of text, of the text as transformers normalises it."""
    text = regex.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).lower()
    return [tokenizer.sot_token_id, *tokenizer.encode(text), tokenizer.eot_token_id]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="folder to write (default: %(default)s)")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)

    vocabulary = clip_vocabulary.tokens()
    assert clip_vocabulary.recovered_merges(vocabulary) == clip_vocabulary.merges(), "merges cannot be recovered"
    (out / "clip-vocabulary.txt").write_text("".join(f"{token}\n" for token in vocabulary), encoding="utf-8")

    reference = clip_vocabulary.transformers_tokenizer()
    published = clip_vocabulary.published_tokenizer()
    open_clip = open_clip_tokenizer()
    lines, unlike_published, unlike_open_clip = [], [], []
    for text in texts():
        ids = reference(text, truncation=True, max_length=CONTEXT_LENGTH)["input_ids"]
        whole = reference(text)["input_ids"]
        if published.encode(text).ids != whole:
            unlike_published.append(text)
        if open_clip_ids(open_clip, text) != whole:
            unlike_open_clip.append(text)
        lines.append(json.dumps([text, ids, len(whole) > CONTEXT_LENGTH], separators=(",", ":")))
    (out / "ids.jsonl").write_text("".join(f"{line}\n" for line in lines))
    print(f"{len(lines)} texts, tokenizers {tokenizers.__version__}")
    report("the published tokenizer.json", unlike_published, {"special tokens in capitals": "<|ENDOFTEXT|>"})
    known = {"special tokens, which it names otherwise": "<|", "the end of a Greek word": "Σ"}
    report("open_clip", unlike_open_clip, known)


def report(other: str, differing: list[str], known: dict[str, str]) -> None:
    """Says on how many texts another tokenizer differs, and shows those that no known reason explains."""
    print(f"{other} differs on {len(differing)} texts")
    for reason, mark in known.items():
        explained = [text for text in differing if mark in text]
        differing = [text for text in differing if mark not in text]
        print(f"  {len(explained)}: {reason}")
    print(f"  {len(differing)}: no known reason", *map(ascii, differing), sep="\n    ")


if __name__ == "__main__":
    main()
