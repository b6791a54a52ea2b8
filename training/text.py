"""The text tower, its vocabulary, and prompts as lists of token ids."""

import sys
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F

from common import CONTEXT_LENGTH, DIM, TEXT_HEADS, TEXT_LAYERS, TEXT_WIDTH, VOCABULARY_SIZE, Block

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))
import clip_vocabulary  # noqa: E402

START_OF_TEXT, END_OF_TEXT = VOCABULARY_SIZE - 2, VOCABULARY_SIZE - 1

# As often as a template stands here it is drawn; `PLAIN` and `PHOTO` are places in it.
TEMPLATES = [
    "{}",
    "{}",
    "{}",
    "a photo of a {}.",
    "a photo of a {}",
    "a photo of {}",
    "a photo of the {}",
    "This is a photo of {}",
    "This is a photo of a {}.",
    "an image of a {}",
    "a picture of a {}",
    "a picture of {}",
    "the {}",
    "a {}",
    "a drawing of a {}",
    "a close-up photo of a {}.",
    "a bad photo of a {}.",
    "a cropped photo of the {}.",
]
PLAIN, PHOTO, PHOTO_SENTENCE, THIS_IS = 0, 4, 3, 7


def make_tokenizer(work: Path):
    """The tokenizer of the first entries of CLIP's vocabulary, also saved as WORK/starter/tokenizer.json."""
    tokenizer = clip_vocabulary.transformers_tokenizer(VOCABULARY_SIZE, CONTEXT_LENGTH)
    (work / "starter").mkdir(exist_ok=True)
    tokenizer.backend_tokenizer.save(str(work / "starter/tokenizer.json"))
    return tokenizer


class Prompts:
    """Phrases in templates, put together from token ids, so that a phrase is tokenized once."""

    def __init__(self, work: Path, phrases: list[str]):
        tokenizer = make_tokenizer(work)

        def inner(text: str) -> list[int]:
            return tokenizer(text)["input_ids"][1:-1] if text else []

        self.phrases = [inner(phrase) for phrase in phrases]
        self.templates = [tuple(inner(part) for part in template.split("{}")) for template in TEMPLATES]

    def ids(self, phrase: int, template: int) -> list[int]:
        """Token ids of a phrase in a template, with start and end of text."""
        before, after = self.templates[template]
        return [START_OF_TEXT, *before, *self.phrases[phrase], *after, END_OF_TEXT]


def batch(rows: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Lists of ids as one matrix, padded with the end of text, and where each list ends."""
    ids = torch.full((len(rows), max(map(len, rows))), END_OF_TEXT)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
    return ids, torch.tensor([len(row) - 1 for row in rows])


class CausalBlock(Block):
    """A block in which a token sees itself and those before it."""

    def attend(self, query, key, value):
        return F.scaled_dot_product_attention(query, key, value, is_causal=True)


class TextTower(nn.Module):
    """Token ids to unit vectors of the shared space."""

    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(VOCABULARY_SIZE, TEXT_WIDTH)
        self.pos = nn.Parameter(torch.randn(CONTEXT_LENGTH, TEXT_WIDTH) * 0.01)
        self.blk = nn.ModuleList([CausalBlock(TEXT_WIDTH, TEXT_HEADS) for _ in range(TEXT_LAYERS)])
        self.post = nn.LayerNorm(TEXT_WIDTH)
        self.proj = nn.Linear(TEXT_WIDTH, DIM, bias=False)
        nn.init.normal_(self.emb.weight, std=0.03)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.03)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, ids, last):
        """`ids`: batch x tokens; `last`: the place of each row's end of text."""
        x = self.emb(ids) + self.pos[: ids.shape[1]]
        for block in self.blk:
            x = block(x)
        x = self.post(x)[torch.arange(len(ids)), last]
        return F.normalize(self.proj(x).float(), dim=-1)
