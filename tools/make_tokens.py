"""Writes texts and the token ids that CLIP's tokenizers give them with CLIP's whole vocabulary.

OpenCLIP, as OpenAI's CLIP, cleans a text first: ftfy, HTML entities, white space, lower case.  Where that changes a
text, the ids are OpenCLIP's; elsewhere they are those of transformers' CLIPTokenizerFast, which cleans nothing.  Ids are
cut to 77 as both cut them.  Three tokenizers are compared on every text, and what they differ in is printed:
transformers' own on the cleaned text, the one that the published `tokenizer.json` describes, and the
regular-expression one of the package open_clip_torch.

ftfy's guesses at what was decoded wrongly (`fix_encoding`) are left out, and it is printed for how many texts they
matter.
"""

import argparse
import html
import html.entities
import importlib.util
import json
import random
import unicodedata
from pathlib import Path

import ftfy
import tokenizers
from tokenizers import normalizers

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


# What people's phones, word processors and web pages put into texts.
QUOTES = "\u02bc\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a\u2032\u0060\u00b4\uff02\uff07"
LIGATURES = "ĲĳŉǱǲǳǄǅǆǇǈǉǊǋǌﬀﬁﬂﬃﬄﬅﬆœæﬓ"
WIDE = [chr(code) for code in [0x3000, *range(0xFF01, 0xFFF0)] if unicodedata.category(chr(code)) != "Cn"]
TYPED = [
    "child’s toy", "children’s toys", "rock ’n’ roll", "‘so called’ friend", "“big” cat", "it’s", "we’ll", "they’re",
    "don’t", "I’ve", "dogs’", "5″ nail", "6′ tall", "wait…", "cat – dog", "cat—dog", "cafés", "cafe\u0301", "ﬁsh",
    "ﬂower", "oﬃce", "waﬄe", "ice\u00a0cream", "soft\u00adball", "zero\u200bwidth", "\ufeffcat", "ＦＵＬＬ",
    "ｗｉｄｅ　ｃａｔ", "ｶﾞﾗｽ", "ﾊﾟﾝ", "１２３", "ΟΔΟΣ", "ΣΑΣ", "Ben &amp; Jerry", "Ben &amp;amp; Jerry",
    "child&rsquo;s", "child&#8217;s", "child&#x2019;s", "caf&eacute;", "CAF&EACUTE;", "caf&eacute", "&quot;cat&quot;",
    "&lt;b&gt;", "<b>cat &amp; dog</b>", "AT&T", "R&D;", "this&not that", "a &copy 2020", "&#150;", "&#0;", "&#xd83d;",
    "&#1114112;", "&nbsp;", "&;", "&#;", "&#x;", "&unknown;", "\x1b[1mcat\x1b[0m", "a\r\nb", "a\rb", "a\u2028b",
    "a\x85b", "cat\x07", "cat\x92s", "\ufffccat", "cat\u206a", "👩\u200d🚀", "❤\ufe0f", "1\ufe0f\u20e3", "👍🏽",
    "A\u030angstro\u0308m", "s\u0323\u0307", "q\u0301\u0302", "½", "™", "€", "№", "℃",
]  # fmt: skip


