"""Small ICC profiles, written by the primaries that their colour spaces' standards name (ICC.1:2001-04 and ICC.1:2022)."""

import struct

import numpy as np

D50 = (0.9642, 1.0, 0.8249)
D65 = (0.3127, 0.3290)
SRGB = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
DISPLAY_P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
ADOBE_RGB = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
PROPHOTO = ((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001))
PROPHOTO_WHITE = (0.3457, 0.3585)
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def number(value: float) -> bytes:
    """An s15Fixed16Number."""
    return struct.pack(">i", round(value * 65536))


def xyz(values) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(map(number, values))


def colour(x: float, y: float) -> np.ndarray:
    return np.array([x / y, 1, (1 - x - y) / y])


def columns(primaries, white) -> np.ndarray:
    """XYZ of red, green and blue, adapted to D50."""
    rgb = np.stack([colour(*primary) for primary in primaries], axis=1)
    rgb = rgb * np.linalg.solve(rgb, colour(*white))
    scale = (BRADFORD @ np.array(D50)) / (BRADFORD @ colour(*white))
    return np.linalg.inv(BRADFORD) @ np.diag(scale) @ BRADFORD @ rgb


def gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256))


# The curve of sRGB (IEC 61966-2-1) as a parametric one.
SRGB_CURVE = b"para\0\0\0\0\0\3\0\0" + b"".join(map(number, (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)))


def text(version: int, name: str) -> bytes:
    if version == 2:
        return b"desc\0\0\0\0" + struct.pack(">I", len(name) + 1) + name.encode() + bytes(1 + 8 + 3 + 67)
    wide = name.encode("utf-16-be")
    return b"mluc\0\0\0\0" + struct.pack(">II4sII", 1, 12, b"enUS", len(wide), 28) + wide


def profile(version: int, kind: bytes, space: bytes, pcs: bytes, name: str, tags: list[tuple[bytes, bytes]]) -> bytes:
    copyright = b"text\0\0\0\0Public domain\0" if version == 2 else text(4, "Public domain")
    tags = [(b"desc", text(version, name)), (b"cprt", copyright), (b"wtpt", xyz(D50)), *tags]
    table, data = b"", b""
    at = 128 + 4 + 12 * len(tags)
    for tag, value in tags:
        table += struct.pack(">4sII", tag, at + len(data), len(value))
        data += value + bytes(-len(value) % 4)
    head = struct.pack(">I4xI4s4s4s6H4s", at + len(data), version << 24, kind, space, pcs, 2026, 1, 1, 0, 0, 0, b"acsp")
    head += bytes(28) + b"".join(map(number, D50)) + bytes(48)
    return head + struct.pack(">I", len(tags)) + table + data


def rgb(version: int, name: str, primaries, white, curve: bytes) -> bytes:
    columns_ = columns(primaries, white).T
    tags = [(tag, xyz(column)) for tag, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns_)]
    tags += [(tag, curve) for tag in (b"rTRC", b"gTRC", b"bTRC")]
    return profile(version, b"mntr", b"RGB ", b"XYZ ", name, tags)


def grey(name: str, value: float) -> bytes:
    return profile(2, b"mntr", b"GRAY", b"XYZ ", name, [(b"kTRC", gamma(value))])


def cmyk(name: str) -> bytes:
    """Inks that are not pure, on paper that is not white, by a table of 8 bits with three places for each."""
    inks = np.array([(0.10, 0.55, 0.80), (0.75, 0.10, 0.45), (0.95, 0.85, 0.12), (0.10, 0.09, 0.08)])
    grid = 3
    places = np.stack(np.meshgrid(*[np.linspace(0, 1, grid)] * 4, indexing="ij"), axis=-1).reshape(-1, 4)
    light = np.prod(1 - places[:, :, None] * (1 - inks), axis=1) * (0.97, 0.96, 0.93)
    linear = np.where(light <= 0.04045, light / 12.92, ((light + 0.055) / 1.055) ** 2.4)
    share = linear @ columns(SRGB, D65).T / np.array(D50)
    cube = np.where(share > 216 / 24389, np.cbrt(share), (24389 / 27 * share + 16) / 116)
    lab = np.stack([116 * cube[:, 1] - 16, 500 * (cube[:, 0] - cube[:, 1]), 200 * (cube[:, 1] - cube[:, 2])], axis=1)
    table = np.clip(np.round(lab * (2.55, 1, 1) + (0, 128, 128)), 0, 255).astype(np.uint8)
    identity = bytes(range(256))
    matrix = b"".join(map(number, (1, 0, 0, 0, 1, 0, 0, 0, 1)))
    lut = b"mft1\0\0\0\0" + bytes((4, 3, grid, 0)) + matrix + identity * 4 + table.tobytes() + identity * 3
    return profile(2, b"prtr", b"CMYK", b"Lab ", name, [(b"A2B0", lut)])
