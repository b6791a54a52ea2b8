"""Writes tests/pictures/: one photograph in every kind of file that the page's tests drop on it.

The photograph is the sample `rocket.jpg`, so the page must find in each file what it finds in the sample.
"""

import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "public/samples/rocket.jpg"
PICTURES = ROOT / "tests/pictures"

ORIENTATION = 0x0112
TURN_RIGHT = 6


def png_of_sixteen_bits(picture: Image.Image) -> bytes:
    """A PNG of 16 bits a channel, which Pillow does not write."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    channels = np.asarray(picture).astype(">u2") * 257
    rows = b"".join(b"\0" + row.tobytes() for row in channels.astype(">u2"))
    header = struct.pack(">IIBBBBB", picture.width, picture.height, 16, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    sample = Image.open(SAMPLE).convert("RGB")
    sample.thumbnail((240, 240), Image.Resampling.LANCZOS)

    sample.convert("CMYK").save(PICTURES / "cmyk.jpg", quality=90)
    (PICTURES / "sixteen-bits.png").write_bytes(png_of_sixteen_bits(sample))
    sample.save(PICTURES / "picture.webp", quality=90)
    sample.save(PICTURES / "picture.avif", quality=90)
    sample.save(PICTURES / "picture.tiff", compression="jpeg", quality=90)

    red = Image.new("RGB", sample.size, "red")
    sample.save(PICTURES / "animated.gif", save_all=True, append_images=[red], duration=200, loop=0)

    # The photograph where it is opaque; under the transparent frame lie colours that nobody sees.
    framed = Image.new("RGB", (sample.width + 40, sample.height + 40), "red")
    framed.paste(sample, (20, 20))
    opaque = Image.new("L", framed.size, 0)
    opaque.paste(255, (20, 20, 20 + sample.width, 20 + sample.height))
    framed.putalpha(opaque)
    framed.save(PICTURES / "transparent.png", optimize=True)

    exif = Image.Exif()
    exif[ORIENTATION] = TURN_RIGHT
    sample.rotate(90, expand=True).save(PICTURES / "turned.jpg", exif=exif, quality=92)

    png = PICTURES / "truncated.png"
    sample.save(png)
    png.write_bytes(png.read_bytes()[:20_000])
    (PICTURES / "words.jpg").write_text("These are words in a file that calls itself a picture.\n")
    (PICTURES / "empty.png").write_bytes(b"")


if __name__ == "__main__":
    main()
