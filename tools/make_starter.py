"""Writes the scores and embeddings that PyTorch computes with the starter model's weights for real photographs and texts.

Run it again whenever `public/models/starter.gguf` or the samples change; the fixture names the model by its SHA-256.
"""

import argparse
import json
from pathlib import Path

import torch

from starter import MODEL, ROOT, TEMPLATE, Starter

DEFAULT_OUT = ROOT / "crates/clip/tests/fixtures/starter.json"
PHOTOGRAPHS = "crates/clip/tests/fixtures/photographs"
SAMPLES = "public/samples"

ANIMALS = ["cat", "dog", "horse", "bird", "elephant", "fish", "lion", "rabbit", "frog", "bee"]
THINGS = ["cup of coffee", "spoon", "table", "pizza", "rocket", "bottle", "person with a camera", "apple"]
PLACES = ["beach", "mountain", "city at night", "launch pad", "forest", "kitchen", "desert"]

# Photographs of the pixel fixtures with ordinary lists; the samples come with lists of their own.
LISTS = [
    ("cat.png", ANIMALS),
    ("cat.png", THINGS),
    ("coffee.png", THINGS),
    ("coffee.png", ANIMALS),
    ("rocket.png", THINGS),
    ("rocket.png", PLACES),
    ("grey.png", PLACES),
    ("grey.png", THINGS),
    ("small.png", ANIMALS),
    ("square.png", THINGS),
    ("wide.png", PLACES),
    ("tall.png", PLACES),
    ("transparent.png", ANIMALS),
]

# One word and several, with capitals, digits and signs.
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


def one_line_each(fixture: dict) -> str:
    """JSON with a line for each entry, picture and text."""
    written = json.dumps(fixture, separators=(",", ":"))
    return written.replace('},{"picture"', '},\n{"picture"').replace("],\"", "],\n\"")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=MODEL, help="the model file (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="file to write (default: %(default)s)")
    arguments = parser.parse_args()
    starter = Starter(arguments.model)
    samples = json.loads((ROOT / SAMPLES / "samples.json").read_text())
    lists = [(f"{PHOTOGRAPHS}/{name}", labels, None) for name, labels in LISTS]
    lists += [(f"{SAMPLES}/{sample['file']}", sample["labels"], sample["best"]) for sample in samples]
    lists += [(f"{SAMPLES}/{sample['file']}", ANIMALS, None) for sample in samples]
    entries = []
    for picture, labels, best in lists:
        cosines, scores = starter.scores(ROOT / picture, labels)
        ranked = labels[scores.index(max(scores))]
        if best is not None and ranked != best:
            raise SystemExit(f"{picture}: the starter says {ranked}, not {best}; choose other samples or labels")
        entry = {"picture": picture, "labels": labels, "cosines": cosines, "scores": scores}
        entries.append(entry)
        print(f"{picture}: {ranked} {max(scores):.3f}")
    pictures = sorted({picture for picture, _, _ in lists})
    fixture = {
        "model_sha256": starter.sha256,
        "template": TEMPLATE,
        "entries": entries,
        "pictures": {picture: rounded(starter.embed_file(ROOT / picture)) for picture in pictures},
        "texts": {text: rounded(starter.embed_texts([text])[0]) for text in TEXTS},
    }
    arguments.out.write_text(one_line_each(fixture) + "\n")


if __name__ == "__main__":
    main()