def cleaned_texts() -> list[str]:
    """Texts with what OpenCLIP cleans, each once."""
    rng = random.Random(SEED)
    found = list(TYPED)
    known = [*html.entities.name2codepoint, "apos", "AMP", "LT", "GT", "QUOT", "COPY", "REG"]
    for name in known:
        found += [f"a &{name}; b", f"x&{name};y", f"&amp;{name};"]
        if name + ";" != name.lower() + ";" or name.upper() in known:
            continue
        found.append(f"a &{name.upper()};")
    found += [f"a &{name}b" for name in html.entities.html5 if not name.endswith(";")]
    found += [f"a&#{code};b" for code in (*range(0, 0x21), *range(0x7E, 0x101), 0x2019, 0xFB01, 0xFFFE, 0x1F600)]
    for mark in QUOTES:
        found += [f"{mark}cat{mark}", f"child{mark}s", f"cats{mark}", f"{mark}s", f"a {mark} b", f"x{mark}{mark}y", mark]
    for letter in LIGATURES:
        found += [letter, f"a{letter}e", f"{letter}at", f"o{letter}"]
    for letter in WIDE:
        found += [letter, f"a{letter}b"]
    nouns = [template.replace("{}", noun) for template in TEMPLATES for noun in NOUNS]
    # fmt: off
    swaps = [("'", "’"), ("e", "é"), ("fi", "ﬁ"), ("fl", "ﬂ"), (" ", "\u00a0"), ("a", "&aacute;"), ("o", "&ouml;"), ("c", "ｃ"),
             ("d", "Ｄ"), (" ", "\u3000"), ("t", "t\u0301"), (".", "…"), (",", "&sbquo;"), ("!", "！"), (" ", "\r\n")]
    # fmt: on
    for _ in range(900):
        text = rng.choice(nouns) if rng.random() < 0.5 else " ".join(rng.choices([*NOUNS, *TYPED], k=rng.randrange(2, 6)))
        for old, new in rng.sample(swaps, 3):
            text = text.replace(old, new)
        found.append(text)
    pieces = [*TYPED, *QUOTES, *LIGATURES, *WIDE[:100], *EMOJI, *CONTRACTIONS, "é", " ", "  ", "\n", "cat"]
    for _ in range(900):
        found.append("".join(rng.choices(pieces, k=rng.randrange(2, 8))))
    vocabulary = [token for token in clip_vocabulary.tokens()[512:-2] if token.endswith(clip_vocabulary.END_OF_WORD)]
    for _ in range(500):
        words = [token.removesuffix(clip_vocabulary.END_OF_WORD) for token in rng.choices(vocabulary, k=3)]
        found.append(rng.choice("‘’“”\u00a0") + rng.choice(["’s ", "\u3000", "&nbsp;", "” “", "…"]).join(words))
    # Cut.
    found += ["child’s ﬁsh " * 40, "＆" * 90, "&eacute;" * 100, "&amp;eacute; " * 100, "“猫” " * 60]
    return list(dict.fromkeys(found))


def clean(text: str) -> str:
    """OpenCLIP's cleaning without `fix_encoding`."""
    text = html.unescape(html.unescape(ftfy.fix_text(text, fix_encoding=False)))
    text = " ".join(text.split())
    # Special tokens are told by their case, which transformers makes lower itself, but for the
    # sigma at the end of a word.
    return with_small_sigmas(text) if "<|" in text else text.lower()


def with_small_sigmas(text: str) -> str:
    """With small letters for capital sigmas alone."""
    small = iter(text.lower())
    return "".join(low[0] if char == "Σ" else char for char in text if (low := [next(small) for _ in char.lower()]))


def is_newer(text: str) -> bool:
    """Whether Python's Unicode knows an order of combining marks that the one of tokenizers does not."""
    return normalizers.NFC().normalize_str(text) != unicodedata.normalize("NFC", text)


def open_clip_tokenizer():
    """open_clip's tokenizer with this cleaning."""
    # Only one module of the package is run, so what its other modules import need not be installed.
    path = Path(clip_vocabulary.merges_path()).parent / "tokenizer.py"
    spec = importlib.util.spec_from_file_location("open_clip_tokenizer", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    tokenizer = module.SimpleTokenizer()
    tokenizer.clean_fn = clean
    return tokenizer


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
    for name, found in (("ids", texts()), ("cleaned", cleaned_texts())):
        lines, unlike_published, unlike_open_clip, changed, guessed = [], [], [], 0, 0
        for text in found:
            text_of_reference = clean(text)
            whole = reference(text_of_reference)["input_ids"]
            by_open_clip = [open_clip.sot_token_id, *open_clip.encode(text), open_clip.eot_token_id]
            guessed += ftfy.fix_text(text) != ftfy.fix_text(text, fix_encoding=False)
            if published.encode(text_of_reference).ids != whole:
                unlike_published.append(text)
            if by_open_clip != whole:
                unlike_open_clip.append(text)
            uncleaned = reference(text)["input_ids"]
            if is_newer(text):
                print("left as tokenizers orders its marks:", ascii(text))
                whole = uncleaned
            elif uncleaned != whole:
                changed += 1
                # Special tokens are named otherwise there.
                whole = whole if "<|" in text else by_open_clip
            ids = [*whole[: CONTEXT_LENGTH - 1], whole[-1]] if len(whole) > CONTEXT_LENGTH else whole
            lines.append(json.dumps([text, ids, len(whole) > CONTEXT_LENGTH], separators=(",", ":")))
        (out / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines))
        print(f"{name}: {len(lines)} texts, tokenizers {tokenizers.__version__}, ftfy {ftfy.__version__}")
        print(f"cleaning changes the ids of {changed} texts; ftfy's guesses at encodings would change {guessed} texts")
        report("the published tokenizer.json", unlike_published, {"special tokens in capitals": "<|ENDOFTEXT|>"})
        report("open_clip", unlike_open_clip, {"special tokens, which it names otherwise": "<|"})


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
