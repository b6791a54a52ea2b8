"""Writes the photographs that tests use, and what Hugging Face's image processor makes of them.

The photographs come with the package scikit-image, which names their licences: CC0 or the public domain.  They are cut
to odd shapes, some made small, one made grey and one given transparency.  The expected pixels are the bytes after
CLIPImageProcessor's resizing and centre crop, made with Pillow (its reference implementation).

One difference is meant: the processor drops a picture's alpha channel and so brings out colours that nobody sees,
while Cliplet lays the picture over white.  The expectation for the transparent picture is therefore made from the
picture that Pillow lays over white.
"""

import argparse
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import skimage
from PIL import Image, ImageCms
from transformers import CLIPImageProcessorPil

DEFAULT_OUT = Path(__file__).parent.parent / "crates/clip/tests/fixtures"
SOURCES = Path(skimage.__file__).parent / "data"
SIZES = [224, 64]


@dataclass
class Photograph:
    """A part of one of scikit-image's photographs: left, top, right, bottom; then made `side` long if given."""

    name: str
    source: str
    box: tuple[int, int, int, int]
    longest_side: int | None = None
    mode: str = "RGB"


PHOTOGRAPHS = [
    Photograph("cat", "chelsea.png", (0, 0, 451, 300)),
    Photograph("coffee", "coffee.png", (0, 0, 600, 400), longest_side=383),
    Photograph("rocket", "rocket.jpg", (170, 0, 497, 427)),
    Photograph("small", "chelsea.png", (113, 40, 210, 101)),
    Photograph("square", "coffee.png", (120, 30, 344, 254)),
    Photograph("wide", "coffee.png", (0, 190, 599, 227)),
    Photograph("tall", "rocket.jpg", (322, 0, 345, 421)),
    Photograph("grey", "camera.png", (150, 41, 407, 234), mode="L"),
    Photograph("transparent", "chelsea.png", (100, 20, 301, 193), mode="RGBA"),
]


def open_srgb(path: Path) -> Image.Image:
    """The picture in sRGB, without a profile or other metadata, so that every decoder sees the same colours."""
    image = Image.open(path)
    profile = image.info.get("icc_profile")
    image = image.convert("RGB")
    if profile:
        image = ImageCms.profileToProfile(
            image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
        )
    image.info.clear()
    return image


def load(photograph: Photograph) -> Image.Image:
    """The photograph as it is stored."""
    image = open_srgb(SOURCES / photograph.source).crop(photograph.box)
    if photograph.longest_side:
        image.thumbnail((photograph.longest_side, photograph.longest_side), Image.Resampling.LANCZOS)
    if photograph.mode == "RGBA":
        image.putalpha(vignette(image.size))
    return image.convert(photograph.mode)


def vignette(size: tuple[int, int]) -> Image.Image:
    """An alpha channel: opaque in the middle, clear at the rim, everything in between."""
    x, y = (np.linspace(-1, 1, side) for side in size)
    distance = np.sqrt(x[None, :] ** 2 + y[:, None] ** 2)
    return Image.fromarray((np.clip(2 - 2 * distance, 0, 1) * 255).round().astype(np.uint8))


def over_white(image: Image.Image) -> Image.Image:
    """What a person sees of the picture on white paper."""
    if "A" not in image.mode:
        return image.convert("RGB")
    paper = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(paper, image.convert("RGBA")).convert("RGB")


def expected(image: Image.Image, size: int) -> Image.Image:
    """The picture after conversion, resizing and cropping."""
    processor = CLIPImageProcessorPil(
        size={"shortest_edge": size},
        crop_size={"height": size, "width": size},
        do_rescale=False,
        do_normalize=False,
    )
    pixels = processor(over_white(image), return_tensors="np")["pixel_values"][0]
    return Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 2, 0)).astype(np.uint8))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="folder to write to (default: %(default)s)")
    out = parser.parse_args().out
    for folder in ("photographs", "pixels"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    for photograph in PHOTOGRAPHS:
        image = load(photograph)
        image.save(out / "photographs" / f"{photograph.name}.png", optimize=True)
        for size in SIZES:
            expected(image, size).save(out / "pixels" / f"{photograph.name}-{size}.png", optimize=True)
        print(photograph.name, image.mode, image.size)


if __name__ == "__main__":
    main()
