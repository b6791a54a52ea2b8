"""A starter's GGUF file as PyTorch runs it in f32: features of pictures and texts in, embeddings out."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from gguf import GGUFReader
from gguf.quants import dequantize
from tokenizers import Tokenizer

from common import TEXT_LAYERS
from text import TextTower, batch

# The part of the GGUF file's name, and of the tower's.
BLOCK_PARTS = [("attn_out", "o"), ("ln1", "ln1"), ("ln2", "ln2"), ("ffn_down", "f1"), ("ffn_up", "f2")]


def text_tower(weights: dict[str, torch.Tensor]) -> TextTower:
    """The text tower with a file's weights."""
    state = {"emb.weight": weights["t.token_embd.weight"], "pos": weights["t.position_embd.weight"]}
    state["proj.weight"] = weights["text_projection.weight"]
    for kind in ("weight", "bias"):
        state[f"post.{kind}"] = weights[f"t.post_ln.{kind}"]
        for n in range(TEXT_LAYERS):
            parts = [weights[f"t.blk.{n}.attn_{part}.{kind}"] for part in "qkv"]
            state[f"blk.{n}.qkv.{kind}"] = torch.cat(parts)
            for theirs, ours in BLOCK_PARTS:
                state[f"blk.{n}.{ours}.{kind}"] = weights[f"t.blk.{n}.{theirs}.{kind}"]
    tower = TextTower().eval()
    tower.load_state_dict(state)
    return tower


class Model:
    """Each weight is what the file's bytes mean."""

    def __init__(self, path: Path):
        reader = GGUFReader(path)
        self.facts = {key: field.contents() for key, field in reader.fields.items()}
        self.weights = {}
        for tensor in reader.tensors:
            values = dequantize(np.asarray(tensor.data), tensor.tensor_type).astype(np.float32)
            shape = [int(side) for side in reversed(tensor.shape)]
            self.weights[tensor.name] = torch.from_numpy(values.copy()).reshape(shape)
        self.tokenizer = Tokenizer.from_str(self.facts["tokenizer.huggingface.json"])
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(self.facts["clip.text.context_length"])
        self.tower = text_tower(self.weights)
        self.logit_scale = self.facts["clip.logit_scale"]

    def embed_texts(self, texts: list[str]) -> torch.Tensor:
        """Unit vectors, one row a text."""
        rows = [self.tokenizer.encode(text).ids for text in texts]
        with torch.inference_mode():
            some = [rows[first : first + 64] for first in range(0, len(rows), 64)]
            return torch.cat([self.tower(*batch(few)) for few in some])

    def remember(self, features: torch.Tensor, sharpness: float | None = None) -> torch.Tensor:
        """Unit vectors of what `vision.features` has found, one row a picture, by attention to the
        memory of concepts."""
        if sharpness is None:
            sharpness = self.facts["clip.vision.memory.sharpness"]
        key, value = (self.weights[f"v.memory.{part}.weight"] for part in ("key", "value"))
        logits = features @ key.T + self.weights["v.memory.key.bias"]
        return F.normalize((sharpness * logits).softmax(-1) @ value - value.mean(0), dim=-1)
