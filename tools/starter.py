"""The starter model as PyTorch runs it in f32: labels and a picture in, cosines and scores out."""

import hashlib
import sys
from pathlib import Path

import torch
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "training"))
import vision  # noqa: E402
from model import Model  # noqa: E402

MODEL = ROOT / "public/models/starter.gguf"
TEMPLATE = "a photo of a {}"


class Starter(Model):
    """The starter, and the page's prompt template."""

    def __init__(self, path: Path = MODEL):
        super().__init__(path)
        self.sha256 = hashlib.sha256(path.read_bytes()).hexdigest()

    def embed_picture(self, picture: Image.Image) -> torch.Tensor:
        """The unit vector of a picture in RGB, upright."""
        with torch.inference_mode():
            features = vision.features(self.weights, vision.pixels(picture)[None])
            return self.remember(features)[0]

    def embed_file(self, path: Path) -> torch.Tensor:
        """That of a file, turned upright and over white paper."""
        return self.embed_picture(vision.upright(path))

    def scores(self, picture: Path, labels: list[str]) -> tuple[list[float], list[float]]:
        """Cosine and score of each label, in the labels' order."""
        texts = self.embed_texts([TEMPLATE.replace("{}", label) for label in labels])
        cosines = texts @ self.embed_file(picture)
        return cosines.tolist(), (self.logit_scale * cosines).softmax(-1).tolist()


torch.set_num_threads(1)
