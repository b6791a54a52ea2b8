"""Writes tests/pictures/kinds/: one photograph with every kind of profile, in every kind of TIFF, and cut off.

`kinds.json` says what is to become of each file: the embedding that transformers computes with the 224-pixel test model of what
Pillow and LittleCMS (or tifffile) read of it as sRGB, whether it is incomplete, or what the sentence of its refusal names.
"""

import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image, ImageCms, ImageFile

import icc
from reference import REAL_SHAPE, Reference

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "public/samples/fruit.jpg"
KINDS = ROOT / "tests/pictures/kinds"
SIZE = (96, 72)
# A conversion that is left out shows.
NEAR = 0.999


def jpeg(picture: Image.Image, **options) -> bytes:
    file = io.BytesIO()
    # Decoders differ in how they enlarge colour that was made smaller.
    picture.save(file, "JPEG", quality=92, subsampling=0, **options)
    return file.getvalue()


def in_pieces(file: bytes, profile: bytes, count: int) -> bytes:
    """A JPEG with its profile in several segments, the last of them first."""
    size = -(-len(profile) // count)
    segments = []
    for at in range(count):
        data = b"ICC_PROFILE\0" + bytes((at + 1, count)) + profile[at * size : (at + 1) * size]
        segments.append(b"\xff\xe2" + struct.pack(">H", len(data) + 2) + data)
    return file[:2] + b"".join(reversed(segments)) + file[2:]


def png(picture: Image.Image, chunks: list[tuple[bytes, bytes]] = [], **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG", **options)
    file = file.getvalue()
    extra = b""
    for kind, data in chunks:
        extra += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    # Behind the header.
    return file[:33] + extra + file[33:]


def convert(picture: Image.Image, profile: bytes) -> Image.Image:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    return ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), intent, outputMode="RGB")


def opened(file: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(file))
    picture.load()
    return picture


def tiff(pixels: np.ndarray, **options) -> bytes:
    file = io.BytesIO()
    options.setdefault("photometric", "rgb")
    tifffile.imwrite(file, pixels, **options)
    return file.getvalue()


def pillow_tiff(picture: Image.Image, **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, "TIFF", **options)
    return file.getvalue()


def with_tag(file: bytes, tag: int, value: int) -> bytes:
    """A little-endian TIFF with another value for a short of its directory."""
    at = struct.unpack_from("<I", file, 4)[0]
    for entry in range(struct.unpack_from("<H", file, at)[0]):
        place = at + 2 + 12 * entry
        if struct.unpack_from("<H", file, place)[0] == tag:
            return file[: place + 8] + struct.pack("<HH", value, 0) + file[place + 12 :]
    raise KeyError(tag)


def scans(file: bytes) -> list[tuple[int, int]]:
    """Where the data of each scan of a JPEG begin and end."""
    at, found = 2, []
    while file[at + 1] != 0xD9:
        marker, length = file[at + 1], struct.unpack_from(">H", file, at + 2)[0]
        at += 2 + length
        if marker == 0xDA:
            begin = at
            while not (file[at] == 0xFF and file[at + 1] != 0 and not 0xD0 <= file[at + 1] <= 0xD7):
                at += 1
            found.append((begin, at))
    return found


class Kinds:
    def __init__(self):
        self.reference = Reference(REAL_SHAPE)
        self.kinds = []
        KINDS.mkdir(parents=True, exist_ok=True)
        for old in KINDS.iterdir():
            old.unlink()

    def embedding(self, picture: Image.Image) -> np.ndarray:
        return self.reference.embed_pictures([picture])[0]

    def read(self, name: str, file: bytes, picture: Image.Image, unlike: Image.Image | None = None, **more) -> None:
        """A file that is read as this picture, and clearly not as the other."""
        embedding = self.embedding(picture)
        if unlike is not None:
            cosine = float(embedding @ self.embedding(unlike))
            assert cosine < NEAR - 0.001, (name, cosine)
        (KINDS / name).write_bytes(file)
        rounded = [round(float(value), 5) for value in embedding]
        self.kinds.append({"file": name, "embedding": rounded, **more})

    def refused(self, name: str, file: bytes, named: str) -> None:
        (KINDS / name).write_bytes(file)
        self.kinds.append({"file": name, "refused": named})

    def write(self) -> None:
        lines = ",\n".join(json.dumps(kind) for kind in self.kinds)
        (KINDS / "kinds.json").write_text(f"[\n{lines}\n]\n")


