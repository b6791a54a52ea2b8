"""Writes crates/clip/tests/fixtures/vit-224/model.gguf: a CLIP of random weights that sees pictures as published ones do.

It has 224 pixels and patches of 32, as ViT-B/32 has, but is narrow. What tests ask of a picture's way to the tower is
that the embedding is transformers' to a cosine of 0.999. So the weights are of such sizes that a picture that is
mirrored, turned or of other colours has clearly another embedding, and one that was decoded by another program does
not. The script checks both with the photographs and samples in the repository.
"""

import argparse
import io
from pathlib import Path

import numpy as np
import torch
from gguf import GGMLQuantizationType as Type
from PIL import Image
from transformers import CLIPModel

import clip_gguf
import clip_vocabulary
from make_golden import VOCABULARY_SIZE, Case, Tower, random_model
from reference import REAL_SHAPE, ROOT, Reference

PHOTOGRAPHS = ["cat", "coffee", "rocket", "square", "small", "transparent"]
SEED = 6
CASE = Case("real shape", Type.F16, "quick_gelu", Tower(48, 2, 3, 96), 224, 32, Tower(32, 2, 2, 64), 77, 64)

# Weights relative to those of the golden models. Attention chooses more sharply, and positions
# weigh as much as contents, so that it matters where in the picture something is.
POSITIONS = 1 / 0.3
QUERIES_AND_KEYS = 1.8
# How large a patch's value is when its pixels are. Its filters are constant over quarters of the
# patch, so that fine grain, in which decoders differ, does not matter, and half of what the three
# colours have in common is taken out of them, so that hues matter more than brightness.
CONTENTS = 2.0
QUARTERS = 2
BRIGHTNESS = 0.5

# What the embedding must tell apart, and up to what cosine.
TURNED, OTHER_COLOURS, NEARLY_SAME = 0.96, 0.995, 0.9995


def filters(width: int, generator: torch.Generator) -> torch.Tensor:
    """The patch convolution's kernel."""
    drawn = torch.randn((width, 3, QUARTERS, QUARTERS), generator=generator)
    drawn -= BRIGHTNESS * drawn.mean(1, keepdim=True)
    side = CASE.patch_size // QUARTERS
    drawn *= CONTENTS * (3 * QUARTERS**2) ** -0.5 / side**2
    return drawn.repeat_interleave(side, 2).repeat_interleave(side, 3)


def real_shape() -> CLIPModel:
    model = random_model(CASE, torch.Generator().manual_seed(SEED))
    with torch.no_grad():
        for name, value in clip_gguf.parameters(model.vision_model).items():
            if "patch_embedding" in name:
                value.copy_(filters(len(value), torch.Generator().manual_seed(SEED + 100)))
            elif "position_embedding" in name:
                value.mul_(POSITIONS)
            elif name.endswith(("q_proj.weight", "k_proj.weight")):
                value.mul_(QUERIES_AND_KEYS)
    return model


def coloured(picture: Image.Image, change) -> Image.Image:
    """The picture with other values, which `change` makes of those from 0 to 1."""
    values = change(np.asarray(picture) / 255.0)
    return Image.fromarray((values.clip(0, 1) * 255).round().astype(np.uint8))


def display_p3(values: np.ndarray) -> np.ndarray:
    """sRGB's values in Display P3: what is scored if the profile is not looked at."""
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    linear = linear @ np.array([[0.8225, 0.1774, 0], [0.0332, 0.9669, 0], [0.0171, 0.0724, 0.9108]]).T
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def saved_as_jpeg(picture: Image.Image) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=90)
    return Image.open(file).convert("RGB")


def check(reference: Reference) -> None:
    """Fails unless the embeddings tell apart what they must, and only that."""
    folder = ROOT / "crates/clip/tests/fixtures/photographs"
    paths = [folder / f"{name}.png" for name in PHOTOGRAPHS] + sorted((ROOT / "public/samples").glob("*.jpg"))
    pictures = [Image.open(path).convert("RGB") for path in paths]
    embeddings = reference.embed_pictures(pictures)

    def cosines(change):
        return (reference.embed_pictures([change(picture) for picture in pictures]) * embeddings).sum(-1)

    def report(name, found, wrong):
        print(f"{name}: cosines {found.min():.4f} to {found.max():.4f}")
        if wrong:
            raise SystemExit(f"{name}: choose other sizes or another seed")

    for kind in Image.Transpose:
        found = cosines(lambda picture: picture.transpose(kind))
        report(kind.name.lower(), found, found.max() > TURNED)
    for name, change in (
        ("warmer", lambda values: values * [1.1, 1.0, 0.9]),
        ("darker", lambda values: values**1.22),
        ("as Display P3", display_p3),
    ):
        found = cosines(lambda picture: coloured(picture, change))
        # Some photographs are nearly grey.
        report(name, found, np.sort(found)[-3] > OTHER_COLOURS)
    found = cosines(saved_as_jpeg)
    report("saved as JPEG", found, found.min() < NEARLY_SAME)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=REAL_SHAPE, help="file to write (default: %(default)s)")
    out = parser.parse_args().out
    out.parent.mkdir(parents=True, exist_ok=True)
    extras = clip_gguf.Extras(
        tokens=clip_vocabulary.tokens(VOCABULARY_SIZE),
        tokenizer_json=clip_vocabulary.published_tokenizer(VOCABULARY_SIZE).to_str(),
        logit_scale=CASE.logit_scale,
        name=CASE.name,
    )
    clip_gguf.write(out, real_shape(), CASE.type, extras)
    print(f"{out.stat().st_size:,} bytes")
    check(Reference(out))


if __name__ == "__main__":
    main()
