"""Writes crates/clip/tests/fixtures/orientation/references.json: what transformers computes for upright pictures.

The tests store these pictures in each of EXIF's eight orientations, and in several formats, which must make no difference. Here
it is seen that a picture that is not turned upright would make one.
"""

import json

import numpy as np
from PIL import Image, ImageOps

from reference import REAL_SHAPE, ROOT, Reference

FIXTURES = ROOT / "crates/clip/tests/fixtures"
FOLDER = FIXTURES / "orientation"
PHOTOGRAPH = "photographs/coffee.png"
# Left, top, width and height.
CUTS = {"wide": (20, 5, 330, 240), "square": (60, 0, 240, 240), "tall": (100, 0, 180, 240)}
# One picture, stored in three ways.
FILES = ["upright.jpg", "upside-down.jpg", "turned-left.jpg"]
SAME, OTHER = 0.999, 0.99
# The page shows scores alone. Of these labels some are well apart for each of the pictures, and
# others for those that are turned.
LABELS = ["cat", "boat", "cup", "tree", "river", "spoon"]
OTHER_SCORE = 0.08


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def main() -> None:
    reference = Reference(REAL_SHAPE)
    photograph = Image.open(FIXTURES / PHOTOGRAPH)
    texts = reference.embed_texts([f"a photo of a {label}" for label in LABELS])
    cuts = []
    for name, (left, top, width, height) in CUTS.items():
        upright = photograph.crop((left, top, left + width, top + height))
        turned = [upright.transpose(how) for how in Image.Transpose]
        embeddings = reference.embed_pictures([upright, *turned])
        scores = softmax(reference.logit_scale * embeddings @ texts.T)
        assert (embeddings[1:] @ embeddings[0]).max() < OTHER, name
        assert abs(scores[1:] - scores[0]).max(axis=1).min() > OTHER_SCORE, name
        cut = {"name": name, "cut": [left, top, width, height]}
        cuts.append({**cut, "embedding": embeddings[0].tolist(), "scores": scores[0].tolist()})

    upright = ImageOps.exif_transpose(Image.open(FOLDER / FILES[0]))
    embedding = reference.embed_pictures([upright])[0]
    for name in FILES[1:]:
        stored = Image.open(FOLDER / name)
        as_stored, turned = reference.embed_pictures([stored, ImageOps.exif_transpose(stored)])
        assert as_stored @ embedding < OTHER and turned @ embedding > SAME, name
    files = [{"name": name, "embedding": embedding.tolist()} for name in FILES]

    what = {"model_sha256": reference.sha256, "photograph": PHOTOGRAPH, "labels": LABELS}
    references = {**what, "cuts": cuts, "files": files}
    (FOLDER / "references.json").write_text(json.dumps(references) + "\n")


if __name__ == "__main__":
    main()
