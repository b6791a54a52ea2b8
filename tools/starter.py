"""The starter model as transformers runs it: labels and a picture in, cosines and scores out."""

import hashlib
from pathlib import Path

import torch
from PIL import Image
from tokenizers import Tokenizer
from transformers import CLIPImageProcessorPil

import clip_gguf
from make_pixels import over_white

ROOT = Path(__file__).parent.parent
MODEL = ROOT / "public/models/starter.gguf"
TEMPLATE = "a photo of a {}"


class Starter:
    """The model file, its weights dequantised, in f32."""

    def __init__(self, path: Path = MODEL):
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

    def scores(self, picture: Path, labels: list[str]) -> tuple[list[float], list[float]]:
        """Cosine and score of each label, in the labels' order."""
        pixels = self.processor(over_white(Image.open(picture)), return_tensors="pt")["pixel_values"]
        prompts = [TEMPLATE.replace("{}", label) for label in labels]
        ids = [self.tokenizer.encode(prompt).ids for prompt in prompts]
        texts = clip_gguf.embed_texts(self.model, ids)
        cosines = (clip_gguf.embed_images(self.model, pixels) @ texts.T)[0]
        return cosines.tolist(), (self.logit_scale * cosines).softmax(-1).tolist()


torch.set_num_threads(1)
