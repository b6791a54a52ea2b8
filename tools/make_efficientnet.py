"""Writes crates/clip/tests/fixtures/efficientnet/: small convolutional image towers with random weights, and what PyTorch makes of them.

Each case is a GGUF with an image tower alone, of the architecture "efficientnet-lite". `cases.json` has the embeddings that PyTorch computes in
f32 from the very weights that are in the file, for photographs in `fixtures/pixels/`. The cases have sizes that no stride divides, filters of 3, 4
and 5 places, blocks with and without expansion, and channels that fill no vector.

Weights are drawn from a seed. Each convolution is scaled by what it makes of the photographs, so that numbers keep their size from block to block,
and some of them are cut off by ReLU6 at either end.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from gguf import GGMLQuantizationType as Type
from gguf import GGUFReader, GGUFValueType, GGUFWriter
from gguf.quants import dequantize, quantize
from PIL import Image

FIXTURES = Path(__file__).parent.parent / "crates/clip/tests/fixtures"
PHOTOGRAPHS = ["cat", "coffee", "rocket", "square"]
MEAN, STD = [0.5, 0.45, 0.4], [0.5, 0.25, 0.3]
SEED = 12
# Embeddings of two photographs are clearly different, or a test could not tell them apart.
MOST_ALIKE = 0.9


@dataclass
class Stage:
    """As EfficientNet's paper has it in table 1."""

    blocks: int
    expansion: int
    kernel_size: int
    stride: int
    width: int


@dataclass
class Case:
    """One file."""

    name: str
    type: Type
    image_size: int
    stem_width: int
    stages: list[Stage]
    feature_width: int
    memory: int
    projection_dim: int
    sharpness: float = 1.0


CASES = [
    Case(
        "f32-33", Type.F32, 33, 16, [Stage(1, 1, 3, 1, 8), Stage(2, 4, 5, 2, 12), Stage(2, 6, 3, 2, 20)], 64, 40, 32
    ),
    Case("q8_0-64", Type.Q8_0, 64, 32, [Stage(2, 1, 5, 1, 32), Stage(2, 6, 3, 2, 32)], 96, 50, 32, sharpness=0.5),
    # Maps of fewer channels than a vector has lanes, and a last map of one place.
    Case(
        "f16-97", Type.F16, 97, 5, [Stage(1, 1, 3, 2, 3), Stage(1, 3, 4, 2, 7), Stage(2, 2, 5, 2, 9)], 40, 33, 24
    ),
    Case("f32-1", Type.F32, 1, 8, [Stage(1, 2, 5, 2, 8)], 16, 12, 8),
    # EfficientNet-Lite0's stages, narrower.
    Case(
        "q8_0-224",
        Type.Q8_0,
        224,
        8,
        [
            Stage(1, 1, 3, 1, 8),
            Stage(2, 4, 3, 2, 8),
            Stage(2, 4, 5, 2, 16),
            Stage(1, 4, 3, 2, 24),
            Stage(1, 4, 5, 1, 32),
            Stage(2, 4, 5, 2, 40),
            Stage(1, 4, 3, 1, 48),
        ],
        128,
        100,
        64,
    ),
]


def convolve(xs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, stride: int = 1, groups: int = 1) -> torch.Tensor:
    """With zeros around as TensorFlow's SAME has them: the smaller half before."""
    size, kernel = xs.shape[-1], weight.shape[-1]
    padding = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    before = padding // 2
    return F.conv2d(F.pad(xs, (before, padding - before) * 2), weight, bias, stride, groups=groups)


