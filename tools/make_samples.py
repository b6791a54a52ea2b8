"""Makes the page's sample pictures from the original photographs, and checks that the starter model gets them right.

Takes a folder with the originals, named as `original` below; where each comes from is in its `found` line.  Writes JPEG
files without metadata, `samples.json`, which the page reads, and `LICENCES.md`.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from make_pixels import open_srgb
from starter import ROOT, Starter

DEFAULT_OUT = ROOT / "public/samples"
LONGEST_SIDE = 1200
# Twice what the page's buttons are wide in CSS pixels, for screens that have two pixels to one of
# these.
THUMBNAIL_SIDE = 144


@dataclass
class Sample:
    """One picture: what is in it, what to ask about it, and whose it is."""

    file: str
    name: str
    alt: str
    labels: list[str]
    best: str
    original: str
    found: str
    source: str
    author: str
    licence: str
    licence_url: str
    # Left, top, right, bottom of the part that is shown; all if there is none.
    box: tuple[int, int, int, int] | None = None


PUBLIC_DOMAIN = "https://creativecommons.org/publicdomain/mark/1.0/"

SAMPLES = [
    Sample(
        file="bee.jpg",
        name="Bee",
        alt="A honey bee on a purple flower",
        labels=["hummingbird", "bee", "flower", "wasp", "butterfly", "spider"],
        best="bee",
        original="european-honey-bee.jpg",
        found="Debian's package palapeli-data, usr/share/palapeli/collection",
        source="https://commons.wikimedia.org/wiki/File:European_honey_bee_extracts_nectar.jpg",
        author="John Severns",
        licence="Public domain",
        licence_url=PUBLIC_DOMAIN,
    ),
    Sample(
        file="fruit.jpg",
        name="Fruit",
        alt="Slices of oranges, lemons and limes, lit from behind",
        labels=["apple", "banana", "orange", "tomato", "cheese", "cake"],
        best="orange",
        original="citrus-fruits.jpg",
        found="Debian's package palapeli-data, usr/share/palapeli/collection",
        source="https://commons.wikimedia.org/wiki/File:Citrus_fruits.jpg",
        author="US Department of Agriculture",
        licence="Public domain",
        licence_url=PUBLIC_DOMAIN,
    ),
    Sample(
        file="panda.jpg",
        name="Panda",
        alt="A giant panda beside a tree trunk",
        labels=["polar bear", "raccoon", "panda", "red panda", "koala", "skunk"],
        best="panda",
        original="panda.webp",
        found="Debian's package gcompris-qt-data, explore_world_animals.rcc, resource/animals",
        source="https://commons.wikimedia.org/wiki/File:Lightmatter_panda.jpg",
        author="Aaron Logan",
        licence="CC BY 1.0",
        licence_url="https://creativecommons.org/licenses/by/1.0/",
        box=(137, 51, 613, 527),
    ),
    Sample(
        file="rocket.jpg",
        name="Rocket",
        alt="A rocket on its launch pad at dusk, between lattice towers",
        labels=["airplane", "rocket", "lighthouse", "crane", "tower", "oil rig"],
        best="rocket",
        original="rocket.jpg",
        found="PyPI's package scikit-image, skimage/data",
        source="https://www.flickr.com/photos/spacexphotos/16511594820/",
        author="SpaceX",
        licence="Public domain",
        licence_url=PUBLIC_DOMAIN,
    ),
    Sample(
        file="bridge.jpg",
        name="Bridge",
        alt="A suspension bridge over a river, lit at night",
        labels=["pier", "suspension bridge", "stone bridge", "dam", "harbor", "ship"],
        best="suspension bridge",
        original="cincinnati-bridge.jpg",
        found="Debian's package palapeli-data, usr/share/palapeli/collection",
        source="https://commons.wikimedia.org/wiki/File:Cincinnati-roebling-suspension-bridge.jpg",
        author="Derek Jensen",
        licence="Public domain",
        licence_url=PUBLIC_DOMAIN,
    ),
]

# What the page reads of a sample.
SHOWN = ["file", "name", "alt", "labels", "best", "source", "author", "licence"]


def write(sample: Sample, originals: Path, out: Path) -> None:
    """The picture, cut, made smaller and without metadata."""
    image = open_srgb(originals / sample.original)
    if sample.box:
        image = image.crop(sample.box)
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    # Colour at full resolution: decoders differ in how they enlarge it.
    image.save(out / sample.file, quality=82, subsampling=0, optimize=True, progressive=True)


def write_thumbnail(sample: Sample, out: Path) -> None:
    """The middle of a sample that has been written, for its button."""
    (out / "thumbnails").mkdir(exist_ok=True)
    size = (THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    with Image.open(out / sample.file) as image:
        image = ImageOps.fit(image, size, Image.Resampling.LANCZOS)
    image.save(out / "thumbnails" / sample.file, quality=78, optimize=True)


def licences() -> str:
    """The text of LICENCES.md."""
    lines = [
        "# Whose pictures these are",
        "",
        "Photographs, made smaller and without their metadata; none is Cliplet's own. `thumbnails/` has the middle of each.",
        "",
    ]
    for sample in SAMPLES:
        lines += [
            f"- `{sample.file}`: by {sample.author}; {'cut and ' if sample.box else ''}re-encoded.",
            f"  - Source: <{sample.source}>",
            f"  - Licence: [{sample.licence}]({sample.licence_url})",
        ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("originals", type=Path, help="folder with the original photographs")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="folder to write (default: %(default)s)")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    starter = Starter()
    for sample in SAMPLES:
        write(sample, arguments.originals, arguments.out)
        write_thumbnail(sample, arguments.out)
        _, scores = starter.scores(arguments.out / sample.file, sample.labels)
        ranked = sorted(zip(scores, sample.labels), reverse=True)
        size = (arguments.out / sample.file).stat().st_size
        print(f"{sample.file} ({size:,} bytes):", ", ".join(f"{label} {score:.2f}" for score, label in ranked))
        if ranked[0][1] != sample.best:
            raise SystemExit(f"{sample.file}: the starter says {ranked[0][1]}, not {sample.best}")
    entries = [{key: getattr(sample, key) for key in SHOWN} for sample in SAMPLES]
    text = json.dumps(entries, ensure_ascii=False, indent=2)
    (arguments.out / "samples.json").write_text(text + "\n")
    (arguments.out / "LICENCES.md").write_text(licences())


if __name__ == "__main__":
    main()
