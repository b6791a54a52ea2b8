"""Writes the scores that transformers computes with the starter model's weights for real photographs.

Run it again whenever `public/models/starter.gguf` or the samples change; the fixture names the model by its SHA-256.
"""

import argparse
import json
from pathlib import Path

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
    fixture = {"model_sha256": starter.sha256, "template": TEMPLATE, "entries": entries}
    arguments.out.write_text(json.dumps(fixture, indent=1) + "\n")


if __name__ == "__main__":
    main()