class Tower:
    """The tower as it is published, with its tensors by their names in the file."""

    def __init__(self, case: Case, weights: dict[str, torch.Tensor]):
        self.case, self.weights = case, weights

    def layer(self, name: str, xs: torch.Tensor, stride: int = 1) -> torch.Tensor:
        weight, bias = self.weights[f"v.{name}.weight"], self.weights[f"v.{name}.bias"]
        if weight.ndim == 3:
            return convolve(xs, weight[:, None], bias, stride, groups=len(weight))
        return convolve(xs, weight if weight.ndim == 4 else weight[:, :, None, None], bias, stride)

    def embed(self, pixels: torch.Tensor) -> torch.Tensor:
        """Unit-length embeddings, one row a picture; `pixels` is (pictures, 3, size, size), normalised."""
        xs = F.relu6(self.layer("stem", pixels, 2))
        n = 0
        for stage in self.case.stages:
            for block in range(stage.blocks):
                stride = stage.stride if block == 0 else 1
                ys = xs if stage.expansion == 1 else F.relu6(self.layer(f"blk.{n}.expand", xs))
                ys = F.relu6(self.layer(f"blk.{n}.depthwise", ys, stride))
                ys = self.layer(f"blk.{n}.project", ys)
                xs = xs + ys if stride == 1 and xs.shape[1] == ys.shape[1] else ys
                n += 1
        return F.normalize(self.read(F.relu6(self.layer("head", xs)).mean((2, 3))), dim=-1)

    def read(self, features: torch.Tensor) -> torch.Tensor:
        """What the memory makes of features."""
        keys, values = self.weights["v.memory.key.weight"], self.weights["v.memory.value.weight"]
        looks = (self.case.sharpness * (features @ keys.T + self.weights["v.memory.key.bias"])).softmax(-1)
        return looks @ values - values.mean(0)


class RandomTower(Tower):
    """Weights are drawn when they are asked for first, in sizes that suit what they are asked for."""

    def __init__(self, case: Case):
        super().__init__(case, {})
        self.generator = torch.Generator().manual_seed(SEED)

    def random(self, *dims: int) -> torch.Tensor:
        return torch.randn(dims, generator=self.generator)

    def dims(self, name: str, inputs: int) -> tuple[int, ...]:
        match name.split("."):
            case ["stem"]:
                return (self.case.stem_width, 3, 3, 3)
            case ["head"]:
                return (self.case.feature_width, inputs)
            case ["blk", n, part]:
                stage = [stage for stage in self.case.stages for _ in range(stage.blocks)][int(n)]
                if part == "depthwise":
                    return (inputs, stage.kernel_size, stage.kernel_size)
                return (inputs * stage.expansion if part == "expand" else stage.width, inputs)

    def layer(self, name: str, xs: torch.Tensor, stride: int = 1) -> torch.Tensor:
        dims = self.dims(name, xs.shape[1])
        self.weights[f"v.{name}.weight"] = self.random(*dims)
        self.weights[f"v.{name}.bias"] = torch.zeros(dims[0])
        ys = super().layer(name, xs, stride)
        # From below zero to above six, but for what is added up without ReLU6.
        size, middle = (1.0, 0.0) if name.endswith("project") else (2.0, 1.5)
        mean, deviation = ys.mean((0, 2, 3)), ys.std((0, 2, 3)) + 1e-3
        scale = size / deviation
        self.weights[f"v.{name}.weight"] *= scale.reshape(-1, *[1] * (len(dims) - 1))
        self.weights[f"v.{name}.bias"] = middle * (1 + 0.3 * self.random(dims[0])) - mean * scale
        return super().layer(name, xs, stride)

    def read(self, features: torch.Tensor) -> torch.Tensor:
        case = self.case
        # Pictures ask for different rows.
        keys = self.random(case.memory, case.feature_width)
        keys *= 3 / (features @ keys.T).std(0)[:, None]
        self.weights["v.memory.key.weight"] = keys
        self.weights["v.memory.key.bias"] = 0.5 * self.random(case.memory) - (features @ keys.T).mean(0)
        self.weights["v.memory.value.weight"] = self.random(case.memory, case.projection_dim) + self.random(case.projection_dim)
        return super().read(features)


def photographs(size: int) -> torch.Tensor:
    """Normalised, planar: of the photographs in `fixtures/pixels/` so many rows and columns, evenly spread."""
    places = (2 * np.arange(size) + 1) * 224 // (2 * size)
    wholes = [np.asarray(Image.open(FIXTURES / f"pixels/{name}-224.png").convert("RGB")) for name in PHOTOGRAPHS]
    rgb = torch.from_numpy(np.stack([whole[places][:, places] for whole in wholes])).float() / 255
    return ((rgb - torch.tensor(MEAN)) / torch.tensor(STD)).permute(0, 3, 1, 2)


