"""How often a starter finds the right label, what its scores mean, and which settings suit it.

lists.tsv names photographs by what they show, and labels that would be true of them as well. Each of
them gets lists of labels: the right one among others that are not true, drawn at random, the same ones
at every run. WORK/photographs has the photographs; if it has `EliSchwartz+imagenet-sample-images`, one
of each of ImageNet's classes, these are asked for ten of the 1,000 names. No photograph here is
in concepts.tsv. One half of the photographs, the even ones, fits sharpness and logit scale; what is
said of calibration and of "none of these" is measured on the other.
"""

import random
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from gguf import GGUFReader

from common import arguments
from export import PROMPT, class_names
from memory import features, load, rows
from model import Model

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

# Everyday things that hardly any photograph shows.
OTHERS = (
    "car, bus, guitar, chair, bottle, sofa, apple, spider, elephant, umbrella, shoe, clock, snake, piano, lion, tiger,"
    " rabbit, turtle, helicopter, scissors, basketball, candle, backpack, sunglasses, violin, toaster, refrigerator,"
    " sandwich, ice cream, zebra, giraffe, crab, butterfly, snail, traffic light, fire truck, tractor, teapot"
).split(", ")
# The prompt that says nothing of what is in a picture, and below what against it a list is said to
# have no label that fits. The page begins with the first.
NEUTRAL, THRESHOLDS = "a photo", (0.5, 0.8)
DRAWS, SIZES = 5, (2, 3, 5, 10, 20, 35, 50)
SAMPLES = "EliSchwartz+imagenet-sample-images"


class Photographs:
    """Photographs of one kind: of each the right label, and the labels that may stand beside it."""

    def __init__(self, name: str, work: Path):
        self.name, self.paths, self.right, self.wrong = name, [], [], []
        if name == "imagenet":
            names = class_names()
            files = sorted((work / "photographs" / SAMPLES).glob("*.JPEG"))
            for number in range(1, len(files), 4):
                self.add(f"{SAMPLES}/{files[number].name}", names[number], names, [])
            return
        table = [row for row in rows("lists.tsv") if row["list"] == name]
        labels = [*dict.fromkeys(row["label"] for row in table), *OTHERS]
        for row in table:
            for path in row["photographs"].split(";"):
                self.add(path, row["label"], labels, row["also true"].split(", "))

    def add(self, path: str, right: str, labels: list[str], also: list[str]) -> None:
        self.paths.append(path)
        self.right.append(right)
        self.wrong.append([label for label in dict.fromkeys(labels) if label != right and label not in also])

    def lists(self, size: int, half: int | None = None):
        """Photographs' numbers, and lists of labels of which the first is right."""
        for number, (path, right, wrong) in enumerate(zip(self.paths, self.right, self.wrong)):
            draw = random.Random(f"{path} {size}")
            for _ in range(DRAWS):
                labels = [right, *draw.sample(wrong, min(size - 1, len(wrong)))]
                if half is None or number % 2 == half:
                    yield number, labels


def embeddings(path: Path, work: Path, kinds: list[Photographs]):
    """The model, and of each kind of photographs what it needs of them."""
    if "clip.vision.architecture" in GGUFReader(path).fields:
        model = Model(path)
        return model, [features(work, kind.paths, model.weights) for kind in kinds]
    # A ViT, as the starter was before.
    from reference import Reference

    model, folder = Reference(path), work / "photographs"
    found = [model.embed_pictures([load(folder, name) for name in kind.paths]) for kind in kinds]
    return model, [torch.from_numpy(rows) for rows in found]


