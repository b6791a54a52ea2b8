"""Writes crates/fuzz-inputs/tests/sizes.csv: what Hugging Face's image processor makes of pictures of all kinds of sizes.

The pictures are made from a few numbers, which stand in the table, by the test as they are here. What becomes of one is
told by the SHA-256 of its bytes after EXIF's orientation, CLIPImageProcessor's resizing and its centre crop, all made with
Pillow.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from make_pictures import ORIENTATION
from make_pixels import expected

DEFAULT_OUT = Path(__file__).parent.parent / "crates/fuzz-inputs/tests/sizes.csv"

IMAGE_SIZES = [64, 112, 224, 240, 256, 336, 378, 384, 448]
# Shortest sides. Among them are those at which a box that is a rounding error too large was
# refused.
SHORTEST = [1, 2, 4, 7, 29, 31, 54, 58, 63, 65, 191, 225, 347, 382, 450, 500, 675, 850, 900, 1000, 1200]
# Longest sides: of a square, of ordinary photographs, and of panoramas.
LONGEST = [
    lambda side: side,
    lambda side: side + 1,
    lambda side: side * 4 // 3,
    lambda side: side * 16 // 9 + 1,
    lambda side: side * 5 + 3,
]
# Larger ones, a few: width, height, image size.
OTHERS = [(1800, 2400, 224), (2403, 1800, 448), (4000, 3000, 336), (3, 2003, 224), (1001, 1, 64), (1, 1500, 112)]


def generated(width: int, height: int, grain: int, seed: int) -> Image.Image:
    """A picture of coloured squares, as `crates/fuzz-inputs/src/generated.rs` makes it."""
    column, row = (np.arange(side, dtype=np.uint32) // np.uint32(grain) for side in (width, height))
    mixed = (
        (column * np.uint32(0x9E3779B1))[None, :, None]
        ^ (row * np.uint32(0x85EBCA77))[:, None, None]
        ^ (np.arange(3, dtype=np.uint32) * np.uint32(0xC2B2AE3D))[None, None, :]
        ^ (np.array(seed, dtype=np.uint32).reshape(1) * np.uint32(0x27D4EB2F))
    )
    mixed = (mixed ^ (mixed >> np.uint32(15))) * np.uint32(0x2C1B3C6D)
    mixed = (mixed ^ (mixed >> np.uint32(12))) * np.uint32(0x297A2D39)
    return Image.fromarray(((mixed ^ (mixed >> np.uint32(15))) >> np.uint32(24)).astype(np.uint8))


def processed(picture: Image.Image, size: int) -> Image.Image:
    """The picture resized and cropped, by transformers or, where it takes a side of 3 or 1 for the channels, by Pillow."""
    if 1 not in picture.size and 3 not in picture.size:
        return expected(picture, size)
    width, height = (int(size * side / min(picture.size)) for side in picture.size)
    left, top = (width - size) // 2, (height - size) // 2
    return picture.resize((width, height), Image.Resampling.BICUBIC).crop((left, top, left + size, top + size))


def cases():
    """Width and height as stored, orientation, grain, seed, image size."""
    seed = 0
    for side in SHORTEST:
        for kind, longest in enumerate(LONGEST):
            # Each shape for some of the models, and in turn of each orientation.
            for size in IMAGE_SIZES[kind % 3 :: 3]:
                seed += 1
                width, height = side, longest(side)
                if seed % 2:
                    width, height = height, width
                grain = [1, 1, 2, 5, 13, 40][seed % 6]
                yield width, height, 1 + seed % 8, grain, seed % 256, size
    for width, height, size in OTHERS:
        seed += 1
        yield width, height, 1 + seed % 8, 1 + seed % 3, seed % 256, size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="file to write (default: %(default)s)")
    out = parser.parse_args().out
    lines = ["width,height,orientation,grain,seed,image_size,sha256\n"]
    for width, height, orientation, grain, seed, size in cases():
        stored = generated(width, height, grain, seed)
        stored.getexif()[ORIENTATION] = orientation
        pixels = processed(ImageOps.exif_transpose(stored), size)
        assert pixels.size == (size, size)
        digest = hashlib.sha256(pixels.tobytes()).hexdigest()[:16]
        lines.append(f"{width},{height},{orientation},{grain},{seed},{size},{digest}\n")
    out.write_text("".join(lines))


if __name__ == "__main__":
    main()
