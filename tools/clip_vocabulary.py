"""CLIP's byte-pair vocabulary and its reference tokenizer.

The merges come with the package open_clip_torch (`bpe_simple_vocab_16e6.txt.gz`, MIT, OpenAI); nothing else of that
package is imported.  A vocabulary of N entries is CLIP's own for N = 49,408 and a prefix of it for less: 256 bytes,
256 bytes that end a word, the first N - 514 merges, start of text, end of text.
"""

import gzip
from importlib.metadata import files

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

CLIP_VOCABULARY_SIZE = 49_408
START_OF_TEXT = "<|startoftext|>"
END_OF_TEXT = "<|endoftext|>"
END_OF_WORD = "</w>"

# The pre-tokenizer's pattern in the tokenizer.json that OpenAI's and LAION's CLIP repositories
# publish.
PUBLISHED_PATTERN = r"""'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"""


def byte_alphabet() -> list[str]:
    """The printable stand-ins for the 256 bytes, in the order in which the vocabulary begins."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + n) for n in range(len(others))]


def merges_path():
    """Where the installed open_clip_torch keeps the merges."""
    return next(f for f in files("open_clip_torch") if f.name == "bpe_simple_vocab_16e6.txt.gz").locate()


def merges(size: int = CLIP_VOCABULARY_SIZE) -> list[tuple[str, str]]:
    """The merges of a vocabulary of `size` entries, first learned first."""
    with gzip.open(merges_path(), "rt", encoding="utf-8") as file:
        lines = file.read().split("\n")
    return [tuple(line.split()) for line in lines[1 : 1 + size - 514]]


def tokens(size: int = CLIP_VOCABULARY_SIZE) -> list[str]:
    """The vocabulary's entries in the order of their ids."""
    alphabet = byte_alphabet()
    return [
        *alphabet,
        *(byte + END_OF_WORD for byte in alphabet),
        *(left + right for left, right in merges(size)),
        START_OF_TEXT,
        END_OF_TEXT,
    ]


def recovered_merges(vocabulary: list[str]) -> list[tuple[str, str]]:
    """The merges, from the order of the entries alone.

    An entry's rank is its place.  Merging an entry's characters with all merges of lower rank leaves exactly two
    pieces, because the entry was learned as their merge; anything else is an error.  This is how Cliplet reads a file
    that holds no merges.
    """
    ranks, found = {}, []
    for rank, token in enumerate(vocabulary[512:-2]):
        ends_word = token.endswith(END_OF_WORD)
        word = list(token.removesuffix(END_OF_WORD))
        if ends_word:
            word[-1] += END_OF_WORD
        while True:
            known = [pair for pair in zip(word, word[1:]) if pair in ranks]
            if not known:
                break
            left, right = min(known, key=ranks.get)
            merged, k = [], 0
            while k < len(word):
                if word[k : k + 2] == [left, right]:
                    merged.append(left + right)
                    k += 2
                else:
                    merged.append(word[k])
                    k += 1
            word = merged
        if len(word) != 2:
            raise ValueError(f"entry {rank + 512} is no merge of entries before it: {word}")
        ranks[tuple(word)] = rank
        found.append(tuple(word))
    return found


def transformers_tokenizer(size: int = CLIP_VOCABULARY_SIZE, context_length: int = 77):
    """The tokenizer as transformers builds it from vocabulary and merges: a CLIPTokenizerFast."""
    # The other functions do without transformers, and so do the scripts that need no more than
    # those.
    from transformers import CLIPTokenizerFast

    vocabulary = {token: index for index, token in enumerate(tokens(size))}
    return CLIPTokenizerFast(vocab=vocabulary, merges=merges(size), model_max_length=context_length)


def published_tokenizer(size: int = CLIP_VOCABULARY_SIZE) -> Tokenizer:
    """The tokenizer as the `tokenizer.json` of published CLIP repositories describes it.

    transformers 5 differs in the pattern alone, which there also lists the two special tokens.  That matters only to
    texts with a special token in capitals and punctuation beside it: in small letters one is taken out before.
    """
    return tokenizer_of(tokens(size), merges(size))


def tokenizer_of(entries: list[str], merges: list[tuple[str, str]]) -> Tokenizer:
    """The same for a vocabulary's entries in the order of their ids, and its merges, first learned first."""
    vocabulary = {token: index for index, token in enumerate(entries)}
    tokenizer = Tokenizer(
        models.BPE(
            vocab=vocabulary,
            merges=merges,
            unk_token=END_OF_TEXT,
            continuing_subword_prefix="",
            end_of_word_suffix=END_OF_WORD,
            fuse_unk=False,
        )
    )
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PUBLISHED_PATTERN), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.post_processor = processors.RobertaProcessing(
        (END_OF_TEXT, vocabulary[END_OF_TEXT]),
        (START_OF_TEXT, vocabulary[START_OF_TEXT]),
        trim_offsets=False,
        add_prefix_space=False,
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([START_OF_TEXT, END_OF_TEXT])
    return tokenizer
