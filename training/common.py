"""What the training scripts share: their arguments, the text tower's shape, the block, and the space of the targets."""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

# The shared space of pictures and texts.
DIM = 256

TEXT_WIDTH, TEXT_LAYERS, TEXT_HEADS = 256, 3, 4
VOCABULARY_SIZE, CONTEXT_LENGTH = 16_384, 77


def arguments(description: str) -> argparse.ArgumentParser:
    """A parser with the argument that every script has."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument(
        "--work", type=Path, default=Path("work"), help="folder of data and intermediate results (default: %(default)s)"
    )
    return parser


class Block(nn.Module):
    """A pre-norm transformer block with GELU."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.width, self.heads = width, heads
        self.ln1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.o = nn.Linear(width, width)
        self.ln2 = nn.LayerNorm(width)
        self.f1 = nn.Linear(width, 4 * width)
        self.f2 = nn.Linear(4 * width, width)

    def attend(self, query, key, value):
        """Attention of `batch x heads x tokens x width of a head`, without a mask."""
        weights = (query * (self.width // self.heads) ** -0.5) @ key.transpose(-1, -2)
        return weights.softmax(-1).to(value.dtype) @ value

    def forward(self, x):
        batch, tokens, width = x.shape
        query, key, value = (
            self.qkv(self.ln1(x)).view(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        )
        x = x + self.o(self.attend(query, key, value).transpose(1, 2).reshape(batch, tokens, width))
        return x + self.f2(F.gelu(self.f1(self.ln2(x))))


class Phrases:
    """The text teacher's phrases, and their vectors in the space that both towers learn.

    That space is the teacher's, centred, turned to its first principal components and half whitened.
    """

    def __init__(self, work: Path):
        stored = json.loads((work / "phr.json").read_text())
        self.phrases: list[str] = stored["phrases"]
        # For each of the 1,000 ImageNet classes its first names, and its WordNet id.
        self.classes: list[list[str]] = stored["cls"]
        self.class_ids: list[str] = stored["in_w"]
        self.common: list[str] = stored["common"]
        self.vectors = np.load(work / "txtE.npy")
        self.mean = self.vectors.mean(0)
        variances, components = np.linalg.eigh(np.cov((self.vectors - self.mean).T))
        components, variances = components[:, ::-1][:, :DIM], variances[::-1][:DIM]
        self.projection = components / variances[None] ** 0.25
        np.savez(work / "space.npz", mu=self.mean, R=self.projection)

    def target(self, vectors: np.ndarray) -> np.ndarray:
        """The teacher's vectors, one or several, as unit vectors of the space."""
        projected = (vectors - self.mean) @ self.projection
        return projected / np.linalg.norm(projected, axis=-1, keepdims=True)