def write(path: Path, case: Case, weights: dict[str, torch.Tensor], copied: GGUFReader | None = None) -> None:
    """Matrices are of the case's type, or in half precision where their rows are no whole number of blocks; vectors are in f32, and filters too in
    a case of f32. The text tower and the keys that belong to it are those of the file `copied`, if there is one.
    """
    writer = GGUFWriter(path, "clip")
    writer.add_bool("clip.has_text_encoder", copied is not None)
    writer.add_bool("clip.has_vision_encoder", True)
    writer.add_bool("clip.use_gelu", True)
    writer.add_string("clip.vision.architecture", "efficientnet-lite")
    writer.add_uint32("clip.vision.image_size", case.image_size)
    writer.add_array("clip.vision.image_mean", MEAN)
    writer.add_array("clip.vision.image_std", STD)
    writer.add_uint32("clip.vision.projection_dim", case.projection_dim)
    writer.add_uint32("clip.vision.stem_width", case.stem_width)
    for key, field in (
        ("block_count", "blocks"),
        ("expansion", "expansion"),
        ("kernel_size", "kernel_size"),
        ("stride", "stride"),
        ("width", "width"),
    ):
        writer.add_array(f"clip.vision.stage.{key}", [getattr(stage, field) for stage in case.stages])
    writer.add_uint32("clip.vision.feature_width", case.feature_width)
    writer.add_uint32("clip.vision.memory.count", case.memory)
    writer.add_float32("clip.vision.memory.sharpness", case.sharpness)
    if copied:
        copy_text_tower(writer, copied)
    for name, value in weights.items():
        array = value.numpy()
        if array.ndim == 1 or case.type == Type.F32:
            writer.add_tensor(name, array)
        elif array.ndim == 2 and case.type != Type.F16 and array.shape[1] % 32 == 0:
            writer.add_tensor(name, quantize(array, case.type), raw_dtype=case.type)
        else:
            writer.add_tensor(name, array.astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def copy_text_tower(writer: GGUFWriter, source: GGUFReader) -> None:
    """With its tokenizer and the logit scale."""
    for key, field in source.fields.items():
        if key.startswith(("clip.text.", "tokenizer.", "clip.logit_scale")):
            add = {GGUFValueType.ARRAY: writer.add_array, GGUFValueType.STRING: writer.add_string}
            add |= {GGUFValueType.UINT32: writer.add_uint32, GGUFValueType.FLOAT32: writer.add_float32}
            add[field.types[0]](key, field.contents())
    for tensor in source.tensors:
        if tensor.name.startswith(("t.", "text_projection.")):
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)


def stored_weights(path: Path) -> dict[str, torch.Tensor]:
    """What the file's bytes mean, in f32."""
    weights = {}
    for tensor in GGUFReader(path).tensors:
        array = dequantize(np.asarray(tensor.data), tensor.tensor_type).astype(np.float32)
        weights[tensor.name] = torch.from_numpy(array.copy()).reshape([int(n) for n in reversed(tensor.shape)])
    return weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=FIXTURES / "efficientnet", help="folder to write (default: %(default)s)")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    cases = []
    for case in CASES:
        pixels = photographs(case.image_size)
        tower = RandomTower(case)
        with torch.inference_mode():
            tower.embed(pixels)
            path = out / f"{case.name}.gguf"
            write(path, case, tower.weights)
            embeddings = Tower(case, stored_weights(path)).embed(pixels)
        alike = (embeddings @ embeddings.T).fill_diagonal_(-1).max().item()
        print(f"{case.name}: {path.stat().st_size:,} bytes, cosines up to {alike:.3f}")
        if alike > MOST_ALIKE:
            raise SystemExit(f"{case.name}: choose other sizes or another seed")
        cases.append({"name": case.name, "image_size": case.image_size, "embeddings": embeddings.tolist()})
    whole = {"photographs": PHOTOGRAPHS, "cases": cases}
    (out / "cases.json").write_text(json.dumps(whole) + "\n")


torch.set_num_threads(1)

if __name__ == "__main__":
    main()
