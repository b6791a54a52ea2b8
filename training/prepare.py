"""Tiny ImageNet's pictures and labels as arrays.

Reads WORK/tiny-imagenet-200.  Writes, in WORK, `X.npy` (training pictures, N x 64 x 64 x 3 bytes), `lab.npy` (their
classes, as places in `wn.txt`), `V.npy` and `vlab.npy` (the same of the validation pictures), and `wn.txt` (WordNet ids
of the classes, sorted).
"""

import numpy as np
from PIL import Image

from common import arguments

SIDE = 64


def load(files) -> np.ndarray:
    """Pictures as bytes."""
    pictures = np.zeros((len(files), SIDE, SIDE, 3), np.uint8)
    for i, file in enumerate(files):
        pictures[i] = np.array(Image.open(file).convert("RGB"))
    return pictures


def main() -> None:
    work = arguments(__doc__).parse_args().work
    train = work / "tiny-imagenet-200/train"
    classes = sorted(folder.name for folder in train.iterdir())
    files, labels = [], []
    for label, name in enumerate(classes):
        for file in sorted((train / name / "images").glob("*.JPEG")):
            files.append(file)
            labels.append(label)
    print(len(files), "training pictures")
    np.save(work / "X.npy", load(files))
    np.save(work / "lab.npy", np.array(labels))
    (work / "wn.txt").write_text("\n".join(classes))

    validation = work / "tiny-imagenet-200/val"
    lines = (validation / "val_annotations.txt").read_text().splitlines()
    annotations = [line.split("\t")[:2] for line in lines]
    np.save(work / "V.npy", load([validation / "images" / file for file, _ in annotations]))
    np.save(work / "vlab.npy", np.array([classes.index(name) for _, name in annotations]))


if __name__ == "__main__":
    main()