class Asked:
    """Cosines of photographs with labels of their lists."""

    def __init__(self, model, kinds: list[Photographs], images: list[torch.Tensor]):
        self.kinds, self.images = kinds, images
        labels = {label: None for kind in kinds for names in (kind.right, *kind.wrong) for label in names}
        self.place = {label: n for n, label in enumerate(labels)}
        found = model.embed_texts([NEUTRAL, *(PROMPT.format(label) for label in labels)])
        self.neutral, self.texts = torch.as_tensor(found[0]), torch.as_tensor(found[1:])

    def cosines(self, kind: int, size: int, half: int | None = None):
        """`lists x labels`, the right one first, and the neutral prompt's."""
        numbers, lists = zip(*self.kinds[kind].lists(size, half))
        images = self.images[kind][list(numbers)]
        places = torch.tensor([[self.place[label] for label in labels] for labels in lists])
        return (images @ self.texts.T).gather(1, places), images @ self.neutral


def calibration_error(scores: torch.Tensor, bins: int = 15) -> float:
    """Expected calibration error of the best label's score, where the first label is the right one."""
    best, which = scores.max(1)
    right, place = (which == 0).float(), (best * bins).long().clamp(max=bins - 1)
    errors = [(best - right)[place == n].sum().abs().item() for n in place.unique()]
    return sum(errors) / len(best)


def report(asked: Asked, scale: float) -> None:
    """Prints accuracy, calibration and what is said to be none of the labels."""
    pooled = {size: [] for size in SIZES}
    for number, kind in enumerate(asked.kinds):
        line = []
        for size in SIZES:
            cosines, _ = asked.cosines(number, size)
            line.append(f"{size}: {(cosines.argmax(1) == 0).float().mean():.1%}")
            tested, _ = asked.cosines(number, size, 1)
            pooled[size].append((scale * tested).softmax(1))
        print(f"{kind.name}, {len(kind.paths)} photographs, right by number of labels: {', '.join(line)}")
        tested, neutral = asked.cosines(number, 11, 1)
        for threshold in THRESHOLDS:
            cut = neutral + torch.logit(torch.tensor(threshold)) / scale
            present, absent = (tested[:, part].max(1).values < cut for part in (slice(0, 10), slice(1, 11)))
            rates = f"with the right one {present.float().mean():.1%}, without it {absent.float().mean():.1%}"
            print(f"  none of ten at a threshold of {threshold:.0%}: {rates}")
    wide = {size: [F.pad(s, (0, SIZES[-1] - size)) for s in pooled[size]] for size in SIZES}
    sizes = [f"{size}: {calibration_error(torch.cat(wide[size])):.3f}" for size in SIZES]
    print(f"calibration error by number of labels: {', '.join(sizes)}")
    for number, kind in enumerate(asked.kinds):
        every = torch.cat([wide[size][number] for size in SIZES])
        print(f"calibration error of {kind.name}: {calibration_error(every):.3f}")
    print(f"calibration error of all: {calibration_error(torch.cat(sum(wide.values(), []))):.3f}")


def fit(model: Model, kinds: list[Photographs], found: list[torch.Tensor]) -> None:
    """Prints, for each sharpness, the best logit scale and its cross-entropy on one half."""
    for sharpness in (0.3, 0.4, 0.5, 0.6, 0.7, 1.0):
        asked = Asked(model, kinds, [model.remember(rows, sharpness) for rows in found])
        lists = [asked.cosines(kind, size, 0)[0] for kind in range(len(kinds)) for size in SIZES]
        losses = {
            scale: sum(-(scale * c).log_softmax(1)[:, 0].mean().item() for c in lists) / len(lists)
            for scale in range(6, 31)
        }
        scale = min(losses, key=losses.get)
        print(f"sharpness {sharpness}, scale {scale}: cross-entropy {losses[scale]:.4f}")


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("model", type=Path, help="a starter's GGUF file")
    parser.add_argument("--fit", action="store_true", help="try settings instead")
    options = parser.parse_args()
    torch.set_num_threads(1)
    kinds = [Photographs(name, options.work) for name in ("unlike", "everyday", "imagenet")]
    kinds = [kind for kind in kinds if kind.paths]
    model, found = embeddings(options.model, options.work, kinds)
    if options.fit:
        fit(model, kinds, found)
        return
    if isinstance(model, Model):
        found = [model.remember(rows) for rows in found]
    report(Asked(model, kinds, found), model.logit_scale)


if __name__ == "__main__":
    main()
