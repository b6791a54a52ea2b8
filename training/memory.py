"""Rows of the memory beyond ImageNet's 1,000 classes: keys from photographs, values from words.

A key and its bias are learned by logistic regression on EfficientNet-Lite0's features, beside the
1,000 of the published classifier, which stay as they are. concepts.tsv names the photographs, which
lie in WORK/photographs, and the words that a concept's value is made of. Features are kept in
WORK/features, so that the script goes on where it was stopped. Writes WORK/memory.npz.
"""

import csv
import hashlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

import vision
from common import arguments

HERE = Path(__file__).resolve().parent
# In concepts.tsv: photographs that show none of the new concepts.
NOTHING_NEW = "-"
BATCH = 8
# On the squares of the keys. This and MODESTY were chosen by looking at all of evaluate.py's lists.
REGULARISATION = 0.01
# Taken from the biases, so that the 1,000 classes keep what they know.
MODESTY = 1.0
# The sharpness that keys are learned for.
SHARPNESS = 0.7
STEPS = 60


def rows(name: str) -> list[dict[str, str]]:
    """The rows of one of the tables beside this script."""
    with (HERE / name).open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def load(folder: Path, path: str) -> Image.Image:
    """The picture, upright; `@top` behind its path means its upper third."""
    path, _, part = path.partition("@")
    image = vision.upright(folder / path, quick=True)
    if part == "top":
        image = image.crop((0, 0, image.width, image.height * 35 // 100))
    return image


def features(work: Path, paths: list[str], weights: dict[str, torch.Tensor]) -> torch.Tensor:
    """Of photographs in WORK/photographs, `photographs x 1280`; what is in WORK/features is read."""
    store = work / "features"
    store.mkdir(parents=True, exist_ok=True)
    network = hashlib.sha256(weights["v.head.weight"].numpy().tobytes()).hexdigest()
    names = [hashlib.sha256(f"{network} {path}".encode()).hexdigest() for path in paths]
    places = [store / f"{name[:24]}.npy" for name in names]
    missing = [k for k, place in enumerate(places) if not place.exists()]
    for first in range(0, len(missing), BATCH):
        some = missing[first : first + BATCH]
        pixels = torch.stack([vision.pixels(load(work / "photographs", paths[k])) for k in some])
        pixels = pixels.contiguous(memory_format=torch.channels_last)
        with torch.inference_mode():
            found = vision.features(weights, pixels).numpy()
        for k, row in zip(some, found):
            np.save(places[k], row)
        print(f"{first + len(some)} of {len(missing)} photographs", flush=True)
    return torch.from_numpy(np.stack([np.load(place) for place in places]))


def learn(features: torch.Tensor, targets: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Keys and biases of `count` concepts. A target is a concept's number, or -1 for none of them."""
    _, old_keys, old_biases = vision.published()
    features = features.double()
    old = (features @ old_keys.double().T + old_biases.double()).mul(SHARPNESS).logsumexp(1, True)
    keys = torch.zeros(count, features.shape[1], dtype=torch.double, requires_grad=True)
    biases = torch.zeros(count, dtype=torch.double, requires_grad=True)
    # Each concept weighs as much as the root of its number of photographs.
    places = torch.where(targets < 0, 0, targets + 1)
    weights = torch.bincount(places, minlength=count + 1).double().rsqrt()[places]
    optimiser = torch.optim.LBFGS([keys, biases], max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss():
        optimiser.zero_grad()
        logits = torch.cat([old, SHARPNESS * (features @ keys.T + biases)], 1)
        value = (F.cross_entropy(logits, places, reduction="none") * weights).sum() / weights.sum()
        value = value + REGULARISATION * keys.square().sum() / count
        value.backward()
        return value

    optimiser.step(loss)
    return keys.detach().float(), biases.detach().float() - MODESTY


def main() -> None:
    work = arguments(__doc__).parse_args().work
    torch.set_num_threads(1)
    table = rows("concepts.tsv")
    names = [row["concept"] for row in table if row["concept"] != NOTHING_NEW]
    photographs = [(row["concept"], path) for row in table for path in row["photographs"].split(";")]
    found = features(work, [path for _, path in photographs], vision.published()[0])
    targets = [names.index(concept) if concept in names else -1 for concept, _ in photographs]
    keys, biases = learn(found, torch.tensor(targets), len(names))
    words = [row["words"] for row in table if row["concept"] in names]
    np.savez(work / "memory.npz", keys=keys, biases=biases, words=words)
    print(f"{len(names)} concepts from {len(found)} photographs, keys' length {keys.norm(dim=1).mean():.2f}")


if __name__ == "__main__":
    main()
