"""The starter model as transformers runs it: labels and a picture in, cosines and scores out."""

from pathlib import Path

import torch
from PIL import Image

from reference import ROOT, Reference

MODEL = ROOT / "public/models/starter.gguf"
TEMPLATE = "a photo of a {}"


class Starter(Reference):
    """The starter, and the page's prompt template."""

    def __init__(self, path: Path = MODEL):
        super().__init__(path)

    def scores(self, picture: Path, labels: list[str]) -> tuple[list[float], list[float]]:
        """Cosine and score of each label, in the labels' order."""
        texts = self.embed_texts([TEMPLATE.replace("{}", label) for label in labels])
        pictures = self.embed_pictures([Image.open(picture)])
        cosines = (torch.from_numpy(pictures) @ torch.from_numpy(texts).T)[0]
        return cosines.tolist(), (self.logit_scale * cosines).softmax(-1).tolist()
