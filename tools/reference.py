"""A model file as transformers runs it in f32: pictures and texts in, embeddings out."""

import hashlib
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tokenizers import Tokenizer
from transformers import CLIPImageProcessorPil

import clip_gguf
from make_pixels import over_white

ROOT = Path(__file__).parent.parent
# 224 pixels and patches of 32, as most published CLIPs have; `make_real_shape.py` writes it.
REAL_SHAPE = ROOT / "crates/clip/tests/fixtures/vit-224/model.gguf"


class Reference:
    """The weights that the file's bytes mean, its tokenizer and its image processor."""

    def __init__(self, path: Path):
        self.sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        self.model, extras = clip_gguf.read(path)
        self.logit_scale = 100.0 if extras.logit_scale is None else extras.logit_scale
        self.tokenizer = Tokenizer.from_str(extras.tokenizer_json)
        self.tokenizer.enable_truncation(self.model.config.text_config.max_position_embeddings)
        size = self.model.config.vision_config.image_size
        self.processor = CLIPImageProcessorPil(
            size={"shortest_edge": size},
            crop_size={"height": size, "width": size},
            image_mean=extras.image_mean,
            image_std=extras.image_std,
        )

    def embed_pictures(self, pictures: list[Image.Image]) -> np.ndarray:
        """Unit-length f32 embeddings, one row a picture. What is transparent lies over white.

        Turning a picture upright and converting it to sRGB is the caller's part.
        """
        rows = [self._pixels(picture) for picture in pictures]
        return np.concatenate([clip_gguf.embed_images(self.model, row).numpy() for row in rows])

    def embed_texts(self, texts: list[str]) -> np.ndarray:
        """Unit-length f32 embeddings of the texts as they are, one row a text."""
        ids = [self.tokenizer.encode(text).ids for text in texts]
        return clip_gguf.embed_texts(self.model, ids).numpy()

    def _pixels(self, picture: Image.Image) -> torch.Tensor:
        return self.processor(over_white(picture), return_tensors="pt")["pixel_values"]


torch.set_num_threads(1)
