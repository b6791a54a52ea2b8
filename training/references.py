"""Writes PyTorch's embeddings of pictures and texts by a starter's weights, for the tests of `crates/clip`.

Reads the samples, photographs and the rocket of this repository.
"""

import argparse
import hashlib
import json
from pathlib import Path

import torch
import vision
from model import Model

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ["public/samples/*.jpg", "tests/pictures/rocket.png", "crates/clip/tests/fixtures/photographs/*.png"]
TEXTS = [
    "dog",
    "a photo",
    "a photo of a panda",
    "a photo of a rocket",
    "a photo of a person",
    "a bridge at night",
    "a photo of a bee on a flower",
    "A Drawing of a CAT!",
    "a photo of a document",
    "red wine glass on a table, 2 plates",
]


def rounded(row: torch.Tensor) -> list[float]:
    return [round(number, 7) for number in row.tolist()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    torch.set_grad_enabled(False)
    model = Model(arguments.model)
    pictures = {}
    for pattern in PICTURES:
        for path in sorted(ROOT.glob(pattern)):
            features = vision.features(model.weights, vision.pixels(vision.upright(path))[None])
            pictures[str(path.relative_to(ROOT))] = rounded(model.remember(features)[0])
    texts = {text: rounded(model.embed_texts([text])[0]) for text in TEXTS}
    sha256 = hashlib.sha256(arguments.model.read_bytes()).hexdigest()
    written = json.dumps({"sha256": sha256, "pictures": pictures, "texts": texts}, separators=(",", ":"))
    # A line for each embedding.
    arguments.out.write_text(written.replace("],", "],\n") + "\n")


if __name__ == "__main__":
    main()