def profiles(kinds: Kinds, sample: Image.Image) -> None:
    display_p3 = icc.rgb(4, "Display P3", icc.DISPLAY_P3, icc.D65, icc.SRGB_CURVE)
    adobe_rgb = icc.rgb(2, "Adobe RGB (1998)", icc.ADOBE_RGB, icc.D65, icc.gamma(563 / 256))
    prophoto = icc.rgb(2, "ProPhoto RGB", icc.PROPHOTO, icc.PROPHOTO_WHITE, icc.gamma(1.8))
    grey = icc.grey("Grey of gamma 1.2", 1.2)
    inks = icc.cmyk("Made-up inks")
    for name, profile in [("p3", display_p3), ("adobe", adobe_rgb), ("prophoto", prophoto)]:
        file = jpeg(sample, icc_profile=profile)
        kinds.read(f"{name}.jpg", file, convert(opened(file), profile), opened(file))
    kinds.read("p3.png", png(sample, icc_profile=display_p3), convert(sample, display_p3), sample)
    file = io.BytesIO()
    sample.save(file, "WEBP", lossless=True, icc_profile=adobe_rgb)
    kinds.read("adobe.webp", file.getvalue(), convert(sample, adobe_rgb), sample)
    kinds.read("adobe.tif", pillow_tiff(sample, icc_profile=adobe_rgb, compression="tiff_lzw"), convert(sample, adobe_rgb), sample)
    plain = jpeg(sample)
    kinds.read("pieces.jpg", in_pieces(plain, prophoto, 3), convert(opened(plain), prophoto), opened(plain))
    transparent = sample.copy()
    transparent.putalpha(Image.linear_gradient("L").resize(sample.size).point(lambda alpha: 155 + alpha * 100 // 255))
    converted = convert(sample, display_p3)
    converted.putalpha(transparent.getchannel("A"))
    kinds.read("p3-transparent.png", png(transparent, icc_profile=display_p3), converted, transparent)

    shades = sample.convert("L")
    file = jpeg(shades, icc_profile=grey)
    kinds.read("grey.jpg", file, convert(opened(file), grey), opened(file))
    kinds.read("grey.png", png(shades, icc_profile=grey), convert(shades, grey), shades)

    ink = sample.convert("CMYK")
    file = jpeg(ink, icc_profile=inks)
    kinds.read("inks.jpg", file, convert(opened(file), inks), opened(file).convert("RGB"))
    file = pillow_tiff(ink, icc_profile=inks, compression="tiff_lzw")
    kinds.read("inks.tif", file, convert(opened(file), inks), opened(file).convert("RGB"))

    kinds.read("broken.jpg", in_pieces(plain, prophoto[:200], 1), opened(plain))
    kinds.read("noise.jpg", in_pieces(plain, bytes(prophoto[i] ^ 0x55 for i in range(len(prophoto))), 1), opened(plain))
    # A profile of other colours than the picture has.
    kinds.read("grey-for-colours.jpg", in_pieces(plain, grey, 1), opened(plain))

    linear = icc.rgb(4, "linear", icc.SRGB, icc.D65, icc.gamma(1.0))
    kinds.read("gamma.png", png(sample, [(b"gAMA", struct.pack(">I", 100_000))]), convert(sample, linear), sample)
    points = [coordinate for point in (icc.D65, *icc.ADOBE_RGB) for coordinate in point]
    chromaticities = struct.pack(">8I", *(round(100_000 * value) for value in points))
    wide = icc.rgb(2, "wide", icc.ADOBE_RGB, icc.D65, icc.gamma(1.8))
    chunks = [(b"gAMA", struct.pack(">I", round(100_000 / 1.8))), (b"cHRM", chromaticities)]
    kinds.read("primaries.png", png(sample, chunks), convert(sample, wide), sample)
    kinds.read("srgb.png", png(sample, [(b"sRGB", b"\0"), *chunks]), sample)


def tiffs(kinds: Kinds, sample: Image.Image) -> None:
    pixels = np.asarray(sample)
    palette = sample.quantize(200)
    kinds.read("palette.tif", pillow_tiff(palette), palette.convert("RGB"))
    few = sample.quantize(16)
    colours = np.zeros((3, 16), np.uint16)
    colours[:, :] = np.array(few.getpalette()[:48], np.uint16).reshape(16, 3).T * 257
    numbers = np.asarray(few)
    packed = (numbers[:, ::2] << 4 | numbers[:, 1::2]).astype(np.uint8)
    kinds.read("palette-of-16.tif", palette_of_four_bits(packed, colours), few.convert("RGB"))
    kinds.read("big.tif", tiff(pixels, bigtiff=True), sample)
    kinds.read("motorola.tif", tiff(pixels, byteorder=">"), sample)
    kinds.read("tiles.tif", tiff(pixels, tile=(32, 32)), sample)
    kinds.read("planes.tif", tiff(np.moveaxis(pixels, 2, 0), planarconfig="separate"), sample)
    kinds.read("sixteen-bits.tif", tiff(pixels.astype(np.uint16) * 257), sample)
    shades = np.asarray(sample.convert("L"))
    kinds.read("grey-of-sixteen-bits.tif", tiff(shades.astype(np.uint16) * 257, photometric="minisblack"), Image.fromarray(shades))
    kinds.read("white-is-zero.tif", tiff(255 - shades, photometric="miniswhite"), Image.fromarray(shades))
    kinds.read("float.tif", tiff(pixels.astype(np.float32) / 255), sample)
    opaque = np.asarray(Image.linear_gradient("L").resize(SIZE))
    faint = Image.merge("RGBA", (*sample.split(), Image.fromarray(opaque)))
    kinds.read("transparent.tif", tiff(np.asarray(faint), extrasamples=["unassalpha"]), faint)
    faint_grey = Image.merge("LA", (Image.fromarray(shades), Image.fromarray(opaque)))
    file = tiff(np.asarray(faint_grey), photometric="minisblack", extrasamples=["unassalpha"])
    kinds.read("transparent-grey.tif", file, faint_grey.convert("RGBA"))
    for method in ["packbits", "tiff_lzw", "tiff_adobe_deflate"]:
        kinds.read(f"{method.replace('tiff_', '')}.tif", pillow_tiff(sample, compression=method), sample)
    file = pillow_tiff(sample, compression="jpeg", quality=92)
    kinds.read("jpeg.tif", file, opened(file).convert("RGB"))
    black = sample.convert("1")
    kinds.read("one-bit.tif", pillow_tiff(black), black.convert("L"))
    kinds.read("group-4.tif", pillow_tiff(black, compression="group4"), black.convert("L"))
    ink = sample.convert("CMYK")
    kinds.read("cmyk.tif", pillow_tiff(ink), ink.convert("RGB"))
    lab = ImageCms.profileToProfile(sample, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB")
    back = ImageCms.profileToProfile(lab, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), outputMode="RGB")
    kinds.read("lab.tif", pillow_tiff(lab), back)
    chroma = sample.convert("YCbCr")
    kinds.read("ycbcr.tif", tiff(np.asarray(chroma), photometric="ycbcr", subsampling=(1, 1)), chroma.convert("RGB"))

    small = Image.new("RGB", (16, 16), (200, 100, 50))
    square = np.asarray(small)
    kinds.refused("float-of-a-sensor.tif", tiff(square.astype(np.float32) * 16), "floating point")
    kinds.refused("signed.tif", tiff(square.astype(np.int16)), "signed numbers")
    kinds.refused("thirty-two-bits.tif", tiff(square.astype(np.uint32)), "32 bits a sample")
    kinds.refused("five-bands.tif", tiff(np.zeros((16, 16, 5), np.uint8), photometric="minisblack", planarconfig="contig"), "of 5 bands")
    kinds.refused("group-3.tif", pillow_tiff(small.convert("1"), compression="group3"), "CCITT group 3")
    kinds.refused("zstd.tif", pillow_tiff(small, compression="zstd"), "Zstandard")

    raw = tiff(square)
    kinds.refused("lerc.tif", with_tag(raw, 259, 34887), "LERC")
    kinds.refused("webp.tif", with_tag(raw, 259, 50001), "WebP")
    kinds.refused("old-jpeg.tif", with_tag(raw, 259, 6), "JPEG of TIFF 6.0")
    kinds.refused("logluv.tif", with_tag(raw, 262, 32845), "LogLuv")
    version = [(50706, "B", 4, (1, 4, 0, 0), True)]
    kinds.refused("camera.dng", tiff(square, extratags=version), "raw file (DNG)")
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        maker = [(271, "s", 0, "NIKON CORPORATION", True)]
        writer.write(square, photometric="rgb", subfiletype=1, subifds=1, extratags=maker)
        writer.write(square[:, :, 0], photometric="minisblack")
    kinds.refused("camera.nef", file.getvalue(), "raw file (NEF)")


def palette_of_four_bits(packed: np.ndarray, colours: np.ndarray) -> bytes:
    """Two pixels a byte, which neither Pillow nor tifffile write."""
    width, height = packed.shape[1] * 2, packed.shape[0]
    entries = [
        (256, 3, 1, width), (257, 3, 1, height), (258, 3, 1, 4), (259, 3, 1, 1), (262, 3, 1, 3), (277, 3, 1, 1), (278, 3, 1, height),
        (279, 4, 1, packed.size),
    ]
    head = 8 + 2 + 12 * (len(entries) + 2) + 4
    entries += [(273, 4, 1, head + 96), (320, 3, 48, head)]
    directory = struct.pack("<H", len(entries))
    for tag, kind, count, value in sorted(entries):
        directory += struct.pack("<HHI", tag, kind, count) + struct.pack("<I", value)
    return b"II*\0" + struct.pack("<I", 8) + directory + bytes(4) + colours.astype("<u2").tobytes() + packed.tobytes()


def means(picture: Image.Image) -> Image.Image:
    """What the first scan of a progressive JPEG brings: the mean of each block of 8 by 8 pixels."""
    return picture.reduce(8).resize(picture.size, Image.Resampling.NEAREST)


def grey_from(row: int, picture: Image.Image) -> Image.Image:
    pixels = np.asarray(picture).copy()
    pixels[row:] = 128
    return Image.fromarray(pixels)


def first_grey_row(picture: Image.Image) -> int:
    """Of the first row of blocks that is not whole."""
    pixels = np.asarray(picture)
    rows = (y for y in range(0, picture.height, 8) if (pixels[y : y + 8, -8:] == 128).all())
    return next(rows)


def cut(kinds: Kinds, sample: Image.Image) -> None:
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    for name, options in [
        ("baseline", {}),
        ("restarts", {"restart_marker_blocks": 8}),
        ("progressive", {"progressive": True, "restart_marker_rows": 1}),
        ("grey-progressive", {"progressive": True, "restart_marker_rows": 1}),
    ]:
        picture = sample.convert("L") if "grey" in name else sample
        whole = jpeg(picture, **options)
        parts = scans(whole)
        kinds.read(f"{name}-without-end.jpg", whole[:-2], opened(whole))
        kinds.read(f"{name}-followed.jpg", whole + bytes(5000), opened(whole))
        # Of the scan that brings a first picture.
        first, behind = parts[0]
        most = whole[: first + (behind - first) * 3 // 4]
        if "progressive" in name:
            # A progressive picture is there with its first scan.
            coarse = whole[: parts[1][0] - 3]
            kinds.read(f"{name}-cut.jpg", coarse, means(opened(whole)), incomplete=True)
            # Each row of blocks ends with a marker. The seventh is the last that is whole.
            most = whole[: whole.index(b"\xff\xd6") + 2]
            there = grey_from(7 * 8, means(opened(whole)))
        else:
            # libjpeg fills the rest with grey where the marker of the end follows.
            there = opened(most + b"\xff\xd9")
            there = grey_from(first_grey_row(there), there)
        kinds.read(f"{name}-mostly.jpg", most, there, incomplete=True)
        kinds.refused(f"{name}-little.jpg", whole[: first + (behind - first) // 4], "more than half is missing")
    whole = png(sample)
    kinds.refused("cut.png", whole[: len(whole) * 2 // 3], "a PNG that is cut off")
    file = io.BytesIO()
    sample.save(file, "WEBP", quality=90)
    kinds.refused("cut.webp", file.getvalue()[:-100], "a WebP that is cut off")
    file = io.BytesIO()
    sample.convert("P", palette=Image.Palette.ADAPTIVE).save(file, "GIF")
    kinds.refused("cut.gif", file.getvalue()[:-1000], "a GIF that is cut off")
    ImageFile.LOAD_TRUNCATED_IMAGES = False


def main() -> None:
    sample = Image.open(SAMPLE).convert("RGB").resize(SIZE, Image.Resampling.LANCZOS)
    kinds = Kinds()
    profiles(kinds, sample)
    tiffs(kinds, sample)
    cut(kinds, sample)
    kinds.write()


if __name__ == "__main__":
    main()
