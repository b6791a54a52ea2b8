"""Writes what transformers computes with the test model of 224 pixels, and pictures for it.

The pictures, `tests/pictures/sizes/`, are samples whose shortest sides are such that resizing them to 224 pixels once
failed over a rounding error.  The references, `crates/clip/tests/fixtures/vit-224/references.json`, are embeddings and
scores of these, of `tests/pictures/`, of the samples and of the photographs of the pixel fixtures, all upright.
"""

import json
from pathlib import Path

import torch
from PIL import Image, ImageOps

from make_pixels import PHOTOGRAPHS
from reference import REAL_SHAPE, ROOT, Reference
from starter import TEMPLATE

SIZES = ROOT / "tests/pictures/sizes"
OUT = REAL_SHAPE.with_name("references.json")

# Name of the file, width, height, and the sample that it is made of.
PICTURES = [
    ("square.jpg", 225, 225, "bee.jpg"),
    ("wide.jpg", 600, 450, "fruit.jpg"),
    ("tall.jpg", 900, 1200, "panda.jpg"),
    ("screen.jpg", 1600, 900, "rocket.jpg"),
]
# One photograph in every kind of file, which `make_pictures.py` writes.
KINDS = [
    "cmyk.jpg",
    "turned.jpg",
    "sixteen-bits.png",
    "transparent.png",
    "animated.gif",
    "picture.webp",
    "picture.avif",
    "picture.tiff",
]
LABELS = ["cat", "dog", "rocket", "fruit", "bee", "bridge", "panda", "cup of coffee"]


def make_pictures() -> None:
    SIZES.mkdir(exist_ok=True)
    for name, width, height, sample in PICTURES:
        picture = Image.open(ROOT / "public/samples" / sample).convert("RGB")
        picture = ImageOps.fit(picture, (width, height), Image.Resampling.BICUBIC)
        # Colour at full resolution: decoders differ in how they enlarge it.
        picture.save(SIZES / name, quality=75, subsampling=0, optimize=True)


def main() -> None:
    make_pictures()
    paths = [f"tests/pictures/sizes/{name}" for name, *_ in PICTURES]
    paths += [f"tests/pictures/{name}" for name in KINDS]
    paths += [str(path.relative_to(ROOT)) for path in sorted((ROOT / "public/samples").glob("*.jpg"))]
    paths += [f"crates/clip/tests/fixtures/photographs/{photograph.name}.png" for photograph in PHOTOGRAPHS]
    reference = Reference(REAL_SHAPE)
    texts = torch.from_numpy(reference.embed_texts([TEMPLATE.replace("{}", label) for label in LABELS]))
    entries = []
    for path in paths:
        embedding = torch.from_numpy(reference.embed_pictures([ImageOps.exif_transpose(Image.open(ROOT / path))]))
        cosines = (embedding @ texts.T)[0]
        scores = (reference.logit_scale * cosines).softmax(-1)
        entry = {"picture": path, "labels": LABELS, "cosines": cosines.tolist(), "scores": scores.tolist()}
        entries.append({**entry, "embedding": embedding[0].tolist()})
        print(f"{path}: {LABELS[scores.argmax()]} {scores.max():.3f}")
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    head = json.dumps({"model_sha256": reference.sha256, "template": TEMPLATE})[:-1]
    OUT.write_text(f'{head}, "entries": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
